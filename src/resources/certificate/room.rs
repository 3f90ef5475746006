//! A place for one more certificate in a store that takes only so many: whether there will
//! be one, and waiting for it.

use super::full;
use super::upload::{Look, Upload};
use crate::cloudflare::{Error, Polls, Status};
use crate::framework::Diagnostics;

/// One upload's way to a place.
pub(super) struct Room<'a> {
    upload: &'a Upload<'a>,
    /// How often it was refused although there was room by then.
    refused_for_nothing: u32,
}

/// Others that wait are quicker now and then; but a refusal that comes again and again
/// has another reason.
const MOST_FOR_NOTHING: u32 = 8;

impl<'a> Room<'a> {
    pub(super) fn new(upload: &'a Upload<'a>) -> Self {
        Self {
            upload,
            refused_for_nothing: 0,
        }
    }

    /// Whether the live certificates alone take up all there is.
    pub(super) fn is_full(&self, look: &Look) -> bool {
        let most = self.upload.store.capacity();
        most.is_some_and(|most| look.live.len() >= most)
    }

    /// Whether this run is about to delete a certificate of the store.
    pub(super) fn is_being_made(&self) -> bool {
        let zone = self.upload.zone;
        zone.run().is_freeing(self.upload.store, zone.id())
    }

    /// After a refusal: returns if the store was full and there is or will be room, so
    /// that another upload makes sense. Whether a certificate that is still being deleted
    /// takes up a place nobody knows, so it is waited for.
    pub(super) async fn wait(
        &mut self,
        refused: Error,
        polls: &mut Polls,
    ) -> Result<(), Diagnostics> {
        let upload = self.upload;
        let before = upload.look().await?;
        let leaving = before.leaving + self.own_leaving().await?;
        let most = upload.store.capacity().unwrap_or(usize::MAX);
        // One may have gone since the refusal.
        let may_be_full = before.live.len() + leaving + 1 >= most || self.is_being_made();
        if !may_mean_full(&refused) || !may_be_full {
            return Err(upload.failed(&refused));
        }
        // Who took the last place may be about to say that it makes room again.
        let paused = match self.is_being_made() {
            true => polls.pause_for_others(upload.scope).await,
            false => polls.pause(upload.scope).await,
        };
        paused.map_err(|why| upload.failed(&why.into()))?;
        let after = upload.look().await?;
        if self.is_being_made() || leaving > 0 {
            return Ok(());
        }
        if !self.is_full(&after) {
            self.refused_for_nothing += 1;
            return match self.refused_for_nothing < MOST_FOR_NOTHING {
                true => Ok(()),
                false => Err(upload.failed(&refused)),
            };
        }
        Err(
            full::error(upload.zone, upload.scope, &after.live, &refused)
                .await
                .into(),
        )
    }

    /// How many of those that this run has deleted are not gone yet. Lists leave them out.
    async fn own_leaving(&self) -> Result<usize, Diagnostics> {
        let (zone, store) = (self.upload.zone, self.upload.store);
        let mut count = 0;
        for id in zone.run().destroyed_certificates(store, zone.id()) {
            let found = self.upload.find(&id).await?;
            let leaves = found.is_some_and(|found| found.status == Status::PendingDeletion);
            count += usize::from(leaves);
        }
        Ok(count)
    }
}

/// Whether a refusal may be about the number of certificates. Its code is not known,
/// so those are left out whose meaning is.
fn may_mean_full(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => {
            (400..500).contains(&refusal.status)
                && !matches!(refusal.status, 401 | 403 | 404 | 409 | 429)
                && !error.has_code(1408)
        }
        _ => false,
    }
}
