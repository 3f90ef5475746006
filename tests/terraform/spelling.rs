//! However a certificate is written: what is kept, what is sent, and what is a change.

use aop_simulator::{Shows, Store};

use crate::scene::{CERTIFICATE, says, with_every_cli_at_once};

#[test]
fn every_way_to_write_a_certificate_is_kept_and_sent_clean() {
    with_every_cli_at_once("spellings", |scene| {
        let made = scene.certificate("shop");
        let clean = made.certificate;
        let forms = [
            clean.trim_end().to_owned(),
            format!("{clean}\n\n"),
            clean.replace('\n', "\r\n"),
            format!("\u{feff}subject=shop\r\n{}", clean.replace('\n', "\r\n")),
            clean.replace('\n', "\n    "),
            clean.clone(),
        ];
        scene.configure(CERTIFICATE);
        for form in &forms {
            scene.workspace.write("shop.pem", form).unwrap();
            scene.apply();
            let state = scene.run(&["state", "pull"], 0).stdout;
            let state: serde_json::Value = serde_json::from_str(&state).unwrap();
            let kept = &state["resources"][0]["instances"][0]["attributes"]["certificate"];
            assert_eq!(kept.as_str(), Some(form.as_str()));
            let log = scene.simulator.log();
            let sent = log.iter().rfind(|r| r.method == "POST").unwrap();
            let sent = sent.body["certificate"].as_str().unwrap();
            assert!(
                !sent.contains('\r') && sent.starts_with("-----BEGIN"),
                "{sent:?}"
            );
            scene.plan_is_empty();
            // From one form to every other there is nothing to do.
            let posts = scene.requests("POST", "");
            for other in &forms {
                scene.workspace.write("shop.pem", other).unwrap();
                scene.plan_is_empty();
            }
            assert_eq!(scene.requests("POST", ""), posts);
            scene.workspace.write("shop.pem", form).unwrap();
            scene.destroy();
        }
    });
}

/// An API that gives back the leaf alone of what was uploaded with its chain.
#[test]
fn a_chain_stays_where_the_api_shows_the_leaf_alone() {
    with_every_cli_at_once("chain", |scene| {
        scene.simulator.set(|s| s.shows = Shows::Leaf);
        let made = scene.certificate("shop");
        let chain = format!("{}{}", made.certificate, scene.authority.certificate());
        scene.workspace.write("shop.pem", &chain).unwrap();
        scene.configure(CERTIFICATE);
        scene.apply();
        scene.plan_is_empty();
        scene
            .workspace
            .write("shop.pem", &made.certificate)
            .unwrap();
        let plan = scene.plan_changes(&["Only the chain has changed", "0 to add, 1 to change"]);
        says(&plan, &["nothing is uploaded"]);
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.requests("POST", ""), 1);
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.destroy();
    });
}
