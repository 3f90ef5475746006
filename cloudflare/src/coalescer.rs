//! Writes wait a moment for those that come with them.
//!
//! Callers begin some operations one shortly after the other, and each looks before it
//! writes. A write that is ready lets those come first that are still looking, and those
//! that may be about to begin, so that all of them go out with one request; but for one
//! that takes longer nobody waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// So long others wait for a look: for a few requests, and the moment that every
/// destruction lets pass.
const PATIENCE: Duration = Duration::from_secs(2);

/// So long after one operation the next one may begin: core takes up to a tenth of a second
/// between two of them where it has hundreds. It is about as long as a look.
const LULL: Duration = Duration::from_millis(300);

/// Who looks in a zone, and is about to write.
#[derive(Default)]
pub(super) struct WriteCoalescer {
    looking: Mutex<Lookers>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Lookers {
    next: u64,
    /// When nobody waits for them any longer.
    until: HashMap<u64, Instant>,
    /// When nobody waits any longer for the one that may come next.
    lull: Option<Instant>,
}

/// An operation that looks before it writes, until it is dropped.
pub struct Looking {
    coalescer: Arc<WriteCoalescer>,
    id: u64,
}

impl WriteCoalescer {
    /// Begins an operation.
    pub(super) fn look(self: &Arc<Self>) -> Looking {
        let mut looking = self.looking();
        let id = looking.next;
        looking.next += 1;
        let now = Instant::now();
        looking.until.insert(id, now + PATIENCE);
        looking.lull = Some(now + LULL);
        let coalescer = Arc::clone(self);
        Looking { coalescer, id }
    }

    /// Waits until nobody looks or is about to, or all take too long, or it has taken too
    /// long itself.
    pub(super) async fn all_are_ready(&self) {
        let end = Instant::now() + PATIENCE;
        let mut changed = self.changed.subscribe();
        while let Some(last) = self.last().filter(|_| Instant::now() < end) {
            tokio::select! {
                _ = changed.changed() => {}
                () = sleep_until(last.min(end)) => {}
            }
        }
    }

    /// The moment until which somebody is waited for at the most.
    fn last(&self) -> Option<Instant> {
        let looking = self.looking();
        let last = looking.until.values().copied().chain(looking.lull).max();
        last.filter(|last| *last > Instant::now())
    }

    /// A panic elsewhere does not make the count wrong.
    fn looking(&self) -> MutexGuard<'_, Lookers> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.coalescer.looking().until.remove(&self.id);
        self.coalescer.changed.send_replace(());
    }
}
