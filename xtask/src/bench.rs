//! `cargo xtask bench`: one table of sizes and times, one of what many hostnames cost.

use std::process::Command;
use std::time::{Duration, Instant};

use aop_simulator::pki::Authority;
use xtask::{Cli, Outcome, Profile, Workspace, build, root};

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

pub(crate) async fn bench() -> Outcome<()> {
    println!("Building the provider as it is shipped …");
    let provider = build("terraform-provider-aop", Profile::Dist)?;
    let measured = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["bench", "--quiet", "--profile", "dev", "--bench", "process"])
        .env("AOP_PROVIDER", &provider)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !measured.status.success() {
        return Err("the bench of the process failed".into());
    }
    println!("\n{:<44} minimum of its runs", "what");
    for line in String::from_utf8_lossy(&measured.stdout).lines() {
        if let Some((name, figure)) = line.split_once('\t') {
            println!("{name:<44} {figure}");
        }
    }
    for cli in Cli::present()? {
        let rows = [
            ("plan, core alone", "core", CORE),
            ("plan, one resource", "one", ONE),
            ("the same without core's TLS", "plain", ONE),
        ];
        for (title, name, config) in rows {
            let quickest = plan(&cli, &provider, name, config)?;
            let title = format!("{}: {title}", cli.name());
            println!("{title:<44} {:.3} s", quickest.as_secs_f64());
        }
    }
    crate::scale::scale(&Cli::any()?, &provider).await?;
    println!("\nCodec and planner: cargo bench --bench codec --bench plan");
    Ok(())
}

/// What so many hostnames cost; or what plans use of memory and of the processor.
pub(crate) async fn one(what: &str) -> Outcome<()> {
    let provider = build("terraform-provider-aop", Profile::Dist)?;
    match what {
        "memory" => crate::scale::memory(&Cli::any()?, &provider).await,
        count => crate::scale::rows(&Cli::any()?, &provider, &[count.parse()?]).await,
    }
}

/// The quickest of several plans of a configuration, the provider installed.
fn plan(cli: &Cli, provider: &std::path::Path, name: &str, config: &str) -> Outcome<Duration> {
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
