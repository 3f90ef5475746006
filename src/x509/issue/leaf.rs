//! The certificate of a client, as an authority signs it (RFC 5280).

use jiff::Timestamp;
use rustls::SignatureScheme;

use super::super::digest::key_id;
use super::super::key_algorithm::KeyAlgorithm;
use super::super::name::escape;
use super::super::public::{Curve, Kind};
use super::super::serial::Serial;
use super::super::{Certificate, PrivateKey, Problem};
use super::authority::Authority;
use super::der;

/// What is to be issued.
#[derive(Clone, Debug)]
pub struct Order {
    /// The common name of the subject, which is all of it.
    pub common_name: String,
    /// The kind of the key.
    pub algorithm: KeyAlgorithm,
    /// From when the certificate is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// Its serial number.
    pub serial: Serial,
}

/// A certificate that was issued, with the certificates above it, and its key.
pub struct Issued {
    /// The leaf, and after it what is uploaded with it.
    pub certificate: Certificate,
    /// The leaf's.
    pub key: PrivateKey,
}

impl Order {
    /// The subject, RFC 2253.
    pub fn subject(&self) -> String {
        subject_of(&self.common_name)
    }
}

/// A subject of a common name alone, RFC 2253.
pub fn subject_of(common_name: &str) -> String {
    format!("CN={}", escape(common_name))
}

/// The object identifiers that stand in a leaf, as their content.
mod oids {
    pub(super) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    pub(super) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
    pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    pub(super) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
    pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    pub(super) const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
    pub(super) const SHA256_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    pub(super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    pub(super) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    pub(super) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
    pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
}

/// Makes the key and has the certificate signed.
pub(super) fn sign(
    authority: &Authority,
    signer: &PrivateKey,
    order: &Order,
) -> Result<Issued, Problem> {
    let key = order.algorithm.generate().and_then(PrivateKey::from_pkcs8);
    let key = key.ok_or_else(|| failed("no key could be made"))?;
    let (scheme, algorithm) = signature_of(signer);
    let body = body(authority, order, &key, &algorithm);
    let signature = signer.sign(scheme, &body);
    let signature = signature.ok_or_else(|| failed("the CA's key does not sign"))?;
    let leaf = der::sequence(&[body, algorithm, der::bits(0, &signature)]);
    let all = std::iter::once(leaf).chain(authority.sent().map(<[u8]>::to_vec));
    let certificate = Certificate::of(all.collect());
    let certificate = certificate.ok_or_else(|| failed("it cannot be read back"))?;
    certificate.check_chain()?;
    Ok(Issued { certificate, key })
}

/// What is signed (TBSCertificate).
fn body(authority: &Authority, order: &Order, key: &PrivateKey, algorithm: &[u8]) -> Vec<u8> {
    let version = der::explicit(0, &der::unsigned(&[2]));
    let validity = der::sequence(&[der::time(order.not_before), der::time(order.not_after)]);
    let name = der::sequence(&[der::oid(oids::COMMON_NAME), der::utf8(&order.common_name)]);
    der::sequence(&[
        version,
        der::unsigned(order.serial.bytes()),
        algorithm.to_vec(),
        authority.name.clone(),
        validity,
        der::sequence(&[der::set(&[name])]),
        key.public().der().to_vec(),
        der::explicit(3, &der::sequence(&extensions(authority, key))),
    ])
}

fn extensions(authority: &Authority, key: &PrivateKey) -> Vec<Vec<u8>> {
    let critical = |oid: &[u8], value: Vec<u8>| {
        der::sequence(&[der::oid(oid), der::boolean(true), der::octets(&value)])
    };
    let plain = |oid: &[u8], value: Vec<u8>| der::sequence(&[der::oid(oid), der::octets(&value)]);
    let usage = der::sequence(&[der::oid(oids::CLIENT_AUTH)]);
    let issuer = der::sequence(&[der::implicit_octets(0, &authority.key_id)]);
    vec![
        critical(oids::BASIC_CONSTRAINTS, der::sequence(&[])),
        // digitalSignature
        critical(oids::KEY_USAGE, der::bits(7, &[0x80])),
        plain(oids::EXTENDED_KEY_USAGE, usage),
        plain(
            oids::SUBJECT_KEY_ID,
            der::octets(&key_id(&key.public().bits)),
        ),
        plain(oids::AUTHORITY_KEY_ID, issuer),
    ]
}

/// How a key signs, and what says so in a certificate (AlgorithmIdentifier).
fn signature_of(signer: &PrivateKey) -> (SignatureScheme, Vec<u8>) {
    let plain = |oid: &[u8]| der::sequence(&[der::oid(oid)]);
    match signer.public().kind() {
        Kind::Ec(Curve::P256) => (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            plain(oids::ECDSA_SHA256),
        ),
        Kind::Ec(Curve::P384) => (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            plain(oids::ECDSA_SHA384),
        ),
        Kind::Ec(Curve::P521) => (
            SignatureScheme::ECDSA_NISTP521_SHA512,
            plain(oids::ECDSA_SHA512),
        ),
        Kind::Ed25519 => (SignatureScheme::ED25519, plain(oids::ED25519)),
        Kind::Rsa(_) | Kind::Other => {
            let algorithm = der::sequence(&[der::oid(oids::SHA256_RSA), der::null()]);
            (SignatureScheme::RSA_PKCS1_SHA256, algorithm)
        }
    }
}

fn failed(why: &str) -> Problem {
    Problem::new(
        "Certificate could not be issued",
        format!("The certificate was to be made and signed here, and {why}. Report this."),
    )
}
