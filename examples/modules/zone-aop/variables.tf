variable "zone_id" {
  description = "The zone's id, 32 hexadecimal digits."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-fA-F]{32}$", var.zone_id))
    error_message = "The zone's id has 32 hexadecimal digits; the dashboard's overview page shows it."
  }
}

variable "enabled" {
  description = "Whether Cloudflare presents the certificate. Turn it on before the origins enforce it."
  type        = bool
  default     = true
}

# No validation here: the CLI would print the text, and a key that was pasted with it. The provider
# checks both, and prints no key.
variable "certificate" {
  description = "The client certificate in PEM form, the leaf first. Either this or ca_certificate."
  type        = string
  default     = null
}

variable "private_key" {
  description = "The key of certificate in PEM form. It is stored nowhere; null where nothing is uploaded."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "ca_certificate" {
  description = "The certificate of the CA that issues the client certificate, in PEM form; those above it may follow."
  type        = string
  default     = null
}

variable "ca_private_key" {
  description = "The key of the CA in PEM form. It is stored nowhere; null where nothing is issued."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "common_name" {
  description = "The common name of an issued certificate; null for the provider's default."
  type        = string
  default     = null
}

variable "validity" {
  description = "How long an issued certificate is valid, such as \"2160h\"; null for 90 days."
  type        = string
  default     = null
}

variable "renew_before" {
  description = "How long before its end an issued certificate is renewed; null for a third of its lifetime."
  type        = string
  default     = null
}

variable "verify_origins" {
  description = "Origins that have to accept a certificate before it is uploaded; null for none."
  type = list(object({
    address       = string
    server_name   = optional(string)
    expect_status = optional(number)
  }))
  default = null
}

variable "timeouts" {
  description = "How long an operation may take, such as { create = \"20m\" }; null for the defaults."
  type = object({
    create = optional(string)
    update = optional(string)
    delete = optional(string)
  })
  default = null
}
