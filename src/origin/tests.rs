//! Addresses as people write them; verdicts on servers that the tests are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Address, Outcome, Probe, Refusal, Seen, Unreachable};

#[test]
fn an_address_is_a_host_and_a_port() {
    for (text, shown) in [
        ("origin.example.com:443", "origin.example.com:443"),
        ("192.0.2.1:8443", "192.0.2.1:8443"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ("xn--bcher-kva.example:1", "xn--bcher-kva.example:1"),
    ] {
        let address = Address::parse(text);
        assert_eq!(
            address.map(|address| address.to_string()),
            Ok(shown.to_owned())
        );
    }
    for (text, words) in [
        ("", "has no port"),
        ("origin.example.com", "has no port"),
        ("https://origin.example.com:443", "is a URL"),
        ("origin.example.com:443/path", "has a path"),
        ("origin.example.com:0", "between 1 and 65535"),
        ("origin.example.com:70000", "between 1 and 65535"),
        ("origin.example.com:+43", "between 1 and 65535"),
        ("origin.example.com:", "between 1 and 65535"),
        ("2001:db8::1", "without brackets"),
        ("2001:db8::1:443", "without brackets"),
        ("[2001:db8::1]", "has no port"),
        ("[192.0.2.1]:443", "no IPv6 address"),
        (":443", "no hostname"),
        ("two words:443", "no hostname"),
        ("bücher.example:443", "no hostname"),
    ] {
        let problem = Address::parse(text).expect_err(text);
        assert!(problem.contains(words), "{text:?}: {problem}");
    }
}

/// Which protocol a server speaks, and whether it insists on a certificate.
pub(crate) fn acceptor(version: &'static SupportedProtocolVersion, enforces: bool) -> TlsAcceptor {
    let clients = match enforces {
        true => Clients::Required,
        false => Clients::Unasked,
    };
    server(version, clients)
}

#[derive(Clone, Copy, PartialEq)]
enum Clients {
    Required,
    Optional,
    Unasked,
}

fn server(version: &'static SupportedProtocolVersion, clients: Clients) -> TlsAcceptor {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let own = params.self_signed(&key).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(own.der().clone()).expect("a CA");
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .expect("a version");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = match clients {
        Clients::Optional => verifier.allow_unauthenticated(),
        Clients::Required | Clients::Unasked => verifier,
    };
    let builder = match clients {
        Clients::Unasked => builder.with_no_client_auth(),
        _ => builder.with_client_cert_verifier(verifier.build().expect("a verifier")),
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = builder.with_single_cert(vec![own.der().clone()], key);
    TlsAcceptor::from(Arc::new(config.expect("a server")))
}

/// Listens, and does this with each connection.
pub(crate) async fn listen<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    serve(listener, handle)
}

fn serve<F>(listener: TcpListener, handle: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// Speaks TLS and answers each request with this.
pub(crate) async fn answering(acceptor: TlsAcceptor, answer: &'static [u8]) -> SocketAddr {
    listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn probe(address: SocketAddr) -> Probe {
    Probe {
        address: Address::parse(&address.to_string()).expect("an address"),
        server_name: "localhost".to_owned(),
        identity: None,
        timeout: Duration::from_secs(5),
    }
}

async fn look(address: SocketAddr) -> Result<Seen, Unreachable> {
    probe(address).look().await
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn a_server_that_enforces_says_so_in_both_versions() {
    for version in VERSIONS {
        let seen = look(answering(acceptor(version, true), b"HTTP/1.1 200 OK\r\n\r\n").await).await;
        let seen = seen.expect("it is reachable");
        assert!(seen.asked.is_some(), "{version:?}");
        assert_eq!(seen.enforces(), Some(true), "{version:?}: {seen:?}");
        assert!(matches!(seen.outcome, Outcome::Refused(Refusal::Alert(_))));
        let asked = seen
            .asked
            .as_ref()
            .map(|asked| asked.accepted_issuers.len());
        assert_eq!(asked, Some(1), "{seen:?}");
        assert!(seen.server_certificate.is_some());
    }
}

#[tokio::test]
async fn what_a_server_answers_is_understood_or_said_to_be_unknown() {
    let page =
        b"HTTP/1.1 400 Bad Request\r\nserver: nginx\r\n\r\n<html><head><title>400 No required SSL \
          certificate was sent</title></head>";
    let cases: [(&[u8], Option<bool>); 8] = [
        (b"HTTP/1.1 204 No Content\r\n\r\n", Some(false)),
        (b"HTTP/1.1 301 Moved\r\nlocation: /x\r\n\r\n", Some(false)),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", None),
        (page, Some(true)),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", None),
        (b"HTTP/1.1 495 SSL Certificate Error\r\n\r\n", Some(true)),
        (b"HTTP/1.1 496 SSL Certificate Required\r\n\r\n", Some(true)),
        (b"SSH-2.0-OpenSSH_9.9\r\n", None),
    ];
    for (answer, enforces) in cases {
        let shown = String::from_utf8_lossy(answer).into_owned();
        for version in VERSIONS {
            let seen = look(answering(acceptor(version, false), answer).await).await;
            let seen = seen.expect("it is reachable");
            assert!(seen.asked.is_none(), "{shown}");
            assert_eq!(seen.enforces(), enforces, "{shown}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_tls_or_says_nothing_is_a_sentence() {
    let plain = listen(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
    });
    let seen = look(plain.await).await;
    assert!(
        matches!(
            &seen,
            Ok(Seen {
                asked: None,
                outcome: Outcome::Unclear(_),
                ..
            })
        ),
        "{seen:?}"
    );
    let resets = listen(|stream| async move {
        let _ = stream.set_zero_linger();
    });
    assert!(look(resets.await).await.is_err());
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let refused = look(address).await.expect_err("nobody listens");
    assert!(refused.0.contains("refused"), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time_and_one_that_floods_is_cut_off() {
    let hangs = listen(|stream| async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        drop(stream);
    });
    let probe = Probe {
        address: Address::parse(&hangs.await.to_string()).expect("an address"),
        server_name: "localhost".to_owned(),
        identity: None,
        timeout: Duration::from_millis(200),
    };
    let given_up = probe.look().await.expect_err("it says nothing");
    assert!(given_up.0.contains("within 0.2 s"), "{given_up:?}");
    let tls = acceptor(&rustls::version::TLS13, false);
    let floods = listen(move |stream| {
        let tls = tls.clone();
        async move {
            let Ok(mut stream) = tls.accept(stream).await else {
                return;
            };
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
        }
    });
    let seen = look(floods.await).await.expect("it is reachable");
    assert_eq!(seen.outcome, Outcome::Answered(200));
}

/// Answers the handshake, and then does this.
async fn after_handshake<F>(
    tls: TlsAcceptor,
    then: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    listen(move |stream| {
        let (tls, then) = (tls.clone(), then.clone());
        async move {
            if let Ok(stream) = tls.accept(stream).await {
                then(stream).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn who_asks_for_a_certificate_and_closes_without_a_word_refuses() {
    for version in VERSIONS {
        let tls = server(version, Clients::Optional);
        let closes = after_handshake(tls, |mut stream| async move {
            let _ = stream.read(&mut [0; 1024]).await;
        });
        let seen = look(closes.await).await.expect("it is reachable");
        assert_eq!(
            seen.outcome,
            Outcome::Refused(Refusal::Closed),
            "{version:?}"
        );
        assert_eq!(seen.enforces(), Some(true));
    }
}

#[tokio::test]
async fn who_answers_and_keeps_the_connection_open_has_answered() {
    for version in VERSIONS {
        let tls = acceptor(version, false);
        let stays = after_handshake(tls, |mut stream| async move {
            let _ = stream.read(&mut [0; 1024]).await;
            let hints = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
            let _ = stream.write_all(hints).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            std::future::pending::<()>().await;
        });
        // Longer than a test may take.
        let probe = Probe {
            timeout: Duration::from_secs(600),
            ..probe(stays.await)
        };
        let seen = probe.look().await.expect("it is reachable");
        assert_eq!(seen.outcome, Outcome::Answered(204), "{version:?}");
    }
}

#[tokio::test]
async fn a_get_that_hangs_does_not_unsay_what_the_head_was_answered() {
    let tls = acceptor(&rustls::version::TLS13, false);
    let hangs = after_handshake(tls, |mut stream| async move {
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        if request.starts_with(b"HEAD") {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
        std::future::pending::<()>().await;
    });
    let probe = Probe {
        timeout: Duration::from_millis(300),
        ..probe(hangs.await)
    };
    let seen = probe.look().await.expect("it is reachable");
    assert_eq!(seen.outcome, Outcome::Answered(400));
}

#[tokio::test]
async fn an_origin_on_ipv6_is_asked_with_its_address_in_brackets() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        panic!("this machine has no IPv6");
    };
    let tls = acceptor(&rustls::version::TLS13, false);
    let address = serve(listener, move |stream| {
        let tls = tls.clone();
        async move {
            let Ok(mut stream) = tls.accept(stream).await else {
                return;
            };
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let request = String::from_utf8_lossy(&request).into_owned();
            let answer = match request.contains("host: [::1]:") {
                true => "HTTP/1.1 200 OK\r\n\r\n",
                false => "HTTP/1.1 404 Not Found\r\n\r\n",
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let address = Address::parse(&format!("[0:0:0:0:0:0:0:1]:{}", address.port()));
    let address = address.expect("an address");
    let probe = Probe {
        server_name: address.host().to_owned(),
        address,
        identity: None,
        timeout: Duration::from_secs(5),
    };
    let seen = probe.look().await.expect("it is reachable");
    assert_eq!(seen.outcome, Outcome::Answered(200));
}
