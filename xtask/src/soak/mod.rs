//! `cargo xtask soak`: random changes, renames and replacements under random faults,
//! interruptions and kills, with traffic all the while, and a look at everything after each
//! round.
//!
//! `wanted` says what a round wants, `strike` what befalls its apply.

mod strike;
mod wanted;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aop_simulator::pki::Authority;
use aop_simulator::{Edge, Listening, Origin, Simulator, Store, TOKEN, Traffic, ZONE_ID};
use fastrand::Rng;
use xtask::{Cli, Outcome, Profile, Workspace, build};

use self::strike::settings;
use self::wanted::{CERTIFICATES, STEADY, Wanted};

/// How long, without a word about it.
const SECONDS: u64 = 60;

pub(crate) fn soak(arguments: &[&str]) -> Outcome<()> {
    let (seconds, seed) = match arguments {
        [] => (SECONDS, fastrand::u64(..)),
        [seconds] => (seconds.parse()?, fastrand::u64(..)),
        [seconds, seed] => (seconds.parse()?, seed.parse()?),
        _ => return Err("soak takes a number of seconds and a seed".into()),
    };
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

#[derive(Default, Debug)]
struct Counts {
    rounds: u32,
    faults: u32,
    rotations: u32,
    renames: u32,
    replacements: u32,
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
        let mut wanted = Wanted::default().next(&mut self.rng);
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
            let last = wanted;
            let before = last.addresses();
            wanted = last.next(&mut self.rng);
            let renamed = wanted.addresses().difference(&before).count();
            self.counts.renames += u32::from(renamed > 0);
            let mut replaced = wanted.unchanged(&last);
            replaced.retain(|_| self.rng.u8(..6) == 0);
            for name in wanted.certificates.keys() {
                // Renamed with another certificate, the old one is destroyed before anything
                // shows that its hostnames leave it: core's order, and refused.
                let address = wanted.certificate(name);
                if before.contains(&address) && self.rng.u8(..3) == 0 {
                    self.issue(name)?;
                    // Killed while it is replaced, an old certificate is in no state.
                    replaced.remove(&address);
                    self.counts.rotations += 1;
                }
            }
            self.declare(&wanted)?;
            self.counts.replacements += u32::from(!replaced.is_empty());
            self.strike(&replaced)?;
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

    fn declare(&self, wanted: &Wanted) -> Outcome<()> {
        self.workspace.write("main.tf", &wanted.configuration())
    }

    fn issue(&self, name: &str) -> Outcome<()> {
        let made = self.authority.client(name, crate::demo::now())?;
        let pem = format!("{name}.pem");
        self.workspace.write(&pem, &made.certificate)?;
        self.workspace
            .write(&format!("{name}.key"), &made.private_key)
    }

    /// Applies in peace until all is well, and looks whether it is. A hostname that was to
    /// pass to another resource when its run was killed may need a second apply: the plan
    /// says so.
    fn heal(&mut self, wanted: &Wanted) -> Outcome<()> {
        self.simulator.forget_faults();
        let mut ended = None;
        for _ in 0..3 {
            self.counts.healing_applies += 1;
            let apply = ["apply", "-auto-approve", "-lock=false"];
            let applied = self.workspace.run(&apply)?;
            // What was voided looks alive for a while.
            let lag = settings().void_lag * 2;
            self.runtime
                .block_on(async { tokio::time::sleep(lag).await });
            let look = ["plan", "-detailed-exitcode", "-lock=false"];
            let looked = self.workspace.run(&look)?;
            let is_done = looked.code == 0;
            ended = Some((applied, looked));
            if is_done {
                break;
            }
        }
        let (applied, plan) = ended.ok_or("nothing was planned")?;
        self.expect(plan.code == 0, || {
            format!("{}\n{}", applied.text(), plan.text())
        })?;
        let expected = wanted.certificates.values().flatten();
        let expected: BTreeMap<String, bool> =
            expected.map(|(name, on)| (name.clone(), *on)).collect();
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
