//! Finding a certificate that exists already, and saying what an id names instead.

use super::super::Api;
use super::super::check::{certificate_id, zone_id};
use super::{Certificate, HostnameStore, Identity, InStore, StoredCertificate, ZoneStore, look};
use cloudflare::{CertificateId, Scope, Store, Zone};
use framework::{Ctx, Diagnostic, Diagnostics, Resource};

pub(super) async fn find<S: InStore>(
    resource: &StoredCertificate<S>,
    ctx: &Ctx<Api>,
    identity: Identity,
) -> Result<Certificate, Diagnostics> {
    let zone = zone_id(&identity.zone_id)?;
    let id = certificate_id(&identity.certificate_id)?;
    let asked = Certificate {
        zone_id: identity.zone_id,
        id: identity.certificate_id,
        ..Certificate::default()
    };
    if let Some(found) = resource.read(ctx, asked).await? {
        return Ok(found);
    }
    let scope = Scope::reading(ctx.cancel.clone());
    Err(absent(&ctx.api.zone(&zone), &scope, S::STORE, &id)
        .await
        .into())
}

/// A store does not have a certificate; perhaps the other one has.
pub(super) async fn absent(
    zone: &Zone<'_>,
    scope: &Scope,
    store: Store,
    id: &CertificateId,
) -> Diagnostic {
    let (elsewhere, name, other) = match store {
        Store::Zone => (Store::Hostname, "zone", HostnameStore::NAME),
        Store::Hostname => (Store::Zone, "hostname", ZoneStore::NAME),
    };
    let hint = match look(zone, scope, elsewhere, id).await {
        Ok(Some(_)) => format!("It is the id of an {other}: use that type."),
        _ => "Certificates that were deleted are gone; the API's list shows the ids of the others."
            .to_owned(),
    };
    Diagnostic::error(
        "Certificate not found",
        format!("Zone {} has no {name} certificate {id}. {hint}", zone.id()),
    )
}
