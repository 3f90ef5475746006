//! `cargo xtask demo`: the whole story in a minute, without an account.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Settings, Simulator, Store, TOKEN, ZONE_ID};
use jiff::Timestamp;
use xtask::{Cli, Outcome, Profile, Workspace, build, root};

pub(crate) async fn demo(keep: bool) -> Outcome<()> {
    println!("Building the provider …");
    let provider = build("terraform-provider-aop", Profile::Dev)?;
    let cli = Cli::any()?;
    let simulator = Simulator::new(realistic(), now());
    let listening = simulator.listen("127.0.0.1:0").await?;
    println!(
        "The simulator of Cloudflare's API listens on {}",
        listening.url()
    );

    let mut workspace = Workspace::new("demo", &cli, &provider)?;
    workspace.set_env("CLOUDFLARE_BASE_URL", &listening.url());
    workspace.set_env("CLOUDFLARE_API_TOKEN", TOKEN);
    workspace.set_env("TF_VAR_zone_id", ZONE_ID);
    workspace.copy_from(&root().join("examples/complete"))?;
    let authority = Authority::new("Example origin CA")?;
    for name in ["zone", "shop"] {
        let client = authority.client(&format!("{name} client"), now())?;
        workspace.write(&format!("{name}.pem"), &client.certificate)?;
        workspace.write(&format!("{name}.key"), &client.private_key)?;
    }
    println!("The configuration is examples/complete, with certificates made just now.");

    let demo = Demo {
        workspace,
        cli,
        simulator,
    };
    demo.step("Install the provider", &["init"], 0)?;
    demo.step(
        "Create everything, and wait until it is active",
        &["apply", "-auto-approve"],
        0,
    )?;
    demo.step(
        "Plan again: nothing is left to do",
        &["plan", "-detailed-exitcode"],
        0,
    )?;
    let maintenance = "-var=maintenance=true";
    demo.step(
        "What would maintenance change?",
        &["plan", "-detailed-exitcode", maintenance],
        2,
    )?;
    demo.step(
        "Change it in place",
        &["apply", "-auto-approve", maintenance],
        0,
    )?;
    if keep {
        demo.keep(&listening.url()).await?;
    }
    demo.step(
        "Destroy everything",
        &["destroy", "-auto-approve", maintenance],
        0,
    )?;
    demo.summarize()
}

/// Delays as an impatient person can bear them; the real ones are seconds to minutes.
fn realistic() -> Settings {
    Settings {
        activation: Some(Duration::from_secs(2)),
        association: Some(Duration::from_secs(1)),
        void: Duration::from_secs(1),
        deletion: Some(Duration::from_secs(1)),
        ..Settings::default()
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the demo's one look at the clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

struct Demo {
    workspace: Workspace,
    cli: Cli,
    simulator: Simulator,
}

impl Demo {
    /// Runs one command and shows what it prints.
    fn step(&self, title: &str, arguments: &[&str], expected: i32) -> Outcome<()> {
        println!(
            "\n━━ {title}\n   $ {} {}",
            self.program(),
            arguments.join(" ")
        );
        let before = self.simulator.log().len();
        let mut child = self
            .workspace
            .command(arguments)
            .arg("-no-color")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        for line in BufReader::new(output).lines() {
            println!("   {}", line?);
        }
        let status = child.wait()?;
        let requests = self.simulator.log().len() - before;
        println!("   ({requests} requests to the API)");
        if status.code() != Some(expected) {
            return Err(format!("{title}: the command ended with {status}").into());
        }
        Ok(())
    }

    /// Leaves everything up until Ctrl-C.
    async fn keep(&self, url: &str) -> Outcome<()> {
        println!("\n━━ The simulator stays up. In another terminal:\n");
        println!("   cd {}", self.workspace.directory().display());
        println!("   export TF_CLI_CONFIG_FILE=$PWD/.cli.tfrc");
        println!("   export CLOUDFLARE_BASE_URL={url}");
        println!("   export CLOUDFLARE_API_TOKEN={TOKEN}");
        println!("   export TF_VAR_zone_id={ZONE_ID}");
        println!("   {} plan\n", self.program());
        println!("   Ctrl-C here destroys everything and ends.");
        tokio::signal::ctrl_c().await?;
        Ok(())
    }

    fn summarize(&self) -> Outcome<()> {
        let left = self.simulator.look(ZONE_ID, |zone, _| {
            zone.live(Store::Zone).len()
                + zone.live(Store::Hostname).len()
                + zone.associations().len()
                + usize::from(zone.enabled)
        });
        let log = self.simulator.log();
        let mut methods: BTreeMap<&str, usize> = BTreeMap::new();
        for request in &log {
            *methods.entry(request.method.as_str()).or_default() += 1;
        }
        let methods: Vec<String> = methods.iter().map(|(m, n)| format!("{n} {m}")).collect();
        println!("\n━━ Summary");
        println!(
            "   {} created two certificates, the zone's switch and two",
            self.cli.name()
        );
        println!(
            "   associations, waited until they were active, planned nothing more, turned one"
        );
        println!("   hostname's certificate off in place, and destroyed everything.");
        println!("   Left at the API: {left} objects.");
        println!(
            "   Requests in all: {} ({}).",
            log.len(),
            methods.join(", ")
        );
        println!(
            "   Where to go on: README.md, examples/, and `cargo xtask demo --keep` to try it"
        );
        println!("   by hand.");
        if left > 0 {
            return Err("something was left at the API".into());
        }
        Ok(())
    }

    fn program(&self) -> String {
        let name = self
            .cli
            .path
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        name.split('-').next().unwrap_or_default().to_owned()
    }
}
