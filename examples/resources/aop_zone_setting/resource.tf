resource "aop_zone_certificate" "zone" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/zone.pem")
  private_key_wo = file("${path.module}/zone.key")
}

resource "aop_zone_setting" "zone" {
  zone_id = var.zone_id
  enabled = true

  # On after the certificate is active, off before it is deleted.
  depends_on = [aop_zone_certificate.zone]
}
