//! The list resource: the certificates of a zone, to be imported.

use super::super::check::zone_id;
use super::super::problem::problem;
use super::filter::Filter;
use super::{Api, Certificate, InStore, StoredCertificate, leaf_of, presented, text_of};
use cloudflare::Scope;
use framework::{Ctx, Diagnostics, Found, ListResource};

impl<S: InStore> ListResource for StoredCertificate<S> {
    type Config = Filter;
    const LIST_DOC: &'static str = S::PLURAL_DOC;

    async fn list(
        &self,
        ctx: &Ctx<Api>,
        config: Filter,
        found: &mut Found<'_, Self>,
    ) -> Result<(), Diagnostics> {
        let id = zone_id(&config.zone_id)?;
        let wanted = config.wanted()?;
        let scope = Scope::reading(ctx.cancel.clone());
        let list = ctx.api.zone(&id).certificates(&scope, S::STORE).await;
        let doing = format!("Listing the certificates of zone {id}");
        let mut list = list.map_err(|error| problem(&error, &doing))?;
        list.sort_by(|one, other| one.id.cmp(&other.id));
        for certificate in list.iter().filter(|found| wanted.admits(found)) {
            let leaf = leaf_of(certificate);
            let name = leaf.as_ref().and_then(|leaf| {
                let expires = leaf.facts().expires_on.as_deref()?;
                Some(format!("{}, expires {expires}", leaf.subject()?))
            });
            let mut model = Certificate {
                zone_id: id.as_str().into(),
                certificate: text_of(certificate).into(),
                ..Certificate::default()
            };
            model.set_found(certificate);
            model.presented = presented::of(S::STORE, certificate, &list);
            model.set_superseded(Vec::new());
            if let Some(leaf) = &leaf {
                model.facts = leaf.facts().into();
            }
            let name = name.unwrap_or_else(|| certificate.id.to_string());
            if !found.push(name, &model.into()).await {
                break;
            }
        }
        Ok(())
    }
}
