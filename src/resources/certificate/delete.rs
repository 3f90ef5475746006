//! Deleting a certificate: never one that may still be serving.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::super::Api;
use super::super::check::{stored_id, zone_id};
use super::super::problem::problem;
use super::Certificate;
use super::obstacle::{Holders, Obstacle};
use crate::cloudflare::{
    Association, CertificateId, Deletion, Error, Key, Polls, Repointed, Scope, Status, Store,
    Verdict, Zone,
};
use crate::framework::{Ctx, Diagnostic, Diagnostics, Operation, Timeouts};

/// How long a refusal must stand, with nothing under way that could lift it.
const PATIENCE: Duration = Duration::from_secs(60);
/// A tombstone that stays `pending_deletion` this long is one for good.
const TOMBSTONE: Duration = Duration::from_secs(60);
/// How long a certificate stays after all that this run has brought is deployed.
const LINGER: Duration = Duration::from_secs(2);

/// Destroys the resource: its certificate, and what an interrupted rotation has left.
pub(super) async fn delete(
    ctx: &Ctx<Api>,
    store: Store,
    state: &Certificate,
) -> Result<(), Diagnostics> {
    let zone = ctx.api.zone(&zone_id(&state.zone_id)?);
    let duration = Timeouts::of(&state.timeouts, Operation::Delete);
    let scope = Scope::lasting(duration, ctx.cancel.clone());
    let certificate = stored_id(&state.id, "id")?;
    for id in state.superseded(ctx) {
        Work::new(&zone, &scope, store, &id, None).delete().await?;
    }
    let fingerprint = state.facts.fingerprint();
    let work = Work::new(&zone, &scope, store, &certificate, Some(fingerprint));
    if work.delete().await? == Ended::TakenOver {
        ctx.warn(Diagnostic::warning(
            "Certificate is left as it is",
            format!(
                "Another resource took over certificate {certificate} in this run, so it was not \
                 deleted."
            ),
        ));
    }
    Ok(())
}

/// How a deletion, or a part of it, ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The certificate is gone, or on its way.
    Gone,
    /// Another resource owns it now.
    TakenOver,
}

/// One certificate to be deleted.
pub(super) struct Work<'a> {
    zone: &'a Zone<'a>,
    scope: &'a Scope,
    store: Store,
    certificate: &'a CertificateId,
    id: Key,
    /// What a create of the same certificate claims before it knows the id.
    leaf: Option<Key>,
    /// The certificate that takes over its hostnames.
    heir: Option<&'a CertificateId>,
    /// Since when nothing stands against it: points of presence may be a moment behind.
    clear_since: Mutex<Option<Instant>>,
}

impl<'a> Work<'a> {
    /// The deletion of a certificate, known by the fingerprint of its leaf if that is
    /// known.
    pub(super) fn new(
        zone: &'a Zone<'a>,
        scope: &'a Scope,
        store: Store,
        certificate: &'a CertificateId,
        fingerprint: Option<&str>,
    ) -> Self {
        let id = Key::certificate(store, zone.id(), certificate);
        let leaf = fingerprint.map(|leaf| Key::leaf(store, zone.id(), leaf));
        Self {
            zone,
            scope,
            store,
            certificate,
            id,
            leaf,
            heir: None,
            clear_since: Mutex::default(),
        }
    }

    /// The same, after its hostnames were given to another certificate.
    pub(super) fn inherited_by(self, heir: &'a CertificateId) -> Self {
        Self {
            heir: Some(heir),
            ..self
        }
    }

    /// Deletes it and waits until it is gone.
    pub(super) async fn delete(&self) -> Result<Ended, Diagnostics> {
        let run = self.zone.run();
        let _destruction = run.destroy(self.id.clone());
        let ended = match self.send().await? {
            Ended::Gone => self.wait_until_gone().await?,
            Ended::TakenOver => Ended::TakenOver,
        };
        if ended == Ended::TakenOver {
            run.leave(self.id.clone());
        }
        Ok(ended)
    }

    /// Sends the DELETE, as soon as nothing stands against it.
    async fn send(&self) -> Result<Ended, Diagnostics> {
        let mut polls = Polls::new();
        // In a rotation that was done before the hostnames moved.
        if self.heir.is_none() && self.give_way().await? == Verdict::Owned {
            return Ok(Ended::TakenOver);
        }
        // Since when nothing has been under way that could remove the obstacle.
        let mut idle_since = Instant::now();
        loop {
            let obstacle = match self.attempt().await? {
                Ok(ended) => return Ok(ended),
                Err(obstacle) => obstacle,
            };
            if !matches!(obstacle, Obstacle::Lingering) {
                *self.clear_since() = None;
            }
            if self.may_pass(&obstacle) {
                idle_since = Instant::now();
            }
            if idle_since.elapsed() >= PATIENCE {
                return Err(self.refused(&obstacle, None).into());
            }
            if let Err(why) = polls.pause(self.scope).await {
                return Err(self.refused(&obstacle, Some(why.into())).into());
            }
            if self.is_taken_over() {
                return Ok(Ended::TakenOver);
            }
        }
    }

    async fn attempt(&self) -> Result<Result<Ended, Obstacle>, Diagnostics> {
        let lingers = || {
            let since = *self.clear_since().get_or_insert_with(Instant::now);
            self.zone.run().has_brought(self.zone.id()) && since.elapsed() < LINGER
        };
        let free = || {
            let run = self.zone.run();
            let mut keys = self.keys();
            keys.all(|key| run.verdict(key) == Verdict::Free)
        };
        let wanted = || free() && !lingers();
        let deletion = self
            .zone
            .delete_certificate(self.scope, self.store, self.certificate, self.heir, wanted)
            .await;
        Ok(match deletion {
            Ok(Deletion::Accepted) => Ok(Ended::Gone),
            Ok(Deletion::Named) => Err(self.hand_over().await?),
            Ok(Deletion::Undeployed(hostnames)) => Err(Obstacle::Undeployed(hostnames)),
            Ok(Deletion::Unsettled(hostnames)) => Err(Obstacle::Unsettled(hostnames)),
            Ok(Deletion::LastOfZone { pending }) => Err(Obstacle::LastOfZone { pending }),
            Ok(Deletion::Withdrawn) if free() => Err(Obstacle::Lingering),
            Ok(Deletion::Withdrawn) => match self.give_way().await? {
                Verdict::Owned => Ok(Ended::TakenOver),
                Verdict::Free | Verdict::Contested => Err(Obstacle::Contested),
            },
            Err(error) if error.has_code(1434) => Err(Obstacle::Deploying(error)),
            Err(error) if error.has_code(1433) => {
                Err(Obstacle::InUse(self.holders().await?, error))
            }
            Err(error) => return Err(self.failed(&error)),
        })
    }

    /// Gives the hostnames that have turned up meanwhile to the heir.
    async fn hand_over(&self) -> Result<Obstacle, Diagnostics> {
        if let Some(heir) = self.heir {
            let repointed = self.zone.repoint(self.scope, self.certificate, heir).await;
            let repointed = repointed.map_err(|error| self.failed(&error))?;
            all_moved(&repointed, &self.doing(), heir)?;
        }
        Ok(Obstacle::Named)
    }

    /// Lets a create of the same certificate come first.
    pub(super) async fn give_way(&self) -> Result<Verdict, Diagnostics> {
        let keys: Vec<&Key> = self.keys().collect();
        let verdict = self.zone.run().give_way(&keys, self.scope).await;
        verdict.map_err(|why| self.failed(&why.into()))
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.id).chain(&self.leaf)
    }

    fn is_taken_over(&self) -> bool {
        self.zone.run().verdict(&self.id) == Verdict::Owned
    }

    /// Who holds the certificate, as far as the API and this run tell.
    async fn holders(&self) -> Result<Holders, Diagnostics> {
        let list = self.zone.associations_if_listed(self.scope).await;
        let list = list.map_err(|error| self.failed(&error))?;
        let mut holders = Holders::default();
        for held in list.iter().filter(|held| held.names(self.certificate)) {
            let leaving = held.status == Status::PendingDeletion || self.is_letting_go(held);
            if leaving || !held.is_gone() {
                holders.all.push(held.hostname.clone());
            }
            holders.leaving |= leaving;
        }
        Ok(holders)
    }

    /// Whether this run voids the hostname or gives it another certificate.
    fn is_letting_go(&self, held: &Association) -> bool {
        let key = held.key(self.zone.id());
        self.zone.run().is_leaving(&key) || self.zone.run().is_writing(&key)
    }

    fn may_pass(&self, obstacle: &Obstacle) -> bool {
        match obstacle {
            Obstacle::Deploying(_)
            | Obstacle::Named
            | Obstacle::Lingering
            | Obstacle::Unsettled(_)
            | Obstacle::Contested => true,
            // What this run writes or voids may be one of them; a rotation has written its own.
            Obstacle::Undeployed(_) => {
                self.heir.is_none() && self.zone.run().is_busy(self.zone.id())
            }
            Obstacle::InUse(holders, _) => holders.leaving || holders.all.is_empty(),
            Obstacle::LastOfZone { pending } => *pending || self.zone.run().is_busy(self.zone.id()),
        }
    }

    /// Waits until nothing but a tombstone is left, or a create of this run has
    /// brought the certificate back.
    async fn wait_until_gone(&self) -> Result<Ended, Diagnostics> {
        let mut polls = Polls::new();
        let mut tombstone_since = None;
        let mut deleted_again = false;
        loop {
            if self.is_taken_over() {
                return Ok(Ended::TakenOver);
            }
            let found = self
                .zone
                .certificate(self.scope, self.store, self.certificate)
                .await;
            let status = match found {
                Err(error) if error.is_gone() => return Ok(Ended::Gone),
                Err(error) => return Err(self.failed(&error)),
                Ok(found) => found.status,
            };
            match status {
                Status::Deleted => return Ok(Ended::Gone),
                Status::PendingDeletion => {
                    let since = *tombstone_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= TOMBSTONE {
                        return Ok(Ended::Gone);
                    }
                }
                Status::DeletionTimedOut if deleted_again => {
                    return Err(self.not_deleted().into());
                }
                Status::DeletionTimedOut => {
                    deleted_again = self.attempt().await?.is_ok();
                }
                _ => {}
            }
            let paused = polls.pause(self.scope).await;
            paused.map_err(|why| self.failed(&why.into()))?;
        }
    }

    /// A panic elsewhere does not make a moment wrong.
    fn clear_since(&self) -> MutexGuard<'_, Option<Instant>> {
        let since = self.clear_since.lock();
        since.unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &Error) -> Diagnostics {
        problem(error, &self.doing()).into()
    }

    fn doing(&self) -> String {
        let (certificate, zone) = (&self.certificate, self.zone.id());
        format!("Deleting certificate {certificate} of zone {zone}")
    }

    fn refused(&self, obstacle: &Obstacle, stopped: Option<Error>) -> Diagnostic {
        obstacle.refusal(self.zone.id(), self.certificate, self.heir, stopped)
    }

    fn not_deleted(&self) -> Diagnostic {
        Diagnostic::error(
            "Certificate was not deleted",
            format!(
                "Cloudflare gave up deleting certificate {} of zone {} twice; it may still be in \
                 use. Apply again later.",
                self.certificate,
                self.zone.id()
            ),
        )
    }
}

/// An error for each hostname that could not be given to the heir, and one for what kept
/// others from being tried.
pub(super) fn all_moved(
    repointed: &Repointed,
    doing: &str,
    heir: &CertificateId,
) -> Result<(), Diagnostics> {
    let mut errors = Diagnostics::default();
    errors.extend(repointed.refused.iter().map(|(hostname, error)| {
        let mut error = problem(error, &format!("Giving {hostname} to certificate {heir}"));
        error
            .detail
            .push_str(" It stays as it was, and the old certificate is kept for it.");
        error
    }));
    errors.extend(repointed.stopped.iter().map(|error| problem(error, doing)));
    match errors.has_error() {
        true => Err(errors),
        false => Ok(()),
    }
}
