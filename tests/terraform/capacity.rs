//! A store with ten places: rotations share what is free, and are refused before
//! anything changes where nothing is.

use aop_simulator::Store;
use serde_json::Value;

use crate::scene::{ASSOCIATION, CERTIFICATE, Scene, says, with_every_cli_at_once};

/// So many certificates, each with a hostname.
fn config(count: usize) -> String {
    let set = (0..count).map(|i| format!("\"c{i}\""));
    let set = set.collect::<Vec<_>>().join(", ");
    format!(
        r#"
locals {{ names = toset([{set}]) }}
resource "aop_hostname_certificate" "all" {{
  for_each    = local.names
  zone_id     = var.zone_id
  certificate = file("${{each.key}}.pem")
  private_key = file("${{each.key}}.key")
}}
resource "aop_hostname_association" "all" {{
  for_each       = local.names
  zone_id        = var.zone_id
  hostname       = "${{each.key}}.example.com"
  certificate_id = aop_hostname_certificate.all[each.key].id
}}
"#
    )
}

fn certificates(scene: &Scene, count: usize) {
    for i in 0..count {
        scene.certificate(&format!("c{i}"));
    }
}

fn begin(scene: &Scene, count: usize) -> crate::scene::Live {
    certificates(scene, count);
    scene.configure(&config(count));
    scene.apply();
    let names: Vec<String> = (0..count).map(|i| format!("c{i}.example.com")).collect();
    let live = scene.traffic(&names.iter().map(String::as_str).collect::<Vec<_>>());
    certificates(scene, count);
    live
}

#[test]
fn nine_of_ten_certificates_are_exchanged_in_one_apply() {
    with_every_cli_at_once("nine-of-ten", |scene| {
        let live = begin(scene, 9);
        scene.apply();
        assert_eq!(scene.requests("DELETE", ""), 9);
        scene.plan_is_empty();
        live.was_never_refused();
        assert_eq!(scene.ids(Store::Hostname).len(), 9);
        scene.destroy();
    });
}

#[test]
fn ten_of_ten_are_warned_of_and_refused_before_anything_changes() {
    with_every_cli_at_once("ten-of-ten", |scene| {
        let live = begin(scene, 10);
        scene.plan_changes(&[
            "Warning: Hostname certificate quota exceeded",
            "Cloudflare takes 10",
        ]);
        let before = scene.ids(Store::Hostname);
        let state = scene.run(&["state", "pull"], 0).stdout;
        scene.apply_fails(&[
            "Hostname certificate quota exceeded",
            "All of them serve hostnames",
        ]);
        assert_eq!(scene.ids(Store::Hostname), before);
        assert_eq!(scene.requests("DELETE", ""), 0);
        let attributes = |state: &str| -> Vec<Value> {
            let state: Value = serde_json::from_str(state).unwrap();
            let resources = state["resources"].as_array().unwrap().clone();
            let instances = resources
                .iter()
                .flat_map(|r| r["instances"].as_array().unwrap());
            instances
                .map(|instance| instance["attributes"].clone())
                .collect()
        };
        let after = scene.run(&["state", "pull"], 0).stdout;
        let same = attributes(&state) == attributes(&after);
        assert!(same, "the state is not as it was");

        // One hostname and its certificate less, and the rest finds its place.
        scene.rewrite(&config(9));
        scene.apply();
        scene.plan_is_empty();
        let tally = live.traffic.tally();
        let (_, hostname, _) = tally.first_refusal.clone().unwrap_or_default();
        assert!(
            hostname.is_empty() || hostname == "c9.example.com",
            "{tally:?}"
        );
        scene.destroy();
    });
}

#[test]
fn an_unused_certificate_in_the_way_is_named() {
    with_every_cli_at_once("full-unused", |scene| {
        let live = begin(scene, 9);
        let made = scene.certificate("stranger");
        let body = serde_json::json!({
            "certificate": made.certificate,
            "private_key": made.private_key,
        });
        let path = "/origin_tls_client_auth/hostnames/certificates";
        scene.elsewhere("POST", path, &body.to_string());
        let stranger = scene.ids(Store::Hostname).pop().unwrap();
        let refused =
            scene.apply_fails(&["Hostname certificate quota exceeded", "No hostname uses"]);
        says(&refused, &[&stranger]);
        scene.elsewhere("DELETE", &format!("{path}/{stranger}"), "");
        scene.apply();
        scene.plan_is_empty();
        live.was_never_refused();
        scene.destroy();
    });
}

/// Nothing but the destroys can make the place that the new certificate waits for.
#[test]
fn a_new_certificate_waits_for_the_place_of_one_that_is_removed() {
    with_every_cli_at_once("full-replaced", |scene| {
        certificates(scene, 9);
        scene.certificate("old");
        scene.certificate("new");
        let single = |name: &str| {
            format!(
                r#"
resource "aop_hostname_certificate" "{name}" {{
  zone_id     = var.zone_id
  certificate = file("{name}.pem")
  private_key = file("{name}.key")
}}
resource "aop_hostname_association" "{name}" {{
  zone_id        = var.zone_id
  hostname       = "{name}.example.com"
  certificate_id = aop_hostname_certificate.{name}.id
}}
"#
            )
        };
        scene.configure(&format!("{}{}", config(9), single("old")));
        scene.apply();
        scene.rewrite(&format!("{}{}", config(9), single("new")));
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.ids(Store::Hostname).len(), 10);
        scene.destroy();
    });
}

#[test]
fn an_eleventh_certificate_is_refused_with_the_number_and_the_zone() {
    with_every_cli_at_once("eleventh", |scene| {
        certificates(scene, 11);
        scene.configure(&config(10));
        scene.apply();
        let posts = scene.requests("POST", "");
        scene.rewrite(&config(11));
        let zone = aop_simulator::ZONE_ID;
        let words = [
            "Hostname certificate quota exceeded",
            "has 10 hostname certificates",
            zone,
        ];
        scene.apply_fails(&words);
        assert_eq!(
            scene.requests("POST", ""),
            posts + 1,
            "a full store is not asked twice"
        );
        let state = scene.run(&["state", "list"], 0).stdout;
        assert!(!state.contains("c10"), "{state}");
        assert_eq!(scene.ids(Store::Hostname).len(), 10);
        scene.rewrite(&config(10));
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_hundred_and_first_hostname_is_refused_with_the_limit() {
    let plural = r#"
resource "aop_hostname_associations" "all" {
  zone_id = var.zone_id
  associations = {
    for n in range(101) : "h${n}.example.com" => {
      certificate_id = aop_hostname_certificate.shop.id
    }
  }
}
"#;
    let with = |count: &str, more: &str| {
        let plural = plural.replace("101", count);
        format!("{CERTIFICATE}{plural}{more}")
    };
    with_every_cli_at_once("hundred-and-first", |scene| {
        scene.certificate("shop");
        scene.configure(&with("100", ""));
        scene.apply();
        let limit = ["has 100 hostnames already", "Cloudflare takes 100 for each"];
        let one_more = ASSOCIATION.replace("app.example.com", "more.example.com");
        scene.rewrite(&with("100", &one_more));
        let refused = scene.apply_fails(&limit);
        says(&refused, &["more.example.com"]);
        scene.rewrite(&with("101", ""));
        let refused = scene.apply_fails(&limit);
        says(
            &refused,
            &["Many hostnames for one certificate", "h100.example.com"],
        );
        scene.rewrite(&with("100", ""));
        scene.plan_is_empty();
        scene.destroy();
    });
}
