//! One run, one owner: what this process has come to own since it was configured.
//!
//! Callers may create before they destroy, destroy before they update, and do
//! unrelated things at once, without saying for which of their own objects. When one
//! of the API's passes from one of them to another within a run, the destruction by
//! the old owner must not take away what the new one has come to own.

mod handoff;
mod succession;
mod writes;

pub use succession::Until;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{AssociationWrite, CertificateId, Fresh, Hostname, Store, Switch, ZoneId};

/// Something that can have one owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A certificate by its id.
    Certificate(Store, ZoneId, CertificateId),
    /// A certificate by the fingerprint of its leaf: what a create knows before
    /// there is an id.
    Leaf(Store, ZoneId, String),
    /// The association of a hostname.
    Association(ZoneId, Hostname),
    /// A switch of a zone.
    Switch(ZoneId, Switch),
}

impl Key {
    /// A certificate by its id.
    pub fn certificate(store: Store, zone: &ZoneId, id: &CertificateId) -> Self {
        Self::Certificate(store, zone.clone(), id.clone())
    }

    /// A certificate by the fingerprint of its leaf.
    pub fn leaf(store: Store, zone: &ZoneId, fingerprint: &str) -> Self {
        Self::Leaf(store, zone.clone(), fingerprint.to_owned())
    }

    fn zone(&self) -> &ZoneId {
        match self {
            Self::Certificate(_, zone, _)
            | Self::Leaf(_, zone, _)
            | Self::Association(zone, _)
            | Self::Switch(zone, _) => zone,
        }
    }
}

/// How long an upload may stay unknown under its id.
const NEW: Duration = Duration::from_secs(60);

/// The owners of one run.
#[derive(Default)]
pub struct Run {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    owned: HashSet<Key>,
    /// Creates and updates under way.
    writing: HashMap<Key, u32>,
    /// Destructions that have begun and not ended.
    destroying: HashMap<Key, u32>,
    /// When the destruction of each object began.
    destroyed_since: HashMap<Key, Instant>,
    /// When the first destruction began.
    first_destruction: Option<Instant>,
    /// Whether a create or an update has begun.
    has_claimed: bool,
    /// Destroyed in this run. The API may show them unchanged for minutes.
    destroyed: HashSet<Key>,
    /// The last write to each hostname that was accepted.
    written: HashMap<Key, (AssociationWrite, Instant)>,
    /// Writes under way, and those that ended without an answer.
    unanswered: HashMap<Key, (AssociationWrite, Instant)>,
    /// Hostnames that are as a resource wants them, without a write.
    managed: HashSet<Key>,
    /// Certificates that this run has uploaded, and when.
    uploaded: HashMap<Key, Instant>,
    /// Left alone by their old owners for the sake of new ones.
    left: HashSet<Key>,
    /// About to be left.
    handing_over: HashMap<Key, u32>,
    /// Claimed by creates and updates that ended without owning them.
    lost: HashSet<Key>,
    /// Leaves whose upload waits for a slot of the store.
    waiting_for_slot: HashMap<Key, u32>,
    /// When a destruction first waited for a successor that the plan has named.
    first_handoff: Option<Instant>,
}

/// Another resource of this run owns the object, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken;

/// Whoever was to take the object over has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// What a destruction is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Go on.
    Free,
    /// Leave it: another resource of this run owns it now.
    Owned,
    /// Another resource of this run is writing it: ask again.
    Contested,
    /// Leave it: another resource of this run was to take it over, and failed.
    SuccessorFailed,
}

impl Run {
    /// Claims an object for a create; dropped, the claim is given up: then what destroys
    /// the object in this run leaves it, for it was to be taken over.
    pub fn claim(&self, key: Key) -> Result<Claim<'_>, Taken> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.owned.contains(&key) || state.writing.contains_key(&key) {
            return Err(Taken);
        }
        state.writing.insert(key.clone(), 1);
        state.has_claimed = true;
        drop(state);
        Ok(Claim { run: self, key })
    }

    /// Claims an object for an update of the resource that holds it already.
    pub fn reclaim(&self, key: Key) -> Claim<'_> {
        self.with(|state| {
            *state.writing.entry(key.clone()).or_default() += 1;
            state.has_claimed = true;
        });
        Claim { run: self, key }
    }

    /// Makes an object owned.
    pub fn own(&self, key: Key) {
        self.with(|state| {
            state.destroyed.remove(&key);
            state.lost.remove(&key);
            state.owned.insert(key);
        });
    }

    /// Gives up an object that was taken over, because what it was wanted for failed.
    /// Answers whether its old owner has left it, so that nobody else has it now.
    pub fn give_back(&self, key: &Key) -> bool {
        self.with(|state| {
            let left = state.left.contains(key);
            if !left {
                state.owned.remove(key);
            }
            left
        })
    }

    /// How old a list may be that a configuration works with: half a minute, but in a run that
    /// changes things as it is now, for what is listed may have to follow such a change.
    pub fn fresh_for_data(&self) -> Fresh {
        match self.look(|state| state.has_claimed || state.first_destruction.is_some()) {
            true => Fresh::now(),
            false => Fresh::Recent,
        }
    }

    /// Begins a destruction.
    pub fn destroy(&self, key: Key) -> Destruction<'_> {
        let now = Instant::now();
        self.with(|state| {
            state.first_destruction.get_or_insert(now);
            let under_way = state.destroying.entry(key.clone()).or_default();
            if *under_way == 0 {
                state.destroyed_since.insert(key.clone(), now);
            }
            *under_way += 1;
        });
        Destruction { run: self, key }
    }

    /// What a destruction of this object is to do now.
    pub fn ownership(&self, key: &Key) -> Ownership {
        self.look(|state| {
            if state.owned.contains(key) {
                Ownership::Owned
            } else if state.writing.contains_key(key) {
                Ownership::Contested
            } else if state.lost.contains(key) {
                Ownership::SuccessorFailed
            } else {
                Ownership::Free
            }
        })
    }

    /// The upload of this leaf waits for a slot in the store; until the answer is
    /// dropped.
    pub fn begin_slot_wait(&self, leaf: Key) -> SlotWait<'_> {
        self.with(|state| *state.waiting_for_slot.entry(leaf.clone()).or_default() += 1);
        SlotWait { run: self, leaf }
    }

    /// Whether this run has brought anything into the zone that the edge has to learn.
    pub fn has_brought(&self, zone: &ZoneId) -> bool {
        self.look(|state| {
            let mut owned = state.owned.iter();
            let mut written = state.written.iter();
            owned.any(|key| matches!(key, Key::Certificate(..)) && key.zone() == zone)
                || written.any(|(key, (write, _))| write.enabled.is_some() && key.zone() == zone)
        })
    }

    /// Whether this run destroyed the object, or is about to.
    pub fn is_leaving(&self, key: &Key) -> bool {
        self.look(|state| state.destroyed.contains(key) || state.destroying.contains_key(key))
    }

    /// Whether this run destroyed the object: what the API shows of it may be old.
    pub fn is_destroyed(&self, key: &Key) -> bool {
        self.look(|state| state.destroyed.contains(key))
    }

    /// Notes an upload that was accepted.
    pub(super) fn uploaded(&self, key: Key) {
        let now = Instant::now();
        self.with(|state| state.uploaded.insert(key, now));
    }

    /// Whether this run has uploaded it so lately that not to find it proves nothing.
    pub(super) fn is_new(&self, key: &Key) -> bool {
        let at = self.look(|state| state.uploaded.get(key).copied());
        at.is_some_and(|at| at.elapsed() < NEW)
    }

    /// Whether this run is deleting a certificate of the store, which frees a slot for
    /// another, or is detaching a hostname, which often comes before that.
    pub fn is_freeing(&self, store: Store, zone: &ZoneId) -> bool {
        self.look(|state| {
            let mut destroying = state.destroying.keys();
            destroying.any(|key| match key {
                Key::Certificate(of, in_zone, _) => *of == store && in_zone == zone,
                Key::Association(in_zone, _) => store == Store::Hostname && in_zone == zone,
                Key::Leaf(..) | Key::Switch(..) => false,
            })
        })
    }

    /// The ids of the certificates that this run made or took over.
    pub fn owned_certificates(&self, store: Store, zone: &ZoneId) -> Vec<CertificateId> {
        self.look(|state| certificates_of(&state.owned, store, zone))
    }

    /// The ids of the certificates that this run deleted.
    pub fn destroyed_certificates(&self, store: Store, zone: &ZoneId) -> Vec<CertificateId> {
        self.look(|state| certificates_of(&state.destroyed, store, zone))
    }

    /// Whether this run is writing the object.
    pub fn is_writing(&self, key: &Key) -> bool {
        self.look(|state| state.writing.contains_key(key))
    }

    /// Whether this run writes anything in the zone, or destroys anything but certificates.
    /// What waits for a slot waits for others itself.
    pub fn is_busy(&self, zone: &ZoneId) -> bool {
        self.look(|state| {
            let waits = |key: &Key| matches!(key, Key::Certificate(..) | Key::Leaf(..));
            let is_under_way = |key: &&Key| !state.waiting_for_slot.contains_key(*key);
            let mut writing = state.writing.keys().filter(is_under_way);
            let mut destroying = state.destroying.keys().filter(|key| !waits(key));
            writing.any(|key| key.zone() == zone) || destroying.any(|key| key.zone() == zone)
        })
    }

    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let outcome = act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
        outcome
    }
}

/// A create or an update under way.
pub struct Claim<'a> {
    run: &'a Run,
    key: Key,
}

impl Claim<'_> {
    /// Whether this run destroyed the object: then what the API shows may be old.
    pub fn was_destroyed(&self) -> bool {
        self.run.is_leaving(&self.key)
    }

    /// The object is owned from now on.
    pub fn keep(self) {
        self.run.own(self.key.clone());
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.run.with(|state| {
            release(&mut state.writing, &self.key);
            if !state.owned.contains(&self.key) {
                state.lost.insert(self.key.clone());
            }
        });
    }
}

/// An upload that waits for a slot.
pub struct SlotWait<'a> {
    run: &'a Run,
    leaf: Key,
}

impl Drop for SlotWait<'_> {
    fn drop(&mut self) {
        self.run
            .with(|state| release(&mut state.waiting_for_slot, &self.leaf));
    }
}

/// A destruction under way.
pub struct Destruction<'a> {
    run: &'a Run,
    key: Key,
}

impl Destruction<'_> {
    /// The object is destroyed, even where the API does not show it yet.
    pub fn done(self) {
        self.run.with(|state| {
            state.destroyed.insert(self.key.clone());
        });
    }
}

impl Drop for Destruction<'_> {
    fn drop(&mut self) {
        self.run
            .with(|state| release(&mut state.destroying, &self.key));
    }
}

fn certificates_of(keys: &HashSet<Key>, store: Store, zone: &ZoneId) -> Vec<CertificateId> {
    let ids = keys.iter().filter_map(|key| match key {
        Key::Certificate(of, in_zone, id) if *of == store && in_zone == zone => Some(id.clone()),
        _ => None,
    });
    ids.collect()
}

fn release(counts: &mut HashMap<Key, u32>, key: &Key) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
