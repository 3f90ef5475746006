//! A zone at the simulator, and the program beside it.

use std::process::{Command, Output};
use std::time::Duration;

use aop_simulator::pki::{Authority, Wanted};
use aop_simulator::{Listening, Reply, Request, Settings, Simulator, Store, TOKEN, ZONE_ID};
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};

pub const READ_ONLY: &str = "a-token-that-may-only-read-0123456789abcd";

pub struct Zone {
    pub simulator: Simulator,
    pub authority: Authority,
    listening: Listening,
    runtime: Runtime,
}

#[allow(
    clippy::disallowed_methods,
    reason = "certificates must be valid today"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

impl Zone {
    /// An empty one, where everything is deployed at once.
    pub fn new() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let settings = Settings {
            activation: Some(Duration::ZERO),
            association: Some(Duration::ZERO),
            clock_ahead: Some(0),
            ..Settings::default()
        };
        let simulator = runtime.block_on(async { Simulator::new(settings, now()) });
        let listening = runtime.block_on(simulator.listen("127.0.0.1:0")).unwrap();
        simulator.set_read_only_token(READ_ONLY);
        Self {
            simulator,
            authority: Authority::new("Example CA").unwrap(),
            listening,
            runtime,
        }
    }

    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// The program with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command
            .env("CLOUDFLARE_BASE_URL", self.url())
            .env("CLOUDFLARE_API_TOKEN", TOKEN);
        command
    }

    /// What the doctor says of this zone, and its exit code.
    pub fn doctor(&self, arguments: &[&str]) -> (String, i32) {
        let all = [&["doctor", "--zone-id", ZONE_ID][..], arguments].concat();
        said(&self.command(&all).output().unwrap())
    }

    /// A certificate that lasts so many days. Its id.
    pub fn upload(&self, store: Store, name: &str, days: i64) -> String {
        let from = now();
        let path = match store {
            Store::Zone => "/origin_tls_client_auth",
            Store::Hostname => "/origin_tls_client_auth/hostnames/certificates",
        };
        let made = self.authority.issue(&Wanted {
            name,
            not_before: from,
            // It ends with the day before.
            not_after: from + Duration::from_secs((days.unsigned_abs() + 1) * 86_400),
        });
        let made = made.unwrap();
        let body = serde_json::json!({
            "certificate": made.certificate,
            "private_key": made.private_key,
        });
        let before = self.ids(store);
        self.send("POST", path, &body.to_string());
        let mut after = self.ids(store).into_iter();
        after.find(|id| !before.contains(id)).unwrap()
    }

    pub fn ids(&self, store: Store) -> Vec<String> {
        self.simulator.look(ZONE_ID, |zone, _| {
            let live = zone.live(store);
            live.iter().map(|found| found.id.clone()).collect()
        })
    }

    pub fn associate(&self, hostname: &str, id: &str) {
        let item = serde_json::json!({ "hostname": hostname, "cert_id": id, "enabled": true });
        let body = serde_json::json!({ "config": [item] });
        self.send(
            "PUT",
            "/origin_tls_client_auth/hostnames",
            &body.to_string(),
        );
    }

    pub fn turn_on(&self) {
        self.send(
            "PUT",
            "/origin_tls_client_auth/settings",
            "{\"enabled\":true}",
        );
    }

    pub fn send(&self, method: &str, path: &str, body: &str) {
        let request = Request {
            method: method.to_owned(),
            path: format!("/client/v4/zones/{ZONE_ID}{path}"),
            authorization: Some(format!("Bearer {TOKEN}")),
            body: body.as_bytes().to_vec(),
            ..Default::default()
        };
        match self.runtime.block_on(self.simulator.handle(request)) {
            Reply::Answer(answer) => {
                let text = String::from_utf8_lossy(&answer.body);
                assert_eq!(answer.status, 200, "{text}");
            }
            _ => panic!("no answer"),
        }
    }
}

/// The program, in an environment that says nothing.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terraform-provider-aop"));
    command.args(arguments).env_clear();
    command
}

/// What a program has said, wherever, and its exit code.
pub fn said(output: &Output) -> (String, i32) {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (text, output.status.code().unwrap_or(-1))
}
