import {
  to = aop_zone_certificate.zone
  id = "023e105f4ecef8ad9ca31a8372d0c353/2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"
}
