# One client certificate, and the hostnames that are served with it.

resource "aop_hostname_certificate" "edge" {
  zone_id        = var.zone_id
  certificate    = var.certificate
  private_key_wo = var.private_key
}

resource "aop_hostname_associations" "edge" {
  zone_id = var.zone_id
  associations = {
    for hostname in var.hostnames : hostname => {
      certificate_id = aop_hostname_certificate.edge.id
      enabled        = !contains(var.without_certificate, hostname)
    }
  }
}
