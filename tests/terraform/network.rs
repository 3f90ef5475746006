//! Networks as they are: TLS that is inspected, proxies, IPv6, names that cannot be
//! resolved, lines that are cut, servers that say nothing.

use aop_simulator::{Action, Answer, Fault, Gate, Store};

use crate::front::{Front, Server};
use crate::scene::{CERTIFICATE, CONFIG, Scene, says, with_every_cli_at_once};

/// Leads the provider elsewhere.
fn lead_to(scene: &mut Scene, url: &str) {
    let url = format!("{url}/client/v4");
    scene.workspace.set_env("CLOUDFLARE_BASE_URL", &url);
}

/// Trusts an authority.
fn trust(scene: &mut Scene, server: &Server) {
    scene.workspace.write("ca.pem", &server.authority).unwrap();
    let path = scene.workspace.directory().join("ca.pem");
    scene
        .workspace
        .set_env("SSL_CERT_FILE", path.to_str().unwrap());
}

fn lives_and_dies(scene: &Scene) {
    scene.apply();
    scene.plan_is_empty();
    scene.destroy();
}

#[test]
fn an_authority_of_ones_own_is_trusted_if_it_is_named() {
    with_every_cli_at_once("own-CA", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let server = Server::named(&["localhost"], 2090);
        let front = Front::tls(scene, &server, &["h2", "http/1.1"]);
        lead_to(
            scene,
            &format!("https://localhost:{}", front.address.port()),
        );
        scene.apply_fails(&["Cloudflare cannot be reached", "localhost", "SSL_CERT_FILE"]);
        assert_eq!(front.connections(), 1, "no other try can help");
        trust(scene, &server);
        lives_and_dies(scene);
        // A proxy that inspects TLS often speaks nothing newer.
        for protocols in [&["http/1.1"][..], &[]] {
            let front = Front::tls(scene, &server, protocols);
            lead_to(
                scene,
                &format!("https://localhost:{}", front.address.port()),
            );
            lives_and_dies(scene);
        }
    });
}

#[test]
fn a_server_certificate_for_another_host_or_time_is_refused_for_what_it_is() {
    with_every_cli_at_once("wrong-server", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let cases = [
            (
                Server::named(&["other.example.test"], 2090),
                ["TLS certificate was not accepted", "not valid for name"],
            ),
            // As one looks to a machine whose clock is ahead.
            (
                Server::named(&["localhost"], 2020),
                ["expired", "not valid by the clock of this machine"],
            ),
        ];
        for (server, words) in cases {
            let front = Front::tls(scene, &server, &["h2"]);
            trust(scene, &server);
            lead_to(
                scene,
                &format!("https://localhost:{}", front.address.port()),
            );
            let failed = scene.apply_fails(&words);
            assert!(!failed.text().contains("DNS,"), "{}", failed.text());
            assert_eq!(front.connections(), 1);
        }
    });
}

#[test]
fn a_proxy_is_used_and_named_without_its_password() {
    with_every_cli_at_once("proxy", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let server = Server::named(&["api.example.test"], 2090);
        let front = Front::tls(scene, &server, &["h2", "http/1.1"]);
        trust(scene, &server);
        lead_to(scene, "https://api.example.test");
        // "user:proxy-password" in base64.
        let credential = "proxy-authorization: basic dXNlcjpwcm94eS1wYXNzd29yZA==";
        let proxy = Front::proxy(scene, Some(credential), front.address);
        let with = |user: &str| format!("http://{user}@{}", proxy.address);
        scene
            .workspace
            .set_env("HTTPS_PROXY", &with("user:wrong-password"));
        let failed = scene.apply_fails(&[
            "Cloudflare cannot be reached",
            &format!("proxy {}", proxy.address),
            "Check HTTPS_PROXY",
        ]);
        assert!(
            !failed.text().contains("wrong-password"),
            "{}",
            failed.text()
        );
        assert_eq!(proxy.connections(), 1, "no other try can help");
        scene
            .workspace
            .set_env("HTTPS_PROXY", &with("user:proxy-password"));
        lives_and_dies(scene);
    });
}

#[test]
fn an_address_of_the_newer_internet_protocol_is_reached() {
    with_every_cli_at_once("ipv6", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let listening = scene.block_on(scene.simulator.listen("[::1]:0")).unwrap();
        scene
            .workspace
            .set_env("CLOUDFLARE_BASE_URL", &listening.url());
        lives_and_dies(scene);
    });
}

#[test]
fn a_name_that_cannot_be_resolved_is_named() {
    with_every_cli_at_once("no-name", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        lead_to(scene, "https://api.invalid");
        scene.apply_fails(&["api.invalid", "could not be resolved", "base_url"]);
        assert_eq!(scene.left(), 0);
    });
}

/// As after half an hour of waiting: every connection that is kept is a dead one.
#[test]
fn a_line_that_is_cut_between_requests_costs_nothing() {
    with_every_cli_at_once("cut", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let front = Front::cutting(scene);
        lead_to(scene, &format!("http://{}", front.address));
        scene.apply();
        assert!(
            front.connections() > 2,
            "{} connections",
            front.connections()
        );
        assert_eq!(scene.requests("POST", ""), 1);
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_server_that_says_nothing_is_given_up_at_the_deadline() {
    with_every_cli_at_once("silent", |scene| {
        scene.certificate("shop");
        let quick = CERTIFICATE.replace("\n}\n", "\n  timeouts = { create = \"4s\" }\n}\n");
        scene.configure(&quick);
        let gate = Gate::default();
        let silence = Action::HoldBefore(gate.clone());
        scene.simulator.order(Fault::on("POST", "", silence));
        scene.apply_fails(&["Operation stopped", "timeout", "may have been carried out"]);
        gate.open();
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_redirect_is_not_followed_with_the_token() {
    with_every_cli_at_once("redirect", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let elsewhere = Server::named(&["localhost"], 2090);
        let elsewhere = Front::tls(scene, &elsewhere, &[]);
        let location = format!("http://{}/client/v4", elsewhere.address);
        let redirect = Answer {
            status: 302,
            headers: vec![("location", location)],
            body: Vec::new(),
        };
        let redirect = Fault::on("GET", "", Action::Answer(redirect));
        scene.simulator.order(redirect);
        let failed = scene.apply_fails(&["a redirect, which is not followed", "base_url"]);
        says(&failed, &["HTTP 302"]);
        assert_eq!(elsewhere.connections(), 0);
    });
}

#[test]
fn an_answer_larger_than_any_is_not_kept_in_memory() {
    with_every_cli_at_once("large", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        let large = Answer {
            status: 200,
            headers: Vec::new(),
            body: vec![b' '; 100 << 20],
        };
        scene
            .simulator
            .order(Fault::on("GET", "", Action::Answer(large.clone())));
        scene.apply_fails(&["the answer is too large"]);
        // An upload may have been carried out all the same.
        let once = Action::DoneBut(large);
        scene.simulator.order(Fault::on("POST", "", once));
        scene.apply();
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.plan_is_empty();
        scene.destroy();
    });
}
