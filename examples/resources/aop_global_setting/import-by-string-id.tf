import {
  to = aop_global_setting.example
  id = "023e105f4ecef8ad9ca31a8372d0c353"
}
