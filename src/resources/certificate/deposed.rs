//! A deposed certificate: core keeps it beside the one that has its address until it is
//! destroyed. That one may be the same, if an earlier apply did not end, and the provider
//! sees nothing of it; so it is judged by what the store shows.

use super::super::problem::problem;
use super::goal::Goal;
use super::store::CertificateStore;
use super::{Certificate, Found, Identity, leaf_of};
use crate::x509::Existing;
use cloudflare::{CertificateId, Store};
use framework::{Deposed, Diagnostics, read_model};

/// What is to be done with a deposed certificate; none if it is left.
pub(super) async fn goal(
    since: &Deposed,
    at: CertificateStore<'_>,
    goal: Goal,
    state: &Certificate,
) -> Result<Option<Goal>, Diagnostics> {
    let doing = "Looking for the certificate that replaced a deposed one";
    let list = at.list().await;
    let list = list.map_err(|error| Diagnostics::from(problem(&error, doing)))?;
    // Origins cannot tell them apart: the same subject, of the same authority.
    let own = Existing::find(state.certificate.text());
    let is_alike = |found: &&Found| {
        let leaf = leaf_of(found);
        let both = own.as_ref().zip(leaf.as_ref());
        both.is_some_and(|(own, leaf)| {
            own.subject() == leaf.subject() && own.facts().issuer == leaf.facts().issuer
        })
    };
    let is_another = |found: &&Found| {
        !goal.remove.contains(&found.id) && !found.status.is_tombstone() && is_alike(found)
    };
    match since {
        Deposed::Now(only) => {
            let only = only.as_ref().and_then(identified);
            let is_only = |found: &&Found| Some(&found.id) == only.as_ref();
            let successor = list.iter().filter(is_another).find(is_only);
            let successor = successor.filter(|_| goal.store == Store::Hostname);
            Ok(Some(match successor {
                Some(found) => goal.in_favor_of(found.id.clone()),
                None => goal,
            }))
        }
        Deposed::Before => {
            let deposed = list
                .iter()
                .find(|found| Some(&found.id) == goal.old.as_ref());
            let Some(deposed) = deposed else {
                return Ok(Some(goal));
            };
            let is_newer = |found: &Found| found.uploaded_on > deposed.uploaded_on;
            let is_superseded = list.iter().filter(is_another).any(is_newer);
            let held = at.zone.associations_if_listed(at.scope).await;
            let held = held.map_err(|error| Diagnostics::from(problem(&error, doing)))?;
            let is_used = held.iter().any(|a| a.names(&deposed.id) && !a.is_gone());
            Ok((is_superseded && !is_used).then_some(goal))
        }
    }
}

fn identified(identity: &framework::value::Dynamic) -> Option<CertificateId> {
    let identity: Identity = read_model(identity.clone()).ok()?;
    CertificateId::parse(identity.certificate_id.text()).ok()
}
