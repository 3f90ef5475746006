//! What cannot be moved.

use aop_simulator::ZONE_ID;
use serde_json::{Value as Json, json};

use super::*;

#[test]
fn what_cannot_be_moved_is_a_sentence() {
    with_every_cli("moves-bad", |scene| {
        let zone = zone(scene);
        let from = "cloudflare_authenticated_origin_pulls";
        let setting = |id: &str| {
            json!({
                "id": id, "setting_id": id, "zone_id": ZONE_ID,
                "value": { "value": "on", "type": "string" },
            })
        };
        let cases = [
            (
                Stored::new("", "x", 0, v4_pulls("app.example.com".into(), Json::Null)),
                "aop_hostname_association.app",
                [
                    "turned it on for the whole zone",
                    "to = aop_global_setting.NAME",
                ],
            ),
            (
                Stored::new("", "x", 0, v4_pulls(Json::Null, zone.zone.as_str().into())),
                "aop_global_setting.all",
                ["the zone-level setting", "to = aop_zone_setting.NAME"],
            ),
            (
                Stored::new(
                    "_certificate",
                    "x",
                    500,
                    v5_certificate(&zone.zone, &zone.zone_pem, &zone.zone_key, true),
                ),
                "aop_hostname_certificate.shop",
                [
                    "a certificate of the zone",
                    "to = aop_zone_certificate.NAME",
                ],
            ),
            (
                Stored::new("zone_setting", "x", 500, setting("min_tls_version")),
                "aop_global_setting.all",
                ["Move of another setting", "is min_tls_version"],
            ),
            (
                Stored::new(
                    "_settings",
                    "x",
                    501,
                    json!({ "zone_id": ZONE_ID, "enabled": true }),
                ),
                "aop_zone_setting.zone",
                ["Move from an unknown version", "shape 501"],
            ),
            (
                Stored::new(
                    "_settings",
                    "x",
                    500,
                    json!({ "zone_id": "", "enabled": true }),
                ),
                "aop_zone_setting.zone",
                ["Stored state is incomplete", "has no zone_id"],
            ),
            (
                Stored::new("_rules", "x", 0, json!({ "zone_id": ZONE_ID })),
                "aop_zone_setting.zone",
                ["Move from an unknown type", "_rules is not supported here"],
            ),
        ];
        for (stored, to, parts) in cases {
            let address = format!("{}.x", stored.type_name());
            store(scene, &[stored]);
            let before = std::fs::read(scene.workspace.directory().join("terraform.tfstate"))
                .expect("a state");
            scene.rewrite(&format!("{EVERYTHING}{}", moved(&address, to)));
            scene.plan_fails(&parts);
            let refused = scene.run(&["apply", "-auto-approve"], 1);
            assert!(!refused.text().contains("PRIVATE KEY"));
            let after = std::fs::read(scene.workspace.directory().join("terraform.tfstate"))
                .expect("a state");
            assert_eq!(before, after, "the state is as it was");
        }
        // It is the global switch; whoever moves it there is told.
        let global = Stored::new("", "x", 0, v4_pulls("app.example.com".into(), Json::Null));
        store(scene, &[global]);
        let setting = "resource \"aop_global_setting\" \"all\" {\n  zone_id = var.zone_id\n  enabled = true\n}\n";
        scene.rewrite(&format!(
            "{setting}{}",
            moved(&format!("{from}.x"), "aop_global_setting.all")
        ));
        let planned = scene.run(&["plan"], 0);
        says(
            &planned,
            &[
                "Hostname turned on the global setting",
                "for every hostname",
            ],
        );
    });
}
