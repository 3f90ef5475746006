//! What a simulated account holds, what it is asked, and what it has seen.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::fault::Fault;
use crate::settings::Settings;
use crate::zone::Zone;

/// What an account holds, and what it has seen.
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) zones: BTreeMap<String, Zone>,
    pub(crate) token: String,
    pub(crate) read_only_token: Option<String>,
    pub(crate) window: Window,
    pub(crate) faults: Vec<Fault>,
    pub(crate) log: Vec<Recorded>,
}

/// The window of the rate limit.
#[derive(Default)]
pub(crate) struct Window {
    pub(crate) begins_at: Duration,
    /// How many requests it has seen.
    pub(crate) requests: u32,
}

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// From `/client/v4` on, without the query.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// The `authorization` header.
    pub authorization: Option<String>,
    /// The `x-auth-email` and `x-auth-key` headers.
    pub key: Option<(String, String)>,
    /// The `user-agent` header.
    pub user_agent: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A request and what became of it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The path, without `/client/v4`.
    pub path: String,
    /// The query.
    pub query: String,
    /// The body as far as it is JSON; the private key is taken out.
    pub body: Json,
    /// The `user-agent` header.
    pub user_agent: String,
    /// When it came, since the start.
    pub at: Duration,
    /// The HTTP status; 0 if the connection was ended.
    pub status: u16,
}
