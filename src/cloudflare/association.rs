//! Associations: which certificate Cloudflare presents for a hostname.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::client::{segment, share};
use super::{
    AsOf, Body, Error, Fresh, Hostname, Key, Method, Scope, Status, Switch, Zone, ZoneId,
    canonical_id,
};

/// An association as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Association {
    /// The hostname.
    #[serde(default, deserialize_with = "or_empty")]
    pub hostname: String,
    /// The certificate of the hostname store.
    #[serde(default, deserialize_with = "id_or_empty")]
    pub cert_id: String,
    /// Whether the certificate is presented. `false` pins "none"; null means that
    /// there is no association any more.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Where the edge stands with it.
    #[serde(default)]
    pub status: Status,
}

/// Tombstones may have null in place of a text.
fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn id_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    or_empty(deserializer).map(canonical_id)
}

impl Association {
    /// Whether there is no association any more, whatever its old value says.
    pub fn is_gone(&self) -> bool {
        self.enabled.is_none() || self.status.is_tombstone()
    }

    /// What a write that was accepted makes, until the API says more.
    pub fn as_written(write: &AssociationWrite) -> Self {
        Self {
            hostname: write.hostname.clone(),
            cert_id: write.cert_id.clone(),
            enabled: write.enabled,
            status: Status::PendingDeployment,
        }
    }

    /// What this run knows it by; nothing where the API shows an odd hostname.
    pub fn key(&self, zone: &ZoneId) -> Option<Key> {
        let hostname = Hostname::parse(&self.hostname).ok()?;
        Some(Key::Association(zone.clone(), hostname))
    }
}

/// All associations of a zone, by hostname where they have a proper one.
#[derive(Debug, Default)]
pub struct Associations {
    all: Vec<Association>,
    by_hostname: HashMap<Hostname, usize>,
}

impl Associations {
    fn new(all: Vec<Association>) -> Self {
        let named = all.iter().enumerate().filter_map(|(place, association)| {
            Some((Hostname::parse(&association.hostname).ok()?, place))
        });
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
    pub hostname: String,
    /// The certificate; needed even to void.
    pub cert_id: String,
    /// `None` voids: the hostname goes back to what the zone says.
    pub enabled: Option<bool>,
}

const PATH: &str = "/origin_tls_client_auth/hostnames";
/// The largest page that the API gives.
const PER_PAGE: usize = 1000;
/// How many hostnames one write names. What the API accepts is not documented; a
/// certificate has at most this many.
pub(super) const PER_WRITE: usize = 100;
/// How many associations Cloudflare takes for each certificate, as documented.
pub const PER_CERTIFICATE: usize = 100;

impl Zone<'_> {
    /// All associations of the zone, whatever their status.
    pub async fn associations(&self, scope: &Scope) -> Result<Vec<Association>, Error> {
        let mut all = Vec::new();
        for page in 1.. {
            let (list, is_last) = self.associations_page(scope, page).await?;
            all.extend(list);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// One page of them, counted from 1, and whether it is the last one.
    pub async fn associations_page(
        &self,
        scope: &Scope,
        page: u64,
    ) -> Result<(Vec<Association>, bool), Error> {
        let path = format!("{PATH}?status=all&per_page={PER_PAGE}&page={page}");
        let listed = self.page::<Option<Vec<Association>>>(scope, &path).await;
        let (list, info) = match listed {
            Err(error) => return Err(self.not_listed(scope, error).await),
            Ok(listed) => listed,
        };
        let list = list.unwrap_or_default();
        // A page may be cut shorter than asked for: then the count of pages tells.
        let full = list.len() >= PER_PAGE;
        let is_last = info.total_pages.map_or(!full, |pages| page >= pages);
        let is_last = is_last || list.is_empty();
        Ok((list, is_last))
    }

    /// What it means that there is no list: where the zone has no settings either, it is
    /// the zone that is not there.
    async fn not_listed(&self, scope: &Scope, error: Error) -> Error {
        if !error.is_no_route() {
            return error;
        }
        match (error, self.read_switch(scope, Switch::Zone).await) {
            (Error::Refused(refusal), Ok(_)) => Error::Unlisted(refusal),
            (error, Ok(_)) | (_, Err(error)) => error,
        }
    }

    /// All associations, from a list that others ask for too. Waits for an association
    /// write of this process, so that it never shows the time before.
    pub async fn associations_as_of(
        &self,
        scope: &Scope,
        fresh: Fresh,
    ) -> Result<AsOf<Associations>, Error> {
        let _turn = share(scope, &self.common.turns.associations).await?;
        let ask = async { self.associations(scope).await.map(Associations::new) };
        self.common.associations.get(scope, fresh, ask).await
    }

    /// One association, from that list; by a request of its own where the list does not
    /// show it alive, or not as this run has written it, or is not offered. Never
    /// configured: 1553.
    pub async fn association_as_of(
        &self,
        scope: &Scope,
        hostname: &Hostname,
        fresh: Fresh,
    ) -> Result<Association, Error> {
        let listed = match self.associations_as_of(scope, fresh).await {
            Ok(listed) => listed,
            Err(Error::Unlisted(_)) => return self.association(scope, hostname).await,
            Err(error) => return Err(error),
        };
        let found = listed.list.get(hostname);
        match found.filter(|found| !found.is_gone() && !self.is_outdated(found)) {
            Some(found) => Ok(found.clone()),
            None => self.association(scope, hostname).await,
        }
    }

    /// The live association of a hostname that is to get one. That there is none is taken
    /// from a list, which all creates of this moment share; anything else is asked for by
    /// name, and so is what this run has written.
    pub async fn association_before(
        &self,
        scope: &Scope,
        hostname: &Hostname,
    ) -> Result<Option<Association>, Error> {
        let key = Key::Association(self.id().clone(), hostname.clone());
        let is_listed = match self.associations_as_of(scope, Fresh::now()).await {
            Ok(listed) => listed
                .list
                .get(hostname)
                .is_some_and(|found| !found.is_gone()),
            Err(Error::Unlisted(_)) => true,
            Err(error) => return Err(error),
        };
        if !is_listed && self.run().written(&key).is_none() {
            return Ok(None);
        }
        self.live_association(scope, hostname).await
    }

    /// The association of a hostname, if there is one.
    pub async fn live_association(
        &self,
        scope: &Scope,
        hostname: &Hostname,
    ) -> Result<Option<Association>, Error> {
        match self.association(scope, hostname).await {
            Ok(found) => Ok(Some(found).filter(|found| !found.is_gone())),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All associations, or none where the API does not offer their list.
    pub async fn associations_if_listed(&self, scope: &Scope) -> Result<Vec<Association>, Error> {
        match self.associations(scope).await {
            Err(Error::Unlisted(_)) => {
                tracing::warn!("this API does not list associations");
                Ok(Vec::new())
            }
            other => other,
        }
    }

    /// One association. Never configured: 1553. Waits for an association write of
    /// this process, so that it never shows the time before.
    pub async fn association(
        &self,
        scope: &Scope,
        hostname: &Hostname,
    ) -> Result<Association, Error> {
        let _turn = share(scope, &self.common.turns.associations).await?;
        let path = format!("{PATH}/{}", segment(hostname.as_str()));
        self.request(scope, Method::Get, &path, None).await
    }

    /// The associations of these hostnames, from that list; one by one where the API does
    /// not offer it. Hostnames that were never configured are missing.
    pub async fn associations_of(
        &self,
        scope: &Scope,
        hostnames: impl Iterator<Item = &Hostname>,
        fresh: Fresh,
    ) -> Result<HashMap<Hostname, Association>, Error> {
        let mut found = HashMap::new();
        match self.associations_as_of(scope, fresh).await {
            Ok(listed) => {
                found.extend(hostnames.filter_map(|name| {
                    let association = listed.list.get(name)?;
                    Some((name.clone(), association.clone()))
                }));
            }
            Err(Error::Unlisted(_)) => {
                for hostname in hostnames {
                    match self.association(scope, hostname).await {
                        Ok(association) => {
                            found.insert(hostname.clone(), association);
                        }
                        Err(error) if error.is_gone() => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(found)
    }

    /// Whether this is what this run wrote last for its hostname.
    pub fn has_written(&self, write: &AssociationWrite) -> bool {
        let hostname = Hostname::parse(&write.hostname).ok();
        let key = hostname.map(|hostname| Key::Association(self.id().clone(), hostname));
        key.and_then(|key| self.run().written(&key)).as_ref() == Some(write)
    }

    /// Writes, for who has the turn already, as long as it is `wanted`, which is asked
    /// before every try. From now on this run wants it so.
    pub(super) async fn put(
        &self,
        scope: &Scope,
        writes: &[AssociationWrite],
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Association>, Error> {
        let found = self.send(scope, writes, wanted).await?;
        for write in writes {
            if let Ok(hostname) = Hostname::parse(&write.hostname) {
                let write = AssociationWrite {
                    hostname: hostname.as_str().to_owned(),
                    ..write.clone()
                };
                let key = Key::Association(self.id().clone(), hostname);
                self.run().wrote(key, write);
            }
        }
        Ok(found)
    }

    /// The same without this run's wanting it so.
    pub(super) async fn send(
        &self,
        scope: &Scope,
        writes: &[AssociationWrite],
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Association>, Error> {
        self.common.associations.forget();
        let body = Some(Body::Json(json!({ "config": writes })));
        // Accepted is accepted, however odd the answer's items look.
        let answer: Box<RawValue> = self
            .request_while(scope, Method::Put, PATH, body, wanted)
            .await?;
        let rows: Vec<&RawValue> = serde_json::from_str(answer.get()).unwrap_or_default();
        let readable = rows
            .iter()
            .filter_map(|row| serde_json::from_str(row.get()).ok());
        Ok(readable.collect())
    }
}
