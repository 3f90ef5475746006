//! What an origin does with client certificates, seen from here: one TLS connection
//! without one, or with the one that Cloudflare is to present, and one `HEAD /`.
//!
//! ```text
//! Address ─► Probe ─► connection   TCP, `tls` with any server certificate, HEAD, `answer`
//!                        │ Seen
//!                     verdict      does it refuse, or what does it answer
//! ```
//!
//! It knows neither Terraform nor Cloudflare.

mod address;
mod answer;
mod connection;
mod tls;
mod verdict;

#[cfg(test)]
pub(crate) mod tests;

pub use address::{Address, is_server_name};
pub use connection::{Probe, Unreachable};
pub use verdict::{Asked, Outcome, Refusal, Seen};
