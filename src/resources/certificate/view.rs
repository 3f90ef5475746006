//! What is known of a zone at one moment. What is not known yet is asked for: a decision
//! names the question that it cannot go on without.

use std::collections::HashMap;

use super::obstacle::Obstacle;
use cloudflare::{CertificateId, Hostname, Observed, Status};

/// What can be asked of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// All hostnames, as far as they are listed.
    Hostnames,
    /// One hostname, of which the list is in doubt.
    Hostname(Hostname),
    /// One certificate, by its id.
    Certificate(CertificateId),
    /// The certificates that the list of the zone store shows.
    ZoneCertificates,
    /// Whether the zone presents its certificates.
    ZoneSetting,
}

/// Why a decision is not made, or is no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Something has to be known first.
    Ask(Question),
    /// Something stands against it.
    Obstacle(Obstacle),
}

impl From<Obstacle> for Hold {
    fn from(obstacle: Obstacle) -> Self {
        Self::Obstacle(obstacle)
    }
}

/// A certificate as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) id: CertificateId,
    pub(super) status: Status,
    /// Whether its time is over. Cloudflare leaves it active.
    pub(super) has_expired: bool,
    /// Whether this run has deleted it: lists may show it unchanged.
    pub(super) is_deleted: bool,
}

/// What is known of a zone.
#[derive(Default)]
pub(super) struct View {
    pub(super) hostnames: Option<Vec<Observed>>,
    /// Hostnames that were asked for by their name; none where there is no association.
    pub(super) by_name: HashMap<Hostname, Option<Observed>>,
    /// Certificates that were asked for by their id; none where nothing is left.
    pub(super) certificates: HashMap<CertificateId, Option<Seen>>,
    pub(super) zone_certificates: Option<Vec<Seen>>,
    pub(super) zone_setting: Option<bool>,
}

impl View {
    pub(super) fn hostnames(&self) -> Result<&[Observed], Hold> {
        let known = self.hostnames.as_deref();
        known.ok_or(Hold::Ask(Question::Hostnames))
    }

    /// A hostname that was asked for by its name.
    pub(super) fn hostname(&self, name: &Hostname) -> Result<Option<&Observed>, Hold> {
        let known = self.by_name.get(name).map(Option::as_ref);
        known.ok_or_else(|| Hold::Ask(Question::Hostname(name.clone())))
    }

    /// A certificate that was asked for by its id.
    pub(super) fn certificate(&self, id: &CertificateId) -> Result<Option<&Seen>, Hold> {
        let known = self.certificates.get(id).map(Option::as_ref);
        known.ok_or_else(|| Hold::Ask(Question::Certificate(id.clone())))
    }

    pub(super) fn zone_certificates(&self) -> Result<&[Seen], Hold> {
        let known = self.zone_certificates.as_deref();
        known.ok_or(Hold::Ask(Question::ZoneCertificates))
    }

    pub(super) fn zone_setting(&self) -> Result<bool, Hold> {
        self.zone_setting.ok_or(Hold::Ask(Question::ZoneSetting))
    }
}
