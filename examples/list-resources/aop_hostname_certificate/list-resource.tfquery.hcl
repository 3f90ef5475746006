list "aop_hostname_certificate" "ending" {
  provider         = aop
  include_resource = true

  config {
    zone_id        = var.zone_id
    expires_before = "2027-01-31T00:00:00Z"
  }
}
