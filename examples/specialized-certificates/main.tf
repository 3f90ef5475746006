# One certificate for the whole zone, and another for the one hostname whose origin
# trusts a different CA. The hostname's own certificate takes precedence.

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

# --- Every hostname of the zone -------------------------------------------------

resource "aop_zone_certificate" "zone" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/zone.pem")
  private_key_wo = file("${path.module}/zone.key")
}

# On after the certificate is active, off before it is deleted.
resource "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [aop_zone_certificate.zone]
}

# --- but pay.example.com, with a certificate of its own -------------------------

resource "aop_hostname_certificate" "pay" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/pay.pem")
  private_key_wo = file("${path.module}/pay.key")
}

resource "aop_hostname_association" "pay" {
  zone_id        = var.zone_id
  hostname       = "pay.example.com"
  certificate_id = aop_hostname_certificate.pay.id
}

# --- and status.example.com, whose origin must not be shown one -----------------

resource "aop_hostname_association" "status" {
  zone_id        = var.zone_id
  hostname       = "status.example.com"
  certificate_id = aop_hostname_certificate.pay.id
  enabled        = false
}
