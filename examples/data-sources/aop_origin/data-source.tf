data "aop_origin" "app" {
  address     = "origin.example.com:443"
  server_name = "app.example.com"
}

# Warns in every plan and apply while the origin serves whoever asks.
check "origin_enforces" {
  assert {
    condition     = data.aop_origin.app.enforces == true
    error_message = "It is not seen that app.example.com's origin refuses requests without a client certificate: ${coalesce(data.aop_origin.app.error, data.aop_origin.app.answer)}."
  }
}
