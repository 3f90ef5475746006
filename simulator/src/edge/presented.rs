//! The rule of precedence.

use std::time::Duration;

use crate::certificate::{Certificate, Store};
use crate::zone::Zone;

/// What the edge presents to an origin.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// No certificate at all.
    Nothing,
    /// A certificate of the zone.
    Certificate(&'a Certificate),
    /// The one that Cloudflare shares between all its customers.
    Shared,
}

impl Presented<'_> {
    /// The id of the certificate; nothing for the shared one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Certificate(certificate) => Some(&certificate.id),
            Self::Nothing | Self::Shared => None,
        }
    }
}

impl Zone {
    /// What is presented for a hostname at a time, by a point of presence that comes to
    /// know of deployments so much later; of deletions it knows at once. D: the hostname's association comes
    /// first (`false` means none), then the zone-level switch with the certificate that
    /// was deployed last, then the global switch with the shared certificate.
    pub fn presented(&self, hostname: &str, now: Duration, behind: Duration) -> Presented<'_> {
        let at = now.saturating_sub(behind);
        let deployed_at =
            |c: &Certificate| c.deployed_at(at).filter(|_| c.deployed_at(now).is_some());
        let association = self.associations.get(hostname);
        let binding = association.and_then(|association| association.binding(at));
        if let Some((id, enabled)) = binding.and_then(|b| Some((&b.certificate_id, b.enabled?))) {
            let own = |c: &&Certificate| c.store == Store::Hostname && c.id == *id;
            let mut all = self.certificates.iter();
            return match all.find(own).filter(|c| deployed_at(c).is_some()) {
                Some(certificate) if enabled => Presented::Certificate(certificate),
                // I: an association with a certificate that the edge does not have.
                _ => Presented::Nothing,
            };
        }
        if self.enabled {
            let zone = self.certificates.iter().filter(|c| c.store == Store::Zone);
            let deployed = zone.filter_map(|c| Some((deployed_at(c)?, c)));
            let last = deployed.max_by_key(|(since, _)| *since);
            return last.map_or(Presented::Nothing, |(_, certificate)| {
                Presented::Certificate(certificate)
            });
        }
        match self.tls_client_auth {
            true => Presented::Shared,
            false => Presented::Nothing,
        }
    }
}
