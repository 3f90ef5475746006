list "aop_zone_certificate" "all" {
  provider = aop

  config {
    zone_id = var.zone_id
  }
}
