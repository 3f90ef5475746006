list "aop_hostname_association" "off" {
  provider = aop
  limit    = 1000

  config {
    zone_id = var.zone_id
    enabled = false
  }
}
