data "aop_hostname_association" "app" {
  zone_id  = var.zone_id
  hostname = "app.example.com"
}
