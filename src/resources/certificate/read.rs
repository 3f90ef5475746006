//! Reading a certificate: what it is now, what an interrupted rotation has left beside it, and
//! the facts that the next plan goes by.

use super::super::Api;
use super::super::check::{is_news, stored_id, zone_id};
use super::super::problem::problem;
use super::store::CertificateStore;
use super::{Certificate, Found, clock, leaf_of, presented, renewal, store_capacity, text_of};
use crate::x509::Existing;
use cloudflare::{Error, Fresh, Scope, Store};
use framework::{Ctx, Diagnostics};

/// Reads a certificate; none if it is gone, and nothing of it is left.
pub(super) async fn read(
    ctx: &Ctx<Api>,
    store: Store,
    mut state: Certificate,
) -> Result<Option<Certificate>, Diagnostics> {
    // A read follows the one of an import, and says what there is to say.
    let is_import = state.status.is_null() && state.certificate.is_null();
    let id = zone_id(&state.zone_id)?;
    let (zone, scope) = (ctx.api.zone(&id), Scope::reading(ctx.cancel.clone()));
    let at = CertificateStore::new(&zone, &scope, store);
    let certificate_id = stored_id(&state.id, "id")?;
    let failed = |error: Error| {
        let doing = format!("Reading certificate {certificate_id} of zone {id}");
        Diagnostics::from(problem(&error, &doing))
    };
    let listed = zone.certificates_as_of(&scope, store, Fresh::Recent).await;
    let list = listed.map_err(failed)?.list;
    store_capacity::note(&mut ctx.private(), store, &list);
    clock::note(&mut ctx.private(), &zone);
    // What a rotation has left behind takes the place of one that is gone, so that
    // it is not forgotten.
    let mut alive = Vec::new();
    let ids = std::iter::once(certificate_id.clone()).chain(state.superseded(ctx));
    let is_news =
        |found: &Found| found.id == certificate_id && is_news(&state.status, &found.status);
    for id in ids {
        let listed = list.iter().find(|found| found.id == id);
        let found = match listed.filter(|found| !found.status.is_tombstone()) {
            Some(found) if !is_news(found) => Some(found.clone()),
            // It may be too new for the list, or the list too old for it.
            _ => at.find(&id).await.map_err(failed)?,
        };
        alive.extend(found.filter(|found| alive.iter().all(|a: &Found| a.id != found.id)));
    }
    let mut alive = alive.into_iter();
    let Some(found) = alive.next() else {
        return Ok(None);
    };
    state.set_superseded(alive.map(|found| found.id).collect());
    // The user's text stays as long as it means the same certificate.
    let (own, stored) = (Existing::find(state.certificate.text()), leaf_of(&found));
    let is_same = own.zip(stored.as_ref());
    let is_same = is_same.is_some_and(|(own, stored)| own.is_same(stored));
    if !is_same && (stored.is_some() || state.certificate.is_null()) {
        state.certificate = text_of(&found).into();
    }
    if let Some(stored) = stored {
        state.facts = stored.facts().into();
    }
    state.set_found(&found);
    state.presented = presented::of(store, &found, &list);
    if !is_import {
        presented::warn(ctx, store, &state, &found, &list);
    }
    renewal::note(&mut ctx.private(), &state, zone.now());
    Ok(Some(state))
}
