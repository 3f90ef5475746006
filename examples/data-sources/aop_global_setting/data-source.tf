data "aop_global_setting" "all" {
  zone_id = var.zone_id
}
