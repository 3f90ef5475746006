# No certificate of your own: every origin sees the one that all customers share.
resource "aop_global_setting" "example" {
  zone_id = var.zone_id
  enabled = true
}
