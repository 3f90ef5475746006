//! Fingerprints, and what is made of digests beside them.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

use super::name::hex;

/// SHA-256 in lower-case hexadecimal.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// The identifier of a public key, from the content of its bit string: the first 160 bits of
/// its SHA-256 (RFC 7093, method 1).
pub(super) fn key_id(bits: &[u8]) -> Vec<u8> {
    digest(&SHA256, bits)
        .as_ref()
        .iter()
        .take(20)
        .copied()
        .collect()
}

/// The first 64 bits of the HMAC of these words, each with its length before it.
pub(super) fn keyed(key: &[u8], words: &[&str]) -> [u8; 8] {
    let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
    for word in words {
        context.update(&(word.len() as u64).to_be_bytes());
        context.update(word.as_bytes());
    }
    let mut first = [0; 8];
    let tag = context.sign();
    first
        .iter_mut()
        .zip(tag.as_ref())
        .for_each(|(to, from)| *to = *from);
    first
}
