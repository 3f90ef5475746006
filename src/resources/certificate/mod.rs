//! `aop_zone_certificate` and `aop_hostname_certificate`: one implementation for
//! the two stores.
//!
//! `plan` says whether it is still the same certificate, `renewal` whether one of `issue` is
//! due for another. `apply` makes a `goal` of what is planned; `protocol` decides step after
//! step how to reach it, and `operation` carries the steps out: ask the `origins`, `bring` an
//! `upload` of `material`, which is given or made as `issue` says, into the `store` (as `copy`
//! decides, waiting for a `slot` where there is none), and the `removal` of others, of which
//! `may_delete` decides from a `view` of the zone (`ask` fills it). `stopped`, `obstacle` and
//! `diagnostics` say what stands in the way.
//! `store_capacity` and `unmanaged` are about the other certificates of the zone. `data` and
//! `list` show what is there, as `filter` says.

mod apply;
mod ask;
mod bring;
mod clock;
mod copy;
mod data;
mod deposed;
mod diagnostics;
mod facts;
mod filter;
mod goal;
mod import;
mod issue;
mod list;
mod material;
mod may_delete;
mod model;
mod moved;
mod obstacle;
mod obstacle_timers;
mod operation;
mod origins;
mod plan;
mod protocol;
mod removal;
mod renewal;
mod slot;
mod stopped;
mod store;
mod store_capacity;
#[cfg(test)]
mod tests;
mod unmanaged;
mod upload;
mod view;
#[cfg(test)]
mod worlds;

use std::marker::PhantomData;

use super::check::{canonical_zone, is_news, stored_id, zone_id};
use super::names;
use super::problem::problem;
use super::{Api, Settings};
use crate::x509::{Existing, without_keys};
use cloudflare::{Certificate as Found, Error, Fresh, Scope, Store};
use framework::{
    ApiObject, ApiObjects, Applied, Ctx, Diagnostics, Failed, Foreign, Moved, Planned, Resource,
    Successor,
};
use text::is_invisible;

pub use data::{CertificateData, CertificatesData};
pub(super) use facts::Facts;
use model::{Certificate, Identity};
use store::CertificateStore;

/// The resource for one of the stores.
pub struct StoredCertificate<S>(PhantomData<S>);

impl<S> Default for StoredCertificate<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// Which store a resource is about.
pub trait InStore: Send + Sync + 'static {
    /// The store.
    const STORE: Store;
    /// The resource's type name.
    const NAME: &'static str;
    /// The resource's documentation.
    const DOC: &'static str;
    /// The data source's documentation.
    const DATA_DOC: &'static str;
    /// The type name of the data source of all certificates.
    const PLURAL: &'static str;
    /// Its documentation.
    const PLURAL_DOC: &'static str;
}

/// Certificates for the whole zone.
pub struct ZoneStore;

/// Certificates for single hostnames.
pub struct HostnameStore;

impl InStore for ZoneStore {
    const STORE: Store = Store::Zone;
    const NAME: &'static str = names::ZONE_CERTIFICATE;
    const DOC: &'static str = "A client certificate for a whole zone. While `aop_zone_setting` \
        is on, Cloudflare presents the active one that was deployed last to every origin of the \
        zone.";
    const DATA_DOC: &'static str = "A client certificate for a whole zone. The private key is \
        shown nowhere: Cloudflare does not give it out.";
    const PLURAL: &'static str = "aop_zone_certificates";
    const PLURAL_DOC: &'static str = "The client certificates for a whole zone, sorted by id.";
}

impl InStore for HostnameStore {
    const STORE: Store = Store::Hostname;
    const NAME: &'static str = names::HOSTNAME_CERTIFICATE;
    const DOC: &'static str = "A client certificate for single hostnames of a zone, which are \
        given to it by `aop_hostname_association`. A zone holds at most ten.";
    const DATA_DOC: &'static str = "A client certificate for single hostnames of a zone. The \
        private key is shown nowhere: Cloudflare does not give it out.";
    const PLURAL: &'static str = "aop_hostname_certificates";
    const PLURAL_DOC: &'static str = "The client certificates for single hostnames of a zone, \
        sorted by id.";
}

/// A change under way.
type Change<'a> = framework::Change<'a, Certificate, Settings>;

impl<S: InStore> Resource for StoredCertificate<S> {
    type Api = Api;
    type Settings = Settings;
    type Model = Certificate;
    type Identity = Identity;
    const NAME: &'static str = S::NAME;
    const DOC: &'static str = S::DOC;

    fn validate(&self, config: &Certificate, report: &mut Diagnostics) {
        plan::validate(config, report);
    }

    fn plan(&self, change: &mut Change<'_>) {
        plan::complete(change, S::STORE);
    }

    fn identity(&self, model: &Certificate) -> Identity {
        Identity {
            zone_id: model.zone_id.clone(),
            certificate_id: model.id.clone(),
        }
    }

    const OBJECTS: Option<&'static str> = None;

    /// Another leaf takes the place of the first in its zone.
    fn place(&self, model: &Certificate) -> Option<String> {
        canonical_zone(&model.zone_id)
    }

    fn objects(&self, model: &Certificate) -> Option<ApiObjects> {
        let (zone, leaf) = (canonical_zone(&model.zone_id)?, model.facts.fingerprint()?);
        Some([ApiObject::new(S::NAME, format!("{zone}/{leaf}"))].into())
    }

    async fn leave(
        &self,
        ctx: &Ctx<Api>,
        state: Certificate,
        _: &ApiObjects,
        to: Successor,
    ) -> Result<Option<Certificate>, Failed<Certificate>> {
        apply::leave(ctx, S::STORE, state, to).await
    }

    async fn create(&self, ctx: &Ctx<Api>, planned: Planned<Certificate>) -> Applied<Certificate> {
        apply::create(ctx, S::STORE, planned).await
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        mut state: Certificate,
    ) -> Result<Option<Certificate>, Diagnostics> {
        let id = zone_id(&state.zone_id)?;
        let (zone, scope) = (ctx.api.zone(&id), Scope::reading(ctx.cancel.clone()));
        let at = CertificateStore::new(&zone, &scope, S::STORE);
        let certificate_id = stored_id(&state.id, "id")?;
        let failed = |error: Error| {
            let doing = format!("Reading certificate {certificate_id} of zone {id}");
            Diagnostics::from(problem(&error, &doing))
        };
        let listed = zone
            .certificates_as_of(&scope, S::STORE, Fresh::Recent)
            .await;
        let list = listed.map_err(failed)?.list;
        store_capacity::note(&mut ctx.private(), S::STORE, &list);
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
        renewal::note(&mut ctx.private(), &state, zone.now());
        Ok(Some(state))
    }

    async fn import(&self, ctx: &Ctx<Api>, identity: Identity) -> Result<Certificate, Diagnostics> {
        import::find(self, ctx, identity).await
    }

    fn moved(&self, source: &Foreign) -> Result<Moved<Certificate>, Diagnostics> {
        moved::from_official::<S>(source)
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        prior: Certificate,
        planned: Planned<Certificate>,
    ) -> Applied<Certificate> {
        apply::update(ctx, S::STORE, prior, planned).await
    }

    async fn delete(&self, ctx: &Ctx<Api>, state: Certificate) -> Result<(), Failed<Certificate>> {
        apply::delete(ctx, S::STORE, &state).await
    }
}

/// The leaf of a certificate, as far as the API shows it.
pub fn leaf_of(found: &Found) -> Option<Existing> {
    Existing::find(found.certificate.as_deref()?)
}

/// The text of a certificate as the API shows it, fit for a state.
pub fn text_of(found: &Found) -> Option<String> {
    // First what nobody sees, so that it hides no key.
    let lines = found.certificate.as_deref()?.replace("\r\n", "\n");
    let lines = lines.replace(['\r', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    let is_seen = |c: &char| !is_invisible(*c) || "\n\t".contains(*c);
    Some(without_keys(
        &lines.chars().filter(is_seen).collect::<String>(),
    ))
}
