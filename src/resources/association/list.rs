//! The list resource: the associations of a zone, to be imported.

use super::super::check::zone_id;
use super::super::problem::problem;
use super::filter::Filter;
use super::{Api, Association, HostnameAssociation};
use cloudflare::Scope;
use framework::{Ctx, Diagnostics, Found, ListResource};

impl ListResource for HostnameAssociation {
    type Config = Filter;
    const LIST_DOC: &'static str = "The hostnames of a zone that have a client certificate of \
        their own, or none by name.";

    async fn list(
        &self,
        ctx: &Ctx<Api>,
        config: Filter,
        found: &mut Found<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let id = zone_id(&config.zone_id)?;
        let wanted = config.wanted()?;
        let (zone, scope) = (ctx.api.zone(&id), Scope::reading(ctx.cancel.clone()));
        let doing = format!("Listing the associations of zone {id}");
        // Each page is handed over before the next is asked for.
        let mut pages = zone.association_pages();
        while let Some(list) = pages
            .next(&scope)
            .await
            .map_err(|error| problem(&error, &doing))?
        {
            for association in list.into_iter().filter(|a| wanted.admits(a)) {
                let model = Association {
                    id: format!("{id}/{}", association.hostname).into(),
                    zone_id: id.as_str().into(),
                    hostname: association.hostname.as_str().into(),
                    certificate_id: association.certificate().into(),
                    enabled: association.enabled.into(),
                    status: association.status.as_str().into(),
                    ..Association::default()
                };
                if !found.push(association.hostname.to_string(), &model).await {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
