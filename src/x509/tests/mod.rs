//! Keys and certificates of every kind that is accepted, and of some that are not.

mod texts;

use aop_simulator::pki::{Authority, Wanted};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256,
};

use super::{Certificate, Existing, PrivateKey, pem};
use text::Secret;

fn now() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().expect("a date")
}

fn wanted(name: &str) -> Wanted<'_> {
    Wanted {
        name,
        not_before: now() - SignedDuration::from_hours(24),
        not_after: now() + SignedDuration::from_hours(24 * 90),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn keys_of_every_accepted_kind_are_matched_with_their_certificate() {
    let authority = Authority::new("CA").expect("a CA");
    let stranger = authority.client("stranger", now()).expect("a certificate");
    for algorithm in [
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ECDSA_P521_SHA512,
        &PKCS_ED25519,
        &PKCS_RSA_SHA256,
    ] {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let made = authority
            .issue_for(&wanted("leaf"), &key)
            .expect("a certificate");
        let certificate = Certificate::parse(&made.certificate).expect("a certificate");
        let own = PrivateKey::parse(&secret(&made.private_key)).expect("a key");
        assert_eq!(own.check_match(&certificate), Ok(()));
        let other = PrivateKey::parse(&secret(&stranger.private_key)).expect("a key");
        let problem = other.check_match(&certificate).expect_err("another key");
        assert_eq!(
            problem.summary,
            "Private key does not belong to the certificate"
        );
        assert!(problem.detail.contains("SHA-256"), "{}", problem.detail);
    }
}

/// Some libraries refuse these; Cloudflare and origins need not.
#[test]
fn an_unknown_critical_extension_does_not_make_a_key_a_stranger() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let mut params = CertificateParams::default();
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    let made = params.self_signed(&key).expect("a certificate");
    let certificate = Certificate::parse(&made.pem()).expect("a certificate");
    let own = PrivateKey::parse(&secret(&key.serialize_pem())).expect("a key");
    assert_eq!(own.check_match(&certificate), Ok(()));
}

/// SEC1, as `openssl ecparam -genkey` writes it, with the curve's name in front.
#[test]
fn a_sec1_key_with_its_curve_in_front_is_read() {
    let authority = Authority::new("CA").expect("a CA");
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let made = authority
        .issue_for(&wanted("leaf"), &key)
        .expect("a certificate");
    let pkcs8 = key.serialize_der();
    // Version 1 and the private number: where SEC1 begins inside PKCS#8.
    let start = [0x02, 0x01, 0x01, 0x04, 0x20];
    let at = pkcs8.windows(5).position(|window| window == start);
    let (number, public) = pkcs8[at.expect("SEC1 inside")..].split_at(5 + 32);
    let curve = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let mut content = [number, &[0xa0, 0x0a], &curve, public].concat();
    let mut sec1 = vec![0x30, u8::try_from(content.len()).expect("short")];
    sec1.append(&mut content);
    let text = format!(
        "{}{}",
        *pem::encode("EC PARAMETERS", &curve),
        *pem::encode("EC PRIVATE KEY", &sec1)
    );
    let certificate = Certificate::parse(&made.certificate).expect("a certificate");
    let parsed = PrivateKey::parse(&secret(&text)).expect("a key");
    assert_eq!(parsed.check_match(&certificate), Ok(()));
}

#[test]
fn a_chain_is_taken_leaf_first() {
    let authority = Authority::new("CA").expect("a CA");
    let made = authority.client("leaf", now()).expect("a certificate");
    let alone = Certificate::parse(&made.certificate).expect("a certificate");
    let there = Existing::find(&made.certificate).expect("a certificate");
    let chain = format!("{}{}", made.certificate, authority.certificate());
    let chained = Certificate::parse(&chain).expect("a chain");
    assert!(alone.is_same(&there) && alone.has_chain_of(&there));
    assert!(chained.is_same(&there) && !chained.has_chain_of(&there));
    assert_eq!(alone.facts(), chained.facts());
    assert_eq!(chained.to_pem(), chain, "clean PEM stays as it is");
}

#[test]
fn the_facts_are_in_the_forms_of_the_api() {
    let authority = Authority::new("Example CA").expect("a CA");
    let made = authority.client("leaf", now()).expect("a certificate");
    let certificate = Certificate::parse(&made.certificate).expect("a certificate");
    let facts = certificate.facts();
    assert_eq!(facts.issuer.as_deref(), Some("CN=Example CA,O=Example"));
    assert_eq!(facts.signature.as_deref(), Some("ECDSA-SHA256"));
    assert_eq!(facts.expires_on.as_deref(), Some("2027-11-21T00:00:00Z"));
    assert_eq!(facts.fingerprint_sha256.len(), 64);
    let serial = facts.serial_number.as_deref().expect("a number");
    assert!(serial.bytes().all(|byte| byte.is_ascii_digit()));
}

#[test]
fn expiry_is_judged_by_the_time_that_is_given() {
    let authority = Authority::new("CA").expect("a CA");
    let made = authority.issue(&wanted("leaf")).expect("a certificate");
    let certificate = Certificate::parse(&made.certificate).expect("a certificate");
    assert_eq!(certificate.check_expiry(now()), Ok(()));
    assert!(certificate.check_expiry(certificate.not_after()).is_err());
}

/// Self-signed, 1024 bits; nobody has its key.
const SMALL: &str = "\
-----BEGIN CERTIFICATE-----
MIIB+zCCAWSgAwIBAgIUS+DoH9mdWPC1ueTqNl7qaVYQCNwwDQYJKoZIhvcNAQEL
BQAwEDEOMAwGA1UEAwwFc21hbGwwIBcNMjYxMTIxMDg0MDEwWhgPMjEyNjEwMjgw
ODQwMTBaMBAxDjAMBgNVBAMMBXNtYWxsMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB
iQKBgQDiVcviA1WG3cswxMsJ2gnwLTk9LuXXBp+sPzIbGczWWCrhFEQga3ZJaybO
8zpZL8/SM3XdXOxKxYE2e/sjaNmcg9g1y5WkknhNLwkhH0Ua5cBfF6e05NSAtGti
GbY5jxwXO6fwagqNGN7SSv9IkddDS7jmJfI/GYc5ezEY9oQw+wIDAQABo1AwTjAd
BgNVHQ4EFgQUtV8J9s1hvHvJCHOZOYtVzKKN0zQwHwYDVR0jBBgwFoAUtV8J9s1h
vHvJCHOZOYtVzKKN0zQwDAYDVR0TAQH/BAIwADANBgkqhkiG9w0BAQsFAAOBgQC8
w7zyMQR0GMpuAj+QuRp/AZjZWwe114lK5w7lT4nXcFLAk4Ca62JbPIAPekUWgIZK
gQINpW897vK2IM/aTWxwXtYt/0TCmZP5EiNcrmbVnvwMnE8kFHt3UUgWfBXtFenl
do0TgXJHx4QAYAwzZ31EQ3N+dudHH0OtbUWSlVqr0Q==
-----END CERTIFICATE-----
";

#[test]
fn what_no_client_should_present_is_named() {
    let authority = Authority::new("CA").expect("a CA");
    let parse = |text: &str| Certificate::parse(text).expect("a certificate");
    let problem = parse(authority.certificate()).check_leaf();
    let problem = problem.expect_err("a CA's certificate");
    assert_eq!(problem.summary, "Certificate is a CA certificate");
    let problem = parse(SMALL).check_leaf().expect_err("a small key");
    assert!(problem.detail.contains("1024 bits"), "{}", problem.detail);

    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
    let made = authority.issue_for(&wanted("leaf"), &rsa);
    let made = parse(&made.expect("a certificate").certificate);
    assert_eq!(made.check_leaf(), Ok(()));
    assert!(made.serves_clients());
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    for (usages, serves) in [
        (vec![], true),
        (vec![ExtendedKeyUsagePurpose::ServerAuth], false),
        (vec![ExtendedKeyUsagePurpose::Any], true),
        (
            vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ],
            true,
        ),
    ] {
        params.extended_key_usages = usages;
        let made = params.self_signed(&key).expect("a certificate");
        assert_eq!(parse(&made.pem()).serves_clients(), serves);
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(text in ".{0,300}") {
        let _ = Certificate::parse(&text);
        let _ = PrivateKey::parse(&secret(&text));
    }

    #[test]
    fn no_content_makes_the_parsers_panic(
        label in "(CERTIFICATE|PRIVATE KEY|RSA PRIVATE KEY|EC PRIVATE KEY)",
        der in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let text = pem::encode(&label, &der);
        let _ = Certificate::parse(&text);
        if let Ok(key) = PrivateKey::parse(&secret(&text)) {
            let authority = Authority::new("CA").expect("a CA");
            let certificate = Certificate::parse(authority.certificate()).expect("a certificate");
            prop_assert!(key.check_match(&certificate).is_err());
        }
    }
}

/// An authority's certificate with this name, as these kinds of strings, and its key.
fn issuer(name: DnValue, key: &KeyPair) -> rcgen::Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.self_signed(key).expect("a certificate")
}

#[test]
fn a_certificate_may_have_no_end() {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.not_after = rcgen::date_time_ymd(9999, 12, 31);
    params.is_ca = IsCa::ExplicitNoCa;
    let text = params.self_signed(&key).expect("a certificate").pem();
    let certificate = Certificate::parse(&text).expect("a certificate");
    let expires = certificate.facts().expires_on.as_deref();
    assert_eq!(expires, Some("9999-12-31T00:00:00Z"));
    assert_eq!(certificate.check_expiry(now()), Ok(()));
}

#[test]
fn a_name_cannot_move_the_cursor() {
    let key = KeyPair::generate().expect("a key");
    let name = DnValue::Utf8String("a\u{1b}[2J\u{202e}b\nError: c".to_owned());
    let text = issuer(name, &key).pem();
    let issuer = Certificate::read(&text)
        .expect("a certificate")
        .facts()
        .issuer
        .clone();
    assert_eq!(
        issuer.as_deref(),
        Some("CN=a\\1B[2J\\E2\\80\\AEb\\0AError: c")
    );
}
