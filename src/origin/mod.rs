//! What an origin does with client certificates, seen from here: one TLS connection
//! without one, or with the one that Cloudflare is to present, and one `HEAD /`.
//!
//! ```text
//! Address ─► Probe ─► connection   TCP, TLS with any server certificate, HEAD
//!                        │ Seen
//!                     verdict      does it refuse, or what does it answer
//! ```
//!
//! It knows neither Terraform nor Cloudflare.

mod address;
mod connection;
mod verdict;

#[cfg(test)]
pub(crate) mod tests;

pub use address::{Address, is_server_name};
pub use connection::{Probe, Unreachable};
pub use verdict::{Outcome, Refusal, Seen};
