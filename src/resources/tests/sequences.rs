//! Sequences in which lists lag, answers are lost, and others meddle: traffic keeps its
//! certificate, and nothing hangs.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Gate, Store, ZONE_ID};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::core::text;
use super::declared::Argument;
use super::others::{
    APP, NOBODY, another, associate_elsewhere, elsewhere, freeze, id_of, live_ids, plural, seconds,
    single, upload_elsewhere,
};
use super::scene::{Scene, Serves};
use framework::value::Dynamic;

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

/// A certificate in use is destroyed in a run that also brings one: the two obstacles take
/// turns, and the destroy ends all the same.
#[tokio::test(start_paused = true)]
async fn two_obstacles_that_take_turns_do_not_hold_up_a_destroy_for_ever() {
    let (scene, before) = Scene::applied(Serves::Strangers(1)).await;
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
    let (scene, before) = Scene::applied(Serves::Hostnames(2)).await;
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
