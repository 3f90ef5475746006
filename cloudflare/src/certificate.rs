//! Client certificates. A zone has two stores of them: certificates that serve
//! the whole zone, and certificates that serve the hostnames they are given to.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::envelope::AtMost;
use super::id::Segment;
use super::locks::{read_lock, write_lock};
use super::shared_list::SharedList;
use super::{AsOf, Body, CertificateId, Error, Fresh, Key, Method, Polls, Scope, Status, Zone};
use text::Secret;

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

    pub(super) fn path(self) -> &'static str {
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

/// Which of its certificates a zone presents while its setting is on.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// None of them is active.
    Nothing,
    /// The active one that was deployed last, which is taken to be the one that was uploaded
    /// last: the API shows no other time.
    One(&'a Certificate),
    /// Several are active, and the API does not show which was uploaded last.
    Unknown,
}

impl<'a> Presented<'a> {
    /// Which of all zone certificates is presented.
    pub fn of(all: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let active = all.into_iter();
        let active = active.filter(|found| found.status == Status::Active);
        let active: Vec<&Certificate> = active.collect();
        let Some(last) = active.iter().max_by_key(|found| found.uploaded_on) else {
            return Self::Nothing;
        };
        let is_earlier = |found: &&Certificate| {
            let both = found.uploaded_on.zip(last.uploaded_on);
            both.is_some_and(|(own, last)| own < last)
        };
        let others = active.iter().filter(|found| found.id != last.id);
        match others.copied().all(|found| is_earlier(&found)) {
            true => Self::One(last),
            false => Self::Unknown,
        }
    }

    /// Whether it is this certificate; none where that is unknown.
    pub fn is(self, certificate: &CertificateId) -> Option<bool> {
        match self {
            Self::Nothing => Some(false),
            Self::One(found) => Some(found.id == *certificate),
            Self::Unknown => None,
        }
    }
}

/// A moment; none where the text is not one.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// So many certificates in one store are more than Cloudflare has ever offered.
const MOST: usize = 10_000;

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
        let _lock = read_lock(scope, &self.common.locks.certificates).await?;
        let ask = self.list(scope, store);
        self.certificates_of(store).get(scope, fresh, ask).await
    }

    /// What has been listed of a store.
    pub(super) fn certificates_of(&self, store: Store) -> &SharedList<Vec<Certificate>> {
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

    pub(super) async fn with_own(
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

    pub(super) async fn list(
        &self,
        scope: &Scope,
        store: Store,
    ) -> Result<Vec<Certificate>, Error> {
        let list: AtMost<Certificate, MOST> =
            self.request(scope, Method::Get, store.path(), None).await?;
        Ok(list.0)
    }

    /// One certificate, also when only its tombstone is left. Never existed: 1551 or 1552.
    /// What this run has just uploaded is asked for until it is found.
    pub async fn certificate(
        &self,
        scope: &Scope,
        store: Store,
        id: &CertificateId,
    ) -> Result<Certificate, Error> {
        let key = Key::certificate(store, self.id(), id);
        let path = format!("{}/{}", store.path(), id.segment());
        let mut polls = Polls::new();
        loop {
            let sent = self.send(scope, Method::Get, &path, None, &|| true).await;
            match sent {
                Err(error) if error.is_gone() && self.run().is_new(&key) => {
                    polls.pause(scope).await?;
                }
                sent => return sent?.result_about(id, |found: &Certificate| &found.id),
            }
        }
    }

    /// The same; `None` if it never existed, or not even a tombstone is left.
    pub(super) async fn certificate_if_any(
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

    /// Whether the credential may write certificates. Asks for the deletion of one that cannot
    /// exist: its id is all zeros, which no UUID of a certificate is.
    pub async fn may_write(&self, scope: &Scope) -> Result<bool, Error> {
        const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
        let path = format!("{}/{NOBODY}", Store::Hostname.path());
        let sent = self.send(scope, Method::Delete, &path, None, &|| true);
        match sent.await {
            Ok(_) => Ok(true),
            Err(error) if error.is_forbidden() => Ok(false),
            Err(error) if error.is_gone() => Ok(true),
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
        let _lock = write_lock(scope, &self.common.locks.certificates).await?;
        self.certificates_of(store).forget();
        let body = Body::Upload {
            certificate,
            private_key,
        };
        let sent = self.send(scope, Method::Post, store.path(), Some(body), &|| true);
        let accepted = sent.await?;
        let uploaded: Certificate = accepted.result()?;
        match is_sent(&uploaded) {
            true => {
                let key = Key::certificate(store, self.id(), &uploaded.id);
                self.run().uploaded(key);
                Ok(uploaded)
            }
            false => {
                Err(accepted
                    .unreadable(&format!("it is about another certificate, {}", uploaded.id)))
            }
        }
    }

    /// Whether a certificate has expired, as far as is known. Cloudflare leaves it active.
    pub fn has_expired(&self, found: &Certificate) -> bool {
        found.expires_on.is_some_and(|end| end <= self.now())
    }
}
