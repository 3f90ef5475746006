//! Every argument with rubbish: a plain sentence at the attribute, at plan,
//! before anything is sent, and never the secret itself.

use aop_simulator::pki::Wanted;
use jiff::SignedDuration;

use crate::scene::{CERTIFICATE, Scene, now, with_every_cli};

fn association(change: (&str, &str)) -> String {
    let config = r#"
resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "app.example.com"
  certificate_id = "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"
}
"#;
    config.replace(change.0, change.1)
}

/// Nothing but reads of nothing was sent.
#[track_caller]
pub(crate) fn nothing_was_sent(scene: &Scene) {
    assert!(
        scene.simulator.log().is_empty(),
        "{:?}",
        scene.simulator.log()
    );
}

#[test]
fn a_hostname_that_is_none_is_named_for_what_it_is() {
    with_every_cli("bad-hostname", |scene| {
        scene.configure("");
        for (hostname, sentence) in [
            ("https://app.example.com", "URL with a scheme"),
            ("app.example.com:8443", "port"),
            ("app.example.com/path", "path"),
            ("", "is empty"),
            ("app..example.com", "empty label"),
            ("a b.example.com", "whitespace"),
            ("192.0.2.1", "IP address"),
            (
                &format!("{}.example.com", "a".repeat(64)),
                "more than 63 characters",
            ),
            ("ex\u{202e}ample.com", "internationalized"),
        ] {
            scene.rewrite(&association(("app.example.com", hostname)));
            scene.plan_fails(&["Invalid hostname", sentence, "hostname "]);
        }
        nothing_was_sent(scene);
    });
}

#[test]
fn every_other_argument_of_an_association_is_checked_too() {
    with_every_cli("bad-association", |scene| {
        scene.configure("");
        for (change, parts) in [
            (
                ("var.zone_id", "\"example.com\""),
                ["Invalid zone id", "looks like a domain name"],
            ),
            (
                ("var.zone_id", "\"\""),
                ["Invalid zone id", "32 hexadecimal digits"],
            ),
            (
                ("var.zone_id", "7"),
                ["Invalid zone id", "32 hexadecimal digits"],
            ),
            (
                ("\"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60\"", "\" \""),
                ["Invalid certificate id", "certificate_id"],
            ),
            (
                ("2458ce5a-0c35-4c7f-82c7-8e9487d3ff60", "../../é rubbish"),
                ["Invalid certificate id", "certificate_id"],
            ),
            (
                (
                    "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60",
                    "2458CE5A-0C35-4C7F-82C7-8E9487D3FF60",
                ),
                ["in lower case", "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"],
            ),
            (
                ("\n}", "\n  timeouts = { create = \"10\" }\n}"),
                ["Invalid timeout", "write a number with a unit"],
            ),
            (("\n}", "\n  enabled = \"perhaps\"\n}"), ["enabled", "bool"]),
        ] {
            scene.rewrite(&association(change));
            scene.plan_fails(&parts);
        }
        nothing_was_sent(scene);
    });
}

#[test]
fn a_timeout_with_white_space_is_named() {
    with_every_cli("bad-timeout", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        for (name, value) in [("delete", "10m "), ("create", "10 m"), ("update", "\\t1h")] {
            let timeouts = format!("  timeouts = {{ {name} = \"{value}\" }}\n}}");
            let end = CERTIFICATE.rfind('}').unwrap();
            scene.rewrite(&format!("{}{timeouts}\n", &CERTIFICATE[..end]));
            let named = format!("timeouts.{name}");
            scene.plan_fails(&["Invalid timeout", &named, "whitespace"]);
        }
        nothing_was_sent(scene);
    });
}

#[test]
fn each_faulty_certificate_has_its_own_sentence() {
    with_every_cli("bad-certificate", |scene| {
        let good = scene.certificate("shop");
        let other = scene.authority.client("other", now()).unwrap();
        let ca = scene.authority.certificate().to_owned();
        let expired = scene.authority.issue(&Wanted {
            name: "old",
            not_before: now() - SignedDuration::from_hours(24 * 60),
            not_after: now() - SignedDuration::from_hours(24 * 30),
        });
        let expired = expired.unwrap();
        scene.configure(CERTIFICATE);
        let cut = good.certificate.replace("-----END CERTIFICATE-----", "");
        let noise = good.certificate.replace("MII", "M*I");
        let inner = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        let one_line = good.certificate.replace('\n', "\\n");
        for (text, sentence) in [
            ("", "has no line"),
            ("not a certificate", "has no line"),
            (one_line.as_str(), "replace("),
            (cut.as_str(), "has no END line"),
            (noise.as_str(), "is not base64"),
            (inner, "is not an X.509 certificate"),
            (
                good.private_key.as_str(),
                "Private key among the certificates",
            ),
            (
                &format!("{}{}", good.certificate, good.private_key),
                "Private key among",
            ),
            (&format!("{ca}{}", good.certificate), "in the wrong order"),
            (
                &format!("{}{}", good.certificate, other.certificate),
                "do not belong together",
            ),
            (&good.certificate.repeat(11), "Too many certificates"),
            (&"x".repeat(70_000), "Certificate is too large"),
            (expired.certificate.as_str(), "Certificate has expired"),
            (ca.as_str(), "Certificate is a CA certificate"),
        ] {
            scene.workspace.write("shop.pem", text).unwrap();
            scene.plan_fails(&[sentence, "certificate = file(\"shop.pem\")"]);
        }
        nothing_was_sent(scene);
    });
}

#[test]
fn each_faulty_key_has_its_own_sentence_and_is_never_shown() {
    with_every_cli("bad-key", |scene| {
        let good = scene.certificate("shop");
        let other = scene.authority.client("other", now()).unwrap();
        scene.configure(CERTIFICATE);
        let encrypted = good
            .private_key
            .replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        let legacy = good.private_key.replace(
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n",
        );
        let legacy = legacy.replace("END PRIVATE", "END EC PRIVATE");
        let openssh = good
            .private_key
            .replace("PRIVATE KEY", "OPENSSH PRIVATE KEY");
        let public = good.private_key.replace("PRIVATE KEY", "PUBLIC KEY");
        let garbage = "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n";
        let secret = good.private_key.lines().nth(1).unwrap().to_owned();
        for (text, sentence) in [
            ("", "Private key is not PEM"),
            (encrypted.as_str(), "Private key is encrypted"),
            (legacy.as_str(), "Private key is encrypted"),
            (openssh.as_str(), "OpenSSH"),
            (public.as_str(), "public key"),
            (good.certificate.as_str(), "is a certificate"),
            (garbage, "Private key cannot be used"),
            (
                &format!("{}{}", good.private_key, other.private_key),
                "More than one PEM block",
            ),
            (
                other.private_key.as_str(),
                "does not belong to the certificate",
            ),
        ] {
            scene.workspace.write("shop.key", text).unwrap();
            let ran = scene.plan_fails(&[sentence, "private_key = file(\"shop.key\")"]);
            assert!(!ran.text().contains(&secret));
        }
        let write_only = CERTIFICATE.replace("private_key =", "private_key_wo =");
        scene.rewrite(&write_only);
        scene.plan_fails(&[
            "does not belong to the certificate",
            "private_key_wo = file(\"shop.key\")",
        ]);
        let both = CERTIFICATE.replace(
            "private_key =",
            "private_key = file(\"shop.key\")\n  private_key_wo =",
        );
        scene.rewrite(&both);
        scene.plan_fails(&["Conflicting private keys", "Keep one of them"]);
        scene.rewrite(&CERTIFICATE.replace("  private_key = file(\"shop.key\")\n", ""));
        scene.plan_fails(&["Private key is missing", "private_key_wo"]);
        nothing_was_sent(scene);
    });
}

#[test]
fn what_is_unknown_at_plan_is_checked_at_apply_before_anything_is_sent() {
    with_every_cli("unknown", |scene| {
        let good = scene.certificate("shop");
        let other = scene.authority.client("other", now()).unwrap();
        let config = r#"
resource "terraform_data" "later" {
  input = {
    certificate = file("shop.pem")
    private_key = file("shop.key")
    hostname    = "app.example.com"
  }
}
resource "aop_hostname_certificate" "shop" {
  zone_id     = var.zone_id
  certificate = terraform_data.later.output.certificate
  private_key = terraform_data.later.output.private_key
}
resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = terraform_data.later.output.hostname
  certificate_id = aop_hostname_certificate.shop.id
}
"#;
        scene.configure(config);
        scene
            .workspace
            .write("shop.key", &other.private_key)
            .unwrap();
        scene.plan_changes(&["issuer = (known after apply)"]);
        scene.apply_fails(&["does not belong to the certificate"]);
        assert_eq!(scene.requests("POST", ""), 0);
        scene
            .workspace
            .write("shop.key", &good.private_key)
            .unwrap();
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}
