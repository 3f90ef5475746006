//! `cargo xtask soak`: random changes under random faults, interruptions and kills, with
//! traffic all the while, and a look at everything after each round.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aop_simulator::pki::Authority;
use aop_simulator::{
    Action, Answer, Edge, Fault, Listening, Origin, Settings, Simulator, Store, TOKEN, Traffic,
    ZONE_ID,
};
use fastrand::Rng;
use xtask::{Cli, Outcome, Profile, Workspace, build};

/// How long, without a word about it.
const SECONDS: u64 = 60;
/// Served all the while: its certificate is rotated, but it is never let go.
const STEADY: &str = "steady.example.com";
/// The certificates, and what may be given to each.
const CERTIFICATES: [&str; 3] = ["a", "b", "c"];
const HOSTNAMES: usize = 6;

pub(crate) fn soak(arguments: &[&str]) -> Outcome<()> {
    let (seconds, seed) = match arguments {
        [] => (SECONDS, fastrand::u64(..)),
        [seconds] => (seconds.parse()?, fastrand::u64(..)),
        [seconds, seed] => (seconds.parse()?, seed.parse()?),
        _ => return Err("soak takes a number of seconds and a seed".into()),
    };
    println!("Building the provider …");
    let provider = build("terraform-provider-aop", Profile::Dev)?;
    let clis = Cli::present()?;
    std::thread::scope(|scope| {
        let soaks: Vec<_> = clis
            .iter()
            .map(|cli| scope.spawn(|| Soak::start(cli, &provider, seed)?.run(seconds)))
            .collect();
        let mut ended = soaks.into_iter().map(|soak| match soak.join() {
            Ok(outcome) => outcome,
            Err(_) => Err("the soak itself has a bug".into()),
        });
        ended.try_for_each(|outcome: Outcome<()>| outcome)
    })
}

/// What a round wants: for each certificate its hostnames, and whether each is enabled.
#[derive(Clone, Default)]
struct Wanted {
    certificates: BTreeMap<&'static str, BTreeMap<String, bool>>,
    /// Whose hostnames are in one resource.
    together: Vec<&'static str>,
}

#[derive(Default, Debug)]
struct Counts {
    rounds: u32,
    faults: u32,
    rotations: u32,
    interruptions: u32,
    kills: u32,
    provider_kills: u32,
    healing_applies: u32,
}

struct Soak {
    name: String,
    seed: u64,
    rng: Rng,
    runtime: tokio::runtime::Runtime,
    simulator: Simulator,
    _listening: Listening,
    _origin: Origin,
    workspace: Workspace,
    authority: Authority,
    traffic: Option<Traffic>,
    edge: Arc<Edge>,
    counts: Counts,
}

impl Soak {
    fn start(cli: &Cli, provider: &std::path::Path, seed: u64) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let simulator = Simulator::new(settings(), crate::demo::now());
        let listening = runtime.block_on(simulator.listen("127.0.0.1:0"))?;
        let authority = Authority::new("Example origin CA")?;
        let mut origin = Origin::trusting(authority.certificate())?;
        let address = runtime.block_on(origin.listen())?;
        let edge = Arc::new(Edge::reaching(&simulator, ZONE_ID, address));
        let folder = format!("soak-{:?}", cli.product);
        let mut workspace = Workspace::new(&folder, cli, provider)?;
        workspace.set_env("CLOUDFLARE_BASE_URL", &listening.url());
        workspace.set_env("CLOUDFLARE_API_TOKEN", TOKEN);
        workspace.set_env("AOP_PROPAGATION_DELAY", "2s");
        drop(inside);
        Ok(Self {
            name: cli.name(),
            seed,
            rng: Rng::with_seed(seed),
            runtime,
            simulator,
            _listening: listening,
            _origin: origin,
            workspace,
            authority,
            traffic: None,
            edge,
            counts: Counts::default(),
        })
    }

    fn run(mut self, seconds: u64) -> Outcome<()> {
        let mut wanted = self.choose(&Wanted::default());
        CERTIFICATES.iter().try_for_each(|name| self.issue(name))?;
        self.declare(&wanted)?;
        self.workspace.run(&["init"])?;
        self.heal(&wanted)?;
        let inside = self.runtime.enter();
        let traffic = self.edge.drive(&[STEADY]);
        drop(inside);
        self.traffic = Some(traffic);
        #[allow(clippy::disallowed_methods, reason = "how long a soak lasts")]
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(seconds) {
            wanted = self.choose(&wanted);
            for name in wanted.certificates.keys() {
                if self.rng.u8(..3) == 0 {
                    self.issue(name)?;
                    self.counts.rotations += 1;
                }
            }
            self.declare(&wanted)?;
            self.strike()?;
            self.heal(&wanted)?;
            self.counts.rounds += 1;
            if self.counts.rounds.is_multiple_of(20) {
                println!("{}: {:?}", self.name, self.counts);
            }
        }
        let tally = self.traffic.take().map(|traffic| traffic.tally());
        let tally = tally.ok_or("there was no traffic")?;
        self.expect(tally.refused == 0, || format!("{tally:?}"))?;
        let destroyed = self.workspace.run(&["destroy", "-auto-approve"])?;
        self.expect(destroyed.code == 0, || destroyed.text())?;
        let left = self.simulator.look(ZONE_ID, |zone, _| {
            zone.live(Store::Hostname).len() + zone.associations().len()
        });
        self.expect(left == 0, || format!("{left} objects are left"))?;
        println!(
            "{}, seed {}: {:?}; {} handshakes, none refused; {} requests; nothing left",
            self.name,
            self.seed,
            self.counts,
            tally.handshakes,
            self.simulator.log().len(),
        );
        Ok(())
    }

    /// Something else than before, perhaps. A certificate only goes together with its
    /// hostnames: core destroys it before it would give them another.
    fn choose(&mut self, before: &Wanted) -> Wanted {
        let mut wanted = Wanted::default();
        let mut leaving: Vec<&String> = Vec::new();
        for name in CERTIFICATES {
            // The steady one's certificate stays.
            if name != "a" && self.rng.u8(..4) == 0 {
                leaving.extend(
                    before
                        .certificates
                        .get(name)
                        .into_iter()
                        .flat_map(BTreeMap::keys),
                );
                continue;
            }
            wanted.certificates.insert(name, BTreeMap::new());
            if self.rng.bool() {
                wanted.together.push(name);
            }
        }
        let names: Vec<&'static str> = wanted.certificates.keys().copied().collect();
        for number in 0..HOSTNAMES {
            let hostname = format!("h{number}.example.com");
            let owner = self.rng.choice(&names).copied();
            let stays = !leaving.contains(&&hostname) && self.rng.u8(..4) > 0;
            let owner = owner.filter(|_| stays);
            let hostnames = owner.and_then(|owner| wanted.certificates.get_mut(owner));
            if let Some(hostnames) = hostnames {
                let enabled = self.rng.u8(..4) > 0;
                hostnames.insert(hostname, enabled);
            }
        }
        wanted
    }

    fn issue(&self, name: &str) -> Outcome<()> {
        let made = self.authority.client(name, crate::demo::now())?;
        let pem = format!("{name}.pem");
        self.workspace.write(&pem, &made.certificate)?;
        self.workspace
            .write(&format!("{name}.key"), &made.private_key)
    }

    fn declare(&self, wanted: &Wanted) -> Outcome<()> {
        let mut text = String::from(
            "terraform {\n  required_providers {\n    aop = { source = \
             \"terraform.local/aop/aop\" }\n  }\n}\n",
        );
        let association = |label: &str, hostname: &str, certificate: &str, enabled: bool| {
            format!(
                "resource \"aop_hostname_association\" \"{label}\" {{\n  zone_id = \"{ZONE_ID}\"\n  \
                 hostname = \"{hostname}\"\n  certificate_id = \
                 aop_hostname_certificate.{certificate}.id\n  enabled = {enabled}\n}}\n"
            )
        };
        text += &association("steady", STEADY, "a", true);
        for (name, hostnames) in &wanted.certificates {
            write!(
                text,
                "resource \"aop_hostname_certificate\" \"{name}\" {{\n  zone_id = \"{ZONE_ID}\"\n  \
                 certificate = file(\"{name}.pem\")\n  private_key_wo = file(\"{name}.key\")\n}}\n"
            )?;
            if !wanted.together.contains(name) {
                for (hostname, enabled) in hostnames {
                    let label = hostname.split('.').next().unwrap_or_default();
                    text += &association(label, hostname, name, *enabled);
                }
                continue;
            }
            if hostnames.is_empty() {
                continue;
            }
            write!(
                text,
                "resource \"aop_hostname_associations\" \"{name}\" {{\n  zone_id = \"{ZONE_ID}\"\n  \
                 associations = {{\n"
            )?;
            for (hostname, enabled) in hostnames {
                writeln!(
                    text,
                    "    \"{hostname}\" = {{ certificate_id = \
                     aop_hostname_certificate.{name}.id, enabled = {enabled} }}"
                )?;
            }
            text += "  }\n}\n";
        }
        self.workspace.write("main.tf", &text)
    }

    /// Applies, while something befalls it.
    fn strike(&mut self) -> Outcome<()> {
        for _ in 0..self.rng.u8(..5) {
            let fault = fault(&mut self.rng);
            self.simulator.order(fault);
            self.counts.faults += 1;
        }
        let child = self.workspace.start(&["apply", "-auto-approve"])?;
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
        Ok(())
    }

    /// Applies in peace until all is well, and looks whether it is. A hostname that was to
    /// pass to another resource when its run was killed may need a second apply: the plan
    /// says so.
    fn heal(&mut self, wanted: &Wanted) -> Outcome<()> {
        self.simulator.forget_faults();
        let mut plan = None;
        for _ in 0..3 {
            self.counts.healing_applies += 1;
            let apply = ["apply", "-auto-approve", "-lock=false"];
            self.workspace.run(&apply)?;
            // What was voided looks alive for a while.
            let lag = settings().void_lag * 2;
            self.runtime
                .block_on(async { tokio::time::sleep(lag).await });
            let look = ["plan", "-detailed-exitcode", "-lock=false"];
            let looked = self.workspace.run(&look)?;
            let is_done = looked.code == 0;
            plan = Some(looked);
            if is_done {
                break;
            }
        }
        let plan = plan.ok_or("nothing was planned")?;
        self.expect(plan.code == 0, || plan.text())?;
        let mut expected: BTreeMap<String, bool> = BTreeMap::new();
        expected.insert(STEADY.to_owned(), true);
        expected.extend(
            wanted
                .certificates
                .values()
                .flatten()
                .map(|(n, on)| (n.clone(), *on)),
        );
        let (found, live) = self.simulator.look(ZONE_ID, |zone, _| {
            let all = zone.associations().into_iter();
            let found: BTreeMap<String, bool> = all
                .map(|(name, found)| (name.to_owned(), found.enabled == Some(true)))
                .collect();
            (found, zone.live(Store::Hostname).len())
        });
        self.expect(found == expected, || {
            format!("{found:?} instead of {expected:?}")
        })?;
        let certificates = wanted.certificates.len();
        self.expect(live == certificates, || {
            format!("{live} live certificates instead of {certificates}")
        })
    }

    fn expect(&self, holds: bool, found: impl Fn() -> String) -> Outcome<()> {
        match holds {
            true => Ok(()),
            false => Err(format!(
                "{}, seed {}, round {}: {}",
                self.name,
                self.seed,
                self.counts.rounds,
                found()
            )
            .into()),
        }
    }
}

/// Quick, but everything takes its time.
fn settings() -> Settings {
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
