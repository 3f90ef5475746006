# Without Cloudflare: what the module makes of its variables.

mock_provider "aop" {
  mock_resource "aop_hostname_certificate" {
    defaults = {
      id         = "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"
      expires_on = "2126-01-01T00:00:00Z"
    }
  }
}

variables {
  zone_id     = "023e105f4ecef8ad9ca31a8372d0c353"
  hostnames   = ["app.example.com", "api.example.com"]
  certificate = file("tests/edge.pem")
  # Terraform's test command wants every ephemeral variable set.
  private_key    = "not looked at"
  ca_private_key = "not looked at"
}

run "every_hostname_gets_the_certificate" {
  assert {
    condition = alltrue([
      for association in values(aop_hostname_associations.edge.associations) :
      association.certificate_id == aop_hostname_certificate.edge.id && association.enabled
    ])
    error_message = "Every hostname must have the certificate, and present it."
  }

  assert {
    condition     = output.hostnames == tolist(["api.example.com", "app.example.com"])
    error_message = "The output must name both."
  }
}

run "a_hostname_can_be_without_a_certificate" {
  variables {
    without_certificate = ["api.example.com"]
  }

  assert {
    condition     = aop_hostname_associations.edge.associations["api.example.com"].enabled == false
    error_message = "The association must pin none."
  }

  assert {
    condition     = output.hostnames == tolist(["app.example.com"])
    error_message = "The output must leave it out."
  }
}

run "it_can_be_issued" {
  variables {
    certificate    = null
    ca_certificate = file("tests/edge.pem")
    renew_before   = "960h"
    timeouts       = { create = "20m" }
    verify_origins = [{ address = "203.0.113.7:443", server_name = "app.example.com" }]
  }

  assert {
    condition     = aop_hostname_certificate.edge.issue.renew_before == "960h" && aop_hostname_certificate.edge.timeouts.create == "20m"
    error_message = "It must be issued as the variables say."
  }

  assert {
    condition     = aop_hostname_certificate.edge.verify_origins[0].server_name == "app.example.com"
    error_message = "The origin must be asked first."
  }
}

run "a_url_is_no_hostname" {
  command = plan

  variables {
    hostnames = ["https://app.example.com"]
  }

  expect_failures = [var.hostnames]
}

run "a_hundred_and_one_hostnames_are_too_many" {
  command = plan

  variables {
    hostnames = [for n in range(101) : "h${n}.example.com"]
  }

  expect_failures = [var.hostnames]
}

run "a_stranger_cannot_be_without_a_certificate" {
  command = plan

  variables {
    without_certificate = ["other.example.com"]
  }

  expect_failures = [var.without_certificate]
}

run "a_domain_is_no_zone_id" {
  command = plan

  variables {
    zone_id = "example.com"
  }

  expect_failures = [var.zone_id]
}
