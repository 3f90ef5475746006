//! The resources: which calls, in what order. Terraform's words and Cloudflare's
//! meet here and nowhere else.

mod association;
mod associations;
mod certificate;
mod check;
mod handoff;
mod identity;
mod names;
mod official;
mod origin;
mod problem;
mod ready;
mod setting;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use association::{AssociationData, AssociationsData, HostnameAssociation};
pub use associations::HostnameAssociations;
pub use certificate::{
    CertificateData, CertificatesData, HostnameStore, StoredCertificate, ZoneStore, leaf_of,
    text_of,
};
pub use origin::OriginData;
pub use problem::unread;
pub use setting::{GlobalSwitch, Setting, SettingData, ZoneSwitch};

use cloudflare::Client;
use framework::{AnyDataSource, AnyListResource, AnyResource, DataEntry, Entry, ListEntry};

/// The way to the API that every resource is given.
pub type Api = Arc<Client>;

/// What the provider's configuration says to planning.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many days before a certificate's end warnings begin; 0 for no warnings.
    pub expiry_warning_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            expiry_warning_days: 30,
        }
    }
}

/// All resources of the provider.
pub fn all() -> Vec<Box<dyn AnyResource<Api, Settings>>> {
    vec![
        Entry::boxed(StoredCertificate::<ZoneStore>::default()),
        Entry::boxed(StoredCertificate::<HostnameStore>::default()),
        Entry::boxed(HostnameAssociation),
        Entry::boxed(HostnameAssociations),
        Entry::boxed(Setting::<ZoneSwitch>::default()),
        Entry::boxed(Setting::<GlobalSwitch>::default()),
    ]
}

/// All data sources of the provider.
pub fn data_sources() -> Vec<Box<dyn AnyDataSource<Api>>> {
    vec![
        DataEntry::boxed(CertificateData::<ZoneStore>::default()),
        DataEntry::boxed(CertificateData::<HostnameStore>::default()),
        DataEntry::boxed(AssociationData),
        DataEntry::boxed(SettingData::<ZoneSwitch>::default()),
        DataEntry::boxed(SettingData::<GlobalSwitch>::default()),
        DataEntry::boxed(CertificatesData::<ZoneStore>::default()),
        DataEntry::boxed(CertificatesData::<HostnameStore>::default()),
        DataEntry::boxed(AssociationsData),
        DataEntry::boxed(OriginData),
    ]
}

/// All list resources of the provider.
pub fn list_resources() -> Vec<Box<dyn AnyListResource<Api>>> {
    vec![
        ListEntry::boxed(StoredCertificate::<ZoneStore>::default()),
        ListEntry::boxed(StoredCertificate::<HostnameStore>::default()),
        ListEntry::boxed(HostnameAssociation),
    ]
}
