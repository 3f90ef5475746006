//! The simulator itself: zones, clock, faults and log behind one handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::api;
use crate::clock::Clock;
use crate::fault::{Action, Fault};
use crate::reply::{Answer, Reply};
use crate::settings::Settings;
use crate::state::{Recorded, Request, State, Window};
use crate::zone::Zone;

/// The zone that exists unless others are asked for.
pub const ZONE_ID: &str = "023e105f4ecef8ad9ca31a8372d0c353";
/// The token that may do everything, unless another is asked for.
pub const TOKEN: &str = "simulator-token-0123456789abcdefghijklmnop";

/// A simulated account. Clones share it.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Mutex<State>>,
    clock: Clock,
}

impl Simulator {
    /// An account with one empty zone, [`ZONE_ID`], for `example.com`.
    pub fn new(settings: Settings, epoch: Timestamp) -> Self {
        Self {
            inner: Arc::new(Mutex::new(State {
                settings,
                zones: BTreeMap::from([(ZONE_ID.to_owned(), Zone::new("example.com"))]),
                token: TOKEN.to_owned(),
                read_only_token: None,
                window: Window::default(),
                faults: Vec::new(),
                log: Vec::new(),
            })),
            clock: Clock::starting(epoch),
        }
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Adds a zone.
    pub fn add_zone(&self, id: &str, domain: &str) {
        self.state().zones.insert(id.to_owned(), Zone::new(domain));
    }

    /// Sets the token that may do everything.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// Sets a token that may only read.
    pub fn set_read_only_token(&self, token: &str) {
        self.state().read_only_token = Some(token.to_owned());
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.state().settings);
    }

    pub(crate) fn edge_lag(&self) -> Duration {
        self.state().settings.edge_lag
    }

    /// Orders a fault.
    pub fn order(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Takes back the faults that have not struck.
    pub fn forget_faults(&self) {
        self.state().faults.clear();
    }

    /// Looks at a zone. Panics never: an unknown zone looks empty.
    pub fn look<T>(&self, zone: &str, look: impl FnOnce(&Zone, Duration) -> T) -> T {
        let state = self.state();
        match state.zones.get(zone) {
            Some(zone) => look(zone, self.clock.now()),
            None => look(&Zone::new(""), self.clock.now()),
        }
    }

    /// Changes a zone as somebody else would, without a request.
    pub fn change<T>(&self, zone: &str, change: impl FnOnce(&mut Zone) -> T) -> Option<T> {
        self.state().zones.get_mut(zone).map(change)
    }

    /// Every request so far.
    pub fn log(&self) -> Vec<Recorded> {
        self.state().log.clone()
    }

    /// Answers one request. A client that goes away meanwhile does not undo what it
    /// asked for.
    pub async fn handle(&self, request: Request) -> Reply {
        let simulator = self.clone();
        let handled = tokio::spawn(async move { simulator.carry_out(request).await });
        handled.await.unwrap_or(Reply::Reset)
    }

    async fn carry_out(&self, request: Request) -> Reply {
        let at = self.clock.now();
        let index = self.record(&request, at);
        let (latency, action) = {
            let mut state = self.state();
            let strike = |fault: &mut Fault| fault.strike(&request.method, &request.path);
            let action = state.faults.iter_mut().find_map(strike);
            (state.settings.latency, action)
        };
        let reply = match action {
            Some(Action::Answer(answer)) => Reply::Answer(answer),
            Some(Action::ResetBefore) => Reply::Reset,
            Some(Action::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                self.answer(&request, latency).await
            }
            Some(Action::DelayAnswer(delay)) => {
                let reply = self.answer(&request, latency).await;
                tokio::time::sleep(delay).await;
                reply
            }
            Some(Action::HoldBefore(gate)) => {
                gate.pass().await;
                self.answer(&request, latency).await
            }
            Some(Action::HoldAfter(gate)) => {
                let reply = self.answer(&request, latency).await;
                gate.pass().await;
                reply
            }
            Some(Action::DoneBut(answer)) => {
                self.answer(&request, latency).await;
                Reply::Answer(answer)
            }
            Some(Action::ResetAfter) => {
                self.answer(&request, latency).await;
                Reply::Reset
            }
            Some(Action::Truncate) => match self.answer(&request, latency).await {
                Reply::Answer(mut answer) => {
                    answer.body.truncate(answer.body.len() / 2);
                    Reply::Answer(answer)
                }
                Reply::Reset => Reply::Reset,
            },
            None => self.answer(&request, latency).await,
        };
        if let (Reply::Answer(answer), Some(entry)) = (&reply, self.state().log.get_mut(index)) {
            entry.status = answer.status;
        }
        reply
    }

    async fn answer(&self, request: &Request, latency: Duration) -> Reply {
        let begun = api::begin(&mut self.state(), request, self.clock.now());
        let answer: Answer = match begun {
            Err(refused) => refused,
            Ok(call) => {
                tokio::time::sleep(latency).await;
                let at = self.clock.moment();
                api::finish(&mut self.state(), call, request, &at)
            }
        };
        let state = self.state();
        let answer = match state.settings.clock_ahead {
            None => answer,
            Some(seconds) => {
                let date = self.clock.date() + SignedDuration::from_secs(seconds);
                answer.with("date", &rfc2822(date))
            }
        };
        Reply::Answer(api::with_limit(&state, answer, self.clock.now()))
    }

    fn record(&self, request: &Request, at: Duration) -> usize {
        let mut body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(key) = body.get_mut("private_key") {
            *key = "[redacted]".into();
        }
        let mut state = self.state();
        state.log.push(Recorded {
            method: request.method.clone(),
            path: request.path.trim_start_matches("/client/v4").to_owned(),
            query: request.query.clone(),
            body,
            user_agent: request.user_agent.clone(),
            at,
            status: 0,
        });
        state.log.len() - 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A date as headers write it.
fn rfc2822(date: Timestamp) -> String {
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    printer
        .timestamp_to_rfc9110_string(&date)
        .unwrap_or_default()
}
