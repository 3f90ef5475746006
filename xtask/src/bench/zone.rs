//! A simulated API, a configuration, and what its commands cost.

use std::path::Path;
use std::time::{Duration, Instant};

use aop_simulator::pki::Authority;
use aop_simulator::{Listening, Settings, Simulator, TOKEN};
use xtask::{Cli, Outcome, Workspace};

use super::figures::Figures;

/// How long points of presence may lag behind, in all of these.
pub(super) const PROPAGATION: Duration = Duration::from_secs(2);

/// A workspace beside a simulated API.
pub(super) struct Bench {
    pub(super) simulator: Simulator,
    _listening: Listening,
    authority: Authority,
    pub(super) workspace: Workspace,
}

impl Bench {
    pub(super) async fn new(
        cli: &Cli,
        provider: &Path,
        settings: Settings,
        config: &str,
    ) -> Outcome<Self> {
        let simulator = Simulator::new(settings, crate::demo::now());
        let listening = simulator.listen("127.0.0.1:0").await?;
        let mut workspace = Workspace::new("bench", cli, provider)?;
        workspace.set_env("CLOUDFLARE_BASE_URL", &listening.url());
        workspace.set_env("CLOUDFLARE_API_TOKEN", TOKEN);
        let propagation = format!("{}s", PROPAGATION.as_secs());
        workspace.set_env("AOP_PROPAGATION_DELAY", &propagation);
        workspace.write("main.tf", config)?;
        let bench = Self {
            simulator,
            _listening: listening,
            authority: Authority::new("CA")?,
            workspace,
        };
        bench.issue("a")?;
        bench.issue("b")?;
        bench.workspace.run(&["init"])?;
        Ok(bench)
    }

    /// Issues a certificate, `NAME.pem` and `NAME.key`.
    pub(super) fn issue(&self, name: &str) -> Outcome<()> {
        let made = self.authority.client(name, crate::demo::now())?;
        self.workspace
            .write(&format!("{name}.pem"), &made.certificate)?;
        self.workspace
            .write(&format!("{name}.key"), &made.private_key)
    }

    /// Runs a command. Answers its seconds.
    pub(super) fn run(&self, arguments: &[&str]) -> Outcome<f64> {
        #[allow(clippy::disallowed_methods, reason = "how long a command takes")]
        let started = Instant::now();
        let ran = tokio::task::block_in_place(|| self.workspace.run(arguments))?;
        let seconds = started.elapsed().as_secs_f64();
        match ran.code {
            0 => Ok(seconds),
            _ => Err(ran.text().into()),
        }
    }

    /// Runs a command, and notes its seconds, its requests and its writes.
    pub(super) fn note(
        &self,
        figures: &mut Figures,
        name: &str,
        arguments: &[&str],
    ) -> Outcome<()> {
        let before = self.simulator.log().len();
        let seconds = self.run(arguments)?;
        let log = self.simulator.log();
        let sent = log.iter().skip(before);
        let count = |is: fn(&str) -> bool| sent.clone().filter(|r| is(&r.method)).count() as f64;
        figures.note(name, seconds, "seconds");
        figures.note(name, count(|_| true), "requests");
        figures.note(name, count(|method| method != "GET"), "writes");
        let refused = sent.clone().filter(|r| r.status == 429).count();
        if refused > 0 {
            figures.note(name, refused as f64, "answers 429");
        }
        Ok(())
    }
}
