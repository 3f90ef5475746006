//! A private key, and whether it belongs to a certificate.

use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use rustls::sign::{CertifiedKey, SigningKey};
use zeroize::Zeroizing;

use super::key_algorithm::rewritten;
use super::pem::{self, Block, LONGEST_TEXT, PemError};
use super::public::PublicKey;
use super::{Certificate, Problem};
use text::Secret;

/// A private key that a TLS client can use.
pub struct PrivateKey {
    form: Form,
    der: Zeroizing<Vec<u8>>,
    signing: Arc<dyn SigningKey>,
    public: PublicKey,
}

/// A certificate with its chain and its key, as a TLS client presents them.
#[derive(Clone)]
pub struct ClientIdentity(Arc<CertifiedKey>);

impl ClientIdentity {
    /// For the resolver of a TLS client.
    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity")
    }
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Pkcs8,
    Pkcs1,
    Sec1,
}

const FORMS: [Form; 3] = [Form::Pkcs8, Form::Pkcs1, Form::Sec1];
const KINDS: &str = "RSA with 2048 to 4096 bits, ECDSA on P-256, P-384 or P-521, or Ed25519";

impl Form {
    fn label(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
        }
    }

    fn load(self, der: &[u8]) -> PrivateKeyDer<'_> {
        match self {
            Self::Pkcs8 => PrivatePkcs8KeyDer::from(der).into(),
            Self::Pkcs1 => PrivatePkcs1KeyDer::from(der).into(),
            Self::Sec1 => PrivateSec1KeyDer::from(der).into(),
        }
    }

    /// A key in this form, if it is one, and its public half.
    fn read(self, der: &[u8]) -> Option<(Arc<dyn SigningKey>, PublicKey)> {
        let key = any_supported_type(&self.load(der)).ok()?;
        let public = PublicKey::from_der(&key.public_key()?)?;
        Some((key, public))
    }
}

impl PrivateKey {
    /// Reads a key in PKCS#8, PKCS#1 or SEC1 form, whichever of them its label says.
    pub fn parse(text: &Secret) -> Result<Self, Problem> {
        let text = text.expose();
        if text.len() > LONGEST_TEXT {
            return Err(Problem::new(
                "Private key is too large",
                format!(
                    "The text has {} bytes; the limit is {LONGEST_TEXT}. Give one private key.",
                    text.len()
                ),
            ));
        }
        let mut blocks = pem::blocks(text).map_err(refuse)?;
        // `openssl ecparam -genkey` puts the curve's name before the key.
        blocks.retain(|block| block.label != "EC PARAMETERS");
        let mut keys = blocks.into_iter();
        let first = keys.next().ok_or_else(|| refuse(PemError::Nothing))?;
        let (Block { label, der }, None) = (first, keys.next()) else {
            return Err(Problem::new(
                "More than one PEM block",
                "The text must hold one private key and nothing else. Certificates belong into \
                 `certificate`.",
            ));
        };
        if !label.ends_with("PRIVATE KEY") || label == "OPENSSH PRIVATE KEY" {
            return Err(wrong_label(&label));
        }
        let found = FORMS
            .into_iter()
            .find_map(|form| Some((form, form.read(&der)?)));
        match found {
            Some((form, (signing, public))) => Ok(Self {
                form,
                der,
                signing,
                public,
            }),
            None => Err(unusable(&label)),
        }
    }

    /// A key from its DER in PKCS#8.
    pub(super) fn from_pkcs8(der: Zeroizing<Vec<u8>>) -> Option<Self> {
        let form = Form::Pkcs8;
        let (signing, public) = form.read(&der)?;
        Some(Self {
            form,
            der,
            signing,
            public,
        })
    }

    /// Its DER in one form, whatever the form in which it was given.
    pub(super) fn canonical(&self) -> Zeroizing<Vec<u8>> {
        let rewritten = rewritten(self.public.kind(), &self.der);
        rewritten.unwrap_or_else(|| self.der.clone())
    }

    /// Its public half.
    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message; nothing where the key does not sign like this.
    pub(super) fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Option<Vec<u8>> {
        let signer = self.signing.choose_scheme(&[scheme])?;
        signer.sign(message).ok()
    }

    /// Whether the key belongs to the certificate's leaf.
    pub fn matches(&self, certificate: &Certificate) -> bool {
        self.public.is(certificate.public_key())
    }

    /// An error unless the key belongs to the certificate's leaf.
    pub fn check_match(&self, certificate: &Certificate) -> Result<(), Problem> {
        if self.matches(certificate) {
            return Ok(());
        }
        Err(Problem::new(
            "Private key does not belong to the certificate",
            format!(
                "The certificate's public key is {}; the private key's is {}. Give the key with \
                 which the certificate was requested.",
                certificate.public_key().describe(),
                self.public.describe()
            ),
        ))
    }

    /// The key with its certificate and the chain, DER, for a handshake.
    pub fn identity<'d>(&self, all: impl Iterator<Item = &'d [u8]>) -> ClientIdentity {
        let chain = all.map(|der| CertificateDer::from(der.to_vec()));
        let certified = CertifiedKey::new(chain.collect(), Arc::clone(&self.signing));
        ClientIdentity(Arc::new(certified))
    }

    /// The key as clean PEM, for an upload.
    pub fn to_pem(&self) -> Secret {
        pem::encode(self.form.label(), &self.der).into()
    }
}

fn unusable(label: &str) -> Problem {
    Problem::new(
        "Private key cannot be used",
        format!(
            "The text is labeled {label}, but holds no key of a kind that can be used: {KINDS}. \
             Check it with `openssl pkey -noout -text`."
        ),
    )
}

fn wrong_label(label: &str) -> Problem {
    let detail = match label {
        "CERTIFICATE" => {
            "The text is a certificate. Give the private key that belongs to it; `certificate` and \
             `private_key` may have been swapped."
        }
        "OPENSSH PRIVATE KEY" => {
            "The text is a key in OpenSSH's own form. Convert it with `ssh-keygen -p -m pem -f \
             FILE`, or issue a key for TLS."
        }
        _ if label.ends_with("PUBLIC KEY") => {
            "The text is a public key. Give the private key that belongs to the certificate."
        }
        _ => {
            "The text is PEM, but not a private key: the label must be PRIVATE KEY, RSA PRIVATE \
             KEY or EC PRIVATE KEY."
        }
    };
    Problem::new("Not a private key", detail)
}

fn refuse(error: PemError) -> Problem {
    match error {
        PemError::Encrypted => Problem::new(
            "Private key is encrypted",
            "The key is needed without its password. Decrypt it with `openssl pkey -in \
             encrypted.pem -out key.pem`, and keep the result out of version control.",
        ),
        PemError::Nothing => Problem::new(
            "Private key is not PEM",
            "The text has no line `-----BEGIN PRIVATE KEY-----` (or RSA or EC PRIVATE KEY). Give \
             the key in PEM form; DER is converted with `openssl pkey -inform der`.",
        ),
        error => error.explain("Private key is not PEM", "private key"),
    }
}
