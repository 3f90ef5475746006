//! What many hostnames cost, in requests, in time and in memory.

use std::path::Path;
use std::time::Duration;

use aop_simulator::Settings;
use xtask::{Cli, Outcome};

use super::figures::Figures;
use super::zone::Bench;

const COUNTS: [usize; 5] = [1, 10, 100, 500, 1000];
/// So many hostnames are more than any zone should have.
const VERY_MANY: usize = 10_000;

const HEAD: &str = r#"
terraform {
  required_providers {
    aop = { source = "terraform.local/aop/aop" }
  }
}
variable "number" { type = number }
variable "certificate" {
  type    = string
  default = "a"
}
variable "wait" {
  type    = bool
  default = true
}
locals {
  zone_id = "023e105f4ecef8ad9ca31a8372d0c353"
  # range ends at 1,024.
  numbers = setproduct(range(ceil(var.number / 1000)), range(min(var.number, 1000)))
  names   = toset([for n in local.numbers : "h${join("-", n)}.example.com"])
  ids     = { a = aop_hostname_certificate.a.id, b = aop_hostname_certificate.b.id }
}
resource "aop_hostname_certificate" "a" {
  zone_id     = local.zone_id
  certificate = file("a.pem")
  private_key = file("a.key")
}
resource "aop_hostname_certificate" "b" {
  zone_id     = local.zone_id
  certificate = file("b.pem")
  private_key = file("b.key")
}
"#;
const SINGLE: &str = r#"
resource "aop_hostname_association" "all" {
  for_each            = local.names
  zone_id             = local.zone_id
  hostname            = each.key
  certificate_id      = local.ids[var.certificate]
  wait_for_deployment = var.wait
}
"#;
const PLURAL: &str = r#"
resource "aop_hostname_associations" "all" {
  zone_id = local.zone_id
  associations = {
    for name in local.names : name => { certificate_id = local.ids[var.certificate] }
  }
}
"#;
/// The same number of resources that ask nobody: what the CLI itself takes.
const ALONE: &str = r#"
resource "terraform_data" "all" {
  for_each = local.names
  input    = each.key
}
"#;

/// Single resources and the plural one, in all sizes.
pub(super) async fn all(figures: &mut Figures, cli: &Cli, provider: &Path) -> Outcome<()> {
    for count in COUNTS {
        some(figures, cli, provider, count).await?;
    }
    Ok(())
}

/// What this number of hostnames costs.
pub(super) async fn some(
    figures: &mut Figures,
    cli: &Cli,
    provider: &Path,
    count: usize,
) -> Outcome<()> {
    figures.title(&format!(
        "{}: {count} hostnames, an API 100 ms away",
        cli.name()
    ));
    for (kind, config) in [("single", SINGLE), ("plural", PLURAL)] {
        let bench = start(cli, provider, config, count, Duration::from_millis(200)).await?;
        for (what, arguments) in [
            ("apply", &["apply", "-auto-approve"][..]),
            ("empty plan", &["plan"]),
            (
                "re-point",
                &["apply", "-auto-approve", "-var=certificate=b"],
            ),
            (
                "destroy",
                &["destroy", "-auto-approve", "-var=certificate=b"],
            ),
        ] {
            bench.note(figures, &format!("{count} {kind}, {what}"), arguments)?;
        }
    }
    Ok(())
}

/// Five hundred single hostnames, of which each takes a second to be deployed.
pub(super) async fn waits(figures: &mut Figures, cli: &Cli, provider: &Path) -> Outcome<()> {
    figures.title(&format!(
        "{}: 500 single hostnames, deployed within a second, an API 100 ms away",
        cli.name()
    ));
    let second = Duration::from_secs(1);
    for (name, config, arguments) in [
        ("terraform_data, nobody asked", ALONE, &[][..]),
        ("waiting", SINGLE, &[]),
        ("without waiting", SINGLE, &["-var=wait=false"]),
        ("waiting, -parallelism=100", SINGLE, &["-parallelism=100"]),
        (
            "without waiting, -parallelism=100",
            SINGLE,
            &["-parallelism=100", "-var=wait=false"],
        ),
    ] {
        let bench = start(cli, provider, config, 500, second).await?;
        let targets = [
            "-target=aop_hostname_certificate.a",
            "-target=aop_hostname_certificate.b",
        ];
        bench.run(&[&["apply", "-auto-approve"], &targets[..]].concat())?;
        for what in ["apply", "destroy"] {
            let command = [&[what, "-auto-approve"], arguments].concat();
            bench.note(figures, &format!("500, {name}, {what}"), &command)?;
        }
    }
    Ok(())
}

/// What plans use of memory and of the processor.
pub(super) async fn memory(figures: &mut Figures, cli: &Cli, provider: &Path) -> Outcome<()> {
    figures.title("Memory and processor");
    for (name, config, count) in [
        (
            "plan of 10,000 hostnames in one resource",
            PLURAL,
            VERY_MANY,
        ),
        ("plan of 1,000 resources", SINGLE, 1000),
    ] {
        let bench = start(cli, provider, config, count, Duration::from_millis(200)).await?;
        bench.run(&["apply", "-auto-approve"])?;
        let used = used(&bench).await?;
        figures.note(name, used.peak as f64 / 1024.0, "MiB of the provider");
        figures.note(
            name,
            used.provider as f64 / 100.0,
            "seconds of the processor, provider",
        );
        figures.note(
            name,
            used.core as f64 / 100.0,
            "seconds of the processor, CLI",
        );
    }
    Ok(())
}

async fn start(
    cli: &Cli,
    provider: &Path,
    config: &str,
    count: usize,
    association: Duration,
) -> Outcome<Bench> {
    let settings = Settings {
        latency: Duration::from_millis(100),
        association: Some(association),
        associations: VERY_MANY,
        rate_limit: None,
        ..Settings::default()
    };
    let mut bench = Bench::new(cli, provider, settings, &format!("{HEAD}{config}")).await?;
    bench.workspace.set_env("TF_VAR_number", &count.to_string());
    Ok(bench)
}

/// What a plan used: kibibytes, and hundredths of a second of the processor.
#[derive(Default)]
struct Used {
    peak: u64,
    provider: u64,
    core: u64,
}

/// Runs a plan and watches its processes.
async fn used(bench: &Bench) -> Outcome<Used> {
    let mut child = bench.workspace.start(&["plan"])?;
    // What it prints is of no interest, but somebody has to read it.
    let mut printed = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let sink = &mut std::io::sink();
        printed.as_mut().map(|output| std::io::copy(output, sink))
    });
    let mut used = Used::default();
    while child.try_wait()?.is_none() {
        if let Some(ticks) = ticks(&child.id().to_string()) {
            used.core = ticks;
        }
        if let Some(provider) = bench.workspace.providers().first() {
            used.provider = ticks(provider).unwrap_or(used.provider);
            used.peak = used.peak.max(peak(provider).unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let _ = reader.join();
    Ok(used)
}

/// The most memory that a process has had, in kibibytes.
fn peak(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// How long the processor has worked for a process, in hundredths of a second.
fn ticks(process: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}
