//! Client certificates. A zone has two stores of them: certificates that serve
//! the whole zone, and certificates that serve the hostnames they are given to.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::client::{share, take};
use super::envelope::AtMost;
use super::id::Segment;
use super::shared_list::SharedList;
use super::{
    AsOf, Association, AssociationWrite, Body, CertificateId, Error, Fresh, Hostname, Key, Method,
    Scope, Status, Switch, Zone,
};
use crate::secret::Secret;

/// One of a zone's two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Store {
    /// Certificates for the whole zone; the newest active one is presented.
    Zone,
    /// Certificates for single hostnames, at most ten.
    Hostname,
}

impl Store {
    /// How many live certificates it takes, where that is documented.
    pub fn capacity(self) -> Option<usize> {
        match self {
            Self::Zone => None,
            Self::Hostname => Some(10),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Zone => "/origin_tls_client_auth",
            Self::Hostname => "/origin_tls_client_auth/hostnames/certificates",
        }
    }
}

/// A certificate as the API shows it. The API never shows a private key.
#[derive(Clone, Debug, Deserialize)]
pub struct Certificate {
    /// Its id.
    pub id: CertificateId,
    /// The PEM as stored.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Where the edge stands with it.
    #[serde(default)]
    pub status: Status,
    /// When it was uploaded.
    #[serde(default, deserialize_with = "moment")]
    pub uploaded_on: Option<Timestamp>,
    /// When it expires.
    #[serde(default, deserialize_with = "moment")]
    pub expires_on: Option<Timestamp>,
}

/// A moment; none where the text is not one.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// So many certificates in one store are more than Cloudflare has ever offered.
const MOST: usize = 10_000;

/// What became of an attempt to delete a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The DELETE was accepted, or there was nothing left to delete.
    Accepted,
    /// Nothing was sent: hostnames point at this certificate, and not at its heir.
    Named,
    /// Nothing was sent: Cloudflare gave up deploying these hostnames with other
    /// certificates, so this one may still serve them.
    Undeployed(Vec<Hostname>),
    /// Nothing was sent: these hostnames are being deployed, and one of them may
    /// still be served by this certificate.
    Unsettled(Vec<Hostname>),
    /// Nothing was sent: the zone presents this certificate, and no other is active.
    /// `pending`: another one is on its way.
    LastOfZone {
        /// Whether another certificate is on its way to being active.
        pending: bool,
    },
    /// Nothing was sent: it is no longer wanted.
    Withdrawn,
}

impl Zone<'_> {
    /// All certificates of a store as they are now, tombstones as far as the API shows
    /// them. Waits for a certificate write of this process, so that it never shows the
    /// time before.
    pub async fn certificates(
        &self,
        scope: &Scope,
        store: Store,
    ) -> Result<Vec<Certificate>, Error> {
        let listed = self.certificates_as_of(scope, store, Fresh::now()).await?;
        Ok(listed.list.to_vec())
    }

    /// The same, from a list that others ask for too.
    pub async fn certificates_as_of(
        &self,
        scope: &Scope,
        store: Store,
        fresh: Fresh,
    ) -> Result<AsOf<Vec<Certificate>>, Error> {
        let _turn = share(scope, &self.common.turns.certificates).await?;
        let ask = self.list(scope, store);
        self.shared(store).get(scope, fresh, ask).await
    }

    fn shared(&self, store: Store) -> &SharedList<Vec<Certificate>> {
        match store {
            Store::Zone => &self.common.zone_certificates,
            Store::Hostname => &self.common.hostname_certificates,
        }
    }

    /// The same, with what this run has just uploaded, which can be missing from the
    /// list for a while.
    pub async fn certificates_with_own(
        &self,
        scope: &Scope,
        store: Store,
    ) -> Result<Vec<Certificate>, Error> {
        let list = self.certificates(scope, store).await?;
        self.with_own(scope, store, list).await
    }

    async fn with_own(
        &self,
        scope: &Scope,
        store: Store,
        mut list: Vec<Certificate>,
    ) -> Result<Vec<Certificate>, Error> {
        for id in self.run().owned_certificates(store, self.id()) {
            if list.iter().any(|found| found.id == id) {
                continue;
            }
            list.extend(self.certificate_if_any(scope, store, &id).await?);
        }
        Ok(list)
    }

    async fn list(&self, scope: &Scope, store: Store) -> Result<Vec<Certificate>, Error> {
        let list: AtMost<Certificate, MOST> =
            self.request(scope, Method::Get, store.path(), None).await?;
        Ok(list.0)
    }

    /// One certificate, also when only its tombstone is left. Never existed: 1551 or 1552.
    pub async fn certificate(
        &self,
        scope: &Scope,
        store: Store,
        id: &CertificateId,
    ) -> Result<Certificate, Error> {
        let path = format!("{}/{}", store.path(), id.segment());
        let accepted = self.send(scope, Method::Get, &path, None, &|| true).await?;
        accepted.result_about(id, |found: &Certificate| &found.id)
    }

    /// The same; `None` if it never existed, or not even a tombstone is left.
    async fn certificate_if_any(
        &self,
        scope: &Scope,
        store: Store,
        id: &CertificateId,
    ) -> Result<Option<Certificate>, Error> {
        match self.certificate(scope, store, id).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Uploads a certificate. 1406: it is there already; [`Error::Lost`]: it may be, also
    /// where what the answer shows is not what was sent, as `is_sent` tells.
    pub async fn upload(
        &self,
        scope: &Scope,
        store: Store,
        certificate: String,
        private_key: Secret,
        is_sent: impl Fn(&Certificate) -> bool,
    ) -> Result<Certificate, Error> {
        let _turn = take(scope, &self.common.turns.certificates).await?;
        self.shared(store).forget();
        let body = Body::Upload {
            certificate,
            private_key,
        };
        let sent = self.send(scope, Method::Post, store.path(), Some(body), &|| true);
        let accepted = sent.await?;
        let uploaded: Certificate = accepted.result()?;
        match is_sent(&uploaded) {
            true => Ok(uploaded),
            false => {
                Err(accepted
                    .unreadable(&format!("it is about another certificate, {}", uploaded.id)))
            }
        }
    }

    /// Deletes a certificate, unless an association of the zone is being deployed,
    /// the zone has no other to present, or `wanted`, asked at the last moment, says
    /// no; and where an heir takes over, not before every hostname is served by it.
    /// No write of this process comes between these looks and the DELETE.
    pub async fn delete_certificate(
        &self,
        scope: &Scope,
        store: Store,
        id: &CertificateId,
        heir: Option<&CertificateId>,
        wanted: impl Fn() -> bool + Sync,
    ) -> Result<Deletion, Error> {
        let _certificates = take(scope, &self.common.turns.certificates).await?;
        let _associations = take(scope, &self.common.turns.associations).await?;
        let _switches = take(scope, &self.common.turns.switches).await?;
        let hostnames = match heir {
            Some(_) if store == Store::Hostname => self.associations(scope).await?,
            _ => self.associations_if_listed(scope).await?,
        };
        if heir.is_some() && hostnames.iter().any(|a| self.is_left_on(a, id)) {
            return Ok(Deletion::Named);
        }
        // Nobody knows what such a hostname was on before; but for what the zone says there
        // is the heir.
        let inherited = store == Store::Zone && heir.is_some();
        let undeployed = names_of(&hostnames, |a| {
            let is_voided = self.run().is_destroyed(&a.key(self.id()));
            let is_elsewhere = !a.names(id) && !a.is_gone() && !is_voided;
            a.status == Status::DeploymentTimedOut && is_elsewhere
        });
        if !undeployed.is_empty() && !inherited && self.may_serve(scope, store, id).await? {
            return Ok(Deletion::Undeployed(undeployed));
        }
        let unsettled = names_of(&hostnames, |a| match a.status {
            Status::Initializing | Status::PendingDeployment => true,
            // A word that is not known may mean anything.
            Status::Other(_) => self.is_written(a),
            _ => self.is_outdated(a),
        });
        if !unsettled.is_empty() {
            return Ok(Deletion::Unsettled(unsettled));
        }
        // An heir is what the zone presents.
        if store == Store::Zone
            && heir.is_none()
            && let Some(pending) = self.is_last(scope, id).await?
        {
            return Ok(Deletion::LastOfZone { pending });
        }
        self.shared(store).forget();
        let path = format!("{}/{}", store.path(), id.segment());
        let deleted = self.send(scope, Method::Delete, &path, None, &wanted).await;
        match deleted {
            Err(Error::Withdrawn) => Ok(Deletion::Withdrawn),
            Err(error) if !is_deleted(&error) => Err(error),
            _ => {
                // Lists may show it unchanged for a while.
                let key = Key::certificate(store, self.id(), id);
                self.run().destroy(key).done();
                Ok(Deletion::Accepted)
            }
        }
    }

    /// What this run has said a hostname is to have. What it has voided may look alive
    /// for minutes; there the API knows better.
    fn written(&self, association: &Association) -> Option<AssociationWrite> {
        let written = self.run().written(&association.key(self.id()));
        written.filter(|written| written.enabled.is_some())
    }

    fn is_written(&self, association: &Association) -> bool {
        self.written(association).is_some()
    }

    /// Whether the list does not show yet what this run has written.
    pub(super) fn is_outdated(&self, association: &Association) -> bool {
        self.written(association).is_some_and(|written| {
            !association.names(&written.cert_id) || written.enabled != association.enabled
        })
    }

    /// Whether a hostname may be served by this certificate still.
    async fn may_serve(
        &self,
        scope: &Scope,
        store: Store,
        id: &CertificateId,
    ) -> Result<bool, Error> {
        let found = self.certificate_if_any(scope, store, id).await?;
        Ok(found.is_some_and(|found| {
            found.status != Status::DeploymentTimedOut && !found.status.is_tombstone()
        }))
    }

    /// Whether the zone's switch is on and this certificate is the only one that it
    /// can present; then, whether another is on its way. Lists may be old in both
    /// directions, so what they show of one certificate is asked for by its id.
    async fn is_last(&self, scope: &Scope, id: &CertificateId) -> Result<Option<bool>, Error> {
        let Some(own) = self.presentable(scope, id).await? else {
            return Ok(None);
        };
        let list = self.list(scope, Store::Zone).await?;
        let list = self.with_own(scope, Store::Zone, list).await?;
        let stays = |found: &&Certificate| {
            let key = Key::certificate(Store::Zone, self.id(), &found.id);
            found.id != *id && !self.run().is_destroyed(&key)
        };
        let others: Vec<&Certificate> = list.iter().filter(stays).collect();
        // Origins accept no other than one that is valid, if this one is.
        let replaces = |found: &&&Certificate| {
            let expired = self.has_expired(found) && !self.has_expired(&own);
            found.status == Status::Active && !expired
        };
        for other in others.iter().filter(replaces) {
            if self.presentable(scope, &other.id).await?.is_some() {
                return Ok(None);
            }
        }
        let on = self.read_switch(scope, Switch::Zone).await?;
        Ok(on.then(|| others.iter().any(|found| found.status.is_pending())))
    }

    /// A zone certificate by its id, if it is active.
    async fn presentable(
        &self,
        scope: &Scope,
        id: &CertificateId,
    ) -> Result<Option<Certificate>, Error> {
        let found = self.certificate_if_any(scope, Store::Zone, id).await?;
        Ok(found.filter(|found| found.status == Status::Active))
    }

    /// Whether a certificate has expired, as far as is known. Cloudflare leaves it active.
    fn has_expired(&self, found: &Certificate) -> bool {
        found.expires_on.is_some_and(|end| end <= self.now())
    }
}

fn names_of(list: &[Association], of: impl Fn(&Association) -> bool) -> Vec<Hostname> {
    let found = list.iter().filter(|association| of(association));
    found
        .map(|association| association.hostname.clone())
        .collect()
}

/// Whether a refused DELETE means that there is nothing left to delete.
fn is_deleted(error: &Error) -> bool {
    let is_said = error.has_code(1414) || error.says("already deleted");
    error.is_gone() || error.is_about_object() && is_said
}
