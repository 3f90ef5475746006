//! `aop_hostname_association`: the certificate of one hostname.
//!
//! An association is never tainted: replacing it would void it first, and the
//! hostname would be without its certificate in between. So once a write was
//! accepted, the answer is the object and at most a warning.

use super::Api;
use super::check::{hostname, settles, zone_id};
use super::problem::problem;
use super::ready::wait_for_certificate;
use crate::cloudflare::{
    Association as Found, AssociationWrite, Error, Hostname, Key, Polls, Scope, Status, Verdict,
    Zone, ZoneId,
};
use crate::framework::{
    Applied, Attr, Change, Ctx, Diagnostic, Diagnostics, Failed, Model, Object, Operation, Planned,
    Resource, Timeouts, Walk,
};

/// The resource.
pub struct HostnameAssociation;

/// Its attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Association {
    id: Attr<String>,
    zone_id: Attr<String>,
    hostname: Attr<String>,
    certificate_id: Attr<String>,
    enabled: Attr<bool>,
    wait_for_deployment: Attr<bool>,
    timeouts: Attr<Object<Timeouts>>,
    status: Attr<String>,
}

/// What identifies it.
#[derive(Clone, Default, PartialEq)]
pub struct Identity {
    zone_id: Attr<String>,
    hostname: Attr<String>,
}

impl Model for Association {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            id,
            zone_id,
            hostname,
            certificate_id,
            enabled,
            wait_for_deployment,
            timeouts,
            status,
        } = self;
        walk.attr("id", id)
            .computed()
            .doc("`<zone_id>/<hostname>`, the hostname in canonical form.");
        walk.attr("zone_id", zone_id)
            .required()
            .replaces()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("hostname", hostname).required().replaces().doc(
            "A hostname of the zone. Case, a trailing dot and IDN spelling make no difference.",
        );
        walk.attr("certificate_id", certificate_id)
            .required()
            .doc("The id of an `aop_hostname_certificate` of the same zone.");
        walk.attr("enabled", enabled).defaults_to(true).doc(
            "Whether the certificate is presented. `false` pins \"present none\" for this \
             hostname, even while the zone-level switch is on. Default `true`.",
        );
        walk.attr("wait_for_deployment", wait_for_deployment)
            .defaults_to(true)
            .doc("Whether to wait until the association is active. Default `true`.");
        walk.attr("timeouts", timeouts)
            .optional()
            .doc(Timeouts::DOC);
        walk.attr("status", status)
            .computed()
            .doc("Deployment status, as last read, such as `active`.");
    }
}

impl Model for Identity {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { zone_id, hostname } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id.");
        walk.attr("hostname", hostname)
            .required()
            .doc("The hostname in canonical form.");
    }
}

impl Resource for HostnameAssociation {
    type Api = Api;
    type Model = Association;
    type Identity = Identity;
    const NAME: &'static str = "aop_hostname_association";
    const DOC: &'static str = "The client certificate that Cloudflare presents to the origin of \
        one hostname. It takes precedence over the zone-level switch. Destroying the resource \
        gives the hostname back to what the zone says.";

    fn plan(&self, change: &mut Change<'_, Association>) {
        Timeouts::check(&change.planned.timeouts, &mut change.report);
        let planned = &mut change.planned;
        if planned.zone_id.known().is_some() {
            change.report.extend(zone_id(&planned.zone_id).err());
        }
        if planned
            .certificate_id
            .known()
            .is_some_and(|id| id.trim().is_empty())
        {
            let detail = "certificate_id is empty. Give the id of an aop_hostname_certificate.";
            let error = Diagnostic::error("Certificate id is missing", detail);
            change.report.push(error.at("certificate_id"));
        }
        if planned.hostname.known().is_some() {
            match hostname(&planned.hostname) {
                Err(error) => change.report.push(error),
                Ok(name) => {
                    let prior = change.prior.as_ref().map(|prior| &prior.hostname);
                    if let Some(prior) = prior.filter(|p| hostname(p).as_ref() == Ok(&name)) {
                        planned.hostname = prior.clone();
                    } else if let Some(zone) = planned.zone_id.known() {
                        planned.id = format!("{zone}/{name}").into();
                    }
                }
            }
        }
        if let Some(prior) = &change.prior {
            let settles = settles(&prior.status, &planned.wait_for_deployment);
            if writes(prior, planned) || settles {
                planned.status = Attr::unknown();
            }
        }
    }

    fn identity(&self, model: &Association) -> Identity {
        let canonical = hostname(&model.hostname).map(|name| name.as_str().to_owned());
        Identity {
            zone_id: model.zone_id.clone(),
            hostname: canonical.map_or_else(|_| model.hostname.clone(), Attr::Known),
        }
    }

    async fn create(&self, ctx: &Ctx<Api>, planned: Planned<Association>) -> Applied<Association> {
        let work = Work::new(ctx, planned.plan, Operation::Create)?;
        let claim = ctx
            .api
            .run()
            .claim(work.key())
            .map_err(|_| work.declared_twice())?;
        let found = match work.look().await? {
            // The API may show for minutes what this run has voided.
            Some(_) if claim.was_destroyed() => None,
            found => found,
        };
        let written = match found {
            None => work.write().await?,
            Some(found) if work.is_wanted(&found) => found,
            Some(found) => return Err(work.is_another(&found).into()),
        };
        claim.keep();
        Ok(work.finish(ctx, written).await)
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        mut state: Association,
    ) -> Result<Option<Association>, Diagnostics> {
        let (zone, name) = (zone_id(&state.zone_id)?, hostname(&state.hostname)?);
        let scope = Scope::reading(ctx.cancel.clone());
        let found = match ctx.api.zone(&zone).association(&scope, &name).await {
            Err(error) if error.is_gone() => return Ok(None),
            Err(error) => return Err(problem(&error, &format!("Reading {name}")).into()),
            Ok(found) if found.is_gone() => return Ok(None),
            Ok(found) => found,
        };
        state.id = format!("{zone}/{name}").into();
        state.certificate_id = found.cert_id.into();
        state.enabled = found.enabled.into();
        state.status = found.status.as_str().into();
        Ok(Some(state))
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        prior: Association,
        planned: Planned<Association>,
    ) -> Applied<Association> {
        let writes = writes(&prior, &planned.plan);
        let waits = planned.plan.status.is_unknown();
        let work = Work::new(ctx, planned.plan, Operation::Update)?;
        let claim = ctx.api.run().reclaim(work.key());
        if writes {
            let written = work.write().await?;
            claim.keep();
            return Ok(work.finish(ctx, written).await);
        }
        claim.keep();
        match waits {
            true => work.settle().await,
            false => Ok(work.plan),
        }
    }

    async fn delete(&self, ctx: &Ctx<Api>, state: Association) -> Result<(), Diagnostics> {
        let work = Work::new(ctx, state, Operation::Delete)?;
        let run = ctx.api.run();
        let key = work.key();
        let destruction = run.destroy(key.clone());
        let doing = format!("Voiding the association of {}", work.name);
        let void = [AssociationWrite {
            hostname: work.name.as_str().to_owned(),
            cert_id: work.plan.certificate_id.text().to_owned(),
            enabled: None,
        }];
        loop {
            let verdict = run.give_way(&[&key], &work.scope).await;
            if verdict.map_err(|why| problem(&why.into(), &doing))? == Verdict::Owned {
                ctx.warn(work.taken_over());
                return Ok(());
            }
            let wanted = || run.verdict(&key) == Verdict::Free;
            let voided = work
                .zone
                .write_associations(&work.scope, &void, wanted)
                .await;
            match voided {
                Ok(None) => {}
                Ok(Some(_)) => break,
                // Nothing there, or its certificate is gone: nothing is presented.
                Err(error) if error.is_gone() || error.has_code(1415) => break,
                Err(error) => return Err(problem(&error, &doing).into()),
            }
        }
        destruction.done();
        Ok(())
    }
}

/// Whether the change of an association needs a write.
fn writes(prior: &Association, planned: &Association) -> bool {
    prior.certificate_id != planned.certificate_id || prior.enabled != planned.enabled
}

/// One operation on one hostname.
struct Work<'a> {
    zone: Zone<'a>,
    name: Hostname,
    scope: Scope,
    /// What is wanted; for a destroy, what was.
    plan: Association,
}

impl<'a> Work<'a> {
    fn new(
        ctx: &'a Ctx<Api>,
        plan: Association,
        operation: Operation,
    ) -> Result<Self, Diagnostics> {
        let zone: ZoneId = zone_id(&plan.zone_id)?;
        let duration = Timeouts::of(&plan.timeouts, operation);
        Ok(Self {
            zone: ctx.api.zone(&zone),
            name: hostname(&plan.hostname)?,
            scope: Scope::lasting(duration, ctx.cancel.clone()),
            plan,
        })
    }

    fn key(&self) -> Key {
        Key::Association(self.zone.id().clone(), self.name.clone())
    }

    fn enabled(&self) -> bool {
        self.plan.enabled.known() != Some(&false)
    }

    /// The live association, if there is one.
    async fn look(&self) -> Result<Option<Found>, Diagnostics> {
        match self.zone.association(&self.scope, &self.name).await {
            Ok(found) if found.is_gone() => Ok(None),
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(problem(&error, &format!("Reading {}", self.name)).into()),
        }
    }

    fn is_wanted(&self, found: &Found) -> bool {
        found.cert_id == self.plan.certificate_id.text() && found.enabled == Some(self.enabled())
    }

    /// Writes the association, once its certificate can be presented.
    async fn write(&self) -> Result<Found, Diagnostics> {
        let certificate = self.plan.certificate_id.text();
        if self.enabled() {
            wait_for_certificate(&self.zone, &self.scope, certificate).await?;
        }
        let write = [AssociationWrite {
            hostname: self.name.as_str().to_owned(),
            cert_id: certificate.to_owned(),
            enabled: Some(self.enabled()),
        }];
        let written = self
            .zone
            .write_associations(&self.scope, &write, || true)
            .await;
        let written = written.map_err(|error| self.refused(&error))?;
        let same = |found: &Found| Hostname::parse(&found.hostname).as_ref() == Ok(&self.name);
        Ok(written.into_iter().flatten().find(same).unwrap_or(Found {
            hostname: self.name.as_str().to_owned(),
            cert_id: certificate.to_owned(),
            enabled: Some(self.enabled()),
            status: Status::PendingDeployment,
        }))
    }

    fn refused(&self, error: &Error) -> Diagnostic {
        let certificate = self.plan.certificate_id.text();
        let doing = format!("Associating {} with certificate {certificate}", self.name);
        let diagnostic = problem(error, &doing);
        match error.has_code(1415) || error.has_code(1404) {
            true => diagnostic.at("certificate_id"),
            false => diagnostic,
        }
    }

    /// The state after an accepted write: waits as far as wanted, and at most warns.
    async fn finish(&self, ctx: &Ctx<Api>, mut found: Found) -> Association {
        if self.plan.wait_for_deployment.known() != Some(&false)
            && let Err(warning) = self.wait(&mut found).await
        {
            ctx.warn(Diagnostic {
                severity: crate::framework::Severity::Warning,
                ..warning
            });
        }
        self.state(&found)
    }

    /// The state after nothing but waiting. An update never taints, so it may fail.
    async fn settle(&self) -> Applied<Association> {
        let doing = format!("Reading {}", self.name);
        let found = self.zone.association(&self.scope, &self.name).await;
        let mut found = found.map_err(|error| Diagnostics::from(problem(&error, &doing)))?;
        match self.wait(&mut found).await {
            Ok(()) => Ok(self.state(&found)),
            Err(error) => Err(Failed {
                state: Some(self.state(&found)),
                diagnostics: error.into(),
            }),
        }
    }

    /// Waits until the association is active.
    async fn wait(&self, found: &mut Found) -> Result<(), Diagnostic> {
        let mut polls = Polls::new();
        loop {
            match found.status {
                Status::Active => return Ok(()),
                Status::DeploymentTimedOut | Status::DeletionTimedOut => break,
                _ if found.is_gone() => break,
                _ => {}
            }
            if let Err(why) = polls.pause(&self.scope).await {
                return Err(self.not_active(found, &Error::from(why)));
            }
            match self.zone.association(&self.scope, &self.name).await {
                Ok(now) => *found = now,
                Err(error) if error.is_gone() => break,
                Err(error) => return Err(self.not_active(found, &error)),
            }
        }
        Err(Diagnostic::error(
            "Association was not deployed",
            format!(
                "The association of {} in zone {} was written, but it is now {} instead of active. \
                 The next plan shows what is left to do.",
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
        Association {
            id: format!("{}/{}", self.zone.id(), self.name).into(),
            status: found.status.as_str().into(),
            ..self.plan.clone()
        }
    }

    fn declared_twice(&self) -> Diagnostic {
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

    fn is_another(&self, found: &Found) -> Diagnostic {
        let enabled = found.enabled.unwrap_or_default();
        Diagnostic::error(
            "Hostname is already associated",
            format!(
                "{name} is already associated with certificate {} (enabled = {enabled}) in zone \
                 {zone}, and may be serving with it. Import it, so that the change is planned: \
                 terraform import {resource}.NAME {zone}/{name}",
                found.cert_id,
                name = self.name,
                zone = self.zone.id(),
                resource = HostnameAssociation::NAME,
            ),
        )
        .at("hostname")
    }

    fn taken_over(&self) -> Diagnostic {
        Diagnostic::warning(
            "Association is left as it is",
            format!(
                "Another resource took over {} in this run, so its association was not voided.",
                self.name
            ),
        )
    }
}
