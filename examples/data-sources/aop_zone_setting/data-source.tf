data "aop_zone_setting" "zone" {
  zone_id = var.zone_id
}
