//! Deleting a certificate: never one that may still be serving.

use std::time::Duration;

use tokio::time::Instant;

use super::super::Api;
use super::super::check::zone_id;
use super::super::problem::problem;
use super::Certificate;
use crate::cloudflare::{
    Association, Deletion, Error, Hostname, Key, Polls, Scope, Status, Store, Verdict, Zone,
};
use crate::framework::{Ctx, Diagnostic, Diagnostics, Operation, Timeouts};

/// How long a refusal must stand, with nothing under way that could lift it.
const PATIENCE: Duration = Duration::from_secs(60);
/// A tombstone that stays `pending_deletion` this long is one for good.
const TOMBSTONE: Duration = Duration::from_secs(60);

pub(super) async fn delete(
    ctx: &Ctx<Api>,
    store: Store,
    state: &Certificate,
) -> Result<(), Diagnostics> {
    let id = zone_id(&state.zone_id)?;
    let certificate = state.id.text().to_owned();
    let duration = Timeouts::of(&state.timeouts, Operation::Delete);
    let fingerprint = state.fingerprint_sha256.text().to_owned();
    let work = Work {
        key: Key::Certificate(store, id.clone(), certificate.clone()),
        leaf: Key::Leaf(store, id.clone(), fingerprint),
        zone: ctx.api.zone(&id),
        scope: Scope::lasting(duration, ctx.cancel.clone()),
        store,
        certificate,
    };
    let _destruction = ctx.api.run().destroy(work.key.clone());
    let ended = match work.delete().await? {
        Ended::Gone => work.wait_until_gone().await?,
        Ended::TakenOver => Ended::TakenOver,
    };
    if ended == Ended::TakenOver {
        ctx.warn(Diagnostic::warning(
            "Certificate is left as it is",
            format!(
                "Another resource took over certificate {} in this run, so it was not deleted.",
                work.certificate
            ),
        ));
    }
    Ok(())
}

/// How a deletion, or a part of it, ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The certificate is gone, or on its way.
    Gone,
    /// Another resource owns it now.
    TakenOver,
}

/// One certificate to be deleted.
struct Work<'a> {
    zone: Zone<'a>,
    scope: Scope,
    store: Store,
    certificate: String,
    key: Key,
    /// What a create of the same certificate claims before it knows the id.
    leaf: Key,
}

/// Why the certificate cannot be deleted now.
enum Obstacle {
    /// Its own deployment has not ended.
    Deploying(Error),
    /// Hostnames are being deployed, and one of them may still be served by it.
    Unsettled(Vec<String>),
    /// Hostnames use it.
    InUse(Holders, Error),
    /// It is the last one that the zone can present, and the switch is on.
    /// `pending`: another is on its way.
    LastOfZone { pending: bool },
    /// A resource of this run is about to take it over, or not.
    Contested,
}

/// The hostnames that hold a certificate.
#[derive(Default)]
struct Holders {
    all: Vec<String>,
    /// At least one is about to let it go.
    leaving: bool,
}

impl Work<'_> {
    /// Sends the DELETE, as soon as nothing stands against it.
    async fn delete(&self) -> Result<Ended, Diagnostics> {
        let mut polls = Polls::new();
        if self.give_way().await? == Verdict::Owned {
            return Ok(Ended::TakenOver);
        }
        // Since when nothing has been under way that could remove the obstacle.
        let mut idle_since = Instant::now();
        loop {
            let obstacle = match self.attempt().await? {
                Ok(ended) => return Ok(ended),
                Err(obstacle) => obstacle,
            };
            if self.may_pass(&obstacle) {
                idle_since = Instant::now();
            }
            if idle_since.elapsed() >= PATIENCE {
                return Err(self.refused(&obstacle, None).into());
            }
            if let Err(why) = polls.pause(&self.scope).await {
                return Err(self.refused(&obstacle, Some(why.into())).into());
            }
            if self.is_taken_over() {
                return Ok(Ended::TakenOver);
            }
        }
    }

    async fn attempt(&self) -> Result<Result<Ended, Obstacle>, Diagnostics> {
        let free = || {
            let run = self.zone.run();
            let keys = [&self.key, &self.leaf];
            keys.iter().all(|key| run.verdict(key) == Verdict::Free)
        };
        let deletion = self
            .zone
            .delete_certificate(&self.scope, self.store, &self.certificate, free)
            .await;
        Ok(match deletion {
            Ok(Deletion::Accepted) => Ok(Ended::Gone),
            Ok(Deletion::Unsettled(hostnames)) => Err(Obstacle::Unsettled(hostnames)),
            Ok(Deletion::LastOfZone { pending }) => Err(Obstacle::LastOfZone { pending }),
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

    /// Lets a create of the same certificate come first.
    async fn give_way(&self) -> Result<Verdict, Diagnostics> {
        let keys = [&self.key, &self.leaf];
        let verdict = self.zone.run().give_way(&keys, &self.scope).await;
        verdict.map_err(|why| self.failed(&why.into()))
    }

    fn is_taken_over(&self) -> bool {
        self.zone.run().verdict(&self.key) == Verdict::Owned
    }

    /// Who holds the certificate, as far as the API and this run tell.
    async fn holders(&self) -> Result<Holders, Diagnostics> {
        let list = self.zone.associations_if_listed(&self.scope).await;
        let list = list.map_err(|error| self.failed(&error))?;
        let mut holders = Holders::default();
        for held in list.iter().filter(|held| held.cert_id == self.certificate) {
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
        Hostname::parse(&held.hostname).is_ok_and(|hostname| {
            let key = Key::Association(self.zone.id().clone(), hostname);
            self.zone.run().is_leaving(&key) || self.zone.run().is_writing(&key)
        })
    }

    fn may_pass(&self, obstacle: &Obstacle) -> bool {
        match obstacle {
            Obstacle::Deploying(_) | Obstacle::Unsettled(_) | Obstacle::Contested => true,
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
                .certificate(&self.scope, self.store, &self.certificate)
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
            let paused = polls.pause(&self.scope).await;
            paused.map_err(|why| self.failed(&why.into()))?;
        }
    }

    fn failed(&self, error: &Error) -> Diagnostics {
        problem(error, &self.doing()).into()
    }

    fn doing(&self) -> String {
        let (certificate, zone) = (&self.certificate, self.zone.id());
        format!("Deleting certificate {certificate} of zone {zone}")
    }

    fn refused(&self, obstacle: &Obstacle, stopped: Option<Error>) -> Diagnostic {
        let (certificate, zone) = (&self.certificate, self.zone.id());
        let stopped = stopped.map_or(String::new(), |why| format!(" Then {why}."));
        match obstacle {
            Obstacle::Contested => Diagnostic::error(
                "Certificate is being taken over",
                format!(
                    "Certificate {certificate} of zone {zone} was not deleted: another resource of \
                     this run is creating the same certificate.{stopped} Apply again."
                ),
            ),
            Obstacle::Deploying(error) => Diagnostic::error(
                "Certificate is still being deployed",
                format!(
                    "Certificate {certificate} of zone {zone} was not deleted: it cannot be before \
                     its deployment has ended.{stopped} Apply again in a few minutes.\n\n{error}"
                ),
            ),
            Obstacle::Unsettled(hostnames) => Diagnostic::error(
                "Hostnames are still being deployed",
                format!(
                    "Certificate {certificate} of zone {zone} was not deleted: these hostnames are \
                     being deployed, and may still be served by it: {}.{stopped} Apply again when \
                     they are active.",
                    hostnames.join(", ")
                ),
            ),
            Obstacle::InUse(holders, error) => Diagnostic::error(
                "Certificate is still in use",
                format!(
                    "Certificate {certificate} of zone {zone} was not deleted, because hostnames \
                     use it: {}.{stopped} To exchange a certificate, change `certificate` of its \
                     resource in place; or set lifecycle {{ create_before_destroy = true }} on the \
                     old one and apply that before it is removed. Otherwise remove or re-point the \
                     associations first.\n\n{error}",
                    match holders.all.as_slice() {
                        [] => "the API does not say which".to_owned(),
                        hostnames => hostnames.join(", "),
                    }
                ),
            ),
            Obstacle::LastOfZone { .. } => Diagnostic::error(
                "Last certificate of a zone that presents it",
                format!(
                    "Certificate {certificate} is the only active one of zone {zone}, and the \
                     zone-level switch is on: without it origins would refuse Cloudflare's \
                     requests. Nothing was deleted.{stopped} Turn the switch off first \
                     (aop_zone_setting, with depends_on on the certificate), or upload another \
                     certificate and wait until it is active."
                ),
            ),
        }
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
