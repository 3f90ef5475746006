//! What other people do at Cloudflare, and resources beside those of a scene.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Reply, Request, Store, TOKEN, ZONE_ID};
use serde_json::json;

use super::core::text;
use super::declared::{Argument, Declared};
use super::scene::Scene;
use framework::value::Dynamic;

pub(super) const NOBODY: [String; 0] = [];
pub(super) const APP: &str = "h0.example.com";

pub(super) fn value(text: &str) -> Argument {
    Argument::Value(Dynamic::from(text))
}

pub(super) fn id_of(address: &str) -> Argument {
    Argument::IdOf(address.to_owned())
}

pub(super) fn single(address: &str, hostname: &str, certificate: Argument) -> Declared {
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

pub(super) fn plural(hostnames: &[&str], id: &str) -> Declared {
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
pub(super) fn another(scene: &Scene, address: &str) -> Declared {
    let config = scene.serves.config(&scene.issue());
    let mut certificate = config.into_iter().next().expect("a certificate");
    certificate.address = address.to_owned();
    certificate
}

pub(super) async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

/// Somebody else asks the API.
pub(super) async fn elsewhere(
    scene: &Scene,
    method: &str,
    path: &str,
    query: &str,
    body: String,
) -> Answer {
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
pub(super) async fn upload_elsewhere(scene: &Scene) -> String {
    let before = live_ids(scene, Store::Hostname);
    let made = scene.issue();
    let body = json!({ "certificate": made.certificate, "private_key": made.private_key });
    let path = "/hostnames/certificates";
    let answer = elsewhere(scene, "POST", path, "", body.to_string()).await;
    assert_eq!(answer.status, 200);
    let mut live = live_ids(scene, Store::Hostname).into_iter();
    live.find(|id| !before.contains(id)).expect("a new one")
}

pub(super) async fn associate_elsewhere(scene: &Scene, hostname: &str, id: &str) {
    let item = json!({ "hostname": hostname, "cert_id": id, "enabled": true });
    let body = json!({ "config": [item] }).to_string();
    let answer = elsewhere(scene, "PUT", "/hostnames", "", body).await;
    assert_eq!(answer.status, 200);
}

pub(super) fn live_ids(scene: &Scene, store: Store) -> Vec<String> {
    scene.simulator.look(ZONE_ID, |zone, _| {
        let live = zone.live(store);
        live.iter().map(|c| c.id.clone()).collect()
    })
}

/// The list shows for an hour what it shows now.
pub(super) fn freeze(scene: &Scene, path: &str, listed: Answer) {
    let lag = Fault::on("GET", path, Action::Answer(listed));
    scene.simulator.order(lag.times(u32::MAX));
}

/// Applies, and deletes by hand what a killed create has issued.
pub(super) async fn clear_strays(scene: &Scene, wanted: &[Declared], case: &str) {
    for _ in 0..3 {
        if scene.core.apply(wanted).await.is_empty() {
            break;
        }
    }
    let own = text(&scene.core.state("certificate"), "id");
    assert!(!own.is_empty(), "{case}: the create");
    // What was held is carried out yet, and points of presence may still present it.
    seconds(10).await;
    let live = live_ids(scene, scene.serves.store());
    for stray in live.iter().filter(|id| **id != own) {
        scene.delete_elsewhere(stray).await;
    }
}
