//! What users paste: certificates and keys. No message repeats any of it.

use terraform_provider_aop::x509::{Certificate, Existing, PrivateKey, Problem, without_keys};
use text::Secret;

use crate::credentials::filled;

/// Shorter than this a piece of the text may occur by chance, and tells nothing.
const TELLING: usize = 20;

/// The markers that messages show. A damaged one is no secret.
const SHOWN: [&str; 3] = [
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----",
];

/// A text that is taken for a certificate, a key, and both. What follows a zero byte is
/// the key.
pub(crate) fn pem(bytes: &[u8]) {
    let bytes = filled(bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (certificate, key) = text.split_once('\0').unwrap_or((&text, &text));
    let parsed = Certificate::parse(certificate);
    keeps_quiet(&parsed, certificate);
    let kept = without_keys(certificate);
    assert!(!kept.contains("PRIVATE KEY"), "a key is kept");
    if let Some(there) = Existing::find(certificate) {
        assert!(Existing::find(&kept).is_some_and(|kept| kept.is_same(&there)));
    }
    let key_parsed = PrivateKey::parse(&Secret::new(key.to_owned()));
    keeps_quiet(&key_parsed, key);
    if let Ok(certificate) = &parsed {
        let pem = certificate.to_pem();
        let there = Existing::find(&pem).expect("what was written is there");
        assert!(certificate.is_same(&there) && certificate.has_chain_of(&there));
        assert!(
            Certificate::parse(&pem).is_ok(),
            "what is uploaded is clean"
        );
        keeps_quiet(&certificate.check_leaf(), key);
        if let Ok(key_parsed) = &key_parsed {
            keeps_quiet(&key_parsed.check_match(certificate), key);
        }
    }
}

fn keeps_quiet<T>(outcome: &Result<T, Problem>, text: &str) {
    let Err(problem) = outcome else { return };
    let is_shown = |line: &str| SHOWN.iter().any(|marker| marker.contains(line));
    let lines = text.lines().map(str::trim).filter(|line| !is_shown(line));
    for line in lines.filter(|line| line.len() >= TELLING && !line.contains("-----")) {
        assert!(!problem.detail.contains(line), "a message repeats the text");
    }
}
