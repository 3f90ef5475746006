//! A place for one more certificate in a store that takes only so many: whether there will
//! be one, and waiting for it.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::full;
use super::upload::{Look, Upload};
use crate::cloudflare::{CertificateId, Error, Polls, Status};
use crate::framework::Diagnostics;

/// One upload's way to a place.
pub(super) struct Room<'a> {
    upload: &'a Upload<'a>,
    /// The last refusal that may have been about the number of certificates.
    pub(super) refused: Option<Error>,
    /// How often it was refused although there was room by then.
    refused_for_nothing: u32,
}

/// Others that wait are quicker now and then; but a refusal that comes again and again
/// has another reason.
const MOST_FOR_NOTHING: u32 = 8;
/// What stays `pending_deletion` so long, with nobody deleting anything, stays so.
const SETTLED: Duration = Duration::from_secs(60);

impl<'a> Room<'a> {
    pub(super) fn new(upload: &'a Upload<'a>) -> Self {
        Self {
            upload,
            refused: None,
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

    /// After a refusal: returns if the store was full and there is room now, so that
    /// another upload makes sense. Whether a certificate that is still being deleted takes
    /// up a place nobody knows, so it is waited for.
    pub(super) async fn wait(
        &mut self,
        refused: Error,
        polls: &mut Polls,
    ) -> Result<(), Diagnostics> {
        let upload = self.upload;
        let most = upload.store.capacity().unwrap_or(usize::MAX);
        let before = self.occupied().await?;
        // One may have gone since the refusal.
        let may_be_full = before.all() + 1 >= most || self.is_being_made();
        if !refused.is_about_content() || refused.has_code(1408) || !may_be_full {
            return Err(upload.failed(&refused));
        }
        self.refused = Some(refused.clone());
        let mut unchanged_since = Instant::now();
        loop {
            // Who took the last place may be about to say that it makes room again.
            let paused = match self.is_being_made() {
                true => polls.pause_for_others(upload.scope).await,
                false => polls.pause(upload.scope).await,
            };
            let is_over = paused.is_err();
            // Before the look: what ends meanwhile makes the room that the next one shows.
            let is_being_made = self.is_being_made();
            let now = self.occupied().await.or_else(|errors| match is_over {
                true => Ok(Occupied::default()),
                false => Err(errors),
            })?;
            if now.all() < before.all() {
                return Ok(());
            }
            if is_being_made {
                unchanged_since = Instant::now();
            }
            let is_settled = unchanged_since.elapsed() >= SETTLED;
            if is_over || is_settled || !is_being_made && now.leaving == 0 {
                return self.decide(refused, now.live, most).await;
            }
        }
    }

    /// Nothing is on its way out any more: one more try where there seems to be room.
    async fn decide(
        &mut self,
        refused: Error,
        live: usize,
        most: usize,
    ) -> Result<(), Diagnostics> {
        let upload = self.upload;
        self.refused_for_nothing += 1;
        if live < most
            && self.refused_for_nothing < MOST_FOR_NOTHING
            && upload.scope.check().is_ok()
        {
            return Ok(());
        }
        if live < most {
            return Err(upload.failed(&refused));
        }
        let live = upload.look().await?.live;
        let error = full::error(upload.zone, upload.scope, &live, &refused).await;
        Err(error.into())
    }

    /// What takes up places now. What this run has deleted lists leave out.
    async fn occupied(&self) -> Result<Occupied, Diagnostics> {
        let (zone, store) = (self.upload.zone, self.upload.store);
        let look = self.upload.look().await?;
        let mut leaving: HashSet<CertificateId> = look.leaving.into_iter().collect();
        for id in zone.run().destroyed_certificates(store, zone.id()) {
            let found = self.upload.find(&id).await?;
            if found.is_some_and(|found| found.status == Status::PendingDeletion) {
                leaving.insert(id);
            }
        }
        Ok(Occupied {
            live: look.live.len(),
            leaving: leaving.len(),
        })
    }
}

/// What takes up places in a store.
#[derive(Default)]
struct Occupied {
    live: usize,
    /// Those that are still being deleted.
    leaving: usize,
}

impl Occupied {
    fn all(&self) -> usize {
        self.live + self.leaving
    }
}
