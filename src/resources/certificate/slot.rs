//! A slot for one more certificate in a store that takes only so many: whether there will
//! be one, and waiting for it.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::store::CertificateStore;
use super::upload::{Look, Upload};
use super::{Found, store_capacity};
use cloudflare::{CertificateId, Error, Polls, Status};
use framework::Diagnostics;

/// One upload's search for a slot.
pub(super) struct SlotSearch<'a> {
    upload: &'a Upload<'a>,
    /// The last refusal that may have been about the number of certificates.
    pub(super) refused: Option<Error>,
    /// How often it was refused although one was free by then.
    refused_for_nothing: u32,
}

/// Others that wait are quicker now and then; but a refusal that comes again and again
/// has another reason.
const MOST_FOR_NOTHING: u32 = 8;
/// What stays `pending_deletion` so long, with nobody deleting anything, stays so.
const SETTLED: Duration = Duration::from_secs(60);

impl<'a> SlotSearch<'a> {
    pub(super) fn new(upload: &'a Upload<'a>) -> Self {
        Self {
            upload,
            refused: None,
            refused_for_nothing: 0,
        }
    }

    /// Whether the live certificates alone take up all there is.
    pub(super) fn are_taken(&self, look: &Look) -> bool {
        let most = self.upload.at.store.capacity();
        most.is_some_and(|most| look.live.len() >= most)
    }

    /// Whether this run is about to delete a certificate of the store.
    pub(super) fn is_one_freed(&self) -> bool {
        let at = self.upload.at;
        at.run().is_freeing(at.store, at.zone.id())
    }

    /// After a refusal: returns if the store was full and one is free now, so that
    /// another upload makes sense. Whether a certificate that is still being deleted takes
    /// a slot nobody knows, so it is waited for.
    pub(super) async fn wait(&mut self, refused: Error) -> Result<(), Diagnostics> {
        let upload = self.upload;
        if !refused.is_about_content() || refused.has_code(1408) {
            return Err(upload.failed(&refused));
        }
        let most = upload.at.store.capacity().unwrap_or(usize::MAX);
        let before = self.occupied().await?;
        // One may have gone since the refusal.
        if before.all() + 1 < most && !self.is_one_freed() {
            return Err(upload.failed(&refused));
        }
        if before.all() < most {
            self.was_refused_for_nothing(&refused)?;
        }
        self.refused = Some(refused.clone());
        // Others need seconds for theirs: every wait begins with quick looks.
        let mut polls = Polls::new();
        let mut unchanged_since = Instant::now();
        loop {
            // Who took the last slot may be about to say that it gives it back.
            let paused = match self.is_one_freed() {
                true => polls.pause_for_others(upload.at.scope).await,
                false => polls.pause(upload.at.scope).await,
            };
            paused.map_err(|_| upload.failed(&refused))?;
            // Before and after the look: what ends meanwhile frees the slot that the next one
            // shows, and what begins meanwhile may have taken it for a moment.
            let was_idle = !self.is_one_freed();
            let now = self.occupied().await?;
            let is_idle = was_idle && !self.is_one_freed();
            if !is_idle {
                unchanged_since = Instant::now();
            }
            if now.all() < most {
                return Ok(());
            }
            let is_settled = unchanged_since.elapsed() >= SETTLED;
            if is_idle && now.leaving == 0 {
                let live = &now.live;
                let error = store_capacity::error(upload.at, live, &refused).await;
                return Err(error.into());
            }
            if is_idle && is_settled {
                // What is left of those that were deleted may count for nothing.
                return self.was_refused_for_nothing(&refused);
            }
        }
    }

    /// Counts a refusal that came although a slot was free; an error if it comes too often.
    fn was_refused_for_nothing(&mut self, refused: &Error) -> Result<(), Diagnostics> {
        self.refused_for_nothing += 1;
        match self.refused_for_nothing < MOST_FOR_NOTHING {
            true => Ok(()),
            false => Err(self.upload.failed(refused)),
        }
    }

    /// What takes slots now. What this run has deleted lists leave out.
    async fn occupied(&self) -> Result<Occupied, Diagnostics> {
        let CertificateStore { zone, store, .. } = self.upload.at;
        let look = self.upload.look().await?;
        let mut leaving: HashSet<CertificateId> = look.leaving.into_iter().collect();
        for id in zone.run().destroyed_certificates(store, zone.id()) {
            let found = self.upload.find(&id).await?;
            if found.is_some_and(|found| found.status == Status::PendingDeletion) {
                leaving.insert(id);
            }
        }
        Ok(Occupied {
            live: look.live,
            leaving: leaving.len(),
        })
    }
}

/// What takes slots in a store.
struct Occupied {
    live: Vec<Found>,
    /// Those that are still being deleted.
    leaving: usize,
}

impl Occupied {
    fn all(&self) -> usize {
        self.live.len() + self.leaving
    }
}
