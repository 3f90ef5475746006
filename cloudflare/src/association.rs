//! Associations: which certificate Cloudflare presents for a hostname.

use std::collections::HashMap;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use super::envelope::AtMost;
use super::messages::Scalar;
use super::{CertificateId, Hostname, Key, Status, ZoneId};

/// How many hostnames one write names. What the API accepts is not documented; a
/// certificate has at most this many.
pub(super) const PER_WRITE: usize = 100;

/// An association as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Association {
    /// The hostname.
    pub hostname: Hostname,
    /// The certificate of the hostname store.
    pub cert_id: Option<CertificateId>,
    /// Whether the certificate is presented. `false` pins "none"; null means that
    /// there is no association any more.
    pub enabled: Option<bool>,
    /// Where the edge stands with it.
    pub status: Status,
}

/// A row of an answer. What a tombstone holds in place of its texts matters to nobody.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    hostname: Scalar,
    #[serde(default)]
    cert_id: Scalar,
    #[serde(default)]
    enabled: Scalar,
    #[serde(default)]
    status: Status,
}

impl Row {
    /// The association; none where only a tombstone without a proper name is left.
    fn into_association<E: de::Error>(self) -> Result<Option<Association>, E> {
        let enabled = match self.enabled.text() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let is_gone = self.status.is_tombstone() || self.enabled.is_null();
        if enabled.is_none() && !is_gone {
            return Err(E::custom("enabled is neither true nor false"));
        }
        let hostname = self.hostname.text().and_then(Hostname::from_answer);
        let cert_id = self.cert_id.text().filter(|text| !text.is_empty());
        let parsed = cert_id.map(CertificateId::parse);
        match (hostname, parsed) {
            (None, _) if is_gone => Ok(None),
            (None, _) => Err(E::custom("hostname is not a hostname")),
            (_, Some(Err(_))) if !is_gone => {
                Err(E::custom("cert_id is not the id of a certificate"))
            }
            (Some(hostname), parsed) => Ok(Some(Association {
                hostname,
                cert_id: parsed.and_then(Result::ok),
                enabled: enabled.filter(|_| !self.enabled.is_null()),
                status: self.status,
            })),
        }
    }
}

impl<'de> Deserialize<'de> for Association {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let association = Row::deserialize(from)?.into_association()?;
        association.ok_or_else(|| de::Error::missing_field("hostname"))
    }
}

impl Association {
    /// Whether there is no association any more, whatever its old value says.
    pub fn is_gone(&self) -> bool {
        self.enabled.is_none() || self.status.is_tombstone()
    }

    /// The id of its certificate; empty where a tombstone has none.
    pub fn certificate(&self) -> &str {
        self.cert_id.as_ref().map_or("", CertificateId::as_str)
    }

    /// Whether it is about this certificate.
    pub fn names(&self, certificate: &CertificateId) -> bool {
        self.cert_id.as_ref() == Some(certificate)
    }

    /// What a write that was accepted makes, until the API says more.
    pub fn as_written(write: &AssociationWrite) -> Self {
        Self {
            hostname: write.hostname.clone(),
            cert_id: Some(write.cert_id.clone()),
            enabled: write.enabled,
            status: Status::PendingDeployment,
        }
    }

    /// What this run knows it by.
    pub fn key(&self, zone: &ZoneId) -> Key {
        Key::Association(zone.clone(), self.hostname.clone())
    }
}

/// All associations of a zone, by hostname.
#[derive(Debug, Default)]
pub struct Associations {
    all: Vec<Association>,
    by_hostname: HashMap<Hostname, usize>,
}

impl Associations {
    pub(super) fn new(all: Vec<Association>) -> Self {
        let mut by_hostname: HashMap<Hostname, usize> = HashMap::new();
        for (place, association) in all.iter().enumerate() {
            let before = by_hostname.get(&association.hostname);
            let before = before.and_then(|before| all.get(*before));
            // A tombstone does not stand for the association that came after it, or before.
            if before.is_none_or(|before| before.is_gone() || !association.is_gone()) {
                by_hostname.insert(association.hostname.clone(), place);
            }
        }
        Self { by_hostname, all }
    }

    /// Every one, in the API's order.
    pub fn iter(&self) -> std::slice::Iter<'_, Association> {
        self.all.iter()
    }

    /// That of a hostname.
    pub fn get(&self, hostname: &Hostname) -> Option<&Association> {
        self.all.get(*self.by_hostname.get(hostname)?)
    }
}

/// One hostname's part of a write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssociationWrite {
    /// The hostname.
    pub hostname: Hostname,
    /// The certificate; needed even to void.
    pub cert_id: CertificateId,
    /// `None` voids: the hostname goes back to what the zone says.
    pub enabled: Option<bool>,
}

impl AssociationWrite {
    /// What this run knows its hostname by.
    pub fn key(&self, zone: &ZoneId) -> Key {
        Key::Association(zone.clone(), self.hostname.clone())
    }

    /// Whether what the API shows of its hostname is what it makes.
    pub fn is_shown_by(&self, association: &Association) -> bool {
        match self.enabled {
            None => association.is_gone(),
            Some(_) => association.names(&self.cert_id) && association.enabled == self.enabled,
        }
    }
}

/// A row of a list; none where only a nameless tombstone is left.
pub(super) struct Listed(pub(super) Option<Association>);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Row::deserialize(from)?.into_association().map(Self)
    }
}

/// So many associations in one zone are more than Cloudflare has ever offered.
pub(super) const MOST_ROWS: usize = 100_000;

/// The rows of an answer.
pub(super) type Rows = AtMost<Listed, MOST_ROWS>;
