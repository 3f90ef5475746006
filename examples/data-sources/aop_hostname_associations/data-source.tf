# The hostnames that are served without a client certificate, by name.
data "aop_hostname_associations" "off" {
  zone_id = var.zone_id
  enabled = false
}

output "without_certificate" {
  value = data.aop_hostname_associations.off.associations[*].hostname
}
