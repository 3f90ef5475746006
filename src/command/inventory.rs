//! What there is in a zone, read without changing anything.

use crate::resources::unread;
use cloudflare::{Association, Certificate, Error, Fresh, Scope, Store, Switch, Zone};
use framework::Diagnostic;

/// The objects of a zone, without tombstones: certificates as they were uploaded, hostnames by
/// name.
pub(super) struct Inventory {
    pub(super) zone_certificates: Vec<Certificate>,
    pub(super) hostname_certificates: Vec<Certificate>,
    pub(super) associations: Vec<Association>,
    /// Whether the zone-level setting is on.
    pub(super) is_on: bool,
    /// Whether the global setting is on; none where the credential may not read it, which takes
    /// another permission.
    pub(super) global: Option<bool>,
}

/// Why a zone could not be read.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    pub(super) why: Diagnostic,
    /// Whether no other zone can be read either.
    pub(super) is_about_the_way: bool,
}

impl Inventory {
    /// Reads everything.
    pub(super) async fn read(zone: &Zone<'_>, scope: &Scope) -> Result<Self, Unread> {
        let id = zone.id();
        let failed = |what: &'static str| {
            move |error: Error| Unread {
                is_about_the_way: error.is_about_the_way(),
                why: unread(&error, &format!("Reading {what} of zone {id}")),
            }
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
        // Of a hostname that is listed twice, the client knows which one counts.
        let counts = |found: &&Association| {
            let one = associations.get(&found.hostname);
            !found.is_gone() && one.is_some_and(|one| std::ptr::eq(one, *found))
        };
        let live = associations.iter().filter(counts);
        let mut live: Vec<Association> = live.cloned().collect();
        live.sort_by(|one, other| one.hostname.cmp(&other.hostname));
        Ok(Self {
            zone_certificates,
            hostname_certificates: hostname_certificates
                .map_err(failed("the hostname certificates"))?,
            associations: live,
            is_on: is_on.map_err(failed("the zone-level setting"))?,
            global: match global {
                Ok(is_on) => Some(is_on),
                Err(error) if error.is_forbidden() => None,
                Err(error) => return Err(failed("the global setting")(error)),
            },
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
    for found in listed.list.iter() {
        let found = match found.certificate {
            None if !found.status.is_tombstone() => {
                match zone.certificate(scope, store, &found.id).await {
                    Ok(found) => found,
                    // It has gone since.
                    Err(error) if error.is_gone() => continue,
                    Err(error) => return Err(error),
                }
            }
            _ => found.clone(),
        };
        if !found.status.is_tombstone() {
            live.push(found);
        }
    }
    live.sort_by(|one, other| (one.uploaded_on, &one.id).cmp(&(other.uploaded_on, &other.id)));
    Ok(live)
}
