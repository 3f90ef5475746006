//! A client certificate with its chain.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::Problem;
use super::key::fingerprint;
use super::name;
use super::pem::{self, PemError};

/// No chain is longer, and no text of a chain is larger.
const MOST_CERTIFICATES: usize = 10;
const LONGEST_TEXT: usize = 64 * 1024;
const RSA_BITS: RangeInclusive<usize> = 2048..=4096;

/// A leaf certificate and the certificates that came with it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// DER, the leaf first.
    chain: Vec<Vec<u8>>,
    /// The leaf's public key, DER.
    public_key: Vec<u8>,
    facts: Facts,
    subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
    is_authority: bool,
    serves_clients: bool,
}

/// What a leaf certificate says about itself, in the forms of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// RFC 2253, the most specific part first.
    pub issuer: String,
    /// Decimal.
    pub serial_number: String,
    /// As Go names it, such as `SHA256-RSA`.
    pub signature: String,
    /// RFC 3339, UTC.
    pub expires_on: String,
    /// Lower-case hexadecimal of the leaf's DER.
    pub fingerprint_sha256: String,
}

impl Certificate {
    /// Reads a certificate with its chain, the leaf first.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.len() > LONGEST_TEXT {
            return Err(Problem::new(
                "Certificate is too large",
                format!(
                    "The text has {} bytes; the limit is {LONGEST_TEXT}. Give the leaf \
                     certificate, and after it only the certificates that issued it.",
                    text.len()
                ),
            ));
        }
        let blocks = pem::blocks(text).map_err(refuse)?;
        if blocks.len() > MOST_CERTIFICATES {
            return Err(Problem::new(
                "Too many certificates",
                format!(
                    "The text holds {} PEM blocks; the limit is {MOST_CERTIFICATES}. Give the \
                     leaf certificate, and after it only the certificates that issued it.",
                    blocks.len()
                ),
            ));
        }
        for (index, block) in blocks.iter().enumerate() {
            if block.label != "CERTIFICATE" {
                return Err(stray(index, &block.label));
            }
        }
        let chain: Vec<Vec<u8>> = blocks.iter().map(|block| block.der.to_vec()).collect();
        let parsed: Vec<X509Certificate<'_>> = chain
            .iter()
            .enumerate()
            .map(|(index, der)| parse_der(index, der))
            .collect::<Result<_, _>>()?;
        check_order(&parsed)?;
        let Some((leaf, der)) = parsed.first().zip(chain.first()) else {
            return Err(refuse(PemError::Nothing));
        };
        let not_before = timestamp(&leaf.validity().not_before)?;
        let not_after = timestamp(&leaf.validity().not_after)?;
        let facts = Facts {
            issuer: name::render(leaf.issuer()),
            serial_number: leaf.serial.to_string(),
            signature: signature(leaf),
            expires_on: not_after.to_string(),
            fingerprint_sha256: fingerprint(der),
        };
        let subject = name::render(leaf.subject());
        let public_key = leaf.public_key().raw.to_vec();
        let is_authority = leaf.is_ca();
        let serves_clients = serves_clients(leaf);
        Ok(Self {
            public_key,
            facts,
            subject,
            not_before,
            not_after,
            is_authority,
            serves_clients,
            chain,
        })
    }

    /// What the leaf says about itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The leaf's subject, RFC 2253, the most specific part first.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When the leaf begins to be valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Whether the leaf is an authority's certificate.
    pub fn is_authority(&self) -> bool {
        self.is_authority
    }

    /// When the leaf expires.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether the other has the same leaf: then it is the same certificate.
    pub fn same_leaf(&self, other: &Self) -> bool {
        self.leaf() == other.leaf()
    }

    /// Whether the other has the same leaf and chain.
    pub fn same_chain(&self, other: &Self) -> bool {
        self.chain == other.chain
    }

    /// The certificates as clean PEM, for an upload.
    pub fn to_pem(&self) -> String {
        let blocks = self.chain.iter().map(|der| pem::encode("CERTIFICATE", der));
        blocks.map(|block| block.to_string()).collect()
    }

    /// Whether the leaf may authenticate a client: its extended key usage, if it
    /// has one, says so.
    pub fn serves_clients(&self) -> bool {
        self.serves_clients
    }

    /// An error unless the leaf is one that a client can present: no authority, and
    /// with a key of usual strength.
    pub fn check_leaf(&self) -> Result<(), Problem> {
        if self.is_authority {
            return Err(Problem::new(
                "Certificate is an authority's",
                "The first certificate of the text may issue others (basicConstraints CA:TRUE), \
                 and an authority's key must not leave its owner. Give a certificate that the \
                 authority has issued to a client; a self-signed one is made with `openssl req \
                 -x509 -addext basicConstraints=critical,CA:FALSE`.",
            ));
        }
        let bits = rsa_bits(&self.public_key);
        if let Some(bits) = bits.filter(|bits| !RSA_BITS.contains(bits)) {
            return Err(Problem::new(
                "RSA key of unusual size",
                format!(
                    "The certificate's public key has {bits} bits; RSA keys of {} to {} bits are \
                     accepted. Issue a certificate for such a key.",
                    RSA_BITS.start(),
                    RSA_BITS.end()
                ),
            ));
        }
        Ok(())
    }

    /// An error if the leaf has expired by `now`.
    pub fn check_expiry(&self, now: Timestamp) -> Result<(), Problem> {
        if self.not_after > now {
            return Ok(());
        }
        Err(Problem::new(
            "Certificate has expired",
            format!(
                "The certificate expired on {}. An origin refuses it, so it is not uploaded. \
                 Issue a new certificate.",
                self.not_after
            ),
        ))
    }

    pub(super) fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(&[], Vec::as_slice)
    }

    pub(super) fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

fn parse_der(index: usize, der: &[u8]) -> Result<X509Certificate<'_>, Problem> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Problem::new(
            "Not an X.509 certificate",
            format!(
                "PEM block {} is labelled CERTIFICATE, but what it holds is not an X.509 \
                 certificate. Was the text cut or changed? Check it with `openssl x509 -noout \
                 -text`.",
                index + 1
            ),
        )),
    }
}

/// Each certificate must be issued by the next one.
fn check_order(chain: &[X509Certificate<'_>]) -> Result<(), Problem> {
    let issued = |lower: &X509Certificate<'_>, upper: &X509Certificate<'_>| {
        lower.issuer().as_raw() == upper.subject().as_raw()
    };
    for (index, pair) in chain.windows(2).enumerate() {
        let [lower, upper] = pair else { continue };
        if issued(lower, upper) {
            continue;
        }
        if issued(upper, lower) {
            return Err(Problem::new(
                "Certificates are in the wrong order",
                format!(
                    "Certificate {} of the text issued certificate {}. Put the leaf certificate \
                     first, then the certificate that issued it, and so on.",
                    index + 1,
                    index + 2
                ),
            ));
        }
        return Err(Problem::new(
            "Certificates do not belong together",
            format!(
                "Certificate {} of the text did not issue certificate {}. Give one leaf \
                 certificate, and after it only the certificates that issued it; another \
                 certificate needs a resource of its own.",
                index + 2,
                index + 1
            ),
        ));
    }
    Ok(())
}

/// A leaf without the extension, or with one that cannot be read, may serve for anything.
fn serves_clients(leaf: &X509Certificate<'_>) -> bool {
    let usage = leaf.extended_key_usage().ok().flatten();
    usage.is_none_or(|usage| usage.value.any || usage.value.client_auth)
}

/// The size of an RSA key (DER of its SubjectPublicKeyInfo).
fn rsa_bits(public_key: &[u8]) -> Option<usize> {
    let (_, info) = SubjectPublicKeyInfo::from_der(public_key).ok()?;
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.key_size()),
        _ => None,
    }
}

fn timestamp(time: &ASN1Time) -> Result<Timestamp, Problem> {
    Timestamp::from_second(time.timestamp()).map_err(|_| {
        Problem::new(
            "Not an X.509 certificate",
            "The certificate begins or ends at a time that no calendar has. Issue a new one.",
        )
    })
}

/// The signature algorithm as Go names it; its number where Go has no name.
fn signature(certificate: &X509Certificate<'_>) -> String {
    const NAMES: [(&str, &str); 10] = [
        ("1.2.840.113549.1.1.4", "MD5-RSA"),
        ("1.2.840.113549.1.1.5", "SHA1-RSA"),
        ("1.2.840.113549.1.1.11", "SHA256-RSA"),
        ("1.2.840.113549.1.1.12", "SHA384-RSA"),
        ("1.2.840.113549.1.1.13", "SHA512-RSA"),
        ("1.2.840.10045.4.1", "ECDSA-SHA1"),
        ("1.2.840.10045.4.3.2", "ECDSA-SHA256"),
        ("1.2.840.10045.4.3.3", "ECDSA-SHA384"),
        ("1.2.840.10045.4.3.4", "ECDSA-SHA512"),
        ("1.3.101.112", "Ed25519"),
    ];
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    let named = NAMES.iter().find(|(number, _)| *number == oid);
    named.map_or(oid, |(_, name)| (*name).to_owned())
}

fn stray(index: usize, label: &str) -> Problem {
    if label.ends_with("PRIVATE KEY") {
        return Problem::new(
            "Private key among the certificates",
            format!(
                "PEM block {} is a private key. Put it into `private_key`; `certificate` is not \
                 kept secret.",
                index + 1
            ),
        );
    }
    Problem::new(
        "Not a certificate",
        format!(
            "PEM block {} is not labelled CERTIFICATE. Give the leaf certificate, and after it \
             only the certificates that issued it.",
            index + 1
        ),
    )
}

fn refuse(error: PemError) -> Problem {
    let summary = "Certificate is not PEM";
    let detail = match error {
        PemError::Nothing => {
            "The text has no line `-----BEGIN CERTIFICATE-----`. Give the certificate in PEM \
             form, for example with file(\"client.pem\"); DER is converted with `openssl x509 \
             -inform der`."
                .to_owned()
        }
        PemError::BrokenLines => {
            "`-----BEGIN CERTIFICATE-----` does not stand on a line of its own. The line breaks \
             seem to be lost: give the text with file(\"client.pem\") or as a heredoc."
                .to_owned()
        }
        PemError::Unterminated(_, line) => {
            format!("The PEM block that begins on line {line} has no END line. Was the text cut?")
        }
        PemError::NotBase64(_, line) => format!(
            "The PEM block that begins on line {line} is not base64. Was the text cut or changed?"
        ),
        PemError::Encrypted => {
            return Problem::new(
                "Private key among the certificates",
                "The text holds an encrypted private key. `certificate` takes certificates only.",
            );
        }
    };
    Problem::new(summary, detail)
}
