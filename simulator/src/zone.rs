//! One zone: its two certificate stores, its associations and its switches.
//!
//! Nothing runs in the background: every status is a function of what was done,
//! when, and of the time now.

use std::collections::BTreeMap;

use crate::association::Association;
use crate::certificate::{Certificate, Store};

/// The state of one zone.
#[derive(Debug)]
pub struct Zone {
    pub(crate) domain: String,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) associations: BTreeMap<String, Association>,
    /// The zone-level switch; D: off by default.
    pub enabled: bool,
    /// Whether the API has ever turned it on.
    pub(crate) was_enabled: bool,
    /// The global switch; D: off by default.
    pub tls_client_auth: bool,
    /// Certificate uploads and deletions under way (L: a second one gets 409).
    pub(crate) busy: u32,
}

impl Zone {
    /// An empty zone for this domain.
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            certificates: Vec::new(),
            associations: BTreeMap::new(),
            enabled: false,
            was_enabled: false,
            tls_client_auth: false,
            busy: 0,
        }
    }

    /// All certificates ever uploaded, tombstones included.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The certificates of a store that are neither deleted nor on their way out.
    pub fn live(&self, store: Store) -> Vec<&Certificate> {
        let live = self.certificates.iter();
        live.filter(|c| c.store == store && c.is_live()).collect()
    }

    /// The associations that are not voided, by hostname.
    pub fn associations(&self) -> BTreeMap<&str, &Association> {
        let live = self.associations.iter();
        live.filter(|(_, association)| association.enabled.is_some())
            .map(|(hostname, association)| (hostname.as_str(), association))
            .collect()
    }
}
