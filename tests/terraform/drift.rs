//! What somebody else changed is seen, and only that.

use aop_simulator::{Store, ZONE_ID};

use crate::scene::{CONFIG, Scene, says, with_every_cli};

const SETTING: &str = r#"
resource "aop_zone_setting" "zone" {
  zone_id = var.zone_id
  enabled = false
}
"#;

fn associate(scene: &Scene, certificate: &str, enabled: &str) {
    let body = format!(
        r#"{{"config":[{{"hostname":"app.example.com","cert_id":"{certificate}","enabled":{enabled}}}]}}"#
    );
    scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
}

fn start(scene: &Scene) -> String {
    scene.certificate("shop");
    scene.configure(&format!("{CONFIG}{SETTING}"));
    scene.apply();
    scene.ids(Store::Hostname).remove(0)
}

#[test]
fn a_disabled_association_is_planned_back() {
    with_every_cli("drift-disabled", |scene| {
        let id = start(scene);
        associate(scene, &id, "false");
        scene.plan_changes(&[
            "0 to add, 1 to change, 0 to destroy",
            "enabled = false -> true",
        ]);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_voided_association_is_planned_as_a_create() {
    with_every_cli("drift-voided", |scene| {
        let id = start(scene);
        associate(scene, &id, "null");
        scene.plan_changes(&["1 to add, 0 to change, 0 to destroy"]);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_repointed_association_is_planned_back_with_one_put() {
    with_every_cli("drift-repointed", |scene| {
        let id = start(scene);
        let other = scene
            .authority
            .client("other", crate::scene::now())
            .unwrap();
        let body = serde_json::json!({
            "certificate": other.certificate,
            "private_key": other.private_key,
        });
        let path = "/origin_tls_client_auth/hostnames/certificates";
        scene.elsewhere("POST", path, &body.to_string());
        let other = scene
            .ids(Store::Hostname)
            .into_iter()
            .find(|other| *other != id)
            .unwrap();
        associate(scene, &other, "true");
        scene.plan_changes(&["certificate_id", &other, &id, "1 to change"]);
        let before = scene.requests("PUT", "/hostnames");
        scene.apply();
        assert_eq!(scene.requests("PUT", "/hostnames"), before + 1);
        scene.plan_is_empty();
        associate(scene, &id, "true");
        scene
            .simulator
            .clock()
            .advance(std::time::Duration::from_secs(1));
        scene.elsewhere("DELETE", &format!("{path}/{other}"), "");
        scene.destroy();
    });
}

#[test]
fn a_deleted_certificate_is_planned_as_a_create() {
    with_every_cli("drift-deleted", |scene| {
        let id = start(scene);
        associate(scene, &id, "null");
        scene
            .simulator
            .clock()
            .advance(std::time::Duration::from_secs(5));
        let path = format!("/origin_tls_client_auth/hostnames/certificates/{id}");
        scene.elsewhere("DELETE", &path, "");
        // Its tombstone still answers.
        scene.plan_changes(&["aop_hostname_certificate.shop will be created", "2 to add"]);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_switch_turned_elsewhere_is_planned_back() {
    with_every_cli("drift-switch", |scene| {
        start(scene);
        scene.elsewhere(
            "PUT",
            "/origin_tls_client_auth/settings",
            r#"{"enabled":true}"#,
        );
        scene.plan_changes(&["enabled = true -> false"]);
        scene.apply();
        assert!(!scene.simulator.look(ZONE_ID, |zone, _| zone.enabled));
        scene.destroy();
    });
}

#[test]
fn a_zone_that_disappears_is_an_error_and_no_loss_of_state() {
    with_every_cli("drift-zone", |scene| {
        start(scene);
        scene.workspace.set_env(
            "CLOUDFLARE_API_TOKEN",
            "another-token-0123456789abcdefghijklmnop",
        );
        scene.plan_fails(&["Credential refused", "SSL and Certificates: Edit"]);
        scene
            .workspace
            .set_env("CLOUDFLARE_API_TOKEN", aop_simulator::TOKEN);
        let state = scene.run(&["state", "list"], 0);
        says(
            &state,
            &[
                "aop_hostname_association.app",
                "aop_hostname_certificate.shop",
            ],
        );
        scene.plan_is_empty();
        scene.destroy();
    });
}
