# The client certificate of a whole zone, given or issued, and the setting that presents it.

resource "aop_zone_certificate" "zone" {
  zone_id        = var.zone_id
  certificate    = var.certificate
  private_key_wo = var.ca_certificate == null ? var.private_key : null

  issue = var.ca_certificate == null ? null : {
    ca_certificate    = var.ca_certificate
    ca_private_key_wo = var.ca_private_key
    common_name       = var.common_name
    validity          = var.validity
    renew_before      = var.renew_before
  }

  verify_origins = var.verify_origins
  timeouts       = var.timeouts
}

resource "aop_zone_setting" "zone" {
  zone_id = var.zone_id
  enabled = var.enabled

  # On after the certificate is active, off before it is deleted.
  depends_on = [aop_zone_certificate.zone]
}
