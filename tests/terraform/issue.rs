//! `issue`: certificates whose keys nobody has, and their renewal.

use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Action, Fault, Gate, Shows, Store, ZONE_ID};
use xtask::Product;

use crate::interruption::{finish, signal_group};
use crate::scene::{ASSOCIATION, Live, Scene, says, with_every_cli};

const CERTIFICATES: &str = "/hostnames/certificates";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A certificate that is issued, with more arguments, and its authority's key in a variable
/// that lives for one run.
pub fn issued(store: Store, more: &str) -> String {
    let kind = match store {
        Store::Zone => "zone",
        Store::Hostname => "hostname",
    };
    format!(
        r#"
variable "ca_key" {{
  type      = string
  ephemeral = true
  default   = null
}}
resource "aop_{kind}_certificate" "shop" {{
  zone_id = var.zone_id
  issue = {{
    ca_certificate    = file("ca.pem")
    ca_private_key_wo = var.ca_key
{more}
  }}
}}
"#
    )
}

const SWITCH: &str = r#"
resource "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [aop_zone_certificate.shop]
}
"#;

/// Writes the scene's authority, and its key where the variable takes it from.
pub fn with_authority(scene: &Scene, authority: &Authority) {
    let key = format!("ca_key = {:?}\n", authority.private_key());
    scene
        .workspace
        .write("ca.pem", authority.certificate())
        .unwrap();
    scene.workspace.write("ca.auto.tfvars", &key).unwrap();
}

fn without_key(scene: &Scene) {
    scene.workspace.write("ca.auto.tfvars", "").unwrap();
}

fn writes(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    log.iter().filter(|request| request.method != "GET").count()
}

/// The private keys that Cloudflare has of a store.
fn keys(scene: &Scene, store: Store) -> Vec<String> {
    scene.simulator.look(ZONE_ID, |zone, _| {
        let live = zone.live(store);
        live.iter().map(|found| found.private_key.clone()).collect()
    })
}

fn begin(scene: &Scene, store: Store) -> (String, Live) {
    let (rest, host) = match store {
        Store::Hostname => (ASSOCIATION, "app.example.com"),
        Store::Zone => (SWITCH, "www.example.com"),
    };
    with_authority(scene, &scene.authority);
    // Answers say what time it is at Cloudflare.
    scene.simulator.set(|s| s.clock_ahead = Some(0));
    let config = format!("{}{rest}", issued(store, ""));
    scene.configure(&config);
    scene.apply();
    scene.plan_is_empty();
    (config, scene.traffic(&[host]))
}

#[test]
fn a_certificate_is_issued_and_renewed_in_place_when_its_time_has_come() {
    with_every_cli("issue-renewal", |scene| {
        for store in [Store::Hostname, Store::Zone] {
            let (_, live) = begin(scene, store);
            let (ids, first) = (scene.ids(store), keys(scene, store));
            // Ninety days; a third of them before the end.
            scene.simulator.clock().advance(59 * DAY);
            scene.plan_is_empty();
            scene
                .simulator
                .clock()
                .advance(DAY + Duration::from_secs(2 * 3600));
            scene.plan_changes(&["Certificate is renewed", "to change, 0 to destroy"]);
            // Who only reads is told, and not stopped.
            without_key(scene);
            let told = scene.plan_is_empty();
            says(
                &told,
                &["Renewal is due", "set ca_private_key_wo and apply"],
            );
            assert!(!told.text().contains("From then on"), "{}", told.text());
            scene.simulator.clock().advance(18 * DAY);
            says(
                &scene.plan_is_empty(),
                &["From then on origins refuse Cloudflare's requests"],
            );
            assert_eq!(scene.ids(store), ids);
            with_authority(scene, &scene.authority);
            scene.run(&["plan", "-out=renewal.tfplan"], 0);
            scene.simulator.clock().advance(DAY);
            scene.run(&["apply", "renewal.tfplan"], 0);
            scene.plan_is_empty();
            live.was_never_refused();
            assert_ne!(scene.ids(store), ids);
            assert_ne!(keys(scene, store), first);
            scene.destroy();
        }
    });
}

#[test]
fn what_a_certificate_shows_is_a_rotation_and_what_it_does_not_show_is_state() {
    with_every_cli("issue-arguments", |scene| {
        let (_, live) = begin(scene, Store::Hostname);
        let mut ids = scene.ids(Store::Hostname);
        let config = |more: &str| format!("{}{ASSOCIATION}", issued(Store::Hostname, more));
        let written = writes(scene);
        scene.rewrite(&config(
            "    validity     = \"4320h\"\n    renew_before = \"240h\"",
        ));
        scene.plan_changes(&["0 to add, 1 to change, 0 to destroy"]);
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(writes(scene), written);
        for more in [
            "    common_name = \"Another edge\"",
            "    common_name = \"Another edge\"\n    key_algorithm = \"ECDSA_P384\"",
            "    key_algorithm = \"RSA_2048\"",
        ] {
            scene.rewrite(&config(more));
            scene.apply();
            scene.plan_is_empty();
            let now = scene.ids(Store::Hostname);
            assert_ne!(now, ids, "{more}");
            ids = now;
        }
        // Without the key nothing can be issued, and nothing has to be.
        without_key(scene);
        scene.plan_is_empty();
        scene.rewrite(&config(""));
        scene.plan_fails(&["CA private key is missing", "Set ca_private_key_wo"]);
        with_authority(scene, &scene.authority);
        live.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn from_a_given_certificate_to_an_issued_one_and_back() {
    with_every_cli("issue-from-given", |scene| {
        let given = format!("{}{ASSOCIATION}", crate::scene::CERTIFICATE);
        scene.certificate("shop");
        scene.configure(&given);
        scene.apply();
        let live = scene.traffic(&["app.example.com"]);
        with_authority(scene, &scene.authority);
        scene.rewrite(&format!("{}{ASSOCIATION}", issued(Store::Hostname, "")));
        says(&scene.apply(), &["0 added, 2 changed, 0 destroyed"]);
        scene.plan_is_empty();
        scene.rewrite(&given);
        says(&scene.apply(), &["0 added, 2 changed, 0 destroyed"]);
        scene.plan_is_empty();
        live.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn one_that_is_imported_is_taken_as_it_is_where_it_fits() {
    with_every_cli("issue-import", |scene| {
        let (_, live) = begin(scene, Store::Hostname);
        let id = format!("{ZONE_ID}/{}", scene.ids(Store::Hostname).remove(0));
        let address = "aop_hostname_certificate.shop";
        scene.run(&["state", "rm", address], 0);
        scene.run(&["import", address, &id], 0);
        let written = writes(scene);
        scene.plan_changes(&["0 to add, 1 to change, 0 to destroy"]);
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(writes(scene), written);
        live.was_never_refused();
        scene.destroy();
    });
}

/// However Cloudflare shows the chain of an intermediate authority's certificate.
#[test]
fn one_that_is_imported_under_an_intermediate_is_taken_as_it_is() {
    with_every_cli("issue-import-chain", |scene| {
        for shows in [Shows::Everything, Shows::Leaf, Shows::Reversed] {
            let middle = scene.authority.intermediate("Middle CA").unwrap();
            with_authority(scene, &middle);
            let chain = format!("{}{}", middle.certificate(), scene.authority.certificate());
            scene.workspace.write("ca.pem", &chain).unwrap();
            scene.simulator.set(|s| s.shows = shows);
            scene.configure(&issued(Store::Hostname, ""));
            scene.apply();
            scene.plan_is_empty();
            let id = format!("{ZONE_ID}/{}", scene.ids(Store::Hostname).remove(0));
            let address = "aop_hostname_certificate.shop";
            scene.run(&["state", "rm", address], 0);
            scene.run(&["import", address, &id], 0);
            let written = writes(scene);
            scene.apply();
            without_key(scene);
            scene.plan_is_empty();
            assert_eq!(writes(scene), written, "{shows:?}");
            scene.destroy();
        }
    });
}

/// A plan that only reads is kept, and carried out by whoever has the key: then it renews.
#[test]
fn a_plan_without_the_key_is_consistent_with_an_apply_that_has_it() {
    with_every_cli("issue-open", |scene| {
        for store in [Store::Hostname, Store::Zone] {
            let (_, live) = begin(scene, store);
            let ids = scene.ids(store);
            scene.simulator.clock().advance(61 * DAY);
            let rest = if store == Store::Zone {
                SWITCH
            } else {
                ASSOCIATION
            };
            let config = format!("{}{rest}", issued(store, "    renew_before = \"721h\""));
            scene.configure(&config);
            // Without the key it stays what it is, whatever else changes.
            without_key(scene);
            scene.run(&["plan", "-out=open.tfplan"], 0);
            says(
                &scene.run(&["apply", "open.tfplan"], 0),
                &["Renewal is due"],
            );
            assert_eq!(scene.ids(store), ids);
            says(&scene.plan_is_empty(), &["Renewal is due"]);
            let config = format!("{}{rest}", issued(store, "    renew_before = \"722h\""));
            scene.configure(&config);
            scene.run(&["plan", "-out=open.tfplan"], 0);
            with_authority(scene, &scene.authority);
            // Terraform takes no value at the apply that the plan did not have.
            if scene.cli.product == Product::OpenTofu {
                scene.run(&["apply", "open.tfplan"], 0);
                assert_ne!(scene.ids(store), ids);
            } else {
                scene.apply();
            }
            scene.plan_is_empty();
            live.was_never_refused();
            scene.destroy();
        }
    });
}

/// Killed before and after the upload of a renewal: what was uploaded is known again by its
/// serial number, and nothing is left.
#[test]
fn a_killed_renewal_is_known_again_by_its_serial_number() {
    with_every_cli("issue-killed", |scene| {
        for (store, path) in [
            (Store::Hostname, CERTIFICATES),
            (Store::Zone, "/origin_tls_client_auth"),
        ] {
            let (_, live) = begin(scene, store);
            for hold in [Action::HoldBefore as fn(Gate) -> Action, Action::HoldAfter] {
                scene.simulator.clock().advance(61 * DAY);
                let before = scene.requests("POST", path);
                let gate = Gate::default();
                let upload = Fault::on("POST", path, hold(gate.clone()));
                scene.simulator.order(upload);
                let child = scene.workspace.start(&["apply", "-auto-approve"]).unwrap();
                scene.wait_until(|| gate.is_reached());
                signal_group(&child, "KILL");
                finish(child);
                gate.open();
                scene.run(&["apply", "-auto-approve", "-lock=false"], 0);
                scene.plan_is_empty();
                assert_eq!(scene.ids(store).len(), 1, "{store:?}");
                // One that is held before it is done is carried out by nobody.
                assert_eq!(scene.requests("POST", path) - before, 1, "{store:?}");
            }
            live.was_never_refused();
            scene.destroy();
        }
    });
}
