//! Certificates and keys for the corpus, which must not hold any.
//!
//! In their place stand marks of the same length, so that the lengths around them stay
//! true. They are made anew in each process.

use std::sync::LazyLock;

use aop_simulator::pki::Authority;

use crate::answers::now;

/// A mark, and what takes its place.
struct Credential {
    mark: Vec<u8>,
    text: Vec<u8>,
}

/// The length of a certificate's mark, and of a key's.
const LENGTHS: (usize, usize) = (700, 300);

static CREDENTIALS: LazyLock<Vec<Credential>> = LazyLock::new(|| {
    let authority = Authority::new("Example origin CA").expect("an authority");
    let pairs = (1..=2).flat_map(|number| {
        let made = authority.client("shop", now()).expect("a certificate");
        [
            credential(
                &format!("@certificate {number}"),
                &made.certificate,
                LENGTHS.0,
            ),
            credential(&format!("@key {number}"), &made.private_key, LENGTHS.1),
        ]
    });
    pairs.collect()
});

fn credential(mark: &str, text: &str, length: usize) -> Credential {
    Credential {
        mark: format!("{mark:.<length$}").into_bytes(),
        text: format!("{text:\n<length$}").into_bytes(),
    }
}

/// The bytes with certificates and keys in the places of their marks.
pub(crate) fn filled(bytes: &[u8]) -> Vec<u8> {
    let mut filled = bytes.to_vec();
    for credential in CREDENTIALS.iter() {
        let length = credential.mark.len();
        let mut at = 0;
        while at + length <= filled.len() {
            match filled[at..].starts_with(&credential.mark) {
                true => {
                    filled.splice(at..at + length, credential.text.iter().copied());
                    at += length;
                }
                false => at += 1,
            }
        }
    }
    filled
}
