resource "aop_hostname_certificate" "shop" {
  zone_id     = var.zone_id
  certificate = file("${path.module}/shop.pem")
  private_key = file("${path.module}/shop.key")

  timeouts = {
    create = "15m"
  }
}
