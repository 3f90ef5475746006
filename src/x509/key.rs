//! A private key, and whether it belongs to a certificate. The only file beside
//! the plugin's identity that names a cryptographic library.

use aws_lc_rs::digest::{SHA256, digest};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

use super::name::hex;
use super::pem::{self, Block, PemError};
use super::{Certificate, Problem};
use crate::secret::Secret;

/// A private key that a TLS client can use.
pub struct PrivateKey {
    label: String,
    der: Zeroizing<Vec<u8>>,
}

/// The labels of keys, and how their content is read.
const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
const KINDS: &str = "RSA with 2048 to 4096 bits, ECDSA on P-256, P-384 or P-521, or Ed25519";

impl PrivateKey {
    /// Reads a key in PKCS#8, PKCS#1 or SEC1 form.
    pub fn parse(text: &Secret) -> Result<Self, Problem> {
        let mut blocks = pem::blocks(text.expose()).map_err(refuse)?;
        // `openssl ecparam -genkey` puts the curve's name before the key.
        blocks.retain(|block| block.label != "EC PARAMETERS");
        let mut keys = blocks.into_iter();
        let (Some(Block { label, der }), None) = (keys.next(), keys.next()) else {
            return Err(Problem::new(
                "More than one PEM block",
                "The text must hold one private key and nothing else. Certificates belong into \
                 `certificate`.",
            ));
        };
        if !LABELS.contains(&label.as_str()) {
            return Err(wrong_label(&label));
        }
        Ok(Self { label, der })
    }

    /// Whether the key belongs to the certificate's leaf.
    pub fn matches(&self, certificate: &Certificate) -> Result<bool, Problem> {
        let public = self.public()?;
        Ok(public.as_deref() == Some(certificate.public_key()))
    }

    /// An error unless the key belongs to the certificate's leaf.
    pub fn check_match(&self, certificate: &Certificate) -> Result<(), Problem> {
        let public = self.public()?;
        if public.as_deref() == Some(certificate.public_key()) {
            return Ok(());
        }
        let key = public.map_or("unknown".to_owned(), |public| describe(&public));
        Err(Problem::new(
            "Private key does not belong to the certificate",
            format!(
                "The certificate's public key is {}; the private key's is {key}. Give the key \
                 with which the certificate was requested.",
                describe(certificate.public_key())
            ),
        ))
    }

    /// The key as clean PEM, for an upload.
    pub fn to_pem(&self) -> Secret {
        pem::encode(&self.label, &self.der).into()
    }

    /// The public key that belongs to it.
    fn public(&self) -> Result<Option<Vec<u8>>, Problem> {
        let key = any_supported_type(&self.load()).map_err(|_| {
            Problem::new(
                "Private key cannot be used",
                format!(
                    "The text is labelled {}, but holds no key of a kind that can be used: {KINDS}. \
                     Check it with `openssl pkey -noout -text`.",
                    self.label
                ),
            )
        })?;
        Ok(key.public_key().map(|public| public.to_vec()))
    }

    fn load(&self) -> PrivateKeyDer<'_> {
        let der = self.der.as_slice();
        match self.label.as_str() {
            "RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(der).into(),
            "EC PRIVATE KEY" => PrivateSec1KeyDer::from(der).into(),
            _ => PrivatePkcs8KeyDer::from(der).into(),
        }
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn fingerprint(der: &[u8]) -> String {
    hex(digest(&SHA256, der).as_ref())
}

/// The kind and the fingerprint of a public key (DER of its SubjectPublicKeyInfo).
fn describe(public: &[u8]) -> String {
    let parsed = SubjectPublicKeyInfo::from_der(public).ok();
    let kind = parsed.as_ref().map(|(_, info)| match info.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("ECDSA P-{}", point.key_size()),
        _ => match info.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".to_owned(),
            oid => format!("of kind {oid}"),
        },
    });
    format!(
        "{} (SHA-256 {})",
        kind.unwrap_or_default(),
        fingerprint(public)
    )
}

fn wrong_label(label: &str) -> Problem {
    let detail = match label {
        "CERTIFICATE" => {
            "The text is a certificate. Give the private key that belongs to it; `certificate` \
             and `private_key` may have been swapped."
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
    let summary = "Private key is not PEM";
    let detail = match error {
        PemError::Encrypted => {
            return Problem::new(
                "Private key is encrypted",
                "Cloudflare needs the key without its password. Decrypt it with `openssl pkey -in \
                 encrypted.pem -out key.pem`, and keep the result out of version control.",
            );
        }
        PemError::Nothing => {
            "The text has no line `-----BEGIN PRIVATE KEY-----` (or RSA or EC PRIVATE KEY). Give \
             the key in PEM form; DER is converted with `openssl pkey -inform der`."
                .to_owned()
        }
        PemError::BrokenLines => {
            "`-----BEGIN … PRIVATE KEY-----` does not stand on a line of its own. The line breaks \
             seem to be lost: give the text from a file or as a heredoc."
                .to_owned()
        }
        PemError::Unterminated(_, line) => {
            format!("The PEM block that begins on line {line} has no END line. Was the text cut?")
        }
        PemError::NotBase64(_, line) => format!(
            "The PEM block that begins on line {line} is not base64. Was the text cut or changed?"
        ),
    };
    Problem::new(summary, detail)
}
