//! `aop_hostname_association`: the certificate of one hostname.
//!
//! An association is never tainted: replacing it would void it first, and the
//! hostname would be without its certificate in between. So once a write was
//! accepted, the answer is the object and at most a warning.

mod data;
mod filter;
mod hostname_limit;
mod list;
mod operation;
mod void;

pub use self::data::{AssociationData, AssociationsData};
pub(super) use self::hostname_limit::explain_hostname_limit;
use self::operation::AssociationOp;
pub(super) use self::void::{look, void};
use super::check::{
    canonical_zone, certificate_id, hostname, is_news, plan_zone, settles, zone_id,
};
use super::handoff::{hand_over, whose};
use super::names;
use super::official::{self, Official};
use super::problem::{problem, successor_failed};
use super::{Api, Settings};
use cloudflare::{Association as Found, Fresh, Hostname, Ownership, Scope, Status, Until, ZoneId};
use framework::{
    ApiObjects, Applied, Attr, Change, Ctx, Diagnostic, Diagnostics, Failed, Foreign, Model, Moved,
    Object, Operation, Planned, Resource, Successor, Timeouts, Walk,
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
             hostname, even while the zone-level setting is on. Default `true`.",
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
    type Settings = Settings;
    type Model = Association;
    type Identity = Identity;
    const NAME: &'static str = names::HOSTNAME_ASSOCIATION;
    const DOC: &'static str = "The client certificate that Cloudflare presents to the origin of \
        one hostname. It takes precedence over the zone-level setting. Destroying the resource lets \
        the zone-level setting apply to the hostname again.";

    fn plan(&self, change: &mut Change<'_, Association, Settings>) {
        Timeouts::check(&change.planned.timeouts, &mut change.report);
        let planned = &mut change.planned;
        let prior = change.prior.as_ref().map(|prior| &prior.zone_id);
        change.report.extend(plan_zone(&mut planned.zone_id, prior));
        if planned.certificate_id.known().is_some() {
            change
                .report
                .extend(certificate_id(&planned.certificate_id).err());
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

    fn place(&self, model: &Association) -> Option<String> {
        let zone = canonical_zone(&model.zone_id)?;
        Some(format!("{zone}/{}", hostname(&model.hostname).ok()?))
    }

    async fn leave(
        &self,
        ctx: &Ctx<Api>,
        state: Association,
        _: &ApiObjects,
        to: Successor,
    ) -> Result<Option<Association>, Failed<Association>> {
        let op = AssociationOp::new(ctx, state, Operation::Delete)?;
        let keys = vec![vec![op.key()]];
        let failed = hand_over(ctx, &op.scope, &keys, to).await?;
        if !failed.is_empty() {
            return Err(successor_failed(op.name.as_str(), op.zone.id()).into());
        }
        ctx.warn(taken_over(op.zone.id(), &op.name, to));
        Ok(None)
    }

    async fn create(&self, ctx: &Ctx<Api>, planned: Planned<Association>) -> Applied<Association> {
        let op = AssociationOp::new(ctx, planned.plan, Operation::Create)?;
        let claim = ctx
            .api
            .run()
            .claim(op.key())
            .map_err(|_| op.declared_twice())?;
        let looking = op.zone.look_and_write();
        let another = op.look_before().await?.filter(|found| !op.is_wanted(found));
        // The API may show for minutes what this run has voided, or is about to.
        if let Some(found) = another
            && !op.is_released().await?
        {
            return Err(op.already_associated(&found).into());
        }
        // An equal one is written all the same: it may be the shadow of one that an
        // earlier run has voided, and writing it once more changes nothing.
        let written = op.write(None, looking).await?;
        claim.keep();
        Ok(op.finish(ctx, written).await)
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        mut state: Association,
    ) -> Result<Option<Association>, Diagnostics> {
        let (zone, name) = (zone_id(&state.zone_id)?, hostname(&state.hostname)?);
        let scope = Scope::reading(ctx.cancel.clone());
        let api = ctx.api.zone(&zone);
        let is_expected = |found: &Found| {
            state.certificate_id.text() == found.certificate()
                && state.enabled.known().copied() == found.enabled
                && !is_news(&state.status, &found.status)
        };
        let asked = api.association_if(&scope, &name, Fresh::Recent, is_expected);
        let found = match asked.await {
            Err(error) if error.is_gone() => return Ok(None),
            Err(error) => return Err(problem(&error, &format!("Reading {name}")).into()),
            Ok(found) if found.is_gone() => return Ok(None),
            Ok(found) => found,
        };
        state.id = format!("{zone}/{name}").into();
        state.certificate_id = found.certificate().into();
        state.enabled = found.enabled.into();
        state.status = found.status.as_str().into();
        Ok(Some(state))
    }

    async fn import(&self, ctx: &Ctx<Api>, identity: Identity) -> Result<Association, Diagnostics> {
        let asked = Association {
            zone_id: identity.zone_id,
            hostname: identity.hostname,
            ..Association::default()
        };
        let (zone, name) = (zone_id(&asked.zone_id)?, hostname(&asked.hostname)?);
        let found = self.read(ctx, asked).await?;
        found.ok_or_else(|| absent(&zone, &name).into())
    }

    fn moved(&self, source: &Foreign) -> Result<Moved<Association>, Diagnostics> {
        let official = Official::recognise(source)?;
        let mismatch = official.mismatch(Self::NAME, source);
        let only = match official.object {
            official::Object::Associations(hostnames) if hostnames.len() == 1 => {
                hostnames.into_iter().next()
            }
            _ => None,
        };
        let only = only.ok_or(mismatch)?;
        let certificate_id = only.certificate_id.map(|id| id.to_string());
        let model = Association {
            id: format!("{}/{}", official.zone_id, only.hostname).into(),
            zone_id: official.zone_id.as_str().into(),
            hostname: only.hostname.as_str().into(),
            certificate_id: certificate_id.into(),
            enabled: only.enabled.into(),
            ..Association::default()
        };
        Ok(Moved {
            model,
            warning: None,
        })
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        prior: Association,
        planned: Planned<Association>,
    ) -> Applied<Association> {
        let writes = writes(&prior, &planned.plan);
        let waits = planned.plan.status.is_unknown();
        let op = AssociationOp::new(ctx, planned.plan, Operation::Update)?;
        let claim = ctx.api.run().reclaim(op.key());
        // A rotation in this run may have moved the hostname away from what is wanted.
        if writes || op.is_overwritten() {
            let looking = op.zone.look_and_write();
            let written = match op.written_already().await? {
                Some(found) => {
                    drop(looking);
                    found
                }
                None => {
                    let changed = op.changed_elsewhere(&prior).await;
                    changed.into_iter().for_each(|warning| ctx.warn(warning));
                    op.write(Some(&prior), looking).await?
                }
            };
            claim.keep();
            return Ok(op.finish(ctx, written).await);
        }
        op.mark_managed();
        claim.keep();
        match waits {
            true => op.settle().await,
            false => Ok(op.plan),
        }
    }

    async fn delete(&self, ctx: &Ctx<Api>, state: Association) -> Result<(), Failed<Association>> {
        let op = AssociationOp::new(ctx, state, Operation::Delete)?;
        let run = ctx.api.run();
        let key = op.key();
        let destruction = run.destroy(key.clone());
        let doing = format!("Waiting to remove the association of {}", op.name);
        loop {
            let looking = op.zone.look_and_write();
            let ownership = run
                .yield_to_successors(&[&key], &op.scope, Until::OthersEnd)
                .await;
            match ownership.map_err(|why| problem(&why.into(), &doing))? {
                Ownership::Free | Ownership::Contested => {}
                Ownership::Owned => {
                    ctx.warn(taken_over(op.zone.id(), &op.name, Successor::Another));
                    return Ok(());
                }
                Ownership::SuccessorFailed => {
                    return Err(successor_failed(op.name.as_str(), op.zone.id()).into());
                }
            }
            drop(looking);
            if void(&op.zone, &op.scope, &op.name, &op.certificate).await? {
                destruction.done();
                return Ok(());
            }
        }
    }
}

/// Another resource has it.
fn taken_over(zone: &ZoneId, name: &Hostname, to: Successor) -> Diagnostic {
    let whose = whose(to, &format!("{zone}/{name}"));
    Diagnostic::warning(
        "Association is left as it is",
        format!("The association of {name} was not removed: {whose}."),
    )
}

/// A hostname has no association.
fn absent(zone: &ZoneId, name: &Hostname) -> Diagnostic {
    Diagnostic::error(
        "Association not found",
        format!(
            "{name} has no association in zone {zone}: the zone-level setting applies to it. Check \
             the hostname, or create the association."
        ),
    )
}

/// Whether the change of an association needs a write. What Cloudflare could not deploy in time
/// is written again.
fn writes(prior: &Association, planned: &Association) -> bool {
    let timed_out = Status::parse(prior.status.text()).is_deployment_timed_out();
    prior.certificate_id != planned.certificate_id || prior.enabled != planned.enabled || timed_out
}
