//! Another certificate takes over in place, under traffic to an origin that refuses
//! every request without one.

use std::time::Duration;

use aop_simulator::Store;

use crate::scene::{CONFIG, Scene, says, with_every_cli};

/// A zone certificate from zone.pem and zone.key, and the switch.
pub const ZONE: &str = r#"
resource "aop_zone_certificate" "zone" {
  zone_id     = var.zone_id
  certificate = file("zone.pem")
  private_key = file("zone.key")
}
resource "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [aop_zone_certificate.zone]
}
"#;

/// Requests that change something.
fn writes(scene: &Scene) -> Vec<String> {
    let log = scene.simulator.log();
    let writes = log.iter().filter(|r| r.method != "GET");
    writes.map(|r| r.method.clone()).collect()
}

#[test]
fn a_hostname_certificate_is_exchanged_without_a_refused_handshake() {
    with_every_cli("rotate-hostname", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let before = scene.ids(Store::Hostname);
        let live = scene.traffic(&["app.example.com"]);
        scene.certificate("shop");
        scene.plan_changes(&["0 to add, 2 to change, 0 to destroy", "(known after apply)"]);
        let written = writes(scene).len();
        let applied = scene.apply();
        says(&applied, &["0 added, 2 changed, 0 destroyed"]);
        assert_eq!(writes(scene)[written..], ["POST", "PUT", "DELETE"]);
        scene.plan_is_empty();
        live.was_never_refused();
        let after = scene.ids(Store::Hostname);
        assert_eq!(after.len(), 1);
        assert_ne!(before, after);
        scene.destroy();
    });
}

#[test]
fn a_zone_certificate_is_exchanged_without_a_refused_handshake() {
    with_every_cli("rotate-zone", |scene| {
        scene
            .simulator
            .set(|s| s.edge_lag = Duration::from_millis(700));
        scene.certificate("zone");
        scene.configure(ZONE);
        scene.apply();
        let live = scene.traffic(&["www.example.com", "example.com"]);
        scene.certificate("zone");
        let written = writes(scene).len();
        scene.apply();
        assert_eq!(writes(scene)[written..], ["POST", "DELETE"]);
        scene.plan_is_empty();
        live.was_never_refused();
        assert_eq!(scene.ids(Store::Zone).len(), 1);
        scene.destroy();
    });
}
