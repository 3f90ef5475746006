variable "zone_id" {
  description = "The zone's id, 32 hexadecimal digits."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-fA-F]{32}$", var.zone_id))
    error_message = "The zone's id has 32 hexadecimal digits; the dashboard's overview page shows it."
  }
}

variable "hostnames" {
  description = "The hostnames that are served with the certificate, at most 100."
  type        = set(string)

  validation {
    condition     = length(var.hostnames) <= 100
    error_message = "Cloudflare takes 100 hostnames for each certificate: use the module once for each hundred."
  }

  validation {
    condition     = alltrue([for hostname in var.hostnames : can(regex("^(\\*\\.)?[^:/\\s]+\\.[^:/\\s]+$", hostname))])
    error_message = "Give bare hostnames, such as app.example.com, without a scheme, a port or a path."
  }
}

variable "without_certificate" {
  description = "Hostnames among them that are presented no certificate for now."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.without_certificate, var.hostnames)) == 0
    error_message = "Only hostnames that stand in hostnames can be without a certificate."
  }
}

variable "certificate" {
  description = "The client certificate in PEM form, the leaf first."
  type        = string

  validation {
    condition     = can(provider::aop::certificate_info(var.certificate))
    error_message = "This is no certificate in PEM form."
  }
}

variable "private_key" {
  description = "The certificate's private key in PEM form. It is stored nowhere; it may be null where nothing is uploaded."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}
