data "aop_zone_certificate" "zone" {
  zone_id        = var.zone_id
  certificate_id = "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"
}
