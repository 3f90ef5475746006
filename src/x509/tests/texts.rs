//! What users paste and what is there already: texts of every shape.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
};

use super::super::{Certificate, Existing, PrivateKey, pem, without_keys};
use super::{issuer, now, secret, wanted};
use aop_simulator::pki::Authority;

fn summary<T>(read: Result<T, super::super::Problem>) -> &'static str {
    read.err().map_or("read", |problem| problem.summary)
}

/// A text with something after every so many letters.
fn spaced(text: &str, every: usize, gap: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let parts = letters
        .chunks(every)
        .map(|part| part.iter().collect::<String>());
    parts.collect::<Vec<_>>().join(gap)
}

/// Whatever is beside clean blocks is passed over only if it cannot be a key; and what is
/// not clean is an error that says what to do and repeats nothing.
#[test]
fn what_is_given_is_used_or_named() {
    let authority = Authority::new("CA").expect("a CA");
    let made = authority.client("leaf", now()).expect("a certificate");
    let (leaf, upper, key) = (
        &made.certificate,
        authority.certificate(),
        &made.private_key,
    );
    let body = key.lines().nth(1).expect("a line");
    let no_end = key.trim_end().trim_end_matches('-');
    let cases = [
        (format!("{leaf}\u{feff}{upper}"), ""),
        (format!("\u{feff}{leaf}{upper}"), ""),
        (
            format!("subject=CN = leaf\n\n{leaf}Bag Attributes: none\n  {upper}"),
            "",
        ),
        (format!("{leaf}{upper}").replace('\n', "\r\n"), ""),
        (format!("{leaf}{upper}").replace('\n', "\r"), ""),
        (format!("{leaf}{upper}").replace('\n', "\u{2028}"), ""),
        (format!("{leaf}{upper}").replace('\n', " \t\n   "), ""),
        (
            format!(
                "{leaf}{}",
                upper.replace("CERTIFICATE-----\nM", "CERTIFICATE----- # mine\nM")
            ),
            "more than that",
        ),
        (
            format!(
                "{leaf}{}",
                upper.replace("-----BEGIN", "x\u{feff}-----BEGIN")
            ),
            "more than that",
        ),
        (format!("{leaf}\u{200b}{upper}"), "more than that"),
        (format!("\"{leaf}\""), "more than that"),
        (leaf.replace("-----BEGIN", "----BEGIN"), "five hyphens"),
        (leaf.replace("-----BEGIN", "—–BEGIN"), "five hyphens"),
        (leaf.replace("-----BEGIN", "-----begin"), "five hyphens"),
        (
            format!(
                "{leaf}{}",
                upper.replace("-----BEGIN CERTIFICATE-----\n", "")
            ),
            "has no BEGIN line",
        ),
        // Words that programs and people put between blocks.
        (
            format!(
                "subject=CN = front-end.example.com\n# leaf - ends 2027\n{leaf}\
                 --------------------\nfriendlyName: api-endpoint\n{upper}"
            ),
            "",
        ),
        (
            format!(
                "SHA256 \
                 Fingerprint=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\nserial=00d1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3\n# \
                 Serial: 123456789012345678901234567890123456789\n{leaf}CA Issuers - \
                 URI:http://crt.example.com/ExampleRSA4096DomainValidationSecureServerCA.crt\n# \
                 /home/ubuntu/terraform/certificates/production/Client2026Certificate.pem\n{upper}"
            ),
            "",
        ),
        // What a block must not hold, and what might be a key in disguise.
        (
            leaf.replacen('\n', &format!("\nkey: {body}\n"), 1),
            "is not base64",
        ),
        (
            leaf.replacen('\n', "\n{\"kty\": \"EC\", \"d\": \"x\"}\n", 1),
            "is not base64",
        ),
        (
            format!("{leaf}{}\n", spaced(body, 10, " ")),
            "might be a part of a key",
        ),
        (
            format!("{leaf}{}\n", spaced(body, 30, "\n")),
            "might be a part of a key",
        ),
        (
            format!("{leaf}prime1:\n    00:e1:22\n"),
            "might be a part of a key",
        ),
        (
            format!("{leaf}private key:\n\t00:e1:22\n"),
            "might be a part of a key",
        ),
        (
            format!("{leaf}{{ \"d\" : \"a-b\" }}\n"),
            "might be a part of a key",
        ),
        (STANDARD.encode(key), "base64 of a private key"),
        (
            spaced(STANDARD.encode(leaf).trim_end_matches('='), 75, "\n"),
            "base64decode",
        ),
        (format!("\"{}\"", STANDARD.encode(leaf)), "base64decode"),
        ("certificates/client.pem".to_owned(), "file("),
        (leaf.replace('\n', "\\r\\n"), "replace("),
        (
            format!("{leaf}{upper}").replace(
                "-----BEGIN CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\n\u{feff}",
            ),
            "",
        ),
        (format!("{}{upper}", leaf.trim_end()), "join(\"\\n\""),
        (
            format!("{}{key}", leaf.trim_end()),
            "private key begins in the middle",
        ),
        (leaf.replace('\n', "\\n"), "replace("),
        (leaf.replace('\n', " "), "line breaks seem to be lost"),
        (STANDARD.encode(leaf), "base64decode"),
        (format!("{leaf}{leaf}"), "the same one"),
        (format!("{leaf}{upper}{leaf}"), "the same one"),
        (format!("{leaf}{key}"), "is a private key"),
        (format!("{leaf}{no_end}"), "private key"),
        (format!("{leaf}{body}\n"), "might be a part of a key"),
        (format!("{body}\n{leaf}"), "might be a part of a key"),
        (
            format!("{leaf}Private-Key: (256 bit)\npriv:\n    00:11:22\n"),
            "might be a part of a key",
        ),
        (format!("{leaf}-----END PRIVATE KEY-----\n"), "private key"),
    ];
    for (text, said) in cases {
        match (Certificate::parse(&text), said) {
            (Ok(read), "") => {
                assert!(read.to_pem() == format!("{leaf}{upper}"), "{text}");
                let there = Existing::find(&text).expect("the other reader takes more");
                assert!(read.is_same(&there) && read.has_chain_of(&there), "{text}");
                assert_eq!(without_keys(&text), text);
            }
            (Err(problem), said) if !said.is_empty() => {
                assert!(
                    problem.detail.contains(said),
                    "{said:?}: {problem:?}\n{text}"
                );
                assert!(!problem.detail.contains(body), "{problem:?}");
            }
            (other, _) => panic!("{:?}\n{text}", other.err()),
        }
    }
}

#[test]
fn a_key_is_read_whatever_its_label_says() {
    let authority = Authority::new("CA").expect("a CA");
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_RSA_SHA256, &PKCS_ED25519] {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let made = authority
            .issue_for(&wanted("leaf"), &key)
            .expect("a certificate");
        let certificate = Certificate::parse(&made.certificate).expect("a certificate");
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "ED25519 PRIVATE KEY",
        ] {
            let text = pem::encode(label, &key.serialize_der());
            let parsed = PrivateKey::parse(&secret(&text)).expect(label);
            assert_eq!(parsed.check_match(&certificate), Ok(()), "{label}");
            let uploaded = PrivateKey::parse(&parsed.to_pem()).expect("what is uploaded");
            assert!(uploaded.matches(&certificate));
        }
    }
    let made = authority.client("leaf", now()).expect("a certificate");
    for (text, said) in [
        (made.private_key.replace('\n', "\\n"), "replace("),
        (STANDARD.encode(&made.private_key), "base64decode"),
        (format!("'{}'", made.private_key), "more than that"),
        (
            format!("{}{}", made.private_key.trim_end(), made.certificate),
            "join(",
        ),
        (made.certificate.clone(), "is a certificate"),
        ("x".repeat(100_000), "limit"),
    ] {
        let problem = PrivateKey::parse(&secret(&text)).err().expect(said);
        assert!(problem.detail.contains(said), "{said:?}: {problem:?}");
    }
}

#[test]
fn the_signature_says_who_issued_a_certificate() {
    let key = KeyPair::generate().expect("a key");
    let printable = DnValue::PrintableString("Example CA".try_into().expect("a name"));
    let utf8 = DnValue::Utf8String("Example CA".to_owned());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::ExplicitNoCa;
    let leaf_key = KeyPair::generate().expect("a key");
    let by = |name: DnValue| {
        let mut ca = CertificateParams::default();
        ca.distinguished_name = DistinguishedName::new();
        ca.distinguished_name.push(DnType::CommonName, name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = rcgen::Issuer::from_params(&ca, &key);
        params
            .signed_by(&leaf_key, &issuer)
            .expect("a certificate")
            .pem()
    };
    // The leaf writes the name of its issuer in another kind of string.
    let text = format!("{}{}", by(printable), issuer(utf8.clone(), &key).pem());
    assert_eq!(summary(Certificate::parse(&text)), "read");
    // The right name, and another key; of the same kind, and of another.
    for algorithm in [
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ED25519,
        &PKCS_RSA_SHA256,
    ] {
        let other = KeyPair::generate_for(algorithm).expect("a key");
        let text = format!("{}{}", by(utf8.clone()), issuer(utf8.clone(), &other).pem());
        let problem = Certificate::parse(&text).expect_err("another key");
        assert_eq!(problem.summary, "Certificates do not belong together");
        assert!(problem.detail.contains("but another key"), "{problem:?}");
    }
    let reversed = format!("{}{}", issuer(utf8.clone(), &key).pem(), by(utf8));
    assert_eq!(
        summary(Certificate::parse(&reversed)),
        "Certificates are in the wrong order"
    );
}

/// What is there already is what it is, whatever the strict reader would say.
#[test]
fn what_is_there_is_read_as_it_is() {
    let authority = Authority::new("CA").expect("a CA");
    let made = authority.client("leaf", now()).expect("a certificate");
    let (leaf, upper) = (&made.certificate, authority.certificate());
    let clean = Certificate::parse(leaf).expect("a certificate");
    for text in [
        leaf.clone(),
        format!("{upper}{leaf}"),
        format!("{leaf}{leaf}{upper}"),
        format!("x\u{feff}{leaf}"),
        leaf.replace('\n', " "),
        leaf.replace('\n', "\\n"),
        format!("{}{upper}", leaf.trim_end()),
        format!("{leaf}{}", made.private_key),
        format!("{leaf}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        let there = Existing::find(&text).expect("a certificate");
        assert!(clean.is_same(&there), "{text}");
        assert_eq!(there.facts(), clean.facts());
        assert!(!without_keys(&text).contains("PRIVATE"));
        let body = made.private_key.lines().nth(1).expect("a line");
        for hidden in [
            format!("{text}\n{body}\n"),
            format!("{text}\nPrivate-Key: (256 bit)\npriv:\n 00:11\n"),
            format!("{text}\n{}", STANDARD.encode(&made.private_key)),
        ] {
            let kept = without_keys(&hidden);
            assert!(!kept.contains(body) && !kept.contains("riv"), "{kept}");
        }
    }
    assert!(Existing::find("").is_none());
    let unread = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let unread = Existing::find(unread).expect("something");
    let facts = unread.facts();
    assert_eq!(facts.fingerprint_sha256.len(), 64);
    assert_eq!(facts.issuer, None);
}

/// Two certificates that have nothing to do with each other, and one that renews another.
#[test]
fn what_does_not_belong_is_named_wherever_it_stands() {
    let authority = Authority::new("CA").expect("a CA");
    let made = authority.client("leaf", now()).expect("a certificate");
    let other = authority.client("other", now()).expect("a certificate");
    let text = format!("{}{}", made.certificate, other.certificate);
    let read = Certificate::read(&text).expect("clean");
    let problem = read.check_members().expect_err("a stranger");
    assert_eq!(problem.summary, "Certificates do not belong together");
    // A self-signed leaf and its renewal with the same key: neither may sign.
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::ExplicitNoCa;
    let old = params.self_signed(&key).expect("a certificate").pem();
    params.serial_number = Some(7_u64.into());
    let new = params.self_signed(&key).expect("a certificate").pem();
    let text = format!("{old}{new}");
    assert_eq!(
        summary(Certificate::parse(&text)),
        "Certificates do not belong together"
    );
    let turned = format!("{}{}", authority.certificate(), made.certificate);
    let turned = Certificate::read(&turned).expect("clean");
    assert_eq!(turned.check_members(), Ok(()));
}

/// Texts that would keep a reader busy for minutes.
#[test]
fn no_text_takes_long() {
    for text in [
        format!("{}-----END ", "-----BEGIN X-----".repeat(60_000)),
        "-----BEGIN CERTIFICATE-----".repeat(30_000),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".repeat(15_000),
    ] {
        assert!(Existing::find(&text).is_none_or(|there| there.facts().issuer.is_none()));
        without_keys(&text);
    }
}
