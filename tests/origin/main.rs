//! What the look at an origin says of real servers: nginx, HAProxy, Apache and Caddy, asking
//! for a client certificate, insisting on one, and doing neither, in both versions of TLS;
//! without a certificate, and with those that they accept and refuse.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test"
)]

mod server;

use std::time::Duration;

use aop_simulator::pki::{Authority, ClientCertificate, Wanted};
use jiff::{SignedDuration, Timestamp};
use rcgen::KeyPair;
use server::{Asks, Kind, Server, Version};
use terraform_provider_aop::origin::{Address, Outcome, Probe, Seen, Unreachable};
use terraform_provider_aop::x509::{
    self, Certificate, ClientIdentity, KeyAlgorithm, Order, PrivateKey, Serial,
};
use zeroize::Zeroizing;

fn look(server: &Server) -> Result<Seen, Unreachable> {
    look_with(server, None)
}

fn look_with(server: &Server, identity: Option<ClientIdentity>) -> Result<Seen, Unreachable> {
    let probe = Probe {
        address: Address::parse(&server.address()).unwrap(),
        server_name: "app.example.com".to_owned(),
        identity,
        timeout: Duration::from_secs(5),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(probe.look())
}

/// What is presented: a certificate, with the authorities between it and the one that the
/// server trusts.
fn identity(client: &ClientCertificate, between: &[&Authority]) -> ClientIdentity {
    let chain = between.iter().map(|authority| authority.certificate());
    let text: String = [client.certificate.as_str()]
        .into_iter()
        .chain(chain)
        .collect();
    let key = PrivateKey::parse(&Zeroizing::new(client.private_key.clone()).into()).unwrap();
    key.identity(Certificate::parse(&text).unwrap().der())
}

/// A client certificate of this authority for this key, valid from and until so many days from
/// now.
fn client(authority: &Authority, key: &KeyPair, days: (i64, i64)) -> ClientCertificate {
    let at = |days: i64| now() + SignedDuration::from_hours(24 * days);
    let wanted = Wanted {
        name: "edge",
        not_before: at(days.0),
        not_after: at(days.1),
    };
    authority.issue_for(&wanted, key).unwrap()
}

#[allow(
    clippy::disallowed_methods,
    reason = "servers look at the clock of the machine"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

const VALID: (i64, i64) = (-1, 30);
const EXPIRED: (i64, i64) = (-30, -2);

#[test]
fn enforcing_asking_and_neither_are_told_apart_on_every_server() {
    for kind in Kind::ALL {
        for version in [Version::Tls12, Version::Tls13] {
            for asks in [Asks::Always, Asks::Optionally, Asks::Never] {
                let server = Server::start(kind, version, asks);
                let seen = look(&server);
                let shown = format!("{kind:?}, {version:?}, {asks:?}: {seen:?}");
                let seen = seen.expect(&shown);
                assert_eq!(seen.asked.is_some(), asks != Asks::Never, "{shown}");
                assert_eq!(seen.enforces(), Some(asks == Asks::Always), "{shown}");
                if asks != Asks::Always {
                    assert_eq!(seen.outcome, Outcome::Answered(200), "{shown}");
                }
                assert!(seen.server_certificate.is_some(), "{shown}");
            }
        }
    }
}

#[test]
fn a_certificate_is_accepted_or_refused_as_the_server_says_and_a_stranger_is_told() {
    for kind in Kind::ALL {
        for version in [Version::Tls12, Version::Tls13] {
            for asks in [Asks::Always, Asks::Optionally] {
                let server = Server::start(kind, version, asks);
                let key = KeyPair::generate().unwrap();
                let middle = server.authority.intermediate("Middle CA").unwrap();
                let stranger = Authority::new("Stranger CA").unwrap();
                let good = client(&server.authority, &key, VALID);
                let deep = client(&middle, &key, VALID);
                let cases = [
                    ("its own", identity(&good, &[]), true),
                    ("by way of another", identity(&deep, &[&middle]), true),
                    ("without its chain", identity(&deep, &[]), false),
                    (
                        "a stranger's",
                        identity(&client(&stranger, &key, VALID), &[]),
                        false,
                    ),
                    (
                        "expired",
                        identity(&client(&server.authority, &key, EXPIRED), &[]),
                        false,
                    ),
                ];
                for (what, identity, is_accepted) in cases {
                    let seen = look_with(&server, Some(identity));
                    let shown = format!("{kind:?}, {version:?}, {asks:?}, {what}: {seen:?}");
                    let outcome = seen.expect(&shown).outcome;
                    match is_accepted {
                        true => assert_eq!(outcome, Outcome::Answered(200), "{shown}"),
                        false => assert!(matches!(outcome, Outcome::Refused(_)), "{shown}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_chain_that_is_too_long_for_the_server_is_refused() {
    // The two that count; both are told to take one authority between.
    for kind in [Kind::Nginx, Kind::Apache] {
        for version in [Version::Tls12, Version::Tls13] {
            let server = Server::start(kind, version, Asks::Always);
            let upper = server.authority.intermediate("Upper CA").unwrap();
            let lower = upper.intermediate("Lower CA").unwrap();
            let leaf = client(&lower, &KeyPair::generate().unwrap(), VALID);
            let seen = look_with(&server, Some(identity(&leaf, &[&lower, &upper])));
            let shown = format!("{kind:?}, {version:?}: {seen:?}");
            let outcome = seen.expect(&shown).outcome;
            assert!(matches!(outcome, Outcome::Refused(_)), "{shown}");
        }
    }
}

#[test]
fn every_kind_of_key_is_presented() {
    let kinds = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ];
    for kind in Kind::ALL {
        for version in [Version::Tls12, Version::Tls13] {
            let server = Server::start(kind, version, Asks::Always);
            for algorithm in kinds {
                let key = KeyPair::generate_for(algorithm).unwrap();
                let leaf = client(&server.authority, &key, VALID);
                let seen = look_with(&server, Some(identity(&leaf, &[])));
                let shown = format!("{kind:?}, {version:?}, {algorithm:?}: {seen:?}");
                assert_eq!(
                    seen.expect(&shown).outcome,
                    Outcome::Answered(200),
                    "{shown}"
                );
            }
        }
    }
}

#[test]
fn a_key_that_the_server_does_not_take_is_not_presented() {
    for version in [Version::Tls12, Version::Tls13] {
        let only_rsa = "ssl_conf_command ClientSignatureAlgorithms RSA+SHA256:RSA-PSS+SHA256;\n";
        let server = Server::start_with(Kind::Nginx, version, Asks::Optionally, only_rsa);
        for (algorithm, is_presented) in [
            (&rcgen::PKCS_RSA_SHA256, true),
            (&rcgen::PKCS_ECDSA_P256_SHA256, false),
            (&rcgen::PKCS_ED25519, false),
        ] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let leaf = client(&server.authority, &key, VALID);
            let seen = look_with(&server, Some(identity(&leaf, &[])));
            let shown = format!("{version:?}, {algorithm:?}: {seen:?}");
            let asked = seen.expect(&shown).asked.expect(&shown);
            assert_eq!(asked.is_presented, is_presented, "{shown}");
        }
    }
}

#[test]
fn what_the_provider_issues_is_accepted_by_every_server_and_by_openssl() {
    let openssl = xtask::Tool::obtain("openssl", "usr/bin/openssl").unwrap();
    for kind in Kind::ALL {
        let server = Server::start(kind, Version::Tls13, Asks::Always);
        let middle = server.authority.intermediate("Middle CA").unwrap();
        let chain = format!("{}{}", middle.certificate(), server.authority.certificate());
        for (text, signer) in [
            (server.authority.certificate().to_owned(), &server.authority),
            (chain, &middle),
        ] {
            let signing = PrivateKey::parse(&Zeroizing::new(signer.private_key()).into()).unwrap();
            let issuing = x509::Authority::read(&text).unwrap();
            for (name, algorithm) in KeyAlgorithm::NAMES {
                let order = Order {
                    common_name: "Cloudflare \u{e9}dge, \"quoted\"".to_owned(),
                    algorithm,
                    not_before: now() - SignedDuration::from_mins(5),
                    not_after: now() + SignedDuration::from_hours(24 * 90),
                    serial: Serial::random().unwrap(),
                };
                let issued = issuing.issue(&signing, &order).unwrap();
                let identity = issued.key.identity(issued.certificate.der());
                let seen = look_with(&server, Some(identity));
                let shown = format!("{kind:?}, {name}, {}: {seen:?}", issuing.subject());
                assert_eq!(
                    seen.expect(&shown).outcome,
                    Outcome::Answered(200),
                    "{shown}"
                );
                verify(
                    &openssl,
                    true,
                    server.authority.certificate(),
                    &issued.certificate.to_pem(),
                );
            }
        }
    }
}

/// Whatever openssl makes an authority of, and in whatever form it writes its key: what is
/// issued is verified, and known again by its tag.
#[test]
fn the_authorities_of_openssl_issue() {
    let openssl = xtask::Tool::obtain("openssl", "usr/bin/openssl").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let mut command = openssl.command();
        command
            .current_dir(folder.path())
            .args(arguments.split(' '));
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{arguments}: {ran:?}");
    };
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for kind in [
        "rsa:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
        "ec -pkeyopt ec_paramgen_curve:P-521",
        "ed25519",
    ] {
        for key_id in ["hash", "none"] {
            run(&format!(
                "req -x509 -newkey {kind} -nodes -keyout ca.key -out ca.pem -days 3650 -subj /CN=CA \
                 -addext subjectKeyIdentifier={key_id} -addext keyUsage=critical,keyCertSign"
            ));
            let mut forms = vec!["ca.key"];
            // Of Ed25519 there is one form.
            if kind != "ed25519" {
                run("pkey -in ca.key -traditional -out traditional.key");
                forms.push("traditional.key");
            }
            let authority = x509::Authority::read(&read("ca.pem")).unwrap();
            let mut tags = Vec::new();
            for form in forms {
                let key = x509::Authority::read_key(&Zeroizing::new(read(form)).into()).unwrap();
                tags.push(authority.tag(&key, &["zone", "id"]));
                let order = Order {
                    common_name: "Cloudflare edge".to_owned(),
                    algorithm: KeyAlgorithm::default(),
                    not_before: now() - SignedDuration::from_mins(5),
                    not_after: now() + SignedDuration::from_hours(24),
                    serial: Serial::random().unwrap(),
                };
                let issued = authority.issue(&key, &order).unwrap();
                // As strict as openssl is with a root that names no key.
                let strict = key_id == "hash";
                verify(
                    &openssl,
                    strict,
                    &read("ca.pem"),
                    &issued.certificate.to_pem(),
                );
            }
            tags.dedup();
            assert_eq!(tags.len(), 1, "{kind}");
        }
    }
}

/// openssl; as strict as it can be, or as it usually is.
fn verify(openssl: &xtask::Tool, strict: bool, root: &str, chain: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let (root, chain) = (file("root.pem", root), file("chain.pem", chain));
    let mut command = openssl.command();
    command.arg("verify").args(strict.then_some("-x509_strict"));
    command.args(["-purpose", "sslclient", "-CAfile"]);
    let ran = command
        .arg(root)
        .arg("-untrusted")
        .arg(&chain)
        .arg(&chain)
        .output();
    let ran = ran.unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
