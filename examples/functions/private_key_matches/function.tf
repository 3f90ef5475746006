variable "certificate" {
  type      = string
  sensitive = true # the CLI prints what a failed validation refers to, also a key that was pasted along
}

variable "private_key" {
  type      = string
  sensitive = true
  ephemeral = true # Terraform 1.10, OpenTofu 1.11: not in a saved plan

  validation {
    condition     = provider::aop::private_key_matches(var.certificate, var.private_key)
    error_message = "The private key belongs to another certificate."
  }
}
