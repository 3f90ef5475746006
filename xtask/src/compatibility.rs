//! `cargo xtask compatibility`: one life of every kind of resource under each of the older
//! CLIs that the README says work. They are built from their modules, once.

use std::path::Path;

use aop_simulator::pki::Authority;
use aop_simulator::{Settings, Simulator, Store, TOKEN, ZONE_ID};
use xtask::{Cli, OLDER_CLIS, Outcome, Profile, Workspace, build};

/// A certificate, its hostname and the switch of the zone. `KEY` is `private_key_wo` where the
/// CLI has write-only arguments.
const MAIN: &str = r#"
terraform {
  required_providers {
    aop = { source = "terraform.local/aop/aop" }
  }
}
resource "aop_hostname_certificate" "shop" {
  zone_id     = "ZONE"
  certificate = file("shop.pem")
  KEY         = file("shop.key")
}
resource "aop_hostname_association" "app" {
  zone_id        = "ZONE"
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}
resource "aop_hostname_associations" "more" {
  zone_id = "ZONE"
  associations = {
    "api.example.com" = { certificate_id = aop_hostname_certificate.shop.id }
  }
}
resource "aop_zone_certificate" "zone" {
  zone_id     = "ZONE"
  certificate = file("zone.pem")
  KEY         = file("zone.key")
}
resource "aop_zone_setting" "zone" {
  zone_id    = "ZONE"
  enabled    = true
  depends_on = [aop_zone_certificate.zone]
}
data "aop_hostname_certificates" "all" {
  zone_id    = "ZONE"
  depends_on = [aop_hostname_certificate.shop]
}
output "certificates" {
  value = length(data.aop_hostname_certificates.all.certificates)
}
"#;

/// Runs it with each.
pub(crate) async fn compatibility() -> Outcome<()> {
    let provider = build("terraform-provider-aop", Profile::Dev)?;
    for program in &OLDER_CLIS {
        let cli = Cli::of(program)?;
        live(&cli, &provider).await?;
        println!("{}: created, rotated, imported and destroyed", cli.name());
    }
    Ok(())
}

async fn live(cli: &Cli, provider: &Path) -> Outcome<()> {
    let simulator = Simulator::new(Settings::default(), crate::demo::now());
    let listening = simulator.listen("127.0.0.1:0").await?;
    let mut workspace = Workspace::new(&format!("compatibility-{}", cli.name()), cli, provider)?;
    workspace.set_env("CLOUDFLARE_BASE_URL", &listening.url());
    workspace.set_env("CLOUDFLARE_API_TOKEN", TOKEN);
    workspace.set_env("AOP_PROPAGATION_DELAY", "2s");
    let authority = Authority::new("Example origin CA")?;
    let issue = |name: &str| {
        let made = authority.client(name, crate::demo::now())?;
        workspace.write(&format!("{name}.pem"), &made.certificate)?;
        workspace.write(&format!("{name}.key"), &made.private_key)
    };
    issue("shop")?;
    issue("zone")?;
    let key = match has_write_only(cli) {
        true => "private_key_wo",
        false => "private_key",
    };
    workspace.write(
        "main.tf",
        &MAIN.replace("ZONE", ZONE_ID).replace("KEY", key),
    )?;
    let run = |arguments: &[&str]| {
        let ran = workspace.run(arguments)?;
        match ran.code {
            0 => Ok(ran),
            _ => Err(format!("{}, {arguments:?}: {}", cli.name(), ran.text())),
        }
        .map_err(Box::<dyn std::error::Error + Send + Sync>::from)
    };
    let is_settled = || run(&["plan", "-detailed-exitcode"]);
    run(&["init"])?;
    run(&["apply", "-auto-approve"])?;
    is_settled()?;
    issue("shop")?;
    issue("zone")?;
    run(&["apply", "-auto-approve"])?;
    is_settled()?;
    let live = simulator.look(ZONE_ID, |zone, _| {
        [Store::Hostname, Store::Zone].map(|store| zone.live(store).len())
    });
    if live != [1, 1] {
        return Err(format!(
            "{}: {live:?} live certificates after a rotation",
            cli.name()
        )
        .into());
    }
    let hostname = "aop_hostname_association.app";
    run(&["state", "rm", hostname])?;
    run(&["import", hostname, &format!("{ZONE_ID}/app.example.com")])?;
    is_settled()?;
    run(&["destroy", "-auto-approve"])?;
    let left = simulator.look(ZONE_ID, |zone, _| {
        zone.live(Store::Hostname).len() + zone.live(Store::Zone).len()
    });
    match left {
        0 => Ok(()),
        left => Err(format!("{}: {left} certificates are left", cli.name()).into()),
    }
}

/// Terraform and OpenTofu both have had them since their 1.11.
fn has_write_only(cli: &Cli) -> bool {
    let mut numbers = cli.version.split('.').map(str::parse::<u32>);
    let version = (numbers.next(), numbers.next());
    matches!(version, (Some(Ok(1)), Some(Ok(minor))) if minor >= 11)
}
