//! What many zones cost, with the documented budget of requests.

use std::path::Path;
use std::time::Duration;

use aop_simulator::Settings;
use xtask::{Cli, Outcome};

use super::figures::Figures;
use super::zone::Bench;

const ZONES: usize = 200;
const CONFIG: &str = r#"
terraform {
  required_providers {
    aop = { source = "terraform.local/aop/aop" }
  }
}
locals {
  zones = toset([for n in range(200) : format("%032x", n)])
}
resource "aop_zone_certificate" "all" {
  for_each    = local.zones
  zone_id     = each.key
  certificate = file("a.pem")
  private_key = file("a.key")
}
resource "aop_zone_setting" "all" {
  for_each   = local.zones
  zone_id    = each.key
  enabled    = true
  depends_on = [aop_zone_certificate.all]
}
"#;

/// Two hundred zones, with a certificate and a setting each.
pub(super) async fn zones(figures: &mut Figures, cli: &Cli, provider: &Path) -> Outcome<()> {
    figures.title(&format!(
        "{}: {ZONES} zones, 1,200 requests in 300 seconds",
        cli.name()
    ));
    let settings = Settings {
        latency: Duration::from_millis(100),
        ..Settings::default()
    };
    let bench = Bench::new(cli, provider, settings, CONFIG).await?;
    for zone in 0..ZONES {
        bench
            .simulator
            .add_zone(&format!("{zone:032x}"), "example.com");
    }
    bench.note(figures, "200 zones, apply", &["apply", "-auto-approve"])?;
    bench.note(figures, "200 zones, plan", &["plan"])
}
