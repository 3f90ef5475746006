//! TLS to an origin: what is presented to it, what it has asked for and shown. Its server
//! certificate is not verified: whether Cloudflare does that is a setting of the zone, and
//! says nothing of client certificates.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, ClientConfig, DigitallySignedStruct, SignatureScheme};

use super::verdict::{Asked, Outcome, Refusal};
use crate::x509::{ClientIdentity, distinguished_name};

/// As many of the issuers that a server lists are kept, each so long.
const MOST_ISSUERS: usize = 100;
const LONGEST_ISSUER: usize = 300;

/// The client's side of one handshake, and what it has learned.
#[derive(Debug)]
pub(super) struct Handshake {
    provider: Arc<CryptoProvider>,
    identity: Option<ClientIdentity>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    asked: Option<Asked>,
    server_certificate: Option<Vec<u8>>,
}

impl Handshake {
    /// With what is presented to a server that asks for a certificate, whatever issuers it
    /// lists.
    pub(super) fn presenting(identity: Option<ClientIdentity>) -> Arc<Self> {
        Arc::new(Self {
            provider: Arc::new(default_provider()),
            identity,
            seen: Mutex::default(),
        })
    }

    /// A client that takes any server, in whatever version of TLS it speaks.
    pub(super) fn client(self: &Arc<Self>) -> Result<ClientConfig, rustls::Error> {
        let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(self) as _;
        let resolver: Arc<dyn ResolvesClientCert> = Arc::clone(self) as _;
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let mut config = config
            .with_protocol_versions(rustls::ALL_VERSIONS)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// What the server has asked for; none where it asked for no certificate.
    pub(super) fn asked(&self) -> Option<Asked> {
        self.with(|seen| seen.asked.clone())
    }

    /// The certificate of the server, DER.
    pub(super) fn server_certificate(&self) -> Option<Vec<u8>> {
        self.with(|seen| seen.server_certificate.clone())
    }

    /// What an error of TLS, or a connection that ended, says of client certificates; none if
    /// it says nothing. Whatever alert answers a certificate is about it: Apache says
    /// `InternalError` of a chain that is too long.
    pub(super) fn ended(&self, error: &io::Error) -> Option<Outcome> {
        let asked = self.asked();
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
        let is_presented = asked.as_ref().is_some_and(|asked| asked.is_presented);
        let is_about = |alert| asked.is_some() && (is_presented || refuses(alert));
        match tls {
            Some(rustls::Error::AlertReceived(alert)) if is_about(*alert) => {
                Some(Outcome::Refused(Refusal::Alert(format!("{alert:?}"))))
            }
            Some(other) => Some(Outcome::Unclear(other.to_string())),
            None if asked.is_some() => Some(Outcome::Refused(Refusal::Closed)),
            None => None,
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Seen) -> T) -> T {
        use_it(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
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

impl ResolvesClientCert for Handshake {
    fn resolve(&self, issuers: &[&[u8]], offered: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let certified = self.identity.as_ref().map(ClientIdentity::certified);
        // A key that signs with none of these is not presented.
        let certified = certified.filter(|own| own.key.choose_scheme(offered).is_some());
        let names = issuers.iter().take(MOST_ISSUERS);
        let names = names.filter_map(|der| distinguished_name(der)).map(cut);
        let asked = Asked {
            accepted_issuers: names.collect(),
            is_presented: certified.is_some(),
        };
        self.with(|seen| seen.asked = Some(asked));
        certified
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

fn cut(name: String) -> String {
    match name.char_indices().nth(LONGEST_ISSUER) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

/// Takes whatever certificate the server shows, and keeps it.
impl ServerCertVerifier for Handshake {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.with(|seen| seen.server_certificate = Some(leaf.to_vec()));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
