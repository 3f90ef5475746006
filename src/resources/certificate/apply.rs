//! Create, update and delete: each is a goal, and what its end means to Terraform.

use super::super::Api;
use super::super::check::{stored_id, zone_id};
use super::super::handoff::hand_over;
use super::super::problem::successor_failed;
use super::facts::Facts;
use super::goal::Goal;
use super::material::Material;
use super::operation::Operation;
use super::protocol::{Failure, Tracked};
use super::renewal::Stays;
use super::stopped::Stopped;
use super::store::CertificateStore;
use super::upload::Upload;
use super::{
    Certificate, Found, clock, deposed, diagnostics, origins, presented, renewal, unmanaged,
};
use cloudflare::{Claim, Key, Scope, Status, Store};
use framework::{
    Applied, Attr, Ctx, Diagnostic, Diagnostics, Failed, Object, Operation as Kind, Planned,
    Successor, Timeouts,
};

/// Creates a certificate. Once its upload was accepted there is no error together with a
/// state: that would taint, and the next apply would delete a certificate that may be
/// serving by then.
pub(super) async fn create(
    ctx: &Ctx<Api>,
    store: Store,
    planned: Planned<Certificate>,
) -> Applied<Certificate> {
    let Planned { config, mut plan } = planned;
    let id = zone_id(&plan.zone_id)?;
    let zone = ctx.api.zone(&id);
    let duration = Timeouts::of(&plan.timeouts, Kind::Create);
    let scope = Scope::lasting(duration, ctx.cancel.clone());
    let at = CertificateStore::new(&zone, &scope, store);
    let waits = plan.wait_for_deployment.known() != Some(&false);
    let goal = Goal {
        requires_active: waits,
        ..Goal::create(store)
    };
    let (mut operation, claim) = bringing(ctx, at, goal, &config, &mut plan).await?;
    let ended = operation.run().await;
    let ended = ended.map_err(|stopped| operation.explain(stopped, diagnostics::pending));
    let Some(found) = operation.stands().1 else {
        return ended.map(|()| plan).map_err(Failed::from);
    };
    claim.keep();
    let warnings = ended.err().unwrap_or_default().into_iter();
    let warnings = warnings.map(Diagnostic::as_warning);
    // Nobody is surprised by what another address of this apply has left.
    let is_left = ctx.api.run().is_released(&at.key_of(&found.id));
    let adoption = operation.adoption.clone().filter(|_| !is_left);
    adoption
        .into_iter()
        .chain(warnings)
        .for_each(|warning| ctx.warn(warning));
    plan.set_found(found);
    plan.set_superseded(operation.stands().0.superseded);
    look_around(ctx, at, &mut plan, found).await;
    if let Some(Object(issue)) = config.issue.known() {
        unmanaged::report_unused(ctx, at, issue, &found.id).await;
    }
    Ok(plan)
}

/// Updates a certificate: another takes its place, or what an interruption has left undone
/// is done. What needs no request ends at once.
pub(super) async fn update(
    ctx: &Ctx<Api>,
    store: Store,
    prior: Certificate,
    planned: Planned<Certificate>,
) -> Applied<Certificate> {
    let Planned { config, mut plan } = planned;
    let zone = ctx.api.zone(&zone_id(&plan.zone_id)?);
    let duration = Timeouts::of(&plan.timeouts, Kind::Update);
    let scope = Scope::lasting(duration, ctx.cancel.clone());
    let at = CertificateStore::new(&zone, &scope, store);
    let old = stored_id(&prior.id, "id")?;
    let superseded = prior.superseded(ctx);
    let run = ctx.api.run();
    if config.issue.is_null() {
        renewal::forget(&mut ctx.private());
    }
    let now = clock::now(&ctx.private(), &zone);
    let stays = match plan.id.is_unknown() {
        true => renewal::stays(&ctx.private(), &config, &prior, now)?,
        false => None,
    };
    let rotates = plan.id.is_unknown() && stays.is_none();
    if !rotates {
        run.own(at.key_of(&old));
    }
    let report = origins::check(&plan.verify_origins);
    if report.has_error() {
        return Err(report.into());
    }
    match stays {
        None => {}
        Some(Stays::InOrder) => plan.stay(&prior),
        Some(Stays::Due(warnings)) => {
            warnings.into_iter().for_each(|warning| ctx.warn(warning));
            plan.stay(&prior);
            plan.id = prior.id.clone();
            plan.status = prior.status.clone();
            plan.uploaded_on = prior.uploaded_on.clone();
            plan.presented = prior.presented.clone();
            plan.superseded_ids = prior.superseded_ids;
            return Ok(plan);
        }
    }
    let looks = plan.presented.is_unknown();
    let is_settled = !plan.id.is_unknown() && !plan.status.is_unknown();
    if !rotates && is_settled && superseded.is_empty() {
        return Ok(plan);
    }
    let (operation, claim) = match rotates {
        true => {
            let goal = Goal::rotate(store, old.clone(), superseded);
            let (operation, claim) = bringing(ctx, at, goal, &config, &mut plan).await?;
            (operation, Some(claim))
        }
        false => {
            let leaf = prior.facts.fingerprint();
            let claim = leaf.map(|leaf| run.reclaim(at.leaf_key(leaf)));
            let goal = Goal::finish(store, old.clone(), superseded);
            (Operation::new(ctx, at, goal), claim)
        }
    };
    let mut operation = operation.with_old_leaf(prior.facts.fingerprint());
    let serves = prior.status.text() == Status::Active.as_str();
    let ended = operation.run().await;
    if ended.is_err() {
        operation.give_back();
    }
    let (standing, found) = operation.stands();
    let mut state = match found {
        Some(found) => taken_over(plan, found),
        None => prior,
    };
    state.set_superseded(standing.superseded);
    renewal::note(&mut ctx.private(), &state, zone.now());
    if found.is_some() {
        let adoption = operation.adoption.clone();
        adoption.into_iter().for_each(|warning| ctx.warn(warning));
    }
    let Err(stopped) = ended else {
        claim.into_iter().for_each(Claim::keep);
        if let Some(found) = found.filter(|_| rotates || looks) {
            look_around(ctx, at, &mut state, found).await;
        }
        return Ok(state);
    };
    let pending = if rotates {
        diagnostics::not_finished
    } else {
        diagnostics::pending
    };
    // Then nothing was changed, and its message says so.
    let is_refused = matches!(stopped, Stopped::Failed(Failure::Origins));
    let diagnostics = operation.explain(stopped, pending);
    let still_serves = rotates && serves && standing.object == Tracked::Old;
    let diagnostics = match still_serves && !is_refused {
        true => diagnostics::still_serves(&old, diagnostics),
        false => diagnostics,
    };
    Err(Failed {
        state: Some(state),
        diagnostics,
    })
}

/// An operation that brings the certificate of the configuration, and the claim to its leaf,
/// held to the end: what takes a hostname over may have to wait for this certificate.
async fn bringing<'a>(
    ctx: &'a Ctx<Api>,
    at: CertificateStore<'a>,
    goal: Goal,
    config: &Certificate,
    plan: &mut Certificate,
) -> Result<(Operation<'a>, Claim<'a>), Diagnostics> {
    // Before any request, and before there is a leaf to claim: what destroys hostnames in this
    // run waits for what creates.
    let _begun = at.run().reclaim(at.leaf_key("not issued yet"));
    let material = Material::of(ctx, at, config, plan, goal.old.as_ref()).await?;
    let upload = Upload::new(at, config, material, goal.remove.clone())?;
    let claim = at.run().claim(upload.key());
    let claim = claim.map_err(|_| upload.declared_twice())?;
    Ok((Operation::new(ctx, at, goal).with_upload(upload), claim))
}

/// Destroys a certificate, and what an interrupted rotation has left. One that was deposed
/// gives its hostnames to the one that replaced it.
pub(super) async fn delete(
    ctx: &Ctx<Api>,
    store: Store,
    state: &Certificate,
) -> Result<(), Failed<Certificate>> {
    let zone = ctx.api.zone(&zone_id(&state.zone_id)?);
    let duration = Timeouts::of(&state.timeouts, Kind::Delete);
    let scope = Scope::lasting(duration, ctx.cancel.clone());
    let at = CertificateStore::new(&zone, &scope, store);
    let old = stored_id(&state.id, "id")?;
    let goal = Goal::destroy(store, old.clone(), state.superseded(ctx));
    let goal = match &ctx.deposed {
        Some(since) => deposed::goal(since, at, goal, state).await?,
        None => Some(goal),
    };
    let Some(goal) = goal else {
        ctx.warn(diagnostics::taken_over(zone.id(), &old, Successor::Perhaps));
        return Ok(());
    };
    let operation = Operation::new(ctx, at, goal);
    let mut operation = operation.with_old_leaf(state.facts.fingerprint());
    let ended = operation.run().await;
    ended.map_err(|stopped| {
        let mut superseded = operation.stands().0.superseded;
        superseded.retain(|id| *id != old);
        let mut left = state.clone();
        left.set_superseded(superseded);
        Failed {
            state: Some(left),
            diagnostics: operation.explain(stopped, diagnostics::pending),
        }
    })
}

/// Leaves a certificate to its successor. What an interrupted rotation has left goes to the
/// same replacement; another resource knows nothing of it.
pub(super) async fn leave(
    ctx: &Ctx<Api>,
    store: Store,
    state: Certificate,
    to: Successor,
) -> Result<Option<Certificate>, Failed<Certificate>> {
    let zone = zone_id(&state.zone_id)?;
    let duration = Timeouts::of(&state.timeouts, Kind::Delete);
    let scope = Scope::lasting(duration, ctx.cancel.clone());
    let id = stored_id(&state.id, "id")?;
    let leaf = state.facts.fingerprint();
    let leaf = leaf.map(|leaf| Key::leaf(store, &zone, leaf));
    let keys = leaf
        .into_iter()
        .chain([Key::certificate(store, &zone, &id)]);
    let keys = vec![keys.collect()];
    if !hand_over(ctx, &scope, &keys, to).await?.is_empty() {
        return Err(successor_failed(&format!("certificate {id}"), &zone).into());
    }
    ctx.warn(diagnostics::taken_over(&zone, &id, to));
    let mut superseded = match to {
        Successor::Replacement => Vec::new(),
        Successor::Another | Successor::Perhaps => state.superseded(ctx),
    };
    let Some(next) = superseded.pop() else {
        return Ok(None);
    };
    let mut rest = Certificate {
        id: next.as_str().into(),
        facts: Facts::default(),
        ..state
    };
    rest.set_superseded(superseded);
    Ok(Some(rest))
}

/// What is kept, as the new object.
fn taken_over(plan: Certificate, found: &Found) -> Certificate {
    let mut state = plan;
    if state.id.is_unknown() {
        state.set_found(found);
    } else if state.status.is_unknown() {
        state.status = found.status.as_str().into();
    }
    if state.presented.is_unknown() {
        state.presented = Attr::Null;
    }
    state
}

/// What there is of the other certificates of a zone to say. It is a remark: where the list
/// cannot be had, the operation has succeeded all the same.
async fn look_around(
    ctx: &Ctx<Api>,
    at: CertificateStore<'_>,
    state: &mut Certificate,
    own: &Found,
) {
    if at.store != Store::Zone {
        return;
    }
    if let Ok(mut list) = at.zone.certificates(at.scope, at.store).await {
        // It may still show what this run has deleted.
        list.retain(|found| !at.run().is_leaving(&at.key_of(&found.id)));
        state.presented = presented::of(at.store, own, &list);
        unmanaged::report(ctx, at, &own.id, &list);
    }
}
