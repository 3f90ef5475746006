//! `aop_zone_setting` and `aop_global_setting`: one implementation for a zone's two
//! switches.

mod data;

use std::marker::PhantomData;

pub use data::SettingData;

use super::check::{canonical_zone, plan_zone, zone_id};
use super::handoff::{hand_over, whose};
use super::identity::OfZone;
use super::names;
use super::official::{self, Official};
use super::problem::{problem, successor_failed};
use super::ready::wait_for_zone_certificate;
use super::{Api, Settings};
use cloudflare::{Fresh, Key, Ownership, Scope, Switch, Trust, Until, ZoneId};
use framework::{
    ApiObjects, Applied, Attr, Change, Ctx, Diagnostic, Diagnostics, Failed, Foreign, Model, Moved,
    Object, Operation, Planned, Resource, Successor, Timeouts, Walk,
};

/// The resource for one of the switches.
pub struct Setting<S>(PhantomData<S>);

impl<S> Default for Setting<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// Which switch a resource is about.
pub trait OfSwitch: Send + Sync + 'static {
    /// The switch.
    const SWITCH: Switch;
    /// The type name.
    const NAME: &'static str;
    /// The resource's documentation.
    const DOC: &'static str;
    /// The data source's documentation.
    const DATA_DOC: &'static str;
}

/// The zone-level setting.
pub struct ZoneSwitch;

/// The global setting.
pub struct GlobalSwitch;

impl OfSwitch for ZoneSwitch {
    const SWITCH: Switch = Switch::Zone;
    const NAME: &'static str = names::ZONE_SETTING;
    const DOC: &'static str = "The zone-level setting of Authenticated Origin Pulls. While it is \
        on, Cloudflare presents the active `aop_zone_certificate` that was deployed last to every \
        origin of the zone. Destroying the resource turns it off. Let it depend on the certificate \
        (`depends_on`), so that it is on only while there is one.";
    const DATA_DOC: &'static str = "Whether the zone-level setting of Authenticated Origin Pulls \
        is on.";
}

impl OfSwitch for GlobalSwitch {
    const SWITCH: Switch = Switch::Global;
    const NAME: &'static str = names::GLOBAL_SETTING;
    const DOC: &'static str = "Global Authenticated Origin Pulls, the zone setting \
        `tls_client_auth`. While it is on, Cloudflare presents a certificate that all of its \
        customers share, where neither a hostname nor the zone has one of its own: it proves that \
        a request came through Cloudflare, not that it came through your zone. Destroying the \
        resource turns it off. The API token needs the permission \"Zone Settings: Edit\".";
    const DATA_DOC: &'static str = "Whether global Authenticated Origin Pulls, the zone setting \
        `tls_client_auth`, is on. The API token needs the permission \"Zone Settings: Read\".";
}

/// Its attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Switched {
    zone_id: Attr<String>,
    enabled: Attr<bool>,
    timeouts: Attr<Object<Timeouts>>,
}

impl Model for Switched {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            zone_id,
            enabled,
            timeouts,
        } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .replaces()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("enabled", enabled)
            .required()
            .doc("Whether the setting is on.");
        walk.attr("timeouts", timeouts)
            .optional()
            .doc(Timeouts::DOC);
    }
}

impl<S: OfSwitch> Resource for Setting<S> {
    type Api = Api;
    type Settings = Settings;
    type Model = Switched;
    type Identity = OfZone;
    const NAME: &'static str = S::NAME;
    const DOC: &'static str = S::DOC;

    fn plan(&self, change: &mut Change<'_, Switched, Settings>) {
        Timeouts::check(&change.planned.timeouts, &mut change.report);
        let prior = change.prior.as_ref().map(|prior| &prior.zone_id);
        let planned = &mut change.planned;
        change.report.extend(plan_zone(&mut planned.zone_id, prior));
    }

    fn identity(&self, model: &Switched) -> OfZone {
        OfZone {
            zone_id: model.zone_id.clone(),
        }
    }

    fn place(&self, model: &Switched) -> Option<String> {
        canonical_zone(&model.zone_id)
    }

    async fn leave(
        &self,
        ctx: &Ctx<Api>,
        state: Switched,
        _: &ApiObjects,
        to: Successor,
    ) -> Result<Option<Switched>, Failed<Switched>> {
        let zone = zone_id(&state.zone_id)?;
        let duration = Timeouts::of(&state.timeouts, Operation::Delete);
        let scope = Scope::lasting(duration, ctx.cancel.clone());
        let keys = vec![vec![Key::Switch(zone.clone(), S::SWITCH)]];
        let failed = hand_over(ctx, &scope, &keys, to).await?;
        if !failed.is_empty() {
            return Err(successor_failed(named(S::SWITCH), &zone).into());
        }
        ctx.warn(taken_over::<S>(&zone, to));
        Ok(None)
    }

    async fn create(&self, ctx: &Ctx<Api>, planned: Planned<Switched>) -> Applied<Switched> {
        let plan = planned.plan;
        let zone = zone_id(&plan.zone_id)?;
        let duration = Timeouts::of(&plan.timeouts, Operation::Create);
        let scope = Scope::lasting(duration, ctx.cancel.clone());
        let claim = ctx.api.run().claim(Key::Switch(zone.clone(), S::SWITCH));
        let claim = claim.map_err(|_| {
            Diagnostic::error(
                "Setting is declared twice",
                format!(
                    "Another {} of this configuration manages zone {zone}. Keep one of them; if \
                     the resource was renamed, write a moved block.",
                    S::NAME
                ),
            )
        })?;
        let trust = match claim.was_destroyed() {
            true => Trust::Doubtful,
            false => Trust::Shown,
        };
        set(ctx, &scope, S::SWITCH, &plan, trust).await?;
        claim.keep();
        Ok(plan)
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        mut state: Switched,
    ) -> Result<Option<Switched>, Diagnostics> {
        state.enabled = is_on(ctx, &state.zone_id, S::SWITCH).await?.into();
        Ok(Some(state))
    }

    async fn import(&self, ctx: &Ctx<Api>, identity: OfZone) -> Result<Switched, Diagnostics> {
        let enabled = is_on(ctx, &identity.zone_id, S::SWITCH).await?;
        Ok(Switched {
            zone_id: identity.zone_id,
            enabled: enabled.into(),
            ..Switched::default()
        })
    }

    fn moved(&self, source: &Foreign) -> Result<Moved<Switched>, Diagnostics> {
        let official = Official::recognise(source)?;
        let (enabled, whole_zone) = match official.object {
            official::Object::Switch {
                switch,
                enabled,
                whole_zone,
            } if switch == S::SWITCH => (enabled, whole_zone),
            _ => return Err(official.mismatch(S::NAME, source).into()),
        };
        let warning = whole_zone.then(|| {
            Diagnostic::warning(
                "Hostname turned on the global setting",
                format!(
                    "The object that is moved names a hostname and no certificate. Version 4 of the \
                     official provider has turned on the global setting of zone {} for that, for \
                     every hostname; that is what this resource manages from now on.",
                    official.zone_id
                ),
            )
        });
        let model = Switched {
            zone_id: official.zone_id.as_str().into(),
            enabled: enabled.into(),
            ..Switched::default()
        };
        Ok(Moved { model, warning })
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        prior: Switched,
        planned: Planned<Switched>,
    ) -> Applied<Switched> {
        let plan = planned.plan;
        let zone = zone_id(&plan.zone_id)?;
        let claim = ctx.api.run().reclaim(Key::Switch(zone, S::SWITCH));
        if prior.enabled != plan.enabled {
            let duration = Timeouts::of(&plan.timeouts, Operation::Update);
            let scope = Scope::lasting(duration, ctx.cancel.clone());
            set(ctx, &scope, S::SWITCH, &plan, Trust::Shown).await?;
        }
        claim.keep();
        Ok(plan)
    }

    async fn delete(&self, ctx: &Ctx<Api>, state: Switched) -> Result<(), Failed<Switched>> {
        let id = zone_id(&state.zone_id)?;
        let duration = Timeouts::of(&state.timeouts, Operation::Delete);
        let scope = Scope::lasting(duration, ctx.cancel.clone());
        let (run, zone) = (ctx.api.run(), ctx.api.zone(&id));
        let key = Key::Switch(id.clone(), S::SWITCH);
        let doing = format!("Turning off {} of zone {id}", named(S::SWITCH));
        let destruction = run.destroy(key.clone());
        loop {
            let ownership = run
                .yield_to_successors(&[&key], &scope, Until::OthersEnd)
                .await;
            let ownership = ownership.map_err(|why| problem(&why.into(), &doing))?;
            if ownership == Ownership::SuccessorFailed {
                return Err(successor_failed(named(S::SWITCH), &id).into());
            }
            if ownership == Ownership::Owned {
                ctx.warn(taken_over::<S>(&id, Successor::Another));
                return Ok(());
            }
            let wanted = || run.ownership(&key) == Ownership::Free;
            let set = zone.set_switch(&scope, S::SWITCH, false, wanted).await;
            if set.map_err(|error| problem(&error, &doing))? {
                destruction.done();
                return Ok(());
            }
        }
    }
}

/// Another resource has it.
fn taken_over<S: OfSwitch>(zone: &ZoneId, to: Successor) -> Diagnostic {
    let (switch, whose) = (named(S::SWITCH), whose(to, zone.as_str()));
    Diagnostic::warning(
        "Setting is left as it is",
        format!("{switch} of zone {zone} was not turned off: {whose}."),
    )
}

/// Brings the switch where the plan wants it; without a write where the API shows it there
/// and can be trusted.
async fn set(
    ctx: &Ctx<Api>,
    scope: &Scope,
    switch: Switch,
    plan: &Switched,
    trust: Trust,
) -> Result<(), Diagnostics> {
    let id = zone_id(&plan.zone_id)?;
    let zone = ctx.api.zone(&id);
    let on = plan.enabled.known() == Some(&true);
    // The shared certificate is always there.
    let presents_own = on && switch == Switch::Zone;
    let certificates = match presents_own {
        true => wait_for_zone_certificate(&zone, scope).await?,
        false => 0,
    };
    let doing = format!("Changing {} of zone {id}", named(switch));
    let fail = |error| problem(&error, &doing);
    if trust != Trust::Shown || zone.switch(scope, switch).await.map_err(fail)? != on {
        let set = zone.set_switch(scope, switch, on, || true).await;
        set.map_err(fail)?;
    }
    if presents_own && certificates == 0 {
        ctx.warn(Diagnostic::warning(
            "Zone has no certificate to present",
            format!(
                "Zone-level Authenticated Origin Pulls is on for zone {id}, but the zone has no \
                 active certificate: origins that demand one refuse Cloudflare's requests. Upload \
                 an aop_zone_certificate, and let this setting depend on it."
            ),
        ));
    }
    Ok(())
}

/// Whether a switch of a zone is on.
async fn is_on(ctx: &Ctx<Api>, zone: &Attr<String>, switch: Switch) -> Result<bool, Diagnostics> {
    let zone = zone_id(zone)?;
    let scope = Scope::reading(ctx.cancel.clone());
    let api = ctx.api.zone(&zone);
    let on = api.switch_as_of(&scope, switch, Fresh::Recent).await;
    let doing = format!("Reading {} of zone {zone}", named(switch));
    Ok(on.map_err(|error| problem(&error, &doing))?)
}

/// A switch inside a sentence.
fn named(switch: Switch) -> &'static str {
    match switch {
        Switch::Zone => "the zone-level setting",
        Switch::Global => "the global setting",
    }
}
