//! Finding a certificate that exists already, and saying what an id names instead.

use super::super::Api;
use super::super::check::zone_id;
use super::{Certificate, HostnameStore, Identity, InStore, StoredCertificate, ZoneStore, look};
use crate::cloudflare::{Scope, Store};
use crate::framework::{Ctx, Diagnostic, Diagnostics, Resource};

pub(super) async fn find<S: InStore>(
    resource: &StoredCertificate<S>,
    ctx: &Ctx<Api>,
    identity: Identity,
) -> Result<Certificate, Diagnostics> {
    let zone = zone_id(&identity.zone_id)?;
    let id = identity.certificate_id.text().to_owned();
    let asked = Certificate {
        zone_id: identity.zone_id,
        id: identity.certificate_id,
        ..Certificate::default()
    };
    if let Some(found) = resource.read(ctx, asked).await? {
        return Ok(found);
    }
    let (store, name, other) = match S::STORE {
        Store::Zone => (Store::Hostname, "zone", HostnameStore::NAME),
        Store::Hostname => (Store::Zone, "hostname", ZoneStore::NAME),
    };
    let scope = Scope::reading(ctx.cancel.clone());
    let elsewhere = look(&ctx.api.zone(&zone), &scope, store, &id).await;
    let hint = match elsewhere {
        Ok(Some(_)) => format!("It is the id of an {other}: import it as that."),
        _ => "Certificates that were deleted cannot be imported; the API's list shows the ids of \
              the others."
            .to_owned(),
    };
    Err(Diagnostic::error(
        "Certificate not found",
        format!("Zone {zone} has no {name} certificate {id}. {hint}"),
    )
    .into())
}
