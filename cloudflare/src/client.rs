//! The client: one for each configuration of the provider.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use super::coalescer::WriteCoalescer;
use super::id::Segment;
use super::limit::Limiter;
use super::locks::ZoneLocks;
use super::outcome::Effect;
use super::queue::Queue;
use super::retry::{Accepted, Sender};
use super::shared_list::SharedList;
use super::wait::Paces;
use super::{
    Associations, Body, Certificate, Error, Method, Request, Run, Scope, Transport, ZoneId,
};

/// The way to Cloudflare for one credential.
pub struct Client {
    sender: Sender,
    run: Run,
    propagation_delay: Duration,
    paces: Paces,
    zones: Mutex<HashMap<ZoneId, Arc<Common>>>,
}

/// How a client behaves.
pub struct Options {
    /// The user's own limit of requests.
    pub requests_per_second: Option<f64>,
    /// How often a failed request is repeated; without it, to the operation's deadline.
    pub max_retries: Option<u32>,
    /// How long after `active` points of presence may lag behind.
    pub propagation_delay: Duration,
    /// The seed of all chance.
    pub seed: u64,
    /// The wall clock, for dates in answers.
    pub clock: fn() -> Timestamp,
}

/// What all operations on a zone have in common.
#[derive(Default)]
pub(super) struct Common {
    pub(super) locks: ZoneLocks,
    pub(super) zone_certificates: SharedList<Vec<Certificate>>,
    pub(super) hostname_certificates: SharedList<Vec<Certificate>>,
    pub(super) associations: SharedList<Associations>,
    pub(super) zone_switch: SharedList<bool>,
    pub(super) global_switch: SharedList<bool>,
    pub(super) queue: Queue,
    pub(super) coalescer: Arc<WriteCoalescer>,
}

impl Client {
    /// A client over this transport. Sends nothing yet.
    pub fn new(transport: Box<dyn Transport>, options: &Options) -> Arc<Self> {
        let limiter = Limiter::new(options.requests_per_second);
        Arc::new(Self {
            sender: Sender::new(
                transport,
                limiter,
                options.max_retries,
                options.seed,
                options.clock,
            ),
            run: Run::default(),
            propagation_delay: options.propagation_delay,
            paces: Paces::default(),
            zones: Mutex::default(),
        })
    }

    /// What this run owns.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// A zone.
    pub fn zone(&self, id: &ZoneId) -> Zone<'_> {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        Zone {
            client: self,
            id: id.clone(),
            common: Arc::clone(zones.entry(id.clone()).or_default()),
        }
    }
}

/// One zone of Cloudflare's.
pub struct Zone<'a> {
    client: &'a Client,
    id: ZoneId,
    pub(super) common: Arc<Common>,
}

impl Zone<'_> {
    /// Its id.
    pub fn id(&self) -> &ZoneId {
        &self.id
    }

    /// Whether something that failed so often may be repeated.
    pub fn may_repeat(&self, attempts: u32) -> bool {
        self.client.sender.may_repeat(attempts)
    }

    /// How far Cloudflare's clock is ahead of this machine's (negative: behind it), where
    /// they differ by more than five minutes.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        self.client.sender.ahead()
    }

    /// Whether an answer of Cloudflare has said what time it is there.
    pub fn is_clock_known(&self) -> bool {
        self.client.sender.is_clock_known()
    }

    /// The time as Cloudflare has it, as far as is known.
    pub fn now(&self) -> Timestamp {
        self.client.sender.now()
    }

    /// How long after `active` points of presence may lag behind.
    pub fn propagation_delay(&self) -> Duration {
        self.client.propagation_delay
    }

    /// What this run owns, here and elsewhere.
    pub fn run(&self) -> &Run {
        self.client.run()
    }

    /// How long things take in this run.
    pub(super) fn paces(&self) -> &Paces {
        &self.client.paces
    }

    /// Sends one request about this zone. `path` goes behind the zone's own.
    pub(super) async fn request<T: DeserializeOwned>(
        &self,
        scope: &Scope,
        method: Method,
        path: &str,
        body: Option<Body>,
    ) -> Result<T, Error> {
        let accepted = self.send(scope, method, path, body, &|| true).await?;
        accepted.result()
    }

    /// Sends one request as long as it is `wanted`, which is asked before every try.
    pub(super) async fn send(
        &self,
        scope: &Scope,
        method: Method,
        path: &str,
        body: Option<Body>,
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Accepted<'_>, Error> {
        let request = self.build(method, path, body);
        self.client.sender.request(scope, request, wanted).await
    }

    /// The same; tells of an error whether the request may have been carried out all the
    /// same: it was not answered, or tried more than once.
    pub(super) async fn send_and_tell(
        &self,
        scope: &Scope,
        method: Method,
        path: &str,
        body: Option<Body>,
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Accepted<'_>, (Error, Effect)> {
        let tries = AtomicU32::new(0);
        let counted = || {
            let is_wanted = wanted();
            tries.fetch_add(u32::from(is_wanted), Ordering::Relaxed);
            is_wanted
        };
        let sent = self.send(scope, method, path, body, &counted).await;
        sent.map_err(|error| {
            let effect = match tries.into_inner() {
                0 => Effect::None,
                1 if error.is_definite() => Effect::None,
                _ => Effect::Possible,
            };
            (error, effect)
        })
    }

    fn build(&self, method: Method, path: &str, body: Option<Body>) -> Request {
        Request {
            method,
            path: format!("/zones/{}{path}", self.id.segment()),
            body,
        }
    }
}
