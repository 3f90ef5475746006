//! The edge: which certificate Cloudflare would present for a hostname, and real
//! mTLS connections with it, so that "no gap" is a count and not a belief.

mod handshake;
mod origin;
mod presented;
mod traffic;

pub use handshake::Edge;
pub use origin::Origin;
pub use presented::Presented;
pub use traffic::{Tally, Traffic};
