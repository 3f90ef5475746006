//! An origin that refuses everyone without a client certificate of an authority that it
//! trusts.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Clock;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// An origin that enforces client certificates. Dropped, it stops listening.
pub struct Origin {
    door: Arc<Door>,
    clock: Option<Clock>,
    listening: Option<(SocketAddr, JoinHandle<()>)>,
}

/// Lets in whom the origin trusts now.
struct Door(Mutex<TlsAcceptor>);

impl Door {
    fn acceptor(&self) -> TlsAcceptor {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }
}

impl Origin {
    /// An origin that trusts these authorities (PEM, one after the other) and nobody else.
    pub fn trusting(authorities: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self {
            door: Arc::new(Door(Mutex::new(acceptor(authorities, None)?))),
            clock: None,
            listening: None,
        })
    }

    /// The same, going by this clock.
    pub fn by_clock(authorities: &str, clock: Clock) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut origin = Self::trusting(authorities)?;
        origin.clock = Some(clock);
        origin.trust(authorities)?;
        Ok(origin)
    }

    /// Trusts these authorities from the next connection on, and nobody else.
    pub fn trust(&self, authorities: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        *self.door.0.lock().unwrap_or_else(PoisonError::into_inner) =
            acceptor(authorities, self.clock.clone())?;
        Ok(())
    }

    /// Listens on a loopback address. Answers the address.
    pub async fn listen(&mut self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let door = Arc::clone(&self.door);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Only speed is lost where it cannot be set.
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(door.acceptor(), stream));
            }
        });
        self.listening = Some((address, task));
        Ok(address)
    }

    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listening.as_ref().map(|(address, _)| *address)
    }

    /// Serves one connection.
    pub(crate) async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        serve(self.door.acceptor(), stream).await;
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.listening {
            task.abort();
        }
    }
}

/// The machine's time, or that of a clock which tests move.
#[derive(Debug)]
struct Time(Option<Clock>);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let Some(clock) = &self.0 else {
            return Some(UnixTime::now());
        };
        let seconds = u64::try_from(clock.date().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Accepts clients of these authorities.
fn acceptor(
    authorities: &str,
    clock: Option<Clock>,
) -> Result<TlsAcceptor, Box<dyn Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
        roots.add(certificate?)?;
    }
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()?;
    let key = KeyPair::generate()?;
    let own = rcgen::CertificateParams::new(vec!["origin.example".to_owned()])?;
    let own = own.self_signed(&key)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(Time(clock)))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![own.der().clone()], key.into())?;
    // Every connection shows its certificate anew.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// One request, one answer. A connection that ends badly is the edge's affair: it
/// counts them.
async fn serve(acceptor: TlsAcceptor, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let mut request = [0; 1024];
    if stream.read(&mut request).await.is_ok_and(|count| count > 0) {
        let _ = stream
            .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            .await;
    }
    let _ = stream.shutdown().await;
}
