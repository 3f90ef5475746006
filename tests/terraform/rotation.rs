//! Another certificate takes over in place, under traffic to an origin that refuses
//! every request without one.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Gate, Store};
use serde_json::json;

use crate::interruption::{finish, signal_group};
use crate::scene::{CERTIFICATE, CONFIG, Scene, says, with_every_cli, with_every_cli_at_once};

const CERTIFICATES: &str = "/hostnames/certificates";
const HOSTNAMES: &str = "/origin_tls_client_auth/hostnames";

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

/// Two origins, each with an authority of its own.
#[test]
fn a_hostname_with_a_certificate_of_its_own_beside_the_zones() {
    with_every_cli("rotate-specialized", |scene| {
        let example = xtask::root().join("examples/specialized-certificates/main.tf");
        let other = aop_simulator::pki::Authority::new("Payments CA").unwrap();
        let pay = |scene: &Scene| {
            let made = other.client("pay", crate::scene::now()).unwrap();
            scene.write_certificate("pay", &made);
        };
        scene.certificate("zone");
        pay(scene);
        let config = std::fs::read_to_string(example).unwrap();
        scene.workspace.write("main.tf", &config).unwrap();
        scene.run(&["init"], 0);
        scene.apply();
        scene.plan_is_empty();
        let zone = scene.traffic(&["www.example.com"]);
        let own = scene.traffic_to(&other, &["pay.example.com"]);
        // An origin that demands none: the edge must not show one.
        let presented = scene.simulator.look(aop_simulator::ZONE_ID, |zone, now| {
            zone.presented("status.example.com", now, Duration::ZERO)
                .id()
                .map(str::to_owned)
        });
        assert_eq!(presented, None);
        scene.certificate("zone");
        pay(scene);
        scene.apply();
        scene.plan_is_empty();
        zone.was_never_refused();
        own.was_never_refused();
        scene.destroy();
    });
}

/// CLI and provider are killed at one request after another of an apply, each time
/// of another certificate; each time the next apply ends what was begun.
fn kill_at_every_request(scene: &Scene, hold: fn(Gate) -> Action) {
    scene.certificate("shop");
    scene.configure(CONFIG);
    scene.apply();
    let live = scene.traffic(&["app.example.com"]);
    for at in 0.. {
        scene.certificate("shop");
        scene.run(&["plan", "-out=rotation.tfplan"], 0);
        let gate = Gate::default();
        scene
            .simulator
            .order(Fault::on_any(hold(gate.clone())).after(at));
        let mut child = scene
            .workspace
            .start(&["apply", "rotation.tfplan"])
            .unwrap();
        let mut ended = false;
        scene.wait_until(|| {
            gate.is_reached() || {
                ended = child.try_wait().unwrap().is_some();
                ended
            }
        });
        if gate.is_reached() {
            signal_group(&child, "KILL");
            finish(child);
            gate.open();
            scene.run(&["apply", "-auto-approve", "-lock=false"], 0);
        } else {
            assert_eq!(finish(child).code, 0);
            scene.simulator.forget_faults();
        }
        scene.plan_is_empty();
        assert_eq!(
            scene.ids(Store::Hostname).len(),
            1,
            "killed at request {at}"
        );
        assert_eq!(live.traffic.tally().refused, 0, "killed at request {at}");
        if ended {
            assert!(at > 6, "an apply has more requests than {at}");
            break;
        }
    }
    live.was_never_refused();
    scene.destroy();
}

#[test]
fn killed_before_any_request_takes_effect_the_next_apply_ends_it() {
    with_every_cli_at_once("rotate-kill-before", |scene| {
        kill_at_every_request(scene, Action::HoldBefore);
    });
}

#[test]
fn killed_after_any_request_took_effect_the_next_apply_ends_it() {
    with_every_cli_at_once("rotate-kill-after", |scene| {
        kill_at_every_request(scene, Action::HoldAfter);
    });
}

#[test]
fn a_new_certificate_that_the_api_refuses_leaves_everything_as_it_was() {
    with_every_cli("rotate-refused", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let before = scene.ids(Store::Hostname);
        let live = scene.traffic(&["app.example.com"]);
        scene.certificate("shop");
        let refusal = Answer::error(400, 1408, "Unable to parse certificate");
        scene
            .simulator
            .order(Fault::on("POST", CERTIFICATES, Action::Answer(refusal)));
        scene.apply_fails(&[
            "Cloudflare cannot read the certificate",
            "The old certificate still serves, and stays in state",
        ]);
        assert_eq!(scene.ids(Store::Hostname), before);
        scene.plan_changes(&["2 to change"]);
        live.was_never_refused();
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

/// Also what Terraform does not manage moves along, each hostname with its own
/// `enabled`, and one that pins "none" stays pinned.
#[test]
fn hostnames_that_terraform_does_not_know_move_along() {
    with_every_cli("rotate-unmanaged", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let write = |hostname: &str, enabled: bool| json!({ "hostname": hostname, "cert_id": id, "enabled": enabled });
        let writes = [
            write("one.example.com", true),
            write("none.example.com", false),
        ];
        scene.elsewhere("PUT", HOSTNAMES, &json!({ "config": writes }).to_string());
        let live = scene.traffic(&["one.example.com"]);
        scene.workspace.set_env("TF_LOG_PROVIDER", "INFO");
        scene.certificate("shop");
        let applied = scene.apply();
        says(
            &applied,
            &["hostnames given another certificate", "count=2"],
        );
        live.was_never_refused();
        let new = scene.ids(Store::Hostname);
        assert_eq!(new.len(), 1);
        let on = scene.simulator.look(aop_simulator::ZONE_ID, |zone, _| {
            let on = zone.associations();
            let on = on.values().map(|a| (a.certificate_id.clone(), a.enabled));
            on.collect::<Vec<_>>()
        });
        assert_eq!(
            on,
            [(new[0].clone(), Some(false)), (new[0].clone(), Some(true))]
        );
        scene.plan_is_empty();
    });
}

#[test]
fn an_interrupted_rotation_names_what_is_left_and_the_next_apply_clears_it_away() {
    with_every_cli("rotate-superseded", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let old = scene.ids(Store::Hostname).remove(0);
        let live = scene.traffic(&["app.example.com"]);
        scene.certificate("shop");
        let forbidden = Answer::error(403, 10000, "Authentication error");
        let fault = Fault::on("DELETE", &old, Action::Answer(forbidden));
        scene.simulator.order(fault);
        scene.apply_fails(&["Permission denied"]);
        let shown = scene.run(&["state", "show", "aop_hostname_certificate.shop"], 0);
        says(&shown, &["superseded_ids = [", &old]);
        scene.plan_changes(&["superseded_ids", "1 to change"]);
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        live.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn a_certificate_that_was_not_deployed_is_uploaded_again() {
    with_every_cli("rotate-timed-out", |scene| {
        scene.certificate("shop");
        scene.simulator.set(|s| {
            s.activation = None;
            s.deployment_timeout = Duration::from_secs(1);
        });
        scene.configure(CERTIFICATE);
        let applied = scene.apply();
        says(&applied, &["Warning: Certificate was not deployed"]);
        scene.plan_changes(&["1 to change", "timed out (deployment_timed_out)"]);
        scene.apply_fails(&["Certificate was not deployed", "new serial number"]);
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_millis(300)));
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.destroy();
    });
}

#[test]
fn a_certificate_that_was_not_deployed_but_has_hostnames_is_not_deleted() {
    with_every_cli("rotate-timed-out-used", |scene| {
        scene.certificate("shop");
        scene.simulator.set(|s| {
            s.activation = None;
            s.deployment_timeout = Duration::from_secs(1);
        });
        scene.configure(CERTIFICATE);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let write = json!({ "hostname": "one.example.com", "cert_id": id, "enabled": true });
        scene.elsewhere("PUT", HOSTNAMES, &json!({ "config": [write] }).to_string());
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_millis(300)));
        scene.apply_fails(&["Certificate was not deployed before", "new serial number"]);
        assert_eq!(scene.requests("DELETE", ""), 0);
        // Another certificate takes over, and the hostname with it.
        scene.certificate("shop");
        scene.apply();
        scene.plan_is_empty();
        let live = scene.traffic(&["one.example.com"]);
        assert_ne!(scene.ids(Store::Hostname), [id]);
        drop(live);
    });
}

#[test]
fn a_deletion_that_cloudflare_gave_up_is_asked_for_once_more() {
    with_every_cli("rotate-deletion-timed-out", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.apply();
        scene.simulator.set(|s| {
            s.deletion = None;
            s.deployment_timeout = Duration::from_secs(1);
        });
        let refused = scene.run(&["destroy", "-auto-approve"], 1);
        says(&refused, &["Certificate was not deleted", "twice"]);
        // It is alive for a read, and nothing changes it.
        scene.plan_is_empty();
        scene
            .simulator
            .set(|s| s.deletion = Some(Duration::from_millis(300)));
        scene.destroy();
    });
}

#[test]
fn a_hundred_hostnames_move_with_one_request() {
    with_every_cli_at_once("rotate-hundred", |scene| {
        scene.simulator.set(|s| s.rate_limit = None);
        scene.certificate("shop");
        let associations = r#"
resource "aop_hostname_association" "all" {
  for_each       = toset([for i in range(100) : "h${i}.example.com"])
  zone_id        = var.zone_id
  hostname       = each.key
  certificate_id = aop_hostname_certificate.shop.id
}
"#;
        scene.configure(&format!("{CERTIFICATE}{associations}"));
        scene.apply();
        let names: Vec<String> = (0..100).map(|i| format!("h{i}.example.com")).collect();
        let live = scene.traffic(&names.iter().map(String::as_str).collect::<Vec<_>>());
        scene.certificate("shop");
        let written = writes(scene).len();
        let applied = scene.apply();
        says(&applied, &["0 added, 101 changed, 0 destroyed"]);
        assert_eq!(writes(scene)[written..], ["POST", "PUT", "DELETE"]);
        live.was_never_refused();
        scene.plan_is_empty();
    });
}
