//! Terraform and OpenTofu provider for Cloudflare Authenticated Origin Pulls.
//!
//! # The road of the data
//!
//! ```text
//! terraform ── env, stdout ─► plugin      handshake, pinned mutual TLS, socket, shutdown, log
//!                               │ gRPC
//!                             wire        one thin function for each RPC; messages <-> framework
//!                               │ bytes
//!                             value       MessagePack / JSON <-> Dynamic, directed by the type
//!                               │ Dynamic
//!                             framework   Model (typed), planner, handoffs, private state
//!                               │ Planned<Model>
//!                             resources   intent: which calls, in what order
//!                               │ domain types
//!                             cloudflare  client ► lists, batches ► limit ► retry ► send; owners of a run; waits
//! ```
//!
//! Each layer that could stand alone is a crate, so that the compiler sees that it knows
//! nothing above it: `text` (what must not be seen, and what can), `resolver` (names, for a
//! program that is linked statically), `framework` (with
//! `plugin`, `wire` and `value`: it knows Terraform, and not what a provider is for) and
//! `cloudflare` (the client: it knows no Terraform). This crate joins them: [`x509`] reads and
//! issues certificates and keys, [`origin`] looks at servers that ask for them, [`functions`]
//! need no API, [`resources`] are where Terraform's words and Cloudflare's meet, [`provider`]
//! joins arguments, environment and all that is offered, and [`command`] is the command line
//! beside it. A resource is described once, by one walk over its model: its schema, its decoder
//! and its encoder are three readings of that walk, and the pages of `docs/` are made from the
//! schema.
//!
//! # Invariants
//!
//! Each is held by the compiler, or by a test in `tests/tidy`.
//!
//! - Crates and modules import downwards only.
//! - The planner is synchronous and pure: configuration, prior state, private
//!   state, the provider's settings and the clock go in, a plan comes out.
//! - Only `plugin` reads `PLUGIN_*`, and where a host listens only it writes to standard output.
//! - Only `cloudflare::send` and `origin::connection` open connections.
//! - A cryptographic library is named in `plugin::identity`, `origin::tls`, `x509::digest`,
//!   `x509::issued`, `x509::key`, `x509::key_algorithm` and `x509::serial` only.
//! - A secret leaves its wrapper in two files: where a request is sent and where
//!   a key is matched with its certificate.
//! - No certificate is deleted that a hostname is left on, that may still be
//!   serving one, or that another resource of the run has taken over; and none that
//!   the answer's state names (`resources::tests` strikes every request of a run).
//! - The clock is read in one place, and everything that waits can be
//!   interrupted and has a deadline.

pub mod command;
pub mod functions;
pub mod origin;
pub mod provider;
pub mod resources;
pub mod x509;
