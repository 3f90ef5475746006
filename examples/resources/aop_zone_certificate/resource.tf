resource "aop_zone_certificate" "zone" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/zone.pem")
  private_key_wo = file("${path.module}/zone.key")
}
