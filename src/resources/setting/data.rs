//! The data sources of the two switches.

use std::marker::PhantomData;

use super::super::Api;
use super::{OfSwitch, is_on};
use framework::{Attr, Ctx, DataSource, Diagnostics, Model, Walk};

/// The data source for one of the switches.
pub struct SettingData<S>(PhantomData<S>);

impl<S> Default for SettingData<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// Its arguments and attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Shown {
    zone_id: Attr<String>,
    enabled: Attr<bool>,
}

impl Model for Shown {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { zone_id, enabled } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("enabled", enabled)
            .computed()
            .doc("Whether the setting is on.");
    }
}

impl<S: OfSwitch> DataSource for SettingData<S> {
    type Api = Api;
    type Model = Shown;
    const NAME: &'static str = S::NAME;
    const DOC: &'static str = S::DATA_DOC;

    async fn read(&self, ctx: &Ctx<Api>, mut config: Shown) -> Result<Shown, Diagnostics> {
        config.enabled = is_on(ctx, &config.zone_id, S::SWITCH).await?.into();
        Ok(config)
    }
}
