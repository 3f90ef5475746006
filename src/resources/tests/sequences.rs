//! Sequences in which lists lag, answers are lost, others meddle, or resources take over
//! from each other: traffic keeps its certificate, and nothing hangs.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Gate, Reply, Request, Store, TOKEN, ZONE_ID};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::core::text;
use super::declared::{Argument, Declared};
use super::scene::{Scene, Serves};
use crate::value::Dynamic;

const NOBODY: [String; 0] = [];
const APP: &str = "h0.example.com";

fn value(text: &str) -> Argument {
    Argument::Value(Dynamic::from(text))
}

fn id_of(address: &str) -> Argument {
    Argument::IdOf(address.to_owned())
}

fn single(address: &str, hostname: &str, certificate: Argument) -> Declared {
    let arguments = vec![
        ("zone_id", value(ZONE_ID)),
        ("hostname", value(hostname)),
        ("certificate_id", certificate),
    ];
    Declared {
        address: address.to_owned(),
        kind: "aop_hostname_association",
        arguments,
        needs: Vec::new(),
    }
}

fn plural(hostnames: &[&str], id: &str) -> Declared {
    let entries = hostnames.iter().map(|name| {
        let entry = [
            ("certificate_id".to_owned(), Dynamic::from(id)),
            ("enabled".to_owned(), Dynamic::Null),
        ];
        ((*name).to_owned(), Dynamic::Map(entry.into()))
    });
    let entries = Dynamic::Map(entries.collect());
    Declared {
        address: "all".to_owned(),
        kind: "aop_hostname_associations",
        arguments: vec![
            ("zone_id", value(ZONE_ID)),
            ("associations", Argument::Value(entries)),
        ],
        needs: Vec::new(),
    }
}

/// One more certificate beside those of the scene.
fn another(scene: &Scene, address: &str) -> Declared {
    let config = scene.serves.config(&scene.issue());
    let mut certificate = config.into_iter().next().expect("a certificate");
    certificate.address = address.to_owned();
    certificate
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

/// Somebody else asks the API.
async fn elsewhere(scene: &Scene, method: &str, path: &str, query: &str, body: String) -> Answer {
    let request = Request {
        method: method.to_owned(),
        path: format!("/client/v4/zones/{ZONE_ID}/origin_tls_client_auth{path}"),
        query: query.to_owned(),
        authorization: Some(format!("Bearer {TOKEN}")),
        body: body.into_bytes(),
        ..Request::default()
    };
    match scene.simulator.handle(request).await {
        Reply::Answer(answer) => answer,
        Reply::Reset => unreachable!("nothing is reset here"),
    }
}

/// Somebody else uploads a hostname certificate. Answers its id.
async fn upload_elsewhere(scene: &Scene) -> String {
    let before = live_ids(scene, Store::Hostname);
    let made = scene.issue();
    let body = json!({ "certificate": made.certificate, "private_key": made.private_key });
    let path = "/hostnames/certificates";
    let answer = elsewhere(scene, "POST", path, "", body.to_string()).await;
    assert_eq!(answer.status, 200);
    let mut live = live_ids(scene, Store::Hostname).into_iter();
    live.find(|id| !before.contains(id)).expect("a new one")
}

async fn associate_elsewhere(scene: &Scene, hostname: &str, id: &str) {
    let item = json!({ "hostname": hostname, "cert_id": id, "enabled": true });
    let body = json!({ "config": [item] }).to_string();
    let answer = elsewhere(scene, "PUT", "/hostnames", "", body).await;
    assert_eq!(answer.status, 200);
}

fn live_ids(scene: &Scene, store: Store) -> Vec<String> {
    scene.simulator.look(ZONE_ID, |zone, _| {
        let live = zone.live(store);
        live.iter().map(|c| c.id.clone()).collect()
    })
}

/// The list shows for an hour what it shows now.
fn freeze(scene: &Scene, path: &str, listed: Answer) {
    let lag = Fault::on("GET", path, Action::Answer(listed));
    scene.simulator.order(lag.times(u32::MAX));
}

/// The first certificate is gone, and the list shows it still: it is not adopted unseen.
#[tokio::test(start_paused = true)]
async fn a_rotation_is_taken_back_while_the_list_is_old() {
    let serves = Serves::Zone;
    let scene = Scene::new(serves);
    let (old, new) = (scene.issue(), scene.issue());
    assert_eq!(scene.core.apply(&serves.config(&old)).await, []);
    let watch = scene.watch().await;
    let listed = elsewhere(&scene, "GET", "", "", String::new()).await;
    assert_eq!(scene.core.apply(&serves.config(&new)).await, []);
    freeze(&scene, "/origin_tls_client_auth", listed);
    let _ = scene.core.apply(&serves.config(&old)).await;
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// The new certificate is deleted by somebody else while the old one waits for a hostname.
#[tokio::test(start_paused = true)]
async fn a_successor_that_is_gone_takes_nothing_over() {
    let serves = Serves::Zone;
    let scene = Scene::new(serves);
    assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
    let other = upload_elsewhere(&scene).await;
    seconds(30).await;
    let watch = scene.watch().await;
    scene
        .simulator
        .set(|s| s.association = Some(Duration::from_secs(60)));
    let old = text(&scene.core.state("certificate"), "id");
    let wanted = serves.config(&scene.issue());
    associate_elsewhere(&scene, "x.example.com", &other).await;
    let core = scene.core.clone();
    let applied = tokio::spawn(async move { core.apply(&wanted).await });
    seconds(30).await;
    let live = live_ids(&scene, Store::Zone);
    let new = live.into_iter().find(|id| *id != old);
    scene.delete_elsewhere(&new.expect("a new one")).await;
    let failed = applied.await.expect("no panic");
    assert_eq!(failed[0].summary, "Successor is not active");
    seconds(60).await;
    assert_eq!(live_ids(&scene, Store::Zone), [old]);
    assert_eq!(watch.refused(), NOBODY);
}

/// An API without the list of associations: what this run has moved is asked for by name.
#[tokio::test(start_paused = true)]
async fn without_a_list_nothing_is_deleted_that_serves_what_this_run_has_moved() {
    let serves = Serves::Hostnames(1);
    let scene = Scene::new(serves);
    scene.simulator.set(|s| s.lists_associations = false);
    let before = serves.config(&scene.issue());
    let other = another(&scene, "other");
    let all = [before[0].clone(), before[1].clone(), other.clone()];
    assert_eq!(scene.core.apply(&all).await, []);
    let watch = scene.watch().await;
    let mut moved = single(APP, APP, id_of("other"));
    let at_once = Argument::Value(Dynamic::Bool(false));
    moved.arguments.push(("wait_for_deployment", at_once));
    let api = scene.core.configure();
    assert_eq!(scene.core.apply_in(&api, &[other, moved]).await, []);
    assert_eq!(scene.core.destroy_in(&api, &before[0]).await, []);
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// A new certificate is not found by its id for a while after its upload.
#[tokio::test(start_paused = true)]
async fn an_upload_that_is_not_found_at_once_is_not_forgotten() {
    for serves in [Serves::Hostnames(1), Serves::Zone] {
        for missing in [1, 8] {
            let scene = Scene::new(serves);
            let before = serves.config(&scene.issue());
            assert_eq!(scene.core.apply(&before).await, []);
            let old = text(&scene.core.state("certificate"), "id");
            let gate = Gate::default();
            let held = Fault::on("POST", "", Action::HoldAfter(gate.clone()));
            scene.simulator.order(held);
            let after = serves.config(&scene.issue());
            let (failed, ()) = tokio::join!(scene.core.apply(&after), async {
                gate.reached().await;
                let live = live_ids(&scene, serves.store());
                let new = live.into_iter().find(|id| *id != old).expect("a new one");
                let gone = Action::Answer(Answer::error(404, 1551, "not found"));
                scene
                    .simulator
                    .order(Fault::on("GET", &new, gone).times(missing));
                gate.open();
            });
            assert_eq!(failed, [], "{serves:?}");
            scene.heal(&before, &format!("{serves:?}, and back")).await;
        }
    }
}

/// The answer to a PUT, and the list, show what was there before.
#[tokio::test(start_paused = true)]
async fn the_wait_for_an_association_does_not_end_with_the_old_one() {
    let serves = Serves::Hostnames(1);
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    let other = another(&scene, "other");
    let all = [before[0].clone(), before[1].clone(), other.clone()];
    assert_eq!(scene.core.apply(&all).await, []);
    let old = text(&scene.core.state("certificate"), "id");
    let row = json!({ "hostname": APP, "cert_id": old, "enabled": true, "status": "active" });
    let answer = |result: Json| Answer {
        status: 200,
        headers: Vec::new(),
        body: json!({ "success": true, "result": result })
            .to_string()
            .into_bytes(),
    };
    let put = Action::DoneBut(answer(json!([row])));
    scene.simulator.order(Fault::on("PUT", "/hostnames", put));
    let get = Action::Answer(answer(row));
    scene
        .simulator
        .order(Fault::on("GET", &format!("/{APP}"), get).times(2));
    let moved = single(APP, APP, id_of("other"));
    let wanted = [before[0].clone(), other, moved];
    assert_eq!(scene.core.apply(&wanted).await, []);
    let presented = scene.simulator.look(ZONE_ID, |zone, now| {
        let presented = zone.presented(APP, now, Duration::ZERO);
        presented.id().map(str::to_owned)
    });
    assert_eq!(presented, Some(text(&scene.core.state("other"), "id")));
}

/// Somebody has changed a hostname since the last refresh: an update that does not write it
/// holds up no certificate.
#[tokio::test(start_paused = true)]
async fn drift_that_nobody_has_seen_holds_up_no_certificate() {
    let serves = Serves::Together(2);
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    let unused = another(&scene, "unused");
    let all = [before[0].clone(), before[1].clone(), unused.clone()];
    assert_eq!(scene.core.apply(&all).await, []);
    let other = upload_elsewhere(&scene).await;
    seconds(30).await;
    associate_elsewhere(&scene, "h1.example.com", &other).await;
    seconds(30).await;
    let id = text(&scene.core.state("certificate"), "id");
    let more = plural(&[APP, "h1.example.com", "h2.example.com"], &id);
    let api = scene.core.configure();
    assert_eq!(scene.core.apply_in(&api, &[more]).await, []);
    let started = Instant::now();
    assert_eq!(scene.core.destroy_in(&api, &unused).await, []);
    assert!(started.elapsed() < Duration::from_secs(60));
}

/// The list still shows what was before the apply: that is no drift.
#[tokio::test(start_paused = true)]
async fn the_plan_after_an_apply_is_empty_while_the_list_is_old() {
    for serves in [Serves::Hostnames(1), Serves::Together(2)] {
        let scene = Scene::new(serves);
        assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
        let query = "status=all&per_page=1000&page=1";
        let listed = elsewhere(&scene, "GET", "/hostnames", query, String::new()).await;
        let wanted = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&wanted).await, []);
        freeze(&scene, "/hostnames", listed);
        assert_eq!(scene.core.plan(&wanted).await, Ok(Vec::new()));
    }
}

/// The successor waits longer for its certificate than the destroy may take.
#[tokio::test(start_paused = true)]
async fn a_destroy_waits_for_its_successor_beyond_its_own_deadline() {
    let serves = Serves::Hostnames(1);
    let scene = Scene::new(serves);
    let mut before = serves.config(&scene.issue());
    let limits = ["create", "update", "delete"].map(|name| {
        let limit = match name {
            "delete" => Dynamic::from("5s"),
            _ => Dynamic::Null,
        };
        (name.to_owned(), limit)
    });
    let limits = Argument::Value(Dynamic::Map(limits.into()));
    before[1].arguments.push(("timeouts", limits));
    assert_eq!(scene.core.apply(&before).await, []);
    let watch = scene.watch().await;
    scene
        .simulator
        .set(|s| s.activation = Some(Duration::from_secs(60)));
    let id = upload_elsewhere(&scene).await;
    let successor = [single("successor", APP, value(&id))];
    let api = scene.core.configure();
    let (created, destroyed) = tokio::join!(
        scene.core.apply_in(&api, &successor),
        scene.core.destroy_in(&api, &before[1]),
    );
    assert_eq!((created, destroyed), (Vec::new(), Vec::new()));
    assert!(scene.core.state(APP).is_null());
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// A certificate in use is destroyed in a run that also brings one: the two obstacles take
/// turns, and the destroy ends all the same.
#[tokio::test(start_paused = true)]
async fn two_obstacles_that_take_turns_do_not_hold_up_a_destroy_for_ever() {
    let serves = Serves::Strangers(1);
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&before).await, []);
    scene.give_to_strangers(Some(true)).await;
    let api = scene.core.configure();
    assert_eq!(
        scene.core.apply_in(&api, &[another(&scene, "other")]).await,
        []
    );
    let started = Instant::now();
    let failed = scene.core.destroy_in(&api, &before[0]).await;
    assert_eq!(failed[0].summary, "Certificate is still in use");
    assert!(
        started.elapsed() < Duration::from_secs(100),
        "{:?}",
        started.elapsed()
    );
}

/// Of two hostnames one is detached in this run, and listed as deleted; the other one is
/// forgotten: only that one is named, after a minute.
#[tokio::test(start_paused = true)]
async fn a_hostname_that_is_detached_holds_no_certificate() {
    let serves = Serves::Hostnames(2);
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&before).await, []);
    let api = scene.core.configure();
    assert_eq!(scene.core.destroy_in(&api, &before[1]).await, []);
    seconds(10).await;
    let started = Instant::now();
    let failed = scene.core.destroy_in(&api, &before[0]).await;
    assert_eq!(failed[0].summary, "Certificate is still in use");
    assert!(failed[0].detail.contains("h1.example.com"), "{failed:?}");
    assert!(!failed[0].detail.contains(APP), "{failed:?}");
    assert!(
        started.elapsed() < Duration::from_secs(100),
        "{:?}",
        started.elapsed()
    );
}

/// A DELETE has taken effect, but was answered with 500; then nobody wants it any more. The
/// one who takes the certificate over knows that it is gone, whatever the list shows.
#[tokio::test(start_paused = true)]
async fn a_delete_that_may_have_been_carried_out_is_remembered() {
    let serves = Serves::Hostnames(0);
    let scene = Scene::new(serves);
    let made = scene.issue();
    let before = serves.config(&made);
    assert_eq!(scene.core.apply(&before).await, []);
    seconds(30).await;
    let query = "/hostnames/certificates";
    let listed = elsewhere(&scene, "GET", query, "", String::new()).await;
    freeze(&scene, query, listed);
    let lost = Action::DoneBut(Answer::html(500, "oops"));
    scene
        .simulator
        .order(Fault::on("DELETE", "/certificates", lost).times(u32::MAX));
    let mut renamed = serves.config(&made).remove(0);
    renamed.address = "renamed".to_owned();
    let api = scene.core.configure();
    let wanted = [renamed];
    let (_, created) = tokio::join!(scene.core.destroy_in(&api, &before[0]), async {
        // Once the first DELETE is sent.
        while !scene.simulator.log().iter().any(|r| r.method == "DELETE") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        scene.core.apply_in(&api, &wanted).await
    });
    assert_eq!(created, []);
    let id = text(&scene.core.state("renamed"), "id");
    assert_eq!(live_ids(&scene, Store::Hostname), [id]);
}

/// Renamed, with a new certificate that Cloudflare gives up deploying: nothing takes the
/// hostname over, so it is not taken away.
#[tokio::test(start_paused = true)]
async fn a_hostname_whose_successor_fails_keeps_its_certificate() {
    let serves = Serves::Hostnames(1);
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&before).await, []);
    let watch = scene.watch().await;
    scene.simulator.set(|s| {
        s.activation = None;
        s.deployment_timeout = Duration::from_secs(60);
    });
    let wanted = [
        another(&scene, "fresh"),
        single("renamed", APP, id_of("fresh")),
    ];
    let api = scene.core.configure();
    let (failed, kept) = tokio::join!(
        scene.core.apply_in(&api, &wanted),
        scene.core.destroy_in(&api, &before[1]),
    );
    assert_eq!(failed[0].summary, "Certificate was not deployed");
    assert_eq!(kept[0].summary, "Successor failed");
    assert!(!scene.core.state(APP).is_null(), "it stays in state");
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// Three single resources become one plural one, of which another hostname cannot be had.
#[tokio::test(start_paused = true)]
async fn hostnames_stay_where_the_resource_that_takes_them_over_fails() {
    let serves = Serves::Hostnames(3);
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&before).await, []);
    let other = upload_elsewhere(&scene).await;
    seconds(30).await;
    associate_elsewhere(&scene, "x.example.com", &other).await;
    seconds(30).await;
    let watch = scene.watch().await;
    let id = text(&scene.core.state("certificate"), "id");
    let names = [APP, "h1.example.com", "h2.example.com"];
    let wrong = [plural(&[&names[..], &["x.example.com"]].concat(), &id)];
    let api = scene.core.configure();
    let (failed, a, b, c) = tokio::join!(
        scene.core.apply_in(&api, &wrong),
        scene.core.destroy_in(&api, &before[1]),
        scene.core.destroy_in(&api, &before[2]),
        scene.core.destroy_in(&api, &before[3]),
    );
    assert_eq!(failed[0].summary, "Hostname is already associated");
    for kept in [a, b, c] {
        assert_eq!(kept[0].summary, "Successor failed");
    }
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
    // The mistake is mended.
    let right = [plural(&names, &id)];
    let api = scene.core.configure();
    let (created, a, b, c) = tokio::join!(
        scene.core.apply_in(&api, &right),
        scene.core.destroy_in(&api, &before[1]),
        scene.core.destroy_in(&api, &before[2]),
        scene.core.destroy_in(&api, &before[3]),
    );
    assert_eq!([created, a, b, c], [const { Vec::new() }; 4]);
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// A hostname passes from the plural resource to a single one, while another entry of the
/// plural one is wrong: the next apply does not take away what was handed over.
#[tokio::test(start_paused = true)]
async fn what_was_taken_over_from_a_failed_update_is_its_no_longer() {
    let serves = Serves::Together(2);
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&before).await, []);
    let watch = scene.watch().await;
    let id = text(&scene.core.state("certificate"), "id");
    let wrong = "00000000-0000-4000-8000-000000000000";
    let taken = [
        before[0].clone(),
        single("single", APP, id_of("certificate")),
    ];
    let first = [plural(&["h1.example.com", "new.example.com"], wrong)];
    let api = scene.core.configure();
    let (failed, handed_over) = tokio::join!(
        scene.core.apply_in(&api, &first),
        scene.core.apply_in(&api, &taken),
    );
    assert_eq!(failed[0].summary, "Certificate not found");
    assert_eq!(handed_over, []);
    let names = ["h1.example.com", "new.example.com"];
    let second = [taken[0].clone(), taken[1].clone(), plural(&names, &id)];
    assert_eq!(scene.core.apply(&second).await, []);
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// A setting that another resource was to take over, and could not: it stays on.
#[tokio::test(start_paused = true)]
async fn a_setting_whose_successor_fails_stays_on() {
    let serves = Serves::Zone;
    let scene = Scene::new(serves);
    let before = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&before).await, []);
    let watch = scene.watch().await;
    let mut renamed = before[1].clone();
    renamed.address = "renamed".to_owned();
    renamed.needs = Vec::new();
    let refused = Action::Answer(Answer::error(403, 10000, "no"));
    scene
        .simulator
        .order(Fault::on("GET", "/settings", refused));
    let api = scene.core.configure();
    let wanted = [renamed];
    let (failed, kept) = tokio::join!(
        scene.core.apply_in(&api, &wanted),
        scene.core.destroy_in(&api, &before[1]),
    );
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(kept[0].summary, "Successor failed");
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}
