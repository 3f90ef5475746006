# With the real provider, against what CLOUDFLARE_BASE_URL names: a simulator, or a zone for tests.
# The zone, the CA and its key come from TF_VAR_zone_id, TF_VAR_ca_certificate and
# TF_VAR_ca_private_key.

variables {
  # Terraform's test command wants every ephemeral variable set.
  private_key = "not looked at"
}

run "it_is_issued_and_presented" {
  assert {
    condition     = aop_zone_certificate.zone.status == "active" && aop_zone_setting.zone.enabled
    error_message = "The certificate must be active and presented."
  }

  assert {
    condition     = timecmp(output.expires_on, plantimestamp()) > 0
    error_message = "The output must say when the certificate expires, and that is still to come."
  }
}

run "another_name_is_a_rotation" {
  variables {
    common_name = "Another name"
  }

  assert {
    condition     = aop_zone_certificate.zone.status == "active" && length(aop_zone_certificate.zone.superseded_ids) == 0
    error_message = "The certificate must have taken the place of the first."
  }
}
