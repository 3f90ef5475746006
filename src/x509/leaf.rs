//! What one certificate says about itself.

use std::fmt::Write as _;

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::num_bigint::BigUint;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::digest::fingerprint;
use super::name;
use super::public::PublicKey;

/// What a certificate says about itself, in the forms of the API; nothing where it cannot
/// be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// RFC 2253, the most specific part first.
    pub issuer: Option<String>,
    /// Decimal.
    pub serial_number: Option<String>,
    /// As Go names it, such as `SHA256-RSA`.
    pub signature: Option<String>,
    /// RFC 3339, UTC.
    pub expires_on: Option<String>,
    /// Lower-case hexadecimal of the leaf's DER.
    pub fingerprint_sha256: String,
}

/// A certificate that could be read.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) facts: Facts,
    pub(super) subject: String,
    pub(super) not_before: Timestamp,
    /// The end of the calendar where it never expires.
    pub(super) not_after: Timestamp,
    pub(super) is_authority: bool,
    /// Whether it may authenticate a client: its extended key usage, if it has one, says so.
    pub(super) serves_clients: bool,
    pub(super) public_key: PublicKey,
}

/// Reads DER, all of it.
pub(super) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Some(certificate),
        _ => None,
    }
}

impl Leaf {
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let certificate = parse(der)?;
        let validity = certificate.validity();
        let usage = certificate.extended_key_usage().ok().flatten();
        Some(Self {
            facts: Facts {
                issuer: Some(name::render(certificate.issuer())),
                serial_number: decimal(certificate.raw_serial()),
                signature: Some(signature(&certificate)),
                expires_on: Some(rfc3339(&validity.not_after)),
                fingerprint_sha256: fingerprint(der),
            },
            subject: name::render(certificate.subject()),
            not_before: timestamp(&validity.not_before),
            not_after: timestamp(&validity.not_after),
            is_authority: certificate.is_ca(),
            // Without the extension, or with one that cannot be read, it may be anything.
            serves_clients: usage.is_none_or(|usage| usage.value.any || usage.value.client_auth),
            public_key: PublicKey::read(certificate.public_key()),
        })
    }
}

/// A whole number in two's complement, which may be negative although it should not.
/// Nothing where it is longer than any serial number.
fn decimal(bytes: &[u8]) -> Option<String> {
    const LONGEST: usize = 64;
    if bytes.len() > LONGEST {
        return None;
    }
    Some(match bytes.first() {
        Some(first) if *first >= 0x80 => {
            let inverted: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
            format!("-{}", BigUint::from_bytes_be(&inverted) + 1_u8)
        }
        _ => BigUint::from_bytes_be(bytes).to_string(),
    })
}

/// A moment; the nearest one there is where it lies beyond the calendar of this program.
fn timestamp(time: &ASN1Time) -> Timestamp {
    let seconds = time.timestamp();
    Timestamp::from_second(seconds).unwrap_or(match seconds < 0 {
        true => Timestamp::MIN,
        false => Timestamp::MAX,
    })
}

/// A moment as text, to the end of the calendar, where "no expiry" stands (RFC 5280).
fn rfc3339(time: &ASN1Time) -> String {
    let at = time.to_datetime();
    let mut text = String::new();
    // Writing to memory does not fail.
    let _ = write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    text
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

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn a_number_of_any_length_costs_nothing() {
        assert_eq!(decimal(&vec![1; 1 << 20]), None);
    }

    #[test]
    fn a_serial_number_may_be_negative() {
        for (bytes, text) in [
            (&[0x00_u8][..], "0"),
            (&[0x7f], "127"),
            (&[0x00, 0x80], "128"),
            (&[0x80], "-128"),
            (&[0xff], "-1"),
            (&[0xff, 0x00], "-256"),
            (&[0xfe, 0xdc, 0xba], "-74566"),
        ] {
            assert_eq!(decimal(bytes).as_deref(), Some(text), "{bytes:02x?}");
        }
    }
}
