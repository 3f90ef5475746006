//! The data sources: one association by its hostname, and all of a zone.

use super::super::Api;
use super::super::check::{hostname, zone_id};
use super::super::problem::problem;
use super::absent;
use super::filter::Filter;
use cloudflare::{Association as Found, Fresh, Scope, Status};
use framework::{Attr, Ctx, DataSource, Diagnostics, Model, Object, Walk};

/// The data source of one association.
pub struct AssociationData;

/// The data source of all associations of a zone.
pub struct AssociationsData;

/// What is shown of an association.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Shown {
    certificate_id: Attr<String>,
    enabled: Attr<bool>,
    status: Attr<String>,
}

/// One association.
#[derive(Clone, Default, PartialEq)]
pub struct One {
    zone_id: Attr<String>,
    hostname: Attr<String>,
    shown: Shown,
}

/// One of all associations.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Element {
    hostname: Attr<String>,
    shown: Shown,
}

/// All associations.
#[derive(Clone, Default, PartialEq)]
pub struct All {
    filter: Filter,
    associations: Attr<Vec<Attr<Object<Element>>>>,
}

impl Model for Shown {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            certificate_id,
            enabled,
            status,
        } = self;
        walk.attr("certificate_id", certificate_id)
            .computed()
            .doc("The id of its certificate.");
        walk.attr("enabled", enabled)
            .computed()
            .doc("Whether the certificate is presented; `false` pins \"present none\".");
        walk.attr("status", status)
            .computed()
            .doc("Deployment status, such as `active`.");
    }
}

impl Model for One {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            zone_id,
            hostname,
            shown,
        } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("hostname", hostname).required().doc(
            "A hostname of the zone. Case, a trailing dot and IDN spelling make no difference.",
        );
        shown.describe(walk);
    }
}

impl Model for Element {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { hostname, shown } = self;
        walk.attr("hostname", hostname)
            .computed()
            .doc("The hostname in canonical form.");
        shown.describe(walk);
    }
}

impl Model for All {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            filter,
            associations,
        } = self;
        filter.describe(walk);
        walk.attr("associations", associations)
            .computed()
            .doc("The associations, sorted by hostname.");
    }
}

impl From<Found> for Shown {
    fn from(found: Found) -> Self {
        Self {
            certificate_id: found.certificate().into(),
            enabled: found.enabled.into(),
            status: found.status.as_str().into(),
        }
    }
}

impl DataSource for AssociationData {
    type Api = Api;
    type Model = One;
    const NAME: &'static str = "aop_hostname_association";
    const DOC: &'static str = "The client certificate that Cloudflare presents to the origin of \
        one hostname. An error if the hostname has none of its own.";

    async fn read(&self, ctx: &Ctx<Api>, mut config: One) -> Result<One, Diagnostics> {
        let (zone, name) = (zone_id(&config.zone_id)?, hostname(&config.hostname)?);
        let scope = Scope::reading(ctx.cancel.clone());
        let api = ctx.api.zone(&zone);
        // What changes may have changed since.
        let is_settled = |found: &Found| found.status == Status::Active;
        let found = api.association_if(&scope, &name, Fresh::Recent, is_settled);
        config.shown = match found.await {
            Ok(found) if !found.is_gone() => found.into(),
            Err(error) if !error.is_gone() => {
                return Err(problem(&error, &format!("Reading {name}")).into());
            }
            Ok(_) | Err(_) => return Err(absent(&zone, &name).at("hostname").into()),
        };
        Ok(config)
    }
}

impl DataSource for AssociationsData {
    type Api = Api;
    type Model = All;
    const NAME: &'static str = "aop_hostname_associations";
    const DOC: &'static str = "The hostnames of a zone that have a client certificate of their \
        own, or none by name, sorted by hostname.";

    async fn read(&self, ctx: &Ctx<Api>, mut config: All) -> Result<All, Diagnostics> {
        let id = zone_id(&config.filter.zone_id)?;
        let wanted = config.filter.wanted()?;
        let scope = Scope::reading(ctx.cancel.clone());
        let api = ctx.api.zone(&id);
        let listed = api
            .associations_as_of(&scope, api.run().fresh_for_data())
            .await;
        let doing = format!("Listing the associations of zone {id}");
        let listed = listed.map_err(|error| problem(&error, &doing))?.list;
        let mut list: Vec<Found> = listed.iter().cloned().collect();
        list.sort_by(|one, other| one.hostname.cmp(&other.hostname));
        if !list.iter().any(|found| wanted.admits(found))
            && let Some(warning) = wanted.nothing(id.as_str(), &list)
        {
            ctx.warn(warning);
        }
        let shown = list.into_iter().filter(|found| wanted.admits(found));
        let shown = shown.map(|found| {
            let element = Element {
                hostname: found.hostname.as_str().into(),
                shown: found.into(),
            };
            Attr::Known(Object(element))
        });
        config.associations = shown.collect::<Vec<_>>().into();
        Ok(config)
    }
}
