//! Apply, nothing left to do, change, destroy, nothing left behind.

use std::time::Duration;

use aop_simulator::{Store, ZONE_ID};
use xtask::root;

use crate::scene::{CERTIFICATE, CONFIG, says, with_every_cli};

#[test]
fn the_complete_example_lives_and_dies() {
    with_every_cli("complete", |scene| {
        let example = root().join("examples/complete");
        scene.workspace.copy_from(&example).unwrap();
        scene.write_authority("client-ca");
        scene.certificate("shop");
        scene.run(&["init"], 0);
        let applied = scene.apply();
        says(&applied, &["Resources: 5 added, 0 changed, 0 destroyed"]);
        scene.plan_is_empty();

        let change = ["-var=maintenance=true"];
        let planned = scene.run(&["plan", "-detailed-exitcode", change[0]], 2);
        says(
            &planned,
            &[
                "0 to add, 1 to change, 0 to destroy",
                "enabled = true -> false",
            ],
        );
        scene.run(&["apply", "-auto-approve", change[0]], 0);
        scene.run(&["plan", "-detailed-exitcode", change[0]], 0);
        let enabled = scene.simulator.look(ZONE_ID, |zone, _| {
            zone.associations()
                .get("api.example.com")
                .map(|a| a.enabled)
        });
        assert_eq!(enabled, Some(Some(false)));
        scene.destroy();
    });
}

#[test]
fn every_example_of_a_resource_lives_and_dies() {
    for example in std::fs::read_dir(root().join("examples/resources")).unwrap() {
        let folder = example.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        with_every_cli(&format!("example-{name}"), |scene| {
            scene.certificate("zone");
            scene.certificate("shop");
            scene.configure(&std::fs::read_to_string(folder.join("resource.tf")).unwrap());
            scene.apply();
            scene.plan_is_empty();
            scene.destroy();
        });
    }
}

#[test]
fn a_create_plan_shows_what_the_certificate_says() {
    with_every_cli("facts", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.plan_changes(&[
            "issuer = \"CN=Example origin CA,O=Example\"",
            "signature = \"ECDSA-SHA256\"",
            "private_key = (sensitive value)",
            "status = (known after apply)",
        ]);
    });
}

#[test]
fn apply_waits_until_the_certificate_and_the_association_are_active() {
    with_every_cli("waits", |scene| {
        scene.simulator.set(|s| {
            s.activation = Some(Duration::from_secs(2));
            s.association = Some(Duration::from_secs(1));
        });
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let state = scene.run(&["show"], 0);
        assert_eq!(
            state.text().matches("= \"active\"").count(),
            2,
            "{}",
            state.text()
        );
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn spelling_and_formatting_are_no_change() {
    with_every_cli("spelling", |scene| {
        let client = scene.certificate("shop");
        scene.configure(&CONFIG.replace("app.example.com", "App.Example.com."));
        scene.apply();
        let windows = format!(
            "\u{feff}Leaf:\r\n{}",
            client.certificate.replace('\n', "\r\n")
        );
        let trimmed = client.certificate.trim_end().to_owned();
        let indented = client.certificate.replace('\n', "\n    ");
        for text in [windows, trimmed, indented] {
            scene.workspace.write("shop.pem", &text).unwrap();
            scene.plan_is_empty();
        }
        scene.rewrite(CONFIG);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn time_outs_and_flags_are_updates_without_a_write() {
    with_every_cli("state-only", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let writes = || {
            let log = scene.simulator.log();
            log.iter().filter(|r| r.method != "GET").count()
        };
        let before = writes();
        let more = "  wait_for_deployment = false\n  timeouts = { create = \"20m\" }\n}\n";
        let changed = CONFIG.replace("\n}\n", &format!("\n{more}"));
        scene.rewrite(&changed);
        let plan = scene.plan_changes(&["0 to add, 2 to change, 0 to destroy"]);
        assert!(
            !plan.text().contains("known after apply"),
            "{}",
            plan.text()
        );
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(writes(), before);
        scene.destroy();
    });
}

#[test]
fn without_waiting_apply_returns_at_once_and_the_next_plan_is_empty() {
    with_every_cli("no-wait", |scene| {
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(3600)));
        scene.certificate("shop");
        scene.configure(&CERTIFICATE.replace("\n}\n", "\n  wait_for_deployment = false\n}\n"));
        scene.apply();
        scene.plan_is_empty();
        scene.simulator.clock().advance(Duration::from_secs(3600));
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_changed_hostname_is_a_replacement_that_leaves_nothing_behind() {
    with_every_cli("hostname", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        scene.rewrite(&CONFIG.replace("app.example.com", "new.example.com"));
        scene.plan_changes(&["hostname", "forces replacement"]);
        scene.apply();
        scene.plan_is_empty();
        let hostnames = scene.simulator.look(ZONE_ID, |zone, _| {
            zone.associations()
                .keys()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        });
        assert_eq!(hostnames, ["new.example.com"]);
        scene.destroy();
    });
}

#[test]
fn the_same_certificate_can_be_applied_again_right_after_a_destroy() {
    with_every_cli("again", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.apply();
        let first = scene.ids(Store::Hostname);
        scene.destroy();
        scene.apply();
        assert_eq!(
            scene.ids(Store::Hostname),
            first,
            "the API revives the old id"
        );
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_certificate_that_comes_back_as_its_own_tombstone_is_waited_for() {
    with_every_cli("revival", |scene| {
        scene
            .simulator
            .set(|s| s.revival = Duration::from_millis(1500));
        scene.certificate("shop");
        let quick = CERTIFICATE.replace("\n}\n", "\n  wait_for_deployment = false\n}\n");
        scene.configure(CERTIFICATE);
        for config in [CERTIFICATE, &quick] {
            scene.rewrite(config);
            scene.apply();
            scene.plan_is_empty();
            scene.simulator.clock().advance(Duration::from_secs(5));
            scene.destroy();
        }
    });
}

#[test]
fn a_zone_without_a_certificate_gets_a_warning_when_it_is_switched_on() {
    with_every_cli("switch-warning", |scene| {
        scene.configure(
            "resource \"aop_zone_setting\" \"zone\" {\n  zone_id = var.zone_id\n  enabled = true\n}\n",
        );
        let applied = scene.apply();
        says(&applied, &["Warning: Zone has no certificate to present"]);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn the_last_zone_certificate_is_not_deleted_under_a_zone_that_presents_it() {
    with_every_cli("last", |scene| {
        scene.certificate("zone");
        scene.configure(
            r#"
resource "aop_zone_certificate" "zone" {
  zone_id     = var.zone_id
  certificate = file("zone.pem")
  private_key = file("zone.key")
  timeouts    = { delete = "5s" }
}
"#,
        );
        scene.apply();
        scene.elsewhere(
            "PUT",
            "/origin_tls_client_auth/settings",
            r#"{"enabled":true}"#,
        );
        let refused = scene.run(&["destroy", "-auto-approve"], 1);
        says(
            &refused,
            &["Last certificate of the zone is in use", "was not deleted"],
        );
        assert_eq!(scene.requests("DELETE", ""), 0);
        scene.elsewhere(
            "PUT",
            "/origin_tls_client_auth/settings",
            r#"{"enabled":false}"#,
        );
        scene.destroy();
    });
}

#[test]
fn a_certificate_in_use_is_not_deleted_and_its_hostnames_are_named() {
    with_every_cli("in-use", |scene| {
        scene.certificate("shop");
        let config = CERTIFICATE.replace("\n}\n", "\n  timeouts = { delete = \"5s\" }\n}\n");
        scene.configure(&config);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let body = format!(
            r#"{{"config":[{{"hostname":"other.example.com","cert_id":"{id}","enabled":true}}]}}"#
        );
        scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
        let refused = scene.run(&["destroy", "-auto-approve"], 1);
        says(&refused, &["still", "other.example.com"]);
        assert_eq!(scene.ids(Store::Hostname), [id.as_str()]);
        let body = body.replace("true", "null");
        scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
        scene.destroy();
    });
}

#[test]
fn the_global_switch_is_set_in_place_and_its_drift_is_seen() {
    with_every_cli("global", |scene| {
        let setting = |enabled: bool| {
            format!(
                "resource \"aop_global_setting\" \"all\" {{\n  zone_id = var.zone_id\n  enabled = \
                 {enabled}\n}}\n"
            )
        };
        let is_on = |on: bool| {
            let found = scene
                .simulator
                .look(ZONE_ID, |zone, _| zone.tls_client_auth);
            assert_eq!(found, on);
        };
        scene.configure(&setting(true));
        scene.apply();
        is_on(true);
        scene.plan_is_empty();
        scene.rewrite(&setting(false));
        scene.plan_changes(&["0 to add, 1 to change", "enabled = true -> false"]);
        scene.apply();
        is_on(false);
        scene.plan_is_empty();
        scene.elsewhere("PATCH", "/settings/tls_client_auth", "{\"value\":\"on\"}");
        scene.plan_changes(&["0 to add, 1 to change", "enabled = true -> false"]);
        scene.rewrite(&setting(true));
        scene.plan_is_empty();
        scene.destroy();
        is_on(false);
    });
}
