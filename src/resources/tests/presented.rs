//! Whether a zone certificate is presented, where others come and go in its zone.

use std::time::Duration;

use aop_simulator::pki::ClientCertificate;
use aop_simulator::{Action, Fault, Gate, Store};
use serde_json::json;

use super::core::{attribute, text};
use super::others::{elsewhere, live_ids, seconds};
use super::scene::{Scene, Serves};
use framework::value::Dynamic;

fn presented(scene: &Scene) -> Dynamic {
    attribute(&scene.core.state("certificate"), "presented")
}

/// Somebody else uploads a zone certificate.
async fn upload_elsewhere(scene: &Scene, made: &ClientCertificate) {
    let body = json!({ "certificate": made.certificate, "private_key": made.private_key });
    let answer = elsewhere(scene, "POST", "", "", body.to_string()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_later_certificate_is_presented_until_it_goes() {
    let (scene, config) = Scene::applied(Serves::Zone).await;
    assert_eq!(presented(&scene), Dynamic::Bool(true));
    let own = text(&scene.core.state("certificate"), "id");

    upload_elsewhere(&scene, &scene.issue()).await;
    assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
    // It is not deployed yet.
    assert_eq!(presented(&scene), Dynamic::Bool(true));
    seconds(20).await;
    assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
    assert_eq!(presented(&scene), Dynamic::Bool(false));

    let mut live = live_ids(&scene, Store::Zone);
    live.retain(|id| *id != own);
    scene.delete_elsewhere(&live[0]).await;
    seconds(20).await;
    assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
    assert_eq!(presented(&scene), Dynamic::Bool(true));
}

#[tokio::test(start_paused = true)]
async fn a_rotation_and_an_adoption_say_what_is_presented_afterwards() {
    let (scene, config) = Scene::applied(Serves::Zone).await;
    let rotated = scene.serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&rotated).await, []);
    assert_eq!(presented(&scene), Dynamic::Bool(true));

    // Adopted beside a later one, the earlier is not presented.
    let [made, later] = [scene.issue(), scene.issue()];
    for one in [&made, &later] {
        upload_elsewhere(&scene, one).await;
        seconds(20).await;
    }
    let adopted = scene.serves.config(&made);
    assert_eq!(scene.core.apply(&adopted).await, []);
    assert_eq!(presented(&scene), Dynamic::Bool(false));
    assert_eq!(scene.core.apply(&config).await, []);
    assert_eq!(presented(&scene), Dynamic::Bool(true));
}

/// What an interrupted rotation has left is deleted where the configuration goes back: what
/// stays is presented again, although a list can still show the other.
#[tokio::test(start_paused = true)]
async fn it_is_presented_again_when_a_rotation_is_called_off() {
    let (scene, config) = Scene::applied(Serves::Zone).await;
    let next = scene.serves.config(&scene.issue());
    let gate = Gate::default();
    let held = Fault::on("POST", "", Action::HoldAfter(gate.clone()));
    scene.simulator.order(held);
    let (core, wanted) = (scene.core.clone(), next.clone());
    let apply = tokio::spawn(async move { core.apply(&wanted).await });
    gate.reached().await;
    scene.core.interrupt();
    gate.open();
    assert_ne!(apply.await.expect("an apply"), []);
    seconds(60).await;
    assert_eq!(
        scene.core.plan(&config).await.map(|changes| changes.len()),
        Ok(1)
    );
    scene
        .simulator
        .set(|s| s.list_lag = Duration::from_secs(30));
    assert_eq!(scene.core.apply(&config).await, []);
    assert_eq!(presented(&scene), Dynamic::Bool(true));
    seconds(60).await;
    assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
    assert_eq!(presented(&scene), Dynamic::Bool(true));
}

/// The list that an apply sees at its end can show what it has deleted.
#[tokio::test(start_paused = true)]
async fn an_old_list_does_not_hide_what_is_presented() {
    let scene = Scene::new(Serves::Zone);
    let early = scene.issue();
    upload_elsewhere(&scene, &early).await;
    seconds(20).await;
    let late = scene.serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&late).await, []);
    let both = elsewhere(&scene, "GET", "", "", String::new()).await;

    let gate = Gate::default();
    let held = Fault::on("DELETE", "", Action::HoldBefore(gate.clone()));
    scene.simulator.order(held);
    let (core, wanted) = (scene.core.clone(), scene.serves.config(&early));
    let apply = tokio::spawn(async move { core.apply(&wanted).await });
    gate.reached().await;
    let old = Fault::on("GET", "/origin_tls_client_auth", Action::Answer(both));
    scene.simulator.order(old);
    gate.open();
    assert_eq!(apply.await.expect("an apply"), []);
    assert_eq!(presented(&scene), Dynamic::Bool(true));
}

#[tokio::test(start_paused = true)]
async fn a_hostname_certificate_does_not_say_so() {
    let (scene, _) = Scene::applied(Serves::Hostnames(1)).await;
    let state = scene.core.state("certificate");
    let Dynamic::Map(attributes) = &state else {
        panic!("a certificate: {state:?}");
    };
    assert!(attributes.get("presented").is_none());
}
