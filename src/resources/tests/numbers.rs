//! What a rotation costs, what it says, and that it can wait.

use std::time::Duration;

use aop_simulator::Settings;
use aop_simulator::pki::ClientCertificate;
use tokio::time::Instant;

use super::declared::{Argument, Declared};
use super::scene::{Scene, Serves};
use cloudflare::in_process::date;
use framework::Diagnostic;
use framework::value::Dynamic;

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

/// Five hundred single hostnames on one of two certificates.
fn on(certificate: &str, issued: &[ClientCertificate; 2]) -> Vec<Declared> {
    let mut declared = Serves::Hostnames(500).config(&issued[0]);
    let mut two = Serves::Strangers(0).config(&issued[1]);
    two[0].address = "two".to_owned();
    declared.splice(1..1, two);
    for one in declared.iter_mut().skip(2) {
        for (name, value) in &mut one.arguments {
            if *name == "certificate_id" {
                *value = Argument::IdOf(certificate.to_owned());
            }
        }
    }
    declared
}

/// What a command has cost.
struct Cost {
    puts: usize,
    requests: usize,
    seconds: f64,
}

async fn cost(scene: &Scene, command: impl Future<Output = Vec<Diagnostic>>) -> Cost {
    let (before, begun) = (scene.simulator.log().len(), Instant::now());
    assert_eq!(command.await, []);
    let log = scene.simulator.log();
    assert!(log.iter().all(|r| r.status != 429), "a request too many");
    let sent = log.iter().skip(before);
    Cost {
        puts: sent.clone().filter(|r| r.method == "PUT").count(),
        requests: sent.count(),
        seconds: begun.elapsed().as_secs_f64(),
    }
}

/// Core runs ten operations at a time, so five hundred hostnames cannot go out with fewer
/// than fifty writes.
#[tokio::test(start_paused = true)]
async fn five_hundred_single_hostnames_cost_a_write_for_ten_and_few_looks() {
    for (latency, deployment) in [(20, 1000), (150, 5000), (500, 200)] {
        let scene = Scene::new(Serves::Hostnames(500));
        scene.simulator.set(|s| {
            s.associations = 1000;
            s.latency = Duration::from_millis(latency);
            s.association = Some(Duration::from_millis(deployment));
            s.rate_limit = Settings::default().rate_limit;
        });
        let case = format!("{latency} ms away, {deployment} ms to deploy");
        let issued = [scene.issue(), scene.issue()];
        // Ten begin, are written, are waited for and looked at.
        let (latency_s, deployment_s) = (latency as f64 / 1000.0, deployment as f64 / 1000.0);
        let wave = 0.2 + 2.0 * latency_s + deployment_s + f64::max(0.5, 0.15 * deployment_s);
        for certificate in ["certificate", "two"] {
            let config = on(certificate, &issued);
            let cost = cost(&scene, scene.core.apply_at_once(&config, 2, latency)).await;
            assert!(cost.puts <= 52, "{case}: {} PUTs", cost.puts);
            assert!(cost.requests <= 180, "{case}: {} requests", cost.requests);
            let most = 50.0 * wave + 20.0;
            assert!(cost.seconds <= most, "{case}: {} seconds", cost.seconds);
            let before = scene.simulator.log().len();
            assert_eq!(scene.core.plan(&config).await, Ok(Vec::new()));
            let refreshed = scene.simulator.log().len() - before;
            assert_eq!(refreshed, 2, "{case}: a list of each kind");
            // The budget is full again.
            tokio::time::advance(Duration::from_secs(300)).await;
        }
        let hostnames = &on("two", &issued)[2..];
        let cost = cost(&scene, scene.core.destroy_at_once(hostnames, latency)).await;
        assert!(cost.puts <= 52, "{case}: {} PUTs", cost.puts);
        assert_eq!(cost.requests, cost.puts, "{case}: nothing is looked for");
        let most = 50.0 * (latency as f64 / 1000.0 + 0.35) + 2.0;
        assert!(cost.seconds <= most, "{case}: {} seconds", cost.seconds);
    }
}

/// Nobody waits for what need not be waited for.
#[tokio::test(start_paused = true)]
async fn five_hundred_single_hostnames_without_waiting_cost_their_writes() {
    let scene = Scene::new(Serves::Hostnames(500));
    scene.simulator.set(|s| {
        s.associations = 1000;
        s.latency = Duration::from_millis(100);
        s.association = Some(Duration::from_secs(60));
    });
    let mut config = on("certificate", &[scene.issue(), scene.issue()]);
    for one in config.iter_mut().skip(2) {
        let no = Argument::Value(Dynamic::Bool(false));
        one.arguments.push(("wait_for_deployment", no));
    }
    assert_eq!(scene.core.apply_at_once(&config[..2], 2, 7).await, []);
    let cost = cost(&scene, scene.core.apply_at_once(&config, 2, 7)).await;
    assert!(cost.puts <= 52, "{} PUTs", cost.puts);
    assert!(cost.requests <= 60, "{} requests", cost.requests);
    // Ten begin within 0.2 s, at most, and are one request.
    let most = 50.0 * (0.2 + 0.1);
    assert!(cost.seconds <= most, "{} seconds", cost.seconds);
}
