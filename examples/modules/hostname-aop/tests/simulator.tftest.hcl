# With the real provider, against what CLOUDFLARE_BASE_URL names: a simulator, or a
# zone for tests. The zone, the certificate and its key come from TF_VAR_zone_id,
# TF_VAR_certificate and TF_VAR_private_key.

variables {
  # Terraform's test command wants every ephemeral variable set.
  ca_private_key = "not looked at"

  hostnames = ["app.example.com", "api.example.com"]
}

run "it_is_served" {
  assert {
    condition     = aop_hostname_certificate.edge.status == "active"
    error_message = "The certificate must be active."
  }

  assert {
    condition     = timecmp(output.expires_on, plantimestamp()) > 0
    error_message = "The output must say when the certificate expires, and that is still to come."
  }
}

run "a_hostname_leaves" {
  variables {
    hostnames = ["app.example.com"]
  }

  assert {
    condition     = output.hostnames == tolist(["app.example.com"])
    error_message = "Only one hostname is left."
  }
}
