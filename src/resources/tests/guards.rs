//! Guards that nothing else backs: each of these fails without the one that it is about.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Gate, Store, ZONE_ID};

use super::core::{Core, text};
use super::declared::{Argument, Declared};
use super::others::{another, elsewhere, freeze, live_ids, plural, seconds, single, value};
use super::scene::{Scene, Serves};
use framework::value::Dynamic;

/// A write: its method, and when it came.
#[derive(Debug)]
struct Sent {
    method: String,
    at: Duration,
}

fn sent(scene: &Scene) -> Vec<Sent> {
    let log = scene.simulator.log().into_iter();
    let writes = log.filter(|request| request.method != "GET");
    let writes = writes.map(|request| Sent {
        method: request.method,
        at: request.at,
    });
    writes.collect()
}

fn with(mut declared: Declared, name: &'static str, value: Argument) -> Declared {
    declared.arguments.retain(|(other, _)| *other != name);
    declared.arguments.push((name, value));
    declared
}

/// A certificate that nobody waits for, and what uses it.
fn unwaited(scene: &Scene, serves: Serves) -> Vec<Declared> {
    let mut declared = serves.config(&scene.issue());
    let no = Argument::Value(Dynamic::Bool(false));
    declared[0] = with(declared[0].clone(), "wait_for_deployment", no);
    declared
}

/// What presents a certificate is written once that can be presented: hostnames, alone and
/// many, and the setting of a zone.
#[tokio::test(start_paused = true)]
async fn nothing_is_pointed_at_a_certificate_before_it_is_active() {
    for serves in [Serves::Hostnames(1), Serves::Together(3), Serves::Zone] {
        let scene = Scene::new(serves);
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(30)));
        let config = unwaited(&scene, serves);
        assert_eq!(scene.core.apply(&config).await, [], "{serves:?}");
        let sent = sent(&scene);
        let [post, put] = sent.as_slice() else {
            panic!("{serves:?}: {sent:?}");
        };
        assert_eq!((post.method.as_str(), put.method.as_str()), ("POST", "PUT"));
        let after = put.at - post.at;
        assert!(after >= Duration::from_secs(30), "{serves:?}: {after:?}");
    }
}

/// A row that is older than the write ends no wait, however active it looks.
#[tokio::test(start_paused = true)]
async fn a_row_from_before_the_write_ends_no_wait() {
    const DEPLOYED: Duration = Duration::from_secs(40);
    for is_plural in [false, true] {
        let (scene, config) = Scene::applied(Serves::Strangers(0)).await;
        let certificates = [config, vec![another(&scene, "second")]].concat();
        assert_eq!(scene.core.apply(&certificates).await, []);
        let on = |certificate: &str| {
            let id = text(&scene.core.state(certificate), "id");
            match is_plural {
                true => plural(&["h0.example.com"], &id),
                false => single("all", "h0.example.com", value(&id)),
            }
        };
        assert_eq!(scene.core.apply(&[on("certificate")]).await, []);
        let list = elsewhere(&scene, "GET", "/hostnames", "status=all", String::new()).await;
        let path = "/hostnames/h0.example.com";
        let row = elsewhere(&scene, "GET", path, "", String::new()).await;
        scene.simulator.set(|s| s.association = Some(DEPLOYED));
        // For a while after the write both show what was before.
        for (path, old, before) in [("/hostnames", list, 1), ("/h0.example.com", row, 0)] {
            let old = Fault::on("GET", path, Action::Answer(old));
            scene.simulator.order(old.after(before).times(4));
        }
        let moved = on("second");
        assert_eq!(scene.core.apply_plan(&[moved]).await, [], "{is_plural}");
        let put = sent(&scene).pop().expect("a write").at;
        let waited = scene.simulator.clock().now() - put;
        assert!(waited >= DEPLOYED, "plural: {is_plural}, {waited:?}");
    }
}

/// A rotation leaves alone what this run has detached, however alive it still looks.
#[tokio::test(start_paused = true)]
async fn a_rotation_brings_nothing_back_that_was_detached() {
    let serves = Serves::Hostnames(2);
    let (scene, config) = Scene::applied(serves).await;
    scene.simulator.set(|s| {
        s.void_lag = Duration::from_secs(60);
        s.void = Duration::from_secs(90);
    });
    let api = scene.core.configure();
    assert_eq!(scene.core.destroy_in(&api, &config[2]).await, []);
    let rotated = serves.config(&scene.issue());
    assert_eq!(scene.core.apply_in(&api, &rotated[..1]).await, []);
    scene.simulator.look(ZONE_ID, |zone, _| {
        let alive: Vec<&str> = zone.associations().into_keys().collect();
        assert_eq!(alive, ["h0.example.com"]);
    });
}

/// An association that an earlier run has detached looks alive, and as wanted; it is written.
#[tokio::test(start_paused = true)]
async fn an_equal_association_may_be_a_shadow_and_is_written() {
    let serves = Serves::Hostnames(1);
    let (scene, config) = Scene::applied(serves).await;
    scene
        .simulator
        .set(|s| s.void_lag = Duration::from_secs(60));
    let api = scene.core.configure();
    assert_eq!(scene.core.destroy_in(&api, &config[1]).await, []);
    assert_eq!(scene.core.apply_plan(&config).await, []);
    seconds(120).await;
    let alive = scene
        .simulator
        .look(ZONE_ID, |zone, _| zone.associations().len());
    assert_eq!(alive, 1);
}

/// A copy that was not deployed is no copy to delete while a hostname uses it.
#[tokio::test(start_paused = true)]
async fn a_copy_that_hostnames_use_is_not_deleted_to_be_uploaded_again() {
    let serves = Serves::Strangers(1);
    let scene = Scene::new(serves);
    scene.simulator.set(|s| s.activation = None);
    let config = unwaited(&scene, serves);
    assert_eq!(scene.core.apply(&config).await, []);
    scene.give_to_strangers(Some(true)).await;
    seconds(400).await;
    let failed = scene.core.apply(&config).await;
    let said: Vec<&str> = failed.iter().map(|error| error.summary.as_str()).collect();
    assert_eq!(said, ["Certificate was not deployed before"]);
    let sent = sent(&scene);
    assert!(sent.iter().all(|one| one.method != "DELETE"), "{sent:?}");
}

/// A list may show a certificate that somebody has deleted: it is no copy to adopt.
#[tokio::test(start_paused = true)]
async fn a_copy_is_adopted_only_after_a_look_by_its_id() {
    let serves = Serves::Strangers(0);
    let (scene, config) = Scene::applied(serves).await;
    let path = "/hostnames/certificates";
    let list = elsewhere(&scene, "GET", path, "", String::new()).await;
    let id = text(&scene.core.state("certificate"), "id");
    scene.delete_elsewhere(&id).await;
    seconds(30).await;
    freeze(&scene, "/certificates", list);
    let other = Core::new(&scene.simulator);
    assert_eq!(other.apply_plan(&config).await, []);
    let own = text(&other.state("certificate"), "id");
    assert_eq!(live_ids(&scene, Store::Hostname), [own]);
}

/// A list of certificates that is older than the state is no drift.
#[tokio::test(start_paused = true)]
async fn an_old_list_of_certificates_is_no_drift() {
    let serves = Serves::Strangers(0);
    let scene = Scene::new(serves);
    scene
        .simulator
        .set(|s| s.activation = Some(Duration::from_secs(20)));
    let config = unwaited(&scene, serves);
    assert_eq!(scene.core.apply(&config).await, []);
    seconds(5).await;
    let path = "/hostnames/certificates";
    let pending = elsewhere(&scene, "GET", path, "", String::new()).await;
    seconds(60).await;
    assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
    let before = text(&scene.core.state("certificate"), "status");
    assert_eq!(before, "active");
    freeze(&scene, "/certificates", pending);
    assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
    assert_eq!(text(&scene.core.state("certificate"), "status"), "active");
}

/// What others have seems to be in the way in an old list; the hostname itself knows better.
#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_of_many_hostnames_is_asked_for_by_name() {
    let (scene, config) = Scene::applied(Serves::Hostnames(1)).await;
    let list = elsewhere(&scene, "GET", "/hostnames", "status=all", String::new()).await;
    let api = scene.core.configure();
    assert_eq!(scene.core.destroy_in(&api, &config[1]).await, []);
    let second = another(&scene, "second");
    assert_eq!(
        scene
            .core
            .apply_in(&api, std::slice::from_ref(&second))
            .await,
        []
    );
    seconds(60).await;
    let id = text(&scene.core.state("second"), "id");
    let old = Fault::on("GET", "/hostnames", Action::Answer(list));
    scene.simulator.order(old);
    let all = plural(&["h0.example.com"], &id);
    assert_eq!(scene.core.apply_plan(&[all]).await, []);
}

/// Waits until so many writes were sent.
async fn until_sent(scene: &Scene, count: usize) {
    while sent(scene).len() < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A create of the same certificate begins while its DELETE is being decided.
#[tokio::test(start_paused = true)]
async fn what_is_claimed_at_the_last_moment_is_not_deleted() {
    let (scene, config) = Scene::applied(Serves::Strangers(0)).await;
    let api = scene.core.configure();
    let mut again = config[0].clone();
    again.address = "again".to_owned();
    let gate = Gate::default();
    let held = Fault::on("GET", "/hostnames", Action::HoldBefore(gate.clone()));
    scene.simulator.order(held);
    let before = sent(&scene).len();
    let (destroyed, created, ()) = tokio::join!(
        scene.core.destroy_in(&api, &config[0]),
        async {
            gate.reached().await;
            scene
                .core
                .apply_in(&api, std::slice::from_ref(&again))
                .await
        },
        async {
            gate.reached().await;
            seconds(1).await;
            gate.open();
        }
    );
    assert_eq!([destroyed, created].concat(), []);
    assert_eq!(sent(&scene).len(), before, "{:?}", sent(&scene));
}

/// A setting and an association that are created while the request that takes them away is
/// repeated.
#[tokio::test(start_paused = true)]
async fn what_is_claimed_between_two_tries_is_not_taken_away() {
    for serves in [Serves::Zone, Serves::Hostnames(1)] {
        let (scene, config) = Scene::applied(serves).await;
        let api = scene.core.configure();
        let mut again = config[1].clone();
        again.address = "again".to_owned();
        let busy = Action::Answer(Answer::html(503, "busy"));
        scene.simulator.order(Fault::on("PUT", "", busy));
        let before = sent(&scene).len();
        let (destroyed, created) = tokio::join!(scene.core.destroy_in(&api, &config[1]), async {
            until_sent(&scene, before + 1).await;
            scene.core.apply_in(&api, &[config[0].clone(), again]).await
        });
        assert_eq!([destroyed, created].concat(), [], "{serves:?}");
        seconds(60).await;
        let is_there = scene.simulator.look(ZONE_ID, |zone, _| match serves {
            Serves::Zone => zone.enabled,
            _ => !zone.associations().is_empty(),
        });
        assert!(is_there, "{serves:?}");
        // The one that was answered with 503, and no other.
        let log = scene.simulator.log();
        let puts = log.iter().filter(|request| request.method == "PUT");
        let off = puts.filter(|request| match serves {
            Serves::Zone => request.body["enabled"] == false,
            _ => request.body["config"][0]["enabled"].is_null(),
        });
        assert_eq!(off.count(), 1, "{serves:?}");
    }
}

/// What this run has turned off looks on for a while: it is turned on all the same.
#[tokio::test(start_paused = true)]
async fn a_setting_that_was_turned_off_a_moment_ago_is_turned_on_whatever_it_shows() {
    let (scene, config) = Scene::applied(Serves::Zone).await;
    let api = scene.core.configure();
    let on = elsewhere(&scene, "GET", "/settings", "", String::new()).await;
    freeze(&scene, "/settings", on);
    assert_eq!(scene.core.destroy_in(&api, &config[1]).await, []);
    assert_eq!(scene.core.apply_in(&api, &config).await, []);
    assert!(scene.simulator.look(ZONE_ID, |zone, _| zone.enabled));
}

/// A create finds the hostname taken by a resource whose destroy begins only then.
#[tokio::test(start_paused = true)]
async fn a_hostname_that_is_about_to_be_released_is_waited_for() {
    let (scene, config) = Scene::applied(Serves::Hostnames(1)).await;
    let second = another(&scene, "second");
    assert_eq!(
        scene.core.apply_plan(std::slice::from_ref(&second)).await,
        []
    );
    let api = scene.core.configure();
    let id = text(&scene.core.state("second"), "id");
    let moved = [single("moved", "h0.example.com", value(&id))];
    let (created, destroyed) = tokio::join!(scene.core.apply_in(&api, &moved), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        scene.core.destroy_in(&api, &config[1]).await
    });
    assert_eq!([created, destroyed].concat(), []);
    scene.simulator.look(ZONE_ID, |zone, _| {
        let on: Vec<&str> = zone
            .associations()
            .values()
            .map(|a| a.certificate_id.as_str())
            .collect();
        assert_eq!(on, [id.as_str()]);
    });
}

/// A hostname that its resource wants where it is stays there, also without a write.
#[tokio::test(start_paused = true)]
async fn a_rotation_leaves_a_hostname_where_its_resource_wants_it() {
    let (scene, _) = Scene::applied(Serves::Strangers(0)).await;
    let id = text(&scene.core.state("certificate"), "id");
    let fixed = single("fixed", "h0.example.com", value(&id));
    assert_eq!(scene.core.apply(std::slice::from_ref(&fixed)).await, []);
    let api = scene.core.configure();
    let no = Argument::Value(Dynamic::Bool(false));
    let unwaited = with(fixed, "wait_for_deployment", no);
    assert_eq!(scene.core.apply_in(&api, &[unwaited]).await, []);
    let rotated = scene.serves.config(&scene.issue());
    let failed = scene.core.apply_in(&api, &rotated).await;
    let said: Vec<&str> = failed.iter().map(|error| error.summary.as_str()).collect();
    assert_eq!(said, ["Certificate is still in use"]);
    scene.simulator.look(ZONE_ID, |zone, _| {
        let all = zone.associations();
        assert!(all.values().all(|a| a.certificate_id == id), "{all:?}");
    });
}
