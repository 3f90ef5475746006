//! What users paste: certificates and keys. No message repeats any of it.

use terraform_provider_aop::secret::Secret;
use terraform_provider_aop::x509::{Certificate, PrivateKey, Problem};

use crate::credentials::filled;

/// Shorter than this a piece of the text may occur by chance, and tells nothing.
const TELLING: usize = 20;

/// A text that is taken for a certificate, a key, and both. What follows a zero byte is
/// the key.
pub(crate) fn pem(bytes: &[u8]) {
    let bytes = filled(bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (certificate, key) = text.split_once('\0').unwrap_or((&text, &text));
    let parsed = Certificate::parse(certificate);
    keeps_quiet(&parsed, certificate);
    let key_parsed = PrivateKey::parse(&Secret::new(key.to_owned()));
    keeps_quiet(&key_parsed, key);
    if let Ok(certificate) = &parsed {
        let again = Certificate::parse(&certificate.to_pem());
        assert!(again.is_ok_and(|again| again.same_chain(certificate)));
        keeps_quiet(&certificate.check_leaf(), key);
        if let Ok(key_parsed) = &key_parsed {
            keeps_quiet(&key_parsed.check_match(certificate), key);
        }
    }
}

fn keeps_quiet<T>(outcome: &Result<T, Problem>, text: &str) {
    let Err(problem) = outcome else { return };
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| line.len() >= TELLING && !line.contains("-----")) {
        assert!(!problem.detail.contains(line), "a message repeats the text");
    }
}
