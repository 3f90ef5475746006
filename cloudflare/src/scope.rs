//! How long an operation may go on: to its deadline, or to the user's Ctrl-C.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The bounds of one operation.
pub struct Scope {
    deadline: Mutex<Instant>,
    cancel: CancellationToken,
    /// Whether waiting for the rate limit counts against the deadline.
    limit_counts: bool,
    /// How long it has waited for the rate limit without that counting.
    waited: Mutex<Duration>,
}

/// So long a read waits for the rate limit in all: three of its windows.
const LIMIT_WAITS: Duration = Duration::from_secs(900);

/// Why an operation had to stop before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// Its time is up.
    Deadline,
    /// The user interrupted the run.
    Cancelled,
}

impl Scope {
    /// An operation that may take this long in all.
    pub fn lasting(duration: Duration, cancel: CancellationToken) -> Self {
        Self {
            deadline: Mutex::new(Instant::now() + duration),
            cancel,
            limit_counts: true,
            waited: Mutex::default(),
        }
    }

    /// A read: two minutes, and as much more as the rate limit makes it wait, up to a
    /// quarter of an hour.
    pub fn reading(cancel: CancellationToken) -> Self {
        Self {
            limit_counts: false,
            ..Self::lasting(Duration::from_secs(120), cancel)
        }
    }

    /// The moment at which the operation gives up.
    pub fn deadline(&self) -> Instant {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error if the operation must not go on.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.cancel.is_cancelled() {
            return Err(Interrupted::Cancelled);
        }
        if Instant::now() >= self.deadline() {
            return Err(Interrupted::Deadline);
        }
        Ok(())
    }

    /// Sleeps, or stops early.
    pub async fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        self.until(tokio::time::sleep(duration)).await
    }

    /// Waits for a future, or stops early and drops it.
    pub async fn until<T>(&self, future: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Interrupted::Cancelled),
            output = future => Ok(output),
            () = sleep_until(self.deadline()) => Err(Interrupted::Deadline),
        }
    }

    /// Waits for a future; once the operation has to stop, gives it this much
    /// longer. For a request whose effect would otherwise stay unknown.
    pub async fn until_with_grace<T>(
        &self,
        grace: Duration,
        future: impl Future<Output = T>,
    ) -> Result<T, Interrupted> {
        tokio::pin!(future);
        match self.until(&mut future).await {
            Ok(output) => Ok(output),
            Err(interrupted) => tokio::time::timeout(grace, future)
                .await
                .map_err(|_| interrupted),
        }
    }

    /// Waits for other operations, which have deadlines of their own: that does not
    /// count against this one's.
    pub async fn until_others<T>(&self, future: impl Future<Output = T>) -> Result<T, Interrupted> {
        let started = Instant::now();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Interrupted::Cancelled),
            output = future => {
                self.put_off(started.elapsed());
                Ok(output)
            }
        }
    }

    /// Sleeps without its counting against the deadline: it is another operation's
    /// turn, which has a deadline of its own.
    pub async fn sleep_for_others(&self, duration: Duration) -> Result<(), Interrupted> {
        self.put_off(duration);
        self.sleep(duration).await
    }

    fn put_off(&self, by: Duration) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Sleeps because of the rate limit. Fails at once if that takes longer than the
    /// operation may still take.
    pub(super) async fn sleep_for_limit(&self, duration: Duration) -> Result<(), Interrupted> {
        if self.limit_counts {
            if Instant::now() + duration > self.deadline() {
                return Err(Interrupted::Deadline);
            }
        } else {
            let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
            if *waited + duration > LIMIT_WAITS {
                return Err(Interrupted::Deadline);
            }
            *waited += duration;
            drop(waited);
            self.put_off(duration);
        }
        self.sleep(duration).await
    }
}
