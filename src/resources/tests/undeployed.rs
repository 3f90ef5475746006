//! Hostnames that Cloudflare gives up deploying, or refuses to move: told of, never
//! forgotten, and nothing is taken away that may still serve them.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, ZONE_ID};

use super::core::text;
use super::declared::Declared;
use super::scene::{Scene, Serves};

/// New certificates for nine resources.
fn nine(serves: Serves, scene: &Scene) -> Vec<Declared> {
    let all = (0..9).map(|number| {
        let mut declared = serves.config(&scene.issue()).remove(0);
        declared.address = format!("certificate{number}");
        declared
    });
    all.collect()
}

/// From now on nothing that is written to a hostname reaches the edge.
fn give_up(scene: &Scene) {
    scene.simulator.set(|s| {
        s.association = None;
        s.deployment_timeout = Duration::from_secs(60);
    });
}

fn deploy_again(scene: &Scene) {
    let quick = Duration::from_millis(200);
    scene.simulator.set(|s| s.association = Some(quick));
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_is_planned_and_written_again() {
    for serves in [Serves::Hostnames(2), Serves::Together(2)] {
        let scene = Scene::new(serves);
        let config = serves.config(&scene.issue());
        give_up(&scene);
        assert_eq!(scene.core.apply(&config).await, [], "{serves:?}: warnings");
        for _ in 0..2 {
            let changes = scene.core.plan(&config).await.expect("a plan");
            assert!(!changes.is_empty(), "{serves:?}: nobody mends it");
            assert_eq!(scene.core.apply(&config).await, [], "{serves:?}: warnings");
        }
        deploy_again(&scene);
        scene.heal(&config, &format!("{serves:?}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_keeps_the_old_certificate_until_what_was_given_up_is_deployed() {
    for serves in [
        Serves::Hostnames(3),
        Serves::Together(3),
        Serves::Strangers(3),
    ] {
        let case = format!("{serves:?}");
        let scene = Scene::new(serves);
        assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
        scene.give_to_strangers(Some(true)).await;
        let watch = scene.watch().await;
        give_up(&scene);
        let wanted = serves.config(&scene.issue());
        for _ in 0..2 {
            let failed = scene.core.apply(&wanted).await;
            let failed = failed.first().expect("it is not finished");
            assert_eq!(failed.summary, "Association was not deployed", "{case}");
            assert!(failed.detail.contains("h2.example.com"), "{case}");
        }
        deploy_again(&scene);
        scene.heal(&wanted, &case).await;
        assert_eq!(watch.refused(), Vec::<String>::new(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_moves_all_hostnames_but_those_that_are_refused() {
    for serves in [Serves::Hostnames(5), Serves::Strangers(5)] {
        let case = format!("{serves:?}");
        let scene = Scene::new(serves);
        assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
        scene.give_to_strangers(Some(true)).await;
        let watch = scene.watch().await;
        scene.simulator.set(|s| s.associations = 3);
        let wanted = serves.config(&scene.issue());
        let failed = scene.core.apply(&wanted).await;
        let said: Vec<&str> = failed.iter().map(|error| error.detail.as_str()).collect();
        assert_eq!(said.len(), 2, "{case}: {said:?}");
        assert!(
            said[0].starts_with("Giving h3.example.com to certificate"),
            "{said:?}"
        );
        assert!(
            said[1].starts_with("Giving h4.example.com to certificate"),
            "{said:?}"
        );
        scene.simulator.set(|s| s.associations = 1000);
        scene.heal(&wanted, &case).await;
        assert_eq!(watch.refused(), Vec::<String>::new(), "{case}");
    }
}

/// One place is left: the second rotation waits for what the first one makes, and the
/// first one for a hostname of the second.
#[tokio::test(start_paused = true)]
async fn rotations_do_not_block_each_other_over_a_hostname_that_was_given_up() {
    let serves = Serves::Hostnames(1);
    let scene = Scene::new(serves);
    let nine = |scene: &Scene| {
        let all = (0..9).map(|number| {
            let mut declared = serves.config(&scene.issue()).remove(0);
            if number < 8 {
                declared.address = format!("certificate{number}");
            }
            declared
        });
        all.collect::<Vec<_>>()
    };
    let before = nine(&scene);
    let hostname = serves.config(&scene.issue()).remove(1);
    give_up(&scene);
    let with_hostname = [before.as_slice(), &[hostname]].concat();
    assert_eq!(scene.core.apply(&with_hostname).await, []);
    deploy_again(&scene);
    let wanted = [&before[..7], &nine(&scene)[7..]].concat();
    assert_eq!(scene.core.apply_at_once(&wanted, 1, 7).await, []);
    let id = text(&scene.core.state("certificate"), "id");
    scene.simulator.look(ZONE_ID, |zone, _| {
        assert_eq!(zone.live(serves.store()).len(), 9);
        let hostname = zone.associations();
        let hostname = hostname.values().next().expect("it is there");
        assert_eq!(hostname.certificate_id, id);
    });
}

/// Half of the hostnames are refused with the others, and accepted without them; then the
/// API is gone.
#[tokio::test(start_paused = true)]
async fn a_rotation_that_stops_between_two_halves_keeps_what_serves() {
    let serves = Serves::Hostnames(5);
    let scene = Scene::new(serves);
    assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
    let watch = scene.watch().await;
    let old = text(&scene.core.state("certificate"), "id");
    scene.simulator.set(|s| s.associations = 3);
    let gone = || Action::Answer(Answer::error(403, 10000, "no"));
    scene.simulator.order(
        Fault::on("PUT", "/hostnames", gone())
            .after(2)
            .times(u32::MAX),
    );
    let wanted = serves.config(&scene.issue());
    let failed = scene.core.apply(&wanted).await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    let new = text(&scene.core.state("certificate"), "id");
    assert_ne!(old, new, "it serves some of them already");
    scene.simulator.forget_faults();
    scene.simulator.set(|s| s.associations = 1000);
    scene.heal(&wanted, "two halves").await;
    assert_eq!(watch.refused(), Vec::<String>::new());
}

/// The list does not show yet what takes up the last places.
#[tokio::test(start_paused = true)]
async fn rotations_wait_for_places_also_where_lists_are_old() {
    let serves = Serves::Hostnames(0);
    let scene = Scene::new(serves);
    assert_eq!(
        scene.core.apply_at_once(&nine(serves, &scene), 1, 50).await,
        []
    );
    tokio::time::sleep(Duration::from_secs(120)).await;
    scene
        .simulator
        .set(|s| s.list_lag = Duration::from_secs(60));
    let wanted = nine(serves, &scene);
    assert_eq!(scene.core.apply_at_once(&wanted, 1, 50).await, []);
}

/// Nobody knows whether a certificate that is still being deleted takes up a place.
#[tokio::test(start_paused = true)]
async fn nine_of_ten_rotate_at_once_however_cloudflare_counts() {
    let serves = Serves::Hostnames(0);
    for (counts, deletion) in [(false, 1), (true, 1), (true, 45), (true, 90)] {
        let scene = Scene::new(serves);
        scene.simulator.set(|s| {
            s.pending_deletions_count = counts;
            s.deletion = Some(Duration::from_secs(deletion));
        });
        assert_eq!(
            scene.core.apply_at_once(&nine(serves, &scene), 1, 50).await,
            []
        );
        let wanted = nine(serves, &scene);
        let failed = scene.core.apply_at_once(&wanted, 1, 50).await;
        assert_eq!(failed, [], "counts: {counts}, {deletion} s");
        assert_eq!(scene.core.plan(&wanted).await, Ok(Vec::new()));
    }
}

/// An empty store is not full.
#[tokio::test(start_paused = true)]
async fn a_refusal_without_anything_on_its_way_out_is_told_at_once() {
    let serves = Serves::Hostnames(0);
    let scene = Scene::new(serves);
    let refused = Action::Answer(Answer::error(400, 1499, "no more of these"));
    let fault = Fault::on("POST", "/certificates", refused).times(u32::MAX);
    scene.simulator.order(fault);
    let failed = scene.core.apply(&serves.config(&scene.issue())).await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].detail.contains("no more of these"), "{failed:?}");
    let log = scene.simulator.log();
    let posts = log.iter().filter(|request| request.method == "POST");
    assert_eq!(posts.count(), 1);
}
