//! A certificate with its chain, as a user gives it for an upload.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;

use super::existing::leaf_of;
use super::issued::{is_issued_by, names_fit};
use super::leaf::{Facts, Leaf, parse};
use super::pem::{self, LONGEST_TEXT, PemError};
use super::public::{Kind, PublicKey};
use super::{Existing, Problem};

/// No chain is longer.
const MOST_CERTIFICATES: usize = 10;
const RSA_BITS: RangeInclusive<usize> = 2048..=4096;

/// A leaf certificate and the certificates that came with it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// DER, in the order of the text.
    all: Vec<Vec<u8>>,
    /// DER.
    leaf: Vec<u8>,
    said: Leaf,
}

impl Certificate {
    /// Reads what is to be uploaded: the leaf first, and after it only the certificates
    /// that issued it, each the one before.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let certificate = Self::read(text)?;
        certificate.check_chain()?;
        Ok(certificate)
    }

    /// Reads clean certificates in any order. What is given is all here: nothing was taken
    /// for text to skip.
    pub fn read(text: &str) -> Result<Self, Problem> {
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
        let blocks = pem::blocks(text).map_err(|error| refuse(error, text))?;
        if blocks.len() > MOST_CERTIFICATES {
            return Err(Problem::new(
                "Too many certificates",
                format!(
                    "The text holds {} PEM blocks; the limit is {MOST_CERTIFICATES}. Give the leaf \
                     certificate, and after it only the certificates that issued it.",
                    blocks.len()
                ),
            ));
        }
        for (index, block) in blocks.iter().enumerate() {
            if block.label != "CERTIFICATE" {
                return Err(stray(index, &block.label));
            }
            if parse(&block.der).is_none() {
                return Err(not_x509(index));
            }
        }
        let all: Vec<Vec<u8>> = blocks.iter().map(|block| block.der.to_vec()).collect();
        Self::of(all).ok_or_else(|| not_x509(0))
    }

    /// Certificates in any order, from their DER; nothing where the leaf is none.
    pub(super) fn of(all: Vec<Vec<u8>>) -> Option<Self> {
        let leaf = leaf_of(&all)?.clone();
        let said = Leaf::read(&leaf)?;
        Some(Self { all, leaf, said })
    }

    /// An error unless the leaf comes first, and each certificate was issued by the next.
    pub fn check_chain(&self) -> Result<(), Problem> {
        let parsed: Vec<X509Certificate<'_>> =
            self.all.iter().filter_map(|der| parse(der)).collect();
        for (index, der) in self.all.iter().enumerate() {
            let before = self.all.iter().take(index).position(|other| other == der);
            if let Some(before) = before {
                return Err(twice(before, index));
            }
        }
        self.check_members()?;
        for (index, pair) in parsed.windows(2).enumerate() {
            let [lower, upper] = pair else { continue };
            if !is_issued_by(lower, upper) {
                return Err(wrong_order(index));
            }
        }
        Ok(())
    }

    /// An error unless each certificate is the leaf, or issued another one of them.
    pub fn check_members(&self) -> Result<(), Problem> {
        let parsed: Vec<(&Vec<u8>, X509Certificate<'_>)> = self
            .all
            .iter()
            .filter_map(|der| Some((der, parse(der)?)))
            .collect();
        for (index, (der, upper)) in parsed.iter().enumerate() {
            let others = || parsed.iter().filter(|(other, _)| other != der);
            if **der == self.leaf || others().any(|(_, lower)| is_issued_by(lower, upper)) {
                continue;
            }
            let namesake = others().find(|(_, lower)| names_fit(lower, upper));
            return Err(apart(index, namesake.is_some().then_some(NAMESAKE)));
        }
        Ok(())
    }

    /// What the leaf says about itself.
    pub fn facts(&self) -> &Facts {
        &self.said.facts
    }

    /// The leaf's subject, RFC 2253, the most specific part first.
    pub fn subject(&self) -> &str {
        &self.said.subject
    }

    /// When the leaf begins to be valid.
    pub fn not_before(&self) -> Timestamp {
        self.said.not_before
    }

    /// When the leaf expires; the end of the calendar where it never does.
    pub fn not_after(&self) -> Timestamp {
        self.said.not_after
    }

    /// Whether the leaf is an authority's certificate.
    pub fn is_authority(&self) -> bool {
        self.said.is_authority
    }

    /// Whether what is there already has the same leaf: then it is the same certificate.
    pub fn is_same(&self, other: &Existing) -> bool {
        self.leaf == other.leaf
    }

    /// Whether what is there already has the same certificates, in whatever order.
    pub fn has_chain_of(&self, other: &Existing) -> bool {
        let sorted = |all: &[Vec<u8>]| {
            let mut all = all.to_vec();
            all.sort_unstable();
            all
        };
        sorted(&self.all) == sorted(&other.all)
    }

    /// The certificates as clean PEM, for an upload.
    pub fn to_pem(&self) -> String {
        let blocks = self.all.iter().map(|der| pem::encode("CERTIFICATE", der));
        blocks.map(|block| block.to_string()).collect()
    }

    /// The certificates as DER, in the order of the text.
    pub fn der(&self) -> impl Iterator<Item = &[u8]> {
        self.all.iter().map(Vec::as_slice)
    }

    /// Whether the leaf may authenticate a client: its extended key usage, if it
    /// has one, says so.
    pub fn serves_clients(&self) -> bool {
        self.said.serves_clients
    }

    /// An error unless the leaf is one that a client can present: no authority, and
    /// with a key of usual strength.
    pub fn check_leaf(&self) -> Result<(), Problem> {
        if self.said.is_authority {
            return Err(Problem::new(
                "Certificate is a CA certificate",
                "The first certificate of the text may issue others (basicConstraints CA:TRUE), and \
                 a CA's key must not leave its owner. Give a certificate that the CA has issued to \
                 a client; a self-signed one is made with `openssl req -x509 -addext \
                 basicConstraints=critical,CA:FALSE`.",
            ));
        }
        match self.said.public_key.kind() {
            Kind::Rsa(bits) if !RSA_BITS.contains(&bits) => Err(Problem::new(
                "RSA key of unusual size",
                format!(
                    "The certificate's public key has {bits} bits; RSA keys of {} to {} bits are \
                     accepted. Issue a certificate for such a key.",
                    RSA_BITS.start(),
                    RSA_BITS.end()
                ),
            )),
            _ => Ok(()),
        }
    }

    /// An error if the leaf has expired by `now`.
    pub fn check_expiry(&self, now: Timestamp) -> Result<(), Problem> {
        if self.said.not_after > now {
            return Ok(());
        }
        Err(Problem::new(
            "Certificate has expired",
            format!(
                "The certificate expired on {}. An origin refuses it, so it is not uploaded. Issue \
                 a new certificate.",
                self.said.not_after
            ),
        ))
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        &self.said.public_key
    }
}

fn not_x509(index: usize) -> Problem {
    Problem::new(
        "Not an X.509 certificate",
        format!(
            "PEM block {} is labeled CERTIFICATE, but what it holds is not an X.509 certificate. \
             Was the text cut or changed? Check it with `openssl x509 -noout -text`.",
            index + 1
        ),
    )
}

fn twice(first: usize, second: usize) -> Problem {
    Problem::new(
        "Certificate is given twice",
        format!(
            "Certificates {} and {} of the text are the same one. Take one of them out.",
            first + 1,
            second + 1
        ),
    )
}

fn wrong_order(index: usize) -> Problem {
    Problem::new(
        "Certificates are in the wrong order",
        format!(
            "Certificate {} of the text was not issued by certificate {}, which follows it. Put the \
             leaf certificate first, then the certificate that issued it, and so on.",
            index + 1,
            index + 2
        ),
    )
}

/// What a certificate is that has an issuer's name and did not issue.
const NAMESAKE: &str = " It has the name of one that did, but another key, or it may not sign \
    certificates: it may be an older or a newer certificate of the same CA.";

/// A certificate that is not the leaf and issued none of the others, and why that may be.
fn apart(index: usize, why: Option<&str>) -> Problem {
    let why = why.unwrap_or_default();
    Problem::new(
        "Certificates do not belong together",
        format!(
            "Certificate {} of the text issued none of the others.{why} Give one leaf certificate, \
             and after it only the certificates that issued it; another certificate needs a \
             resource of its own, and a new one takes the place of the old one.",
            index + 1
        ),
    )
}

fn stray(index: usize, label: &str) -> Problem {
    if label.ends_with("PRIVATE KEY") {
        return key_among(&format!("PEM block {} is a private key.", index + 1));
    }
    Problem::new(
        "Not a certificate",
        format!(
            "PEM block {} is not labeled CERTIFICATE. Give the leaf certificate, and after it only \
             the certificates that issued it.",
            index + 1
        ),
    )
}

fn key_among(what: &str) -> Problem {
    Problem::new(
        "Private key among the certificates",
        format!(
            "{what} Put it into `private_key_wo` (or `private_key`); `certificate` is not kept \
             secret, and takes certificates only."
        ),
    )
}

fn refuse(error: PemError, text: &str) -> Problem {
    match error {
        PemError::Nothing => Problem::new(
            "Certificate is not PEM",
            "The text has no line `-----BEGIN CERTIFICATE-----`. Give the certificate in PEM form, \
             for example with file(\"client.pem\"); DER is converted with `openssl x509 -inform \
             der`.",
        ),
        PemError::Encrypted => Problem::new(
            "Private key among the certificates",
            "The text holds an encrypted private key; `certificate` takes certificates only. \
             Decrypt the key with `openssl pkey -in encrypted.pem -out key.pem` and put it into \
             `private_key_wo` (or `private_key`).",
        ),
        PemError::Encoded { key: true } => {
            key_among("The text is base64 of a private key; base64decode(…) gives it.")
        }
        PemError::Joined { line, key: true } => key_among(&format!(
            "A private key begins in the middle of line {line}."
        )),
        PemError::Stray(line) => Problem::new(
            "Certificate is not PEM",
            format!(
                "Line {line} stands beside the certificates and might be a part of a key, so it is \
                 not passed over. Take it out, or give its block with BEGIN and END lines."
            ),
        ),
        error if text.contains("PRIVATE KEY") => {
            let problem = error.explain("Certificate is not PEM", "certificate");
            key_among(&format!("The text holds a private key. {}", problem.detail))
        }
        error => error.explain("Certificate is not PEM", "certificate"),
    }
}
