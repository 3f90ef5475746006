//! Whether a zone certificate is presented, where others come and go in its zone.

use aop_simulator::Store;
use aop_simulator::pki::ClientCertificate;
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

#[tokio::test(start_paused = true)]
async fn a_hostname_certificate_does_not_say_so() {
    let (scene, _) = Scene::applied(Serves::Hostnames(1)).await;
    let state = scene.core.state("certificate");
    let Dynamic::Map(attributes) = &state else {
        panic!("a certificate: {state:?}");
    };
    assert!(attributes.get("presented").is_none());
}
