//! `cargo xtask bench`: sizes, times and requests, of the program as it is shipped.

mod figures;
mod hostnames;
mod rotation;
mod zone;
mod zones;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aop_simulator::pki::Authority;
use xtask::{Cli, Outcome, Profile, Workspace, build, root};

use self::figures::Figures;

/// All parts, in this order.
const PARTS: [&str; 6] = ["start", "rotation", "waits", "zones", "hostnames", "memory"];

const RUNS: usize = 7;

/// A plan without a provider of anybody's: what core itself takes.
const CORE: &str = "resource \"terraform_data\" \"one\" {\n  input = \"x\"\n}\n";
const ONE: &str = r#"
terraform {
  required_providers {
    aop = { source = "terraform.local/aop/aop" }
  }
}
resource "aop_hostname_certificate" "one" {
  zone_id     = "023e105f4ecef8ad9ca31a8372d0c353"
  certificate = file("one.pem")
  private_key = file("one.key")
}
"#;

/// Measures all parts, or those that are named; a number is one of hostnames.
/// `--compare FILE` shows the figures of an earlier run beside these; `AOP_PROVIDER` in the
/// environment names a program that is measured instead of this one.
pub(crate) async fn bench(arguments: &[&str]) -> Outcome<()> {
    let (parts, mut figures) = match arguments {
        [parts @ .., "--compare", file] => (parts, Figures::beside(Path::new(file))?),
        parts => (parts, Figures::default()),
    };
    let parts = if parts.is_empty() { &PARTS } else { parts };
    let cli = Cli::any()?;
    let provider = match std::env::var_os("AOP_PROVIDER") {
        Some(given) => given.into(),
        None => build("terraform-provider-aop", Profile::Dist)?,
    };
    for part in parts {
        match *part {
            "start" => start(&mut figures, &provider)?,
            "rotation" => rotation::rotation(&mut figures, &cli, &provider).await?,
            "waits" => hostnames::waits(&mut figures, &cli, &provider).await?,
            "zones" => zones::zones(&mut figures, &cli, &provider).await?,
            "hostnames" => hostnames::all(&mut figures, &cli, &provider).await?,
            "memory" => hostnames::memory(&mut figures, &cli, &provider).await?,
            count => {
                let count = count.parse().map_err(|_| unknown(count))?;
                hostnames::some(&mut figures, &cli, &provider, count).await?;
            }
        }
    }
    println!("\nCodec and planner: cargo bench --bench codec --bench plan");
    figures.keep()
}

fn unknown(part: &str) -> String {
    format!(
        "bench has no part {part:?}: it is {}, or a number of hostnames",
        PARTS.join(", ")
    )
}

/// The process alone, and plans of one resource, the quickest of several.
fn start(figures: &mut Figures, provider: &Path) -> Outcome<()> {
    figures.title("Start, the minimum of several");
    let measured = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["bench", "--quiet", "--profile", "dev", "--bench", "process"])
        .env("AOP_PROVIDER", provider)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !measured.status.success() {
        return Err("the bench of the process failed".into());
    }
    for line in String::from_utf8_lossy(&measured.stdout).lines() {
        if let [name, figure, unit] = line.split('\t').collect::<Vec<_>>()[..] {
            figures.note(name, figure.parse()?, unit);
        }
    }
    for cli in Cli::present()? {
        let rows = [
            ("plan, CLI alone", "core", CORE),
            ("plan, one resource", "one", ONE),
            ("plan, one resource, without the CLI's TLS", "plain", ONE),
        ];
        for (title, name, config) in rows {
            let quickest = plan(&cli, provider, name, config)?;
            let title = format!("{}: {title}", cli.name());
            figures.note(&title, quickest.as_secs_f64(), "seconds");
        }
    }
    Ok(())
}

/// The quickest of several plans of a configuration, the provider installed.
fn plan(cli: &Cli, provider: &Path, name: &str, config: &str) -> Outcome<Duration> {
    let folder = format!("bench-{name}-{:?}", cli.product);
    let mut workspace = Workspace::new(&folder, cli, provider)?;
    workspace.set_env("CLOUDFLARE_API_TOKEN", "token");
    if name == "plain" {
        // What core spends on its one-time certificates is not the provider's.
        workspace.set_env("TF_DISABLE_PLUGIN_TLS", "1");
    }
    workspace.write("main.tf", config)?;
    let made = Authority::new("CA")?.client("one", crate::demo::now())?;
    workspace.write("one.pem", &made.certificate)?;
    workspace.write("one.key", &made.private_key)?;
    workspace.run(&["init"])?;
    let mut quickest = Duration::MAX;
    for _ in 0..RUNS {
        #[allow(clippy::disallowed_methods, reason = "how long a command takes")]
        let started = Instant::now();
        let ran = workspace.run(&["plan"])?;
        let elapsed = started.elapsed();
        if ran.code != 0 {
            return Err(ran.text().into());
        }
        quickest = quickest.min(elapsed);
    }
    Ok(quickest)
}
