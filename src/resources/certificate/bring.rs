//! The loop that brings a certificate into its store: look, ask `copy` what has to happen,
//! do it. An upload whose answer was lost, and one that is refused because the certificate
//! is there already, both end in another look.

use super::Found;
use super::copy::{Copy, Next, Slots, next};
use super::obstacle::Obstacle;
use super::removal::{Attempt, Removal};
use super::slot::SlotSearch;
use super::upload::{Look, Upload};
use cloudflare::{Destruction, Error, Hostname, Key, Polls, SlotWait};
use framework::Diagnostics;

/// How a certificate came into its store.
pub(super) enum Brought {
    /// Not at all: origins have to accept it before it is uploaded, or taken over as it is.
    NotYet(Option<Found>),
    /// It was uploaded just now.
    Uploaded(Found),
    /// From this operation, whose upload's answer was lost, or from an earlier one of the
    /// same resource.
    Own(Found),
    /// It was there already.
    WasThere(Found),
}

/// Brings a certificate into its store. An error means that nothing was uploaded, as far as
/// can be known. `is_accepted`: whether its origins accept it.
pub(super) async fn find_or_upload(
    upload: &Upload<'_>,
    is_accepted: bool,
) -> Result<Brought, Diagnostics> {
    Bringing::new(upload, is_accepted).run().await
}

/// A certificate on its way into its store.
struct Bringing<'u> {
    upload: &'u Upload<'u>,
    is_accepted: bool,
    slot: SlotSearch<'u>,
    polls: Polls,
    /// Uploads that may have been carried out unseen.
    lost: Vec<Error>,
    /// The last refusal that says that the certificate is there.
    refused: Option<Error>,
    /// The removal of a copy.
    removal: Option<Removal<'u>>,
    is_copy_deleted: bool,
    /// Why a copy could not be deleted yet.
    blocked: Option<Obstacle>,
    /// Held once there was no slot, so that what may free one does not wait for this.
    waiting: Option<SlotWait<'u>>,
    /// Held from the request on that may take the slot which a rotation gives back.
    leaving: Vec<Destruction<'u>>,
}

impl<'u> Bringing<'u> {
    fn new(upload: &'u Upload<'u>, is_accepted: bool) -> Self {
        Self {
            upload,
            is_accepted,
            slot: SlotSearch::new(upload),
            polls: Polls::new(),
            lost: Vec::new(),
            refused: None,
            removal: None,
            is_copy_deleted: false,
            blocked: None,
            waiting: None,
            leaving: Vec::new(),
        }
    }

    async fn run(mut self) -> Result<Brought, Diagnostics> {
        loop {
            let look = self.upload.look().await?;
            if look.copy.is_none() {
                self.leaving.clear();
            }
            let mut next = self.next(&look, None);
            if let (Next::AskForUse, Some(found)) = (next, &look.copy) {
                let is_used = self.upload.is_used(found).await?;
                next = self.next(&look, Some(is_used));
            }
            match (next, look.copy.clone()) {
                (Next::Resume, Some(found)) => return Ok(Brought::Own(found)),
                (Next::AskOrigins, copy) => return Ok(Brought::NotYet(copy)),
                (Next::Adopt, Some(found)) => return Ok(Brought::WasThere(found)),
                (Next::RefuseTimedOut, Some(found)) => {
                    return Err(self.upload.copy_timed_out(&found).into());
                }
                (Next::DeleteCopy, Some(found)) => self.delete_copy(&found).await?,
                (Next::Upload, _) => {
                    if let Some(found) = self.upload(&look).await? {
                        return Ok(Brought::Uploaded(found));
                    }
                }
                (Next::AwaitSlot, _) => {
                    self.wait_for_slot();
                    let waited = self.polls.pause_for_others(self.upload.at.scope).await;
                    waited.map_err(|why| self.upload.failed(&why.into()))?;
                    continue;
                }
                // It is on its way out; what else is decided is decided of a copy.
                _ => {}
            }
            self.pause().await?;
        }
    }

    fn next(&self, look: &Look, is_used: Option<bool>) -> Next {
        let copy = look.copy.as_ref().map(|found| Copy {
            status: found.status.clone(),
            is_held: self.upload.holds(&found.id),
            is_lost: !self.lost.is_empty() || self.upload.is_lost(found),
            is_used,
            is_deleted: self.is_copy_deleted,
        });
        let slots = Slots {
            are_taken: self.slot.are_taken(look),
            is_one_freed: self.slot.is_one_freed(),
        };
        next(copy.as_ref(), slots, self.is_accepted)
    }

    /// One upload; none if it has to be looked for.
    async fn upload(&mut self, look: &Look) -> Result<Option<Found>, Diagnostics> {
        let upload = self.upload;
        if !upload.at.zone.may_repeat(self.lost.len() as u32) {
            let failed = self.lost.last().map(|error| upload.failed(error));
            return Err(failed.unwrap_or_default());
        }
        self.leaving = upload.begin_leaving();
        match upload.send(look).await {
            Ok(uploaded) => return Ok(Some(uploaded)),
            // There, though the list does not show it: it is new, or a tombstone.
            Err(error) if error.has_code(1406) => self.refused = Some(error),
            Err(error @ Error::Lost { .. }) => {
                self.lost.push(error.clone());
                self.refused = Some(error);
            }
            Err(error) => {
                self.leaving.clear();
                self.wait_for_slot();
                self.slot.wait(error).await?;
            }
        }
        Ok(None)
    }

    /// The copy timed out once; it must go before it can come again.
    async fn delete_copy(&mut self, found: &Found) -> Result<(), Diagnostics> {
        let upload = self.upload;
        let begun = self.removal.take().filter(|begun| begun.is_of(&found.id));
        let begun = begun.unwrap_or_else(|| Removal::new(upload.at, found.id.clone(), None, None));
        let removal = self.removal.insert(begun);
        self.blocked = None;
        match removal.attempt().await? {
            Attempt::Deleted => self.is_copy_deleted = true,
            Attempt::TakenOver => {}
            Attempt::Held(obstacle) => {
                let may_pass = match &obstacle {
                    Obstacle::Undeployed(hostnames) => are_changing(upload, hostnames),
                    Obstacle::InUse(..) => false,
                    // What this create is to bring is not what the zone waits for.
                    Obstacle::LastOfZone { is_another_pending } => *is_another_pending,
                    other => removal.may_pass(other),
                };
                if !may_pass {
                    return Err(removal.refused(&obstacle, None).into());
                }
                self.blocked = Some(obstacle);
            }
        }
        Ok(())
    }

    fn wait_for_slot(&mut self) {
        let upload = self.upload;
        let begin = || upload.at.run().begin_slot_wait(upload.key());
        self.waiting.get_or_insert_with(begin);
    }

    /// Waits a little; at the end of its time, says what it was waiting for.
    async fn pause(&mut self) -> Result<(), Diagnostics> {
        let refused = self.refused.take();
        let Err(why) = self.polls.pause(self.upload.at.scope).await else {
            return Ok(());
        };
        let refused = refused.or(self.slot.refused.take());
        let mut errors = self.upload.failed(&refused.unwrap_or(why.into()));
        if let (Some(obstacle), Some(removal)) = (&self.blocked, &self.removal) {
            errors.push(removal.refused(obstacle, None));
        }
        Err(errors)
    }
}

/// Whether this run writes one of these hostnames, or detaches it.
fn are_changing(upload: &Upload<'_>, hostnames: &[Hostname]) -> bool {
    let (run, zone) = (upload.at.run(), upload.at.zone.id());
    let mut keys = hostnames
        .iter()
        .map(|name| Key::Association(zone.clone(), name.clone()));
    keys.any(|key| run.is_writing(&key) || run.is_leaving(&key))
}
