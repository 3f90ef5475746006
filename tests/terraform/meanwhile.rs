//! What others do between a plan and its apply, and what the user's own conditions say.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Store};

use crate::scene::{ASSOCIATION, CERTIFICATE, CONFIG, Scene, says, with_every_cli_at_once};

const CERTIFICATES: &str = "/origin_tls_client_auth/hostnames/certificates";

/// Somebody else uploads a certificate. Answers its id.
fn upload_elsewhere(scene: &Scene) -> String {
    let before = scene.ids(Store::Hostname);
    let made = scene.authority.client("other", crate::scene::now());
    let made = made.unwrap();
    let body = serde_json::json!({
        "certificate": made.certificate,
        "private_key": made.private_key,
    });
    scene.elsewhere("POST", CERTIFICATES, &body.to_string());
    let mut ids = scene.ids(Store::Hostname);
    ids.retain(|id| !before.contains(id));
    ids.remove(0)
}

fn associate_elsewhere(scene: &Scene, certificate: &str, enabled: &str) {
    let body = format!(
        r#"{{"config":[{{"hostname":"app.example.com","cert_id":"{certificate}","enabled":{enabled}}}]}}"#
    );
    scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
}

#[test]
fn a_hostname_that_was_given_another_certificate_gets_the_planned_one_with_a_warning() {
    with_every_cli_at_once("meanwhile-repointed", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let own = scene.ids(Store::Hostname).remove(0);
        let off = ASSOCIATION.replace("\n}\n", "\n  enabled = false\n}\n");
        scene.rewrite(&format!("{CERTIFICATE}{off}"));
        scene.run(&["plan", "-out=saved"], 0);
        let other = upload_elsewhere(scene);
        associate_elsewhere(scene, &other, "true");
        let applied = scene.run(&["apply", "saved"], 0);
        says(
            &applied,
            &["Association was changed elsewhere", &own, &other],
        );
        scene.plan_is_empty();
        scene.elsewhere("DELETE", &format!("{CERTIFICATES}/{other}"), "");
        scene.destroy();
    });
}

#[test]
fn a_certificate_that_was_deleted_before_its_hostname_is_written_is_named() {
    with_every_cli_at_once("meanwhile-deleted", |scene| {
        scene.certificate("shop");
        let other = upload_elsewhere(scene);
        let literal = format!("certificate_id = \"{other}\"");
        let literal = ASSOCIATION.replace(
            "certificate_id = aop_hostname_certificate.shop.id",
            &literal,
        );
        scene.configure(&literal);
        scene.run(&["plan", "-out=saved"], 0);
        scene.simulator.clock().advance(Duration::from_secs(5));
        scene.elsewhere("DELETE", &format!("{CERTIFICATES}/{other}"), "");
        let failed = scene.run(&["apply", "saved"], 1);
        says(
            &failed,
            &["Certificate is deleted", &other, "terraform plan again"],
        );
        assert_eq!(scene.run(&["state", "list"], 0).stdout.trim(), "");
        // An id that nobody has ever seen.
        scene.rewrite(&literal.replace(&other, "00000000-0000-4000-8000-000000000000"));
        let usable = upload_elsewhere(scene);
        scene.simulator.clock().advance(Duration::from_secs(5));
        scene.apply_fails(&["Certificate not found", "Active ones", &usable]);
        assert_eq!(scene.requests("PUT", "/hostnames"), 0);
    });
}

#[test]
fn a_condition_of_the_users_own_fails_the_run_and_taints_nothing() {
    with_every_cli_at_once("postcondition", |scene| {
        scene.certificate("shop");
        let condition = r#"
  timeouts = { create = "2s" }
  lifecycle {
    postcondition {
      condition     = self.status == "active"
      error_message = "Not served yet, says the user."
    }
  }
}
"#;
        scene.configure(&CERTIFICATE.replace("\n}\n", condition));
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(600)));
        scene.apply_fails(&["Not served yet, says the user."]);
        let state = scene.run(&["state", "pull"], 0).stdout;
        assert!(state.contains("pending_deployment"), "{state}");
        assert!(!state.contains("tainted"), "{state}");
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.requests("POST", "/certificates"), 1);
        scene.destroy();
    });
}

/// A hostname of another zone, and one with a star: the API says no, and to whom.
#[test]
fn a_hostname_that_the_api_refuses_is_named_with_its_reason() {
    with_every_cli_at_once("refused-hostname", |scene| {
        scene.certificate("shop");
        scene.configure(&CONFIG.replace("app.example.com", "app.elsewhere.net"));
        let zone = aop_simulator::ZONE_ID;
        scene.apply_fails(&["app.elsewhere.net", zone, "(code "]);
        let state = scene.run(&["state", "list"], 0).stdout;
        assert!(!state.contains("association"), "{state}");
        scene.rewrite(&CONFIG.replace("app.example.com", "*.example.com"));
        let refused = Answer::error(400, 1409, "wildcards are not supported");
        let refused = Fault::on("PUT", "/hostnames", Action::Answer(refused));
        scene.simulator.order(refused);
        scene.apply_fails(&[
            "*.example.com",
            "wildcards are not supported",
            "(code 1409)",
        ]);
        scene.rewrite(CONFIG);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

/// A zone that the token cannot see is an error for everything that lives there.
#[test]
fn a_zone_that_cannot_be_seen_wipes_nothing() {
    let switches = r#"
resource "aop_zone_setting" "zone" {
  zone_id = var.zone_id
  enabled = false
}
resource "aop_global_setting" "global" {
  zone_id = var.zone_id
  enabled = false
}
resource "aop_hostname_associations" "more" {
  zone_id = var.zone_id
  associations = {
    "more.example.com" = { certificate_id = aop_hostname_certificate.shop.id }
  }
}
"#;
    with_every_cli_at_once("unseen-zone", |scene| {
        scene.certificate("shop");
        scene.configure(&format!("{CONFIG}{switches}"));
        scene.apply();
        let before = scene.run(&["state", "list"], 0).stdout;
        let unseen = Answer::error(
            404,
            7003,
            "Could not route, perhaps your object identifier is invalid?",
        );
        let unseen = Fault::on("", "", Action::Answer(unseen)).times(u32::MAX);
        scene.simulator.order(unseen);
        let failed = scene.plan_fails(&["Zone not found", "not visible to this token"]);
        // What depends on the certificate is not asked after it.
        let errors = failed.text().matches("Error:").count();
        assert_eq!(errors, 3, "{}", failed.text());
        scene.run(&["apply", "-refresh-only", "-auto-approve"], 1);
        assert_eq!(scene.run(&["state", "list"], 0).stdout, before);
        scene.simulator.forget_faults();
        scene.plan_is_empty();
        scene.destroy();
    });
}
