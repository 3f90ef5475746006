//! `aop_zone_setting`: whether Cloudflare presents the zone's own certificate.

use super::check::zone_id;
use super::problem::problem;
use super::ready::wait_for_zone_certificate;
use super::{Api, Settings};
use crate::cloudflare::{Key, Scope, Switch, Verdict};
use crate::framework::{
    Applied, Attr, Change, Ctx, Diagnostic, Diagnostics, Model, Object, Operation, Planned,
    Resource, Timeouts, Walk,
};

/// The resource.
pub struct ZoneSetting;

/// Its attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Setting {
    zone_id: Attr<String>,
    enabled: Attr<bool>,
    timeouts: Attr<Object<Timeouts>>,
}

/// What identifies it.
#[derive(Clone, Default, PartialEq)]
pub struct Identity {
    zone_id: Attr<String>,
}

impl Model for Setting {
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
        walk.attr("enabled", enabled).required().doc(
            "Whether Cloudflare presents the zone's newest active certificate to the origins of \
             the zone.",
        );
        walk.attr("timeouts", timeouts)
            .optional()
            .doc(Timeouts::DOC);
    }
}

impl Model for Identity {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { zone_id } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id.");
    }
}

impl Resource for ZoneSetting {
    type Api = Api;
    type Settings = Settings;
    type Model = Setting;
    type Identity = Identity;
    const NAME: &'static str = "aop_zone_setting";
    const DOC: &'static str = "The zone-level switch of Authenticated Origin Pulls. While it is \
        on, Cloudflare presents the newest active `aop_zone_certificate` to every origin of the \
        zone. Destroying the resource turns it off. Let it depend on the certificate \
        (`depends_on`), so that it is on only while there is one.";

    fn plan(&self, change: &mut Change<'_, Setting, Settings>) {
        Timeouts::check(&change.planned.timeouts, &mut change.report);
        if change.planned.zone_id.known().is_some() {
            change.report.extend(zone_id(&change.planned.zone_id).err());
        }
    }

    fn identity(&self, model: &Setting) -> Identity {
        Identity {
            zone_id: model.zone_id.clone(),
        }
    }

    async fn create(&self, ctx: &Ctx<Api>, planned: Planned<Setting>) -> Applied<Setting> {
        let plan = planned.plan;
        let zone = zone_id(&plan.zone_id)?;
        let duration = Timeouts::of(&plan.timeouts, Operation::Create);
        let scope = Scope::lasting(duration, ctx.cancel.clone());
        let claim = ctx.api.run().claim(Key::Switch(zone.clone(), Switch::Zone));
        let claim = claim.map_err(|_| {
            Diagnostic::error(
                "Setting is declared twice",
                format!(
                    "Another aop_zone_setting of this configuration manages zone {zone}. Keep one \
                     of them; if the resource was renamed, write a moved block."
                ),
            )
        })?;
        set(ctx, &scope, &plan, claim.was_destroyed()).await?;
        claim.keep();
        Ok(plan)
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        mut state: Setting,
    ) -> Result<Option<Setting>, Diagnostics> {
        let zone = zone_id(&state.zone_id)?;
        let scope = Scope::reading(ctx.cancel.clone());
        let on = ctx.api.zone(&zone).switch(&scope, Switch::Zone).await;
        let on =
            on.map_err(|error| problem(&error, &format!("Reading the switch of zone {zone}")))?;
        state.enabled = on.into();
        Ok(Some(state))
    }

    async fn import(&self, ctx: &Ctx<Api>, identity: Identity) -> Result<Setting, Diagnostics> {
        let asked = Setting {
            zone_id: identity.zone_id,
            ..Setting::default()
        };
        let zone = asked.zone_id.text().to_owned();
        let found = self.read(ctx, asked).await?;
        found.ok_or_else(|| {
            let detail = format!("Zone {zone} has no such setting. Check zone_id.");
            Diagnostic::error("Setting not found", detail).into()
        })
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        prior: Setting,
        planned: Planned<Setting>,
    ) -> Applied<Setting> {
        let plan = planned.plan;
        let zone = zone_id(&plan.zone_id)?;
        let claim = ctx.api.run().reclaim(Key::Switch(zone, Switch::Zone));
        if prior.enabled != plan.enabled {
            let duration = Timeouts::of(&plan.timeouts, Operation::Update);
            let scope = Scope::lasting(duration, ctx.cancel.clone());
            set(ctx, &scope, &plan, false).await?;
        }
        claim.keep();
        Ok(plan)
    }

    async fn delete(&self, ctx: &Ctx<Api>, state: Setting) -> Result<(), Diagnostics> {
        let id = zone_id(&state.zone_id)?;
        let duration = Timeouts::of(&state.timeouts, Operation::Delete);
        let scope = Scope::lasting(duration, ctx.cancel.clone());
        let (run, zone) = (ctx.api.run(), ctx.api.zone(&id));
        let key = Key::Switch(id.clone(), Switch::Zone);
        let doing = format!("Turning off the switch of zone {id}");
        let destruction = run.destroy(key.clone());
        loop {
            let verdict = run.give_way(&[&key], &scope).await;
            if verdict.map_err(|why| problem(&why.into(), &doing))? == Verdict::Owned {
                ctx.warn(Diagnostic::warning(
                    "Setting is left as it is",
                    format!(
                        "Another aop_zone_setting took over zone {id} in this run, so the switch \
                         was not turned off."
                    ),
                ));
                return Ok(());
            }
            let wanted = || run.verdict(&key) == Verdict::Free;
            let set = zone.set_switch(&scope, Switch::Zone, false, wanted).await;
            if set.map_err(|error| problem(&error, &doing))? {
                destruction.done();
                return Ok(());
            }
        }
    }
}

/// Brings the switch where the plan wants it. `stale`: what the API shows may be old.
async fn set(
    ctx: &Ctx<Api>,
    scope: &Scope,
    plan: &Setting,
    stale: bool,
) -> Result<(), Diagnostics> {
    let id = zone_id(&plan.zone_id)?;
    let zone = ctx.api.zone(&id);
    let on = plan.enabled.known() == Some(&true);
    let certificates = match on {
        true => wait_for_zone_certificate(&zone, scope).await?,
        false => 0,
    };
    let doing = format!("Setting the switch of zone {id}");
    let fail = |error| problem(&error, &doing);
    if stale || zone.switch(scope, Switch::Zone).await.map_err(fail)? != on {
        let set = zone.set_switch(scope, Switch::Zone, on, || true).await;
        set.map_err(fail)?;
    }
    if on && certificates == 0 {
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
