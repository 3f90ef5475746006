data "aop_zone_certificates" "active" {
  zone_id = var.zone_id
  status  = "active"
}
