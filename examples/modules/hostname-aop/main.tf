# One client certificate, given or issued, and the hostnames that are served with it.

resource "aop_hostname_certificate" "edge" {
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

resource "aop_hostname_associations" "edge" {
  zone_id = var.zone_id
  associations = {
    for hostname in var.hostnames : hostname => {
      certificate_id = aop_hostname_certificate.edge.id
      enabled        = !contains(var.without_certificate, hostname)
    }
  }
  timeouts = var.timeouts
}
