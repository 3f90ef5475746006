//! Whether one certificate issued another: decided by the signature, under the key of the
//! one that is said to have made it.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1,
    ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1,
    ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519,
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::x509::X509Version;

use super::name;
use super::public::{Curve, Kind, PublicKey};

/// Whether `lower` was issued by `upper`. Where the algorithm is not known, names decide.
pub(super) fn is_issued_by(lower: &X509Certificate<'_>, upper: &X509Certificate<'_>) -> bool {
    // Who may not sign certificates has signed none, whatever its key could do.
    if upper.version == X509Version::V3 && !upper.is_ca() {
        return false;
    }
    let key = PublicKey::read(upper.public_key());
    match check(lower, key.kind()) {
        Check::With(algorithm) => {
            let key = UnparsedPublicKey::new(algorithm, &key.bits);
            let signed: &[u8] = lower.tbs_certificate.as_ref();
            key.verify(signed, &lower.signature_value.data).is_ok()
        }
        Check::Never => false,
        Check::Unknown => names_fit(lower, upper),
    }
}

/// Whether `lower` names `upper` as its issuer.
pub(super) fn names_fit(lower: &X509Certificate<'_>, upper: &X509Certificate<'_>) -> bool {
    let names = [lower.issuer(), upper.subject()].map(|name| name::render(name).to_lowercase());
    names.first() == names.last()
}

/// How a signature is checked with a key.
enum Check {
    With(&'static dyn VerificationAlgorithm),
    /// Such a key makes no such signatures.
    Never,
    /// Nobody here knows how.
    Unknown,
}

/// What the algorithm of a signature is built on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Pkcs1,
    Pss,
    Ecdsa,
}

fn check(signed: &X509Certificate<'_>, key: Kind) -> Check {
    let oid = signed.signature_algorithm.algorithm.to_id_string();
    let (family, hash) = match (oid.as_str(), key) {
        (_, Kind::Other) => return Check::Unknown,
        ("1.3.101.112", Kind::Ed25519) => return Check::With(&ED25519),
        ("1.3.101.112", _) => return Check::Never,
        ("1.2.840.113549.1.1.10", _) => (Family::Pss, pss_hash(signed)),
        ("1.2.840.113549.1.1.5", _) => (Family::Pkcs1, Some(Hash::Sha1)),
        ("1.2.840.113549.1.1.11", _) => (Family::Pkcs1, Some(Hash::Sha256)),
        ("1.2.840.113549.1.1.12", _) => (Family::Pkcs1, Some(Hash::Sha384)),
        ("1.2.840.113549.1.1.13", _) => (Family::Pkcs1, Some(Hash::Sha512)),
        ("1.2.840.10045.4.1", _) => (Family::Ecdsa, Some(Hash::Sha1)),
        ("1.2.840.10045.4.3.2", _) => (Family::Ecdsa, Some(Hash::Sha256)),
        ("1.2.840.10045.4.3.3", _) => (Family::Ecdsa, Some(Hash::Sha384)),
        ("1.2.840.10045.4.3.4", _) => (Family::Ecdsa, Some(Hash::Sha512)),
        _ => return Check::Unknown,
    };
    let algorithm = match (key, hash) {
        (Kind::Rsa(_), _) if family == Family::Ecdsa => return Check::Never,
        (Kind::Rsa(bits), Some(hash)) => rsa(family, bits, hash),
        (Kind::Rsa(_), None) => None,
        (Kind::Ec(curve), Some(hash)) if family == Family::Ecdsa => ecdsa(curve, hash),
        _ => return Check::Never,
    };
    algorithm.map_or(Check::Unknown, Check::With)
}

fn rsa(family: Family, bits: usize, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    let is_usual = (2048..=8192).contains(&bits);
    let is_legacy = (1024..=8192).contains(&bits);
    Some(match (family, hash) {
        (Family::Pss, Hash::Sha256) if is_usual => &RSA_PSS_2048_8192_SHA256,
        (Family::Pss, Hash::Sha384) if is_usual => &RSA_PSS_2048_8192_SHA384,
        (Family::Pss, Hash::Sha512) if is_usual => &RSA_PSS_2048_8192_SHA512,
        (Family::Pkcs1, Hash::Sha1) if is_legacy => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (Family::Pkcs1, Hash::Sha256) if is_legacy => {
            &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        (Family::Pkcs1, Hash::Sha384) if is_usual => &RSA_PKCS1_2048_8192_SHA384,
        (Family::Pkcs1, Hash::Sha512) if is_legacy => {
            &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
        }
        _ => return None,
    })
}

fn ecdsa(curve: Curve, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, hash) {
        (Curve::P256, Hash::Sha1) => &ECDSA_P256_SHA1_ASN1,
        (Curve::P256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha256) => &ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &ECDSA_P521_SHA512_ASN1,
        (Curve::P384 | Curve::P521, Hash::Sha1) => return None,
    })
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

fn pss_hash(signed: &X509Certificate<'_>) -> Option<Hash> {
    let Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) =
        SignatureAlgorithm::try_from(&signed.signature_algorithm)
    else {
        return None;
    };
    // What is known here is a salt as long as the digest, masked with the same digest.
    let hash = parameters.hash_algorithm_oid().to_id_string();
    let mask = parameters.mask_gen_algorithm().ok()?.hash.to_id_string();
    match (hash.as_str(), parameters.salt_length()) {
        _ if hash != mask => None,
        ("2.16.840.1.101.3.4.2.1", 32) => Some(Hash::Sha256),
        ("2.16.840.1.101.3.4.2.2", 48) => Some(Hash::Sha384),
        ("2.16.840.1.101.3.4.2.3", 64) => Some(Hash::Sha512),
        _ => None,
    }
}
