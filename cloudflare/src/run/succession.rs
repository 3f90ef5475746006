//! Who waits for whom within a run: destructions let creates come first, and creates
//! that find their place taken wait for destructions to begin.

use std::time::Duration;

use tokio::time::Instant;

use super::super::{Interrupted, Scope, Store, Switch};
use super::{Key, Ownership, Run};

/// What ends a wait for another resource, if that one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// One's own deadline: the other one may be waiting for what this one has claimed.
    OwnDeadline,
    /// Nothing but the other one's deadline: whoever stopped before would come again in the
    /// next run, and destroy what was taken over.
    OthersEnd,
}

/// No operation takes longer, whatever waits for it.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// How long a destruction lets creates of the same run come first, and a create that
/// finds its place taken waits for a destruction.
pub(super) const SUCCESSOR_GRACE: Duration = Duration::from_secs(1);

/// A run that only destroys for so long creates nothing.
const DESTROYS_ALONE: Duration = Duration::from_secs(2);

impl Run {
    /// Lets creates of the same run come first, and waits for those that write
    /// one of these objects. Afterwards the object is not contested.
    ///
    /// What takes over a hostname or a switch often has to wait for its certificate,
    /// so these are not given up while a certificate of the zone is on its way.
    pub async fn yield_to_successors(
        &self,
        keys: &[&Key],
        scope: &Scope,
        until: Until,
    ) -> Result<Ownership, Interrupted> {
        let mut changed = self.changed.subscribe();
        let end = Instant::now() + LONGEST;
        let mut grace = self.grace(keys).saturating_duration_since(Instant::now());
        loop {
            scope.sleep(grace).await?;
            let mut waited = false;
            loop {
                changed.mark_unchanged();
                let owners: Vec<Ownership> = keys.iter().map(|key| self.ownership(key)).collect();
                if owners.contains(&Ownership::Owned) {
                    return Ok(Ownership::Owned);
                }
                let is_contested = owners.contains(&Ownership::Contested);
                if !is_contested && !keys.iter().any(|key| self.may_be_taken_over(key)) {
                    break;
                }
                waited |= !is_contested;
                // The sender lives as long as this run.
                let change = tokio::time::timeout_at(end, changed.changed());
                let ended = match is_contested && until == Until::OwnDeadline {
                    true => scope.until(change).await?,
                    false => scope.until_others(change).await?,
                };
                ended.map_or(Err(Interrupted::Deadline), |_| Ok(()))?;
            }
            if !waited {
                let is_lost = keys
                    .iter()
                    .any(|key| self.ownership(key) == Ownership::SuccessorFailed);
                return Ok(match is_lost {
                    true => Ownership::SuccessorFailed,
                    false => Ownership::Free,
                });
            }
            // The certificate is there: now whoever waited for it comes.
            grace = SUCCESSOR_GRACE;
        }
    }

    /// Lets the moment in which creates may come first begin anew.
    pub fn renew_grace(&self, keys: &[Key]) {
        let now = Instant::now();
        self.with(|state| {
            let since = keys.iter().map(|key| (key.clone(), now));
            state.destroyed_since.extend(since);
        });
    }

    /// Until when creates of the same run may come first. Where a run has destroyed for a
    /// while and created nothing, there are none.
    fn grace(&self, keys: &[&Key]) -> Instant {
        self.look(|state| {
            let begun = keys
                .iter()
                .filter_map(|key| state.destroyed_since.get(*key));
            let begun = begun.max().copied().unwrap_or_else(Instant::now);
            let grace = begun + SUCCESSOR_GRACE;
            match state.first_destruction {
                Some(first) if !state.has_claimed => grace.min(first + DESTROYS_ALONE),
                _ => grace,
            }
        })
    }

    /// Whether a resource that takes the object over may be waiting for a certificate
    /// that this run is bringing into the zone. One that has to wait for a place is not
    /// on its way: what is destroyed may make the place.
    fn may_be_taken_over(&self, key: &Key) -> bool {
        let store = match key {
            Key::Association(..) => Store::Hostname,
            Key::Switch(_, Switch::Zone) => Store::Zone,
            Key::Switch(_, Switch::Global) | Key::Certificate(..) | Key::Leaf(..) => return false,
        };
        self.look(|state| {
            let mut writing = state.writing.keys();
            writing.any(|other| {
                let on_its_way = !state.waiting_for_slot.contains_key(other);
                matches!(other, Key::Leaf(of, zone, _) if *of == store && zone == key.zone())
                    && on_its_way
            })
        })
    }

    /// Whether this run destroyed these objects, or is about to: whoever wants to take
    /// them over gives destructions of the same run a moment to begin.
    pub async fn are_released(&self, keys: &[Key], scope: &Scope) -> Result<bool, Interrupted> {
        let mut changed = self.changed.subscribe();
        let are_released = || keys.iter().all(|key| self.is_released(key));
        let begun = async { while !are_released() && changed.changed().await.is_ok() {} };
        let _ = scope
            .until(tokio::time::timeout(SUCCESSOR_GRACE, begun))
            .await?;
        Ok(are_released())
    }
}
