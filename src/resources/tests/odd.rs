//! Rotations that meet the API's odder sides.

use std::time::Duration;

use aop_simulator::ZONE_ID;
use rcgen::KeyPair;
use tokio::time::Instant;

use super::core::text;
use super::scene::{Scene, Serves};
use framework::value::Dynamic;

/// The ids in `superseded_ids`.
fn superseded(scene: &Scene) -> Vec<String> {
    let state = scene.core.state("certificate");
    let Dynamic::Map(entries) = state else {
        return Vec::new();
    };
    let Some(Dynamic::List(ids)) = entries.get("superseded_ids") else {
        return Vec::new();
    };
    let ids = ids.iter().filter_map(|id| match id {
        Dynamic::String(id) => Some(id.clone()),
        _ => None,
    });
    ids.collect()
}

fn live(scene: &Scene) -> usize {
    let store = scene.serves.store();
    scene
        .simulator
        .look(ZONE_ID, |zone, _| zone.live(store).len())
}

/// Cloudflare gives up deploying one certificate, and then the same one again.
#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_never_deployed_does_not_supersede_itself() {
    for serves in [Serves::Hostnames(0), Serves::Zone] {
        let scene = Scene::new(serves);
        scene.simulator.set(|s| {
            s.activation = None;
            s.deployment_timeout = Duration::from_secs(60);
        });
        let config = serves.config(&scene.issue());
        let _ = scene.core.apply(&config[..1]).await;
        for _ in 0..2 {
            let failed = scene.core.apply(&config[..1]).await;
            assert_eq!(failed.len(), 1, "{failed:?}");
            assert_eq!(superseded(&scene), Vec::<String>::new());
        }
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(6)));
        scene.heal(&config, "deployed at last").await;
        scene.clear(&config, "deployed at last").await;
    }
}

/// A private key repeats its public key, which the certificate shows too: an answer that
/// shows the certificate repeats nothing secret, wherever the key stands in it.
#[tokio::test(start_paused = true)]
async fn an_answer_with_the_public_key_is_no_echo_of_the_private_one() {
    let key = KeyPair::generate().expect("a key");
    // One name for every way in which the lines of key and certificate can meet.
    for length in 1..=48 {
        let scene = Scene::new(Serves::Hostnames(0));
        let config = scene
            .serves
            .config(&scene.issue_named(&"n".repeat(length), &key));
        assert_eq!(scene.core.apply(&config).await, [], "{length}");
        let posts = scene.simulator.log();
        let posts = posts.iter().filter(|request| request.method == "POST");
        assert_eq!(posts.count(), 1, "{length}");
    }
}

/// The same in a run that brings something else as well: the failed copy makes room soon.
#[tokio::test(start_paused = true)]
async fn a_certificate_that_was_not_deployed_is_uploaded_again_beside_others() {
    for serves in [Serves::Hostnames(0), Serves::Zone] {
        let scene = Scene::new(serves);
        scene.simulator.set(|s| {
            s.activation = None;
            s.deployment_timeout = Duration::from_secs(60);
        });
        let certificate = serves.config(&scene.issue()).remove(0);
        let _ = scene.core.apply(std::slice::from_ref(&certificate)).await;
        assert!(
            scene
                .core
                .plan(std::slice::from_ref(&certificate))
                .await
                .is_ok()
        );
        let quick = Some(Duration::from_secs(6));
        scene.simulator.set(|s| s.activation = quick);
        let mut other = serves.config(&scene.issue()).remove(0);
        other.address = "other".to_owned();
        let started = Instant::now();
        assert_eq!(scene.core.apply(&[other, certificate]).await, []);
        assert!(started.elapsed() < Duration::from_secs(100), "{serves:?}");
    }
}

/// A rotation is interrupted; somebody deletes the old certificate; another one is
/// wanted: the one in between is not forgotten.
#[tokio::test(start_paused = true)]
async fn what_a_rotation_has_left_is_remembered_when_the_old_certificate_is_gone() {
    let serves = Serves::Hostnames(0);
    let scene = Scene::new(serves);
    assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
    let old = text(&scene.core.state("certificate"), "id");
    scene.simulator.set(|s| s.activation = None);
    let failed = scene.core.apply(&serves.config(&scene.issue())).await;
    assert_eq!(failed.len(), 1);
    assert_eq!(superseded(&scene).len(), 1);
    assert_eq!(live(&scene), 2);
    scene.delete_elsewhere(&old).await;
    scene
        .simulator
        .set(|s| s.activation = Some(Duration::from_secs(6)));
    scene
        .heal(&serves.config(&scene.issue()), "a third certificate")
        .await;
}

/// The successor is missing from the list for longer than any patience.
#[tokio::test(start_paused = true)]
async fn a_list_that_lags_for_minutes_does_not_stop_a_rotation() {
    for serves in [Serves::Hostnames(1), Serves::Zone] {
        let scene = Scene::new(serves);
        assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
        tokio::time::sleep(Duration::from_secs(600)).await;
        scene
            .simulator
            .set(|s| s.list_lag = Duration::from_secs(300));
        let watch = scene.watch().await;
        let config = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&config).await, []);
        tokio::time::sleep(Duration::from_secs(300)).await;
        scene.heal(&config, "list lag").await;
        assert_eq!(watch.refused(), Vec::<String>::new());
    }
}
