//! The data sources: one certificate by its id, and all of a zone.

use std::marker::PhantomData;

use super::super::Api;
use super::super::check::{certificate_id, zone_id};
use super::super::problem::problem;
use super::facts::Facts;
use super::filter::Filter;
use super::import::absent;
use super::store::CertificateStore;
use super::{Found, InStore, leaf_of, text_of};
use cloudflare::{Error, Fresh, Scope, Status};
use framework::{Attr, Ctx, DataSource, Diagnostics, Model, Object, Walk};

/// The data source of one certificate.
pub struct CertificateData<S>(PhantomData<S>);

/// The data source of all certificates of a store.
pub struct CertificatesData<S>(PhantomData<S>);

impl<S> Default for CertificateData<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S> Default for CertificatesData<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// What is shown of a certificate.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Shown {
    certificate: Attr<String>,
    status: Attr<String>,
    uploaded_on: Attr<String>,
    facts: Facts,
}

/// One certificate.
#[derive(Clone, Default, PartialEq)]
pub struct One {
    zone_id: Attr<String>,
    certificate_id: Attr<String>,
    shown: Shown,
}

/// One of all certificates.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Element {
    certificate_id: Attr<String>,
    shown: Shown,
}

/// All certificates.
#[derive(Clone, Default, PartialEq)]
pub struct All {
    filter: Filter,
    certificates: Attr<Vec<Attr<Object<Element>>>>,
}

impl Model for Shown {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            certificate,
            status,
            uploaded_on,
            facts,
        } = self;
        walk.attr("certificate", certificate)
            .computed()
            .doc("The certificate as Cloudflare stores it, in PEM form.");
        walk.attr("status", status)
            .computed()
            .doc("Deployment status, such as `active`.");
        walk.attr("uploaded_on", uploaded_on)
            .computed()
            .doc("When it was uploaded, RFC 3339.");
        facts.describe(walk);
    }
}

impl Model for One {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            zone_id,
            certificate_id,
            shown,
        } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("certificate_id", certificate_id)
            .required()
            .doc("The certificate's id at Cloudflare.");
        shown.describe(walk);
    }
}

impl Model for Element {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            certificate_id,
            shown,
        } = self;
        walk.attr("certificate_id", certificate_id)
            .computed()
            .doc("The certificate's id at Cloudflare.");
        shown.describe(walk);
    }
}

impl Model for All {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            filter,
            certificates,
        } = self;
        filter.describe(walk);
        walk.attr("certificates", certificates)
            .computed()
            .doc("The certificates, sorted by id.");
    }
}

impl From<&Found> for Shown {
    fn from(found: &Found) -> Self {
        let leaf = leaf_of(found);
        Self {
            certificate: text_of(found).into(),
            status: found.status.as_str().into(),
            uploaded_on: found.uploaded_on.map(|at| at.to_string()).into(),
            facts: leaf.map_or_else(Facts::default, |leaf| leaf.facts().into()),
        }
    }
}

impl<S: InStore> DataSource for CertificateData<S> {
    type Api = Api;
    type Model = One;
    const NAME: &'static str = S::NAME;
    const DOC: &'static str = S::DATA_DOC;

    async fn read(&self, ctx: &Ctx<Api>, mut config: One) -> Result<One, Diagnostics> {
        let id = zone_id(&config.zone_id)?;
        let (zone, scope) = (ctx.api.zone(&id), Scope::reading(ctx.cancel.clone()));
        let certificate = certificate_id(&config.certificate_id)?;
        let at = CertificateStore::new(&zone, &scope, S::STORE);
        let failed = |error: Error| {
            let doing = format!("Reading certificate {certificate} of zone {id}");
            problem(&error, &doing)
        };
        let listed = zone.certificates_as_of(&scope, S::STORE, Fresh::Recent);
        let list = listed.await.map_err(failed)?.list;
        let listed = list.iter().find(|found| found.id == certificate);
        let is_shown =
            |found: &&Found| found.status == Status::Active && found.certificate.is_some();
        let found = match listed.filter(is_shown) {
            Some(found) => Some(found.clone()),
            // It may be too new for the list, or the list too old for it, or show little.
            None => at.find(&certificate).await.map_err(failed)?,
        };
        let Some(found) = found else {
            let error = absent(at, &certificate).await;
            return Err(error.at("certificate_id").into());
        };
        config.shown = Shown::from(&found);
        Ok(config)
    }
}

impl<S: InStore> DataSource for CertificatesData<S> {
    type Api = Api;
    type Model = All;
    const NAME: &'static str = S::PLURAL;
    const DOC: &'static str = S::PLURAL_DOC;

    async fn read(&self, ctx: &Ctx<Api>, mut config: All) -> Result<All, Diagnostics> {
        let id = zone_id(&config.filter.zone_id)?;
        let wanted = config.filter.wanted()?;
        let scope = Scope::reading(ctx.cancel.clone());
        let zone = ctx.api.zone(&id);
        let listed = zone.certificates_as_of(&scope, S::STORE, zone.run().fresh_for_data());
        let doing = format!("Listing the certificates of zone {id}");
        let listed = listed.await.map_err(|error| problem(&error, &doing))?;
        let mut list = listed.list.to_vec();
        list.sort_by(|one, other| one.id.cmp(&other.id));
        let shown = list.iter().filter(|found| wanted.admits(found));
        let shown = shown.map(|found| {
            let element = Element {
                certificate_id: found.id.as_str().into(),
                shown: Shown::from(found),
            };
            Attr::Known(Object(element))
        });
        let shown: Vec<_> = shown.collect();
        if shown.is_empty()
            && let Some(warning) = wanted.nothing(id.as_str(), &list)
        {
            ctx.warn(warning);
        }
        config.certificates = shown.into();
        Ok(config)
    }
}
