//! A store that takes no more certificates: what the plan can foresee, and what the
//! refusal says.

use super::store::CertificateStore;
use super::{Certificate, Change, Found};
use cloudflare::{Error, Status, Store};
use framework::{Diagnostic, Private};

/// The fact that Read leaves for the plan: how many live certificates the store has.
const LIVE: &str = "live_certificates";

/// Leaves the number for the next plan, where the store has a limit.
pub(super) fn note(private: &mut Private, store: Store, list: &[Found]) {
    if store.capacity().is_some() {
        let live = list.iter().filter(|found| !found.status.is_tombstone());
        private.set(LIVE, live.count());
    }
}

/// Warns of a rotation that will find no room for the new certificate beside the old.
pub(super) fn foresee(change: &mut Change<'_>, prior: &Certificate, store: Store) {
    if prior.has_superseded() {
        // The new one may be there already.
        return;
    }
    let live = change.private.get(LIVE).and_then(|fact| fact.as_u64());
    let Some((live, most)) = live.zip(store.capacity()) else {
        return;
    };
    if live < most as u64 {
        return;
    }
    change.warn(
        "certificate",
        "Hostname certificate quota exceeded",
        format!(
            "The zone has {live} hostname certificates, and Cloudflare takes {most}. The new \
             certificate is uploaded before the old one goes, so the apply will be refused, with \
             nothing changed, unless another certificate of the zone is deleted before it or in \
             the same apply."
        ),
    );
}

/// The refusal, with the certificates that could go.
pub(super) async fn error(at: CertificateStore<'_>, live: &[Found], refused: &Error) -> Diagnostic {
    let id = at.zone.id();
    let unused = match at.zone.associations(at.scope).await {
        Err(_) => "Which of them serve no hostname could not be found out.".to_owned(),
        Ok(associations) => {
            let used = |found: &&Found| {
                let mut holders = associations.iter();
                holders.any(|a| {
                    a.names(&found.id) && (!a.is_gone() || a.status == Status::PendingDeletion)
                })
            };
            let unused: Vec<&str> = live
                .iter()
                .filter(|found| !used(found))
                .map(|found| found.id.as_str())
                .collect();
            match unused.is_empty() {
                true => "All of them serve hostnames.".to_owned(),
                false => format!("No hostname uses: {}.", unused.join(", ")),
            }
        }
    };
    Diagnostic::error(
        "Hostname certificate quota exceeded",
        format!(
            "Zone {id} has {} hostname certificates, and Cloudflare took no other. Nothing was \
             changed. {unused} Delete a certificate that is not needed and apply again; \
             certificates that are rotated need one free slot in the zone between \
             them.\n\n{refused}",
            live.len()
        ),
    )
    .at("certificate")
}
