# Many zones with one CA: each has a certificate of its own, whose key nobody has, and
# all are renewed by whichever apply comes in their last thirty days.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aop = {
      source  = "terraform.local/aop/aop"
      version = ">= 0.1.0"
    }
  }
}

provider "aop" {}

variable "zone_ids" {
  description = "The ids of the zones, by a name of your own."
  type        = map(string)
}

variable "client_ca_key" {
  description = "The private key of the CA, in TF_VAR_client_ca_key. Only what issues or renews needs it."
  type        = string
  ephemeral   = true
  default     = null
}

resource "aop_zone_certificate" "all" {
  for_each = var.zone_ids
  zone_id  = each.value
  issue = {
    ca_certificate    = file("${path.module}/client-ca.pem")
    ca_private_key_wo = var.client_ca_key
    common_name       = "Cloudflare edge of ${each.key}"
  }
}

resource "aop_zone_setting" "all" {
  for_each   = var.zone_ids
  zone_id    = each.value
  enabled    = true
  depends_on = [aop_zone_certificate.all]
}

output "expires_on" {
  description = "When the first of the certificates expires."
  value       = sort([for certificate in aop_zone_certificate.all : certificate.expires_on])[0]
}
