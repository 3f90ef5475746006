//! Other live certificates of the zone store. Cloudflare presents the newest of
//! them, so one that nobody remembers matters.

use super::super::Api;
use super::leaf_of;
use super::store::CertificateStore;
use cloudflare::{CertificateId, Ownership, Store};
use framework::{Ctx, Diagnostic};

/// Warns of certificates that this run has nothing to do with. An upload whose
/// answer was lost in a crash can be among them; which one cannot be decided, so
/// none is deleted.
pub(super) async fn report(ctx: &Ctx<Api>, at: CertificateStore<'_>, own: &CertificateId) {
    let CertificateStore { zone, scope, store } = at;
    if store != Store::Zone {
        return;
    }
    // It is a remark: where the list cannot be had, the operation has succeeded all the same.
    let Ok(list) = zone.certificates(scope, store).await else {
        return;
    };
    let run = zone.run();
    let others: Vec<String> = list
        .into_iter()
        .filter(|found| {
            let key = at.key_of(&found.id);
            let leaf = leaf_of(found).map(|leaf| at.leaf_key(&leaf.facts().fingerprint_sha256));
            let is_ours = run.ownership(&key) != Ownership::Free
                || run.is_leaving(&key)
                || leaf.is_some_and(|leaf| run.ownership(&leaf) != Ownership::Free);
            found.id != *own && !found.status.is_tombstone() && !is_ours
        })
        .map(|found| found.id.to_string())
        .collect();
    if others.is_empty() {
        return;
    }
    ctx.warn(Diagnostic::warning(
        "Zone has other certificates",
        format!(
            "Beside {own}, zone {} has live zone certificates that this run did not touch: {}. \
             Cloudflare presents the one that was deployed last. Delete them at Cloudflare, or \
             import them, if no other resource manages them and no step of this run deletes them.",
            zone.id(),
            others.join(", ")
        ),
    ));
}
