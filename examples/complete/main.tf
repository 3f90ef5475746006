# Both ways of presenting a client certificate: one for the whole zone, and one
# for the hostnames that need their own.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aop = {
      source  = "terraform.local/aop/aop"
      version = ">= 0.1.0"
    }
  }
}

# The token comes from the environment variable CLOUDFLARE_API_TOKEN.
provider "aop" {}

variable "zone_id" {
  description = "The zone's id, 32 hexadecimal digits."
  type        = string
}

variable "maintenance" {
  description = "While true, api.example.com is served without a client certificate."
  type        = bool
  default     = false
}

variable "common_name" {
  description = "The common name of the zone's certificate. Another name is another certificate."
  type        = string
  default     = "Cloudflare edge"
}

variable "origins" {
  description = "Where the origins of the zone listen, as host:port. Each has to accept a certificate before it is uploaded."
  type        = list(string)
  default     = []
}

# --- The whole zone -----------------------------------------------------------

resource "aop_zone_certificate" "zone" {
  zone_id = var.zone_id
  # Its key is made here, sent to Cloudflare, and kept nowhere. The CA's key is a file for the
  # demo alone: keep yours in a secret store, and give it as an ephemeral value.
  issue = {
    ca_certificate    = file("${path.module}/client-ca.pem")
    ca_private_key_wo = file("${path.module}/client-ca.key")
    common_name       = var.common_name
  }
  verify_origins = [for origin in var.origins : { address = origin, server_name = "www.example.com" }]
}

# On after the certificate is active, off before it is deleted.
resource "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [aop_zone_certificate.zone]
}

# --- Two hostnames with a certificate of their own ----------------------------

resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/shop.pem")
  private_key_wo = file("${path.module}/shop.key")
  verify_origins = [for origin in var.origins : { address = origin, server_name = "app.example.com" }]
}

resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}

resource "aop_hostname_association" "api" {
  zone_id        = var.zone_id
  hostname       = "api.example.com"
  certificate_id = aop_hostname_certificate.shop.id
  enabled        = !var.maintenance
}

output "expires_on" {
  description = "When the certificates expire."
  value = {
    zone = aop_zone_certificate.zone.expires_on
    shop = aop_hostname_certificate.shop.expires_on
  }
}
