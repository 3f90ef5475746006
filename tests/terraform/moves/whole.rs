//! Whole zones of versions 4 and 5.

use aop_simulator::ZONE_ID;
use serde_json::{Value as Json, json};

use super::*;

#[test]
fn version_4_moves_as_a_whole() {
    with_every_cli("moves-v4", |scene| {
        let zone = zone(scene);
        store(
            scene,
            &[
                Stored::new(
                    "_certificate",
                    "shop",
                    0,
                    v4_certificate(
                        &zone.hostname,
                        "per-hostname",
                        &zone.shop_pem,
                        &zone.shop_key,
                    ),
                ),
                Stored::new(
                    "_certificate",
                    "zone",
                    0,
                    v4_certificate(&zone.zone, "per-zone", &zone.zone_pem, &zone.zone_key),
                ),
                Stored::new(
                    "",
                    "app",
                    0,
                    v4_pulls("app.example.com".into(), zone.hostname.as_str().into()),
                ),
                // The absent is null or empty, as versions go.
                Stored::new(
                    "",
                    "zone",
                    0,
                    v4_pulls("".into(), zone.zone.as_str().into()),
                ),
                Stored::new("", "all", 0, v4_pulls(Json::Null, Json::Null)),
            ],
        );
        let from = "cloudflare_authenticated_origin_pulls";
        let blocks = [
            moved(
                &format!("{from}_certificate.shop"),
                "aop_hostname_certificate.shop",
            ),
            moved(
                &format!("{from}_certificate.zone"),
                "aop_zone_certificate.zone",
            ),
            moved(&format!("{from}.app"), "aop_hostname_association.app"),
            moved(&format!("{from}.zone"), "aop_zone_setting.zone"),
            moved(&format!("{from}.all"), "aop_global_setting.all"),
        ];
        scene.rewrite(&format!("{EVERYTHING}{}", blocks.concat()));
        moves(scene, 5);
        scene.rewrite(EVERYTHING);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn version_5_moves_as_a_whole() {
    with_every_cli("moves-v5", |scene| {
        let zone = zone(scene);
        let config = json!([element("app.example.com", &zone.hostname)]);
        store(
            scene,
            &[
                Stored::new(
                    "_hostname_certificate",
                    "shop",
                    500,
                    v5_certificate(&zone.hostname, &zone.shop_pem, &zone.shop_key, false),
                ),
                Stored::new(
                    "_certificate",
                    "zone",
                    500,
                    v5_certificate(&zone.zone, &zone.zone_pem, &zone.zone_key, true),
                ),
                Stored::new(
                    "",
                    "app",
                    500,
                    v5_pulls(config, "app.example.com", &zone.hostname),
                ),
                Stored::new(
                    "_settings",
                    "zone",
                    500,
                    json!({ "id": V4_ID, "zone_id": ZONE_ID, "enabled": true }),
                ),
                Stored::new(
                    "zone_setting",
                    "all",
                    500,
                    json!({
                        "id": "tls_client_auth", "setting_id": "tls_client_auth",
                        "zone_id": ZONE_ID, "value": { "value": "on", "type": "string" },
                        "enabled": null, "editable": true, "modified_on": "2026-09-01T09:00:00Z",
                        "time_remaining": null,
                    }),
                ),
            ],
        );
        let from = "cloudflare_authenticated_origin_pulls";
        let blocks = [
            moved(
                &format!("{from}_hostname_certificate.shop"),
                "aop_hostname_certificate.shop",
            ),
            moved(
                &format!("{from}_certificate.zone"),
                "aop_zone_certificate.zone",
            ),
            moved(&format!("{from}.app"), "aop_hostname_association.app"),
            moved(&format!("{from}_settings.zone"), "aop_zone_setting.zone"),
            moved("cloudflare_zone_setting.all", "aop_global_setting.all"),
        ];
        scene.rewrite(&format!("{EVERYTHING}{}", blocks.concat()));
        moves(scene, 5);
        scene.destroy();
    });
}

#[test]
fn older_shapes_of_version_5_and_imported_objects_move() {
    with_every_cli("moves-shapes", |scene| {
        let zone = zone(scene);
        let without_list = v5_pulls(Json::Null, "app.example.com", &zone.hostname);
        let old = json!({
            "zone_id": ZONE_ID, "hostname": null, "cert_id": null, "enabled": null,
            "config": [element("app.example.com", &zone.hostname)], "status": "active",
        });
        let mut imported = v5_certificate(&zone.hostname, &zone.shop_pem, "", false);
        imported["private_key"] = Json::Null;
        let oldest = json!({
            "zone_id": ZONE_ID, "certificate_id": zone.zone, "certificate": zone.zone_pem,
            "private_key": zone.zone_key, "enabled": null,
        });
        let from = "cloudflare_authenticated_origin_pulls";
        // A write-only key, so that an imported certificate has nothing to change.
        let text = EVERYTHING.replacen(
            "private_key = file(\"shop.key\")",
            "private_key_wo = file(\"shop.key\")",
            1,
        );
        for pulls in [without_list, old] {
            store(
                scene,
                &[
                    Stored::new("_hostname_certificate", "shop", 0, imported.clone()),
                    Stored::new("_certificate", "zone", 0, oldest.clone()),
                    Stored::new("", "app", 0, pulls),
                    Stored::new(
                        "_settings",
                        "zone",
                        1,
                        json!({ "zone_id": ZONE_ID, "enabled": true }),
                    ),
                    Stored::new("", "all", 0, v4_pulls(Json::Null, "".into())),
                ],
            );
            let blocks = [
                moved(
                    &format!("{from}_hostname_certificate.shop"),
                    "aop_hostname_certificate.shop",
                ),
                moved(
                    &format!("{from}_certificate.zone"),
                    "aop_zone_certificate.zone",
                ),
                moved(&format!("{from}.app"), "aop_hostname_association.app"),
                moved(&format!("{from}_settings.zone"), "aop_zone_setting.zone"),
                moved(&format!("{from}.all"), "aop_global_setting.all"),
            ];
            scene.rewrite(&format!("{text}{}", blocks.concat()));
            moves(scene, 5);
        }
        scene.destroy();
    });
}
