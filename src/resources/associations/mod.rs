//! `aop_hostname_associations`: the certificates of many hostnames, with a few requests
//! and one wait.
//!
//! `model` has the attributes; `target` what they want for each hostname; `plan` checks
//! them; `write` brings hostnames where they are wanted; `release` lets them go.

mod model;
mod plan;
mod release;
mod target;
mod write;

use std::collections::BTreeMap;

use super::association::look;
use super::check::zone_id;
use super::identity::OfZone;
use super::official::{self, Official};
use super::problem::problem;
use super::{Api, Settings};
use crate::cloudflare::{Claim, Fresh, Hostname, Scope};
use crate::framework::{
    Applied, Change, Ctx, Diagnostic, Diagnostics, Failed, Foreign, Moved, Object, Operation,
    Planned, Resource,
};

use model::{Associations, Entry};
use target::{Difference, merge, targets};
use write::Work;

/// The resource.
pub struct HostnameAssociations;

impl Resource for HostnameAssociations {
    type Api = Api;
    type Settings = Settings;
    type Model = Associations;
    type Identity = OfZone;
    const NAME: &'static str = "aop_hostname_associations";
    const DOC: &'static str = "The client certificates that Cloudflare presents to the origins of \
        many hostnames of a zone, written a hundred at a time and waited for together. It manages \
        the hostnames that it lists and leaves the others alone; a hostname belongs to one \
        resource, this one or an `aop_hostname_association`. Destroying the resource, or taking a \
        hostname out of the map, gives the hostname back to what the zone says.";
    const SHARES_IDENTITY: bool = true;

    fn plan(&self, change: &mut Change<'_, Associations, Settings>) {
        plan::complete(change);
    }

    fn identity(&self, model: &Associations) -> OfZone {
        OfZone {
            zone_id: model.zone_id.clone(),
        }
    }

    async fn create(
        &self,
        ctx: &Ctx<Api>,
        planned: Planned<Associations>,
    ) -> Applied<Associations> {
        let plan = planned.plan;
        let targets = targets(&plan)?;
        let work = Work::new(ctx, &plan, Operation::Create)?;
        let claims = work.claim(&targets)?;
        work.refuse_others(&targets, &claims).await?;
        let mut written = work.write(&targets, &targets).await;
        if written.errors.has_error() {
            if !written.accepted.is_empty() {
                written
                    .errors
                    .push(a_part(written.accepted.len(), targets.len()));
            }
            return Err(written.errors.into());
        }
        claims.into_values().for_each(Claim::keep);
        work.wait(&plan, &targets).await;
        Ok(plan)
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        mut state: Associations,
    ) -> Result<Option<Associations>, Diagnostics> {
        let id = zone_id(&state.zone_id)?;
        let (scope, zone) = (Scope::reading(ctx.cancel.clone()), ctx.api.zone(&id));
        let before = targets(&state)?;
        let found = zone.associations_of(&scope, before.keys(), Fresh::Recent);
        let doing = format!("Reading the associations of zone {id}");
        let mut found = found.await.map_err(|error| problem(&error, &doing))?;
        let mut alive = BTreeMap::new();
        for (name, target) in before {
            // What the list does not show alive is asked for by name.
            let association = match found.remove(&name).filter(|found| !found.is_gone()) {
                Some(listed) => Some(listed),
                None => look(&zone, &scope, &name).await?,
            };
            let entry = association.map(|association| (target.spelling, association.into()));
            alive.extend(entry);
        }
        state.associations = alive.into();
        Ok(Some(state))
    }

    async fn import(&self, ctx: &Ctx<Api>, identity: OfZone) -> Result<Associations, Diagnostics> {
        let id = zone_id(&identity.zone_id)?;
        let (scope, zone) = (Scope::reading(ctx.cancel.clone()), ctx.api.zone(&id));
        let doing = format!("Listing the associations of zone {id}");
        let list = zone.associations(&scope).await;
        let list = list.map_err(|error| problem(&error, &doing))?;
        let alive = list.into_iter().filter(|found| !found.is_gone());
        let alive = alive.filter_map(|found| {
            let name = Hostname::parse(&found.hostname).ok()?;
            Some((name.as_str().to_owned(), found.into()))
        });
        let alive: BTreeMap<_, _> = alive.collect();
        if alive.is_empty() {
            return Err(Diagnostic::error(
                "Zone has no associations",
                format!("There is nothing to import from zone {id}: create the associations."),
            )
            .into());
        }
        Ok(Associations {
            zone_id: identity.zone_id,
            associations: alive.into(),
            ..Associations::default()
        })
    }

    fn moved(&self, source: &Foreign) -> Result<Moved<Associations>, Diagnostics> {
        let official = Official::recognise(source)?;
        let is_no = official.is_no(Self::NAME, source);
        let official::Object::Associations(hostnames) = official.object else {
            return Err(is_no.into());
        };
        let entries = hostnames.into_iter().map(|found| {
            let entry = Entry {
                certificate_id: found.certificate_id.into(),
                enabled: found.enabled.into(),
            };
            (found.hostname, Object(entry).into())
        });
        let entries: BTreeMap<_, _> = entries.collect();
        let model = Associations {
            zone_id: official.zone_id.into(),
            associations: entries.into(),
            ..Associations::default()
        };
        Ok(Moved {
            model,
            warning: None,
        })
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        prior: Associations,
        planned: Planned<Associations>,
    ) -> Applied<Associations> {
        let plan = planned.plan;
        let (before, after) = (targets(&prior)?, targets(&plan)?);
        let work = Work::new(ctx, &plan, Operation::Update)?;
        let is_overwritten = |name: &Hostname| work.is_overwritten(name, &after);
        let difference = Difference::between(&before, &after, is_overwritten);

        let held = work.hold(&difference.kept);
        let claims = work.claim(&difference.added)?;
        work.refuse_others(&difference.added, &claims).await?;
        work.insist(&difference.unchanged);
        let written = work.write(&difference.changed, &difference.moved).await;
        let released = work.release(&difference.removed).await;
        let mut errors = written.errors;
        errors.extend(released.errors);
        if errors.has_error() {
            return Err(Failed {
                state: Some(merge(&prior, &after, &written.accepted, &released.gone)),
                diagnostics: errors,
            });
        }
        let claims = claims.into_values().chain(held);
        claims.for_each(Claim::keep);
        work.wait(&plan, &difference.changed).await;
        Ok(plan)
    }

    async fn delete(&self, ctx: &Ctx<Api>, state: Associations) -> Result<(), Diagnostics> {
        let work = Work::new(ctx, &state, Operation::Delete)?;
        let released = work.release(&targets(&state)?).await;
        match released.errors.has_error() {
            true => Err(released.errors),
            false => Ok(()),
        }
    }
}

fn a_part(count: usize, of: usize) -> Diagnostic {
    Diagnostic::warning(
        "A part was written",
        format!(
            "{count} of {of} hostnames were written and stay as they are now. Terraform keeps \
             nothing of a create that failed; the next apply adopts them."
        ),
    )
}
