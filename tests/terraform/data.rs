//! Data sources and functions, as a configuration uses them.

use aop_simulator::pki::Authority;
use aop_simulator::{Store, ZONE_ID};

use crate::scene::{CONFIG, Scene, now, says, with_every_cli};

const ZONE_CERTIFICATE: &str = r#"
resource "aop_zone_certificate" "zone" {
  zone_id     = var.zone_id
  certificate = file("shop.pem")
  private_key = file("shop.key")
}
"#;

/// A configuration that only looks, and what it shows as `found`.
fn look(body: &str, found: &str) -> String {
    format!("{body}output \"found\" {{\n  value = {found}\n}}\n")
}

fn found(scene: &Scene) -> serde_json::Value {
    let text = scene.run(&["output", "-json", "found"], 0).stdout;
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn one_object_is_found_by_its_id() {
    with_every_cli("data-one", |scene| {
        scene.certificate("shop");
        let made = format!(
            "{CONFIG}{ZONE_CERTIFICATE}resource \"aop_zone_setting\" \"zone\" {{\n  zone_id = \
             var.zone_id\n  enabled = true\n  depends_on = [aop_zone_certificate.zone]\n}}\n"
        );
        let data = r#"
data "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate_id = aop_hostname_certificate.shop.id
}
data "aop_zone_certificate" "zone" {
  zone_id        = var.zone_id
  certificate_id = aop_zone_certificate.zone.id
}
data "aop_hostname_association" "app" {
  zone_id    = var.zone_id
  hostname   = "APP.example.com."
  depends_on = [aop_hostname_association.app]
}
data "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  depends_on = [aop_zone_setting.zone]
}
data "aop_global_setting" "all" {
  zone_id = var.zone_id
}
"#;
        let shown = r#"{
    same = (
      data.aop_hostname_certificate.shop.fingerprint_sha256 == aop_hostname_certificate.shop.fingerprint_sha256 &&
      data.aop_zone_certificate.zone.expires_on == aop_zone_certificate.zone.expires_on &&
      data.aop_hostname_association.app.certificate_id == aop_hostname_certificate.shop.id
    )
    status  = data.aop_hostname_association.app.status
    on      = data.aop_zone_setting.zone.enabled
    all     = data.aop_global_setting.all.enabled
  }"#;
        // The ids are not known when it is first planned.
        scene.configure(&look(&format!("{made}{data}"), shown));
        scene.apply();
        let expected = serde_json::json!({
            "same": true, "status": "active", "on": true, "all": false,
        });
        assert_eq!(found(scene), expected);
        scene.plan_is_empty();
        let state = scene.run(&["state", "pull"], 0).stdout;
        let data = state.split("\"mode\": \"data\"").skip(1);
        assert!(data.into_iter().all(|part| {
            let end = part.find("\"mode\"").unwrap_or(part.len());
            !part[..end].contains("PRIVATE KEY")
        }));
        scene.destroy();
    });
}

#[test]
fn ten_data_sources_of_a_kind_are_one_request() {
    with_every_cli("data-shared", |scene| {
        scene.certificate("shop");
        let made = format!("{CONFIG}{ZONE_CERTIFICATE}");
        let data = [
            (
                "hostname_certificate",
                "certificate_id = aop_hostname_certificate.shop.id",
            ),
            (
                "zone_certificate",
                "certificate_id = aop_zone_certificate.zone.id",
            ),
            (
                "hostname_association",
                "hostname = aop_hostname_association.app.hostname",
            ),
            ("zone_setting", ""),
            ("global_setting", ""),
            ("hostname_certificates", ""),
            ("zone_certificates", ""),
            ("hostname_associations", ""),
        ];
        let data = data.map(|(kind, argument)| {
            format!(
                "data \"aop_{kind}\" \"all\" {{\n  count = 10\n  zone_id = var.zone_id\n  \
                 {argument}\n}}\n"
            )
        });
        scene.configure(&format!("{made}{}", data.concat()));
        scene.apply();
        let before = scene.simulator.log().len();
        scene.plan_is_empty();
        let log = scene.simulator.log();
        let mut asked: Vec<&str> = log.iter().skip(before).map(|r| r.path.as_str()).collect();
        asked.sort_unstable();
        // Three lists and two switches, for the resources too.
        assert_eq!(asked.len(), 5, "{asked:#?}");
        scene.destroy();
    });
}

/// Makes three hostname certificates, of which one is deleted, and four associations.
fn busy(scene: &Scene) -> Vec<String> {
    for name in ["a", "b", "c"] {
        scene.certificate(name);
    }
    let all = r#"
resource "aop_hostname_certificate" "all" {
  for_each    = toset(["a", "b", "c"])
  zone_id     = var.zone_id
  certificate = file("${each.key}.pem")
  private_key = file("${each.key}.key")
}
resource "aop_hostname_associations" "all" {
  zone_id = var.zone_id
  associations = {
    "z.example.com" = { certificate_id = aop_hostname_certificate.all["a"].id }
    "m.example.com" = { certificate_id = aop_hostname_certificate.all["b"].id, enabled = false }
    "b.example.com" = { certificate_id = aop_hostname_certificate.all["a"].id }
    "gone.example.com" = { certificate_id = aop_hostname_certificate.all["a"].id }
  }
}
"#;
    scene.configure(all);
    scene.apply();
    let fewer = all.replace("\"a\", \"b\", \"c\"", "\"a\", \"b\"");
    let fewer: Vec<&str> = fewer
        .lines()
        .filter(|line| !line.contains("gone"))
        .collect();
    scene.rewrite(&fewer.join("\n"));
    scene.apply();
    let mut ids = scene.ids(Store::Hostname);
    ids.sort();
    ids
}

#[test]
fn lists_are_sorted_filtered_and_show_nothing_that_is_gone() {
    with_every_cli("data-lists", |scene| {
        let ids = busy(scene);
        assert_eq!(ids.len(), 2);
        let list = |kind: &str, filter: &str, element: &str| {
            let body = format!(
                "data \"aop_{kind}\" \"all\" {{\n  zone_id = var.zone_id\n  {filter}\n}}\n"
            );
            let items = kind.split_once('_').map_or("", |(_, items)| items);
            scene.rewrite(&look(
                &body,
                &format!("data.aop_{kind}.all.{items}[*].{element}"),
            ));
            let directory = scene.workspace.directory();
            // Its own state, beside the one that made the objects.
            let _ = std::fs::rename(directory.join("terraform.tfstate"), directory.join("made"));
            let ran = scene.apply();
            let list = found(scene);
            std::fs::rename(directory.join("made"), directory.join("terraform.tfstate"))
                .expect("the state");
            (list, ran)
        };
        let certificates = |filter: &str| list("hostname_certificates", filter, "certificate_id");
        let names = |filter: &str| list("hostname_associations", filter, "hostname");
        assert_eq!(certificates("").0, serde_json::json!(ids));
        assert_eq!(
            certificates("status = \"active\"").0,
            serde_json::json!(ids)
        );
        assert_eq!(
            certificates("expires_before = \"2200-01-01T00:00:00Z\"").0,
            serde_json::json!(ids)
        );
        let (none, ran) = certificates("expires_before = \"2001-01-01T00:00:00Z\"");
        assert_eq!(none, serde_json::json!([]));
        assert!(!ran.text().contains("Warning"), "{}", ran.text());
        let (none, ran) = certificates("status = \"deployment_timed_out\"");
        assert_eq!(none, serde_json::json!([]));
        says(
            &ran,
            &[
                "No certificate matches",
                "certificates with the status active",
            ],
        );
        assert_eq!(
            list("zone_certificates", "", "status").0,
            serde_json::json!([])
        );

        let all = ["b.example.com", "m.example.com", "z.example.com"];
        assert_eq!(names("").0, serde_json::json!(all));
        assert_eq!(names("enabled = false").0, serde_json::json!([all[1]]));
        let (pending, ran) = names("status = \"pending_deployment\"");
        assert_eq!(pending, serde_json::json!([]));
        says(
            &ran,
            &[
                "No association matches",
                "None of the 3 associations",
                "status pending_deployment",
            ],
        );
        let by_certificate = ids
            .iter()
            .map(|id| names(&format!("certificate_id = \"{id}\"")).0);
        let counts: usize = by_certificate
            .map(|list| list.as_array().map_or(0, Vec::len))
            .sum();
        assert_eq!(counts, 3);
    });
}

#[test]
fn what_a_data_source_cannot_find_or_understand_is_a_sentence() {
    with_every_cli("data-bad", |scene| {
        let ids = busy(scene);
        let zone = "zone_id = var.zone_id";
        let id = ids.first().expect("an id");
        for (kind, arguments, parts) in [
            (
                "aop_hostname_certificate",
                format!("{zone}\n  certificate_id = \"nothing\""),
                [
                    "Certificate not found",
                    "has no hostname certificate nothing",
                ],
            ),
            (
                "aop_zone_certificate",
                format!("{zone}\n  certificate_id = \"{id}\""),
                [
                    "Certificate not found",
                    "It is the id of an aop_hostname_certificate",
                ],
            ),
            (
                "aop_hostname_association",
                format!("{zone}\n  hostname = \"none.example.com\""),
                [
                    "Association not found",
                    "none.example.com has no association",
                ],
            ),
            (
                "aop_hostname_association",
                format!("{zone}\n  hostname = \"https://a.example.com\""),
                ["Invalid hostname", "URL with a scheme"],
            ),
            (
                "aop_zone_setting",
                "zone_id = \"example.com\"".to_owned(),
                ["Invalid zone id", "looks like a domain name"],
            ),
            (
                "aop_hostname_certificates",
                format!("{zone}\n  status = \"acitve\""),
                [
                    "Unknown status",
                    "It has initializing, pending_deployment, active",
                ],
            ),
            (
                "aop_zone_certificates",
                format!("{zone}\n  expires_before = \"tomorrow\""),
                ["Invalid time", "2027-01-31T00:00:00Z"],
            ),
            (
                "aop_hostname_associations",
                format!("{zone}\n  certificate_id = \"two words\""),
                ["Invalid certificate id", "looks like"],
            ),
        ] {
            scene.rewrite(&format!("data \"{kind}\" \"x\" {{\n  {arguments}\n}}\n"));
            scene.plan_fails(&parts);
        }
    });
}

#[test]
fn functions_need_neither_a_credential_nor_the_network() {
    with_every_cli("functions", |scene| {
        scene.workspace.set_env("CLOUDFLARE_API_TOKEN", "");
        let shop = scene.certificate("shop");
        let other = Authority::new("Other").and_then(|authority| authority.client("other", now()));
        scene.write_certificate("other", &other.expect("a certificate"));
        scene.configure(&look(
            "",
            r#"{
    info    = provider::aop::certificate_info(file("shop.pem"))
    own     = provider::aop::private_key_matches(file("shop.pem"), file("shop.key"))
    other   = provider::aop::private_key_matches(file("shop.pem"), file("other.key"))
  }"#,
        ));
        scene.run(&["validate"], 0);
        scene.apply();
        let found = found(scene);
        assert_eq!(
            (&found["own"], &found["other"]),
            (&true.into(), &false.into())
        );
        assert_eq!(found["info"]["client_auth"], true);
        assert_eq!(found["info"]["is_ca"], false);
        assert_eq!(found["info"]["subject"], "CN=shop");
        for name in [
            "issuer",
            "serial_number",
            "signature",
            "not_before",
            "expires_on",
        ] {
            assert!(
                found["info"][name]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{name}"
            );
        }
        for (call, parts) in [
            (
                "certificate_info(file(\"shop.key\"))",
                ["Invalid function argument", "\"pem\""],
            ),
            (
                "private_key_matches(file(\"shop.pem\"), file(\"shop.pem\"))",
                [
                    "\"private_key\"",
                    "Not a private key: The text is a certificate.",
                ],
            ),
            (
                "private_key_matches(\"nothing\", file(\"shop.key\"))",
                ["\"certificate\"", "no line `-----BEGIN CERTIFICATE-----`"],
            ),
        ] {
            scene.rewrite(&look("", &format!("provider::aop::{call}")));
            let refused = scene.run(&["plan"], 1);
            says(&refused, &parts);
            assert!(!refused.text().contains(".."), "{}", refused.text());
            let key: Vec<&str> = shop.private_key.lines().collect();
            assert!(!refused.text().contains(key[1]), "the key stays out");
        }
        assert!(scene.simulator.log().is_empty());
        assert_eq!(scene.left(), 0, "{ZONE_ID}");
    });
}
