# A team: the state lies in a PostgreSQL database that all of them share, is locked
# while one of them applies, and holds no private key.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aop = {
      source  = "terraform.local/aop/aop"
      version = ">= 0.1.0"
    }
  }
  # Where the database is says PG_CONN_STR, so that its password is in no file.
  backend "pg" {
    schema_name = "origin_pulls"
  }
}

# The token comes from the environment variable CLOUDFLARE_API_TOKEN.
provider "aop" {}

variable "zone_id" {
  description = "The zone's id, 32 hexadecimal digits."
  type        = string
}

variable "private_key" {
  description = "The key of shop.pem, for whoever rotates it: TF_VAR_private_key from the team's vault."
  type        = string
  default     = null
  ephemeral   = true
}

variable "hostnames" {
  description = "The hostnames that present the certificate to their origin."
  type        = set(string)
  default     = ["app.example.com", "api.example.com"]
}

# Planning, and every apply but a rotation, needs no key.
resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/shop.pem")
  private_key_wo = var.private_key
}

resource "aop_hostname_associations" "shop" {
  zone_id = var.zone_id
  associations = {
    for hostname in var.hostnames : hostname => {
      certificate_id = aop_hostname_certificate.shop.id
    }
  }
}
