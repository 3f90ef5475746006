//! Waiting for something that settles in its own time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::pace::{Pace, SHORTEST, Schedule};
use super::{Interrupted, Scope, Store, Zone};

/// What is waited for. What is of one kind takes about as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitKind {
    /// A certificate reaches the edge.
    Deployment(Store),
    /// A hostname gets another certificate at the edge.
    Association,
    /// A certificate leaves the edge.
    Deletion(Store),
}

/// How long each kind has taken in this run.
#[derive(Default)]
pub(super) struct Paces(Mutex<HashMap<WaitKind, Pace>>);

impl Paces {
    /// A panic elsewhere does not make it wrong.
    fn all(&self) -> MutexGuard<'_, HashMap<WaitKind, Pace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait: its looks come when such things usually happen in this run.
pub struct Wait<'a> {
    /// Where it learns; nowhere if nobody knows when that began which it waits for.
    learns: Option<(&'a Paces, WaitKind)>,
    begun: Instant,
    /// When the last pause ended.
    looked: Instant,
    looks: u32,
    schedule: Schedule,
}

impl Zone<'_> {
    /// Begins a wait for what was just sent.
    pub fn wait_for(&self, kind: WaitKind) -> Wait<'_> {
        self.wait_since(kind, Instant::now())
    }

    /// The same, for what was sent at this moment.
    pub fn wait_since(&self, kind: WaitKind, begun: Instant) -> Wait<'_> {
        let paces = self.paces();
        Wait {
            learns: Some((paces, kind)),
            begun,
            looked: begun,
            looks: 0,
            schedule: paces.all().entry(kind).or_default().begin(begun),
        }
    }
}

impl Wait<'_> {
    /// A wait for what somebody has begun at some time.
    pub fn for_others() -> Self {
        let now = Instant::now();
        Self {
            learns: None,
            begun: now,
            looked: now,
            looks: 0,
            schedule: Schedule::default(),
        }
    }

    /// Pauses before the next look, or stops early. Whatever it expects, it looks in good
    /// time before the deadline.
    pub async fn pause(&mut self, scope: &Scope) -> Result<(), Interrupted> {
        self.pause_at_most(Duration::MAX, scope).await
    }

    /// The same, for no longer than this.
    pub async fn pause_at_most(
        &mut self,
        most: Duration,
        scope: &Scope,
    ) -> Result<(), Interrupted> {
        let elapsed = self.begun.elapsed();
        let pause = self.schedule.next(elapsed).saturating_sub(elapsed);
        let left = scope.deadline().saturating_duration_since(Instant::now());
        let most = most.min(left / 2).max(SHORTEST);
        self.looks += 1;
        scope.sleep(pause.min(most)).await?;
        self.looked = Instant::now();
        Ok(())
    }

    /// It has happened: later waits look about then.
    pub fn ended(&mut self) {
        // Where it had happened before it was waited for, nothing is known.
        if let Some((paces, kind)) = self.learns.take().filter(|_| self.looks > 0) {
            let mut paces = paces.all();
            let pace = paces.entry(kind).or_default();
            // Waiting for an answer, or for leave to ask, is no part of it.
            pace.learn(self.schedule, self.looked - self.begun, self.looks);
        }
    }
}

/// Pauses between looks at something that others have begun, or nobody: quick at first,
/// then patient.
pub struct Polls {
    pause: Duration,
}

const LONGEST: Duration = Duration::from_secs(5);

impl Polls {
    /// The first pause is short.
    pub fn new() -> Self {
        Self { pause: SHORTEST }
    }

    /// Pauses before the next look, or stops early.
    pub async fn pause(&mut self, scope: &Scope) -> Result<(), Interrupted> {
        scope.sleep(self.next()).await
    }

    /// The same while another operation goes on: that does not count against the deadline.
    pub async fn pause_for_others(&mut self, scope: &Scope) -> Result<(), Interrupted> {
        scope.sleep_for_others(self.next()).await
    }

    fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = pause.mul_f64(1.5).min(LONGEST);
        pause
    }
}

impl Default for Polls {
    fn default() -> Self {
        Self::new()
    }
}
