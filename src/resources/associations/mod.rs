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

use std::collections::{BTreeMap, BTreeSet};

use super::association::look;
use super::check::{canonical_zone, zone_id};
use super::handoff::hand_over;
use super::identity::OfZone;
use super::names;
use super::official::{self, Official};
use super::problem::{listed, problem, successor_failed};
use super::{Api, Settings};
use cloudflare::{Fresh, Hostname, Key, Scope, Until};
use framework::{
    ApiObject, ApiObjects, Applied, Attr, Change, Ctx, Diagnostic, Diagnostics, Failed, Foreign,
    Moved, Object, Operation, Planned, Resource, Successor,
};

use model::{Associations, Entry};
use release::taken_over;
use target::{Difference, Targets, hostnames, merge, targets};
use write::{AssociationsOp, Claims};

/// The resource.
pub struct HostnameAssociations;

impl Resource for HostnameAssociations {
    type Api = Api;
    type Settings = Settings;
    type Model = Associations;
    type Identity = OfZone;
    const NAME: &'static str = names::HOSTNAME_ASSOCIATIONS;
    const DOC: &'static str = "The client certificates that Cloudflare presents to the origins of \
        many hostnames of a zone, written a hundred at a time and waited for together. It manages \
        the hostnames that it lists and leaves the others alone; a hostname belongs to one \
        resource, this one or an `aop_hostname_association`. Destroying the resource, or taking a \
        hostname out of the map, lets the zone-level setting apply to the hostname again.";

    fn plan(&self, change: &mut Change<'_, Associations, Settings>) {
        plan::complete(change);
    }

    fn identity(&self, model: &Associations) -> OfZone {
        OfZone {
            zone_id: model.zone_id.clone(),
        }
    }

    fn place(&self, model: &Associations) -> Option<String> {
        canonical_zone(&model.zone_id)
    }

    fn objects(&self, model: &Associations) -> Option<ApiObjects> {
        let zone = canonical_zone(&model.zone_id)?;
        model.associations.known()?;
        let names = hostnames(model).into_iter();
        let object = |name| ApiObject::new(names::HOSTNAME_ASSOCIATION, format!("{zone}/{name}"));
        Some(names.map(object).collect())
    }

    const OBJECTS: Option<&'static str> = Some(names::HOSTNAME_ASSOCIATION);
    const TAKES_AWAY: bool = true;

    async fn leave(
        &self,
        ctx: &Ctx<Api>,
        state: Associations,
        objects: &ApiObjects,
        to: Successor,
    ) -> Result<Option<Associations>, Failed<Associations>> {
        let op = AssociationsOp::new(ctx, &state, Operation::Delete)?;
        let zone = op.zone.id();
        let is_left = |name: &Hostname| {
            let object = ApiObject::new(names::HOSTNAME_ASSOCIATION, format!("{zone}/{name}"));
            objects.contains(&object)
        };
        let left: Vec<Hostname> = hostnames(&state).into_iter().filter(is_left).collect();
        let keys: Vec<Vec<Key>> = left.iter().map(|name| vec![op.key(name)]).collect();
        let failed = hand_over(ctx, &op.scope, &keys, to).await?;
        let is_failed = |number: &usize| failed.contains(number);
        let (failed, left): (Vec<_>, Vec<_>) = left
            .into_iter()
            .enumerate()
            .partition(|(number, _)| is_failed(number));
        let left: BTreeSet<Hostname> = left.into_iter().map(|(_, name)| name).collect();
        let rest = merge(&state, &Targets::new(), &BTreeSet::new(), &left);
        if !left.is_empty() {
            ctx.warn(taken_over(zone, &left, to));
        }
        if !failed.is_empty() {
            let failed = listed(failed.iter().map(|(_, name)| name));
            return Err(Failed {
                state: Some(rest),
                diagnostics: successor_failed(&failed, zone).into(),
            });
        }
        Ok((!hostnames(&rest).is_empty()).then_some(rest))
    }

    async fn create(
        &self,
        ctx: &Ctx<Api>,
        planned: Planned<Associations>,
    ) -> Applied<Associations> {
        let plan = planned.plan;
        let targets = targets(&plan)?;
        let op = AssociationsOp::new(ctx, &plan, Operation::Create)?;
        let mut claims = op.claim(&targets)?;
        let looking = op.zone.look_and_write();
        op.refuse_others(&targets).await?;
        op.ready(&targets, |_| false).await?;
        drop(looking);
        let mut written = op.write(&targets).await;
        // What was written stays so: no destroy of this run may take it away.
        keep(&mut claims, |name| written.accepted.contains(name));
        if written.errors.has_error() {
            if !written.accepted.is_empty() {
                let warning = a_part(written.accepted.len(), targets.len());
                written.errors.push(warning);
            }
            return Err(written.errors.into());
        }
        op.wait(&plan, &targets, &written).await;
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
        let (mut alive, mut undeployed) = (BTreeMap::new(), Vec::new());
        for (name, target) in before {
            // What the list does not show as it is wanted is asked for by name, each with its
            // own time: a list that is old is no drift.
            let association = match found.remove(&name).filter(|found| target.is(found)) {
                Some(listed) => Some(listed),
                None => look(&zone, &Scope::reading(ctx.cancel.clone()), &name).await?,
            };
            let Some(association) = association else {
                continue;
            };
            if association.status.is_deployment_timed_out() {
                undeployed.push(target.spelling.as_str().into());
            }
            alive.insert(target.spelling, Entry::of(&association));
        }
        state.associations = alive.into();
        state.undeployed = Attr::Known(undeployed);
        Ok(Some(state))
    }

    async fn import(&self, ctx: &Ctx<Api>, identity: OfZone) -> Result<Associations, Diagnostics> {
        let id = zone_id(&identity.zone_id)?;
        let (scope, zone) = (Scope::reading(ctx.cancel.clone()), ctx.api.zone(&id));
        let doing = format!("Listing the associations of zone {id}");
        let list = zone.associations(&scope).await;
        let list = list.map_err(|error| problem(&error, &doing))?;
        let alive = list.into_iter().filter(|found| !found.is_gone());
        let (alive, odd): (Vec<_>, Vec<_>) =
            alive.partition(|found| Hostname::parse(found.hostname.as_str()).is_ok());
        if !odd.is_empty() {
            ctx.warn(left_out(odd.iter().map(|found| &found.hostname)));
        }
        let entries = alive.into_iter();
        let entries = entries.map(|found| (found.hostname.to_string(), Entry::of(&found)));
        let alive: BTreeMap<_, _> = entries.collect();
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
            undeployed: Attr::Known(Vec::new()),
            ..Associations::default()
        })
    }

    fn moved(&self, source: &Foreign) -> Result<Moved<Associations>, Diagnostics> {
        let official = Official::recognise(source)?;
        let mismatch = official.mismatch(Self::NAME, source);
        let official::Object::Associations(hostnames) = official.object else {
            return Err(mismatch.into());
        };
        let entries = hostnames.into_iter().map(|found| {
            let entry = Entry {
                certificate_id: found.certificate_id.map(|id| id.to_string()).into(),
                enabled: found.enabled.into(),
            };
            (found.hostname.to_string(), Object(entry).into())
        });
        let entries: BTreeMap<_, _> = entries.collect();
        let model = Associations {
            zone_id: official.zone_id.as_str().into(),
            associations: entries.into(),
            undeployed: Attr::Known(Vec::new()),
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
        let op = AssociationsOp::new(ctx, &plan, Operation::Update)?;
        let undeployed = prior.undeployed();
        let is_undeployed = |name: &Hostname| {
            let before = before.get(name);
            before.is_some_and(|target| undeployed.contains(target.spelling.as_str()))
        };
        let is_overwritten =
            |name: &Hostname| is_undeployed(name) || op.is_overwritten(name, &after);
        let difference = Difference::between(&before, &after, is_overwritten);

        // Before anything is waited for: another resource may be taking these over.
        let leaving = op.leave(&difference.removed);
        let mut held = op.hold(&difference.kept);
        op.mark_managed(&difference.unchanged);
        let looking = op.zone.look_and_write();
        let mut claims = match op.prepare(&difference).await {
            Ok(claims) => claims,
            Err(diagnostics) => {
                drop((held, looking));
                let taken = op.taken_over(leaving).await;
                return Err(Failed {
                    state: Some(merge(&prior, &after, &BTreeSet::new(), &taken)),
                    diagnostics,
                });
            }
        };
        drop(looking);
        let mut written = op.write(&difference.changed).await;
        let is_wanted = |name: &Hostname| {
            written.accepted.contains(name) || difference.unchanged.contains_key(name)
        };
        keep(&mut claims, is_wanted);
        keep(&mut held, is_wanted);
        // Others may be waiting for what could not be written here.
        let released = op.release(leaving, &difference.removed, Until::OwnDeadline);
        let released = released.await;
        if written.errors.has_error() && !released.gone.is_empty() {
            // A certificate takes so many hostnames: what has left may have made room.
            written = op.write(&difference.changed).await;
            keep(&mut claims, |name| written.accepted.contains(name));
            keep(&mut held, |name| written.accepted.contains(name));
        }
        let mut errors = std::mem::take(&mut written.errors);
        errors.extend(released.errors);
        if errors.has_error() {
            return Err(Failed {
                state: Some(merge(&prior, &after, &written.accepted, &released.gone)),
                diagnostics: errors,
            });
        }
        op.wait(&plan, &difference.changed, &written).await;
        Ok(plan)
    }

    async fn delete(
        &self,
        ctx: &Ctx<Api>,
        state: Associations,
    ) -> Result<(), Failed<Associations>> {
        let op = AssociationsOp::new(ctx, &state, Operation::Delete)?;
        let targets = targets(&state)?;
        let leaving = op.leave(&targets);
        let released = op.release(leaving, &targets, Until::OthersEnd).await;
        match released.errors.has_error() {
            true => Err(Failed {
                state: Some(merge(&state, &targets, &BTreeSet::new(), &released.gone)),
                diagnostics: released.errors,
            }),
            false => Ok(()),
        }
    }
}

/// Keeps the claims of these hostnames.
fn keep(claims: &mut Claims<'_>, of: impl Fn(&Hostname) -> bool) {
    let kept = claims.extract_if(.., |name, _| of(name));
    kept.for_each(|(_, claim)| claim.keep());
}

fn left_out<'n>(names: impl Iterator<Item = &'n Hostname>) -> Diagnostic {
    Diagnostic::warning(
        "Hostnames are left out",
        format!(
            "Cloudflare holds associations of hostnames that nobody could write today, so they are \
             not imported and stay as they are: {}.",
            listed(names)
        ),
    )
}

fn a_part(count: usize, of: usize) -> Diagnostic {
    Diagnostic::warning(
        "Some associations were not written",
        format!(
            "{count} of {of} hostnames were written and stay as they are now. Terraform keeps \
             nothing of a create that failed; the next apply adopts them."
        ),
    )
}
