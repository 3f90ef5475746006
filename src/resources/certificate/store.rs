//! One of a zone's two certificate stores, for the time of one operation.

use super::Found;
use super::protocol::Deployment;
use cloudflare::{CertificateId, Error, Key, Ownership, Run, Scope, Status, Store, Zone};

/// The store of a zone, as one operation reaches it.
#[derive(Clone, Copy)]
pub(super) struct CertificateStore<'a> {
    pub(super) zone: &'a Zone<'a>,
    pub(super) scope: &'a Scope,
    pub(super) store: Store,
}

impl<'a> CertificateStore<'a> {
    pub(super) fn new(zone: &'a Zone<'a>, scope: &'a Scope, store: Store) -> Self {
        Self { zone, scope, store }
    }

    pub(super) fn run(&self) -> &'a Run {
        self.zone.run()
    }

    /// A certificate; none if it is gone, even where its tombstone answers.
    pub(super) async fn find(&self, id: &CertificateId) -> Result<Option<Found>, Error> {
        let found = self.find_any(id).await?;
        Ok(found.filter(|found| !found.status.is_tombstone()))
    }

    /// A certificate or its tombstone; none where not even that is left.
    pub(super) async fn find_any(&self, id: &CertificateId) -> Result<Option<Found>, Error> {
        match self.zone.certificate(self.scope, self.store, id).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The certificates that the store lists, and those that this run has just uploaded.
    pub(super) async fn list(&self) -> Result<Vec<Found>, Error> {
        let list = self.zone.certificates_with_own(self.scope, self.store);
        list.await
    }

    /// Whether hostnames use a certificate.
    pub(super) async fn is_used(&self, id: &CertificateId) -> Result<bool, Error> {
        if self.store == Store::Zone {
            return Ok(false);
        }
        let list = self.zone.associations_if_listed(self.scope).await?;
        Ok(list.iter().any(|a| a.names(id) && !a.is_gone()))
    }

    pub(super) fn key_of(&self, id: &CertificateId) -> Key {
        Key::certificate(self.store, self.zone.id(), id)
    }

    /// What a create of a certificate claims before it knows the id.
    pub(super) fn leaf_key(&self, fingerprint: &str) -> Key {
        Key::leaf(self.store, self.zone.id(), fingerprint)
    }

    /// Whether a resource of this run has the certificate.
    pub(super) fn is_owned(&self, id: &CertificateId) -> bool {
        self.run().ownership(&self.key_of(id)) == Ownership::Owned
    }
}

impl From<&Status> for Deployment {
    fn from(status: &Status) -> Self {
        match status {
            // Still presented; but `may_delete` accepts it as no other's successor.
            Status::Active | Status::DeletionTimedOut => Self::Active,
            Status::DeploymentTimedOut => Self::TimedOut,
            Status::PendingDeletion | Status::Deleted => Self::Gone,
            // A status that nobody knows may become active: the deadline ends the wait.
            Status::Initializing | Status::PendingDeployment | Status::Other(_) => Self::Pending,
        }
    }
}
