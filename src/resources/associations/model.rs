//! The attributes of many associations.

use std::collections::{BTreeMap, BTreeSet};

use cloudflare::Association;
use framework::{Attr, Model, Object, Timeouts, Walk};

/// The associations by hostname, as the user spells it.
pub(super) type Entries = BTreeMap<String, Attr<Object<Entry>>>;

/// The attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Associations {
    pub(super) zone_id: Attr<String>,
    pub(super) associations: Attr<Entries>,
    pub(super) wait_for_deployment: Attr<bool>,
    pub(super) timeouts: Attr<Object<Timeouts>>,
    pub(super) undeployed: Attr<Vec<Attr<String>>>,
}

impl Associations {
    /// The hostnames whose deployment timed out.
    pub(super) fn undeployed(&self) -> BTreeSet<&str> {
        let names = self.undeployed.known().into_iter().flatten();
        names
            .filter_map(|name| Some(name.known()?.as_str()))
            .collect()
    }
}

/// What one hostname is to have.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Entry {
    pub(super) certificate_id: Attr<String>,
    pub(super) enabled: Attr<bool>,
}

impl Model for Associations {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            zone_id,
            associations,
            wait_for_deployment,
            timeouts,
            undeployed,
        } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .replaces()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("associations", associations).required().doc(
            "The associations by hostname. Case, a trailing dot and IDN spelling of a hostname \
             make no difference.",
        );
        walk.attr("wait_for_deployment", wait_for_deployment)
            .defaults_to(true)
            .doc("Whether to wait until what was written is active. Default `true`.");
        walk.attr("timeouts", timeouts)
            .optional()
            .doc(Timeouts::DOC);
        walk.attr("undeployed", undeployed).computed().doc(
            "The hostnames whose deployment timed out, as last read. The next apply writes them \
             again.",
        );
    }
}

impl Model for Entry {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            certificate_id,
            enabled,
        } = self;
        walk.attr("certificate_id", certificate_id)
            .required()
            .doc("The id of an `aop_hostname_certificate` of the same zone.");
        walk.attr("enabled", enabled).defaults_to(true).doc(
            "Whether the certificate is presented. `false` pins \"present none\" for this \
             hostname, even while the zone-level setting is on. Default `true`.",
        );
    }
}

impl Entry {
    /// What the API shows of a hostname.
    pub(super) fn of(found: &Association) -> Attr<Object<Self>> {
        Attr::Known(Object(Self {
            certificate_id: found.certificate().into(),
            enabled: found.enabled.into(),
        }))
    }
}
