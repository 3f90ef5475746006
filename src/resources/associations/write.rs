//! Bringing hostnames where they are wanted: claim, look, write, wait.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::super::Api;
use super::super::association::{explain_hostname_limit, look};
use super::super::check::zone_id;
use super::super::problem::{listed, problem};
use super::super::ready::wait_for_certificate;
use super::model::Associations;
use super::plan::about;
use super::target::{Difference, Target, Targets, entry, place};
use cloudflare::{
    Association as Found, AssociationWrite, CertificateId, Claim, Error, Fresh, Hostname, Key,
    Scope, Status, WaitKind, Wanted, Zone,
};
use framework::{Ctx, Diagnostic, Diagnostics, Operation, Timeouts};

/// One operation on many hostnames.
pub(super) struct AssociationsOp<'a> {
    pub(super) ctx: &'a Ctx<Api>,
    pub(super) zone: Zone<'a>,
    pub(super) scope: Scope,
}

/// Claims by hostname.
pub(super) type Claims<'a> = BTreeMap<Hostname, Claim<'a>>;

/// What was written.
pub(super) struct Written {
    /// The hostnames that are as wanted now.
    pub(super) accepted: BTreeSet<Hostname>,
    /// Why others are not.
    pub(super) errors: Diagnostics,
    /// When that was.
    at: Instant,
    /// Whether any of them may still be on its way.
    is_pending: bool,
}

impl<'a> AssociationsOp<'a> {
    pub(super) fn new(
        ctx: &'a Ctx<Api>,
        model: &Associations,
        operation: Operation,
    ) -> Result<Self, Diagnostic> {
        let duration = Timeouts::of(&model.timeouts, operation);
        Ok(Self {
            ctx,
            zone: ctx.api.zone(&zone_id(&model.zone_id)?),
            scope: Scope::lasting(duration, ctx.cancel.clone()),
        })
    }

    pub(super) fn key(&self, name: &Hostname) -> Key {
        Key::Association(self.zone.id().clone(), name.clone())
    }

    /// Claims hostnames that this resource did not have.
    pub(super) fn claim(&self, targets: &Targets) -> Result<Claims<'_>, Diagnostics> {
        let (mut claims, mut taken) = (BTreeMap::new(), Diagnostics::default());
        for (name, target) in targets {
            match self.zone.run().claim(self.key(name)) {
                Ok(claim) => {
                    claims.insert(name.clone(), claim);
                }
                Err(_) => taken.push(self.declared_twice(name, target)),
            }
        }
        match taken.has_error() {
            true => Err(taken),
            false => Ok(claims),
        }
    }

    /// Claims what an update adds, and waits until what it writes can be written. An error
    /// means that nothing was written.
    pub(super) async fn prepare(&self, difference: &Difference) -> Result<Claims<'_>, Diagnostics> {
        let claims = self.claim(&difference.added)?;
        self.refuse_others(&difference.added).await?;
        let moves = |name: &Hostname| difference.moved.contains_key(name);
        self.ready(&difference.changed, moves).await?;
        Ok(claims)
    }

    /// Claims hostnames that this resource has.
    pub(super) fn hold(&self, targets: &Targets) -> Claims<'_> {
        let names = targets.keys();
        names
            .map(|name| (name.clone(), self.zone.run().reclaim(self.key(name))))
            .collect()
    }

    /// Whether this run has made a hostname something else than is wanted.
    pub(super) fn is_overwritten(&self, name: &Hostname, targets: &Targets) -> bool {
        let written = self.zone.run().written(&self.key(name));
        let wanted = targets.get(name).map(|target| target.write(name));
        written.is_some() && written != wanted
    }

    /// Keeps rotations of this run away from what is as it is wanted.
    pub(super) fn mark_managed(&self, targets: &Targets) {
        for name in targets.keys() {
            self.zone.run().mark_managed(self.key(name));
        }
    }

    /// An error if a hostname is live with something else. What this run has voided, or
    /// is about to, may look alive for minutes.
    pub(super) async fn refuse_others(&self, targets: &Targets) -> Result<(), Diagnostics> {
        if targets.is_empty() {
            return Ok(());
        }
        let found = self
            .zone
            .associations_of(&self.scope, targets.keys(), Fresh::now())
            .await;
        let doing = format!("Reading the associations of zone {}", self.zone.id());
        let found = found.map_err(|error| problem(&error, &doing))?;
        let others: Vec<(&Hostname, &Target)> = targets
            .iter()
            .filter_map(|(name, target)| {
                let live = found.get(name).filter(|found| !found.is_gone())?;
                (!target.is(live)).then_some((name, target))
            })
            .collect();
        let keys: Vec<Key> = others.iter().map(|(name, _)| self.key(name)).collect();
        let released = self.zone.run().are_released(&keys, &self.scope).await;
        released.map_err(|why| problem(&why.into(), "Waiting to take over hostnames"))?;
        let run = self.zone.run();
        let mut errors = Diagnostics::default();
        for (name, target) in others {
            if run.is_released(&self.key(name)) {
                continue;
            }
            // The list may be old.
            let live = look(&self.zone, &self.scope, name).await?;
            let another = live.filter(|live| !target.is(live));
            errors.extend(another.map(|live| self.already_associated(name, target, &live)));
        }
        match errors.has_error() {
            true => Err(errors),
            false => Ok(()),
        }
    }

    /// Waits for the certificates that are to be presented, or that a hostname moves to
    /// from another, until they can be.
    pub(super) async fn ready(
        &self,
        targets: &Targets,
        moves: impl Fn(&Hostname) -> bool,
    ) -> Result<(), Diagnostic> {
        let presenting = targets.iter().filter(|(name, t)| t.enabled || moves(name));
        let certificates: BTreeMap<&CertificateId, &Target> = presenting
            .map(|(_, target)| (&target.certificate_id, target))
            .collect();
        for (id, target) in certificates {
            let ready = wait_for_certificate(&self.zone, &self.scope, id).await;
            ready.map_err(|mut error| {
                error.detail.push_str(" Nothing was written.");
                about(&target.spelling, error).at_path(place(&target.spelling, "certificate_id"))
            })?;
        }
        Ok(())
    }

    /// Writes hostnames that are not written yet.
    pub(super) async fn write(&self, targets: &Targets) -> Written {
        let (done, writes): (Vec<_>, Vec<_>) = targets
            .iter()
            .map(|(name, target)| target.write(name))
            .partition(|write| self.zone.has_written(write));
        let batch = self
            .zone
            .write_associations(&self.scope, &writes, Wanted::Always)
            .await;
        let mut rows = batch.accepted.iter().map(|(_, row)| &row.status);
        let is_pending = !done.is_empty() || rows.any(|status| *status != Status::Active);
        let accepted = batch.accepted.iter().map(|(write, _)| write);
        let accepted = done.iter().chain(accepted);
        Written {
            accepted: accepted.map(|write| write.hostname.clone()).collect(),
            errors: self.refused(&batch.refused, targets).await,
            at: Instant::now(),
            is_pending,
        }
    }

    /// Waits until everything is active. What was written is written: at the deadline
    /// a warning.
    pub(super) async fn wait(&self, model: &Associations, targets: &Targets, written: &Written) {
        if model.wait_for_deployment.known() == Some(&false) || !written.is_pending {
            return;
        }
        let mut wait = self.zone.wait_since(WaitKind::Association, written.at);
        loop {
            let paused = wait.pause(&self.scope).await;
            let found = self
                .zone
                .associations_of(&self.scope, targets.keys(), Fresh::shared())
                .await;
            let (mut pending, mut failed) = (Vec::new(), Vec::new());
            for (name, target) in targets {
                let found = found.as_ref().ok().and_then(|found| found.get(name));
                match found.filter(|found| target.is(found)).map(|f| &f.status) {
                    Some(Status::Active) => {}
                    Some(Status::DeploymentTimedOut | Status::DeletionTimedOut) => {
                        failed.push(name);
                    }
                    _ => pending.push(name),
                }
            }
            let ended = match (found, paused) {
                (Err(error), _) => Some(error),
                (Ok(_), _) if pending.is_empty() => {
                    wait.ended();
                    None
                }
                (Ok(_), Ok(())) => continue,
                (Ok(_), Err(why)) => Some(why.into()),
            };
            if let Some(error) = ended {
                self.ctx.warn(self.not_active(&pending, &error));
            }
            if !failed.is_empty() {
                self.ctx.warn(self.not_deployed(&failed));
            }
            return;
        }
    }

    // === What to say ===

    async fn refused(
        &self,
        refused: &[(AssociationWrite, Error)],
        targets: &Targets,
    ) -> Diagnostics {
        let mut errors = Diagnostics::default();
        let mut unsent: Vec<Hostname> = Vec::new();
        let mut why = None;
        for (write, error) in refused {
            let name = &write.hostname;
            if !error.is_about_content() {
                unsent.push(name.clone());
                why = Some(error);
                continue;
            }
            let doing = format!("Associating {name} with certificate {}", write.cert_id);
            let spelling = targets.get(name).map_or(name.as_str(), |t| &t.spelling);
            let path = match error.has_code(1415) || error.has_code(1404) {
                true => place(spelling, "certificate_id"),
                false => entry(spelling),
            };
            let refused = (error, problem(error, &doing).at_path(path));
            let explained =
                explain_hostname_limit(&self.zone, &self.scope, &write.cert_id, refused);
            errors.push(explained.await);
        }
        if let Some(error) = why {
            let doing = format!(
                "Associating hostnames of zone {} ({})",
                self.zone.id(),
                listed(unsent.iter())
            );
            errors.push(problem(error, &doing).at("associations"));
        }
        errors
    }

    fn declared_twice(&self, name: &Hostname, target: &Target) -> Diagnostic {
        Diagnostic::error(
            "Hostname is declared twice",
            format!(
                "Another resource of this configuration manages {name} in zone {}. Keep it in one \
                 of them; if this resource was renamed, write a moved block.",
                self.zone.id()
            ),
        )
        .at_path(entry(&target.spelling))
    }

    fn already_associated(&self, name: &Hostname, target: &Target, live: &Found) -> Diagnostic {
        let (id, enabled) = (live.certificate(), live.enabled.unwrap_or_default());
        Diagnostic::error(
            "Hostname is already associated",
            format!(
                "{name} is already associated with certificate {id} (enabled = {enabled}) in zone \
                 {}, and may be serving with it. Write these values here first: an equal \
                 association is adopted. Then change them, so that the change is planned.",
                self.zone.id(),
            ),
        )
        .at_path(entry(&target.spelling))
    }

    fn not_active(&self, pending: &[&Hostname], error: &Error) -> Diagnostic {
        Diagnostic::warning(
            "Associations are not active yet",
            format!(
                "Hostnames of zone {} were written and are kept in state, but are not active yet \
                 ({}): {error}. Later plans do not wait for them again: \
                 data.aop_hostname_associations shows their status. If deployment needs longer, \
                 raise timeouts.",
                self.zone.id(),
                listed(pending.iter().copied())
            ),
        )
    }

    fn not_deployed(&self, failed: &[&Hostname]) -> Diagnostic {
        Diagnostic::warning(
            "Associations were not deployed",
            format!(
                "The deployment of hostnames of zone {} timed out at Cloudflare, so they may have \
                 what they had before: {}. The next apply writes them again.",
                self.zone.id(),
                listed(failed.iter().copied())
            ),
        )
    }
}
