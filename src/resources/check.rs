//! Checks of meaning that several resources share, for plan and apply alike.

use super::problem::{invalid_id, invalid_pem};
use crate::x509::Certificate;
use cloudflare::{CertificateId, Hostname, Status, ZoneId};
use framework::{Attr, Diagnostic};

/// The zone, once it is known.
pub(super) fn zone_id(attr: &Attr<String>) -> Result<ZoneId, Diagnostic> {
    ZoneId::parse(attr.text()).map_err(|problem| invalid_id("zone_id", &problem))
}

/// The zone as a part of what identifies an object; none while it is not known.
pub(super) fn canonical_zone(attr: &Attr<String>) -> Option<String> {
    zone_id(attr).ok().map(|zone| zone.to_string())
}

/// Checks the zone of a plan. Its spelling stays as long as it is the same zone.
pub(super) fn plan_zone(
    planned: &mut Attr<String>,
    prior: Option<&Attr<String>>,
) -> Option<Diagnostic> {
    planned.known()?;
    let zone = match zone_id(planned) {
        Ok(zone) => zone,
        Err(error) => return Some(error),
    };
    if let Some(prior) = prior.filter(|prior| zone_id(prior).as_ref() == Ok(&zone)) {
        *planned = prior.clone();
    }
    None
}

/// The hostname, once it is known.
pub(super) fn hostname(attr: &Attr<String>) -> Result<Hostname, Diagnostic> {
    Hostname::parse(attr.text()).map_err(|problem| invalid_id("hostname", &problem))
}

/// The certificate that is to be uploaded, once it is known.
pub(super) fn certificate(attr: &Attr<String>) -> Result<Certificate, Diagnostic> {
    Certificate::parse(attr.text()).map_err(|problem| invalid_pem("certificate", problem))
}

/// The certificates that a configuration gives, in whatever order, once they are known.
pub(super) fn certificates(attr: &Attr<String>) -> Result<Certificate, Diagnostic> {
    Certificate::read(attr.text()).map_err(|problem| invalid_pem("certificate", problem))
}

/// The id of a certificate that a configuration gives, once it is known.
pub(super) fn certificate_id(attr: &Attr<String>) -> Result<CertificateId, Diagnostic> {
    let id = CertificateId::parse(attr.text())
        .map_err(|problem| invalid_id("certificate_id", &problem))?;
    if id.as_str() != attr.text() {
        return Err(Diagnostic::error(
            "Invalid certificate id",
            format!("Write the id as Cloudflare does, in lower case: {id}."),
        )
        .at("certificate_id"));
    }
    Ok(id)
}

/// The id of a certificate that stands in a state, which anybody may have written.
pub(super) fn stored_id(attr: &Attr<String>, attribute: &str) -> Result<CertificateId, Diagnostic> {
    CertificateId::parse(attr.text()).map_err(|_| {
        Diagnostic::error(
            "State holds no certificate id",
            format!(
                "The {attribute} in the state is not the id of a certificate, so nothing was sent. \
                 Was the state edited? Restore it from a backup; or take the resource out of it \
                 (terraform state rm) and import the certificate."
            ),
        )
        .at(attribute)
    })
}

/// The status that a filter asks for, if it does.
pub(super) fn status(attr: &Attr<String>) -> Result<Option<Status>, Diagnostic> {
    let Some(word) = attr.known() else {
        return Ok(None);
    };
    match Status::parse(word) {
        Status::Other(_) => Err(Diagnostic::error(
            "Unknown status",
            format!(
                "Cloudflare has no deployment status {word:?}. It has {}.",
                Status::words().collect::<Vec<_>>().join(", ")
            ),
        )
        .at("status")),
        known => Ok(Some(known)),
    }
}

/// Whether an update has to wait until a status settles that was still on its way.
pub(super) fn settles(prior: &Attr<String>, wait: &Attr<bool>) -> bool {
    let pending = prior
        .known()
        .is_some_and(|status| Status::parse(status).is_pending());
    // What is unknown now may turn out to be true.
    pending && wait.known() != Some(&false)
}

/// Whether a list shows a status that the state does not, and that may be from before it:
/// then the list may be old. Nothing is before `active`.
pub(super) fn is_news(state: &Attr<String>, listed: &Status) -> bool {
    *listed != Status::Active && state.text() != listed.as_str()
}
