//! The names of the resource types.

pub(super) const ZONE_CERTIFICATE: &str = "aop_zone_certificate";
pub(super) const HOSTNAME_CERTIFICATE: &str = "aop_hostname_certificate";
pub(super) const HOSTNAME_ASSOCIATION: &str = "aop_hostname_association";
pub(super) const HOSTNAME_ASSOCIATIONS: &str = "aop_hostname_associations";
pub(super) const ZONE_SETTING: &str = "aop_zone_setting";
pub(super) const GLOBAL_SETTING: &str = "aop_global_setting";
