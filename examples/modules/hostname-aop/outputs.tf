output "certificate_id" {
  description = "The certificate's id at Cloudflare. It changes when the certificate is rotated."
  value       = aop_hostname_certificate.edge.id
}

output "expires_on" {
  description = "When the certificate expires, RFC 3339."
  value       = aop_hostname_certificate.edge.expires_on
}

output "hostnames" {
  description = "The hostnames that are presented the certificate."
  value       = sort([for hostname, association in aop_hostname_associations.edge.associations : hostname if association.enabled])
}
