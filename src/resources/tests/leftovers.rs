//! What a killed rotation to an issued certificate has left, where the lists lag behind.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Gate, Store};

use super::core::text;
use super::others::live_ids;
use super::scene::{Scene, Serves};

/// Kills an apply once its upload is at Cloudflare.
async fn kill_after_upload(scene: &Scene, name: &str) {
    let gate = Gate::default();
    let held = Fault::on("POST", "", Action::HoldAfter(gate.clone()));
    scene.simulator.order(held);
    let (core, config) = (scene.core.clone(), scene.issuing(name));
    let apply = tokio::spawn(async move { core.apply(&config).await });
    gate.reached().await;
    apply.abort();
    gate.open();
}

/// The next one cannot know what the list does not show yet, and issues another; at its end it
/// sees the first.
#[tokio::test(start_paused = true)]
async fn what_the_list_shows_only_at_the_end_is_deleted_then() {
    for serves in [Serves::Hostnames(1), Serves::Zone] {
        for next in ["Another", "A third"] {
            let scene = Scene::new(serves);
            assert_eq!(scene.core.apply(&scene.issuing("One")).await, []);
            scene.simulator.set(|s| {
                s.list_lag = Duration::from_secs(8);
                s.activation = Some(Duration::from_secs(12));
            });
            let watch = scene.watch().await;
            kill_after_upload(&scene, "Another").await;
            assert_eq!(live_ids(&scene, serves.store()).len(), 2);
            let config = scene.issuing(next);
            assert_eq!(scene.core.apply(&config).await, [], "{serves:?}, {next}");
            let own = text(&scene.core.state("certificate"), "id");
            assert_eq!(
                live_ids(&scene, serves.store()),
                [own],
                "{serves:?}, {next}"
            );
            assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
            assert_eq!(watch.refused(), Vec::<String>::new());
        }
    }
}

/// Whether a killed rotation has left something is asked at the end, when all is done.
#[tokio::test(start_paused = true)]
async fn a_rotation_succeeds_although_nobody_can_say_what_was_left() {
    let scene = Scene::new(Serves::Zone);
    assert_eq!(scene.core.apply(&scene.issuing("One")).await, []);
    let gate = Gate::default();
    let held = Fault::on("DELETE", "", Action::HoldAfter(gate.clone()));
    scene.simulator.order(held);
    let (core, config) = (scene.core.clone(), scene.issuing("Another"));
    let apply = tokio::spawn(async move { core.apply(&config).await });
    gate.reached().await;
    let refused = Action::Answer(Answer {
        status: 403,
        headers: Vec::new(),
        body: Vec::new(),
    });
    let list = Fault::on("GET", "/origin_tls_client_auth", refused);
    scene.simulator.order(list);
    gate.open();
    assert_eq!(apply.await.expect("an apply"), []);
    let log = scene.simulator.log();
    assert!(log.iter().any(|request| request.status == 403));
    let own = text(&scene.core.state("certificate"), "id");
    assert_eq!(live_ids(&scene, Store::Zone), [own]);
}
