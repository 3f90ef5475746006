//! Resources that take over from each other in one run, and fail: what they were to take
//! over stays as it is.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault};
use tokio::time::Instant;

use super::core::text;
use super::declared::Argument;
use super::others::{
    APP, NOBODY, another, associate_elsewhere, id_of, plural, seconds, single, upload_elsewhere,
    value,
};
use super::scene::{Scene, Serves};
use framework::value::Dynamic;

/// The successor waits longer for its certificate than the destroy may take.
#[tokio::test(start_paused = true)]
async fn a_destroy_waits_for_its_successor_beyond_its_own_deadline() {
    let serves = Serves::Hostnames(1);
    let scene = Scene::new(serves);
    let mut before = serves.config(&scene.issue());
    let limits = ["create", "update", "delete"].map(|name| {
        let limit = match name {
            "delete" => Dynamic::from("5s"),
            _ => Dynamic::Null,
        };
        (name.to_owned(), limit)
    });
    let limits = Argument::Value(Dynamic::Map(limits.into()));
    before[1].arguments.push(("timeouts", limits));
    assert_eq!(scene.core.apply(&before).await, []);
    let watch = scene.watch().await;
    scene
        .simulator
        .set(|s| s.activation = Some(Duration::from_secs(60)));
    let id = upload_elsewhere(&scene).await;
    let successor = [single("successor", APP, value(&id))];
    let api = scene.core.configure();
    let (created, destroyed) = tokio::join!(
        scene.core.apply_in(&api, &successor),
        scene.core.destroy_in(&api, &before[1]),
    );
    assert_eq!((created, destroyed), (Vec::new(), Vec::new()));
    assert!(scene.core.state(APP).is_null());
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// Renamed, with a new certificate that Cloudflare gives up deploying: nothing takes the
/// hostname over, so it is not taken away.
#[tokio::test(start_paused = true)]
async fn a_hostname_whose_successor_fails_keeps_its_certificate() {
    let (scene, before) = Scene::applied(Serves::Hostnames(1)).await;
    let watch = scene.watch().await;
    scene.simulator.set(|s| {
        s.activation = None;
        s.deployment_timeout = Duration::from_secs(60);
    });
    let wanted = [
        another(&scene, "fresh"),
        single("renamed", APP, id_of("fresh")),
    ];
    let api = scene.core.configure();
    let (failed, kept) = tokio::join!(
        scene.core.apply_in(&api, &wanted),
        scene.core.destroy_in(&api, &before[1]),
    );
    assert_eq!(failed[0].summary, "Certificate was not deployed");
    assert_eq!(kept[0].summary, "Successor failed");
    assert!(!scene.core.state(APP).is_null(), "it stays in state");
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// Three single resources become one plural one, of which another hostname cannot be had.
#[tokio::test(start_paused = true)]
async fn hostnames_stay_where_the_resource_that_takes_them_over_fails() {
    let (scene, before) = Scene::applied(Serves::Hostnames(3)).await;
    let other = upload_elsewhere(&scene).await;
    seconds(30).await;
    associate_elsewhere(&scene, "x.example.com", &other).await;
    seconds(30).await;
    let watch = scene.watch().await;
    let id = text(&scene.core.state("certificate"), "id");
    let names = [APP, "h1.example.com", "h2.example.com"];
    let wrong = [plural(&[&names[..], &["x.example.com"]].concat(), &id)];
    let api = scene.core.configure();
    let (failed, a, b, c) = tokio::join!(
        scene.core.apply_in(&api, &wrong),
        scene.core.destroy_in(&api, &before[1]),
        scene.core.destroy_in(&api, &before[2]),
        scene.core.destroy_in(&api, &before[3]),
    );
    assert_eq!(failed[0].summary, "Hostname is already associated");
    for kept in [a, b, c] {
        assert_eq!(kept[0].summary, "Successor failed");
    }
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
    // The mistake is mended.
    let right = [plural(&names, &id)];
    let api = scene.core.configure();
    let (created, a, b, c) = tokio::join!(
        scene.core.apply_in(&api, &right),
        scene.core.destroy_in(&api, &before[1]),
        scene.core.destroy_in(&api, &before[2]),
        scene.core.destroy_in(&api, &before[3]),
    );
    assert_eq!([created, a, b, c], [const { Vec::new() }; 4]);
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// A hostname passes from the plural resource to a single one, while another entry of the
/// plural one is wrong: the next apply does not take away what was handed over.
#[tokio::test(start_paused = true)]
async fn what_was_taken_over_from_a_failed_update_is_its_no_longer() {
    let (scene, before) = Scene::applied(Serves::Together(2)).await;
    let watch = scene.watch().await;
    let id = text(&scene.core.state("certificate"), "id");
    let wrong = "00000000-0000-4000-8000-000000000000";
    let taken = [
        before[0].clone(),
        single("single", APP, id_of("certificate")),
    ];
    let first = [plural(&["h1.example.com", "new.example.com"], wrong)];
    let api = scene.core.configure();
    let (failed, handed_over) = tokio::join!(
        scene.core.apply_in(&api, &first),
        scene.core.apply_in(&api, &taken),
    );
    assert_eq!(failed[0].summary, "Certificate not found");
    assert_eq!(handed_over, []);
    let names = ["h1.example.com", "new.example.com"];
    let second = [taken[0].clone(), taken[1].clone(), plural(&names, &id)];
    assert_eq!(scene.core.apply(&second).await, []);
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// Two resources each take the hostname of the other one, and Cloudflare refuses: they do not wait for each other for ever.
#[tokio::test(start_paused = true)]
async fn two_resources_that_swap_hostnames_end() {
    let serves = Serves::Hostnames(0);
    let scene = Scene::new(serves);
    let certificates = [another(&scene, "one"), another(&scene, "two")];
    assert_eq!(scene.core.apply(&certificates).await, []);
    let ids = ["one", "two"].map(|name| text(&scene.core.state(name), "id"));
    let names = ["a.example.com", "b.example.com"];
    let of = |address: &str, name: &str, id: &str| {
        let mut plural = plural(&[name], id);
        plural.address = address.to_owned();
        plural
    };
    let before = [of("p", names[0], &ids[0]), of("q", names[1], &ids[1])];
    assert_eq!(scene.core.apply(&before).await, []);
    let full = Action::Answer(Answer::error(400, 1499, "no more of these"));
    scene
        .simulator
        .order(Fault::on("PUT", "/hostnames", full).times(u32::MAX));
    let (p, q) = ([of("p", names[1], &ids[0])], [of("q", names[0], &ids[1])]);
    let api = scene.core.configure();
    let started = Instant::now();
    let (p, q) = tokio::join!(scene.core.apply_in(&api, &p), scene.core.apply_in(&api, &q),);
    assert!(!p.is_empty() && !q.is_empty(), "{p:?} {q:?}");
    assert!(started.elapsed() < Duration::from_secs(700));
}

/// Two hostnames leave a plural resource whose update fails. One successor is done at once,
/// the other one waits for its certificate: both have what they took over.
#[tokio::test(start_paused = true)]
async fn what_others_are_still_taking_over_from_a_failed_update_is_its_no_longer() {
    let (scene, before) = Scene::applied(Serves::Together(3)).await;
    let watch = scene.watch().await;
    let id = text(&scene.core.state("certificate"), "id");
    scene
        .simulator
        .set(|s| s.activation = Some(Duration::from_secs(40)));
    let slow = upload_elsewhere(&scene).await;
    let wrong = "00000000-0000-4000-8000-000000000000";
    let failing = [plural(&["h2.example.com", "new.example.com"], wrong)];
    let quick = [
        before[0].clone(),
        single("quick", APP, id_of("certificate")),
    ];
    let patient = [single("patient", "h1.example.com", value(&slow))];
    let api = scene.core.configure();
    let (failed, a, b) = tokio::join!(
        scene.core.apply_in(&api, &failing),
        scene.core.apply_in(&api, &quick),
        scene.core.apply_in(&api, &patient),
    );
    assert_eq!(failed[0].summary, "Certificate not found");
    assert_eq!([a, b], [const { Vec::new() }; 2]);
    // The mistake is mended, and nothing is taken away from the two.
    let mended = plural(&["h2.example.com"], &id);
    let all = [
        quick[0].clone(),
        quick[1].clone(),
        patient[0].clone(),
        mended,
    ];
    assert_eq!(scene.core.apply(&all).await, []);
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}

/// A setting that another resource was to take over, and could not: it stays on.
#[tokio::test(start_paused = true)]
async fn a_setting_whose_successor_fails_stays_on() {
    let (scene, before) = Scene::applied(Serves::Zone).await;
    let watch = scene.watch().await;
    let mut renamed = before[1].clone();
    renamed.address = "renamed".to_owned();
    renamed.needs = Vec::new();
    let refused = Action::Answer(Answer::error(403, 10000, "no"));
    scene
        .simulator
        .order(Fault::on("GET", "/settings", refused));
    let api = scene.core.configure();
    let wanted = [renamed];
    let (failed, kept) = tokio::join!(
        scene.core.apply_in(&api, &wanted),
        scene.core.destroy_in(&api, &before[1]),
    );
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(kept[0].summary, "Successor failed");
    seconds(60).await;
    assert_eq!(watch.refused(), NOBODY);
}
