//! One simulator, one workspace, one CLI: where every test plays.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aop_simulator::pki::{Authority, ClientCertificate};
use aop_simulator::{
    Edge, Listening, Origin, Settings, Simulator, Store, TOKEN, Tally, Traffic, ZONE_ID,
};
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use xtask::{Cli, Ran, Workspace};

/// What a configuration starts with.
const HEAD: &str = r#"
terraform {
  required_providers {
    aop = { source = "terraform.local/aop/aop" }
  }
}
variable "zone_id" { type = string }
"#;

macro_rules! certificate {
    () => {
        r#"
resource "aop_hostname_certificate" "shop" {
  zone_id     = var.zone_id
  certificate = file("shop.pem")
  private_key = file("shop.key")
}
"#
    };
}

macro_rules! association {
    () => {
        r#"
resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}
"#
    };
}

/// A hostname certificate from shop.pem and shop.key.
pub const CERTIFICATE: &str = certificate!();
/// The association of app.example.com with it.
pub const ASSOCIATION: &str = association!();
/// Both.
pub const CONFIG: &str = concat!(certificate!(), association!());

pub struct Scene {
    name: String,
    pub simulator: Simulator,
    pub workspace: Workspace,
    pub authority: Authority,
    pub listening: Option<Listening>,
    pub cli: Cli,
    runtime: Runtime,
}

/// Plays a test with every CLI on this machine.
pub fn with_every_cli(name: &str, play: impl Fn(&mut Scene)) {
    let clis = Cli::present().unwrap_or_else(|error| fail(&error.to_string()));
    for cli in clis {
        let mut scene = Scene::new(&format!("{name}-{:?}", cli.product), &cli);
        play(&mut scene);
    }
}

/// The same at once, for a test that takes minutes with each.
pub fn with_every_cli_at_once(name: &str, play: impl Fn(&mut Scene) + Sync) {
    let clis = Cli::present().unwrap_or_else(|error| fail(&error.to_string()));
    std::thread::scope(|scope| {
        for cli in &clis {
            let play = &play;
            scope.spawn(move || play(&mut Scene::new(&format!("{name}-{:?}", cli.product), cli)));
        }
    });
}

/// A folder with the provider, and the way to the simulator.
fn workspace(name: &str, cli: &Cli, url: &str) -> Workspace {
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-aop"));
    let mut workspace = Workspace::new(name, cli, provider).expect("a workspace");
    workspace.set_env("CLOUDFLARE_BASE_URL", url);
    workspace.set_env("CLOUDFLARE_API_TOKEN", TOKEN);
    // Longer than the edge of these tests lags behind.
    workspace.set_env("AOP_PROPAGATION_DELAY", "2s");
    workspace.set_env("TF_VAR_zone_id", ZONE_ID);
    workspace
}

/// Fails the test with one line.
#[track_caller]
pub fn fail(line: &str) -> ! {
    panic!("{line}")
}

#[allow(
    clippy::disallowed_methods,
    reason = "certificates must be valid today"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

impl Scene {
    fn new(name: &str, cli: &Cli) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let simulator = runtime.block_on(async { Simulator::new(Settings::default(), now()) });
        let listening = runtime.block_on(simulator.listen("127.0.0.1:0"));
        let listening = listening.expect("a listener");
        let workspace = workspace(name, cli, &listening.url());
        Self {
            simulator,
            name: name.to_owned(),
            workspace,
            authority: Authority::new("Example origin CA").expect("a CA"),
            listening: Some(listening),
            cli: cli.clone(),
            runtime,
        }
    }

    /// Runs something beside the CLI.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// A second folder for the same zone: somebody else's.
    pub fn workspace_beside(&self, name: &str) -> Workspace {
        let url = self.listening.as_ref().expect("a listener").url();
        workspace(&format!("{}-{name}", self.name), &self.cli, &url)
    }

    /// Where the simulator listens.
    pub fn address(&self) -> SocketAddr {
        let url = self.listening.as_ref().expect("a listener").url();
        let address = url.trim_start_matches("http://");
        let (address, _) = address.split_once('/').expect("a path");
        address.parse().expect("an address")
    }

    /// Writes the configuration and installs the provider.
    pub fn configure(&self, body: &str) {
        self.rewrite(body);
        let ran = self.workspace.run(&["init"]).expect("init runs");
        assert_eq!(ran.code, 0, "{}", ran.text());
    }

    /// Changes the configuration.
    pub fn rewrite(&self, body: &str) {
        let text = format!("{HEAD}{body}");
        self.workspace.write("main.tf", &text).expect("a file");
    }

    /// Makes a client certificate as NAME.pem and NAME.key.
    pub fn certificate(&self, name: &str) -> ClientCertificate {
        let client = self.authority.client(name, now()).expect("a certificate");
        self.write_certificate(name, &client);
        client
    }

    /// Writes the authority as NAME.pem and NAME.key.
    pub fn write_authority(&self, name: &str) {
        let authority = ClientCertificate {
            certificate: self.authority.certificate().to_owned(),
            private_key: self.authority.private_key(),
        };
        self.write_certificate(name, &authority);
    }

    pub fn write_certificate(&self, name: &str, client: &ClientCertificate) {
        let write = |file: &str, text: &str| self.workspace.write(file, text).expect("a file");
        write(&format!("{name}.pem"), &client.certificate);
        write(&format!("{name}.key"), &client.private_key);
    }

    /// Runs a command and expects how it ends.
    #[track_caller]
    pub fn run(&self, arguments: &[&str], expected: i32) -> Ran {
        let ran = self.workspace.run(arguments).expect("the command runs");
        assert_eq!(
            ran.code,
            expected,
            "{} {arguments:?}\n{}",
            self.cli.name(),
            ran.text()
        );
        ran
    }

    #[track_caller]
    pub fn apply(&self) -> Ran {
        self.run(&["apply", "-auto-approve"], 0)
    }

    /// Applies and expects an error that says all of this.
    #[track_caller]
    pub fn apply_fails(&self, parts: &[&str]) -> Ran {
        let ran = self.run(&["apply", "-auto-approve"], 1);
        says(&ran, parts);
        ran
    }

    /// Plans and expects that nothing is left to do.
    #[track_caller]
    pub fn plan_is_empty(&self) -> Ran {
        self.run(&["plan", "-detailed-exitcode"], 0)
    }

    /// Plans and expects a change that says all of this.
    #[track_caller]
    pub fn plan_changes(&self, parts: &[&str]) -> Ran {
        let ran = self.run(&["plan", "-detailed-exitcode"], 2);
        says(&ran, parts);
        ran
    }

    /// Plans and expects an error that says all of this.
    #[track_caller]
    pub fn plan_fails(&self, parts: &[&str]) -> Ran {
        let ran = self.run(&["plan"], 1);
        says(&ran, parts);
        ran
    }

    /// Destroys everything and expects that nothing is left at the API.
    #[track_caller]
    pub fn destroy(&self) {
        self.destroy_leaving(0);
    }

    /// Destroys everything and expects that so many objects are left at the API.
    #[track_caller]
    pub fn destroy_leaving(&self, count: usize) {
        self.run(&["destroy", "-auto-approve"], 0);
        assert_eq!(self.left(), count, "objects left at the API");
    }

    /// How many objects live at the API.
    pub fn left(&self) -> usize {
        self.simulator.look(ZONE_ID, |zone, _| {
            zone.live(Store::Zone).len()
                + zone.live(Store::Hostname).len()
                + zone.associations().len()
                + usize::from(zone.enabled)
                + usize::from(zone.tls_client_auth)
        })
    }

    /// How many requests of a method went to paths that end like this.
    pub fn requests(&self, method: &str, path_end: &str) -> usize {
        let log = self.simulator.log();
        let matching = log
            .iter()
            .filter(|r| r.method == method && r.path.ends_with(path_end));
        matching.count()
    }

    /// The ids of the live certificates of a store.
    pub fn ids(&self, store: Store) -> Vec<String> {
        self.simulator.look(ZONE_ID, |zone, _| {
            let live = zone.live(store);
            live.iter().map(|c| c.id.clone()).collect()
        })
    }

    /// Sends a request to the API as somebody else would.
    pub fn elsewhere(&self, method: &str, path: &str, body: &str) {
        let request = aop_simulator::Request {
            method: method.to_owned(),
            path: format!("/client/v4/zones/{ZONE_ID}{path}"),
            authorization: Some(format!("Bearer {TOKEN}")),
            body: body.as_bytes().to_vec(),
            ..Default::default()
        };
        let reply = self.runtime.block_on(self.simulator.handle(request));
        match reply {
            aop_simulator::Reply::Answer(answer) => assert_eq!(
                answer.status,
                200,
                "{}",
                String::from_utf8_lossy(&answer.body)
            ),
            aop_simulator::Reply::Reset => fail("the simulator reset the connection"),
        }
    }

    /// Begins traffic for these hostnames to an origin that trusts the scene's
    /// authority, and waits until every one of them is served.
    pub fn traffic(&self, hostnames: &[&str]) -> Live {
        self.traffic_to(&self.authority, hostnames)
    }

    /// The same to an origin that trusts another authority.
    pub fn traffic_to(&self, authority: &Authority, hostnames: &[&str]) -> Live {
        let clock = self.simulator.clock().clone();
        let origin = Origin::by_clock(authority.certificate(), clock);
        let mut origin = origin.expect("an origin");
        self.runtime.block_on(origin.listen()).expect("an address");
        self.traffic_through(origin, hostnames)
    }

    /// The same to an origin that listens.
    pub fn traffic_through(&self, origin: Origin, hostnames: &[&str]) -> Live {
        let address = origin.address().expect("an origin that listens");
        let edge = Arc::new(Edge::reaching(&self.simulator, ZONE_ID, address));
        let names: Vec<String> = hostnames.iter().map(|name| (*name).to_owned()).collect();
        self.wait_until(|| {
            let tally = Mutex::default();
            self.runtime.block_on(edge.sweep(&names, &tally));
            tally
                .into_inner()
                .is_ok_and(|tally: Tally| tally.refused == 0)
        });
        let _inside = self.runtime.enter();
        Live {
            traffic: edge.drive(hostnames),
            origin,
        }
    }

    /// Sends one request through the edge.
    pub fn send_request(&self, edge: &Edge, hostname: &str) -> std::io::Result<()> {
        self.runtime
            .block_on(edge.request(hostname, Duration::ZERO))
    }

    /// Waits until the simulator has seen so many requests like this.
    pub fn wait_for(&self, method: &str, path_end: &str, count: usize) {
        self.wait_until(|| self.requests(method, path_end) >= count);
    }

    /// Waits for an observable event, not for a time; gives up after half a minute.
    pub fn wait_until(&self, mut happened: impl FnMut() -> bool) {
        for _ in 0..3000 {
            if happened() {
                return;
            }
            self.runtime.block_on(async {
                tokio::time::sleep(Duration::from_millis(10)).await;
            });
        }
        fail("what the test waits for does not happen");
    }
}

/// Traffic under way, and the origin that it goes to.
pub struct Live {
    pub traffic: Traffic,
    pub origin: Origin,
}

impl Live {
    /// Ends the traffic and expects that the origin refused nothing.
    #[track_caller]
    pub fn was_never_refused(self) {
        let tally = self.traffic.tally();
        assert!(tally.rounds > 10, "{tally:?}");
        assert_eq!(tally.refused, 0, "{tally:?}");
    }
}

/// Expects that the output holds all of this, however the CLI broke its lines.
#[track_caller]
pub fn says(ran: &Ran, parts: &[&str]) {
    let flat = |text: &str| {
        let words = text.split_whitespace().filter(|word| *word != "│");
        words.collect::<Vec<_>>().join(" ")
    };
    let output = flat(&ran.text());
    for part in parts {
        assert!(
            output.contains(&flat(part)),
            "{part:?} is missing in:\n{}",
            ran.text()
        );
    }
}
