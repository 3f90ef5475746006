//! Objects that their old owners leave to new ones.

use tokio::time::Instant;

use super::super::{Interrupted, Scope};
use super::succession::{LONGEST, SUCCESSOR_GRACE};
use super::{Key, Lost, Ownership, Run, State, release};

impl Run {
    /// Leaves an object, by all of its keys, to its new owner; not to one that has failed.
    pub fn leave(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), Lost> {
        let keys: Vec<Key> = keys.into_iter().collect();
        let is_lost = |key: &Key| self.ownership(key) == Ownership::SuccessorFailed;
        if keys.iter().any(is_lost) {
            return Err(Lost);
        }
        self.with(|state| state.left.extend(keys));
        Ok(())
    }

    /// Leaves many, each by its keys. Answers the numbers of those whose new owners have failed.
    pub fn leave_all(&self, objects: &[Vec<Key>]) -> Vec<usize> {
        let left = objects.iter().map(|keys| self.leave(keys.iter().cloned()));
        let failed = left.enumerate().filter(|(_, left)| left.is_err());
        failed.map(|(number, _)| number).collect()
    }

    /// Whether whoever had the object before this run lets it go: destroys it, or leaves it to
    /// its new owner.
    pub fn is_released(&self, key: &Key) -> bool {
        let is_left =
            |state: &State| state.left.contains(key) || state.handing_over.contains_key(key);
        self.look(is_left) || self.is_leaving(key)
    }

    /// Says that objects are about to be left to their new owners; until the answer is
    /// dropped.
    fn begin_handoff<'r>(&'r self, keys: &[&Key]) -> Handoff<'r> {
        let keys: Vec<Key> = keys.iter().map(|key| (*key).clone()).collect();
        self.with(|state| {
            for key in &keys {
                *state.handing_over.entry(key.clone()).or_default() += 1;
            }
        });
        Handoff { run: self, keys }
    }

    /// Leaves objects, each by all of its keys, to those who take them over as the plan has
    /// said: once they have ended, if they have begun or begin in a moment. Answers those of
    /// the objects whose successors have failed.
    pub async fn hand_over(
        &self,
        objects: &[Vec<Key>],
        scope: &Scope,
    ) -> Result<Vec<usize>, Interrupted> {
        let keys: Vec<&Key> = objects.iter().flatten().collect();
        // Creates that find the object taken see that it is let go.
        let _handoff = self.begin_handoff(&keys);
        let mut changed = self.changed.subscribe();
        let is_free = || {
            keys.iter()
                .all(|key| self.ownership(key) == Ownership::Free)
        };
        let begun = async { while is_free() && changed.changed().await.is_ok() {} };
        let grace = self.successor_grace();
        let _ = scope.until(tokio::time::timeout_at(grace, begun)).await?;
        let end = Instant::now() + LONGEST;
        let is_under_way = || {
            keys.iter()
                .any(|key| self.ownership(key) == Ownership::Contested)
        };
        while is_under_way() {
            let change = tokio::time::timeout_at(end, changed.changed());
            let ended = scope.until_others(change).await?;
            ended.map_or(Err(Interrupted::Deadline), |_| Ok(()))?;
        }
        Ok(self.leave_all(objects))
    }

    /// Until when successors are waited for that have not begun: all of a run together, for
    /// those who wait fill the places in which successors would begin.
    fn successor_grace(&self) -> Instant {
        self.with(|state| *state.first_handoff.get_or_insert_with(Instant::now)) + SUCCESSOR_GRACE
    }
}

/// Objects that are about to be left.
struct Handoff<'a> {
    run: &'a Run,
    keys: Vec<Key>,
}

impl Drop for Handoff<'_> {
    fn drop(&mut self) {
        self.run.with(|state| {
            for key in &self.keys {
                release(&mut state.handing_over, key);
            }
        });
    }
}
