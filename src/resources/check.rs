//! Checks of meaning that several resources share, for plan and apply alike.

use super::problem::{invalid_id, invalid_pem};
use crate::cloudflare::{Hostname, Status, ZoneId, canonical_id};
use crate::framework::{Attr, Diagnostic};
use crate::x509::Certificate;

/// The zone, once it is known.
pub(super) fn zone_id(attr: &Attr<String>) -> Result<ZoneId, Diagnostic> {
    ZoneId::parse(attr.text()).map_err(|problem| invalid_id("zone_id", &problem))
}

/// The hostname, once it is known.
pub(super) fn hostname(attr: &Attr<String>) -> Result<Hostname, Diagnostic> {
    Hostname::parse(attr.text()).map_err(|problem| invalid_id("hostname", &problem))
}

/// The certificate, once it is known.
pub(super) fn certificate(attr: &Attr<String>) -> Result<Certificate, Diagnostic> {
    Certificate::parse(attr.text()).map_err(|problem| invalid_pem("certificate", problem))
}

/// Whether a text can be the id of a certificate, once it is known.
pub(super) fn certificate_id(attr: &Attr<String>) -> Result<(), Diagnostic> {
    let id = attr.text();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    // These have a meaning of their own where the API takes ids.
    let is_word = ["certificates", "hostnames", "settings"].contains(&id);
    let canonical = canonical_id(id.to_owned());
    if canonical != id {
        return Err(Diagnostic::error(
            "Invalid certificate id",
            format!("Write the id as Cloudflare does, in lower case: {canonical}."),
        )
        .at("certificate_id"));
    }
    if (1..=64).contains(&id.len()) && id.bytes().all(plain) && !is_word {
        return Ok(());
    }
    Err(Diagnostic::error(
        "Invalid certificate id",
        "A certificate id looks like 2458ce5a-0c35-4c7f-82c7-8e9487d3ff60. Give the id of a \
         certificate, not its name, its serial number or its fingerprint.",
    )
    .at("certificate_id"))
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
