//! The plugin process: what Terraform starts, talks to and ends.
//!
//! The host sets environment variables, reads one line from standard output and
//! then speaks gRPC over a private socket, both sides pinned to one-time
//! certificates. Only this module reads `PLUGIN_*`, and where a host listens
//! only it writes to standard output.

mod handshake;
mod hclog;
mod host;
mod identity;
mod listener;
mod memory;
mod serve;

pub use handshake::{Handshake, NotAPlugin};
pub use hclog::start_logging;
pub use identity::install_crypto;
pub use memory::protect_memory;
pub use serve::{serve_debug, serve_plugin};

use jiff::Timestamp;

/// What the process says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The provider's short name, as in its address: in log records, and in the variable that
    /// sets their level.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// The crates whose log records are its own: a library's could carry what it sends.
    pub crates: &'static [&'static str],
}

/// The wall clock, read here and nowhere else; the rest of the provider is given
/// the time.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
