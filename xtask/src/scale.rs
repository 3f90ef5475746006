//! The second table of `cargo xtask bench`: what many hostnames cost, in requests, in time
//! and in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use aop_simulator::pki::Authority;
use aop_simulator::{Settings, Simulator, TOKEN};
use xtask::{Cli, Outcome, Workspace};

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
variable "certificate" { type = string }
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
  for_each       = local.names
  zone_id        = local.zone_id
  hostname       = each.key
  certificate_id = local.ids[var.certificate]
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

/// Prints the table. Nothing is asserted here: the tests count the requests.
pub(crate) async fn scale(cli: &Cli, provider: &Path) -> Outcome<()> {
    rows(cli, provider, &COUNTS).await?;
    memory(cli, provider).await
}

/// What plans use of memory and of the processor.
pub(crate) async fn memory(cli: &Cli, provider: &Path) -> Outcome<()> {
    let bench = Bench::new(cli, provider, PLURAL, VERY_MANY).await?;
    bench.step(&["apply", "-auto-approve"], "a").await?;
    let used = bench.used(&["plan"]).await?;
    println!(
        "\nplan of {VERY_MANY} hostnames in one resource: {} MiB at the most",
        used.peak >> 10
    );
    let bench = Bench::new(cli, provider, SINGLE, 1000).await?;
    bench.step(&["apply", "-auto-approve"], "a").await?;
    let used = bench.used(&["plan"]).await?;
    println!(
        "plan of 1000 resources: {} ms of the processor for the provider, {} ms for core; {} MiB",
        used.provider * 10,
        used.core * 10,
        used.peak >> 10
    );
    Ok(())
}

/// What these numbers of hostnames cost.
pub(crate) async fn rows(cli: &Cli, provider: &Path, counts: &[usize]) -> Outcome<()> {
    println!("\n{}, an API 100 ms away:\n", cli.name());
    println!(
        "hostnames          first apply            empty plan             re-point               destroy"
    );
    for (title, config) in [("single", SINGLE), ("plural", PLURAL)] {
        for count in counts {
            let bench = Bench::new(cli, provider, config, *count).await?;
            let mut row = format!("{count:>5} {title:<8}");
            for (arguments, certificate) in [
                (&["apply", "-auto-approve"][..], "a"),
                (&["plan"], "a"),
                (&["apply", "-auto-approve"], "b"),
                (&["destroy", "-auto-approve"], "b"),
            ] {
                let step = bench.step(arguments, certificate).await?;
                write!(row, " {step:<22}")?;
            }
            println!("{row}");
        }
    }
    Ok(())
}

struct Bench {
    simulator: Simulator,
    _listening: aop_simulator::Listening,
    workspace: Workspace,
    count: usize,
}

/// What a command used: kibibytes, and hundredths of a second of the processor.
#[derive(Default)]
struct Used {
    peak: u64,
    provider: u64,
    core: u64,
}

impl Bench {
    async fn new(cli: &Cli, provider: &Path, config: &str, count: usize) -> Outcome<Self> {
        let settings = Settings {
            latency: Duration::from_millis(100),
            associations: VERY_MANY,
            rate_limit: None,
            ..Settings::default()
        };
        let simulator = Simulator::new(settings, crate::demo::now());
        let listening = simulator.listen("127.0.0.1:0").await?;
        let mut workspace = Workspace::new("bench-scale", cli, provider)?;
        workspace.set_env("CLOUDFLARE_BASE_URL", &listening.url());
        workspace.set_env("CLOUDFLARE_API_TOKEN", TOKEN);
        workspace.set_env("AOP_PROPAGATION_DELAY", "2s");
        workspace.set_env("TF_VAR_number", &count.to_string());
        let authority = Authority::new("CA")?;
        for name in ["a", "b"] {
            let made = authority.client(name, crate::demo::now())?;
            workspace.write(&format!("{name}.pem"), &made.certificate)?;
            workspace.write(&format!("{name}.key"), &made.private_key)?;
        }
        workspace.write("main.tf", &format!("{HEAD}{config}"))?;
        workspace.run(&["init"])?;
        Ok(Self {
            simulator,
            _listening: listening,
            workspace,
            count,
        })
    }

    /// Runs a command. Answers its requests by method and its seconds.
    async fn step(&self, arguments: &[&str], certificate: &str) -> Outcome<String> {
        let before = self.simulator.log().len();
        #[allow(clippy::disallowed_methods, reason = "how long a command takes")]
        let started = Instant::now();
        let with = format!("-var=certificate={certificate}");
        let all: Vec<&str> = arguments.iter().copied().chain([with.as_str()]).collect();
        let ran = tokio::task::block_in_place(|| self.workspace.run(&all))?;
        let seconds = started.elapsed().as_secs_f64();
        if ran.code != 0 {
            return Err(format!("{} hostnames: {}", self.count, ran.text()).into());
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for request in self.simulator.log().into_iter().skip(before) {
            *counts.entry(request.method).or_default() += 1;
        }
        let of = |method: &str| counts.get(method).copied().unwrap_or_default();
        Ok(format!(
            "{}G {}P {}U {}D {seconds:.1}s",
            of("GET"),
            of("POST"),
            of("PUT"),
            of("DELETE")
        ))
    }

    /// Runs a command and watches its processes.
    async fn used(&self, arguments: &[&str]) -> Outcome<Used> {
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["-var=certificate=a"])
            .collect();
        let mut child = self.workspace.start(&all)?;
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
            if let Some(provider) = self.workspace.providers().first() {
                used.provider = ticks(provider).unwrap_or(used.provider);
                used.peak = used.peak.max(peak(provider).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let _ = reader.join();
        Ok(used)
    }
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
