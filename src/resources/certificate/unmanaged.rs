//! Other live certificates of a store that nobody may remember. Of a zone's, Cloudflare
//! presents the one that was deployed last; of the hostnames', each takes one of ten slots.

use super::super::Api;
use super::issue::Issue;
use super::store::CertificateStore;
use super::{Found, leaf_of};
use cloudflare::{CertificateId, Ownership, Store};
use framework::{Ctx, Diagnostic};

/// Warns of certificates that this run has nothing to do with. An upload whose
/// answer was lost in a crash can be among them; which one cannot be decided, so
/// none is deleted.
pub(super) fn report(
    ctx: &Ctx<Api>,
    at: CertificateStore<'_>,
    own: &CertificateId,
    list: &[Found],
) {
    let run = at.run();
    let others: Vec<&str> = list
        .iter()
        .filter(|found| {
            let key = at.key_of(&found.id);
            let leaf = leaf_of(found).map(|leaf| at.leaf_key(&leaf.facts().fingerprint_sha256));
            let is_ours = run.ownership(&key) != Ownership::Free
                || leaf.is_some_and(|leaf| run.ownership(&leaf) != Ownership::Free);
            found.id != *own && !found.status.is_tombstone() && !is_ours
        })
        .map(|found| found.id.as_str())
        .collect();
    if others.is_empty() {
        return;
    }
    ctx.warn(Diagnostic::warning(
        "Zone has other certificates",
        format!(
            "Beside {own}, zone {} has live zone certificates that this apply did not touch: {}. \
             Cloudflare presents the one that was deployed last. Delete them at Cloudflare, or \
             import them, if no other resource manages them and no step of this apply deletes them.",
            at.zone.id(),
            others.join(", ")
        ),
    ));
}

/// Warns of certificates like the one that was just issued, which no hostname uses. One whose
/// create was killed can be among them, or somebody's: which cannot be decided.
pub(super) async fn report_unused(
    ctx: &Ctx<Api>,
    at: CertificateStore<'_>,
    issue: &Issue,
    own: &CertificateId,
) {
    let (Ok(Some(terms)), Store::Hostname) = (issue.terms(), at.store) else {
        return;
    };
    let (list, associations) = (at.list().await, at.zone.associations(at.scope).await);
    let (Ok(list), Ok(associations)) = (list, associations) else {
        return;
    };
    let is_unused = |found: &Found| {
        let is_alike = leaf_of(found).is_some_and(|leaf| terms.fit(&leaf));
        let is_free = at.run().ownership(&at.key_of(&found.id)) == Ownership::Free;
        let is_used = associations
            .iter()
            .any(|a| a.names(&found.id) && !a.is_gone());
        found.id != *own && !found.status.is_tombstone() && is_alike && is_free && !is_used
    };
    let unused = list.iter().filter(|found| is_unused(found));
    let unused: Vec<&str> = unused.map(|found| found.id.as_str()).collect();
    if unused.is_empty() {
        return;
    }
    ctx.warn(Diagnostic::warning(
        "Other certificates of the CA",
        format!(
            "Beside {own}, zone {} has hostname certificates of the same CA and name that no \
             hostname uses, and that this apply did not touch: {}. If an apply was killed while it \
             created this one, they are what it has left: nobody has their keys. Delete at \
             Cloudflare what no other configuration manages.",
            at.zone.id(),
            unused.join(", ")
        ),
    ));
}
