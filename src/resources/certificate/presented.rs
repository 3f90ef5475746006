//! Whether Cloudflare presents a zone certificate: of the active ones, the one that was
//! deployed last.

use super::super::Api;
use super::{Certificate, Found};
use cloudflare::{CertificateId, Presented, Status, Store};
use framework::{Attr, Ctx, Diagnostic};

/// Whether one of the certificates in a list is presented; null where that is unknown, and for
/// hostname certificates, which are presented for their hostnames.
pub(super) fn of(store: Store, own: &Found, list: &[Found]) -> Attr<bool> {
    match store {
        Store::Zone if own.status != Status::Active => false.into(),
        Store::Zone => presented(own, list).is(&own.id).into(),
        Store::Hostname => Attr::Null,
    }
}

/// Warns where another certificate is presented, but for one that an interrupted rotation has
/// left: the next apply deletes it.
pub(super) fn warn(ctx: &Ctx<Api>, store: Store, state: &Certificate, own: &Found, list: &[Found]) {
    let is_left = |id: &CertificateId| {
        let left = state.superseded_ids.known().into_iter().flatten();
        left.into_iter().any(|left| left.text() == id.as_str())
    };
    let Presented::One(other) = presented(own, list) else {
        return;
    };
    if store != Store::Zone
        || own.status != Status::Active
        || other.id == own.id
        || is_left(&other.id)
    {
        return;
    }
    let warning = Diagnostic::warning(
        "Zone certificate is not presented",
        format!(
            "Zone {} has a zone certificate that was uploaded after {}: {}. While the zone-level \
             setting is on, Cloudflare presents that one to every origin, and not this. If another \
             resource manages it, remove this one; if nobody is to have it, delete it at \
             Cloudflare; if it is to stay, import it in the place of this. If an apply was \
             interrupted, the next one may take it over.",
            state.zone_id.text(),
            own.id,
            other.id
        ),
    );
    ctx.warn(warning.at("presented").once());
}

/// A list can be older than what was read by itself.
fn presented<'a>(own: &'a Found, list: &'a [Found]) -> Presented<'a> {
    let others = list.iter().filter(|found| found.id != own.id);
    Presented::of(others.chain([own]))
}
