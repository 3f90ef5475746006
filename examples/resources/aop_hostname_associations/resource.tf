locals {
  hostnames = ["app.example.com", "api.example.com", "www.example.com"]
}

resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/shop.pem")
  private_key_wo = file("${path.module}/shop.key")
}

resource "aop_hostname_associations" "all" {
  zone_id = var.zone_id
  associations = {
    for hostname in local.hostnames : hostname => {
      certificate_id = aop_hostname_certificate.shop.id
    }
  }
}
