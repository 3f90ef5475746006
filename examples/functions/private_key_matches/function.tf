variable "certificate" {
  type = string
}

variable "private_key" {
  type      = string
  sensitive = true

  validation {
    condition     = provider::aop::private_key_matches(var.certificate, var.private_key)
    error_message = "The private key belongs to another certificate."
  }
}
