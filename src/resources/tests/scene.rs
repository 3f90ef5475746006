//! A zone served by a certificate, somebody who watches, and what may befall a run.

use std::time::Duration;

use aop_simulator::pki::{Authority, ClientCertificate, Wanted};
use aop_simulator::{Action, Answer, Fault, Gate, Request, Simulator, Store, TOKEN, ZONE_ID};
use rcgen::KeyPair;
use serde_json::json;
use tokio::time::Instant;

use super::core::{Core, text};
use super::declared::{Argument, Declared};
use super::start;
use super::watch::Watch;
use cloudflare::in_process::date;
use framework::Diagnostic;
use framework::value::Dynamic;

/// Who does what this Terraform has not done.
pub(super) const STRANGER: &str = "somebody else";

/// What the certificate serves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Serves {
    /// So many hostnames.
    Hostnames(usize),
    /// So many hostnames in one resource.
    Together(usize),
    /// So many hostnames that somebody else manages.
    Strangers(usize),
    /// The whole zone.
    Zone,
}

impl Serves {
    pub(super) fn store(self) -> Store {
        match self {
            Self::Hostnames(_) | Self::Together(_) | Self::Strangers(_) => Store::Hostname,
            Self::Zone => Store::Zone,
        }
    }

    fn names(self) -> Vec<String> {
        match self {
            Self::Hostnames(count) | Self::Together(count) | Self::Strangers(count) => {
                (0..count).map(|i| format!("h{i}.example.com")).collect()
            }
            Self::Zone => vec!["www.example.com".to_owned()],
        }
    }

    /// The certificate and all that depends on it.
    pub(super) fn config(self, client: &ClientCertificate) -> Vec<Declared> {
        let value = |text: &str| Argument::Value(Dynamic::from(text));
        let declared = |address: &str, kind, arguments: Vec<(&'static str, Argument)>| Declared {
            address: address.to_owned(),
            kind,
            arguments: [vec![("zone_id", value(ZONE_ID))], arguments].concat(),
            needs: Vec::new(),
        };
        let upload = vec![
            ("certificate", value(&client.certificate)),
            ("private_key_wo", value(&client.private_key)),
        ];
        let of_certificate = || Argument::IdOf("certificate".to_owned());
        match self {
            Self::Zone => vec![
                declared("certificate", "aop_zone_certificate", upload),
                Declared {
                    needs: vec!["certificate".to_owned()],
                    ..declared(
                        "setting",
                        "aop_zone_setting",
                        vec![("enabled", Argument::Value(Dynamic::Bool(true)))],
                    )
                },
            ],
            Self::Strangers(_) => {
                vec![declared("certificate", "aop_hostname_certificate", upload)]
            }
            Self::Together(_) => {
                let all = Argument::AllWith(self.names(), "certificate".to_owned());
                let arguments = vec![("associations", all)];
                vec![
                    declared("certificate", "aop_hostname_certificate", upload),
                    declared("all", "aop_hostname_associations", arguments),
                ]
            }
            Self::Hostnames(_) => {
                let associations = self.names().into_iter().map(|hostname| {
                    let arguments = vec![
                        ("hostname", value(&hostname)),
                        ("certificate_id", of_certificate()),
                    ];
                    declared(&hostname, "aop_hostname_association", arguments)
                });
                let certificate = declared("certificate", "aop_hostname_certificate", upload);
                std::iter::once(certificate).chain(associations).collect()
            }
        }
    }
}

/// What befalls a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blow {
    /// CLI and provider are killed before the request has an effect.
    KilledBefore,
    /// They are killed after it had.
    KilledAfter,
    /// Ctrl-C while the request is on its way; its answer comes.
    Interrupted,
    /// Ctrl-C while the request is on its way, and its answer comes too late.
    Silenced,
    /// Something befalls the request.
    Faulty(fn() -> Action),
}

pub(super) const BLOWS: [(&str, Blow); 14] = [
    ("killed before", Blow::KilledBefore),
    ("killed after", Blow::KilledAfter),
    ("interrupted", Blow::Interrupted),
    ("interrupted in silence", Blow::Silenced),
    (
        "400",
        Blow::Faulty(|| Action::Answer(Answer::error(400, 10000, "not now"))),
    ),
    (
        "404 without a route",
        Blow::Faulty(|| Action::Answer(Answer::error(404, 7003, "no route"))),
    ),
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

/// A zone and its Terraform.
pub(super) struct Scene {
    pub(super) simulator: Simulator,
    authority: Authority,
    pub(super) core: Core,
    pub(super) serves: Serves,
}

impl Scene {
    pub(super) fn new(serves: Serves) -> Self {
        let (simulator, authority) = start();
        let core = Core::new(&simulator);
        Self {
            simulator,
            authority,
            core,
            serves,
        }
    }

    /// A scene in which something is applied already, and its configuration.
    pub(super) async fn applied(serves: Serves) -> (Self, Vec<Declared>) {
        let scene = Self::new(serves);
        let config = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&config).await, [], "the first apply");
        (scene, config)
    }

    pub(super) fn issue(&self) -> ClientCertificate {
        let made = self.authority.client("shop", date());
        made.expect("a certificate")
    }

    /// The configuration with a certificate of this name that the provider issues.
    pub(super) fn issuing(&self, name: &str) -> Vec<Declared> {
        let mut declared = self.serves.config(&self.issue());
        let key = self.authority.private_key();
        let arguments = [
            (
                "ca_certificate",
                Dynamic::from(self.authority.certificate()),
            ),
            ("ca_private_key_wo", Dynamic::from(key.as_str())),
            ("common_name", Dynamic::from(name)),
            ("validity", Dynamic::Null),
            ("renew_before", Dynamic::Null),
            ("key_algorithm", Dynamic::Null),
        ];
        let arguments = arguments.map(|(name, value)| (name.to_owned(), value));
        let issue = Argument::Value(Dynamic::Map(arguments.into()));
        if let Some(certificate) = declared.first_mut() {
            let is_given = |name: &str| name == "certificate" || name == "private_key_wo";
            certificate.arguments.retain(|(name, _)| !is_given(name));
            certificate.arguments.push(("issue", issue));
        }
        declared
    }

    /// A certificate with this name and key.
    pub(super) fn issue_named(&self, name: &str, key: &KeyPair) -> ClientCertificate {
        let wanted = Wanted {
            name,
            not_before: date(),
            not_after: date() + Duration::from_secs(365 * 86_400),
        };
        let made = self.authority.issue_for(&wanted, key);
        made.expect("a certificate")
    }

    /// Begins to watch the edge, once all of it is up to date.
    pub(super) async fn watch(&self) -> Watch {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Watch::begin(&self.simulator, &self.authority, &self.serves.names())
    }

    /// Lets a run go on with a blow at one request. Answers whether there were so many.
    pub(super) async fn strike<F>(&self, run: impl FnOnce(Core) -> F, blow: Blow, at: u32) -> bool
    where
        F: Future<Output = Vec<Diagnostic>> + Send + 'static,
    {
        let gate = Gate::default();
        let action = match blow {
            Blow::KilledBefore | Blow::Interrupted | Blow::Silenced => {
                Action::HoldBefore(gate.clone())
            }
            Blow::KilledAfter => Action::HoldAfter(gate.clone()),
            Blow::Faulty(action) => action(),
        };
        let requests = self.simulator.log().len();
        self.simulator.order(Fault::on_any(action).after(at));
        let mut task = tokio::spawn(run(self.core.clone()));
        tokio::select! {
            () = gate.reached() => match blow {
                Blow::Interrupted | Blow::Silenced => {
                    let interrupted = Instant::now();
                    self.core.interrupt();
                    if matches!(blow, Blow::Interrupted) {
                        gate.open();
                    }
                    let _ = (&mut task).await;
                    let took = interrupted.elapsed();
                    assert!(took <= Duration::from_secs(1), "Ctrl-C at request {at}: {took:?}");
                }
                _ => task.abort(),
            },
            _ = &mut task => {}
        }
        let struck = self.simulator.log().len() - requests > at as usize;
        self.simulator.forget_faults();
        gate.open();
        struck
    }

    /// Applies until all is well, and looks whether it is: one live certificate,
    /// everything on it, and nothing left to plan.
    pub(super) async fn heal(&self, wanted: &[Declared], case: &str) {
        for _ in 0..3 {
            if self.core.apply(wanted).await.is_empty() {
                break;
            }
        }
        let changes = self.core.plan(wanted).await;
        assert_eq!(changes, Ok(Vec::new()), "{case}: the plan is not empty");
        let id = text(&self.core.state("certificate"), "id");
        self.simulator.look(ZONE_ID, |zone, _| {
            let live = zone.live(self.serves.store());
            let live: Vec<&str> = live.iter().map(|c| c.id.as_str()).collect();
            assert_eq!(live, [id.as_str()], "{case}: live certificates");
            match self.serves {
                Serves::Zone => assert!(zone.enabled, "{case}: the switch"),
                Serves::Hostnames(count) | Serves::Together(count) | Serves::Strangers(count) => {
                    let all = zone.associations();
                    assert_eq!(all.len(), count, "{case}: associations");
                    let mut all = all.values();
                    let served = all.all(|a| a.certificate_id == id && a.enabled == Some(true));
                    assert!(served, "{case}: hostnames");
                }
            }
        });
    }

    /// Somebody else gives the certificate to the hostnames, or (`None`) takes it away.
    pub(super) async fn give_to_strangers(&self, enabled: Option<bool>) {
        if !matches!(self.serves, Serves::Strangers(_)) {
            return;
        }
        let id = text(&self.core.state("certificate"), "id");
        let names = self.serves.names().into_iter();
        let items =
            names.map(|name| json!({ "hostname": name, "cert_id": id, "enabled": enabled }));
        let body = json!({ "config": items.collect::<Vec<_>>() });
        let request = Request {
            method: "PUT".to_owned(),
            path: format!("/client/v4/zones/{ZONE_ID}/origin_tls_client_auth/hostnames"),
            authorization: Some(format!("Bearer {TOKEN}")),
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        self.simulator.handle(request).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }

    /// Somebody else deletes a certificate.
    pub(super) async fn delete_elsewhere(&self, id: &str) {
        let store = match self.serves.store() {
            Store::Zone => "",
            Store::Hostname => "/hostnames/certificates",
        };
        let path = format!("/client/v4/zones/{ZONE_ID}/origin_tls_client_auth{store}/{id}");
        let request = Request {
            method: "DELETE".to_owned(),
            path,
            authorization: Some(format!("Bearer {TOKEN}")),
            user_agent: STRANGER.to_owned(),
            ..Request::default()
        };
        self.simulator.handle(request).await;
    }

    /// Destroys everything, and looks whether anything is left.
    pub(super) async fn clear(&self, declared: &[Declared], case: &str) {
        self.give_to_strangers(None).await;
        for _ in 0..3 {
            if self.core.destroy(declared).await.is_empty() {
                break;
            }
        }
        self.simulator.look(ZONE_ID, |zone, _| {
            let left = zone.live(self.serves.store()).len();
            assert_eq!(left, 0, "{case}: certificates left after the destroy");
            assert!(zone.associations().is_empty() && !zone.enabled, "{case}");
        });
    }
}
