# Without Cloudflare: what the module makes of its variables.

mock_provider "aop" {
  mock_resource "aop_zone_certificate" {
    defaults = {
      id         = "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"
      expires_on = "2126-01-01T00:00:00Z"
    }
  }
}

variables {
  zone_id = "023e105f4ecef8ad9ca31a8372d0c353"
  # Terraform's test command wants every ephemeral variable set.
  private_key    = "not looked at"
  ca_private_key = "not looked at"
}

run "a_certificate_that_is_given_is_uploaded" {
  variables {
    certificate = file("tests/zone.pem")
    timeouts    = { create = "20m" }
  }

  assert {
    condition     = aop_zone_certificate.zone.issue == null && aop_zone_certificate.zone.certificate == var.certificate
    error_message = "What is given must be uploaded."
  }

  assert {
    condition     = aop_zone_setting.zone.enabled && aop_zone_certificate.zone.timeouts.create == "20m"
    error_message = "It must be presented, and have its time."
  }
}

run "it_can_wait_to_be_presented" {
  variables {
    certificate = file("tests/zone.pem")
    enabled     = false
  }

  assert {
    condition     = !aop_zone_setting.zone.enabled
    error_message = "The setting must be off."
  }
}

run "an_id_that_is_none" {
  command = plan

  variables {
    zone_id     = "example.com"
    certificate = file("tests/zone.pem")
  }

  expect_failures = [var.zone_id]
}
