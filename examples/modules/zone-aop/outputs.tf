output "certificate_id" {
  description = "The certificate's id at Cloudflare. It changes when the certificate is rotated."
  value       = aop_zone_certificate.zone.id
}

output "expires_on" {
  description = "When the certificate expires, RFC 3339."
  value       = aop_zone_certificate.zone.expires_on
}

output "presented" {
  description = "Whether Cloudflare presents it while enabled: false while it is not active, and where the zone has a later one."
  value       = aop_zone_certificate.zone.presented
}

output "serial_number" {
  description = "The certificate's serial number, decimal; many origins' logs show it in hexadecimal."
  value       = aop_zone_certificate.zone.serial_number
}

output "fingerprint_sha256" {
  description = "SHA-256 of the certificate, lower-case hexadecimal, for origins that pin it."
  value       = aop_zone_certificate.zone.fingerprint_sha256
}
