//! What befalls an apply: faults of the API, Ctrl-C, kills.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Settings};
use fastrand::Rng;
use xtask::Outcome;

use super::Soak;

impl Soak {
    /// Applies, replacing these, while something befalls it.
    pub(super) fn strike(&mut self, replaced: &BTreeSet<String>) -> Outcome<()> {
        for _ in 0..self.rng.u8(..5) {
            let fault = fault(&mut self.rng);
            self.simulator.order(fault);
            self.counts.faults += 1;
        }
        let options = replaced.iter().map(|address| format!("-replace={address}"));
        let options: Vec<String> = options.collect();
        let mut arguments = vec!["apply", "-auto-approve"];
        arguments.extend(options.iter().map(String::as_str));
        let child = self.workspace.start(&arguments)?;
        let moment = Duration::from_millis(self.rng.u64(200..5000));
        let signal = match self.rng.u8(..6) {
            0 => Some("INT"),
            1 | 2 => Some("KILL"),
            _ => None,
        };
        let only_the_provider = self.rng.bool();
        if let Some(signal) = signal {
            self.runtime
                .block_on(async { tokio::time::sleep(moment).await });
            let provider = self.workspace.providers().pop();
            let provider = provider.filter(|_| signal == "KILL" && only_the_provider);
            let (whom, counter) = match (provider, signal) {
                (Some(provider), _) => (provider, &mut self.counts.provider_kills),
                (None, "INT") => (format!("-{}", child.id()), &mut self.counts.interruptions),
                (None, _) => (format!("-{}", child.id()), &mut self.counts.kills),
            };
            // It may have ended before.
            let sent = Command::new("kill")
                .args(["-s", signal, "--", &whom])
                .stderr(std::process::Stdio::null())
                .status()?;
            *counter += u32::from(sent.success());
        }
        child.wait_with_output()?;
        self.restore_state()
    }

    /// Terraform empties the file of the state before it writes it: killed between the two, it
    /// has lost everything. What it kept beside it is what its user would go on with.
    fn restore_state(&self) -> Outcome<()> {
        let state = self.workspace.directory().join("terraform.tfstate");
        let kept = state.with_extension("tfstate.backup");
        if state.metadata().is_ok_and(|file| file.len() == 0) && kept.is_file() {
            std::fs::copy(kept, state)?;
        }
        Ok(())
    }
}

/// Quick, but everything takes its time.
pub(super) fn settings() -> Settings {
    Settings {
        activation: Some(Duration::from_millis(700)),
        association: Some(Duration::from_millis(400)),
        void: Duration::from_millis(300),
        void_lag: Duration::from_millis(500),
        deletion: Some(Duration::from_millis(400)),
        list_lag: Duration::from_millis(500),
        edge_lag: Duration::from_millis(500),
        latency: Duration::from_millis(30),
        rate_limit: None,
        ..Settings::default()
    }
}

fn fault(rng: &mut Rng) -> Fault {
    let method = ["GET", "GET", "POST", "PUT", "DELETE"];
    let method = rng.choice(method).unwrap_or_default();
    let action = match rng.u8(..9) {
        0 => Action::Answer(Answer::html(503, "down")),
        1 => Action::Answer(Answer::error(429, 971, "wait").with("retry-after", "1")),
        2 => Action::Answer(Answer::error(409, 1493, "busy")),
        3 => Action::DoneBut(Answer::html(502, "bad gateway")),
        4 => Action::ResetBefore,
        5 => Action::ResetAfter,
        6 => Action::Truncate,
        7 => Action::Answer(Answer::error(403, 10000, "no")),
        _ => Action::Delay(Duration::from_millis(rng.u64(..2000))),
    };
    Fault::on(method, "", action).after(rng.u32(..6))
}
