//! Certificates that are there already: in a state, at Cloudflare, in another provider's
//! state. Whatever their text looks like, they are what they are.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;

use super::digest::fingerprint;
use super::issued::names_fit;
use super::leaf::{Facts, Leaf, parse};
use super::pem::{self, LONGEST_TEXT};

/// A certificate that is there already.
#[derive(Clone, Debug)]
pub struct Existing {
    /// DER.
    pub(super) leaf: Vec<u8>,
    /// DER, in the order of the text.
    pub(super) all: Vec<Vec<u8>>,
    facts: Facts,
    subject: Option<String>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
}

impl Existing {
    /// Finds the certificates in a text; nothing where there is none.
    pub fn find(text: &str) -> Option<Self> {
        Self::of(pem::found(text))
    }

    /// The certificate that a server shows, DER; nothing where it is none.
    pub fn shown(der: Vec<u8>) -> Option<Self> {
        Self::of(vec![der])
    }

    fn of(all: Vec<Vec<u8>>) -> Option<Self> {
        let leaf = leaf_of(&all)?.clone();
        let said = Leaf::read(&leaf);
        let facts = said.as_ref().map(|said| said.facts.clone());
        Some(Self {
            facts: facts.unwrap_or_else(|| Facts {
                fingerprint_sha256: fingerprint(&leaf),
                ..Facts::default()
            }),
            not_before: said.as_ref().map(|said| said.not_before),
            not_after: said.as_ref().map(|said| said.not_after),
            subject: said.map(|said| said.subject),
            leaf,
            all,
        })
    }

    /// What the leaf says about itself, as far as it can be read.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The certificates as DER, in the order of the text.
    pub fn der(&self) -> impl Iterator<Item = &[u8]> {
        self.all.iter().map(Vec::as_slice)
    }

    /// The leaf's subject, RFC 2253, the most specific part first.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// When the leaf begins to be valid.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// When the leaf expires.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }

    /// Whether the other has the same leaf: then it is the same certificate.
    pub fn is_same(&self, other: &Self) -> bool {
        self.leaf == other.leaf
    }
}

/// The text as it is where it holds clean certificates and words; else its certificates
/// alone: what comes from elsewhere is kept, but nothing in it that might be a key.
pub fn without_keys(text: &str) -> String {
    let clean = (text.len() <= LONGEST_TEXT).then(|| pem::blocks(text));
    let clean = clean.and_then(Result::ok);
    if clean.is_some_and(|blocks| blocks.iter().all(|block| block.label == "CERTIFICATE")) {
        return text.to_owned();
    }
    let all = pem::found(text);
    let blocks = all.iter().map(|der| pem::encode("CERTIFICATE", der));
    blocks.map(|block| block.to_string()).collect()
}

/// The leaf among certificates in any order: the first that issued no other, of these
/// one that is no authority's.
pub(super) fn leaf_of(all: &[Vec<u8>]) -> Option<&Vec<u8>> {
    let parsed: Vec<_> = all
        .iter()
        .map(|der| (der, parse(der)))
        .filter_map(|(der, parsed)| Some((der, parsed?)))
        .collect();
    let issues = |der: &Vec<u8>, own: &X509Certificate<'_>| {
        let mut others = parsed.iter().filter(|(other, _)| *other != der);
        others.any(|(_, other)| names_fit(other, own))
    };
    let mut ends: Vec<_> = parsed
        .iter()
        .filter(|(der, own)| !issues(der, own))
        .collect();
    ends.sort_by_key(|(_, own)| own.is_ca());
    ends.into_iter().map(|(der, _)| *der).next().or(all.first())
}
