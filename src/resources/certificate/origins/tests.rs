//! Many origins at once, and those that say little.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aop_simulator::pki::Authority;
use tokio::sync::watch;

use super::*;
use crate::origin::tests::{acceptor, answering, listen};
use crate::x509::{Certificate, PrivateKey};
use cloudflare::in_process::date;
use framework::Severity;
use text::Secret;

fn identity() -> ClientIdentity {
    let authority = Authority::new("Example CA").expect("a CA");
    let made = authority.client("edge", date()).expect("a certificate");
    let key = PrivateKey::parse(&Secret::new(made.private_key)).expect("a key");
    let certificate = Certificate::parse(&made.certificate).expect("a certificate");
    key.identity(certificate.der())
}

fn origins(addresses: impl IntoIterator<Item = String>) -> Origins {
    let origin = |(index, address): (usize, String)| Origin {
        address: address.into(),
        server_name: format!("host-{index}.example.com").into(),
        expect_status: Attr::Null,
    };
    let all = addresses.into_iter().enumerate().map(origin);
    Attr::Known(all.map(|origin| Attr::Known(Object(origin))).collect())
}

async fn ask_all(origins: &Origins) -> Diagnostics {
    let targets = targets(origins).expect("origins");
    ask(&targets, &identity(), "CN=Example CA").await
}

/// Each connection is held until a hundred are there.
#[tokio::test]
async fn a_hundred_are_asked_at_a_time_and_each_has_its_message_in_order() {
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (open, opened) = watch::channel(false);
    let (seen, open) = (Arc::clone(&most), Arc::new(open));
    let address = listen(move |stream| {
        let (seen, now) = (Arc::clone(&seen), Arc::clone(&now));
        let (open, mut opened) = (Arc::clone(&open), opened.clone());
        async move {
            let count = now.fetch_add(1, Ordering::SeqCst) + 1;
            seen.fetch_max(count, Ordering::SeqCst);
            if count == AT_ONCE {
                open.send_replace(true);
            }
            let _ = opened.wait_for(|is_open| *is_open).await;
            now.fetch_sub(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let address = address.await.to_string();
    let said = ask_all(&origins(std::iter::repeat_n(address, 250))).await;
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    let places = said.iter().map(|said| said.path.clone().expect("a place"));
    let expected: Vec<Path> = (0..250).map(element).collect();
    assert_eq!(places.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn an_origin_that_refuses_is_an_error_and_one_that_does_not_ask_a_warning() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (asks, quiet) = (acceptor(version, true), acceptor(version, false));
        let ok = b"HTTP/1.1 200 OK\r\n\r\n";
        let (asks, quiet) = (answering(asks, ok).await, answering(quiet, ok).await);
        let said = ask_all(&origins([asks.to_string(), quiet.to_string()])).await;
        let said: Vec<_> = said.into_iter().collect();
        let summaries = said
            .iter()
            .map(|said| (said.severity, said.summary.as_str()));
        assert_eq!(
            summaries.collect::<Vec<_>>(),
            [
                (Severity::Error, "Origin refuses the certificate"),
                (Severity::Warning, "Origin does not ask for a certificate"),
            ]
        );
    }
}

#[test]
fn a_message_shows_ten_of_the_issuers_that_an_origin_lists() {
    let issuers: Vec<String> = (0..12).map(|number| format!("CN=CA {number}")).collect();
    let said = listed(&issuers);
    assert!(said.ends_with("CN=CA 9; and 2 more."), "{said}");
    assert_eq!(listed(&issuers[..1]), "The origin accepts: CN=CA 0.");
    assert!(listed(&[]).contains("does not say"));
}
