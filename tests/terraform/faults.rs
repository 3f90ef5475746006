//! Lost answers, refusals that pass, limits: survived without a trace.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Store, TOKEN};

use crate::scene::{CERTIFICATE, CONFIG, says, with_every_cli};

const CERTIFICATES: &str = "/hostnames/certificates";

/// Applies under faults, plans nothing more, destroys under faults, leaves nothing.
fn survives(name: &str, faults: impl Fn() -> Vec<Fault>) {
    with_every_cli(name, |scene| {
        let client = scene.certificate("shop");
        scene.configure(CONFIG);
        scene.workspace.set_env("TF_LOG", "TRACE");
        scene.workspace.set_env("TF_LOG_PATH", "trace.log");
        faults()
            .into_iter()
            .for_each(|fault| scene.simulator.order(fault));
        let applied = scene.apply();
        assert!(!applied.text().contains("Warning"), "{}", applied.text());
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.plan_is_empty();
        faults()
            .into_iter()
            .for_each(|fault| scene.simulator.order(fault));
        scene.destroy();
        let log = scene.workspace.directory().join("trace.log");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("tf_http_req_method"), "the log is complete");
        assert!(!log.contains(TOKEN), "the token is in the log");
        assert_eq!(secret_window(&log, &client.private_key), None);
    });
}

/// A piece of a key's PEM, 32 characters long, that occurs in a text.
fn secret_window<'k>(text: &str, key: &'k str) -> Option<&'k str> {
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    let mut windows = lines.flat_map(|line| {
        let starts = 0..line.len().saturating_sub(31);
        starts.map(move |start| &line[start..start + 32])
    });
    windows.find(|window| text.contains(window))
}

fn unavailable() -> Action {
    Action::Answer(Answer::html(503, "Service Temporarily Unavailable"))
}

#[test]
fn an_upload_whose_answer_is_lost_is_found_again() {
    survives("lost-post", || {
        vec![Fault::on("POST", CERTIFICATES, Action::ResetAfter)]
    });
}

#[test]
fn an_upload_that_is_stored_but_answered_with_an_error_is_found_again() {
    survives("post-502", || {
        let bad_gateway = Action::DoneBut(Answer::html(502, "Bad gateway"));
        vec![Fault::on("POST", CERTIFICATES, bad_gateway)]
    });
}

#[test]
fn an_upload_with_half_an_answer_is_found_again() {
    survives("post-truncated", || {
        vec![Fault::on("POST", CERTIFICATES, Action::Truncate)]
    });
}

#[test]
fn an_upload_that_never_arrived_is_sent_again() {
    survives("post-reset", || {
        vec![Fault::on("POST", CERTIFICATES, Action::ResetBefore)]
    });
}

#[test]
fn lost_answers_to_writes_and_deletes_are_repeated() {
    survives("lost-others", || {
        vec![
            Fault::on("PUT", "/hostnames", Action::ResetAfter),
            Fault::on("DELETE", "", Action::ResetAfter),
            Fault::on("GET", "", Action::Truncate),
        ]
    });
}

#[test]
fn an_outage_of_a_few_answers_is_waited_out() {
    survives("outage", || {
        ["GET", "POST", "PUT", "DELETE"]
            .map(|method| Fault::on(method, "", unavailable()).times(2))
            .to_vec()
    });
}

#[test]
fn a_busy_zone_is_tried_again() {
    survives("busy", || {
        let busy = Action::Answer(Answer::error(409, 1493, "busy"));
        vec![
            Fault::on("POST", CERTIFICATES, busy.clone()),
            Fault::on("DELETE", "", busy),
        ]
    });
}

#[test]
fn the_rate_limit_is_obeyed() {
    with_every_cli("rate-limit", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let limited = Answer::error(429, 971, "Please wait").with("retry-after", "2");
        scene
            .simulator
            .order(Fault::on("POST", CERTIFICATES, Action::Answer(limited)));
        scene.apply();
        let log = scene.simulator.log();
        let first = log.iter().position(|r| r.status == 429).unwrap();
        let pause = log[first + 1].at - log[first].at;
        assert!(pause >= Duration::from_secs(2), "{pause:?}");
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_limit_beyond_the_time_out_fails_at_once_and_says_so() {
    with_every_cli("rate-limit-long", |scene| {
        scene.certificate("shop");
        scene.configure(&CONFIG.replacen("\n}\n", "\n  timeouts = { create = \"30s\" }\n}\n", 1));
        let limited = Answer::error(429, 971, "Please wait").with("retry-after", "300");
        scene
            .simulator
            .order(Fault::on("POST", CERTIFICATES, Action::Answer(limited)));
        scene.apply_fails(&[
            "Rate limit exceeded",
            "1,200 requests per five minutes",
            "timeouts",
        ]);
        scene.destroy();
    });
}

#[test]
fn five_certificates_at_once_do_not_meet() {
    with_every_cli("five", |scene| {
        scene
            .simulator
            .set(|s| s.latency = Duration::from_millis(50));
        for number in 0..5 {
            scene.certificate(&format!("c{number}"));
        }
        scene.configure(
            r#"
resource "aop_hostname_certificate" "many" {
  count       = 5
  zone_id     = var.zone_id
  certificate = file("c${count.index}.pem")
  private_key = file("c${count.index}.key")
}
"#,
        );
        scene.apply();
        assert!(scene.simulator.log().iter().all(|r| r.status != 409));
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_certificate_that_was_there_is_adopted_with_a_warning() {
    with_every_cli("adopt", |scene| {
        let client = scene.certificate("shop");
        let body = serde_json::json!({
            "certificate": client.certificate,
            "private_key": client.private_key,
        });
        let path = "/origin_tls_client_auth/hostnames/certificates";
        scene.elsewhere("POST", path, &body.to_string());
        scene.configure(CONFIG);
        let applied = scene.apply();
        says(
            &applied,
            &["Warning: Existing certificate adopted", "removed block"],
        );
        assert_eq!(scene.requests("POST", CERTIFICATES), 1);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_tombstone_of_the_same_certificate_is_waited_for() {
    with_every_cli("tombstone", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        scene
            .simulator
            .set(|s| s.deletion = Some(Duration::from_secs(2)));
        scene.destroy();
        scene
            .simulator
            .set(|s| s.deletion = Some(Duration::from_secs(3)));
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let body = format!(
            r#"{{"config":[{{"hostname":"app.example.com","cert_id":"{id}","enabled":null}}]}}"#
        );
        scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
        scene.simulator.clock().advance(Duration::from_secs(1));
        scene.elsewhere(
            "DELETE",
            &format!("/origin_tls_client_auth{CERTIFICATES}/{id}"),
            "",
        );
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn an_equal_association_is_adopted_and_another_is_not_overwritten() {
    with_every_cli("adopt-association", |scene| {
        scene.certificate("shop");
        let certificate = CERTIFICATE;
        scene.configure(certificate);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let associate = |enabled: &str| {
            let body = format!(
                r#"{{"config":[{{"hostname":"app.example.com","cert_id":"{id}","enabled":{enabled}}}]}}"#
            );
            scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
        };
        associate("false");
        scene.rewrite(CONFIG);
        scene.apply_fails(&[
            "Hostname is already associated",
            "terraform import aop_hostname_association",
        ]);
        associate("true");
        let applied = scene.apply();
        assert!(!applied.text().contains("Warning"), "{}", applied.text());
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_zone_certificate_cannot_serve_a_hostname_and_the_error_says_so() {
    with_every_cli("wrong-store", |scene| {
        scene.certificate("shop");
        scene.configure(&CONFIG.replace("aop_hostname_certificate", "aop_zone_certificate"));
        scene.apply_fails(&[
            "Certificate serves the whole zone",
            "aop_hostname_certificate",
        ]);
        assert_eq!(scene.requests("PUT", "/hostnames"), 0);
        scene.destroy();
    });
}

#[test]
fn an_unreachable_api_is_one_clear_error() {
    with_every_cli("unreachable", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let url = scene.listening.as_ref().unwrap().url();
        scene
            .workspace
            .set_env("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1/client/v4");
        scene.plan_fails(&[
            "Cloudflare cannot be reached",
            "Check the network, base_url",
        ]);
        scene.workspace.set_env("CLOUDFLARE_BASE_URL", &url);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_login_page_is_not_taken_for_an_answer() {
    with_every_cli("portal", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let page = Action::Answer(Answer::html(200, "Please log in"));
        scene.simulator.order(Fault::on("GET", CERTIFICATES, page));
        scene.apply_fails(&[
            "Unexpected answer from Cloudflare",
            "a proxy or a login page",
        ]);
        scene.apply();
        scene.destroy();
    });
}
