//! Just enough of PEM and X.509 to answer as the API does.

use base64::prelude::{BASE64_STANDARD, Engine};
use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// What an uploaded certificate says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) leaf: Vec<u8>,
    pub(crate) issuer: String,
    pub(crate) serial_number: String,
    pub(crate) signature: String,
    pub(crate) expires_on: String,
}

/// Reads an upload: the metadata is the first certificate's (G). `None`: the API
/// could not parse it.
pub(crate) fn parse(certificate: &str, private_key: &str) -> Option<Parsed> {
    let key = PrivateKeyDer::from_pem_slice(private_key.as_bytes()).ok()?;
    let leaf = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
    let (_, parsed) = X509Certificate::from_der(&leaf).ok()?;
    // G: a key that does not belong is refused like one that cannot be read.
    let key = KeyPair::try_from(&key).ok()?;
    if key.subject_public_key_info() != parsed.public_key().raw {
        return None;
    }
    // The calendar of X.509 has a day more than this one's.
    let expires = jiff::Timestamp::from_second(parsed.validity().not_after.timestamp());
    let expires = expires.unwrap_or(jiff::Timestamp::MAX);
    Some(Parsed {
        // L: a full name, the most specific part first. The parser gives it the other way round.
        issuer: {
            let name = parsed.issuer().to_string();
            name.split(", ")
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
                .join(",")
        },
        serial_number: parsed.serial.to_string(),
        signature: match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.11" => "SHA256-RSA".to_owned(),
            "1.2.840.10045.4.3.2" => "ECDSA-SHA256".to_owned(),
            other => other.to_owned(),
        },
        expires_on: expires.to_string(),
        leaf: leaf.to_vec(),
    })
}

/// A certificate as text.
pub(crate) fn encode(der: &[u8]) -> String {
    let lines = BASE64_STANDARD.encode(der);
    let lines: Vec<String> = lines
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// The text as the API gives it back: line feeds, exactly one at the end (I, G).
pub(crate) fn stored(text: &str) -> String {
    format!("{}\n", text.replace("\r\n", "\n").trim())
}

/// The same blocks, the last one first.
pub(crate) fn reversed(text: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----\n";
    let mut blocks: Vec<&str> = text.split_inclusive(END).collect();
    blocks.reverse();
    blocks.concat()
}
