# The key is never stored: it comes from a variable that lives for one run, such as
# TF_VAR_client_key, or from a file or a secret store.
variable "client_key" {
  type      = string
  ephemeral = true
  default   = null
}

resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("${path.module}/shop.pem")
  private_key_wo = var.client_key != null ? var.client_key : file("${path.module}/shop.key")

  timeouts = {
    create = "15m"
    update = "15m" # a rotation: upload, deploy, move the hostnames, delete
  }
}
