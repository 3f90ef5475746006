//! An API that shows less than it should, other words than it should, or forgets: what
//! the state says then, and that the next apply heals it.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Gate, Shows, ZONE_ID, Zone};

use super::core::text;
use super::scene::{Scene, Serves};

const EVERY: [Serves; 3] = [Serves::Hostnames(1), Serves::Together(3), Serves::Zone];

fn status(scene: &Scene) -> String {
    text(&scene.core.state("certificate"), "status")
}

/// Issuer, dates and the certificate itself are missing from every answer.
#[tokio::test(start_paused = true)]
async fn what_answers_lack_comes_from_the_certificate_itself() {
    for serves in EVERY {
        let scene = Scene::new(serves);
        scene.simulator.set(|s| s.shows = Shows::Little);
        let config = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&config).await, [], "{serves:?}");
        let state = scene.core.state("certificate");
        for fact in [
            "issuer",
            "serial_number",
            "expires_on",
            "fingerprint_sha256",
        ] {
            assert!(!text(&state, fact).is_empty(), "{serves:?}: {fact}");
        }
        scene.heal(&config, &format!("{serves:?}")).await;
    }
}

/// An accepted upload that is answered without an id is found in the store.
#[tokio::test(start_paused = true)]
async fn an_upload_that_is_answered_without_an_id_is_found() {
    for serves in EVERY {
        let scene = Scene::new(serves);
        let bare = Answer {
            status: 200,
            headers: Vec::new(),
            body: br#"{"success":true,"result":{"status":"initializing"}}"#.to_vec(),
        };
        scene
            .simulator
            .order(Fault::on("POST", "", Action::DoneBut(bare)));
        let config = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&config).await, [], "{serves:?}");
        scene.heal(&config, &format!("{serves:?}")).await;
    }
}

/// Nobody knows the word: it is waited on like any other, and kept as it is.
#[tokio::test(start_paused = true)]
async fn an_unknown_status_is_kept_and_waited_for() {
    for serves in [Serves::Hostnames(0), Serves::Zone] {
        let scene = Scene::new(serves);
        scene.simulator.set(|s| {
            s.pending_as = Some("quarantined".to_owned());
            s.activation = Some(Duration::from_secs(1000));
            s.deployment_timeout = Duration::from_secs(2000);
        });
        let config = serves.config(&scene.issue());
        let certificate = &config[..1];
        assert_eq!(scene.core.apply(certificate).await, [], "{serves:?}");
        assert_eq!(status(&scene), "quarantined", "{serves:?}");
        let failed = scene.core.apply(certificate).await;
        assert!(
            failed.is_empty(),
            "the second apply waited long enough: {failed:?}"
        );
        assert_eq!(status(&scene), "active", "{serves:?}");
        scene.heal(&config, &format!("{serves:?}")).await;
    }
}

/// Eight of the ten minutes that a create has.
#[tokio::test(start_paused = true)]
async fn a_create_waits_as_long_as_it_may() {
    for serves in EVERY {
        let scene = Scene::new(serves);
        scene.simulator.set(|s| {
            s.activation = Some(Duration::from_secs(480));
            s.deployment_timeout = Duration::from_secs(900);
        });
        let config = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&config).await, [], "{serves:?}");
        assert_eq!(status(&scene), "active", "{serves:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_disappears_while_it_is_waited_for_leaves_no_state() {
    for serves in [Serves::Hostnames(0), Serves::Zone] {
        for tombstone in [true, false] {
            let scene = Scene::new(serves);
            scene
                .simulator
                .set(|s| s.activation = Some(Duration::from_secs(60)));
            let config = serves.config(&scene.issue());
            let apply = scene.core.apply(&config[..1]);
            let delete = async {
                tokio::time::sleep(Duration::from_secs(20)).await;
                let live = |zone: &Zone, _| zone.live(serves.store())[0].id.clone();
                let id = scene.simulator.look(ZONE_ID, live);
                let gone = match tombstone {
                    true => Answer {
                        status: 200,
                        headers: Vec::new(),
                        body: format!(
                            r#"{{"success":true,"result":{{"id":"{id}","status":"deleted"}}}}"#
                        )
                        .into_bytes(),
                    },
                    false => Answer::error(404, 1551, "gone"),
                };
                let fault = Fault::on("GET", &id, Action::Answer(gone)).times(u32::MAX);
                scene.simulator.order(fault);
            };
            let (failed, ()) = tokio::join!(apply, delete);
            assert_eq!(failed.len(), 1, "{failed:?}");
            let said = &failed[0];
            assert_eq!(said.summary, "Certificate disappeared while waiting");
            assert!(scene.core.state("certificate").is_null());
            scene.simulator.forget_faults();
            scene
                .simulator
                .set(|s| s.activation = Some(Duration::from_secs(1)));
            scene.heal(&config, &format!("{serves:?}")).await;
        }
    }
}

/// A read right after the apply, while lists leave the new certificate out.
#[tokio::test(start_paused = true)]
async fn what_a_list_leaves_out_is_not_gone() {
    for serves in EVERY {
        let scene = Scene::new(serves);
        scene
            .simulator
            .set(|s| s.list_lag = Duration::from_secs(300));
        let config = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&config).await, [], "{serves:?}");
        let empty = Answer {
            status: 200,
            headers: Vec::new(),
            body: br#"{"success":true,"result":[]}"#.to_vec(),
        };
        let lists = Fault::on(
            "GET",
            "/origin_tls_client_auth/hostnames",
            Action::Answer(empty),
        );
        scene.simulator.order(lists.times(u32::MAX));
        assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()), "{serves:?}");
    }
}

/// Each form of being gone is a create in the next plan.
#[tokio::test(start_paused = true)]
async fn every_tombstone_is_gone() {
    for serves in [Serves::Hostnames(0), Serves::Zone] {
        for (deletion, tombstones, shown) in [
            (60, true, "pending_deletion"),
            (0, true, "deleted"),
            (0, false, "nothing"),
        ] {
            let scene = Scene::new(serves);
            let config = serves.config(&scene.issue());
            assert_eq!(scene.core.apply(&config[..1]).await, []);
            scene.simulator.set(|s| {
                s.deletion = Some(Duration::from_secs(deletion));
                s.tombstones = tombstones;
            });
            let id = text(&scene.core.state("certificate"), "id");
            scene.delete_elsewhere(&id).await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            let planned = scene.core.plan(&config[..1]).await;
            assert_eq!(planned, Ok(vec!["certificate".to_owned()]), "{shown}");
            assert!(scene.core.state("certificate").is_null(), "{shown}");
            scene.heal(&config, shown).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_comes_too_early_is_repeated() {
    for (code, times) in [(1434, 3), (1433, 6)] {
        for serves in EVERY {
            let scene = Scene::new(serves);
            let config = serves.config(&scene.issue());
            assert_eq!(scene.core.apply(&config).await, []);
            let early = Action::Answer(Answer::error(400, code, "not yet"));
            scene
                .simulator
                .order(Fault::on("DELETE", "", early).times(times));
            let case = format!("{code} for {serves:?}");
            assert_eq!(scene.core.destroy(&config).await, [], "{case}");
            scene.simulator.look(ZONE_ID, |zone, _| {
                assert!(zone.live(serves.store()).is_empty(), "{case}");
            });
        }
    }
}

/// Validity is judged by Cloudflare's clock, once it has been seen.
#[tokio::test(start_paused = true)]
async fn the_clock_of_the_api_decides() {
    let told = |scene: &Scene, config: &[super::declared::Declared], days: i64| {
        let now = cloudflare::in_process::date() + jiff::SignedDuration::from_hours(24 * days);
        scene.core.warnings(config, now).join(" ")
    };
    let serves = Serves::Hostnames(0);
    let scene = Scene::new(serves);
    let config = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&config).await, []);
    assert!(!told(&scene, &config, 300).contains("clock"));
    for (days, sentence) in [(400, "has expired"), (-400, "It begins to be valid at")] {
        scene
            .simulator
            .set(|s| s.clock_ahead = Some(days * 24 * 3600));
        assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
        let said = told(&scene, &config, 0);
        assert!(said.contains("judged by Cloudflare's clock"), "{said}");
        assert!(said.contains(sentence), "{said}");
    }
    // Set right again.
    scene.simulator.set(|s| s.clock_ahead = Some(0));
    assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
    assert_eq!(told(&scene, &config, 0), "");
}

/// In an apply of its own: it is there, and it is the resource's.
#[tokio::test(start_paused = true)]
async fn an_upload_that_is_answered_with_nothing_is_found() {
    for serves in EVERY {
        for status in [200, 204] {
            let scene = Scene::new(serves);
            let nothing = Answer {
                status,
                headers: Vec::new(),
                body: Vec::new(),
            };
            for method in ["POST", "GET", "PUT", "DELETE"] {
                let fault = Fault::on(method, "", Action::DoneBut(nothing.clone()));
                scene.simulator.order(fault);
            }
            let config = serves.config(&scene.issue());
            assert_eq!(scene.core.apply(&config).await, [], "{serves:?}");
            assert_eq!(text(&scene.core.state("certificate"), "status"), "active");
            scene
                .simulator
                .order(Fault::on("POST", "", Action::DoneBut(nothing)));
            let next = serves.config(&scene.issue());
            assert_eq!(scene.core.apply(&next).await, [], "{serves:?}");
            assert_eq!(scene.core.plan(&next).await, Ok(Vec::new()));
        }
    }
}

/// The answer to an upload shows somebody else's certificate, or the one that is to go.
#[tokio::test(start_paused = true)]
async fn an_upload_that_is_answered_with_another_certificate_is_looked_for() {
    for serves in EVERY {
        let scene = Scene::new(serves);
        let config = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&config).await, [], "{serves:?}");
        let old = text(&scene.core.state("certificate"), "id");
        let watch = scene.watch().await;
        let other = text(&scene.core.state("certificate"), "certificate");
        let other = serde_json::json!({ "success": true, "result": {
            "id": old, "status": "active", "certificate": other,
        }});
        let answer = Answer {
            status: 200,
            headers: Vec::new(),
            body: other.to_string().into_bytes(),
        };
        scene
            .simulator
            .order(Fault::on("POST", "", Action::DoneBut(answer)));
        let next = serves.config(&scene.issue());
        assert_eq!(scene.core.apply(&next).await, [], "{serves:?}");
        assert_ne!(text(&scene.core.state("certificate"), "id"), old);
        assert_eq!(scene.core.plan(&next).await, Ok(Vec::new()));
        assert_eq!(watch.refused(), Vec::<String>::new());
    }
}

/// Nobody has the key of what was issued, so that no later apply can find it and keep it.
#[tokio::test(start_paused = true)]
async fn an_interrupted_create_that_issues_says_that_another_one_comes_next() {
    let scene = Scene::new(Serves::Zone);
    let gate = Gate::default();
    let held = Action::HoldBefore(gate.clone());
    let upload = Fault::on("POST", "/origin_tls_client_auth", held);
    scene.simulator.order(upload);
    let (core, config) = (scene.core.clone(), scene.issuing("One"));
    let apply = tokio::spawn(async move { core.apply(&config).await });
    gate.reached().await;
    scene.core.interrupt();
    let said = apply.await.expect("an apply");
    let said = &said.first().expect("an error").detail;
    assert!(
        said.contains("another certificate is issued then"),
        "{said}"
    );
    assert!(!said.contains("found and kept"), "{said}");
}
