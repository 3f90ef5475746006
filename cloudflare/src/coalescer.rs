//! Writes wait a moment for those that come with them.
//!
//! Callers begin some operations one shortly after the other, and each looks before it
//! writes. A write that is ready lets those come first that are still looking, and those
//! that may be about to begin, so that all of them go out with one request; but for one
//! that takes longer nobody waits, nor for one that cannot begin before another has ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// So long others wait for a look: for a few requests, and the moment that every
/// destruction lets pass.
const PATIENCE: Duration = Duration::from_secs(2);

/// So long after one operation the next one may begin: a caller with hundreds of them takes
/// up to a tenth of a second between two. It is about as long as a look.
const LULL: Duration = Duration::from_millis(300);

/// So many operations callers usually have under way at once; some have more.
const CONCURRENCY: usize = 10;

/// Who looks in a zone, and is about to write.
#[derive(Default)]
pub(super) struct WriteCoalescer {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// When nobody waits for them any longer.
    looking: HashMap<u64, Instant>,
    /// How many write, or wait for it.
    writing: usize,
    /// The most that were under way at once.
    most: usize,
    /// When nobody waits any longer for the one that may come next.
    lull: Option<Instant>,
}

impl State {
    fn note(&mut self) {
        self.most = self.most.max(self.under_way());
    }

    fn under_way(&self) -> usize {
        self.looking.len() + self.writing
    }

    /// The moment until which somebody is waited for at the most.
    fn last(&self) -> Option<Instant> {
        let may_begin = self.under_way() < self.most.max(CONCURRENCY);
        let lull = self.lull.filter(|_| may_begin);
        self.looking.values().copied().chain(lull).max()
    }
}

/// An operation that looks before it writes, until it is dropped.
pub struct Looking {
    coalescer: Arc<WriteCoalescer>,
    id: u64,
}

impl WriteCoalescer {
    /// Begins an operation.
    pub(super) fn look(self: &Arc<Self>) -> Looking {
        let now = Instant::now();
        let id = self.with(|state| {
            let id = state.next;
            state.next += 1;
            state.looking.insert(id, now + PATIENCE);
            state.lull = Some(now + LULL);
            state.note();
            id
        });
        let coalescer = Arc::clone(self);
        Looking { coalescer, id }
    }

    /// Says that an operation writes, or waits for it; until the answer is dropped.
    pub(super) fn write(&self) -> Writing<'_> {
        self.with(|state| {
            state.writing += 1;
            state.note();
        });
        Writing(self)
    }

    /// Waits until nobody looks or is about to, or all take too long, or it has taken too
    /// long itself.
    pub(super) async fn all_are_ready(&self) {
        let end = Instant::now() + PATIENCE;
        let mut changed = self.changed.subscribe();
        while let Some(last) = self.last().filter(|last| *last > Instant::now())
            && Instant::now() < end
        {
            tokio::select! {
                _ = changed.changed() => {}
                () = sleep_until(last.min(end)) => {}
            }
        }
    }

    fn last(&self) -> Option<Instant> {
        self.state().last()
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let outcome = act(&mut self.state());
        self.changed.send_replace(());
        outcome
    }

    /// A panic elsewhere does not make the count wrong.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation that writes, or waits for it.
pub(super) struct Writing<'a>(&'a WriteCoalescer);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.writing -= 1);
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.coalescer.with(|state| state.looking.remove(&self.id));
    }
}
