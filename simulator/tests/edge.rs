//! The edge's rule of precedence, row by row, each shown by real handshakes with an
//! origin that trusts one authority.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::sync::Arc;
use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{
    Edge, Origin, Presented, Reply, Request, Settings, Simulator, Store, TOKEN, ZONE_ID,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
const APP: &str = "app.example.com";

struct World {
    simulator: Simulator,
    authority: Authority,
    edge: Edge,
}

impl World {
    fn new() -> Self {
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let simulator = Simulator::new(Settings::default(), now);
        let authority = Authority::new("CA").unwrap();
        let origin = Arc::new(Origin::trusting(authority.certificate()).unwrap());
        let edge = Edge::beside(&simulator, ZONE_ID, origin);
        Self {
            simulator,
            authority,
            edge,
        }
    }

    /// A request, and a moment in which its effect reaches the edge.
    async fn send(&self, method: &str, path: &str, body: Value) -> Value {
        let reply = self.simulator.handle(Request {
            method: method.to_owned(),
            path: format!("/client/v4/zones/{ZONE_ID}{path}"),
            authorization: Some(format!("Bearer {TOKEN}")),
            body: body.to_string().into_bytes(),
            ..Request::default()
        });
        let Reply::Answer(answer) = reply.await else {
            unreachable!("no fault was ordered")
        };
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer.get("result").cloned().unwrap_or_default()
    }

    async fn settled(&self, method: &str, path: &str, body: Value) -> Value {
        let result = self.send(method, path, body).await;
        self.simulator.clock().advance(SECOND);
        result
    }

    async fn upload(&self, store: Store) -> String {
        let date = self.simulator.clock().date();
        let made = self.authority.client("client", date).unwrap();
        let body = json!({ "certificate": made.certificate, "private_key": made.private_key });
        let uploaded = self.settled("POST", path(store), body).await;
        uploaded["id"].as_str().unwrap_or_default().to_owned()
    }

    async fn associate(&self, certificate: &str, enabled: Option<bool>) {
        let item = json!({ "hostname": APP, "cert_id": certificate, "enabled": enabled });
        let path = "/origin_tls_client_auth/hostnames";
        self.send("PUT", path, json!({ "config": [item] })).await;
    }

    async fn switch(&self, on: bool) {
        let path = "/origin_tls_client_auth/settings";
        self.settled("PUT", path, json!({ "enabled": on })).await;
    }

    async fn switch_global(&self) {
        let body = json!({ "value": "on" });
        self.settled("PATCH", "/settings/tls_client_auth", body)
            .await;
    }

    /// What is presented now; and the origin takes it exactly if it is the zone's own.
    async fn presents(&self) -> String {
        self.presents_behind(Duration::ZERO).await
    }

    async fn presents_behind(&self, behind: Duration) -> String {
        let presented = self.simulator.look(ZONE_ID, |zone, now| {
            match zone.presented(APP, now, behind) {
                Presented::Nothing => "nothing".to_owned(),
                Presented::Shared => "shared".to_owned(),
                Presented::Certificate(certificate) => certificate.id.clone(),
            }
        });
        let taken = self.edge.request(APP, behind).await;
        let own = presented != "nothing" && presented != "shared";
        assert_eq!(taken.is_ok(), own, "{presented}: {taken:?}");
        presented
    }
}

fn path(store: Store) -> &'static str {
    match store {
        Store::Zone => "/origin_tls_client_auth",
        Store::Hostname => "/origin_tls_client_auth/hostnames/certificates",
    }
}

#[tokio::test]
async fn without_any_switch_nothing_is_presented() {
    let world = World::new();
    world.upload(Store::Zone).await;
    world.upload(Store::Hostname).await;
    assert_eq!(world.presents().await, "nothing");
}

#[tokio::test]
async fn an_association_comes_before_the_zone() {
    let world = World::new();
    let own = world.upload(Store::Hostname).await;
    world.upload(Store::Zone).await;
    world.switch(true).await;
    world.associate(&own, Some(true)).await;
    world.simulator.clock().advance(SECOND);
    assert_eq!(world.presents().await, own);
}

#[tokio::test]
async fn an_association_that_is_off_means_none_even_under_the_zone() {
    let world = World::new();
    let own = world.upload(Store::Hostname).await;
    world.upload(Store::Zone).await;
    world.switch(true).await;
    world.switch_global().await;
    world.associate(&own, Some(false)).await;
    world.simulator.clock().advance(SECOND);
    assert_eq!(world.presents().await, "nothing");
}

#[tokio::test]
async fn a_void_gives_the_hostname_back_to_the_zone() {
    let world = World::new();
    let own = world.upload(Store::Hostname).await;
    let zone = world.upload(Store::Zone).await;
    world.switch(true).await;
    world.associate(&own, Some(true)).await;
    world.simulator.clock().advance(SECOND);
    world.associate(&own, None).await;
    assert_eq!(world.presents().await, own, "until the void is deployed");
    world.simulator.clock().advance(SECOND);
    assert_eq!(world.presents().await, zone);
}

#[tokio::test]
async fn a_write_shows_when_it_is_deployed_and_not_before() {
    let world = World::new();
    let (old, new) = (
        world.upload(Store::Hostname).await,
        world.upload(Store::Hostname).await,
    );
    world.associate(&old, Some(true)).await;
    assert_eq!(world.presents().await, "nothing");
    world.simulator.clock().advance(SECOND);
    world.associate(&new, Some(true)).await;
    assert_eq!(world.presents().await, old);
    world.simulator.clock().advance(SECOND);
    assert_eq!(world.presents().await, new);
}

#[tokio::test]
async fn an_association_with_a_certificate_that_is_not_deployed_presents_none() {
    let world = World::new();
    world.simulator.set(|s| s.activation = Some(60 * SECOND));
    let own = world.upload(Store::Hostname).await;
    world.associate(&own, Some(true)).await;
    world.simulator.clock().advance(SECOND);
    assert_eq!(world.presents().await, "nothing");
    world.simulator.clock().advance(60 * SECOND);
    assert_eq!(world.presents().await, own);
}

#[tokio::test]
async fn of_the_zones_certificates_the_one_deployed_last_is_presented() {
    let world = World::new();
    world.switch(true).await;
    assert_eq!(world.presents().await, "nothing", "there is none");
    let first = world.upload(Store::Zone).await;
    assert_eq!(world.presents().await, first);
    let second = world.upload(Store::Zone).await;
    assert_eq!(world.presents().await, second);
    let delete = format!("{}/{second}", path(Store::Zone));
    world.send("DELETE", &delete, Value::Null).await;
    assert_eq!(world.presents().await, first);
}

#[tokio::test]
async fn the_zone_comes_before_the_global_switch() {
    let world = World::new();
    world.switch_global().await;
    assert_eq!(world.presents().await, "shared");
    let zone = world.upload(Store::Zone).await;
    assert_eq!(world.presents().await, "shared", "its switch is off");
    world.switch(true).await;
    assert_eq!(world.presents().await, zone);
    world.switch(false).await;
    assert_eq!(world.presents().await, "shared");
}

#[tokio::test]
async fn a_point_of_presence_that_is_behind_sees_what_was() {
    let world = World::new();
    let (old, new) = (
        world.upload(Store::Hostname).await,
        world.upload(Store::Hostname).await,
    );
    world.associate(&old, Some(true)).await;
    world.simulator.clock().advance(60 * SECOND);
    world.associate(&new, Some(true)).await;
    world.simulator.clock().advance(5 * SECOND);
    assert_eq!(world.presents().await, new);
    assert_eq!(world.presents_behind(10 * SECOND).await, old);
    assert_eq!(world.presents_behind(2 * SECOND).await, new);
}

#[tokio::test]
async fn a_point_of_presence_that_is_behind_hears_of_deletions_at_once() {
    let world = World::new();
    world.switch(true).await;
    let old = world.upload(Store::Zone).await;
    world.simulator.clock().advance(60 * SECOND);
    world.upload(Store::Zone).await;
    assert_eq!(world.presents_behind(10 * SECOND).await, old);
    let delete = format!("{}/{old}", path(Store::Zone));
    world.send("DELETE", &delete, Value::Null).await;
    assert_eq!(world.presents_behind(10 * SECOND).await, "nothing");
}
