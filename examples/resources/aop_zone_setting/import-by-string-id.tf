import {
  to = aop_zone_setting.zone
  id = "023e105f4ecef8ad9ca31a8372d0c353"
}
