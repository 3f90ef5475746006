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

output "serial_number" {
  description = "The certificate's serial number, decimal; many origins' logs show it in hexadecimal."
  value       = aop_hostname_certificate.edge.serial_number
}

output "fingerprint_sha256" {
  description = "SHA-256 of the certificate, lower-case hexadecimal, for origins that pin it."
  value       = aop_hostname_certificate.edge.fingerprint_sha256
}
