//! An authority whose key the user holds.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

use super::super::digest::{self, keyed};
use super::super::issued::is_issued_by;
use super::super::leaf::parse;
use super::super::public::{Kind, PublicKey};
use super::super::serial::Tag;
use super::super::{Certificate, Existing, PrivateKey, Problem};
use super::leaf::{Issued, Order, sign};
use text::Secret;

/// An authority that may issue client certificates, with the chain above it.
#[derive(Clone, Debug)]
pub struct Authority {
    said: Certificate,
    /// The DER of its own certificate, and of those above it.
    pub(super) chain: Vec<Vec<u8>>,
    /// The DER of its name.
    pub(super) name: Vec<u8>,
    /// By what its certificate names its key; where it does not, by what others would.
    pub(super) key_id: Vec<u8>,
}

impl Authority {
    /// Reads the authority's certificate and those above it, and checks that it may sign.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let said = Certificate::parse(text).map_err(Problem::of_authority)?;
        let chain: Vec<Vec<u8>> = said.der().map(<[u8]>::to_vec).collect();
        let parsed: Vec<X509Certificate<'_>> = chain.iter().filter_map(|der| parse(der)).collect();
        let mut below = 0;
        for (index, certificate) in parsed.iter().enumerate() {
            check_signs(certificate, index, below)?;
            // One that has its issuer's name counts for no path length (RFC 5280, 4.2.1.9).
            below += usize::from(certificate.subject().as_raw() != certificate.issuer().as_raw());
        }
        let own = parsed.first();
        let name = own.map(|own| own.subject().as_raw().to_vec());
        let key_id = own.and_then(key_id);
        let key_id = key_id.unwrap_or_else(|| digest::key_id(&said.public_key().bits));
        Ok(Self {
            name: name.unwrap_or_default(),
            key_id,
            said,
            chain,
        })
    }

    /// Its name, RFC 2253, the most specific part first.
    pub fn subject(&self) -> &str {
        self.said.subject()
    }

    /// When it and all that stand above it are valid.
    pub fn not_before(&self) -> Timestamp {
        let all = self.chain().filter_map(|above| above.not_before());
        all.max().unwrap_or_else(|| self.said.not_before())
    }

    /// When it expires, or one that stands above it, and with it whatever it has issued.
    pub fn not_after(&self) -> Timestamp {
        let all = self.chain().filter_map(|above| above.not_after());
        all.min().unwrap_or_else(|| self.said.not_after())
    }

    fn chain(&self) -> impl Iterator<Item = Existing> {
        let chain = self.chain.iter();
        chain.filter_map(|der| Existing::shown(der.clone()))
    }

    /// Whether a certificate has the chain that it would get now, as far as is shown.
    pub fn has_chain_of(&self, existing: &Existing) -> bool {
        let others = existing.der().filter(|der| *der != existing.leaf);
        let mut others: Vec<&[u8]> = others.collect();
        let mut sent: Vec<&[u8]> = self.sent().collect();
        others.sort_unstable();
        sent.sort_unstable();
        // Cloudflare may show the leaf alone, whatever was uploaded.
        others.is_empty() || others == sent
    }

    /// What goes with a certificate that it issues: it and those above it, up to a root,
    /// which every origin has itself.
    pub(super) fn sent(&self) -> impl Iterator<Item = &[u8]> {
        let is_root = |der: &&[u8]| parse(der).is_some_and(|own| is_issued_by(&own, &own));
        let chain = self.chain.iter().map(Vec::as_slice);
        chain.take_while(move |der| !is_root(der))
    }

    /// Reads the authority's key.
    pub fn read_key(text: &Secret) -> Result<PrivateKey, Problem> {
        PrivateKey::parse(text).map_err(Problem::of_authority)
    }

    /// An error unless the key is the authority's, and of a kind that signs certificates.
    pub fn check_key(&self, key: &PrivateKey) -> Result<(), Problem> {
        key.check_match(&self.said)?;
        match self.said.public_key().kind() {
            Kind::Rsa(_) | Kind::Ec(_) | Kind::Ed25519 => Ok(()),
            Kind::Other => Err(cannot_sign("its key is of a kind that is not known here")),
        }
    }

    /// Whether a certificate is one of this authority's, for a client with this name and a key
    /// of this kind, so that the order needs no other.
    pub fn has_issued(&self, existing: &Existing, order: &Order) -> bool {
        let own = self.chain.first().and_then(|der| parse(der));
        let (Some(own), Some(leaf)) = (own, parse(&existing.leaf)) else {
            return false;
        };
        let key = PublicKey::read(leaf.public_key());
        let is_client = Certificate::of(vec![existing.leaf.clone()])
            .is_some_and(|leaf| !leaf.is_authority() && leaf.serves_clients());
        is_client
            // Verifiers compare bytes, where this authority was certified anew too.
            && leaf.issuer().as_raw() == self.name
            && named_key(&leaf).is_none_or(|named| named == self.key_id)
            && is_issued_by(&leaf, &own)
            && existing.subject() == Some(order.subject().as_str())
            && order.algorithm.fits(key.kind())
    }

    /// What only the holder of the authority's key can say of these words.
    pub fn tag(&self, key: &PrivateKey, words: &[&str]) -> Tag {
        Tag(keyed(&key.canonical(), words))
    }

    /// Makes a key and the certificate for it.
    pub fn issue(&self, key: &PrivateKey, order: &Order) -> Result<Issued, Problem> {
        self.check_key(key)?;
        sign(self, key, order)
    }
}

/// An error unless this certificate may sign those below it, of which so many are
/// authorities.
fn check_signs(
    certificate: &X509Certificate<'_>,
    index: usize,
    below: usize,
) -> Result<(), Problem> {
    if !certificate.is_ca() {
        return Err(cannot_sign(
            "its basicConstraints do not say CA:TRUE: it is no CA certificate",
        ));
    }
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(cannot_sign("its keyUsage does not include keyCertSign"));
    }
    let purposes = certificate.extended_key_usage().ok().flatten();
    if purposes.is_some_and(|purposes| !purposes.value.any && !purposes.value.client_auth) {
        return Err(cannot_sign(
            "its extendedKeyUsage does not include clientAuth",
        ));
    }
    let constraints = certificate.basic_constraints().ok().flatten();
    let most = constraints.and_then(|constraints| constraints.value.path_len_constraint);
    match most {
        Some(most) if (most as usize) < below => Err(cannot_sign(&format!(
            "certificate {} of the text has pathlen:{most}, and {below} CAs stand below it",
            index + 1
        ))),
        _ => Ok(()),
    }
}

fn cannot_sign(why: &str) -> Problem {
    Problem::new(
        "CA may not sign certificates",
        format!(
            "What it signs would be refused, because {why}. Give the certificate of the CA that is \
             to issue the client certificate, and after it those that issued it. One is made with \
             `openssl req -x509 -addext basicConstraints=critical,CA:TRUE -addext \
             keyUsage=critical,keyCertSign,cRLSign`."
        ),
    )
}

fn key_id(own: &X509Certificate<'_>) -> Option<Vec<u8>> {
    let mut ids =
        own.iter_extensions()
            .filter_map(|extension| match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                _ => None,
            });
    ids.next()
}

/// By what a certificate names the key of its issuer.
fn named_key(leaf: &X509Certificate<'_>) -> Option<Vec<u8>> {
    let mut ids =
        leaf.iter_extensions()
            .filter_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(named) => {
                    named.key_identifier.as_ref().map(|id| id.0.to_vec())
                }
                _ => None,
            });
    ids.next()
}
