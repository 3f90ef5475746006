//! State of the official provider, versions 4 and 5, taken over with `moved` blocks.
//!
//! The state files have the shapes that these versions write. The plan is a move and
//! nothing else, and nothing is written.

mod refused;
mod special;
mod whole;

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
