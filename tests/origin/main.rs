//! What the look at an origin says of real servers: nginx, HAProxy, Apache and Caddy, asking
//! for a client certificate, insisting on one, and doing neither, in both versions of TLS.

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

use server::{Asks, Kind, Server, Version};
use terraform_provider_aop::origin::{Address, Outcome, Probe, Seen, Unreachable};

fn look(server: &Server) -> Result<Seen, Unreachable> {
    let probe = Probe {
        address: Address::parse(&server.address()).unwrap(),
        server_name: "app.example.com".to_owned(),
        timeout: Duration::from_secs(5),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(probe.look())
}

#[test]
fn enforcing_asking_and_neither_are_told_apart_on_every_server() {
    for kind in Kind::ALL {
        for version in [Version::Tls12, Version::Tls13] {
            for asks in [Asks::Always, Asks::Optionally, Asks::Never] {
                let server = Server::start(kind, version, asks);
                let seen = look(&server);
                let shown = format!("{kind:?}, {version:?}, {asks:?}: {seen:?}");
                let seen = seen.expect(&shown);
                assert_eq!(seen.asks, asks != Asks::Never, "{shown}");
                assert_eq!(seen.enforces(), Some(asks == Asks::Always), "{shown}");
                if asks != Asks::Always {
                    assert_eq!(seen.outcome, Outcome::Answered(200), "{shown}");
                }
                assert!(seen.server_certificate.is_some(), "{shown}");
            }
        }
    }
}
