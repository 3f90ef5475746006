//! A stand-in for Cloudflare's Authenticated Origin Pulls API, faithful rule by
//! rule, with a clock that tests can move, faults on order and a request log.
//!
//! [`Simulator::handle`] answers one request; [`Simulator::listen`] serves HTTP on
//! a loopback address. The road of a request: `server` → faults and the log
//! (`simulator`) → `api` (who may, what for) → `zone` (the rules and the state). Beside
//! it stands the `edge`, which presents the zone's certificates to an origin.

mod api;
mod association;
mod certificate;
mod clock;
mod edge;
mod fault;
mod pem;
pub mod pki;
mod reply;
mod server;
mod settings;
mod simulator;
mod state;
mod status;
mod zone;

pub use association::Association;
pub use certificate::{Certificate, Store};
pub use clock::Clock;
pub use edge::{Edge, Origin, Presented, Tally, Traffic};
pub use fault::{Action, Fault, Gate};
pub use reply::{Answer, Reply};
pub use server::Listening;
pub use settings::{Settings, Shows};
pub use simulator::{Simulator, TOKEN, ZONE_ID};
pub use state::{Recorded, Request};
pub use status::Status;
pub use zone::Zone;
