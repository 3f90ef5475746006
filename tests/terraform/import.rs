//! Existing objects brought into state: the plan afterwards is empty.

use aop_simulator::{Store, TOKEN, ZONE_ID};
use xtask::Product;

use crate::scene::{Scene, fail, says, with_every_cli};

const CONFIG: &str = r#"
resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("shop.pem")
  private_key_wo = file("shop.key")
}
resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "App.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}
resource "aop_zone_certificate" "zone" {
  zone_id     = var.zone_id
  certificate = file("zone.pem")
}
resource "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [aop_zone_certificate.zone]
}
resource "aop_global_setting" "all" {
  zone_id = var.zone_id
  enabled = false
}
"#;

/// Everything of the configuration, made and then forgotten.
fn forgotten(scene: &Scene) -> (String, String) {
    scene.certificate("shop");
    scene.certificate("zone");
    let key = "certificate = file(\"zone.pem\")";
    let with_key = format!("{key}\n  private_key = file(\"zone.key\")");
    scene.configure(&CONFIG.replace(key, &with_key));
    scene.apply();
    let (shop, zone) = (
        scene.ids(Store::Hostname).remove(0),
        scene.ids(Store::Zone).remove(0),
    );
    let directory = scene.workspace.directory();
    std::fs::remove_file(directory.join("terraform.tfstate")).unwrap();
    scene.rewrite(CONFIG);
    (shop, zone)
}

fn writes(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    log.iter().filter(|r| r.method != "GET").count()
}

#[test]
fn everything_is_imported_by_id_and_the_plan_is_empty() {
    with_every_cli("import-id", |scene| {
        let (shop, zone) = forgotten(scene);
        let before = writes(scene);
        for (address, id) in [
            ("aop_hostname_certificate.shop", format!("{ZONE_ID}/{shop}")),
            (
                "aop_hostname_association.app",
                format!("{ZONE_ID}/app.example.com"),
            ),
            ("aop_zone_certificate.zone", format!("{ZONE_ID}/{zone}")),
            ("aop_zone_setting.zone", ZONE_ID.to_owned()),
            ("aop_global_setting.all", ZONE_ID.to_owned()),
        ] {
            scene.run(&["import", address, &id], 0);
        }
        scene.plan_is_empty();
        assert_eq!(writes(scene), before);
        let state = scene.run(&["state", "pull"], 0).stdout;
        assert!(!state.contains("PRIVATE KEY") && !state.contains(TOKEN));
        scene.destroy();
    });
}

#[test]
fn import_blocks_generate_a_configuration_that_is_valid_at_once() {
    with_every_cli("import-blocks", |scene| {
        let (shop, zone) = forgotten(scene);
        let block =
            |address: &str, id: &str| format!("import {{\n  to = {address}\n  id = \"{id}\"\n}}\n");
        let blocks = [
            block(
                "aop_hostname_certificate.shop",
                &format!("{ZONE_ID}/{shop}"),
            ),
            block("aop_zone_certificate.zone", &format!("{ZONE_ID}/{zone}")),
            block(
                "aop_hostname_association.app",
                &format!("{ZONE_ID}/app.example.com"),
            ),
            block("aop_zone_setting.zone", ZONE_ID),
            block("aop_global_setting.all", ZONE_ID),
        ];
        scene.rewrite(&blocks.concat());
        scene.run(&["plan", "-generate-config-out=generated.tf"], 0);
        let applied = scene.apply();
        says(&applied, &["5 imported, 0 added, 0 changed, 0 destroyed"]);
        scene.plan_is_empty();
    });
}

#[test]
fn opentofu_imports_by_identity() {
    with_every_cli("import-identity", |scene| {
        if scene.cli.product != Product::OpenTofu {
            // Terraform can from 1.12 on; the protocol suite asks in its place.
            return;
        }
        let (shop, _) = forgotten(scene);
        let import = format!(
            "import {{\n  to = aop_hostname_certificate.shop\n  identity = {{\n    zone_id = \
             \"{ZONE_ID}\"\n    certificate_id = \"{shop}\"\n  }}\n}}\n"
        );
        let only = CONFIG
            .split("\nresource \"aop_hostname_association\"")
            .next();
        let only = only.unwrap_or_else(|| fail("a configuration"));
        scene.rewrite(&format!("{only}\n{import}"));
        let applied = scene.apply();
        says(&applied, &["1 imported, 0 added, 0 changed, 0 destroyed"]);
        scene.plan_is_empty();
    });
}

#[test]
fn what_cannot_be_imported_is_a_sentence() {
    with_every_cli("import-rubbish", |scene| {
        let (shop, zone) = forgotten(scene);
        let certificate = "aop_hostname_certificate.shop";
        for (address, id, parts) in [
            (
                certificate,
                shop.clone(),
                ["Malformed import id", "<zone_id>/<certificate_id>"],
            ),
            (
                certificate,
                format!("{ZONE_ID}/"),
                ["Malformed import id", "2 parts, not 1"],
            ),
            (
                "aop_zone_setting.zone",
                format!("{ZONE_ID}/x"),
                ["Malformed import id", "<zone_id>"],
            ),
            (
                certificate,
                format!("example.com/{shop}"),
                ["Invalid zone id", "looks like a domain name"],
            ),
            (
                certificate,
                format!("{ZONE_ID}/nothing"),
                ["Certificate not found", "has no hostname certificate"],
            ),
            (
                certificate,
                format!("{ZONE_ID}/{zone}"),
                [
                    "Certificate not found",
                    "It is the id of an aop_zone_certificate",
                ],
            ),
            (
                "aop_zone_certificate.zone",
                format!("{ZONE_ID}/{shop}"),
                [
                    "Certificate not found",
                    "It is the id of an aop_hostname_certificate",
                ],
            ),
            (
                "aop_hostname_association.app",
                format!("{ZONE_ID}/other.example.com"),
                ["Association not found", "other.example.com"],
            ),
            (
                "aop_hostname_association.app",
                format!("{ZONE_ID}/https:"),
                ["Invalid hostname", "port"],
            ),
        ] {
            let refused = scene.run(&["import", address, &id], 1);
            says(&refused, &parts);
        }
        let state = scene.workspace.directory().join("terraform.tfstate");
        assert!(!state.exists(), "nothing is half imported");
    });
}

/// A zone as its owner made it by hand: three certificates, twenty associations, all
/// switches on.
fn busy_zone(scene: &Scene) -> (Vec<String>, String) {
    let path = "/origin_tls_client_auth";
    for (name, store) in [
        ("one", "/hostnames/certificates"),
        ("two", "/hostnames/certificates"),
        ("zone", ""),
    ] {
        let made = scene.certificate(name);
        let body = serde_json::json!({
            "certificate": made.certificate, "private_key": made.private_key.as_str(),
        });
        scene.elsewhere("POST", &format!("{path}{store}"), &body.to_string());
    }
    let ids = scene.ids(Store::Hostname);
    let config: Vec<_> = (0..20)
        .map(|n| {
            serde_json::json!({
                "hostname": format!("h{n}.example.com"), "cert_id": ids[n % 2], "enabled": n != 7,
            })
        })
        .collect();
    let body = serde_json::json!({ "config": config }).to_string();
    scene.elsewhere("PUT", &format!("{path}/hostnames"), &body);
    scene.elsewhere("PUT", &format!("{path}/settings"), "{\"enabled\":true}");
    scene.elsewhere("PATCH", "/settings/tls_client_auth", "{\"value\":\"on\"}");
    (ids, scene.ids(Store::Zone).remove(0))
}

/// OpenTofu 1.12 writes the keys of a map without the quotes that dots need
/// (opentofu/opentofu#3978): what the documentation tells its users to do.
fn put_quotes_in(scene: &Scene) {
    let path = scene.workspace.directory().join("generated.tf");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().map(|line| {
        let key = line
            .trim()
            .strip_suffix(" = {")
            .filter(|key| key.contains('.'));
        key.map_or(line.to_owned(), |key| format!("    \"{key}\" = {{"))
    });
    std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
}

#[test]
fn a_busy_zone_is_imported_with_single_resources_and_with_the_plural_one() {
    with_every_cli("import-busy", |scene| {
        let (ids, zone) = busy_zone(scene);
        let before = writes(scene);
        let block = |to: &str, id: &str| format!("import {{\n  to = {to}\n  id = \"{id}\"\n}}\n");
        let mut rest = vec![
            block("aop_zone_certificate.zone", &format!("{ZONE_ID}/{zone}")),
            block("aop_zone_setting.zone", ZONE_ID),
            block("aop_global_setting.all", ZONE_ID),
        ];
        for (name, id) in ["one", "two"].iter().zip(&ids) {
            let to = format!("aop_hostname_certificate.{name}");
            rest.push(block(&to, &format!("{ZONE_ID}/{id}")));
        }
        let singles = (0..20).map(|n| {
            let to = format!("aop_hostname_association.h{n}");
            block(&to, &format!("{ZONE_ID}/h{n}.example.com"))
        });
        let plural = block("aop_hostname_associations.all", ZONE_ID);
        scene.configure("");
        for (associations, count) in [(singles.collect::<String>(), 25), (plural, 6)] {
            scene.rewrite(&format!("{}{associations}", rest.concat()));
            let forgets_quotes = count == 6 && scene.cli.product == Product::OpenTofu;
            let code = i32::from(forgets_quotes);
            scene.run(&["plan", "-generate-config-out=generated.tf"], code);
            if forgets_quotes {
                put_quotes_in(scene);
            }
            let applied = scene.apply();
            says(
                &applied,
                &[&format!(
                    "{count} imported, 0 added, 0 changed, 0 destroyed"
                )],
            );
            scene.plan_is_empty();
            let directory = scene.workspace.directory();
            for file in ["generated.tf", "terraform.tfstate"] {
                std::fs::remove_file(directory.join(file)).unwrap();
            }
        }
        assert_eq!(writes(scene), before, "an import writes nothing");
    });
}
