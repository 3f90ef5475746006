//! A client that plays Terraform over the real binary, socket and mutual TLS.
//!
//! Tests are named for what a host may rely on; the number in front of each is
//! that of the conformance statement it holds.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test"
)]

mod client;
mod descriptors;
mod handshake;
mod list;
mod moves;
mod objects;
mod offers;
mod plan;
mod plugin;
mod schema;
mod values;
