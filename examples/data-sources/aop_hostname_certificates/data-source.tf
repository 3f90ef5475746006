data "aop_hostname_certificates" "ending" {
  zone_id        = var.zone_id
  expires_before = timeadd(plantimestamp(), "504h")
}

# Warns in every plan and apply while a certificate has less than three weeks left.
check "certificates" {
  assert {
    condition     = length(data.aop_hostname_certificates.ending.certificates) == 0
    error_message = "Some certificates end within three weeks: issue new ones."
  }
}
