//! One request until it has an outcome: within the budget, with back-off, to the
//! deadline, and interruptible all the while.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::envelope::{self, PageInfo};
use super::error::Trace;
use super::limit::{Limiter, backoff, server_delay};
use super::outcome::{Failure, Outcome, Pace, judge, unreadable};
use super::quote::quote;
use super::{Answer, Error, Method, Refusal, Request, Scope, Transport};

/// Sends requests for one credential.
pub(super) struct Sender {
    transport: Box<dyn Transport>,
    limiter: Limiter,
    /// How often a request that failed is repeated; without it, to the deadline.
    max_retries: Option<u32>,
    rng: Mutex<Rng>,
    clock: fn() -> Timestamp,
    /// How far the server's clock is ahead, a passing difference being none; none while no
    /// answer has said its date.
    ahead: Mutex<Option<SignedDuration>>,
}

const ECHO: &str = "it repeats the credential or the private key, which no API does";
/// A write that has to stop gets this long to come to its answer.
pub(super) const GRACE: Duration = Duration::from_millis(700);
/// Clocks differ by this much without harm.
const PASSING: SignedDuration = SignedDuration::from_mins(5);
const TRANSIENT: Duration = Duration::from_millis(500);
const BUSY: Duration = Duration::from_secs(2);
/// A name that cannot be resolved, or a refused connection, seldom comes right later.
const UNREACHABLE: Duration = Duration::from_secs(10);
const FRESH_TRIES: u32 = 3;

impl Sender {
    pub(super) fn new(
        transport: Box<dyn Transport>,
        limiter: Limiter,
        max_retries: Option<u32>,
        seed: u64,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self {
            transport,
            limiter,
            max_retries,
            rng: Mutex::new(Rng::with_seed(seed)),
            clock,
            ahead: Mutex::new(None),
        }
    }

    /// Whether a request that failed so often may be repeated.
    pub(super) fn may_repeat(&self, attempts: u32) -> bool {
        self.max_retries.is_none_or(|most| attempts <= most)
    }

    /// How far the server's clock is ahead of this machine's, or (negative) behind it,
    /// where they differ by more than five minutes.
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.filter(|ahead| !ahead.is_zero())
    }

    /// Whether an answer has said its date.
    pub(super) fn is_clock_known(&self) -> bool {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.is_some()
    }

    /// The time as the server has it, as far as is known.
    pub(super) fn now(&self) -> Timestamp {
        let now = (self.clock)();
        now.saturating_add(self.ahead().unwrap_or_default())
            .unwrap_or(now)
    }

    /// Compares the clocks, by an answer that is the API's own.
    fn compare_clocks(&self, answer: &Answer) {
        let date = answer.date.as_deref();
        let Some(date) = date.and_then(|text| rfc2822::parse(text).ok()) else {
            return;
        };
        let ahead = date.timestamp().duration_since((self.clock)());
        let ahead = match ahead.abs() > PASSING {
            true => ahead,
            false => SignedDuration::ZERO,
        };
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
    }

    /// Sends a request until it is accepted or cannot be; as long as it is `wanted`,
    /// which is asked before every try.
    pub(super) async fn request(
        &self,
        scope: &Scope,
        request: Request,
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Accepted<'_>, Error> {
        let started = Instant::now();
        let mut attempts = 0;
        loop {
            let (outcome, answer) = self.attempt(scope, &request, wanted).await?;
            attempts += 1;
            let mut trace = Trace {
                method: request.method,
                path: request.path.clone(),
                attempts,
                elapsed: started.elapsed(),
                ray: answer.ray,
                out_of_time: false,
            };
            let (pace, failure) = match outcome {
                Outcome::Done(page) => {
                    return Ok(Accepted {
                        sender: self,
                        request,
                        body: answer.body,
                        page,
                        trace,
                    });
                }
                Outcome::Lost(cause) => return Err(Error::Lost { cause, trace }),
                Outcome::Fail(failure) => return Err(failure.with(trace)),
                Outcome::Again(pace, failure) => (pace, failure),
            };
            let delay = self.delay(pace, attempts - 1);
            let spent = match pace {
                Pace::Fresh => attempts > FRESH_TRIES,
                Pace::Limit(_) => false,
                Pace::Transient | Pace::Busy => {
                    let hopeless = matches!(failure, Failure::Unreachable(_))
                        && started.elapsed() + delay > UNREACHABLE;
                    hopeless || !self.may_repeat(attempts)
                }
            };
            if spent {
                return Err(failure.with(trace));
            }
            if let Pace::Limit(_) = pace {
                // The budget is the credential's: everybody waits, this request in `acquire`.
                self.limiter.pause(delay);
                continue;
            }
            if Instant::now() + delay > scope.deadline() {
                trace.out_of_time = true;
                return Err(failure.with(trace));
            }
            scope.sleep(delay).await?;
        }
    }

    /// One try. A read that has to stop is dropped; a write first gets a moment.
    async fn attempt(
        &self,
        scope: &Scope,
        request: &Request,
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<(Outcome, Answer), Error> {
        let permit = self.limiter.acquire(scope).await?;
        if !wanted() {
            return Err(Error::Withdrawn);
        }
        let started = Instant::now();
        let sent = self.transport.send(request);
        let writes = request.method != Method::Get;
        let tried = match writes {
            true => scope.until_with_grace(GRACE, sent).await,
            false => scope.until(sent).await,
        };
        let tried = tried.map_err(|why| Error::Stopped { why, sent: writes })?;
        if let Ok(answer) = &tried {
            self.limiter.observe(answer);
        }
        drop(permit);
        let answer = tried.as_ref().ok();
        let redact = |text: &str| self.redact(request, text);
        let mut outcome = judge(request.method, tried.as_ref().map_err(Clone::clone), redact);
        match (&mut outcome, answer) {
            (Outcome::Done(_), Some(answer)) if self.is_echoed(request, &answer.body) => {
                outcome = unreadable(request.method, ECHO.to_owned());
            }
            (Outcome::Done(_), Some(answer)) => self.compare_clocks(answer),
            (Outcome::Again(pace @ Pace::Limit(_), _), Some(answer)) => {
                *pace = Pace::Limit(server_delay(answer, (self.clock)()));
            }
            _ => {}
        }
        tracing::debug!(
            tf_http_req_method = %request.method,
            tf_http_req_uri = %request.path,
            tf_http_res_status_code = answer.map_or(0, |answer| answer.status),
            tf_http_wait_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            cf_ray = answer.and_then(|answer| answer.ray.as_ref()).map(tracing::field::display),
            "request"
        );
        Ok((outcome, tried.unwrap_or_default()))
    }

    /// A text without anything secret that went out with the request.
    fn redact(&self, request: &Request, text: &str) -> String {
        let text = self.transport.redact(text);
        match &request.body {
            Some(body) => body.redact(&text),
            None => text,
        }
    }

    /// Whether an accepted answer repeats something secret.
    fn is_echoed(&self, request: &Request, answer: &[u8]) -> bool {
        let body = request.body.as_ref();
        self.transport.is_echoed_in(answer) || body.is_some_and(|body| body.is_echoed_in(answer))
    }

    fn delay(&self, pace: Pace, attempt: u32) -> Duration {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        match pace {
            // A little more than asked, so that waiters do not all come at once.
            Pace::Limit(Some(delay)) => delay + Duration::from_secs_f64(rng.f64()),
            Pace::Limit(None) | Pace::Busy => backoff(BUSY, attempt, &mut rng),
            Pace::Transient | Pace::Fresh => backoff(TRANSIENT, attempt, &mut rng),
        }
    }
}

/// What a request that was accepted brought back.
pub(super) struct Accepted<'a> {
    sender: &'a Sender,
    request: Request,
    body: Vec<u8>,
    /// Where it stands in a list.
    pub(super) page: PageInfo,
    trace: Trace,
}

impl Accepted<'_> {
    /// The result as its type.
    pub(super) fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        envelope::result(&self.body).map_err(|cause| self.unreadable(&cause))
    }

    /// The result, which must be about what was asked for.
    pub(super) fn result_about<T: DeserializeOwned, N: PartialEq + fmt::Display>(
        &self,
        asked: &N,
        name_of: impl Fn(&T) -> &N,
    ) -> Result<T, Error> {
        let found: T = self.result()?;
        let name = name_of(&found);
        if name != asked {
            return Err(self.unreadable(&format!("it is about {name} instead of {asked}")));
        }
        Ok(found)
    }

    /// The error that the answer is none to this request.
    pub(super) fn unreadable(&self, cause: &str) -> Error {
        let cause = quote(cause, |text| self.sender.redact(&self.request, text));
        let trace = self.trace.clone();
        match trace.method {
            // It was carried out all the same.
            Method::Post => Error::Lost { cause, trace },
            _ => Error::Unreadable { cause, trace },
        }
    }
}

impl Failure {
    fn with(self, trace: Trace) -> Error {
        match self {
            Self::Unreachable(cause) => Error::Unreachable { cause, trace },
            Self::Lost(cause) => Error::Lost { cause, trace },
            Self::Unreadable(cause) => Error::Unreadable { cause, trace },
            Self::Refused(status, messages) => Error::Refused(Refusal {
                status,
                messages,
                trace,
            }),
        }
    }
}
