//! The budget of requests. Cloudflare counts 1,200 in five minutes for each user
//! or token, over everything they do, and then blocks all of it: so the budget is
//! kept here before Cloudflare has to say so.
//!
//! Every command is a new process that knows nothing of the one before. So its first
//! request goes alone, and its answer's `Ratelimit` header says how many others may follow.
//! Where no header comes, the budget is small, and grows as documented.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use jiff::fmt::rfc2822;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Answer, Error, Interrupted, Scope};

/// The documented budget: 1,200 in 300 seconds.
const PER_SECOND: f64 = 4.0;
/// What a process may send where Cloudflare does not say how much is left.
const AT_FIRST: f64 = 20.0;
/// How long the others wait for the answer to a process's first request.
const FIRST_ANSWER: Duration = Duration::from_secs(1);
/// The most that is saved up without a word from Cloudflare.
const MOST: f64 = 100.0;

/// The budget of one credential.
pub(super) struct Limiter {
    state: Mutex<State>,
    /// Tells those who wait for the first answer.
    heard: watch::Sender<()>,
    /// The user's own limit.
    spacing: Option<Duration>,
}

struct State {
    /// Whether an answer has come, or does not for long.
    has_heard: bool,
    /// Requests that may be sent now.
    left: f64,
    /// When `left` was true.
    at: Instant,
    /// Cloudflare said how much is left: nothing is added before then.
    full_at: Option<Instant>,
    /// Requests whose answers have not come.
    under_way: u32,
    /// Nothing at all is sent before.
    paused_until: Instant,
    /// The user's limit: the next request is not sent before.
    next: Instant,
}

impl Limiter {
    pub(super) fn new(requests_per_second: Option<f64>) -> Self {
        let now = Instant::now();
        Self {
            heard: watch::Sender::default(),
            state: Mutex::new(State {
                has_heard: false,
                left: AT_FIRST,
                at: now,
                full_at: None,
                under_way: 0,
                paused_until: now,
                next: now,
            }),
            spacing: requests_per_second.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        }
    }

    /// Waits until one request may be sent. The permit is held until its answer is there.
    pub(super) async fn acquire(&self, scope: &Scope) -> Result<Permit<'_>, Error> {
        scope.check()?;
        let mut heard = self.heard.subscribe();
        loop {
            let wait = match self.take() {
                Turn::Now => return Ok(Permit(self)),
                Turn::AfterFirstAnswer => {
                    let first = tokio::time::timeout(FIRST_ANSWER, heard.changed());
                    if scope.until(first).await?.is_err() {
                        self.with(|state, _| state.has_heard = true);
                    }
                    continue;
                }
                Turn::In(wait) => wait,
            };
            if wait > Duration::from_secs(1) {
                tracing::info!(seconds = wait.as_secs(), "waiting for the rate limit");
            }
            scope.sleep_for_limit(wait).await.map_err(|why| match why {
                Interrupted::Deadline => Error::RateLimited { delay: wait },
                Interrupted::Cancelled => why.into(),
            })?;
        }
    }

    /// Learns from an answer's headers.
    pub(super) fn observe(&self, answer: &Answer) {
        let told = answer.ratelimit.as_deref().and_then(tightest_policy);
        self.with(|state, now| {
            state.has_heard = true;
            if answer.status == 429 && told.is_none() && state.full_at.is_none() {
                // Nothing is known: nobody goes before it is clear how long all have to wait.
                state.left = 0.0;
                state.at = now;
            }
            let Some((remaining, reset)) = told else {
                return;
            };
            // What is under way may not be counted there yet.
            state.left = remaining - f64::from(state.under_way.saturating_sub(1));
            state.at = now;
            // Whole seconds, and nobody says how they are rounded.
            state.full_at = Some(now + reset + Duration::from_secs(1));
        });
    }

    /// Lets nobody send for a while, because Cloudflare says so.
    pub(super) fn pause(&self, delay: Duration) {
        self.with(|state, now| state.paused_until = state.paused_until.max(now + delay));
    }

    /// Takes one request from the budget, or says what to wait for before asking again.
    fn take(&self) -> Turn {
        self.with(|state, now| {
            if !state.has_heard && state.under_way > 0 {
                return Turn::AfterFirstAnswer;
            }
            state.refill(now);
            let ready = state.ready(now).max(state.paused_until);
            let ready = if self.spacing.is_some() {
                ready.max(state.next)
            } else {
                ready
            };
            if ready > now {
                return Turn::In(ready - now);
            }
            if let Some(spacing) = self.spacing {
                state.next = now.max(state.next) + spacing;
            }
            state.left -= 1.0;
            state.under_way += 1;
            Turn::Now
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State, Instant) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut state, Instant::now())
    }
}

/// When a request may be sent.
enum Turn {
    Now,
    In(Duration),
    /// Another one is on its way, and its answer says how much is left.
    AfterFirstAnswer,
}

impl State {
    fn refill(&mut self, now: Instant) {
        match self.full_at {
            Some(full_at) if now < full_at => {}
            Some(_) => {
                self.full_at = None;
                self.left = self.left.max(AT_FIRST);
                self.at = now;
            }
            None => {
                let earned = (now - self.at).as_secs_f64() * PER_SECOND;
                self.left = (self.left + earned).min(MOST.max(self.left));
                self.at = now;
            }
        }
    }

    /// When there will be budget for one request.
    fn ready(&self, now: Instant) -> Instant {
        if self.left >= 1.0 {
            return now;
        }
        self.full_at.unwrap_or_else(|| {
            now + Duration::from_secs_f64((1.0 - self.left).max(0.0) / PER_SECOND)
        })
    }
}

/// One request under way.
pub(super) struct Permit<'a>(&'a Limiter);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.with(|state, _| state.under_way -= 1);
        self.0.heard.send_replace(());
    }
}

/// Of several policies, the one that leaves least; of those that leave the same, the one
/// that takes longest.
fn tightest_policy(header: &str) -> Option<(f64, Duration)> {
    let policies = header.split(',').filter_map(policy);
    policies.min_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)))
}

/// `"default";r=50;t=30`: how many requests are left, and when there are more.
fn policy(text: &str) -> Option<(f64, Duration)> {
    let mut remaining = None;
    let mut reset = None;
    for part in text.split(';') {
        match part.trim().split_once('=') {
            Some(("r", count)) => remaining = count.trim().parse::<u32>().ok(),
            Some(("t", seconds)) => reset = seconds.trim().parse::<u32>().ok(),
            _ => {}
        }
    }
    Some((
        f64::from(remaining?),
        Duration::from_secs(u64::from(reset?).min(3600)),
    ))
}

/// No server is believed when it asks for less or more.
const DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3600));

/// How long the server asks to wait: `retry-after` in seconds or as a date, else the reset
/// of a budget of which it says that nothing is left.
pub(super) fn server_delay(answer: &Answer, now: jiff::Timestamp) -> Option<Duration> {
    let header = answer.retry_after.as_deref().map(str::trim);
    let from_header = header.and_then(|text| {
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let date = rfc2822::parse(text).ok()?.timestamp();
        // By the clock that wrote the date, where that is known.
        let theirs = answer
            .date
            .as_deref()
            .and_then(|text| rfc2822::parse(text).ok());
        let now = theirs.map_or(now, |theirs| theirs.timestamp());
        Duration::try_from(date.duration_since(now)).ok()
    });
    let delay = from_header.or_else(|| {
        let (remaining, reset) = answer.ratelimit.as_deref().and_then(tightest_policy)?;
        (remaining < 1.0).then_some(reset)
    });
    delay.map(|delay| delay.clamp(DELAYS.0, DELAYS.1))
}

/// Full jitter: anything up to the doubled base, so that many waiters spread.
pub(super) fn backoff(base: Duration, attempt: u32, rng: &mut Rng) -> Duration {
    const CAP: Duration = Duration::from_secs(30);
    let doubled = base.saturating_mul(1 << attempt.min(10));
    doubled.min(CAP).mul_f64(rng.f64())
}
