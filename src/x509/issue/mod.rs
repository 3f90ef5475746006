//! Certificates that are made here: the key of a client, and the certificate that an
//! authority of the user signs for it.
//!
//! ```text
//! Authority::read ─► check ─► issue(Order) ─► Issued { certificate, key }
//!       PEM                     leaf: TBS, signed by the authority's key
//! ```
//!
//! The authority's name is taken over byte for byte: what is written once more could be
//! written otherwise, and verifiers compare bytes.

mod authority;
mod der;
mod leaf;

#[cfg(test)]
mod tests;

pub use authority::Authority;
pub use leaf::{Issued, Order, subject_of};
