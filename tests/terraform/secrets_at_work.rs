//! Keys that the provider does more with than to send them: it makes some, it signs with
//! others, and shows some to origins. They must appear as little.

use aop_simulator::pki::Authority;
use aop_simulator::{Action, Answer, Fault, Origin, Store, ZONE_ID};

use crate::scene::with_every_cli;
use crate::secrets::{Leavings, WRITE_ONLY, issue, traces};

const CERTIFICATES: &str = "/hostnames/certificates";

/// The key of an issued certificate, which Cloudflare alone has, and the authority's.
#[test]
fn a_key_that_is_made_here_and_the_cas_are_nowhere() {
    with_every_cli("secrets-issued", |scene| {
        scene.workspace.set_env("TF_LOG", "TRACE");
        scene.workspace.set_env("TF_LOG_PATH", "trace.log");
        let mut origin = Origin::trusting(scene.authority.certificate()).unwrap();
        let address = scene.block_on(origin.listen()).unwrap();
        let ca_key = scene.authority.private_key();
        let write_key = |key: &str| {
            let line = format!("ca_key = {key:?}\n");
            scene.workspace.write("ca.auto.tfvars", &line).unwrap();
        };
        write_key(&ca_key);
        scene
            .workspace
            .write("ca.pem", scene.authority.certificate())
            .unwrap();
        let config = |name: &str| {
            format!(
                "variable \"ca_key\" {{\n  type      = string\n  ephemeral = true\n}}\nresource \
                 \"aop_hostname_certificate\" \"shop\" {{\n  zone_id = var.zone_id\n  issue = {{\n  \
                   ca_certificate    = file(\"ca.pem\")\n    ca_private_key_wo = var.ca_key\n    \
                 common_name       = \"{name}\"\n  }}\n  verify_origins = [{{ address = \
                 \"{address}\" }}]\n}}\n"
            )
        };
        scene.configure(&config("One"));
        let mut printed = String::new();
        let mut run = |arguments: &[&str]| {
            let ran = scene.workspace.run(arguments).unwrap();
            printed.push_str(&ran.text());
            ran.code
        };
        const APPLY: [&str; 2] = ["apply", "-auto-approve"];
        let sent = || {
            scene.simulator.look(ZONE_ID, |zone, _| {
                let live = zone.live(Store::Hostname);
                live.iter()
                    .map(|found| found.private_key.clone())
                    .collect::<Vec<_>>()
            })
        };
        let mut keys = vec![ca_key.clone()];
        // Cloudflare has it, though the answer is lost; then all goes well.
        for (name, fault) in [("One", Action::ResetAfter), ("Two", Action::Truncate)] {
            scene.rewrite(&config(name));
            assert_ne!(run(&["plan", "-out=first.tfplan"]), 1);
            scene
                .simulator
                .order(Fault::on("POST", CERTIFICATES, fault));
            run(&APPLY);
            keys.extend(sent());
            assert_eq!(run(&APPLY), 0);
            keys.extend(sent());
        }
        // A key that belongs to another authority, and one that is cut.
        let stranger = Authority::new("Stranger CA").unwrap().private_key();
        scene.rewrite(&config("Three"));
        for key in [stranger.clone(), ca_key[..150].to_owned()] {
            write_key(&key);
            assert_eq!(run(&APPLY), 1);
        }
        keys.push(stranger);
        write_key(&ca_key);
        let refused = Action::Answer(Answer {
            status: 400,
            headers: Vec::new(),
            body: b"no".to_vec(),
        });
        scene
            .simulator
            .order(Fault::on("POST", CERTIFICATES, refused));
        run(&APPLY);
        assert!(keys.len() > 3, "the simulator has the keys that were made");
        let leavings = Leavings::of(scene, &printed, false);
        for key in &keys {
            let found = leavings.betray(&traces(&pkcs8_lines(key)));
            assert_eq!(found, Vec::<String>::new());
        }
    });
}

/// The PEM of a key with lines of 64 characters, whoever wrote it.
fn pkcs8_lines(pem: &str) -> String {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let lines: Vec<&str> = (0..body.len())
        .step_by(64)
        .map(|at| &body[at..body.len().min(at + 64)])
        .collect();
    lines.join("\n")
}

#[test]
fn a_key_with_which_origins_are_asked_is_nowhere() {
    with_every_cli("secrets-origins", |scene| {
        scene.workspace.set_env("TF_LOG", "TRACE");
        scene.workspace.set_env("TF_LOG_PATH", "trace.log");
        let stranger = Authority::new("Stranger CA").unwrap();
        let mut origin = Origin::trusting(stranger.certificate()).unwrap();
        let address = scene.block_on(origin.listen()).unwrap();
        let mut keys = vec![issue(scene)];
        let asking = format!("  verify_origins = [{{ address = \"{address}\" }}]\n}}\n");
        scene.configure(&format!(
            "{}{asking}",
            WRITE_ONLY.trim_end().trim_end_matches('}')
        ));
        let mut printed = scene
            .apply_fails(&["Origin refuses the certificate"])
            .text();
        origin.trust(scene.authority.certificate()).unwrap();
        printed += &scene.run(&["plan", "-out=first.tfplan"], 0).text();
        printed += &scene.apply().text();
        keys.push(issue(scene));
        origin.trust(stranger.certificate()).unwrap();
        printed += &scene
            .apply_fails(&["Origin refuses the certificate"])
            .text();
        let leavings = Leavings::of(scene, &printed, false);
        for made in &keys {
            let found = leavings.betray(&traces(&made.private_key));
            assert_eq!(found, Vec::<String>::new());
        }
    });
}
