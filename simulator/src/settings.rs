//! How the simulated API behaves. Each rule names the grade of its evidence:
//! documented (D), observed live (L), inferred (I) or guessed (G).

use std::time::Duration;

/// Everything that can be chosen.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From an upload to `active`; D: asynchronous, L: seconds to minutes. `None`:
    /// never, and after `deployment_timeout` it is `deployment_timed_out` (G).
    pub activation: Option<Duration>,
    /// When a deployment that never ends times out (G).
    pub deployment_timeout: Duration,
    /// How long a new certificate reads `initializing` (D: the status, not its length).
    pub initializing: Duration,
    /// How long a certificate that came back under its old id still reads
    /// `pending_deletion` (L: "for a moment").
    pub revival: Duration,
    /// From the write of an association to `active` (D: asynchronous). `None`: never, and
    /// after `deployment_timeout` it is `deployment_timed_out` (G).
    pub association: Option<Duration>,
    /// How long a voided association still shows its old value (L: seconds to two minutes).
    pub void_lag: Duration,
    /// From a void to its end, until which it holds the certificate (L).
    pub void: Duration,
    /// From a DELETE to `deleted` (L: about ten seconds). `None`: never, and after
    /// `deployment_timeout` it is `deletion_timed_out` (G).
    pub deletion: Option<Duration>,
    /// How long a new certificate is missing from lists (L).
    pub list_lag: Duration,
    /// How long after `active` some of the edge's points of presence still present
    /// what they did before. A deletion reaches them at once (G: the strictest reading).
    pub edge_lag: Duration,
    /// How long every request takes.
    pub latency: Duration,
    /// How much of a certificate answers show (D: everything; G: less).
    pub shows: Shows,
    /// What `pending_deployment` reads instead (G: a status that nobody knows yet).
    pub pending_as: Option<String>,
    /// How far the API's clock is ahead of the user's, in seconds, if answers say the
    /// date; the server of this simulator says its own where they do not.
    pub clock_ahead: Option<i64>,
    /// Whether the id of a deleted certificate still answers, with `deleted` (L: both seen).
    pub tombstones: bool,
    /// Whether the list of associations exists (D since 2026-08).
    pub lists_associations: bool,
    /// Requests in a window, for each credential (D: 1,200 in 300 s).
    pub rate_limit: Option<(u32, Duration)>,
    /// Certificates that the hostname store of a zone takes (D: 10).
    pub hostname_certificates: usize,
    /// Whether those that are still being deleted count too (G: nobody knows).
    pub pending_deletions_count: bool,
    /// Associations that a certificate takes (D: 100).
    pub associations: usize,
    /// Associations that one PUT takes (G: nothing is documented).
    pub associations_per_write: usize,
}

/// How much of a certificate answers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Everything.
    Everything,
    /// The leaf alone where a chain was uploaded, and everything else.
    Leaf,
    /// Everything, a chain in the opposite order.
    Reversed,
    /// The id and the status.
    Little,
}

impl Default for Settings {
    /// A quick API that breaks none of the documented limits' rules.
    fn default() -> Self {
        Self {
            activation: Some(Duration::from_millis(300)),
            deployment_timeout: Duration::from_secs(300),
            initializing: Duration::ZERO,
            revival: Duration::ZERO,
            association: Some(Duration::from_millis(200)),
            void_lag: Duration::ZERO,
            void: Duration::from_millis(200),
            deletion: Some(Duration::from_millis(300)),
            list_lag: Duration::ZERO,
            edge_lag: Duration::ZERO,
            latency: Duration::ZERO,
            shows: Shows::Everything,
            pending_as: None,
            clock_ahead: None,
            tombstones: true,
            lists_associations: true,
            rate_limit: Some((1200, Duration::from_secs(300))),
            hostname_certificates: 10,
            pending_deletions_count: false,
            associations: 100,
            associations_per_write: 10_000,
        }
    }
}
