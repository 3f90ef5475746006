//! Checks of meaning that several resources share, for plan and apply alike.

use super::problem::{invalid_id, invalid_pem};
use crate::cloudflare::{Hostname, Status, ZoneId};
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

/// Whether an update has to wait until a status settles that was still on its way.
pub(super) fn settles(prior: &Attr<String>, wait: &Attr<bool>) -> bool {
    let pending = prior
        .known()
        .is_some_and(|status| Status::parse(status).is_pending());
    pending && wait.known() == Some(&true)
}
