//! What there is in a zone, read without changing anything.

use crate::resources::problem;
use cloudflare::{Association, Certificate, Error, Fresh, Scope, Store, Switch, Zone};
use framework::Diagnostic;

/// The objects of a zone, without tombstones: certificates as they were uploaded, hostnames by
/// name.
pub(super) struct Inventory {
    pub(super) zone_certificates: Vec<Certificate>,
    pub(super) hostname_certificates: Vec<Certificate>,
    pub(super) associations: Vec<Association>,
    /// Whether the zone-level switch is on.
    pub(super) is_on: bool,
    /// Whether the global switch is on; an error where it cannot be read, as it needs another
    /// permission.
    pub(super) global: Result<bool, Diagnostic>,
}

impl Inventory {
    /// Reads everything.
    pub(super) async fn read(zone: &Zone<'_>, scope: &Scope) -> Result<Self, Diagnostic> {
        let id = zone.id();
        let failed = |what: &'static str| {
            move |error: Error| problem(&error, &format!("Reading {what} of zone {id}"))
        };
        let zone_certificates = certificates(zone, scope, Store::Zone).await;
        // What is refused to the first request is refused to the others.
        let zone_certificates = zone_certificates.map_err(failed("the zone certificates"))?;
        let (hostname_certificates, associations, is_on, global) = tokio::join!(
            certificates(zone, scope, Store::Hostname),
            zone.associations_as_of(scope, Fresh::Recent),
            zone.switch(scope, Switch::Zone),
            zone.switch(scope, Switch::Global),
        );
        let associations = associations.map_err(failed("the associations"))?.list;
        let live = associations.iter().filter(|found| !found.is_gone());
        let mut associations: Vec<Association> = live.cloned().collect();
        associations.sort_by(|one, other| one.hostname.cmp(&other.hostname));
        Ok(Self {
            zone_certificates,
            hostname_certificates: hostname_certificates
                .map_err(failed("the hostname certificates"))?,
            associations,
            is_on: is_on.map_err(failed("the zone-level switch"))?,
            global: global.map_err(failed("the global switch")),
        })
    }
}

/// The live certificates of a store, each with its text.
async fn certificates(
    zone: &Zone<'_>,
    scope: &Scope,
    store: Store,
) -> Result<Vec<Certificate>, Error> {
    let listed = zone.certificates_as_of(scope, store, Fresh::Recent).await?;
    let mut live = Vec::new();
    for found in listed
        .list
        .iter()
        .filter(|found| !found.status.is_tombstone())
    {
        live.push(match found.certificate {
            Some(_) => found.clone(),
            None => zone.certificate(scope, store, &found.id).await?,
        });
    }
    live.sort_by(|one, other| (one.uploaded_on, &one.id).cmp(&(other.uploaded_on, &other.id)));
    Ok(live)
}
