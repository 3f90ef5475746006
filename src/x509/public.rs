//! Public keys, compared as keys: the same numbers are the same key, however a certificate
//! or a program writes them down.

use x509_parser::asn1_rs::{Any, FromDer, Integer, Oid, Sequence, Tag};
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::digest::fingerprint;
use super::name::hex;

/// A public key.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    numbers: Numbers,
    /// What is signed with it is checked with this: the content of its bit string.
    pub(super) bits: Vec<u8>,
    /// The DER of the whole, of which people take fingerprints.
    der: Vec<u8>,
}

/// What makes it this key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Numbers {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Ec {
        curve: Curve,
        x: Vec<u8>,
        odd_y: bool,
    },
    /// Of this kind, as it is written.
    Other(String, Vec<u8>),
}

/// The curves that TLS clients use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// What a signature can be checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// With a modulus of so many bits.
    Rsa(usize),
    Ec(Curve),
    Ed25519,
    Other,
}

const EC: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";

impl PublicKey {
    pub(super) fn read(info: &SubjectPublicKeyInfo<'_>) -> Self {
        let bits = info.subject_public_key.data.to_vec();
        let kind = info.algorithm.algorithm.to_id_string();
        let numbers = match info.parsed() {
            Ok(Parsed::RSA(key)) => Some(Numbers::Rsa {
                modulus: unpadded(key.modulus),
                exponent: unpadded(key.exponent),
            }),
            _ if kind == EC => {
                Curve::of(info.algorithm.parameters.as_ref()).and_then(|curve| point(curve, &bits))
            }
            _ => None,
        };
        Self {
            numbers: numbers.unwrap_or_else(|| Numbers::Other(kind, bits.clone())),
            bits,
            der: info.raw.to_vec(),
        }
    }

    /// Reads the DER of a SubjectPublicKeyInfo.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (_, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
        Some(Self::read(&info))
    }

    /// The DER of its SubjectPublicKeyInfo.
    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the other is the same key.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }

    pub(super) fn kind(&self) -> Kind {
        match &self.numbers {
            Numbers::Rsa { modulus, .. } => Kind::Rsa(bits(modulus)),
            Numbers::Ec { curve, .. } => Kind::Ec(*curve),
            Numbers::Other(oid, _) if oid == ED25519 => Kind::Ed25519,
            Numbers::Other(..) => Kind::Other,
        }
    }

    /// The kind and the fingerprint, for a message.
    pub(super) fn describe(&self) -> String {
        let kind = match (self.kind(), &self.numbers) {
            (Kind::Rsa(bits), _) => format!("RSA {bits}"),
            (Kind::Ec(Curve::P256), _) => "ECDSA P-256".to_owned(),
            (Kind::Ec(Curve::P384), _) => "ECDSA P-384".to_owned(),
            (Kind::Ec(Curve::P521), _) => "ECDSA P-521".to_owned(),
            (Kind::Ed25519, _) => "Ed25519".to_owned(),
            (Kind::Other, Numbers::Other(oid, _)) => format!("of kind {oid}"),
            (Kind::Other, _) => String::new(),
        };
        format!("{kind} (SHA-256 {})", fingerprint(&self.der))
    }
}

impl Curve {
    /// The curve that parameters name, or describe by its prime.
    fn of(parameters: Option<&Any<'_>>) -> Option<Self> {
        let parameters = parameters?;
        if parameters.tag() == Tag::Oid {
            let oid = Oid::try_from(parameters.clone()).ok()?;
            return match oid.to_id_string().as_str() {
                "1.2.840.10045.3.1.7" => Some(Self::P256),
                "1.3.132.0.34" => Some(Self::P384),
                "1.3.132.0.35" => Some(Self::P521),
                _ => None,
            };
        }
        // SEQUENCE { version, SEQUENCE { kind of field, prime }, curve, base, order, … }
        let (rest, _version) = Integer::from_der(parameters.data).ok()?;
        let (_, field) = Sequence::from_der(rest).ok()?;
        let (prime, _kind) = Oid::from_der(field.content.as_ref()).ok()?;
        let (_, prime) = Integer::from_der(prime).ok()?;
        match hex(&unpadded(prime.as_ref())).as_str() {
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff" => Some(Self::P256),
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000\
             ffffffff" => Some(Self::P384),
            prime
                if prime.len() == 132
                    && prime.starts_with("01ff")
                    && prime.trim_start_matches("01").bytes().all(|b| b == b'f') =>
            {
                Some(Self::P521)
            }
            _ => None,
        }
    }

    /// The length of a coordinate in bytes.
    fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// A point, written in full, or as one coordinate and the side on which it lies.
fn point(curve: Curve, bytes: &[u8]) -> Option<Numbers> {
    let (form, rest) = bytes.split_first()?;
    let (x, y) = rest.split_at_checked(curve.length())?;
    let odd_y = match (form, y) {
        (4 | 6 | 7, y) if y.len() == curve.length() => y.last()? % 2 == 1,
        (2 | 3, []) => *form == 3,
        _ => return None,
    };
    Some(Numbers::Ec {
        curve,
        x: x.to_vec(),
        odd_y,
    })
}

fn unpadded(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default().to_vec()
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |first| first.leading_zeros());
    (number.len() * 8).saturating_sub(zeros as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut made = vec![tag];
        match u8::try_from(content.len()) {
            Ok(short) if short < 0x80 => made.push(short),
            Ok(long) => made.extend([0x81, long]),
            Err(_) => {
                made.push(0x82);
                made.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
            }
        }
        made.extend(content);
        made
    }

    /// A key on P-256, with the parameters of its curve by name or in full, and its point in
    /// full or compressed.
    fn key(parameters: &[u8], point: &[u8]) -> PublicKey {
        let kind = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
        let algorithm = der(0x30, &[&kind, parameters]);
        let bits = der(0x03, &[&[0], point]);
        PublicKey::from_der(&der(0x30, &[&algorithm, &bits])).expect("a key")
    }

    #[test]
    fn one_key_is_one_key_however_it_is_written() {
        let named = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        let prime = [
            &[0x00][..],
            &[0xff; 4],
            &[0, 0, 0, 1],
            &[0; 12],
            &[0xff; 12],
        ]
        .concat();
        let prime_field = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01];
        let field = der(0x30, &[&prime_field, &der(0x02, &[&prime])]);
        let curve = der(0x30, &[&der(0x04, &[&[7; 32]]), &der(0x04, &[&[8; 32]])]);
        let base = der(0x04, &[&[9; 65]]);
        let order = der(0x02, &[&[1; 32]]);
        let explicit = der(
            0x30,
            &[&[2, 1, 1], &field, &curve, &base, &order, &[2, 1, 1]],
        );
        let x = [0x42; 32];
        for (last, form) in [(0x10, 2), (0x11, 3)] {
            let full = [&[4][..], &x, &[0x24; 31], &[last]].concat();
            let compressed = [&[form][..], &x].concat();
            let one = key(&named, &full);
            assert_eq!(one.kind(), Kind::Ec(Curve::P256));
            for other in [
                key(&explicit, &full),
                key(&named, &compressed),
                key(&explicit, &compressed),
            ] {
                assert!(one.is(&other), "{other:?}");
            }
            let elsewhere = [&[form ^ 1][..], &x].concat();
            assert!(!one.is(&key(&named, &elsewhere)));
        }
    }
}
