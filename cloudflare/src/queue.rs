//! The writes of a zone that wait to be sent, and who waits for them.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::association::PER_WRITE;
use super::{Association, AssociationWrite, Error};

/// When a write is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// In any case.
    Always,
    /// If no resource of this run has come to want the hostname.
    WhileFree,
}

/// The writes of a zone that wait to be sent.
#[derive(Default)]
pub(super) struct Queue(Mutex<VecDeque<Queued>>);

/// What a write came to; `None` if it was no longer wanted.
pub(super) type Outcome = Result<Option<Association>, Error>;

/// One of them.
pub(super) struct Queued {
    pub(super) write: AssociationWrite,
    pub(super) wanted: Wanted,
    pub(super) answer: oneshot::Sender<Outcome>,
}

impl Queue {
    pub(super) fn push(
        &self,
        write: AssociationWrite,
        wanted: Wanted,
    ) -> oneshot::Receiver<Outcome> {
        let (answer, outcome) = oneshot::channel();
        let queued = Queued {
            write,
            wanted,
            answer,
        };
        self.queued().push_back(queued);
        outcome
    }

    /// The next request: writes that somebody still waits for, no hostname twice.
    pub(super) fn next(&self) -> Vec<Queued> {
        let mut queued = self.queued();
        let mut hostnames = HashSet::new();
        let (mut chunk, mut later) = (Vec::new(), VecDeque::new());
        for one in queued.drain(..).filter(|one| !one.answer.is_closed()) {
            let is_next = chunk.len() < PER_WRITE && hostnames.insert(one.write.hostname.clone());
            match is_next {
                true => chunk.push(one),
                false => later.push_back(one),
            }
        }
        *queued = later;
        chunk
    }

    /// What could not be sent comes first again; the last of these chunks before all.
    pub(super) fn put_back(&self, chunks: Vec<Vec<Queued>>) {
        let mut queued = self.queued();
        for one in chunks.into_iter().flat_map(|chunk| chunk.into_iter().rev()) {
            queued.push_front(one);
        }
    }

    /// Whether a write has not been sent yet.
    pub(super) fn holds(&self, write: &AssociationWrite) -> bool {
        self.queued().iter().any(|queued| queued.write == *write)
    }

    /// A panic elsewhere does not make the queue wrong.
    fn queued(&self) -> MutexGuard<'_, VecDeque<Queued>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells everybody who still waits the same.
pub(super) fn tell(queued: Vec<Queued>, outcome: &Outcome) {
    for one in queued {
        let _ = one.answer.send(outcome.clone());
    }
}
