//! Writes of associations: those of many operations in few requests.
//!
//! An operation puts its writes into the zone's queue and waits for the lock. Whoever
//! holds the lock sends all that is queued, a hundred with each request, and the others
//! are told what became of theirs. So what comes while a request is under way goes out
//! together; who still looks before writing is waited for a moment (`coalescer`). A request
//! that is refused for what it says is halved until only the culprits are left. Where the
//! sender is out of time, or gone, the others send theirs themselves: a write may be
//! repeated.

use std::collections::VecDeque;

use tokio::sync::RwLockWriteGuard;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::coalescer::Looking;
use super::locks::write_lock;
use super::queue::{Outcome, Queued, Wanted, tell};
use super::retry::GRACE;
use super::{Association, AssociationWrite, Error, Ownership, Scope, Zone};

/// What became of many writes. Those that were no longer wanted are in neither list.
#[derive(Debug, Default)]
pub struct Batch {
    /// Carried out, each with the API's answer.
    pub accepted: Vec<(AssociationWrite, Association)>,
    /// Not carried out, as far as is known, and why.
    pub refused: Vec<(AssociationWrite, Error)>,
}

impl Batch {
    /// What became of a single write; `None` if it was no longer wanted.
    pub fn only(mut self) -> Result<Option<Association>, Error> {
        match self.refused.pop() {
            Some((_, error)) => Err(error),
            None => Ok(self.accepted.pop().map(|(_, found)| found)),
        }
    }
}

impl Zone<'_> {
    /// Begins an operation that looks before it writes: others that are ready wait a
    /// moment for it. To be dropped before the write.
    pub fn look_and_write(&self) -> Looking {
        self.common.coalescer.look()
    }

    /// Writes associations. Each fails or succeeds for itself.
    pub async fn write_associations(
        &self,
        scope: &Scope,
        writes: &[AssociationWrite],
        wanted: Wanted,
    ) -> Batch {
        let _writing = self.common.coalescer.write();
        let queue = &self.common.queue;
        let queued = writes
            .iter()
            .map(|write| (write, queue.push(write.clone(), wanted)));
        let mut waiting: VecDeque<_> = queued.collect();
        let mut batch = Batch::default();
        // What ended this operation, once it did: nothing more is sent for it.
        let mut ended = None;
        while let Some((write, mut outcome)) = waiting.pop_front() {
            let outcome = match &ended {
                None => {
                    self.lock_or_outcome(scope, write, wanted, &mut outcome)
                        .await
                }
                // It may have been answered before.
                Some(error) => outcome
                    .try_recv()
                    .unwrap_or_else(|_| Err(Error::clone(error))),
            };
            match outcome {
                Ok(Some(found)) => batch.accepted.push((write.clone(), found)),
                Ok(None) => {}
                Err(error) => {
                    if let Err(why) = scope.check() {
                        ended = Some(why.into());
                    } else if !error.is_about_content() {
                        ended = Some(error.clone());
                    }
                    batch.refused.push((write.clone(), error));
                }
            }
        }
        batch
    }

    /// Waits until a write has been answered, or until the lock is free.
    async fn lock_or_outcome(
        &self,
        scope: &Scope,
        write: &AssociationWrite,
        wanted: Wanted,
        outcome: &mut oneshot::Receiver<Outcome>,
    ) -> Outcome {
        loop {
            let lock = tokio::select! {
                biased;
                answered = &mut *outcome => match answered {
                    Ok(answered) => return answered,
                    // Whoever was sending it is gone.
                    Err(_) => {
                        *outcome = self.common.queue.push(write.clone(), wanted);
                        continue;
                    }
                },
                lock = self.coalesced_lock(scope) => lock,
            };
            let lock = match lock {
                Ok(lock) => lock,
                Err(error) => return self.last_word(write, outcome, error).await,
            };
            match outcome.try_recv() {
                Err(TryRecvError::Empty) => {
                    // Whoever is ready to write now comes along.
                    tokio::task::yield_now().await;
                    if let Err(error) = self.send_queued(scope).await {
                        // Its own may have been carried out before.
                        return outcome.try_recv().unwrap_or(Err(error));
                    }
                }
                Ok(answered) => return answered,
                Err(TryRecvError::Closed) => {
                    *outcome = self.common.queue.push(write.clone(), wanted);
                }
            }
            drop(lock);
        }
    }

    /// The lock to write, once all who look now are ready too.
    async fn coalesced_lock(&self, scope: &Scope) -> Result<RwLockWriteGuard<'_, ()>, Error> {
        scope.until(self.common.coalescer.all_are_ready()).await?;
        write_lock(scope, &self.common.locks.associations).await
    }

    /// What is left to an operation that has to stop: a write that another one is sending
    /// may still be answered.
    async fn last_word(
        &self,
        write: &AssociationWrite,
        outcome: &mut oneshot::Receiver<Outcome>,
        error: Error,
    ) -> Outcome {
        let Error::Stopped { why, .. } = error else {
            return Err(error);
        };
        if self.common.queue.holds(write) {
            return Err(error);
        }
        match tokio::time::timeout(GRACE, outcome).await {
            Ok(Ok(answered)) => answered,
            _ => Err(Error::Stopped { why, sent: true }),
        }
    }

    /// Sends the next of what is queued, for who holds the lock, and tells everybody. An
    /// error if the sender is out of time: then the others send theirs themselves.
    async fn send_queued(&self, scope: &Scope) -> Result<(), Error> {
        // The next request is the last one here.
        let mut left = vec![self.common.queue.next()];
        while let Some(chunk) = left.pop() {
            let waited_for = chunk.into_iter().filter(|one| !one.answer.is_closed());
            let (mut chunk, unwanted): (Vec<_>, Vec<_>) =
                waited_for.partition(|queued| self.is_wanted(queued));
            tell(unwanted, &Ok(None));
            if chunk.is_empty() {
                continue;
            }
            let writes: Vec<_> = chunk.iter().map(|queued| queued.write.clone()).collect();
            let still_wanted = || chunk.iter().all(|queued| self.is_wanted(queued));
            match self.put(scope, &writes, &still_wanted).await {
                Ok(found) => {
                    for queued in chunk {
                        let found = shown(&found, &queued.write);
                        // Whoever waited for it may be gone.
                        let _ = queued.answer.send(Ok(Some(found)));
                    }
                }
                Err(Error::Withdrawn) => left.push(chunk),
                Err(error) if error.is_about_content() && chunk.len() > 1 => {
                    let second = chunk.split_off(chunk.len() / 2);
                    left.extend([second, chunk]);
                }
                Err(error) if error.is_about_content() => tell(chunk, &Err(error)),
                Err(error) if error.is_of_one() || scope.check().is_err() => {
                    left.push(chunk);
                    self.common.queue.put_back(left);
                    return Err(error);
                }
                Err(error) => {
                    left.push(chunk);
                    tell(left.drain(..).flatten().collect(), &Err(error));
                }
            }
        }
        Ok(())
    }

    fn is_wanted(&self, queued: &Queued) -> bool {
        match queued.wanted {
            Wanted::Always => true,
            Wanted::WhileFree => {
                self.run().ownership(&queued.write.key(self.id())) == Ownership::Free
            }
        }
    }
}

/// What the API's answer shows of a write; what was written where it does not.
fn shown(found: &[Association], write: &AssociationWrite) -> Association {
    // A row that shows anything else is from before the write, or about another one.
    let is_written = |row: &&Association| {
        row.hostname == write.hostname && row.names(&write.cert_id) && row.enabled == write.enabled
    };
    let shown = found.iter().find(is_written);
    shown
        .cloned()
        .unwrap_or_else(|| Association::as_written(write))
}
