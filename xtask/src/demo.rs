//! `cargo xtask demo`: the whole story in a minute, without an account.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Edge, Origin, Settings, Simulator, Store, TOKEN, Tally, Traffic, ZONE_ID};
use jiff::Timestamp;
use xtask::{Cli, Outcome, Profile, Workspace, build, root};

pub(crate) async fn demo(keep: bool) -> Outcome<()> {
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
    workspace.set_env("AOP_PROPAGATION_DELAY", "2s");
    workspace.set_env("TF_VAR_zone_id", ZONE_ID);
    workspace.copy_from(&root().join("examples/complete"))?;
    println!("The configuration is examples/complete, with certificates made just now.");
    let authority = Authority::new("Example origin CA")?;
    let mut origin = Origin::trusting(authority.certificate())?;
    let address = origin.listen().await?;
    workspace.set_env("TF_VAR_origins", &format!("[\"{address}\"]"));
    let edge = Edge::reaching(&simulator, ZONE_ID, address);

    let mut demo = Demo {
        workspace,
        cli,
        simulator,
        issued: 0,
        origin,
        edge: Arc::new(edge),
    };
    demo.issue(&authority)?;
    demo.step("Install the provider", &["init"], 0)?;
    let apply = ["apply", "-auto-approve"];
    demo.step("Create everything, and wait until it is active", &apply, 0)?;
    demo.step(
        "Plan again: nothing is left to do",
        &["plan", "-detailed-exitcode"],
        0,
    )?;

    let traffic = demo.edge.drive(&HOSTNAMES);
    println!(
        "\n━━ Traffic begins\n   {} send requests to an origin that refuses every one\n   without the right \
         certificate",
        HOSTNAMES.join(" and ")
    );
    demo.issue(&authority)?;
    demo.step("Rotate both certificates under traffic", &apply, 0)?;
    let rotated = demo.stop(traffic).await;
    none_refused(&rotated)?;
    let moved = demo.change_authority(&authority).await?;
    if keep {
        demo.keep(&listening.url()).await?;
    }

    let traffic = demo.edge.drive(&HOSTNAMES);
    let destroy = ["destroy", "-auto-approve"];
    demo.step("The same change by destroying …", &destroy, 0)?;
    demo.issue(&authority)?;
    demo.step("… and creating, under the same traffic", &apply, 0)?;
    let recreated = demo.stop(traffic).await;
    report(&recreated);

    demo.step("Destroy everything", &destroy, 0)?;
    demo.summarize(&rotated, &moved, &recreated)
}

/// One has a certificate of its own, the other the zone's.
const HOSTNAMES: [&str; 2] = ["app.example.com", "www.example.com"];

/// The promise of the demo.
fn none_refused(tally: &Tally) -> Outcome<()> {
    report(tally);
    match tally.refused {
        0 => Ok(()),
        _ => Err(format!("a handshake was refused: {tally:?}").into()),
    }
}

fn report(tally: &Tally) {
    println!("\n   {}", in_words(tally));
}

fn in_words(tally: &Tally) -> String {
    format!("{} handshakes, {} refused", tally.handshakes, tally.refused)
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
    /// How often new certificates were wanted.
    issued: usize,
    origin: Origin,
    edge: Arc<Edge>,
}

impl Demo {
    /// Makes a new certificate of this authority where the configuration reads it, and gives
    /// the one that the provider issues another name.
    fn issue(&mut self, authority: &Authority) -> Outcome<()> {
        self.issued += 1;
        let name = format!("Cloudflare edge {}", self.issued);
        self.workspace.set_env("TF_VAR_common_name", &name);
        let client = authority.client("shop client", now())?;
        for (file, text) in [
            ("shop.pem", client.certificate.as_str()),
            ("shop.key", &client.private_key),
            ("client-ca.pem", authority.certificate()),
            ("client-ca.key", &authority.private_key()),
        ] {
            self.workspace.write(file, text)?;
        }
        Ok(())
    }

    /// Certificates of an authority that the origin does not trust are not uploaded; once it
    /// does, they are. It trusts both to the end.
    async fn change_authority(&mut self, first: &Authority) -> Outcome<Tally> {
        let traffic = self.edge.drive(&HOSTNAMES);
        let apply = ["apply", "-auto-approve"];
        let next = Authority::new("Next origin CA")?;
        self.issue(&next)?;
        self.step(
            "Rotate to those of a CA that the origin does not trust: refused",
            &apply,
            1,
        )?;
        println!("\n━━ The origin is told to trust both CAs");
        let both = [first.certificate(), next.certificate()].concat();
        self.origin.trust(&both)?;
        self.step("The same rotation again", &apply, 0)?;
        let tally = self.stop(traffic).await;
        none_refused(&tally)?;
        Ok(tally)
    }

    /// Lets the traffic go on for a moment, and ends it.
    async fn stop(&self, traffic: Traffic) -> Tally {
        tokio::time::sleep(Duration::from_secs(1)).await;
        traffic.tally()
    }

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
        println!("   export AOP_PROPAGATION_DELAY=2s");
        println!("   export TF_VAR_zone_id={ZONE_ID}");
        println!("   {} plan\n", self.program());
        println!("   Ctrl-C here destroys everything and ends.");
        tokio::signal::ctrl_c().await?;
        Ok(())
    }

    fn summarize(&self, rotated: &Tally, moved: &Tally, recreated: &Tally) -> Outcome<()> {
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
        println!("   {} rotated both certificates", self.cli.name());
        println!("     in place:                   {}", in_words(rotated));
        println!("     to another CA:              {}", in_words(moved));
        println!("     by destroying and creating: {}", in_words(recreated));
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
