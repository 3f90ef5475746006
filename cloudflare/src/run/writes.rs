//! What this run has written to hostnames: the API may show for minutes what was before.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::super::{AssociationWrite, Hostname, ZoneId};
use super::{Key, Run};

impl Run {
    /// Notes a write that was accepted.
    pub(crate) fn wrote(&self, key: Key, write: AssociationWrite) {
        let now = Instant::now();
        self.with(|state| state.written.insert(key, (write, now)));
    }

    /// What this run wrote last: the API may show for minutes what was before.
    pub fn written(&self, key: &Key) -> Option<AssociationWrite> {
        self.written_at(key).map(|(write, _)| write)
    }

    /// The same, and when.
    pub(crate) fn written_at(&self, key: &Key) -> Option<(AssociationWrite, Instant)> {
        self.look(|state| state.written.get(key).cloned())
    }

    /// When this run last wrote a hostname of the zone.
    pub fn last_write(&self, zone: &ZoneId) -> Option<Instant> {
        self.look(|state| {
            let written = state.written.iter();
            let of_zone = written.filter(|(key, _)| key.zone() == zone);
            of_zone.map(|(_, (_, at))| *at).max()
        })
    }

    /// When this run last wrote one of these hostnames of the zone.
    pub fn last_write_of(&self, zone: &ZoneId, names: &[Hostname]) -> Option<Instant> {
        let keys = names
            .iter()
            .map(|name| Key::Association(zone.clone(), name.clone()));
        let written = keys.filter_map(|key| self.written_at(&key));
        written.map(|(_, at)| at).max()
    }

    /// The hostnames of a zone that this run has written.
    pub(crate) fn written_hostnames(&self, zone: &ZoneId) -> BTreeSet<Hostname> {
        self.look(|state| {
            let keys = state.written.keys().chain(state.unanswered.keys());
            let names = keys.filter_map(|key| match key {
                Key::Association(of, name) if of == zone => Some(name.clone()),
                _ => None,
            });
            names.collect()
        })
    }

    /// Says that these are on their way to Cloudflare.
    pub(crate) fn begin_writes(&self, zone: &ZoneId, writes: &[AssociationWrite]) {
        let now = Instant::now();
        let begun = writes
            .iter()
            .map(|write| (write.key(zone), (write.clone(), now)));
        self.with(|state| state.unanswered.extend(begun));
    }

    /// Says that it is known what became of these.
    pub(crate) fn end_writes(&self, zone: &ZoneId, writes: &[AssociationWrite]) {
        self.with(|state| {
            for write in writes {
                state.unanswered.remove(&write.key(zone));
            }
        });
    }

    /// A write whose answer is not known, and when it was begun.
    pub(crate) fn unanswered(&self, key: &Key) -> Option<(AssociationWrite, Instant)> {
        self.look(|state| state.unanswered.get(key).cloned())
    }

    /// Keeps rotations of this run away from a hostname that is as it is wanted.
    pub fn mark_managed(&self, key: Key) {
        self.with(|state| state.managed.insert(key));
    }

    /// Whether this run has said what a hostname is to have, or has detached it.
    pub(crate) fn is_managed(&self, key: &Key) -> bool {
        self.look(|state| {
            state.written.contains_key(key)
                || state.managed.contains(key)
                || state.destroyed.contains(key)
        })
    }
}
