//! The guides that tell a story, played to their end under traffic.

use aop_simulator::Store;
use xtask::{Product, root};

use crate::docs::blocks;
use crate::issue::issued;
use crate::origin::shell;
use crate::scene::{CONFIG, Scene, says, with_every_cli};

const TWO: [&str; 2] = ["app.example.com", "canary.example.com"];

fn certificate(name: &str) -> String {
    format!(
        "resource \"aop_hostname_certificate\" \"{name}\" {{\n  zone_id = var.zone_id\n  \
         certificate = file(\"{name}.pem\")\n  private_key_wo = file(\"{name}.key\")\n}}\n"
    )
}

/// The hostnames, each with the certificate of this name.
fn associations(of: [&str; 2]) -> String {
    let entry = |hostname: &str, name: &str| {
        format!("    \"{hostname}\" = {{ certificate_id = aop_hostname_certificate.{name}.id }}\n")
    };
    let entries = TWO
        .iter()
        .zip(of)
        .map(|(hostname, name)| entry(hostname, name));
    format!(
        "resource \"aop_hostname_associations\" \"all\" {{\n  zone_id = var.zone_id\n  \
         associations = {{\n{}  }}\n}}\n",
        entries.collect::<String>()
    )
}

fn apply(scene: &Scene, parts: &[String]) {
    scene.rewrite(&parts.concat());
    scene.apply();
    scene.plan_is_empty();
}

#[test]
fn a_staged_rotation_goes_to_its_end() {
    with_every_cli("guide-staged", |scene| {
        for name in ["current", "next"] {
            scene.certificate(name);
        }
        let both = [certificate("current"), certificate("next")].concat();
        scene.configure(&format!("{both}{}", associations(["current", "current"])));
        scene.apply();
        let live = scene.traffic(&TWO);
        apply(scene, &[both.clone(), associations(["current", "next"])]);
        apply(scene, &[both.clone(), associations(["current", "current"])]);
        apply(scene, &[both.clone(), associations(["next", "next"])]);
        apply(
            scene,
            &[certificate("next"), associations(["next", "next"])],
        );
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        // The old name for the new certificate.
        let renamed = certificate("next").replace("\"next\" {", "\"current\" {");
        let moved = "moved {\n  from = aop_hostname_certificate.next\n  to = \
                     aop_hostname_certificate.current\n}\n";
        let written = writes(scene);
        apply(
            scene,
            &[
                renamed,
                moved.to_owned(),
                associations(["current", "current"]),
            ],
        );
        assert_eq!(writes(scene), written);
        live.was_never_refused();
        scene.destroy();
    });
}

fn writes(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    log.iter().filter(|request| request.method != "GET").count()
}

#[test]
fn a_lost_state_is_found_again_by_an_apply() {
    with_every_cli("guide-lost", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let ids = scene.ids(Store::Hostname);
        let live = scene.traffic(&["app.example.com"]);
        std::fs::remove_file(scene.workspace.directory().join("terraform.tfstate")).unwrap();
        says(&scene.apply(), &["Existing certificate adopted"]);
        scene.plan_is_empty();
        assert_eq!(scene.ids(Store::Hostname), ids);
        live.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn leaving_sends_nothing() {
    with_every_cli("guide-leaving", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let written = writes(scene);
        let forget = |address: &str| {
            format!(
                "removed {{\n  from = {address}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
            )
        };
        let all = [
            "aop_hostname_association.app",
            "aop_hostname_certificate.shop",
        ]
        .map(forget);
        apply(scene, &all);
        assert_eq!(writes(scene), written);
        assert_eq!(scene.left(), 2);
        let listed = scene.run(&["state", "list"], 0);
        assert!(!listed.text().contains("aop_"), "{}", listed.text());
    });
}

/// The only block of a guide in a language that says this.
fn block(guide: &str, language: &str, part: &str) -> String {
    let page = root().join("docs/guides").join(guide);
    let mut all = blocks(&page, language).into_iter();
    all.find(|block| block.contains(part)).expect("a block")
}

#[test]
fn a_state_is_encrypted_and_one_in_plain_text_taken_along() {
    with_every_cli("guide-encryption", |scene| {
        if scene.cli.product != Product::OpenTofu {
            return;
        }
        let passphrase = "correct horse battery staple";
        let encryption = block("keys-out-of-state.md", "hcl", "encryption {");
        scene
            .workspace
            .set_env("TF_VAR_state_passphrase", passphrase);
        scene.certificate("shop");
        let stored = certificate("shop").replace("private_key_wo", "private_key");
        scene.configure(&stored);
        scene.apply();
        let state = || {
            let path = scene.workspace.directory().join("terraform.tfstate");
            std::fs::read_to_string(path).expect("a state")
        };
        assert!(state().contains("PRIVATE KEY"));

        let method = "    method \"unencrypted\" \"before\" {}\n\n    state {";
        let fallback = "fallback {\n        method = method.unencrypted.before\n      }";
        let moving = encryption.replace("    state {", method);
        let moving = moving.replacen("enforced = true", fallback, 1);
        scene.rewrite(&format!("{moving}\n{stored}"));
        scene.apply();
        assert!(!state().contains("PRIVATE KEY") && !state().contains("aop_hostname"));
        scene.rewrite(&format!("{encryption}\n{stored}"));
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_check_says_that_a_certificate_expires() {
    with_every_cli("guide-alerts", |scene| {
        let guide = block("expiry-alerts.md", "terraform", "check \"zone");
        // The head of a scene has the other variables.
        let first = guide.find("resource ").expect("a resource");
        let configuration = &guide[first..];
        let client = scene.certificate("zone");
        scene
            .workspace
            .set_env("TF_VAR_client_key", &client.private_key);
        let variable = "variable \"client_key\" {\n  type = string\n  ephemeral = true\n}\n";
        scene.configure(&format!("{configuration}\n{variable}"));
        let applied = scene.apply();
        assert!(
            !applied.text().contains("Check block"),
            "{}",
            applied.text()
        );
        scene.rewrite(&format!("{configuration}\n{variable}").replace("504h", "50000h"));
        let plan = scene.plan_is_empty();
        says(
            &plan,
            &["Check block assertion failed", "less than three weeks"],
        );
        scene.destroy();
    });
}

#[test]
fn a_renewed_ca_rotates_nothing_and_its_leaves_stay() {
    with_every_cli("guide-ca", |scene| {
        let made = block("setting-up-the-origin.md", "shell", "client-ca.pem");
        shell(scene, &made);
        let extensions = "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n";
        scene.workspace.write("ca.ext", extensions).expect("a file");
        shell(
            scene,
            &block("scheduled-renewal.md", "shell", "client-ca-next"),
        );
        let configuration = |ca: &str| {
            issued(Store::Zone, "").replace("file(\"ca.pem\")", &format!("file(\"{ca}.pem\")"))
        };
        let key = scene.workspace.directory().join("client-ca.key");
        let key = std::fs::read_to_string(key).expect("a key");
        let variable = format!("ca_key = {key:?}\n");
        scene
            .workspace
            .write("ca.auto.tfvars", &variable)
            .expect("a file");
        scene.configure(&configuration("client-ca"));
        scene.apply();
        let before = scene.ids(Store::Zone);
        scene.rewrite(&configuration("client-ca-next"));
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.ids(Store::Zone), before);
        scene.destroy();
    });
}
