//! A zone that stands still: what is seen there and then deleted, with no write of this
//! process in between.

use tokio::sync::RwLockWriteGuard;

use super::id::Segment;
use super::locks::write_lock;
use super::outcome::Effect;
use super::{
    Certificate, CertificateId, Error, Hostname, Key, Method, Observed, Scope, Store, Switch, Zone,
};

/// A zone in which this process writes nothing else.
pub struct Locked<'z> {
    zone: &'z Zone<'z>,
    _locks: [RwLockWriteGuard<'z, ()>; 3],
}

impl<'z> Zone<'z> {
    /// Waits until no write of this process is under way in the zone, and keeps others
    /// waiting.
    pub async fn lock(&'z self, scope: &Scope) -> Result<Locked<'z>, Error> {
        let locks = &self.common.locks;
        Ok(Locked {
            zone: self,
            _locks: [
                write_lock(scope, &locks.certificates).await?,
                write_lock(scope, &locks.associations).await?,
                write_lock(scope, &locks.switches).await?,
            ],
        })
    }
}

impl Locked<'_> {
    /// The hostnames of the zone, whatever their status.
    pub async fn hostnames(&self, scope: &Scope) -> Result<Vec<Observed>, Error> {
        let list = self.zone.associations(scope).await?;
        Ok(list.into_iter().map(|a| self.zone.observe(a)).collect())
    }

    /// The same; where the API does not list them, those that this run has written.
    pub async fn hostnames_or_own(&self, scope: &Scope) -> Result<Vec<Observed>, Error> {
        match self.hostnames(scope).await {
            Err(Error::Unlisted(_)) => {}
            other => return other,
        }
        tracing::warn!("this API does not list associations");
        let mut own = Vec::new();
        for name in self.zone.run().written_hostnames(self.zone.id()) {
            own.extend(self.hostname(scope, &name).await?);
        }
        Ok(own)
    }

    /// One hostname, as it is itself; none where it has no association.
    pub async fn hostname(
        &self,
        scope: &Scope,
        name: &Hostname,
    ) -> Result<Option<Observed>, Error> {
        match self.zone.read_association(scope, name).await {
            Ok(found) => Ok(Some(self.zone.observe(found))),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One certificate; none where not even its tombstone is left.
    pub async fn certificate(
        &self,
        scope: &Scope,
        store: Store,
        id: &CertificateId,
    ) -> Result<Option<Certificate>, Error> {
        self.zone.certificate_if_any(scope, store, id).await
    }

    /// The certificates of a store, with what this run has just uploaded.
    pub async fn certificates(
        &self,
        scope: &Scope,
        store: Store,
    ) -> Result<Vec<Certificate>, Error> {
        let list = self.zone.list(scope, store).await?;
        self.zone.with_own(scope, store, list).await
    }

    /// Whether the zone presents its certificates.
    pub async fn is_on(&self, scope: &Scope) -> Result<bool, Error> {
        self.zone.read_switch(scope, Switch::Zone).await
    }

    /// Deletes a certificate as long as it is `wanted`, which is asked before every try:
    /// [`Error::Withdrawn`]. What is gone already is deleted.
    pub async fn delete(
        &self,
        scope: &Scope,
        store: Store,
        id: &CertificateId,
        wanted: impl Fn() -> bool + Sync,
    ) -> Result<(), Error> {
        let zone = self.zone;
        zone.certificates_of(store).forget();
        let path = format!("{}/{}", store.path(), id.segment());
        let sent = zone.send_and_tell(scope, Method::Delete, &path, None, &wanted);
        let (deleted, effect) = match sent.await {
            Ok(_) => (Ok(()), Effect::Possible),
            Err((error, _)) if is_deleted(&error) => (Ok(()), Effect::Possible),
            Err((error, effect)) => (Err(error), effect),
        };
        if effect == Effect::Possible {
            // Lists may show it unchanged for a while, and a lost answer tells nothing.
            let key = Key::certificate(store, zone.id(), id);
            zone.run().destroy(key).done();
        }
        deleted
    }
}

/// Whether a refused DELETE means that there is nothing left to delete.
fn is_deleted(error: &Error) -> bool {
    let is_said = error.has_code(1414) || error.says("already deleted");
    error.is_gone() || error.is_about_object() && is_said
}
