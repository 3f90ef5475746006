output "issued_by" {
  value = provider::aop::certificate_info(file("${path.module}/shop.pem")).issuer
}
