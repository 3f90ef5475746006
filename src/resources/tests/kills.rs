//! A rotation that is killed, refused, delayed or lost at every one of its requests:
//! the origin refuses no handshake, and the next apply ends it.

use std::collections::BTreeSet;

use aop_simulator::pki::{Authority, ClientCertificate};
use aop_simulator::{Action, Answer, Fault, Gate, Simulator, Store, ZONE_ID};

use super::core::{Argument, Core, Declared, text};
use super::start;
use super::watch::Watch;
use crate::cloudflare::tests::date;
use crate::value::Dynamic;

fn certificate(client: &ClientCertificate) -> Declared {
    let value = |text: &str| Argument::Value(Dynamic::from(text));
    Declared {
        address: "certificate".to_owned(),
        kind: "aop_hostname_certificate",
        arguments: vec![
            ("zone_id", value(ZONE_ID)),
            ("certificate", value(&client.certificate)),
            ("private_key_wo", value(&client.private_key)),
        ],
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("h{i}.example.com")).collect()
}

/// A certificate, and its association with so many hostnames.
fn config(client: &ClientCertificate, count: usize) -> Vec<Declared> {
    let mut declared = vec![certificate(client)];
    declared.extend(names(count).into_iter().map(|hostname| Declared {
        address: hostname.clone(),
        kind: "aop_hostname_association",
        arguments: vec![
            ("zone_id", Argument::Value(ZONE_ID.into())),
            ("hostname", Argument::Value(hostname.as_str().into())),
            ("certificate_id", Argument::IdOf("certificate".to_owned())),
        ],
    }));
    declared
}

/// Exactly one live certificate, every hostname on it, nothing left to plan.
async fn is_whole(core: &Core, declared: &[Declared], count: usize, case: &str) {
    let changes = core.plan(declared).await;
    assert_eq!(changes, Ok(Vec::new()), "{case}: the plan is not empty");
    let id = text(&core.state("certificate"), "id");
    core.simulator.look(ZONE_ID, |zone, _| {
        let live: Vec<&str> = zone
            .live(Store::Hostname)
            .iter()
            .map(|c| c.id.as_str())
            .collect();
        assert_eq!(live, [id.as_str()], "{case}: live certificates");
        let on: BTreeSet<(&str, Option<bool>)> = zone
            .associations()
            .values()
            .map(|a| (a.certificate_id.as_str(), a.enabled))
            .collect();
        assert_eq!(zone.associations().len(), count, "{case}: associations");
        assert_eq!(
            on,
            BTreeSet::from([(id.as_str(), Some(true))]),
            "{case}: hostnames"
        );
    });
}

/// What befalls a rotation.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// CLI and provider are killed before the request has an effect.
    KilledBefore,
    /// They are killed after it had.
    KilledAfter,
    /// Ctrl-C while the request is on its way.
    Interrupted,
    /// Something befalls the request.
    Faulty(fn() -> Action),
}

/// What the next apply wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The same as the one that was struck.
    Same,
    /// The old certificate after all.
    Back,
    /// Another new one.
    Third,
}

const BLOWS: [(&str, Blow); 11] = [
    ("killed before", Blow::KilledBefore),
    ("killed after", Blow::KilledAfter),
    ("interrupted", Blow::Interrupted),
    (
        "403",
        Blow::Faulty(|| Action::Answer(Answer::error(403, 10000, "no"))),
    ),
    (
        "409",
        Blow::Faulty(|| Action::Answer(Answer::error(409, 1493, "busy"))),
    ),
    (
        "429",
        Blow::Faulty(|| {
            Action::Answer(Answer::error(429, 971, "slow down").with("retry-after", "7"))
        }),
    ),
    (
        "500",
        Blow::Faulty(|| Action::Answer(Answer::html(500, "oops"))),
    ),
    (
        "done, but 502",
        Blow::Faulty(|| Action::DoneBut(Answer::html(502, "bad gateway"))),
    ),
    ("reset before", Blow::Faulty(|| Action::ResetBefore)),
    ("reset after", Blow::Faulty(|| Action::ResetAfter)),
    ("truncated", Blow::Faulty(|| Action::Truncate)),
];

/// A zone whose hostnames are served by a certificate, and somebody who watches.
struct Scene {
    simulator: Simulator,
    authority: Authority,
    core: Core,
    watch: Watch,
    count: usize,
    old: ClientCertificate,
}

impl Scene {
    async fn new(count: usize) -> Self {
        let (simulator, authority) = start();
        let core = Core::new(&simulator);
        let old = authority.client("shop", date()).expect("a certificate");
        assert_eq!(
            core.apply(&config(&old, count)).await,
            [],
            "the first apply"
        );
        let watch = Watch::begin(&simulator, &authority, &names(count));
        Self {
            simulator,
            authority,
            core,
            watch,
            count,
            old,
        }
    }

    fn another(&self) -> ClientCertificate {
        self.authority
            .client("shop", date())
            .expect("a certificate")
    }

    /// Applies with a blow at one request. Answers whether there were so many.
    async fn strike(&self, after: &[Declared], blow: Blow, at: u32) -> bool {
        self.core.plan(after).await.expect("a plan");
        let gate = Gate::default();
        let action = match blow {
            Blow::KilledBefore | Blow::Interrupted => Action::HoldBefore(gate.clone()),
            Blow::KilledAfter => Action::HoldAfter(gate.clone()),
            Blow::Faulty(action) => action(),
        };
        let requests = self.simulator.log().len();
        self.simulator.order(Fault::on_any(action).after(at));
        let (running, declared) = (self.core.clone(), after.to_vec());
        let mut task = tokio::spawn(async move { running.apply_plan(&declared).await });
        tokio::select! {
            () = gate.reached() => match blow {
                Blow::Interrupted => {
                    self.core.interrupt();
                    gate.open();
                    let _ = (&mut task).await;
                }
                _ => task.abort(),
            },
            _ = &mut task => {}
        }
        let struck = self.simulator.log().len() - requests > at as usize;
        gate.open();
        struck
    }

    /// Applies until all is well, and looks whether it is.
    async fn heal(self, wanted: &[Declared], case: &str) {
        let core = &self.core;
        for _ in 0..3 {
            if core.apply(wanted).await.is_empty() {
                break;
            }
        }
        is_whole(core, wanted, self.count, case).await;
        let refused = self.watch.refused();
        assert_eq!(refused, Vec::<String>::new(), "{case}: refused handshakes");
        drop(self.watch);
        assert_eq!(core.destroy(wanted).await, [], "{case}: destroy");
        let left = |zone: &aop_simulator::Zone| zone.live(Store::Hostname).len();
        let left = self.simulator.look(ZONE_ID, |zone, _| left(zone));
        assert_eq!(left, 0, "{case}: left after the destroy");
    }
}

/// Rotates with a blow at one request, and then wants what `then` says.
async fn rotate(count: usize, blow: Blow, at: u32, then: Then, case: &str) -> bool {
    let scene = Scene::new(count).await;
    let after = config(&scene.another(), count);
    let struck = scene.strike(&after, blow, at).await;
    let wanted = match then {
        Then::Same => after,
        Then::Back => config(&scene.old, count),
        Then::Third => config(&scene.another(), count),
    };
    scene.heal(&wanted, case).await;
    struck
}

async fn at_every_request(count: usize, blow: (&str, Blow), then: Then, most: u32) {
    for at in 0..most {
        let case = format!(
            "{} at request {at} of {count} hostnames, then {then:?}",
            blow.0
        );
        if !rotate(count, blow.1, at, then, &case).await {
            assert!(at > 10, "{case}: a rotation has more requests than this");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_survives_every_blow_at_every_request() {
    for blow in BLOWS {
        at_every_request(1, blow, Then::Same, u32::MAX).await;
    }
}

/// What a failed update could still say in its answer is all cleared away, whatever
/// is wanted next.
#[tokio::test(start_paused = true)]
async fn a_failed_rotation_is_cleared_away_whatever_comes_next() {
    for then in [Then::Back, Then::Third] {
        for blow in BLOWS {
            if matches!(blow.1, Blow::Interrupted) || blow.0 == "403" {
                at_every_request(1, blow, then, u32::MAX).await;
            }
        }
    }
}

/// The requests up to the old certificate's end; the rest are the associations' own.
#[tokio::test(start_paused = true)]
async fn a_rotation_of_many_hostnames_survives_being_killed_at_every_request() {
    for (count, most) in [(10, 30), (100, 24)] {
        for blow in &BLOWS[..2] {
            at_every_request(count, *blow, Then::Same, most).await;
        }
    }
}
