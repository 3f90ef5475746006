//! Cloudflare's Authenticated Origin Pulls API: what can be asked, and how a
//! request survives the network, the rate limit and an interruption.
//!
//! The road of a request: `client` (one method for each endpoint) → `shared_list` (one
//! list for all who ask), `coalescer` and `batch` (many writes in few) → `limit` (the budget of the
//! credential) → `retry` (back-off to the deadline) → `send` (one
//! request, one answer), with `outcome` as the one table that says what an
//! answer means. `run` knows who of the callers owns what.

mod association;
mod associations;
mod batch;
mod certificate;
mod client;
mod coalescer;
mod envelope;
mod error;
mod id;
mod limit;
mod locked;
mod locks;
mod messages;
mod network;
mod observed;
mod outcome;
mod pace;
mod proxy;
mod queue;
mod quote;
mod repoint;
mod request;
mod retry;
mod run;
mod scope;
mod send;
mod setting;
mod shared_list;
mod status;
mod wait;

#[cfg(any(test, feature = "in-process"))]
pub mod in_process;

#[cfg(test)]
mod tests;

pub use association::{Association, AssociationWrite, Associations};
pub use associations::{HOSTNAMES_PER_CERTIFICATE, Pages};
pub use batch::Batch;
pub use certificate::{Certificate, Presented, Store};
pub use client::{Client, Options, Zone};
pub use coalescer::Looking;
pub use error::{CREDENTIAL, Error, NO_ROUTE, PERMISSION, Refusal};
pub use id::{CertificateId, Hostname, IdProblem, ZoneId};
pub use locked::Locked;
pub use observed::{Observed, Trust};
pub use proxy::{Malformed, Way, is_loopback};
pub use queue::Wanted;
pub use repoint::Repointed;
pub use request::{Answer, Body, Method, Ray, Request, SendError, Transport};
pub use run::{Claim, Destruction, Key, Lost, Ownership, Run, SlotWait, Taken, Until};
pub use scope::{Interrupted, Scope};
pub use send::{Credential, Http, REQUEST_TIMEOUT, Server};
pub use setting::Switch;
pub use shared_list::{AsOf, Fresh};
pub use status::Status;
pub use wait::{Polls, Wait, WaitKind};
