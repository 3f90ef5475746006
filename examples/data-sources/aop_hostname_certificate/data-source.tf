data "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate_id = "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"
}

output "expires_on" {
  value = data.aop_hostname_certificate.shop.expires_on
}
