//! Fingerprints.

use aws_lc_rs::digest::{SHA256, digest};

use super::name::hex;

/// SHA-256 in lower-case hexadecimal.
pub fn fingerprint(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}
