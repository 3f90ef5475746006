//! `verify_origins`: a certificate that an origin does not accept is not uploaded, and what is
//! there goes on serving.

use std::net::TcpListener;
use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Origin, Store};

use crate::interruption::{finish, signal_group};
use crate::scene::{ASSOCIATION, Scene, now, says, with_every_cli};

const CERTIFICATES: &str = "/hostnames/certificates";
const ASKED: &str = "Asking the origins of verify_origins";

/// A certificate, and the list of origins that have to accept it.
fn certificate(store: Store, origins: &str) -> String {
    let kind = match store {
        Store::Zone => "zone",
        Store::Hostname => "hostname",
    };
    format!(
        r#"
resource "aop_{kind}_certificate" "shop" {{
  zone_id        = var.zone_id
  certificate    = file("shop.pem")
  private_key    = file("shop.key")
  verify_origins = {origins}
}}
"#
    )
}

const SWITCH: &str = r#"
resource "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [aop_zone_certificate.shop]
}
"#;

/// An origin that trusts these authorities, and where it listens.
fn origin(scene: &Scene, authorities: &[&Authority]) -> (Origin, String) {
    let mut origin = Origin::trusting(&both(authorities)).unwrap();
    let address = scene.block_on(origin.listen()).unwrap();
    (origin, address.to_string())
}

fn both(authorities: &[&Authority]) -> String {
    let all = authorities.iter().map(|authority| authority.certificate());
    all.collect()
}

/// An address at which nobody listens any more.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn writes(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    log.iter().filter(|request| request.method != "GET").count()
}

#[test]
fn a_rotation_to_another_authority_waits_until_the_origin_trusts_it() {
    with_every_cli("origins-rotation", |scene| {
        for (store, rest, host) in [
            (Store::Hostname, ASSOCIATION, "app.example.com"),
            (Store::Zone, SWITCH, "www.example.com"),
        ] {
            let (origin, address) = origin(scene, &[&scene.authority]);
            let list = format!("[{{ address = {address:?}, server_name = {host:?} }}]");
            scene.certificate("shop");
            scene.configure(&format!("{}{rest}", certificate(store, &list)));
            scene.apply();
            scene.plan_is_empty();
            let live = scene.traffic_through(origin, &[host]);
            let other = Authority::new("Another CA").unwrap();
            scene.write_certificate("shop", &other.client("shop", now()).unwrap());
            let (ids, written) = (scene.ids(store), writes(scene));
            let state = scene.run(&["show", "-json"], 0).stdout;
            scene.apply_fails(&[
                "Origin refuses the certificate",
                &format!("Origin {address}, asked for {host}, was shown the new certificate"),
                "issued by CN=Another CA,O=Example, and refused it: TLS alert UnknownCA",
                "The origin accepts: CN=Example origin CA,O=Example.",
                "Nothing was changed",
            ]);
            assert_eq!((scene.ids(store), writes(scene)), (ids, written));
            assert_eq!(scene.run(&["show", "-json"], 0).stdout, state);
            scene.plan_changes(&["0 to add", "to change, 0 to destroy"]);
            live.origin
                .trust(&both(&[&scene.authority, &other]))
                .unwrap();
            scene.apply();
            scene.plan_is_empty();
            live.was_never_refused();
            scene.destroy();
        }
    });
}

#[test]
fn each_origin_that_does_not_accept_it_is_named_and_nothing_is_uploaded() {
    with_every_cli("origins-create", |scene| {
        let stranger = Authority::new("Stranger CA").unwrap();
        let (_accepts, good) = origin(scene, &[&scene.authority]);
        let (refuses, bad) = origin(scene, &[&stranger]);
        let away = nobody();
        scene.certificate("shop");
        let list = format!(
            "[{{ address = {good:?} }}, {{ address = {bad:?} }}, {{ address = {away:?} }}, \
             {{ address = {good:?}, server_name = \"app.example.com\", expect_status = 200 }}]"
        );
        scene.configure(&certificate(Store::Hostname, &list));
        scene.apply_fails(&[
            &format!("Origin {bad} was shown the new certificate"),
            "The origin accepts: CN=Stranger CA,O=Example.",
            &format!("Origin {away} was to be asked"),
            "refused (os error 111)",
            "take it out of verify_origins",
            &format!("Origin {good}, asked for app.example.com, was asked"),
            "expect_status says 200; the outcome was: status 204",
        ]);
        assert_eq!(scene.left(), 0);
        assert_eq!(scene.requests("POST", CERTIFICATES), 0);
        refuses
            .trust(&both(&[&stranger, &scene.authority]))
            .unwrap();
        let list =
            format!("[{{ address = {good:?}, expect_status = 204 }}, {{ address = {bad:?} }}]");
        scene.rewrite(&certificate(Store::Hostname, &list));
        scene.apply();
        scene.plan_is_empty();
        // A list that changes asks nobody.
        let written = writes(scene);
        let list = format!("[{{ address = {away:?} }}]");
        scene.rewrite(&certificate(Store::Hostname, &list));
        scene.plan_changes(&["0 to add, 1 to change, 0 to destroy"]);
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(writes(scene), written);
        scene.destroy();
    });
}

#[test]
fn an_interrupted_rotation_is_finished_without_asking_again_and_the_next_one_asks() {
    with_every_cli("origins-resumed", |scene| {
        let (asked, address) = origin(scene, &[&scene.authority]);
        let list = format!("[{{ address = {address:?} }}]");
        scene.certificate("shop");
        let config = format!("{}{ASSOCIATION}", certificate(Store::Hostname, &list));
        scene.configure(&config);
        scene.apply();
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(600)));
        scene.certificate("shop");
        let child = scene.workspace.start(&["apply", "-auto-approve"]).unwrap();
        scene.wait_for("POST", CERTIFICATES, 2);
        signal_group(&child, "INT");
        assert_ne!(finish(child).code, 0);
        // It has been asked; by now it may be away.
        drop(asked);
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.simulator.set(|s| s.activation = None);
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.requests("POST", CERTIFICATES), 2);
        scene.certificate("shop");
        scene.apply_fails(&["Origin cannot be reached", &address]);
        assert_eq!(scene.requests("POST", CERTIFICATES), 2);
        scene.destroy();
    });
}

#[test]
fn a_copy_of_somebody_elses_and_one_that_was_given_up_are_shown_to_origins_too() {
    with_every_cli("origins-copies", |scene| {
        let stranger = Authority::new("Stranger CA").unwrap();
        let (asked, address) = origin(scene, &[&stranger]);
        let made = scene.certificate("shop");
        let body = serde_json::json!({
            "certificate": made.certificate,
            "private_key": made.private_key,
        });
        let path = "/origin_tls_client_auth/hostnames/certificates";
        scene.elsewhere("POST", path, &body.to_string());
        let list = format!("[{{ address = {address:?} }}]");
        scene.configure(&certificate(Store::Hostname, &list));
        scene.apply_fails(&["Origin refuses the certificate"]);
        scene.plan_changes(&["1 to add"]);
        asked.trust(scene.authority.certificate()).unwrap();
        says(&scene.apply(), &["Existing certificate adopted"]);
        scene.destroy();
        // Cloudflare gives up deploying one: it is uploaded once more, and asked for once more.
        scene.simulator.set(|s| {
            s.activation = None;
            s.deployment_timeout = Duration::ZERO;
        });
        scene.certificate("shop");
        scene.run(&["apply", "-auto-approve"], 0);
        scene.simulator.set(|s| s.activation = Some(Duration::ZERO));
        asked.trust(stranger.certificate()).unwrap();
        let uploads = scene.requests("POST", CERTIFICATES);
        scene.apply_fails(&["Origin refuses the certificate"]);
        assert_eq!(scene.requests("POST", CERTIFICATES), uploads);
        asked.trust(scene.authority.certificate()).unwrap();
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn ctrl_c_while_an_origin_hangs_ends_it_with_nothing_uploaded() {
    with_every_cli("origins-ctrl-c", |scene| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        scene.certificate("shop");
        let list = format!("[{{ address = \"{address}\" }}]");
        scene.configure(&certificate(Store::Hostname, &list));
        let child = scene.workspace.start(&["apply", "-auto-approve"]).unwrap();
        let hanging = listener.accept().unwrap();
        signal_group(&child, "INT");
        let ran = finish(child);
        drop(hanging);
        assert_ne!(ran.code, 0);
        says(&ran, &["Operation stopped", ASKED]);
        assert!(!ran.text().contains("within 5 s"), "{}", ran.text());
        assert_eq!(scene.requests("POST", CERTIFICATES), 0);
        assert_eq!(scene.left(), 0);
    });
}

#[test]
fn what_is_no_origin_is_told_at_plan_or_once_it_is_known() {
    with_every_cli("origins-bad-input", |scene| {
        scene.certificate("shop");
        let list = r#"[
    { address = "https://app.example.com:443" },
    { address = "app.example.com:443/health" },
    { address = "app.example.com" },
    { address = "app.example.com:0" },
    { address = "app.example.com:70000" },
    { address = "2001:db8::1:443" },
    { address = "one.example.com:443", server_name = "two words" },
    { address = "one.example.com:443", expect_status = 99 },
    { address = "one.example.com:443", expect_status = 200.5 },
    { address = "twice.example.com:443" },
    { address = "TWICE.example.com:443", expect_status = 200 },
    null,
  ]"#;
        scene.configure(&certificate(Store::Hostname, list));
        scene.plan_fails(&[
            "\"https://app.example.com:443\" is a URL",
            "\"app.example.com:443/health\" has a path",
            "\"app.example.com\" has no port",
            "\"app.example.com:0\" has no port between 1 and 65535",
            "\"app.example.com:70000\" has no port between 1 and 65535",
            "\"2001:db8::1:443\" is an IPv6 address without brackets",
            "\"two words\" is neither a hostname nor an IP address",
            "99 is no status of HTTP",
            "200.5 is no status of HTTP",
            "TWICE.example.com:443 is element 9 of verify_origins already",
            "An element of verify_origins is null",
        ]);
        let many = "[for port in range(1, 1002) : { address = \"app.example.com:${port}\" }]";
        scene.rewrite(&certificate(Store::Hostname, many));
        scene.plan_fails(&["Too many origins", "names 1001 origins; at most 1000"]);
        // Known only once it is applied.
        let (_accepts, good) = origin(scene, &[&scene.authority]);
        let late = |address: &str| {
            let list = "[{ address = terraform_data.late.output }]";
            format!(
                "{}resource \"terraform_data\" \"late\" {{\n  input = {address:?}\n}}\n",
                certificate(Store::Hostname, list)
            )
        };
        scene.rewrite(&late("nothing"));
        scene.plan_changes(&["2 to add"]);
        scene.apply_fails(&["Invalid address of an origin", "\"nothing\" has no port"]);
        assert_eq!(scene.requests("POST", CERTIFICATES), 0);
        scene.rewrite(&late(&good));
        scene.apply();
        scene.plan_is_empty();
        // Of a certificate that stays as it is, too.
        scene.rewrite(&late("nothing"));
        scene.apply_fails(&["Invalid address of an origin", "\"nothing\" has no port"]);
        scene.rewrite(&late(&good));
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_name_that_does_not_resolve_is_an_origin_that_cannot_be_asked() {
    with_every_cli("origins-name", |scene| {
        scene.certificate("shop");
        let list = "[{ address = \"origin.invalid:443\" }]";
        scene.configure(&certificate(Store::Zone, list));
        scene.apply_fails(&[
            "Origin cannot be reached",
            "Origin origin.invalid:443",
            "lookup",
        ]);
        assert_eq!(scene.left(), 0);
    });
}
