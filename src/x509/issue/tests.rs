//! What an authority issues, as others read and verify it.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    PKCS_RSA_SHA256, SignatureAlgorithm,
};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use x509_parser::prelude::FromDer;

use super::*;
use crate::x509::{Certificate, Existing, KeyAlgorithm, PrivateKey, Problem, Serial, Tag};
use text::Secret;

const ALGORITHMS: [&SignatureAlgorithm; 4] = [
    &PKCS_ECDSA_P256_SHA256,
    &PKCS_ECDSA_P384_SHA384,
    &PKCS_ED25519,
    &PKCS_RSA_SHA256,
];

/// An authority of the tests.
struct Made {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    key: String,
}

fn params(name: &str, most_below: Option<u8>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(match most_below {
        Some(most) => BasicConstraints::Constrained(most),
        None => BasicConstraints::Unconstrained,
    });
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn root(algorithm: &'static SignatureAlgorithm, params: CertificateParams) -> Made {
    let key = KeyPair::generate_for(algorithm).expect("a key");
    let pem = params.self_signed(&key).expect("a certificate").pem();
    Made {
        pem,
        key: key.serialize_pem(),
        issuer: Issuer::new(params, key),
    }
}

fn below(upper: &Made, params: CertificateParams) -> Made {
    let key = KeyPair::generate().expect("a key");
    let signed = params
        .signed_by(&key, &upper.issuer)
        .expect("a certificate");
    Made {
        pem: signed.pem(),
        key: key.serialize_pem(),
        issuer: Issuer::new(params, key),
    }
}

fn key(pem: &str) -> PrivateKey {
    PrivateKey::parse(&Secret::new(pem.to_owned())).expect("a key")
}

fn order(algorithm: KeyAlgorithm) -> Order {
    Order {
        common_name: "Cloudflare edge".to_owned(),
        algorithm,
        not_before: "2026-01-01T00:00:00Z".parse().expect("a moment"),
        not_after: "2026-04-01T00:00:00Z".parse().expect("a moment"),
        serial: Serial::tagged(Tag([0xf0; 8])).expect("randomness"),
    }
}

/// Whether a server that trusts `root` accepts it.
fn is_accepted(root: &Made, issued: &Issued) -> bool {
    let mut roots = RootCertStore::empty();
    let pem = Certificate::read(&root.pem).expect("a root");
    for der in pem.der() {
        roots
            .add(CertificateDer::from(der.to_vec()))
            .expect("a root");
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    let verifier = verifier.build().expect("a verifier");
    let mut all = issued
        .certificate
        .der()
        .map(|der| CertificateDer::from(der.to_vec()));
    let leaf = all.next().expect("a leaf");
    let between: Vec<_> = all.collect();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_770_000_000));
    verifier.verify_client_cert(&leaf, &between, at).is_ok()
}

#[test]
fn every_kind_of_authority_issues_every_kind_of_leaf() {
    for algorithm in ALGORITHMS {
        let made = root(algorithm, params("Client CA", None));
        let authority = Authority::read(&made.pem).expect("a CA");
        for (name, kind) in KeyAlgorithm::NAMES {
            let issued = authority.issue(&key(&made.key), &order(kind)).expect(name);
            assert!(is_accepted(&made, &issued), "{algorithm:?}, {name}");
            assert!(issued.key.matches(&issued.certificate));
            let text = issued.certificate.to_pem();
            assert_eq!(text.matches("BEGIN").count(), 1, "the root is not sent");
            let facts = issued.certificate.facts();
            assert_eq!(facts.issuer.as_deref(), Some("CN=Client CA"));
            assert_eq!(issued.certificate.subject(), "CN=Cloudflare edge");
            let serial: u128 = facts
                .serial_number
                .as_deref()
                .expect("one")
                .parse()
                .expect("one");
            assert_eq!(serial >> 64, u128::from(u64::from_be_bytes([0xf0; 8])));
            assert_eq!(facts.expires_on.as_deref(), Some("2026-04-01T00:00:00Z"));
            assert!(issued.certificate.serves_clients());
            issued.certificate.check_leaf().expect("no CA");
            let existing = Existing::find(&text).expect("a certificate");
            assert!(authority.has_issued(&existing, &order(kind)));
            let other = KeyAlgorithm::NAMES
                .into_iter()
                .find(|(_, other)| *other != kind);
            let (_, other) = other.expect("another");
            assert!(!authority.has_issued(&existing, &order(other)));
        }
    }
}

#[test]
fn an_intermediate_is_sent_along_and_a_root_is_not() {
    let upper = root(&PKCS_ECDSA_P256_SHA256, params("Root CA", None));
    let middle = below(&upper, params("Middle CA", None));
    let lower = below(&middle, params("Lower CA", Some(0)));
    let chain = [lower.pem.as_str(), &middle.pem, &upper.pem].concat();
    let authority = Authority::read(&chain).expect("a CA");
    let issued = authority.issue(&key(&lower.key), &order(KeyAlgorithm::default()));
    let issued = issued.expect("a certificate");
    assert_eq!(issued.certificate.der().count(), 3);
    assert!(is_accepted(&upper, &issued));
}

/// Active Directory's authorities have names with two of one kind, in other string types.
#[test]
fn a_name_is_taken_over_byte_for_byte() {
    let name = der::sequence(&[
        ["DC=com", "com"]
            .map(|_| ())
            .map(|()| domain("com"))
            .concat(),
        domain("example"),
        der::set(&[der::sequence(&[
            der::oid(&[0x55, 0x04, 0x0a]),
            // PrintableString
            [&[0x13, 7][..], b"Example"].concat(),
        ])]),
    ]);
    let made = root(&PKCS_ECDSA_P256_SHA256, params("Client CA", None));
    let mut authority = Authority::read(&made.pem).expect("a CA");
    authority.name.clone_from(&name);
    let order = order(KeyAlgorithm::default());
    let error = authority.issue(&key(&made.key), &order);
    let issued = error.expect("a certificate");
    let leaf = issued.certificate.der().next().expect("a leaf");
    let (_, leaf) = x509_parser::certificate::X509Certificate::from_der(leaf).expect("X.509");
    assert_eq!(leaf.issuer().as_raw(), name);
}

fn domain(part: &str) -> Vec<u8> {
    let oid = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19];
    // IA5String
    let text = [&[0x16, part.len() as u8], part.as_bytes()].concat();
    der::set(&[der::sequence(&[der::oid(&oid), text])])
}

/// Verifiers compare the name byte for byte, and the number of the key where both say one.
#[test]
fn an_authority_that_was_certified_anew_in_another_way_has_not_issued_it() {
    let made = root(&PKCS_ECDSA_P256_SHA256, params("Client CA", None));
    let authority = Authority::read(&made.pem).expect("a CA");
    let order = order(KeyAlgorithm::default());
    let issued = authority.issue(&key(&made.key), &order).expect("issued");
    let existing = Existing::find(&issued.certificate.to_pem()).expect("PEM");
    assert!(authority.has_issued(&existing, &order));
    let mut spelled = authority.clone();
    spelled.name = domain("Client CA");
    assert!(!spelled.has_issued(&existing, &order));
    let mut numbered = authority.clone();
    numbered.key_id = vec![7; 20];
    assert!(!numbered.has_issued(&existing, &order));
}

#[test]
fn who_may_not_sign_is_no_authority() {
    let summary = |text: &str| {
        Authority::read(text)
            .err()
            .map(|problem: Problem| problem.detail)
    };
    let leaf = {
        let mut params = params("A leaf", None);
        params.is_ca = IsCa::ExplicitNoCa;
        root(&PKCS_ECDSA_P256_SHA256, params)
    };
    assert!(summary(&leaf.pem).expect("no CA").contains("CA:TRUE"));
    let only_lists = {
        let mut params = params("A CA for lists", None);
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
        root(&PKCS_ECDSA_P256_SHA256, params)
    };
    assert!(
        summary(&only_lists.pem)
            .expect("it may not sign")
            .contains("keyCertSign")
    );
    let for_servers = {
        let mut params = params("A CA for servers", None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        root(&PKCS_ECDSA_P256_SHA256, params)
    };
    assert!(
        summary(&for_servers.pem)
            .expect("it may not issue clients")
            .contains("clientAuth")
    );
    let upper = root(&PKCS_ECDSA_P256_SHA256, params("Root CA", Some(0)));
    let lower = below(&upper, params("Lower CA", None));
    let chain = format!("{}{}", lower.pem, upper.pem);
    assert!(summary(&chain).expect("too deep").contains("pathlen:0"));
    assert_eq!(summary(&upper.pem), None);
}

#[test]
fn a_key_of_another_is_told() {
    let made = root(&PKCS_ECDSA_P256_SHA256, params("Client CA", None));
    let other = root(&PKCS_ECDSA_P256_SHA256, params("Client CA", None));
    let authority = Authority::read(&made.pem).expect("a CA");
    let problem = authority.issue(&key(&other.key), &order(KeyAlgorithm::default()));
    let problem = problem.err().expect("another key");
    assert_eq!(
        problem.summary,
        "Private key does not belong to the certificate"
    );
    // One with the same name and another key has issued nothing of this one's.
    let issued = authority.issue(&key(&made.key), &order(KeyAlgorithm::default()));
    let issued = Existing::find(&issued.expect("issued").certificate.to_pem()).expect("PEM");
    let namesake = Authority::read(&other.pem).expect("a CA");
    assert!(!namesake.has_issued(&issued, &order(KeyAlgorithm::default())));
}

#[test]
fn a_tag_depends_on_the_key_and_on_every_word() {
    let made = root(&PKCS_ECDSA_P256_SHA256, params("Client CA", None));
    let other = root(&PKCS_ECDSA_P256_SHA256, params("Client CA", None));
    let authority = Authority::read(&made.pem).expect("a CA");
    let tag = |pem: &str, words: &[&str]| authority.tag(&key(pem), words);
    let first = tag(&made.key, &["a", "bc"]);
    assert_eq!(first, tag(&made.key, &["a", "bc"]));
    assert_ne!(first, tag(&made.key, &["ab", "c"]));
    assert_ne!(first, tag(&other.key, &["a", "bc"]));
}

#[test]
fn a_certificate_under_a_tag_is_known_again_whatever_its_number_begins_with() {
    let made = root(&PKCS_ECDSA_P256_SHA256, params("Client CA", None));
    let authority = Authority::read(&made.pem).expect("a CA");
    for first in [0x00, 0x01, 0x7f, 0x80, 0xff] {
        let tag = Tag([first, 0, 0, 7, 7, 7, 7, 7]);
        let order = Order {
            serial: Serial::tagged(tag).expect("randomness"),
            ..order(KeyAlgorithm::default())
        };
        let issued = authority.issue(&key(&made.key), &order).expect("issued");
        let existing = Existing::find(&issued.certificate.to_pem()).expect("PEM");
        assert!(tag.marks(&existing), "{first:#x}");
        assert!(!Tag([first, 0, 0, 7, 7, 7, 7, 8]).marks(&existing));
    }
}
