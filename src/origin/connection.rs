//! One connection to an origin. Its server certificate is not verified: whether Cloudflare
//! does that is a setting of the zone, and says nothing of client certificates.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::Address;
use super::verdict::{Outcome, Refusal, Seen};
use crate::x509::{ClientIdentity, distinguished_name};

/// The most that is read of an answer.
const LONGEST: usize = 16 * 1024;

/// A connection that is to be made.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Where to.
    pub address: Address,
    /// The name in the server name indication and in the request.
    pub server_name: String,
    /// What to present to a server that asks for a certificate, whatever issuers it lists.
    pub identity: Option<ClientIdentity>,
    /// How long it may take.
    pub timeout: Duration,
}

/// Why nothing was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable(pub String);

impl Probe {
    /// Connects and looks. nginx refuses with a page that a HEAD does not show, so a bare 400
    /// is asked for again with GET.
    pub async fn look(&self) -> Result<Seen, Unreachable> {
        let looking = async {
            let seen = self.ask("HEAD").await?;
            match seen.outcome {
                Outcome::Answered(400) => self.ask("GET").await,
                _ => Ok(seen),
            }
        };
        let in_time = tokio::time::timeout(self.timeout, looking).await;
        in_time.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs_f32();
            Err(Unreachable(format!("it did not answer within {seconds} s")))
        })
    }

    async fn ask(&self, method: &str) -> Result<Seen, Unreachable> {
        let failed = |error: io::Error| Unreachable(error.to_string());
        let to = (self.address.host.as_str(), self.address.port);
        let stream = TcpStream::connect(to).await.map_err(failed)?;
        let asked = Arc::new(Asked::with(self.identity.clone()));
        let server = Arc::new(AnyServer::new());
        let name = ServerName::try_from(self.server_name.clone());
        let name = name.map_err(|error| Unreachable(error.to_string()))?;
        let config = client(&server, &asked);
        let config = config.map_err(|error| Unreachable(error.to_string()))?;
        let connected = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await;
        let outcome = match connected {
            Ok(mut stream) => self.request(method, &mut stream, &asked).await,
            Err(error) => asked.ended(&error).ok_or_else(|| failed(error))?,
        };
        let (asks, accepted_issuers) = asked.said();
        Ok(Seen {
            asks,
            accepted_issuers,
            server_certificate: server.shown(),
            outcome,
        })
    }

    /// Sends the request; TLS 1.3 tells only now that it refuses.
    async fn request(
        &self,
        method: &str,
        stream: &mut TlsStream<TcpStream>,
        asked: &Asked,
    ) -> Outcome {
        let request = format!(
            "{method} / HTTP/1.1\r\nhost: {}\r\nuser-agent: terraform-provider-aop\r\n\
             accept: */*\r\nconnection: close\r\n\r\n",
            self.server_name
        );
        let mut answer = Vec::new();
        let written = stream.write_all(request.as_bytes()).await;
        let mut read = Ok(0);
        if written.is_ok() {
            let mut limited = stream.take(LONGEST as u64);
            read = limited.read_to_end(&mut answer).await;
        }
        match (status(&answer), written.err().or(read.err())) {
            (Some(status), _) => Outcome::of_answer(status, &answer),
            (None, Some(error)) => asked
                .ended(&error)
                .unwrap_or_else(|| Outcome::Unclear(error.to_string())),
            (None, None) if answer.is_empty() && asked.is_asked() => {
                Outcome::Refused(Refusal::Closed)
            }
            (None, None) => Outcome::NotHttp,
        }
    }
}

/// The status of an answer in HTTP/1.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (version, rest) = line.split_once(' ')?;
    let status = rest.get(..3)?.parse().ok()?;
    (version.starts_with("HTTP/1.") && (100..600).contains(&status)).then_some(status)
}

/// Whether an alert may be about the lack of a client certificate.
fn refuses(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::HandshakeFailure
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}

/// A client that takes any server, in whatever version of TLS it speaks.
fn client(server: &Arc<AnyServer>, asked: &Arc<Asked>) -> Result<ClientConfig, rustls::Error> {
    let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(server) as _;
    let resolver: Arc<dyn ResolvesClientCert> = Arc::clone(asked) as _;
    let config = ClientConfig::builder_with_provider(Arc::clone(&server.provider));
    let mut config = config
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Presents what there is to a server that asks for a certificate, and remembers that it did:
/// the issuers that it listed.
#[derive(Debug)]
struct Asked {
    identity: Option<ClientIdentity>,
    issuers: Mutex<Option<Vec<String>>>,
}

impl Asked {
    fn with(identity: Option<ClientIdentity>) -> Self {
        Self {
            identity,
            issuers: Mutex::new(None),
        }
    }

    /// What an error of TLS, or a connection that ended, says of client certificates; none if
    /// it says nothing. Whatever alert answers a certificate is about it: Apache says
    /// `InternalError` of a chain that is too long.
    fn ended(&self, error: &io::Error) -> Option<Outcome> {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
        let is_about = |alert| self.is_asked() && (self.identity.is_some() || refuses(alert));
        match tls {
            Some(rustls::Error::AlertReceived(alert)) if is_about(*alert) => {
                Some(Outcome::Refused(Refusal::Alert(format!("{alert:?}"))))
            }
            Some(other) => Some(Outcome::Unclear(other.to_string())),
            None if self.is_asked() => Some(Outcome::Refused(Refusal::Closed)),
            None => None,
        }
    }

    fn is_asked(&self) -> bool {
        self.said().0
    }

    fn said(&self) -> (bool, Vec<String>) {
        let issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        (issuers.is_some(), issuers.clone().unwrap_or_default())
    }
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, issuers: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let names = issuers.iter().filter_map(|der| distinguished_name(der));
        let mut asked = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        *asked = Some(names.collect());
        self.identity.as_ref().map(ClientIdentity::certified)
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

/// Takes whatever certificate the server shows, and keeps it.
#[derive(Debug)]
struct AnyServer {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Option<Vec<u8>>>,
}

impl AnyServer {
    fn new() -> Self {
        Self {
            provider: Arc::new(default_provider()),
            shown: Mutex::new(None),
        }
    }

    fn shown(&self) -> Option<Vec<u8>> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }
}

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(leaf.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            leaf,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            leaf,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
