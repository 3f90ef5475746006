//! What a rotation costs, what it says, and that it can wait.

use std::time::Duration;

use aop_simulator::Settings;

use super::scene::{Scene, Serves};
use cloudflare::in_process::date;

/// The writes since a number of requests.
fn writes(scene: &Scene, since: usize) -> Vec<String> {
    let log = scene.simulator.log();
    let writes = log.iter().skip(since).filter(|r| r.method != "GET");
    writes.map(|r| r.method.clone()).collect()
}

/// One POST, one PUT for each hundred hostnames, one DELETE; the associations find
/// that everything is written already.
#[tokio::test(start_paused = true)]
async fn a_rotation_writes_as_little_as_possible_and_waits_as_long_as_it_takes() {
    for (count, puts) in [(0, 0), (1, 1), (10, 1), (100, 1), (230, 3)] {
        let serves = Serves::Hostnames(count);
        let scene = Scene::new(serves);
        scene.simulator.set(|s| s.associations = 1000);
        assert_eq!(scene.core.apply(&serves.config(&scene.issue())).await, []);
        scene.simulator.set(|s| {
            s.activation = Some(Duration::from_secs(200));
            s.association = Some(Duration::from_secs(150));
        });
        let watch = scene.watch().await;
        let wanted = serves.config(&scene.issue());
        let before = scene.simulator.log().len();
        assert_eq!(scene.core.apply(&wanted).await, []);
        let mut expected = vec!["POST"];
        expected.extend(vec!["PUT"; puts]);
        expected.push("DELETE");
        assert_eq!(writes(&scene, before), expected, "{count} hostnames");
        assert_eq!(watch.refused(), Vec::<String>::new());
        scene.heal(&wanted, &format!("{count} hostnames")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_expires_in_use_is_told_of() {
    let serves = Serves::Hostnames(0);
    let scene = Scene::new(serves);
    let config = serves.config(&scene.issue());
    assert_eq!(scene.core.apply(&config).await, []);
    let warnings = |days: i64| {
        let now = date() + jiff::SignedDuration::from_hours(24 * days);
        scene.core.warnings(&config, now)
    };
    assert_eq!(warnings(300), Vec::<String>::new());
    for (days, sentence) in [
        (340, "expires in 25 days"),
        (364, "expires in 1 day "),
        (365, "has expired, and origins refuse it"),
        (700, "has expired, and origins refuse it"),
    ] {
        let told = warnings(days);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(sentence), "{told:?}");
    }
}

/// Core runs ten operations at a time, so five hundred hostnames cannot go out with fewer
/// than fifty writes.
#[tokio::test(start_paused = true)]
async fn five_hundred_single_hostnames_are_written_fifty_times() {
    for (latency, deployment) in [(20, 1000), (150, 5000), (500, 200)] {
        let serves = Serves::Hostnames(500);
        let scene = Scene::new(serves);
        scene.simulator.set(|s| {
            s.associations = 1000;
            s.latency = Duration::from_millis(latency);
            s.association = Some(Duration::from_millis(deployment));
            s.rate_limit = Settings::default().rate_limit;
        });
        let config = serves.config(&scene.issue());
        let case = format!("{latency} ms away, {deployment} ms to deploy");
        assert_eq!(scene.core.apply_at_once(&config, latency).await, []);
        assert_eq!(writes(&scene, 0).len(), 1 + 50, "{case}");
        let created = scene.simulator.log().len();
        assert!(created < 600, "{case}: {created} requests");
        assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
        let refreshed = scene.simulator.log().len() - created;
        assert_eq!(refreshed, 2, "{case}: a list of each kind");
        let log = scene.simulator.log();
        assert!(log.iter().all(|r| r.status != 429), "{case}");
    }
}
