//! One operation on one hostname: look, write, wait, and what to say about it.

use super::super::Api;
use super::super::check::{certificate_id, hostname, stored_id, zone_id};
use super::super::problem::problem;
use super::super::ready::wait_for_certificate;
use super::hostname_limit::explain_hostname_limit;
use super::void::look;
use super::{Association, HostnameAssociation};
use cloudflare::{
    Association as Found, AssociationWrite, CertificateId, Error, Fresh, Hostname, Key, Looking,
    Scope, Status, Wait, WaitKind, Wanted, Zone,
};
use framework::{Applied, Ctx, Diagnostic, Diagnostics, Failed, Operation, Resource, Timeouts};

/// One operation on one hostname.
pub(super) struct AssociationOp<'a> {
    pub(super) zone: Zone<'a>,
    pub(super) name: Hostname,
    pub(super) certificate: CertificateId,
    pub(super) scope: Scope,
    /// What is wanted; for a destroy, what was.
    pub(super) plan: Association,
}

impl<'a> AssociationOp<'a> {
    pub(super) fn new(
        ctx: &'a Ctx<Api>,
        plan: Association,
        operation: Operation,
    ) -> Result<Self, Diagnostics> {
        let zone = zone_id(&plan.zone_id)?;
        let duration = Timeouts::of(&plan.timeouts, operation);
        let certificate = match operation {
            Operation::Delete => stored_id(&plan.certificate_id, "certificate_id"),
            Operation::Create | Operation::Update => certificate_id(&plan.certificate_id),
        };
        Ok(Self {
            zone: ctx.api.zone(&zone),
            name: hostname(&plan.hostname)?,
            certificate: certificate?,
            scope: Scope::lasting(duration, ctx.cancel.clone()),
            plan,
        })
    }

    pub(super) fn key(&self) -> Key {
        Key::Association(self.zone.id().clone(), self.name.clone())
    }

    fn enabled(&self) -> bool {
        self.plan.enabled.known() != Some(&false)
    }

    /// The live association, if there is one.
    pub(super) async fn look(&self) -> Result<Option<Found>, Diagnostic> {
        look(&self.zone, &self.scope, &self.name).await
    }

    /// The live association of a hostname that is to get one.
    pub(super) async fn look_before(&self) -> Result<Option<Found>, Diagnostic> {
        let found = self.zone.association_before(&self.scope, &self.name).await;
        found.map_err(|error| problem(&error, &format!("Reading {}", self.name)))
    }

    /// A warning if somebody else has given the hostname another certificate since the
    /// plan. What is wanted is written all the same.
    pub(super) async fn changed_elsewhere(&self, prior: &Association) -> Option<Diagnostic> {
        let listed = self.zone.associations_as_of(&self.scope, Fresh::Unwritten);
        let listed = listed.await.ok()?.list;
        let found = listed.get(&self.name).filter(|found| !found.is_gone())?;
        let expected = [prior.certificate_id.text(), self.plan.certificate_id.text()];
        let is_ours = self.zone.run().written(&self.key()).is_some();
        if is_ours || expected.contains(&found.certificate()) {
            return None;
        }
        // A list may show the time before.
        let found = self.zone.live_association(&self.scope, &self.name).await;
        let found = found.ok()??;
        if expected.contains(&found.certificate()) {
            return None;
        }
        Some(Diagnostic::warning(
            "Association was changed elsewhere",
            format!(
                "{} had certificate {} when the plan was made, and {} when it was carried out. It \
                 gets {} now, as planned. Find out who else manages it.",
                self.name,
                expected[0],
                found.certificate(),
                expected[1]
            ),
        ))
    }

    /// Whether another resource of this run lets the hostname go.
    pub(super) async fn is_released(&self) -> Result<bool, Diagnostic> {
        let run = self.zone.run();
        let released = run.are_released(&[self.key()], &self.scope).await;
        let doing = format!("Waiting to take over {}", self.name);
        released.map_err(|why| problem(&why.into(), &doing))
    }

    pub(super) fn is_wanted(&self, found: &Found) -> bool {
        found.names(&self.certificate) && found.enabled == Some(self.enabled())
    }

    /// The write that makes it what is wanted.
    fn wanted(&self) -> AssociationWrite {
        AssociationWrite {
            hostname: self.name.clone(),
            cert_id: self.certificate.clone(),
            enabled: Some(self.enabled()),
        }
    }

    /// The association, if a rotation in this run has written what is wanted.
    pub(super) async fn written_already(&self) -> Result<Option<Found>, Diagnostics> {
        match self.zone.has_written(&self.wanted()) {
            true => Ok(self.look().await?),
            false => Ok(None),
        }
    }

    /// Whether this run has written something else.
    pub(super) fn is_overwritten(&self) -> bool {
        let written = self.zone.run().written(&self.key());
        written.is_some_and(|written| written != self.wanted())
    }

    /// Keeps rotations of this run away from what is as it is wanted.
    pub(super) fn mark_managed(&self) {
        self.zone.run().mark_managed(self.key());
    }

    /// Writes the association in place of the prior one; one that presents its certificate,
    /// or moves to it from another, once that can be presented.
    pub(super) async fn write(
        &self,
        prior: Option<&Association>,
        looking: Looking,
    ) -> Result<Found, Diagnostics> {
        let moves = prior.is_some_and(|prior| prior.certificate_id != self.plan.certificate_id);
        if self.enabled() || moves {
            let ready = wait_for_certificate(&self.zone, &self.scope, &self.certificate).await;
            ready.map_err(|mut error| {
                error.detail.push_str(" Nothing was written.");
                error
            })?;
        }
        drop(looking);
        let write = self.wanted();
        let written = self
            .zone
            .write_associations(&self.scope, std::slice::from_ref(&write), Wanted::Always)
            .await;
        let written = match written.only() {
            Ok(written) => written,
            Err(error) => return Err(self.refused(&error).await.into()),
        };
        Ok(written.unwrap_or_else(|| Found::as_written(&write)))
    }

    async fn refused(&self, error: &Error) -> Diagnostic {
        let certificate = &self.certificate;
        let doing = format!("Associating {} with certificate {certificate}", self.name);
        let refused = (error, problem(error, &doing));
        let diagnostic =
            explain_hostname_limit(&self.zone, &self.scope, certificate, refused).await;
        match error.has_code(1415) || error.has_code(1404) {
            true => diagnostic.at("certificate_id"),
            false => diagnostic,
        }
    }

    /// The state after an accepted write: waits as far as wanted, and at most warns.
    pub(super) async fn finish(&self, ctx: &Ctx<Api>, mut found: Found) -> Association {
        let wait = self.zone.wait_for(WaitKind::Association);
        if self.plan.wait_for_deployment.known() != Some(&false)
            && let Err(warning) = self.wait(&mut found, wait).await
        {
            ctx.warn(warning.as_warning());
        }
        self.state(&found)
    }

    /// The state after nothing but waiting. An update never taints, so it may fail.
    pub(super) async fn settle(&self) -> Applied<Association> {
        let doing = format!("Reading {}", self.name);
        let found = self.zone.association(&self.scope, &self.name).await;
        let mut found = found.map_err(|error| Diagnostics::from(problem(&error, &doing)))?;
        match self.wait(&mut found, Wait::for_others()).await {
            Ok(()) => Ok(self.state(&found)),
            Err(error) => Err(Failed {
                state: Some(self.state(&found)),
                diagnostics: error.into(),
            }),
        }
    }

    /// Waits until the association is active.
    async fn wait(&self, found: &mut Found, mut wait: Wait<'_>) -> Result<(), Diagnostic> {
        loop {
            match found.status {
                // What was there before may be shown for a while.
                _ if !found.is_gone() && !self.is_wanted(found) => {}
                Status::Active => {
                    wait.ended();
                    return Ok(());
                }
                Status::DeploymentTimedOut | Status::DeletionTimedOut => break,
                _ if found.is_gone() => break,
                _ => {}
            }
            if let Err(why) = wait.pause(&self.scope).await {
                return Err(self.not_active(found, &Error::from(why)));
            }
            let fresh = Fresh::shared();
            let now = self.zone.association_as_of(&self.scope, &self.name, fresh);
            match now.await {
                Ok(now) => *found = now,
                Err(error) if error.is_gone() => break,
                Err(error) => return Err(self.not_active(found, &error)),
            }
        }
        Err(Diagnostic::error(
            "Association was not deployed",
            format!(
                "The association of {} in zone {} was written, but it is now {} instead of active. \
                 The next apply writes it again.",
                self.name,
                self.zone.id(),
                found.status
            ),
        ))
    }

    fn not_active(&self, found: &Found, error: &Error) -> Diagnostic {
        Diagnostic::error(
            "Association is not active yet",
            format!(
                "The association of {} in zone {} was written and is kept in state, but it is \
                 still {}: {error}. The next plan waits for it again; if deployment needs longer, \
                 raise timeouts.",
                self.name,
                self.zone.id(),
                found.status
            ),
        )
    }

    fn state(&self, found: &Found) -> Association {
        let mut state = self.plan.clone();
        state.id = format!("{}/{}", self.zone.id(), self.name).into();
        // What the plan promised is kept.
        if state.status.is_unknown() {
            state.status = found.status.as_str().into();
        }
        state
    }

    pub(super) fn declared_twice(&self) -> Diagnostic {
        Diagnostic::error(
            "Hostname is declared twice",
            format!(
                "Another resource of this configuration manages {} in zone {}. Keep one of them; \
                 if the resource was renamed, write a moved block.",
                self.name,
                self.zone.id()
            ),
        )
        .at("hostname")
    }

    pub(super) fn already_associated(&self, found: &Found) -> Diagnostic {
        let enabled = found.enabled.unwrap_or_default();
        Diagnostic::error(
            "Hostname is already associated",
            format!(
                "{name} is already associated with certificate {} (enabled = {enabled}) in zone \
                 {zone}, and may be serving with it. Import it, so that the change is planned: \
                 terraform import {resource}.NAME {zone}/{name}. If this resource is being \
                 replaced, apply without -replace: its certificate is changed in place.",
                found.certificate(),
                name = self.name,
                zone = self.zone.id(),
                resource = HostnameAssociation::NAME,
            ),
        )
        .at("hostname")
    }
}
