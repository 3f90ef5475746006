//! One run, one owner: an object that passes from one resource to another within
//! a run stays, whatever order core chooses.

use std::time::Duration;

use aop_simulator::{Store, ZONE_ID};

use crate::rotation::ZONE;
use crate::scene::{ASSOCIATION, CERTIFICATE, CONFIG, Scene, says, with_every_cli};

/// Requests that void a hostname.
fn voids(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    let voids = |body: &serde_json::Value| {
        let items = body["config"].as_array().into_iter().flatten();
        items.filter(|item| item["enabled"].is_null()).count()
    };
    log.iter()
        .filter(|r| r.method == "PUT")
        .map(|r| voids(&r.body))
        .sum()
}

#[test]
fn a_renamed_association_is_never_voided() {
    with_every_cli("rename-association", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        scene.rewrite(&CONFIG.replace("\"app\"", "\"renamed\""));
        let applied = scene.apply();
        says(
            &applied,
            &[
                "1 added, 0 changed, 1 destroyed",
                "Association is left as it is",
            ],
        );
        assert_eq!(voids(scene), 0);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_renamed_certificate_is_never_deleted() {
    with_every_cli("rename-certificate", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let before = scene.ids(Store::Hostname);
        scene.rewrite(
            &CONFIG
                .replace("\"shop\"", "\"renamed\"")
                .replace("certificate.shop", "certificate.renamed"),
        );
        let applied = scene.apply();
        says(&applied, &["Certificate is left as it is"]);
        assert_eq!(scene.requests("DELETE", ""), 0);
        assert_eq!(scene.ids(Store::Hostname), before);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn replacing_with_create_before_destroy_adopts_and_keeps() {
    with_every_cli("cbd", |scene| {
        scene.certificate("shop");
        let cbd = "\n  lifecycle { create_before_destroy = true }\n}\n";
        scene.configure(&CONFIG.replace("\n}\n", cbd));
        scene.apply();
        let before = scene.ids(Store::Hostname);
        let replace = [
            "apply",
            "-auto-approve",
            "-replace=aop_hostname_certificate.shop",
            "-replace=aop_hostname_association.app",
        ];
        scene.run(&replace, 0);
        assert_eq!(scene.requests("DELETE", ""), 0);
        assert_eq!(voids(scene), 0);
        assert_eq!(scene.ids(Store::Hostname), before);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_renamed_setting_is_never_switched_off() {
    with_every_cli("rename-setting", |scene| {
        scene.certificate("zone");
        let config = ZONE;
        scene.configure(config);
        scene.apply();
        scene.rewrite(&config.replace(
            "\"aop_zone_setting\" \"zone\"",
            "\"aop_zone_setting\" \"renamed\"",
        ));
        scene.apply();
        let log = scene.simulator.log();
        let off = log
            .iter()
            .filter(|r| r.method == "PUT" && r.body["enabled"] == false);
        assert_eq!(off.count(), 0);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn what_is_declared_twice_is_an_error() {
    with_every_cli("twice", |scene| {
        scene.certificate("shop");
        let again = CONFIG
            .replace("\"app\"", "\"again\"")
            .replace("app.example.com", "APP.example.com");
        let (_, association) = again.split_once("\n}\n").unwrap();
        scene.configure(&format!("{CONFIG}{association}"));
        scene.apply_fails(&["Hostname is declared twice", "moved block"]);
        scene.rewrite(CONFIG);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_certificate_declared_twice_is_an_error_and_stored_once() {
    with_every_cli("twice-certificate", |scene| {
        scene.certificate("shop");
        let certificate = CERTIFICATE;
        let again = certificate.replace("\"shop\"", "\"again\"");
        scene.configure(&format!("{certificate}{again}"));
        scene.apply_fails(&["Certificate is declared twice"]);
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.rewrite("");
        scene.apply();
        assert_eq!(scene.left(), 0);
    });
}

/// The new resource comes late, when the old one's DELETE has been sent already: the
/// certificate comes back under its old id, and the old resource lets go of it.
#[test]
fn a_certificate_that_comes_back_while_it_is_being_deleted_stays() {
    with_every_cli("comes-back", |scene| {
        scene.certificate("shop");
        let certificate = CERTIFICATE;
        scene.configure(certificate);
        scene.apply();
        scene
            .simulator
            .set(|s| s.deletion = Some(Duration::from_secs(3)));
        let late = r#"
resource "terraform_data" "late" {
  provisioner "local-exec" { command = "sleep 2" }
}
"#;
        let renamed = certificate.replace(
            "\"shop\" {",
            "\"renamed\" {\n  depends_on = [terraform_data.late]",
        );
        scene.rewrite(&format!("{late}{renamed}"));
        scene.apply();
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.plan_is_empty();
        let state = scene.run(&["state", "list"], 0);
        assert!(
            !state.text().contains("certificate.shop"),
            "{}",
            state.text()
        );
        scene.destroy();
    });
}

#[test]
fn two_zone_certificates_do_not_leave_together() {
    with_every_cli("both-leave", |scene| {
        for name in ["one", "two"] {
            scene.certificate(name);
        }
        let config = r#"
resource "aop_zone_certificate" "both" {
  for_each    = toset(["one", "two"])
  zone_id     = var.zone_id
  certificate = file("${each.key}.pem")
  private_key = file("${each.key}.key")
  timeouts    = { delete = "8s" }
}
"#;
        scene.configure(config);
        scene.apply();
        let path = "/origin_tls_client_auth/settings";
        scene.elsewhere("PUT", path, r#"{"enabled":true}"#);
        let refused = scene.run(&["destroy", "-auto-approve"], 1);
        says(&refused, &["Last certificate of the zone is in use"]);
        assert_eq!(scene.ids(Store::Zone).len(), 1);
        scene.elsewhere("PUT", path, r#"{"enabled":false}"#);
        scene.destroy();
    });
}

#[test]
fn the_shadow_of_a_voided_association_is_not_adopted() {
    with_every_cli("shadow", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        scene
            .simulator
            .set(|s| s.void_lag = Duration::from_secs(300));
        let certificate = CERTIFICATE;
        scene.rewrite(certificate);
        scene.apply();
        scene.rewrite(CONFIG);
        scene.apply();
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.plan_is_empty();
        scene.simulator.set(|s| s.void_lag = Duration::ZERO);
        scene.destroy();
    });
}

/// As an apply leaves it that was killed between the create and the destroy.
#[test]
fn an_object_with_two_addresses_is_left_by_the_one_that_goes() {
    with_every_cli("two-addresses", |scene| {
        const OLD: &str = "aop_hostname_association.app";
        const NEW: &str = "aop_hostname_association.renamed";
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let renamed = CONFIG.replace("\"app\"", "\"renamed\"");
        scene.run(&["state", "mv", OLD, NEW], 0);
        scene.rewrite(&format!("{renamed}{ASSOCIATION}"));
        let id = format!("{ZONE_ID}/app.example.com");
        scene.run(&["import", OLD, &id], 0);
        scene.rewrite(&renamed);
        let writes = scene.requests("PUT", "");
        let applied = scene.apply();
        says(
            &applied,
            &[
                "Association is left as it is",
                "app.example.com",
                "0 added, 0 changed, 1 destroyed",
            ],
        );
        assert_eq!(scene.requests("PUT", ""), writes);
        scene.plan_is_empty();
        scene.destroy();
    });
}
