//! What a rotation takes beyond what the API itself takes, and how late deployments are
//! noticed.

use std::path::Path;
use std::time::Duration;

use aop_simulator::{Recorded, Settings};
use xtask::{Cli, Outcome};

use super::figures::Figures;
use super::zone::{Bench, PROPAGATION};

const CONFIG: &str = r#"
terraform {
  required_providers {
    aop = { source = "terraform.local/aop/aop" }
  }
}
variable "certificate" { type = string }
resource "aop_hostname_certificate" "edge" {
  zone_id     = "023e105f4ecef8ad9ca31a8372d0c353"
  certificate = file("${var.certificate}.pem")
  private_key = file("${var.certificate}.key")
}
resource "aop_hostname_association" "app" {
  zone_id        = aop_hostname_certificate.edge.zone_id
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.edge.id
}
"#;

/// One certificate with one hostname, an API 100 ms away, and these delays, in seconds.
pub(super) async fn rotation(figures: &mut Figures, cli: &Cli, provider: &Path) -> Outcome<()> {
    figures.title(&format!("{}: rotation of one certificate", cli.name()));
    for delay in [1.0, 5.0, 20.0] {
        let delay = Duration::from_secs_f64(delay);
        let settings = Settings {
            latency: Duration::from_millis(100),
            activation: Some(delay),
            association: Some(delay),
            deletion: Some(delay),
            ..Settings::default()
        };
        let bench = Bench::new(cli, provider, settings, CONFIG).await?;
        let apply = |name: &str| format!("-var=certificate={name}");
        bench.run(&["apply", "-auto-approve", &apply("a")])?;
        let plan = bench.run(&["plan", &apply("a")])?;
        let before = bench.simulator.log().len();
        let rotated = bench.run(&["apply", "-auto-approve", &apply("b")])?;
        let log = bench.simulator.log();
        // What has to pass, whoever waits for it; a plan comes before it.
        let api = 3.0 * delay.as_secs_f64() + PROPAGATION.as_secs_f64();
        let name = format!("rotation, the API's delays {} s each", delay.as_secs_f64());
        figures.note(&name, rotated, "seconds");
        figures.note(&name, rotated - plan - api, "seconds over the API's own");
        let late = overshoot(log.get(before..).unwrap_or_default(), delay);
        figures.note(&name, late, "seconds from a fact to its look, at most");
    }
    Ok(())
}

/// How long after a write has taken effect, at most, the next look came.
fn overshoot(log: &[Recorded], delay: Duration) -> f64 {
    let writes = log.iter().filter(|request| request.method != "GET");
    let facts = writes.map(|write| write.at + delay);
    let late = facts.filter_map(|fact| {
        let mut looks = log.iter().filter(|request| request.method == "GET");
        let look = looks.find(|look| look.at >= fact)?;
        Some((look.at - fact).as_secs_f64())
    });
    late.fold(0.0, f64::max)
}
