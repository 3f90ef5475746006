//! Time that tests can move.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The simulator's clock: the runtime's, plus what it was moved on by. Under a
/// paused runtime it stands still by itself.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    epoch: Timestamp,
    moved: Arc<Mutex<Duration>>,
}

/// One moment, as both clocks and calendars have it.
pub(crate) struct Moment {
    pub(crate) since_start: Duration,
    pub(crate) date: String,
}

impl Clock {
    /// A clock that starts now, at the given date.
    pub fn starting(epoch: Timestamp) -> Self {
        Self {
            start: Instant::now(),
            epoch,
            moved: Arc::default(),
        }
    }

    /// Time since the start.
    pub fn now(&self) -> Duration {
        self.start.elapsed() + *self.moved()
    }

    /// The date.
    pub fn date(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.now()).unwrap_or_default();
        self.epoch.checked_add(since).unwrap_or(self.epoch)
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment {
            since_start: self.now(),
            date: self.date().to_string(),
        }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        *self.moved() += by;
    }

    fn moved(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
