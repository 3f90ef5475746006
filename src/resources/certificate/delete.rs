//! Deleting a certificate: never one that may still be serving.

use std::time::Duration;

use tokio::time::Instant;

use super::super::Api;
use super::super::check::zone_id;
use super::super::problem::problem;
use super::{Certificate, Found};
use crate::cloudflare::{
    Association, Deletion, Error, Hostname, Key, Polls, Scope, Status, Store, Switch, Verdict, Zone,
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
    let destruction = ctx.api.run().destroy(work.key.clone());
    if !work.delete().await? {
        ctx.warn(Diagnostic::warning(
            "Certificate is left as it is",
            format!(
                "Another resource took over certificate {} in this run, so it was not deleted.",
                work.certificate
            ),
        ));
        return Ok(());
    }
    destruction.done();
    work.wait_until_gone().await
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
    /// It will pass, or the deadline ends it.
    Passing(Error),
    /// Hostnames are being deployed, and one of them may still be served by it.
    Unsettled(Vec<String>),
    /// Hostnames use it.
    InUse(Holders, Error),
    /// It is the last one that the zone can present, and the switch is on.
    LastOfZone,
}

/// The hostnames that hold a certificate.
#[derive(Default)]
struct Holders {
    /// They plainly use it.
    staying: Vec<String>,
    /// At least one is about to let it go.
    leaving: bool,
}

impl Work<'_> {
    /// Sends the DELETE. `false`: another resource owns the certificate now.
    async fn delete(&self) -> Result<bool, Diagnostics> {
        let run = self.zone.run();
        let mut polls = Polls::new();
        let verdict = run.give_way(&[&self.key, &self.leaf], &self.scope).await;
        if verdict.map_err(|why| self.failed(&why.into()))? == Verdict::Owned {
            return Ok(false);
        }
        // Since when nothing has been under way that could remove the obstacle.
        let mut idle_since = Instant::now();
        loop {
            let obstacle = match self.attempt().await? {
                Ok(deleted) => return Ok(deleted),
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
            if run.verdict(&self.key) == Verdict::Owned {
                return Ok(false);
            }
        }
    }

    async fn attempt(&self) -> Result<Result<bool, Obstacle>, Diagnostics> {
        if self.store == Store::Zone && self.is_last_of_zone().await? {
            return Ok(Err(Obstacle::LastOfZone));
        }
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
            Ok(Deletion::Accepted) => Ok(true),
            Ok(Deletion::Unsettled(hostnames)) => Err(Obstacle::Unsettled(hostnames)),
            Ok(Deletion::Withdrawn) => {
                let keys = [&self.key, &self.leaf];
                let verdict = self.zone.run().give_way(&keys, &self.scope).await;
                match verdict.map_err(|why| self.failed(&why.into()))? {
                    Verdict::Owned => Ok(false),
                    _ => Err(Obstacle::Unsettled(Vec::new())),
                }
            }
            Err(error) if error.has_code(1434) => Err(Obstacle::Passing(error)),
            Err(error) if error.has_code(1433) => {
                Err(Obstacle::InUse(self.holders().await?, error))
            }
            Err(error) => return Err(self.failed(&error)),
        })
    }

    /// Whether deleting would leave the zone's switch on with nothing to present.
    async fn is_last_of_zone(&self) -> Result<bool, Diagnostics> {
        let fail = |error: Error| self.failed(&error);
        let list = self
            .zone
            .certificates(&self.scope, self.store)
            .await
            .map_err(fail)?;
        let serves = |found: &Found| {
            found.status == Status::Active || found.status == Status::DeletionTimedOut
        };
        let own = list.iter().find(|found| found.id == self.certificate);
        if !own.is_some_and(serves) {
            return Ok(false);
        }
        let another =
            |found: &Found| found.id != self.certificate && found.status == Status::Active;
        if list.iter().any(another) {
            return Ok(false);
        }
        self.zone
            .switch(&self.scope, Switch::Zone)
            .await
            .map_err(fail)
    }

    /// Who holds the certificate, as far as the API and this run tell.
    async fn holders(&self) -> Result<Holders, Diagnostics> {
        let list = self.zone.associations(&self.scope).await;
        let list = list.map_err(|error| self.failed(&error))?;
        let mut holders = Holders::default();
        for held in list.iter().filter(|held| held.cert_id == self.certificate) {
            if held.status == Status::PendingDeletion || self.is_letting_go(held) {
                holders.leaving = true;
            } else if !held.is_gone() {
                holders.staying.push(held.hostname.clone());
            }
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
            Obstacle::Passing(_) | Obstacle::Unsettled(_) => true,
            Obstacle::InUse(holders, _) => holders.leaving || holders.staying.is_empty(),
            Obstacle::LastOfZone => self.zone.run().is_busy(self.zone.id()),
        }
    }

    /// Waits until nothing but a tombstone is left.
    async fn wait_until_gone(&self) -> Result<(), Diagnostics> {
        let mut polls = Polls::new();
        let mut tombstone_since = None;
        let mut deleted_again = false;
        loop {
            let found = self
                .zone
                .certificate(&self.scope, self.store, &self.certificate)
                .await;
            match found {
                Err(error) if error.is_gone() => return Ok(()),
                Err(error) => return Err(self.failed(&error)),
                Ok(found) if found.status == Status::Deleted => return Ok(()),
                Ok(found) if found.status == Status::PendingDeletion => {
                    let since = *tombstone_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= TOMBSTONE {
                        return Ok(());
                    }
                }
                Ok(found) if found.status == Status::DeletionTimedOut && !deleted_again => {
                    deleted_again = true;
                    self.attempt()
                        .await?
                        .map_or_else(|obstacle| Err(self.refused(&obstacle, None)), |_| Ok(()))?;
                }
                Ok(found) if found.status == Status::DeletionTimedOut => {
                    return Err(self.not_deleted().into());
                }
                Ok(_) => {}
            }
            let paused = polls.pause(&self.scope).await;
            paused.map_err(|why| self.failed(&why.into()))?;
        }
    }

    fn failed(&self, error: &Error) -> Diagnostics {
        let (certificate, zone) = (&self.certificate, self.zone.id());
        let doing = format!("Deleting certificate {certificate} of zone {zone}");
        problem(error, &doing).into()
    }

    fn refused(&self, obstacle: &Obstacle, stopped: Option<Error>) -> Diagnostic {
        let (certificate, zone) = (&self.certificate, self.zone.id());
        let stopped = stopped.map_or(String::new(), |why| format!(" Then {why}."));
        match obstacle {
            Obstacle::Passing(error) => problem(
                error,
                &format!("Deleting certificate {certificate} of zone {zone}"),
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
                    "Certificate {certificate} of zone {zone} was not deleted, because these \
                     hostnames use it: {}.{stopped} To exchange a certificate, change \
                     `certificate` of its resource in place; or set lifecycle {{ \
                     create_before_destroy = true }} on the old one and apply that before it is \
                     removed. Otherwise remove or re-point the associations first.\n\n{error}",
                    holders.staying.join(", ")
                ),
            ),
            Obstacle::LastOfZone => Diagnostic::error(
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
