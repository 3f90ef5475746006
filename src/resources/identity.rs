//! What identifies the resources of which a zone has one.

use framework::{Attr, Model, Walk};

/// The zone alone.
#[derive(Clone, Default, PartialEq)]
pub struct OfZone {
    pub(super) zone_id: Attr<String>,
}

impl Model for OfZone {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { zone_id } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id.");
    }
}
