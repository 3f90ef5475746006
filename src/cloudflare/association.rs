//! Associations: which certificate Cloudflare presents for a hostname.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{self, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{CertificateId, Hostname, Key, Status, ZoneId};

/// An association as the API shows it.
#[derive(Clone, Debug)]
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

/// A row of an answer. Tombstones may have null in place of a text.
#[derive(Deserialize)]
struct Row {
    #[serde(default, deserialize_with = "if_any")]
    hostname: Option<Hostname>,
    #[serde(default, deserialize_with = "if_any")]
    cert_id: Option<CertificateId>,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    status: Status,
}

/// A text that may be null or empty.
fn if_any<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    match Option::<Cow<'de, str>>::deserialize(from)? {
        Some(text) if !text.is_empty() => T::deserialize(text.into_deserializer()).map(Some),
        _ => Ok(None),
    }
}

impl Row {
    /// The association; none where only a nameless tombstone is left.
    fn into_association<E: de::Error>(self) -> Result<Option<Association>, E> {
        let is_gone = self.enabled.is_none() || self.status.is_tombstone();
        match self.hostname {
            Some(hostname) => Ok(Some(Association {
                hostname,
                cert_id: self.cert_id,
                enabled: self.enabled,
                status: self.status,
            })),
            None if is_gone => Ok(None),
            None => Err(E::custom("an association without a hostname")),
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
        let named = all.iter().enumerate();
        let named = named.map(|(place, association)| (association.hostname.clone(), place));
        Self {
            by_hostname: named.collect(),
            all,
        }
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
}

/// The rows of an answer: no more than a zone can have.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) associations: Vec<Association>,
    /// How many rows there were, nameless tombstones included.
    pub(super) count: u64,
}

/// So many associations in one zone are more than Cloudflare has ever offered.
pub(super) const MOST_ROWS: usize = 100_000;

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Rows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of associations")
            }

            /// An empty list is sometimes null.
            fn visit_unit<E>(self) -> Result<Rows, E> {
                Ok(Rows::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Rows, A::Error> {
                let mut rows = Rows::default();
                while let Some(row) = list.next_element::<Row>()? {
                    rows.count += 1;
                    rows.associations.extend(row.into_association()?);
                    if rows.associations.len() > MOST_ROWS {
                        return Err(de::Error::custom("more associations than a zone can have"));
                    }
                }
                Ok(rows)
            }
        }
        from.deserialize_any(List)
    }
}
