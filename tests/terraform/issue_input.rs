//! What `issue` is given: what is not known yet, and what cannot be meant.

use aop_simulator::Store;
use aop_simulator::pki::Authority;

use crate::issue::{issued, with_authority};
use crate::scene::with_every_cli;

/// What another resource gives is not known at the plan, and may be all of it.
#[test]
fn an_authority_that_is_not_known_yet_issues_all_the_same() {
    with_every_cli("issue-unknown", |scene| {
        with_authority(scene, &scene.authority);
        let made = "resource \"terraform_data\" \"ca\" {\n  input = file(\"ca.pem\")\n}\n";
        let plain = issued(Store::Hostname, "");
        let whole = plain.replace(
            "issue = {",
            "issue = terraform_data.ca.output == \"\" ? null : {",
        );
        for config in [plain.clone(), whole] {
            let unknown = config.replace(
                "file(\"ca.pem\")\n    ca_p",
                "terraform_data.ca.output\n    ca_p",
            );
            assert_ne!(unknown, config);
            scene.configure(&format!("{made}{unknown}"));
            scene.plan_changes(&["2 to add"]);
            scene.apply();
            scene.plan_is_empty();
            let ids = scene.ids(Store::Hostname);
            // Known to be the same only in the apply.
            let replaced = format!(
                "{}{unknown}",
                made.replace("input", "triggers_replace = [1]\n  input")
            );
            scene.configure(&replaced);
            scene.apply();
            scene.plan_is_empty();
            assert_eq!(scene.ids(Store::Hostname), ids, "it is what it was");
            scene.destroy();
        }
        // What is given is planned as it is, although it may turn out to be issued.
        scene.certificate("leaf");
        let given = plain.replace(
            "  issue = {",
            "  certificate = file(\"leaf.pem\")\n  private_key_wo = file(\"leaf.key\")\n  issue = \
             terraform_data.ca.output != \"\" ? null : {",
        );
        scene.configure(&format!("{made}{given}"));
        scene.plan_changes(&["2 to add"]);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn each_bad_argument_has_its_sentence_at_plan() {
    with_every_cli("issue-bad-input", |scene| {
        with_authority(scene, &scene.authority);
        let leaf = scene.certificate("leaf");
        let other = Authority::new("Another CA").unwrap();
        scene
            .workspace
            .write("other.key", &other.private_key())
            .unwrap();
        scene.configure(&issued(Store::Hostname, ""));
        let long = "x".repeat(65);
        for (more, words) in [
            ("validity = \"0\"".to_owned(), "is no time at all"),
            ("validity = \"-5h\"".to_owned(), "is not a duration"),
            (
                "validity = \"87600000h\"".to_owned(),
                "is longer than a year",
            ),
            (
                "validity = \"240h\"\n renew_before = \"240h\"".to_owned(),
                "would renew the certificate",
            ),
            ("renew_before = \"2 days\"".to_owned(), "holds whitespace"),
            ("common_name = \"\"".to_owned(), "It is empty"),
            (format!("common_name = \"{long}\""), "has 65 characters"),
            (
                "common_name = \"a\\nb\"".to_owned(),
                "characters that nobody sees",
            ),
            (
                "key_algorithm = \"ED25519\"".to_owned(),
                "is none of ECDSA_P256, ECDSA_P384, RSA_2048",
            ),
        ] {
            scene.rewrite(&issued(Store::Hostname, &more));
            scene.plan_fails(&[words]);
        }
        let plain = issued(Store::Hostname, "");
        let key = "ca_private_key_wo = var.ca_key";
        for (from, to, words) in [
            (
                "file(\"ca.pem\")",
                "file(\"leaf.pem\")",
                "CA may not sign certificates",
            ),
            ("file(\"ca.pem\")", "\"nothing\"", "Certificate is not PEM"),
            (
                key,
                "ca_private_key_wo = file(\"other.key\")",
                "does not belong to the certificate",
            ),
            (
                key,
                "ca_private_key_wo = \"nothing\"",
                "Private key is not PEM",
            ),
            (key, "", "CA private key is missing"),
            (
                "  issue =",
                "  certificate = file(\"leaf.pem\")\n  issue =",
                "Conflicting certificate and issue",
            ),
            (
                "  issue =",
                "  private_key_wo = file(\"leaf.key\")\n  issue =",
                "take private_key_wo out",
            ),
        ] {
            assert!(plain.contains(from));
            scene.rewrite(&plain.replace(from, to));
            scene.plan_fails(&[words]);
        }
        drop(leaf);
        let neither = "resource \"aop_zone_certificate\" \"a\" {\n  zone_id = var.zone_id\n}\n";
        scene.rewrite(neither);
        scene.plan_fails(&[
            "Certificate is missing",
            "Neither certificate nor issue is set",
        ]);
        assert_eq!(scene.left(), 0);
    });
}
