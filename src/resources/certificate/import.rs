//! Finding a certificate that exists already, and saying what an id names instead.

use super::super::Api;
use super::super::check::{certificate_id, zone_id};
use super::store::CertificateStore;
use super::{Certificate, HostnameStore, Identity, InStore, ZoneStore, read, renewal};
use cloudflare::{CertificateId, Scope, Store};
use framework::{Ctx, Diagnostic, Diagnostics};

pub(super) async fn find(
    ctx: &Ctx<Api>,
    store: Store,
    identity: Identity,
) -> Result<Certificate, Diagnostics> {
    let zone = zone_id(&identity.zone_id)?;
    let id = certificate_id(&identity.certificate_id)?;
    let asked = Certificate {
        zone_id: identity.zone_id,
        id: identity.certificate_id,
        ..Certificate::default()
    };
    let found = read::read(ctx, store, asked).await?;
    let zone = ctx.api.zone(&zone);
    if let Some(found) = found {
        renewal::imported(&mut ctx.private(), zone.now());
        return Ok(found);
    }
    let scope = Scope::reading(ctx.cancel.clone());
    let at = CertificateStore::new(&zone, &scope, store);
    Err(absent(at, &id).await.into())
}

/// A store does not have a certificate; perhaps the other one has.
pub(super) async fn absent(at: CertificateStore<'_>, id: &CertificateId) -> Diagnostic {
    let (elsewhere, name, other) = match at.store {
        Store::Zone => (Store::Hostname, "zone", HostnameStore::NAME),
        Store::Hostname => (Store::Zone, "hostname", ZoneStore::NAME),
    };
    let other_store = CertificateStore {
        store: elsewhere,
        ..at
    };
    let hint = match other_store.find(id).await {
        Ok(Some(_)) => format!("It is the id of an {other}: use that type."),
        _ => "Certificates that were deleted are gone; the API's list shows the ids of the others."
            .to_owned(),
    };
    Diagnostic::error(
        "Certificate not found",
        format!(
            "Zone {} has no {name} certificate {id}. {hint}",
            at.zone.id()
        ),
    )
}
