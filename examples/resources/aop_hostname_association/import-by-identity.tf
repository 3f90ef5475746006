import {
  to = aop_hostname_association.app
  identity = {
    zone_id  = "023e105f4ecef8ad9ca31a8372d0c353"
    hostname = "app.example.com"
  }
}
