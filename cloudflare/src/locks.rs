//! Who may write in a zone, and who has to wait.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Error, Scope};

/// The locks of a zone. Cloudflare answers 409 to certificate writes at the same time;
/// association writes go one after another, so that a look at the associations and a DELETE
/// can be done with none in between. Reads share a lock, and only wait for writes, so that
/// none shows the time before. Who needs several takes them in this order.
#[derive(Default)]
pub(super) struct ZoneLocks {
    pub(super) certificates: RwLock<()>,
    pub(super) associations: RwLock<()>,
    pub(super) switches: RwLock<()>,
}

/// Waits until nobody else reads or writes.
pub(super) async fn write_lock<'l>(
    scope: &Scope,
    lock: &'l RwLock<()>,
) -> Result<RwLockWriteGuard<'l, ()>, Error> {
    scope.until(lock.write()).await.map_err(Error::from)
}

/// Waits until nobody writes.
pub(super) async fn read_lock<'l>(
    scope: &Scope,
    lock: &'l RwLock<()>,
) -> Result<RwLockReadGuard<'l, ()>, Error> {
    scope.until(lock.read()).await.map_err(Error::from)
}
