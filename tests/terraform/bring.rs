//! What users bring: texts, ids and zones as they have them, not as they should be.

use aop_simulator::{Shows, Store, ZONE_ID};
use rcgen::{CertificateParams, IsCa, KeyPair};

use crate::scene::{Scene, says, with_every_cli};

const CONFIG: &str = r#"
resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("shop.pem")
  private_key_wo = file("shop.key")
}
output "expires" {
  value = aop_hostname_certificate.shop.expires_on
}
"#;
const ADDRESS: &str = "aop_hostname_certificate.shop";

fn writes(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    log.iter().filter(|request| request.method != "GET").count()
}

/// Forgets the resource and imports it.
fn import_again(scene: &Scene) {
    let id = format!("{ZONE_ID}/{}", scene.ids(Store::Hostname)[0]);
    scene.run(&["state", "rm", ADDRESS], 0);
    scene.run(&["import", ADDRESS, &id], 0);
}

/// Cloudflare holds a chain in an order that an upload must not have.
#[test]
fn a_chain_in_another_order_is_imported_and_stays() {
    with_every_cli("bring-order", |scene| {
        let made = scene.certificate("shop");
        let chain = |first: &str, second: &str| {
            scene
                .workspace
                .write("shop.pem", &format!("{first}{second}"))
                .unwrap();
        };
        let upper = scene.authority.certificate().to_owned();
        chain(&made.certificate, &upper);
        scene.configure(CONFIG);
        scene.apply();
        scene.simulator.set(|s| s.shows = Shows::Reversed);
        let before = writes(scene);
        import_again(scene);
        let shown = scene.run(&["state", "show", ADDRESS], 0).stdout;
        for fact in [
            "issuer",
            "serial_number",
            "expires_on",
            "fingerprint_sha256",
        ] {
            let line = shown.lines().find(|line| line.trim().starts_with(fact));
            assert!(
                line.is_some_and(|line| !line.contains("null")),
                "{fact}: {shown}"
            );
        }
        // As it should be, as it is, the leaf alone: nothing is uploaded for any of them.
        scene.plan_is_empty();
        chain(&upper, &made.certificate);
        scene.plan_is_empty();
        scene
            .workspace
            .write("shop.pem", &made.certificate)
            .unwrap();
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(writes(scene), before);
        let data = r#"
data "aop_hostname_certificates" "all" {
  zone_id = var.zone_id
}
output "found" {
  value = data.aop_hostname_certificates.all.certificates[0].fingerprint_sha256
}
"#;
        scene.rewrite(&format!("{CONFIG}{data}"));
        let ran = scene.apply();
        assert!(ran.stdout.contains("found = \""), "{}", ran.text());
        // What is uploaded has to be in order.
        let next = scene.certificate("next");
        chain(&upper, &next.certificate);
        scene
            .workspace
            .write("shop.key", &next.private_key)
            .unwrap();
        scene.plan_fails(&["Certificates are in the wrong order"]);
        chain(&made.certificate, "");
        scene.destroy();
    });
}

#[test]
fn a_certificate_without_an_end_is_imported_and_stays() {
    with_every_cli("bring-endless", |scene| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::ExplicitNoCa;
        params.not_after = rcgen::date_time_ymd(9999, 12, 31);
        let made = params.self_signed(&key).unwrap();
        scene.workspace.write("shop.pem", &made.pem()).unwrap();
        scene
            .workspace
            .write("shop.key", &key.serialize_pem())
            .unwrap();
        scene.configure(CONFIG);
        let ran = scene.apply();
        assert!(
            ran.stdout.contains("9999-12-31T00:00:00Z"),
            "{}",
            ran.text()
        );
        scene.plan_is_empty();
        let before = writes(scene);
        import_again(scene);
        scene.plan_is_empty();
        assert_eq!(writes(scene), before);
        scene.destroy();
    });
}

#[test]
fn a_zone_id_in_capitals_is_the_same_zone() {
    with_every_cli("bring-capitals", |scene| {
        scene.certificate("shop");
        let config = |zone: &str| {
            let all = r#"
resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}
resource "aop_hostname_associations" "more" {
  zone_id = var.zone_id
  associations = {
    "more.example.com" = { certificate_id = aop_hostname_certificate.shop.id }
  }
}
resource "aop_global_setting" "all" {
  zone_id = var.zone_id
  enabled = true
}
"#;
            format!("{CONFIG}{all}").replace("var.zone_id", zone)
        };
        scene.configure(&config("var.zone_id"));
        scene.apply();
        let before = writes(scene);
        scene.rewrite(&config("upper(var.zone_id)"));
        scene.plan_is_empty();
        scene.rewrite(&config("lower(var.zone_id)"));
        scene.plan_is_empty();
        // And the other way round, from an import.
        let id = format!("{}/app.example.com", ZONE_ID.to_uppercase());
        scene.run(&["state", "rm", "aop_hostname_association.app"], 0);
        scene.run(&["import", "aop_hostname_association.app", &id], 0);
        scene.plan_is_empty();
        assert_eq!(writes(scene), before);
        scene.destroy();
    });
}

#[test]
fn a_malformed_import_id_shows_the_whole_form() {
    with_every_cli("bring-import", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let whole = "<zone_id>/<certificate_id>";
        for id in [
            "x",
            "x/y",
            "023e105f4ecef8ad9ca31a8372d0c353/..",
            "023e105f4ecef8ad9ca31a8372d0c353/",
            "example.com/2458ce5a-0c35-4c7f-82c7-8e9487d3ff60",
            "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60/023e105f4ecef8ad9ca31a8372d0c353",
            "023e105f4ecef8ad9ca31a8372d0c353/a/b",
        ] {
            let ran = scene.run(&["import", ADDRESS, id], 1);
            says(&ran, &[whole]);
        }
    });
}
