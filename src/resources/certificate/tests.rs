//! Whether a certificate may be deleted, against the simulator.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aop_simulator::pki::{Authority, ClientCertificate};
use aop_simulator::{Action, Answer as Reply, Fault, Settings, Simulator};

use super::obstacle::Obstacle;
use super::removal::{Attempt, Removal};
use super::store::CertificateStore;
use cloudflare::in_process::{
    InProcess, client_of, date, hostname, minutes, options, start, upload, zone_id,
};
use cloudflare::{
    Answer, AssociationWrite, CertificateId, Client, Method, Options, Request, Scope, SendError,
    Status, Store, Switch, Transport, Wanted,
};
use framework::Diagnostics;
use text::Secret;

/// One attempt to delete a certificate of a store, for the sake of which another may take
/// its place: what stands against it, if anything.
async fn attempt(
    client: &Client,
    (store, id): (Store, &CertificateId),
    successor: Option<&CertificateId>,
) -> Result<Option<Obstacle>, Diagnostics> {
    let (zone, scope) = (client.zone(&zone_id()), minutes(60));
    let at = CertificateStore::new(&zone, &scope, store);
    let mut removal = Removal::new(at, id.clone(), None, successor.cloned());
    Ok(match removal.attempt().await? {
        Attempt::Deleted => None,
        Attempt::Held(obstacle) => Some(obstacle),
        Attempt::TakenOver => unreachable!("nobody takes it over"),
    })
}

fn write(id: &CertificateId, enabled: Option<bool>) -> [AssociationWrite; 1] {
    [AssociationWrite {
        hostname: hostname("app.example.com"),
        cert_id: id.clone(),
        enabled,
    }]
}

async fn associate(client: &Client, id: &CertificateId, enabled: Option<bool>) {
    let (zone, scope) = (client.zone(&zone_id()), minutes(60));
    let writes = write(id, enabled);
    let written = zone.write_associations(&scope, &writes, Wanted::Always);
    written.await.only().expect("written");
}

async fn upload_zone(client: &Client, made: ClientCertificate) -> CertificateId {
    let zone = client.zone(&zone_id());
    let key = Secret::new(made.private_key);
    let scope = minutes(60);
    let stored = zone.upload(&scope, Store::Zone, made.certificate, key, |_| true);
    stored.await.expect("stored").id
}

fn issued() -> ClientCertificate {
    let made = Authority::new("CA").and_then(|ca| ca.client("zone", date()));
    made.expect("a certificate")
}

async fn turn_on(client: &Client) {
    let zone = client.zone(&zone_id());
    let on = zone
        .set_switch(&minutes(60), Switch::Zone, true, || true)
        .await;
    assert!(on.expect("set"));
}

fn app() -> Vec<cloudflare::Hostname> {
    vec![hostname("app.example.com")]
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_while_a_hostname_is_being_deployed() {
    let (simulator, client) = start(&options());
    let scope = minutes(10);
    let id = upload(&client, &scope).await.expect("a certificate").id;
    simulator.clock().advance(Duration::from_secs(5));
    let candidate = (Store::Hostname, &id);
    associate(&client, &id, Some(true)).await;
    let held = attempt(&client, candidate, None).await.expect("an answer");
    assert_eq!(held, Some(Obstacle::Pending(app())));
    simulator.clock().advance(Duration::from_secs(5));
    // What this run has brought may still be on its way to points of presence.
    let held = attempt(&client_of(&simulator, &options()), candidate, None).await;
    let held = held.expect("an answer");
    assert!(matches!(held, Some(Obstacle::InUse(..))), "{held:?}");
    associate(&client, &id, None).await;
    simulator.clock().advance(Duration::from_secs(5));
    let another_run = client_of(&simulator, &options());
    for _ in 0..2 {
        let deleted = attempt(&another_run, candidate, None).await;
        assert_eq!(deleted.expect("twice is no mistake"), None);
    }
}

/// The hostname is on another certificate now, but this one may still serve it.
#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_that_may_serve_what_was_given_up_in_another_run() {
    let (simulator, client) = start(&options());
    let scope = minutes(60);
    let old = upload(&client, &scope).await.expect("a certificate").id;
    let new = upload(&client, &scope).await.expect("a certificate").id;
    simulator.clock().advance(Duration::from_secs(5));
    for (id, deployment) in [(&old, Some(Duration::from_secs(1))), (&new, None)] {
        simulator.set(|s| s.association = deployment);
        associate(&client, id, Some(true)).await;
        simulator.clock().advance(Duration::from_secs(600));
    }
    let another_run = client_of(&simulator, &options());
    let held = Some(Obstacle::Undeployed(app()));
    // Removed, or rotated away to a third one.
    let third = CertificateId::parse("2458ce5a-0c35-4c7f-82c7-8e9487d3ff60").expect("an id");
    for successor in [None, Some(&third)] {
        let deleted = attempt(&another_run, (Store::Hostname, &old), successor).await;
        assert_eq!(deleted.expect("an answer"), held);
    }
    // A hostname that has what the zone presents has the successor.
    let of_zone = upload_zone(&client, issued()).await;
    let its_successor = upload_zone(&client, issued()).await;
    simulator.clock().advance(Duration::from_secs(5));
    for (successor, outcome) in [(None, &held), (Some(&its_successor), &None)] {
        let deleted = attempt(&another_run, (Store::Zone, &of_zone), successor).await;
        assert_eq!(deleted.as_ref().expect("an answer"), outcome);
    }
    // One that was never deployed has never served anybody.
    simulator.set(|s| s.activation = None);
    let never = upload(&client, &scope).await.expect("a certificate").id;
    simulator.clock().advance(Duration::from_secs(600));
    let deleted = attempt(&another_run, (Store::Hostname, &never), None).await;
    assert_eq!(deleted.expect("an answer"), None);
}

#[tokio::test(start_paused = true)]
async fn the_last_certificate_of_a_zone_stays_whatever_lists_show() {
    let (simulator, client) = start(&options());
    let authority = Authority::new("CA").expect("a CA");
    let day = jiff::SignedDuration::from_hours(24);
    let expired = authority.issue(&aop_simulator::pki::Wanted {
        name: "expired",
        not_before: date() - 30 * day,
        not_after: date() - day,
    });
    let expired = upload_zone(&client, expired.expect("a certificate")).await;
    let valid = upload_zone(&client, issued()).await;
    simulator.clock().advance(Duration::from_secs(5));
    turn_on(&client).await;
    // Another run, to which the list shows neither, or both.
    for lag in [3600, 0] {
        simulator.set(|s| s.list_lag = Duration::from_secs(lag));
        let another_run = client_of(&simulator, &options());
        let held = attempt(&another_run, (Store::Zone, &valid), None).await;
        let last = Obstacle::LastOfZone {
            is_another_pending: false,
        };
        assert_eq!(held.expect("an answer"), Some(last), "{lag} s");
    }
    let another_run = client_of(&simulator, &options());
    let held = attempt(&another_run, (Store::Zone, &valid), Some(&expired)).await;
    let last = Obstacle::LastOfZone {
        is_another_pending: false,
    };
    assert_eq!(held.expect("an answer"), Some(last));
    let deleted = attempt(&another_run, (Store::Zone, &expired), None).await;
    assert_eq!(deleted.expect("an answer"), None);
}

/// The only certificate of a zone that presents it, with a status that says neither yes
/// nor no.
#[tokio::test(start_paused = true)]
async fn the_last_certificate_of_a_zone_stays_whatever_its_status_is_called() {
    for (word, stays) in [
        ("deletion_timed_out", true),
        ("deployed_everywhere", true),
        ("deployment_timed_out", false),
    ] {
        let (simulator, client) = start(&options());
        let id = upload_zone(&client, issued()).await;
        simulator.clock().advance(Duration::from_secs(5));
        turn_on(&client).await;
        let body = format!(r#"{{"success":true,"result":{{"id":"{id}","status":"{word}"}}}}"#);
        let answer = Reply {
            status: 200,
            headers: Vec::new(),
            body: body.into_bytes(),
        };
        let fault = Fault::on("GET", id.as_str(), Action::Answer(answer));
        simulator.order(fault.times(u32::MAX));
        let another_run = client_of(&simulator, &options());
        let held = attempt(&another_run, (Store::Zone, &id), None).await;
        let last = Obstacle::LastOfZone {
            is_another_pending: false,
        };
        assert_eq!(held.expect("an answer"), stays.then_some(last), "{word}");
    }
}

/// Somebody else has deleted what was to take its place.
#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_for_a_successor_that_is_gone() {
    for store in [Store::Zone, Store::Hostname] {
        let (simulator, client) = start(&options());
        let scope = minutes(10);
        let mut ids = Vec::new();
        for _ in 0..2 {
            ids.push(match store {
                Store::Zone => upload_zone(&client, issued()).await,
                Store::Hostname => upload(&client, &scope).await.expect("a certificate").id,
            });
        }
        simulator.clock().advance(Duration::from_secs(5));
        let (old, successor) = (&ids[0], &ids[1]);
        let elsewhere = client_of(&simulator, &options());
        let deleted = attempt(&elsewhere, (store, successor), None).await;
        assert_eq!(deleted.expect("an answer"), None);
        simulator.clock().advance(Duration::from_secs(60));
        let held = attempt(&client, (store, old), Some(successor)).await;
        let held = held.expect("an answer");
        let gone = Obstacle::SuccessorInactive(Some(Status::Deleted));
        assert_eq!(held, Some(gone), "{store:?}");
    }
}

/// A hostname leaves a certificate between two looks, and is deployed at once: points of
/// presence get their time from then on.
#[tokio::test(start_paused = true)]
async fn what_happens_between_two_looks_starts_the_delay_anew() {
    let (simulator, client) = start(&options());
    simulator.set(|s| s.association = Some(Duration::from_millis(1)));
    let scope = minutes(10);
    let old = upload(&client, &scope).await.expect("a certificate").id;
    let new = upload(&client, &scope).await.expect("a certificate").id;
    simulator.clock().advance(Duration::from_secs(5));
    let (zone, scope) = (client.zone(&zone_id()), minutes(60));
    let at = CertificateStore::new(&zone, &scope, Store::Hostname);
    let mut removal = Removal::new(at, old.clone(), None, None);
    associate(&client, &new, Some(true)).await;
    for after in [20, 1900, 1900] {
        tokio::time::advance(Duration::from_millis(after)).await;
        let held = removal.attempt().await.expect("an answer");
        assert!(
            matches!(held, Attempt::Held(Obstacle::Propagating)),
            "{after}"
        );
        associate(&client, &new, Some(true)).await;
        tokio::time::advance(Duration::from_millis(20)).await;
    }
    tokio::time::advance(Duration::from_secs(3)).await;
    let deleted = removal.attempt().await.expect("an answer");
    assert!(matches!(deleted, Attempt::Deleted));
}

/// An API whose list of associations can stand still.
struct Stale {
    inner: InProcess,
    frozen: Arc<Mutex<Option<Answer>>>,
    /// Whether the next list is to be kept.
    freeze: Arc<Mutex<bool>>,
}

impl Transport for Stale {
    fn send<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 'a>> {
        Box::pin(async move {
            let lists = request.method == Method::Get && request.path.contains("/hostnames?");
            if lists && let Some(old) = self.frozen.lock().expect("no panic").clone() {
                return Ok(old);
            }
            let answer = self.inner.send(request).await?;
            if lists && *self.freeze.lock().expect("no panic") {
                *self.frozen.lock().expect("no panic") = Some(answer.clone());
            }
            Ok(answer)
        })
    }
}

/// The hostname has moved, and the list does not show it; perhaps the answer was lost as
/// well. A minute later the hostname itself is asked.
#[tokio::test(start_paused = true)]
async fn a_write_that_no_list_shows_holds_up_a_delete() {
    for (action, is_moved) in [
        (None, true),
        (Some(Action::ResetAfter), true),
        (Some(Action::ResetBefore), false),
    ] {
        let simulator = Simulator::new(Settings::default(), date());
        let freeze = Arc::new(Mutex::new(false));
        let transport = Stale {
            inner: InProcess(simulator.clone()),
            frozen: Arc::default(),
            freeze: Arc::clone(&freeze),
        };
        let options = Options {
            max_retries: Some(0),
            ..options()
        };
        let client = Client::new(Box::new(transport), &options);
        let scope: Scope = minutes(60);
        let old = upload(&client, &scope).await.expect("a certificate").id;
        let new = upload(&client, &scope).await.expect("a certificate").id;
        simulator.clock().advance(Duration::from_secs(5));
        associate(&client, &old, Some(true)).await;
        simulator.clock().advance(Duration::from_secs(600));
        *freeze.lock().expect("no panic") = true;
        let zone = client.zone(&zone_id());
        zone.associations(&scope).await.expect("a list");
        simulator.set(|s| s.association = Some(Duration::from_secs(300)));
        let is_answered = action.is_none();
        if let Some(action) = action {
            simulator.order(Fault::on("PUT", "/hostnames", action));
        }
        let second = write(&new, Some(true));
        let written = zone.write_associations(&scope, &second, Wanted::Always);
        assert_eq!(written.await.only().is_ok(), is_answered);
        let candidate = (Store::Hostname, &old);
        let held = attempt(&client, candidate, None).await.expect("an answer");
        assert_eq!(held, Some(Obstacle::Pending(app())), "at once");
        tokio::time::advance(Duration::from_secs(61)).await;
        let held = attempt(&client, candidate, None).await.expect("an answer");
        match is_moved {
            true => assert_eq!(held, Some(Obstacle::Pending(app())), "a minute later"),
            // It still has what it had, and what this run has brought lags behind.
            false => assert_eq!(held, Some(Obstacle::Propagating)),
        }
    }
}
