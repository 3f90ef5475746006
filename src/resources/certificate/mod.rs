//! `aop_zone_certificate` and `aop_hostname_certificate`: one implementation for
//! the two stores.
//!
//! `read` says what it is now, and `presented` whether Cloudflare presents it. `plan` says whether
//! it is still the same certificate, `renewal` whether one of `issue` is due for another. `apply`
//! makes a `goal` of what is planned; `protocol` decides step after step how to reach it, and
//! `operation` carries the steps out: ask the `origins`, `bring` an `upload` of `material`, which
//! is given or made as `issue` says, into the `store` (as `copy` decides, waiting for a `slot`
//! where there is none), and the `removal` of others, of which `may_delete` decides from a `view`
//! of the zone (`ask` fills it). `stopped`, `obstacle` and `diagnostics` say what stands in the
//! way.
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
mod presented;
mod protocol;
mod read;
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

use super::check::canonical_zone;
use super::names;
use super::{Api, Settings};
use crate::x509::{Existing, without_keys};
use cloudflare::{Certificate as Found, Store};
use framework::{
    ApiObject, ApiObjects, Applied, Ctx, Diagnostics, Failed, Foreign, Moved, Planned, Resource,
    Successor,
};
use text::is_invisible;

pub use data::{CertificateData, CertificatesData};
pub(super) use facts::Facts;
use model::{Certificate, CertificateIn, Identity};

/// The resource for one of the stores.
pub struct StoredCertificate<S>(PhantomData<S>);

impl<S> Default for StoredCertificate<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// Which store a resource is about.
pub trait InStore: Clone + Default + PartialEq + Send + Sync + 'static {
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
#[derive(Clone, Default, PartialEq)]
pub struct ZoneStore;

/// Certificates for single hostnames.
#[derive(Clone, Default, PartialEq)]
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
    type Model = CertificateIn<S>;
    type Identity = Identity;
    const NAME: &'static str = S::NAME;
    const DOC: &'static str = S::DOC;

    fn validate(&self, config: &CertificateIn<S>, report: &mut Diagnostics) {
        plan::validate(config, report);
    }

    fn plan(&self, change: &mut framework::Change<'_, CertificateIn<S>, Settings>) {
        change.unwrapped(|change| plan::complete(change, S::STORE));
    }

    fn identity(&self, model: &CertificateIn<S>) -> Identity {
        Identity {
            zone_id: model.zone_id.clone(),
            certificate_id: model.id.clone(),
        }
    }

    const OBJECTS: Option<&'static str> = None;

    /// Another leaf takes the place of the first in its zone.
    fn place(&self, model: &CertificateIn<S>) -> Option<String> {
        canonical_zone(&model.zone_id)
    }

    fn objects(&self, model: &CertificateIn<S>) -> Option<ApiObjects> {
        let (zone, leaf) = (canonical_zone(&model.zone_id)?, model.facts.fingerprint()?);
        Some([ApiObject::new(S::NAME, format!("{zone}/{leaf}"))].into())
    }

    async fn leave(
        &self,
        ctx: &Ctx<Api>,
        state: CertificateIn<S>,
        _: &ApiObjects,
        to: Successor,
    ) -> Result<Option<CertificateIn<S>>, Failed<CertificateIn<S>>> {
        let left = apply::leave(ctx, S::STORE, state.into(), to).await;
        let left = left.map_err(Failed::wrapped)?;
        Ok(left.map(CertificateIn::from))
    }

    async fn create(
        &self,
        ctx: &Ctx<Api>,
        planned: Planned<CertificateIn<S>>,
    ) -> Applied<CertificateIn<S>> {
        let made = apply::create(ctx, S::STORE, planned.unwrapped()).await;
        made.map(CertificateIn::from).map_err(Failed::wrapped)
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        state: CertificateIn<S>,
    ) -> Result<Option<CertificateIn<S>>, Diagnostics> {
        let read = read::read(ctx, S::STORE, state.into()).await?;
        Ok(read.map(CertificateIn::from))
    }

    async fn import(
        &self,
        ctx: &Ctx<Api>,
        identity: Identity,
    ) -> Result<CertificateIn<S>, Diagnostics> {
        let found = import::find(ctx, S::STORE, identity).await?;
        Ok(found.into())
    }

    fn moved(&self, source: &Foreign) -> Result<Moved<CertificateIn<S>>, Diagnostics> {
        moved::from_official::<S>(source)
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        prior: CertificateIn<S>,
        planned: Planned<CertificateIn<S>>,
    ) -> Applied<CertificateIn<S>> {
        let made = apply::update(ctx, S::STORE, prior.into(), planned.unwrapped()).await;
        made.map(CertificateIn::from).map_err(Failed::wrapped)
    }

    async fn delete(
        &self,
        ctx: &Ctx<Api>,
        state: CertificateIn<S>,
    ) -> Result<(), Failed<CertificateIn<S>>> {
        let deleted = apply::delete(ctx, S::STORE, &state).await;
        deleted.map_err(Failed::wrapped)
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
