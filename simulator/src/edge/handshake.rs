//! One connection from the edge to an origin.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, Error as TlsError, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::origin::Origin;
use super::presented::Presented;
use crate::pki::{Authority, ClientCertificate};
use crate::simulator::Simulator;

/// Connects as Cloudflare would.
pub struct Edge {
    simulator: Simulator,
    zone: String,
    origin: Line,
    shared: ClientCertificate,
    /// TLS configurations, by the certificate that they present.
    configs: Mutex<HashMap<String, Arc<ClientConfig>>>,
}

/// How the origin is reached.
enum Line {
    Address(SocketAddr),
    Here(Arc<Origin>),
}

impl Edge {
    /// An edge that reaches the origin of a zone at this address.
    pub fn reaching(simulator: &Simulator, zone: &str, origin: SocketAddr) -> Self {
        Self::new(simulator, zone, Line::Address(origin))
    }

    /// An edge with the origin in the same process, without a network between.
    pub fn beside(simulator: &Simulator, zone: &str, origin: Arc<Origin>) -> Self {
        Self::new(simulator, zone, Line::Here(origin))
    }

    fn new(simulator: &Simulator, zone: &str, origin: Line) -> Self {
        let date: Timestamp = simulator.clock().date();
        let shared = Authority::new("Cloudflare shared (simulated)")
            .and_then(|authority| authority.client("shared", date));
        Self {
            simulator: simulator.clone(),
            zone: zone.to_owned(),
            origin,
            shared: shared.unwrap_or_else(|_| ClientCertificate {
                certificate: String::new(),
                private_key: String::new(),
            }),
            configs: Mutex::default(),
        }
    }

    /// The hostnames of the zone that have, or had, an association, except those that
    /// are to be presented none; and its domain, once the zone-level switch was on.
    pub fn hostnames(&self) -> Vec<String> {
        self.simulator.look(&self.zone, |zone, _| {
            let all = zone.associations.iter();
            let served = all.filter(|(_, association)| association.enabled != Some(false));
            let domain = zone.was_enabled.then(|| zone.domain.clone());
            served.map(|(name, _)| name.clone()).chain(domain).collect()
        })
    }

    pub(super) fn now(&self) -> Duration {
        self.simulator.clock().now()
    }

    /// How far some points of presence are behind.
    pub(super) fn lag(&self) -> Duration {
        self.simulator.edge_lag()
    }

    /// One request to the origin of a hostname, from a point of presence that is
    /// behind by so much. An error if the origin refused it.
    pub async fn request(&self, hostname: &str, behind: Duration) -> io::Result<()> {
        let config = self.config(hostname, behind)?;
        match &self.origin {
            Line::Address(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                speak(config, hostname, stream).await
            }
            Line::Here(origin) => {
                let (near, far) = tokio::io::duplex(64 * 1024);
                let (spoken, ()) = tokio::join!(speak(config, hostname, near), origin.serve(far));
                spoken
            }
        }
    }

    /// The configuration that presents what is to be presented now.
    fn config(&self, hostname: &str, behind: Duration) -> io::Result<Arc<ClientConfig>> {
        let presented = self.simulator.look(&self.zone, |zone, now| {
            match zone.presented(hostname, now, behind) {
                Presented::Nothing => None,
                Presented::Shared => Some(self.shared.clone()),
                Presented::Certificate(found) => Some(ClientCertificate {
                    certificate: found.pem.clone(),
                    private_key: found.private_key.clone(),
                }),
            }
        });
        let name = presented.as_ref().map(|shown| shown.certificate.clone());
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name.unwrap_or_default();
        if let Some(config) = configs.get(&name) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(client_config(presented.as_ref()).map_err(io::Error::other)?);
        configs.insert(name, Arc::clone(&config));
        Ok(config)
    }
}

/// What a request over this stream comes to: an origin says no in the handshake, or
/// (nginx) with a status of 400.
async fn speak(
    config: Arc<ClientConfig>,
    hostname: &str,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<()> {
    let name = ServerName::try_from(hostname.to_owned()).map_err(io::Error::other)?;
    let mut stream = TlsConnector::from(config).connect(name, stream).await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {hostname}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    let status = head.get(9..12).unwrap_or_default();
    match status.first() {
        Some(b'2' | b'3') => Ok(()),
        _ => {
            let status = String::from_utf8_lossy(status).into_owned();
            Err(io::Error::other(format!("the origin answered {status}")))
        }
    }
}

fn client_config(
    presented: Option<&ClientCertificate>,
) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyOrigin(provider)));
    let mut config = match presented {
        None => builder.with_no_client_auth(),
        Some(shown) => {
            let chain = CertificateDer::pem_slice_iter(shown.certificate.as_bytes());
            let chain: Vec<CertificateDer<'static>> = chain.collect::<Result<_, _>>()?;
            let key = PrivateKeyDer::from_pem_slice(shown.private_key.as_bytes())?;
            builder.with_client_auth_cert(chain, key)?
        }
    };
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The edge's check of the origin is another feature: here any origin will do.
#[derive(Debug)]
struct AnyOrigin(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyOrigin {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
