resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/shop.pem")
  private_key_wo = file("${path.module}/shop.key")
}

resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}

# No client certificate for this hostname, even while the zone-level setting is on.
resource "aop_hostname_association" "status" {
  zone_id        = var.zone_id
  hostname       = "status.example.com"
  certificate_id = aop_hostname_certificate.shop.id
  enabled        = false
}
