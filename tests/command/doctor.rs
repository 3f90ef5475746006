//! `doctor`: every finding, and what it cannot see.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Store, ZONE_ID};

use crate::zone::{READ_ONLY, Zone, said};

/// The codes of the findings, in their order.
fn codes(zone: &Zone, arguments: &[&str]) -> (Vec<String>, i32) {
    let (text, code) = zone.doctor(&[&["--json"], arguments].concat());
    let report: serde_json::Value = text.parse().unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["exit_code"], code);
    let findings = report["zones"][0]["findings"].as_array().unwrap();
    let codes = findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned());
    (codes.collect(), code)
}

#[test]
fn a_healthy_zone_is_healthy() {
    let zone = Zone::new();
    let id = zone.upload(Store::Hostname, "Edge", 90);
    zone.associate("app.example.com", &id);
    zone.upload(Store::Zone, "Zone", 90);
    zone.turn_on();
    let (text, code) = zone.doctor(&[]);
    assert_eq!(code, 0, "{text}");
    for part in [
        "Permission      SSL and Certificates: Edit",
        "Zone setting    on",
        "Hostnames       1",
        "hostname  active  90    1      Edge",
        "zone      active  90    zone   Zone",
        "Healthy: nothing was found.",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    // Nothing but the question for an id that cannot exist was more than a look.
    let log = zone.simulator.log();
    let asked = log.iter().filter(|request| request.method == "DELETE");
    assert!(asked.clone().count() > 0);
    assert!(asked.clone().all(|request| {
        request
            .path
            .ends_with("/00000000-0000-0000-0000-000000000000")
    }));
    assert_eq!(
        zone.ids(Store::Zone).len() + zone.ids(Store::Hostname).len(),
        2
    );
}

#[test]
fn each_fault_of_a_zone_is_a_finding() {
    let zone = Zone::new();
    // On, and nothing to present.
    zone.send(
        "PUT",
        "/origin_tls_client_auth/settings",
        "{\"enabled\":true}",
    );
    assert_eq!(
        codes(&zone, &[]),
        (vec!["setting_presents_nothing".to_owned()], 1)
    );
    zone.upload(Store::Zone, "Old", 90);
    zone.simulator.clock().advance(Duration::from_secs(60));
    zone.upload(Store::Zone, "New", 90);
    assert_eq!(
        codes(&zone, &[]),
        (vec!["zone_certificate_unused".to_owned()], 1)
    );
    zone.send(
        "PUT",
        "/origin_tls_client_auth/settings",
        "{\"enabled\":false}",
    );
    assert_eq!(codes(&zone, &[]), (vec!["setting_off".to_owned()], 1));

    let zone = Zone::new();
    let short = zone.upload(Store::Hostname, "Short", 20);
    assert_eq!(
        codes(&zone, &[]).0,
        ["certificate_expires_soon", "certificate_unused"]
    );
    zone.associate("app.example.com", &short);
    assert_eq!(
        codes(&zone, &["--days", "21"]).0,
        ["certificate_expires_soon"]
    );
    assert_eq!(codes(&zone, &["--days", "20"]), (Vec::new(), 0));
    zone.simulator.set(|s| s.association = None);
    zone.associate("www.example.com", &short);
    zone.simulator
        .clock()
        .advance(Duration::from_secs(2 * 3600));
    let (found, _) = codes(&zone, &["--days", "1"]);
    assert!(
        found.contains(&"hostname_deployment_timed_out".to_owned()),
        "{found:?}"
    );
    zone.simulator
        .clock()
        .advance(Duration::from_secs(21 * 86_400));
    let (found, _) = codes(&zone, &[]);
    assert!(
        found.contains(&"certificate_expired".to_owned()),
        "{found:?}"
    );
    // The simulator's clock has gone ahead, and this machine's has not.
    assert!(found.contains(&"clock".to_owned()), "{found:?}");

    let zone = Zone::new();
    zone.simulator.set(|s| s.activation = None);
    zone.upload(Store::Zone, "Stuck", 90);
    zone.simulator
        .clock()
        .advance(Duration::from_secs(2 * 3600));
    assert_eq!(codes(&zone, &[]).0[0], "deployment_timed_out");

    let zone = Zone::new();
    for number in 0..10 {
        let id = zone.upload(Store::Hostname, &format!("Edge {number}"), 90);
        zone.associate(&format!("h{number}.example.com"), &id);
    }
    assert_eq!(codes(&zone, &[]).0, ["quota_used_up"]);
}

#[test]
fn what_the_credential_may_do_is_told() {
    let zone = Zone::new();
    let arguments = ["doctor", "--zone-id", ZONE_ID];
    let run = |token: &str| {
        let mut command = zone.command(&arguments);
        said(&command.env("CLOUDFLARE_API_TOKEN", token).output().unwrap())
    };
    let (text, code) = run(READ_ONLY);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("SSL and Certificates: Read"), "{text}");
    let (text, code) = run("a-token-that-nobody-knows-0123456789abcdef");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Credential refused"), "{text}");
    assert!(!text.contains("a-token-that-nobody-knows"), "{text}");
    let (text, code) = run("\"quoted\"");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Malformed credential"), "{text}");
    let mut command = zone.command(&arguments);
    let (text, code) = said(&command.env_remove("CLOUDFLARE_API_TOKEN").output().unwrap());
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("No credential for Cloudflare"), "{text}");
}

#[test]
fn what_stands_between_here_and_the_api_is_told_apart() {
    let zone = Zone::new();
    let closed = "http://127.0.0.1:1/client/v4";
    for (variables, words) in [
        (
            vec![("CLOUDFLARE_BASE_URL", closed)],
            "Cloudflare cannot be reached",
        ),
        (
            vec![(
                "CLOUDFLARE_BASE_URL",
                "https://no-such-name.invalid/client/v4",
            )],
            "The name could not be resolved",
        ),
        (
            vec![
                ("CLOUDFLARE_BASE_URL", "https://api.example.com/client/v4"),
                ("HTTPS_PROXY", "http://user:a-password@127.0.0.1:1"),
            ],
            "The proxy did not let the request through",
        ),
        (vec![("CLOUDFLARE_BASE_URL", "ftp://x")], "Invalid base_url"),
        (
            vec![
                ("CLOUDFLARE_BASE_URL", "https://api.example.com/client/v4"),
                ("HTTPS_PROXY", "::"),
            ],
            "Invalid proxy",
        ),
    ] {
        let mut command = zone.command(&["doctor", "--zone-id", ZONE_ID]);
        let (text, code) = said(&command.envs(variables.clone()).output().unwrap());
        assert_eq!(code, 2, "{variables:?}: {text}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{variables:?}: {text}");
        assert!(!text.contains("a-password"), "{text}");
    }
}

#[test]
fn many_zones_are_looked_at_and_one_that_cannot_be_hides_no_other() {
    let zone = Zone::new();
    let other = "11111111111111111111111111111111";
    zone.simulator.add_zone(other, "example.org");
    let unseen = "22222222222222222222222222222222";
    let (text, code) = zone.doctor(&["--zone-id", other]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.matches("Healthy").count(), 2, "{text}");
    let (text, code) = zone.doctor(&["--zone-id", unseen, "--zone-id", other]);
    assert_eq!(code, 2, "{text}");
    assert_eq!(text.matches("Healthy").count(), 2, "{text}");
    assert!(text.contains("Cannot look: Zone not found"), "{text}");
}

/// What the credential may write is asked last, and spoils nothing.
#[test]
fn what_may_be_written_may_stay_unknown() {
    for status in [405, 503] {
        let zone = Zone::new();
        let answer = Answer {
            status,
            headers: Vec::new(),
            body: b"<html>no</html>".to_vec(),
        };
        let refused = Fault::on("DELETE", "", Action::Answer(answer));
        zone.simulator.order(refused.times(u32::MAX));
        let (text, code) = zone.doctor(&[]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("Read; Edit is not known"), "{text}");
        let (text, _) = zone.doctor(&["--json"]);
        let report: serde_json::Value = text.parse().unwrap();
        assert!(report["zones"][0]["permission"].is_null(), "{text}");
    }
}

/// Only the missing permission leaves the global setting out.
#[test]
fn a_global_setting_that_cannot_be_read_is_told() {
    let zone = Zone::new();
    let answer = |status, code| Answer {
        status,
        headers: Vec::new(),
        body: format!("{{\"success\":false,\"errors\":[{{\"code\":{code},\"message\":\"no\"}}]}}")
            .into(),
    };
    let order = |answer| {
        zone.simulator.forget_faults();
        let fault = Fault::on("GET", "/tls_client_auth", Action::Answer(answer));
        zone.simulator.order(fault.times(u32::MAX));
    };
    order(answer(403, 10000));
    let (text, code) = zone.doctor(&[]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("not readable (Zone Settings: Read)"),
        "{text}"
    );
    order(answer(400, 1007));
    let (text, code) = zone.doctor(&[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Cannot look"), "{text}");
    assert!(!text.contains("apply"), "{text}");
}
