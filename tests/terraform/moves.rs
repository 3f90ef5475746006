//! State of the official provider, versions 4 and 5, taken over with `moved` blocks.
//!
//! The state files have the shapes that these versions write. The plan is a move and
//! nothing else, and nothing is written.

use std::path::Path;

use aop_simulator::{Store, ZONE_ID};
use serde_json::{Value as Json, json};
use xtask::Product;

use crate::scene::{CERTIFICATE, Scene, says, with_every_cli};

/// An object of the official provider, as its state holds it.
struct Stored {
    /// Its type, without `cloudflare_authenticated_origin_pulls`.
    kind: &'static str,
    name: &'static str,
    version: i64,
    attributes: Json,
    /// The key of its instance; null where there is one.
    index: Json,
}

const V4_ID: &str = "96fc88d9d2f176aaad14559e051a6416";

impl Stored {
    fn new(kind: &'static str, name: &'static str, version: i64, attributes: Json) -> Self {
        Self {
            kind,
            name,
            version,
            attributes,
            index: Json::Null,
        }
    }

    fn type_name(&self) -> String {
        match self.kind {
            "zone_setting" => "cloudflare_zone_setting".to_owned(),
            kind => format!("cloudflare_authenticated_origin_pulls{kind}"),
        }
    }
}

/// Puts objects of the official provider into the state.
fn store(scene: &Scene, objects: &[Stored]) {
    let host = match scene.cli.product {
        Product::Terraform => "registry.terraform.io",
        Product::OpenTofu => "registry.opentofu.org",
    };
    let address = format!("{host}/cloudflare/cloudflare");
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-aop"));
    let installed = scene.workspace.stand_in(provider, &address, "5.22.0");
    installed.expect("a stand-in");
    let mut resources: Vec<Json> = Vec::new();
    for stored in objects {
        let instance = json!({
            "schema_version": stored.version,
            "attributes": stored.attributes,
            "sensitive_attributes": [],
            "private": "bnVsbA==",
            "index_key": stored.index,
        });
        let mut instance = instance.as_object().cloned().expect("an object");
        instance.retain(|name, value| name != "index_key" || !value.is_null());
        let same = resources
            .iter_mut()
            .find(|r| r["type"] == stored.type_name() && r["name"] == stored.name);
        match same.and_then(|r| r["instances"].as_array_mut()) {
            Some(instances) => instances.push(instance.into()),
            None => resources.push(json!({
                "mode": "managed",
                "type": stored.type_name(),
                "name": stored.name,
                "provider": format!("provider[\"{address}\"]"),
                "instances": [instance],
            })),
        }
    }
    let state = json!({
        "version": 4,
        "terraform_version": "1.11.0",
        "serial": 1,
        "lineage": "00000000-0000-0000-0000-000000000000",
        "outputs": {},
        "resources": resources,
        "check_results": null,
    });
    let written = scene
        .workspace
        .write("terraform.tfstate", &state.to_string());
    written.expect("a state");
    let before = scene.simulator.log().len();
    scene.run(&["init"], 0);
    assert_eq!(scene.simulator.log().len(), before);
}

/// What lives at the API: a certificate in each store, an association, the switches.
struct Zone {
    hostname: String,
    zone: String,
    shop_pem: String,
    shop_key: String,
    zone_pem: String,
    zone_key: String,
}

const EVERYTHING: &str = r#"
resource "aop_hostname_certificate" "shop" {
  zone_id     = var.zone_id
  certificate = file("shop.pem")
  private_key = file("shop.key")
}
resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}
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
resource "aop_global_setting" "all" {
  zone_id = var.zone_id
  enabled = true
}
"#;

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")
}

fn zone(scene: &Scene) -> Zone {
    let (shop, zone) = (scene.certificate("shop"), scene.certificate("zone"));
    scene.configure(EVERYTHING);
    scene.apply();
    Zone {
        hostname: scene.ids(Store::Hostname).remove(0),
        zone: scene.ids(Store::Zone).remove(0),
        shop_pem: shop.certificate,
        shop_key: shop.private_key.to_string(),
        zone_pem: zone.certificate,
        zone_key: zone.private_key.to_string(),
    }
}

fn writes(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    log.iter().filter(|r| r.method != "GET").count()
}

/// Plans and applies moves of this many objects: nothing else is in the plan, nothing
/// is written, and the plan afterwards is empty.
fn moves(scene: &Scene, count: usize) {
    let before = writes(scene);
    let planned = scene.run(&["plan", "-detailed-exitcode"], 2);
    says(&planned, &["0 to add, 0 to change, 0 to destroy"]);
    assert_eq!(
        planned.stdout.matches("has moved to").count(),
        count,
        "{}",
        planned.stdout
    );
    let applied = scene.apply();
    says(&applied, &["0 added, 0 changed, 0 destroyed"]);
    scene.plan_is_empty();
    assert_eq!(writes(scene), before);
}

fn v4_certificate(id: &str, kind: &str, pem: &str, key: &str) -> Json {
    json!({
        "id": id, "zone_id": ZONE_ID, "type": kind, "certificate": pem, "private_key": key,
        "issuer": "CN=Shop Test CA", "signature": "ECDSA-SHA256", "serial_number": "4711",
        "expires_on": "2027-03-01T00:00:00Z", "status": "active",
        "uploaded_on": "2026-09-01T10:11:12.123456Z", "timeouts": null,
    })
}

fn v4_pulls(hostname: Json, certificate: Json) -> Json {
    json!({
        "id": V4_ID, "zone_id": ZONE_ID, "hostname": hostname,
        "authenticated_origin_pulls_certificate": certificate, "enabled": true,
    })
}

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

fn v5_certificate(id: &str, pem: &str, key: &str, is_zone: bool) -> Json {
    let mut stored = json!({
        "zone_id": ZONE_ID, "id": id, "certificate": pem, "private_key": key,
        "expires_on": "2027-03-01T00:00:00Z", "issuer": "CN=Shop Test CA",
        "serial_number": "4712", "signature": "ECDSA-SHA256", "status": "pending_deployment",
        "uploaded_on": "2026-09-01T10:11:12Z",
    });
    if is_zone {
        stored["certificate_id"] = id.into();
        stored["enabled"] = true.into();
    }
    stored
}

fn v5_pulls(config: Json, hostname: &str, certificate: &str) -> Json {
    json!({
        "id": hostname, "hostname": hostname, "zone_id": ZONE_ID, "config": config,
        "cert_id": certificate, "cert_status": "active",
        "cert_updated_at": "2026-09-01T10:12:00Z", "cert_uploaded_on": "2026-09-01T10:11:12Z",
        "certificate": "-----BEGIN CERTIFICATE-----", "created_at": "2026-09-01T10:13:00Z",
        "enabled": true, "expires_on": "2027-03-01T00:00:00Z", "issuer": "CN=Shop Test CA",
        "private_key": null, "serial_number": "4711", "signature": "ECDSA-SHA256",
        "status": "active", "updated_at": "2026-09-01T10:13:30Z",
    })
}

fn element(hostname: &str, certificate: &str) -> Json {
    json!({ "cert_id": certificate, "enabled": true, "hostname": hostname })
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

#[test]
fn instances_move_with_their_keys_into_a_module() {
    with_every_cli("moves-keys", |scene| {
        scene.certificate("shop");
        let made = format!(
            "{CERTIFICATE}resource \"aop_hostname_association\" \"all\" {{\n  for_each = \
             toset([\"app\", \"api\"])\n  zone_id = var.zone_id\n  hostname = \
             \"${{each.key}}.example.com\"\n  certificate_id = aop_hostname_certificate.shop.id\n}}\n"
        );
        scene.configure(&made);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let shop = scene.run(&["state", "pull"], 0).stdout;
        let shop: Json = serde_json::from_str(&shop).expect("a state");
        let shop = shop["resources"].as_array().expect("resources");
        let shop = shop
            .iter()
            .find(|r| r["name"] == "shop")
            .expect("the certificate");
        let shop = shop["instances"][0]["attributes"].clone();
        let pulls = |name: &str| {
            let mut stored = Stored::new(
                "",
                "all",
                0,
                v4_pulls(format!("{name}.example.com").into(), id.as_str().into()),
            );
            stored.index = name.into();
            stored
        };
        let certificate = v4_certificate(
            &id,
            "per-hostname",
            shop["certificate"].as_str().expect("a certificate"),
            shop["private_key"].as_str().expect("a key"),
        );
        store(
            scene,
            &[
                Stored::new("_certificate", "shop", 0, certificate),
                pulls("app"),
                pulls("api"),
            ],
        );
        let inside = scene.workspace.directory().join("inside");
        std::fs::create_dir_all(&inside).expect("a folder");
        let head = "terraform {\n  required_providers {\n    aop = { source = \
                    \"terraform.local/aop/aop\" }\n  }\n}\nvariable \"zone_id\" { type = string }\n";
        std::fs::write(inside.join("main.tf"), format!("{head}{made}")).expect("a module");
        let from = "cloudflare_authenticated_origin_pulls";
        scene.rewrite(&format!(
            "module \"inside\" {{\n  source = \"./inside\"\n  zone_id = var.zone_id\n}}\n{}{}",
            moved(
                &format!("{from}_certificate.shop"),
                "module.inside.aop_hostname_certificate.shop"
            ),
            moved(
                &format!("{from}.all"),
                "module.inside.aop_hostname_association.all"
            ),
        ));
        scene.run(&["init"], 0);
        moves(scene, 3);
        scene.destroy();
    });
}

#[test]
fn an_object_with_several_hostnames_becomes_the_plural_resource() {
    with_every_cli("moves-plural", |scene| {
        scene.certificate("shop");
        let plural = r#"
resource "aop_hostname_associations" "all" {
  zone_id = var.zone_id
  associations = { for name in ["app", "api"] : "${name}.example.com" => {
    certificate_id = aop_hostname_certificate.shop.id
  } }
}
"#;
        let made = format!("{CERTIFICATE}{plural}");
        scene.configure(&made);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let state = std::fs::read_to_string(scene.workspace.directory().join("terraform.tfstate"));
        let state: Json = serde_json::from_str(&state.expect("a state")).expect("JSON");
        let shop = state["resources"].as_array().expect("resources");
        let shop = shop
            .iter()
            .find(|r| r["name"] == "shop")
            .expect("the certificate");
        let shop = &shop["instances"][0]["attributes"];
        let several = json!([
            element("app.example.com", &id),
            element("api.example.com", &id)
        ]);
        let text = |name: &str| shop[name].as_str().expect("a text");
        let objects = || {
            [
                Stored::new(
                    "_hostname_certificate",
                    "shop",
                    500,
                    v5_certificate(&id, text("certificate"), text("private_key"), false),
                ),
                Stored::new(
                    "",
                    "all",
                    0,
                    v5_pulls(several.clone(), "app.example.com", &id),
                ),
            ]
        };
        store(scene, &objects());
        let from = "cloudflare_authenticated_origin_pulls";
        let certificate = moved(
            &format!("{from}_hostname_certificate.shop"),
            "aop_hostname_certificate.shop",
        );
        // The single resource cannot take them.
        scene.rewrite(&format!(
            "{CERTIFICATE}{}{certificate}{}",
            crate::scene::ASSOCIATION,
            moved(&format!("{from}.all"), "aop_hostname_association.app")
        ));
        scene.plan_fails(&[
            "Wrong target of a move",
            "the association of app.example.com, api.example.com",
            "resource \"aop_hostname_associations\"",
            "to = aop_hostname_associations.NAME",
        ]);
        scene.rewrite(&format!(
            "{made}{certificate}{}",
            moved(&format!("{from}.all"), "aop_hostname_associations.all")
        ));
        moves(scene, 2);
        scene.destroy();
    });
}

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
                    "has switched the whole zone",
                    "to = aop_global_setting.NAME",
                ],
            ),
            (
                Stored::new("", "x", 0, v4_pulls(Json::Null, zone.zone.as_str().into())),
                "aop_global_setting.all",
                ["the zone-level switch", "to = aop_zone_setting.NAME"],
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
                ["Move from an unknown type", "_rules has no place here"],
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
                "A hostname has switched the whole zone",
                "for every hostname",
            ],
        );
    });
}
