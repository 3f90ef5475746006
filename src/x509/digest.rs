//! Fingerprints.

use aws_lc_rs::digest::{SHA256, digest};

use super::name::hex;

/// SHA-256 in lower-case hexadecimal.
pub(super) fn fingerprint(der: &[u8]) -> String {
    hex(digest(&SHA256, der).as_ref())
}
