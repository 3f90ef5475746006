//! The resources: which calls, in what order. Terraform's words and Cloudflare's
//! meet here and nowhere else.

mod association;
mod certificate;
mod check;
mod problem;
mod ready;
mod zone_setting;

use std::sync::Arc;

pub use association::HostnameAssociation;
pub use certificate::{HostnameStore, StoredCertificate, ZoneStore};
pub use zone_setting::ZoneSetting;

use crate::cloudflare::Client;
use crate::framework::{AnyResource, Entry};

/// The way to the API that every resource is given.
pub type Api = Arc<Client>;

/// All resources of the provider.
pub fn all() -> Vec<Box<dyn AnyResource<Api>>> {
    vec![
        Entry::boxed(StoredCertificate::<ZoneStore>::default()),
        Entry::boxed(StoredCertificate::<HostnameStore>::default()),
        Entry::boxed(HostnameAssociation),
        Entry::boxed(ZoneSetting),
    ]
}
