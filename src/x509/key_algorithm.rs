//! The kinds of keys that are made here, and the one form in which keys are compared.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
};
use zeroize::Zeroizing;

use super::public::{Curve, Kind};

/// The kind of a key that is made here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// RSA with 2048 bits.
    Rsa2048,
}

impl KeyAlgorithm {
    /// Every one, with its name.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("ECDSA_P256", Self::EcdsaP256),
        ("ECDSA_P384", Self::EcdsaP384),
        ("RSA_2048", Self::Rsa2048),
    ];

    pub(super) fn fits(self, kind: Kind) -> bool {
        match self {
            Self::EcdsaP256 => kind == Kind::Ec(Curve::P256),
            Self::EcdsaP384 => kind == Kind::Ec(Curve::P384),
            Self::Rsa2048 => kind == Kind::Rsa(2048),
        }
    }

    /// A new key, PKCS#8.
    pub(super) fn generate(self) -> Option<Zeroizing<Vec<u8>>> {
        let ecdsa = |algorithm: &'static EcdsaSigningAlgorithm| {
            let key = EcdsaKeyPair::generate(algorithm).ok()?;
            Some(key.to_pkcs8v1().ok()?.as_ref().to_vec())
        };
        let der = match self {
            Self::EcdsaP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::EcdsaP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            Self::Rsa2048 => {
                let key = KeyPair::generate(KeySize::Rsa2048).ok()?;
                let der: Pkcs8V1Der<'_> = key.as_der().ok()?;
                Some(der.as_ref().to_vec())
            }
        };
        der.map(Zeroizing::new)
    }
}

/// A key in PKCS#8, as it is written here, from whatever form; nothing where it is none.
pub(super) fn rewritten(kind: Kind, der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let ecdsa = |algorithm: &'static EcdsaSigningAlgorithm| {
        let key = EcdsaKeyPair::from_private_key_der(algorithm, der).ok()?;
        Some(key.to_pkcs8v1().ok()?.as_ref().to_vec())
    };
    let der = match kind {
        Kind::Ec(Curve::P256) => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
        Kind::Ec(Curve::P384) => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
        Kind::Ec(Curve::P521) => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
        Kind::Ed25519 => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
            Some(key.to_pkcs8v1().ok()?.as_ref().to_vec())
        }
        Kind::Rsa(_) => {
            let key = KeyPair::from_pkcs8(der).or_else(|_| KeyPair::from_der(der));
            let der: Pkcs8V1Der<'_> = key.ok()?.as_der().ok()?;
            Some(der.as_ref().to_vec())
        }
        Kind::Other => None,
    };
    der.map(Zeroizing::new)
}
