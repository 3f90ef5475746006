//! What the plans of one process say of objects: who is to own them, who gives them up.

use std::collections::{HashMap, HashSet};

use tokio::time::{Duration, Instant};

use super::{ApiObject, ApiObjects};

/// With no Read and no Plan in so long, no successor is on its way.
const QUIET: Duration = Duration::from_millis(300);
/// The longest that all destroys of a process together wait for their successors.
const LONGEST: Duration = Duration::from_secs(2);

/// What the plans of one process say of objects.
#[derive(Default)]
pub(super) struct Plans {
    /// What creates and updates are to own; those that they did not own before.
    wanted: HashMap<ApiObject, Wanted>,
    /// What was planned to be destroyed, for nobody.
    doomed: HashSet<ApiObject>,
    /// What updates give up, for nobody that a plan could tell.
    given_up: HashSet<ApiObject>,
    /// How many creates there are of each type; and those types of which one was told that it
    /// is the only one.
    creates: HashMap<&'static str, u32>,
    only_ones: HashSet<&'static str>,
    /// Types of objects of which a create does not know yet what it is to own.
    unknown: HashSet<&'static str>,
    /// What was said to be wanted perhaps.
    told: HashSet<ApiObject>,
    looks_under_way: u32,
    has_read: bool,
    last_begun: Option<Instant>,
    /// When a destroy began to wait.
    waiting_since: Option<Instant>,
    /// Whether the one wait of this process is over.
    has_waited: bool,
}

/// By whom an object is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// By a resource that does not have it yet.
    ToCreate,
    /// By one that has it.
    ToKeep,
}

impl Plans {
    /// A Read or a Plan begins.
    pub(super) fn begin(&mut self) {
        self.last_begun = Some(Instant::now());
    }

    /// Something is looked up that the plan of a successor may need.
    pub(super) fn begin_look(&mut self) {
        self.begin();
        self.looks_under_way += 1;
    }

    pub(super) fn end_look(&mut self) {
        self.looks_under_way -= 1;
        self.begin();
    }

    /// A state is read.
    pub(super) fn note_read(&mut self) {
        self.has_read = true;
    }

    /// A create is planned. Answers whether another of its type was told to be the only one.
    pub(super) fn create(&mut self, kind: &'static str) -> bool {
        *self.creates.entry(kind).or_default() += 1;
        self.only_ones.contains(kind)
    }

    /// Whether there is no other create of this type; from now on none may come.
    pub(super) fn is_only(&mut self, kind: &'static str) -> bool {
        let is_only = self.creates.get(kind) == Some(&1);
        if is_only {
            self.only_ones.insert(kind);
        }
        is_only
    }

    /// Whether any state was read, as a plan does that refreshes.
    pub(super) fn has_read(&self) -> bool {
        self.has_read
    }

    /// A create does not know yet what it is to own.
    pub(super) fn want_unknown(&mut self, kind: Option<&'static str>) {
        self.unknown.extend(kind);
    }

    /// The objects of a type of which a create does not know yet what it is to own, that are
    /// destroyed for nobody; each told once.
    pub(super) fn perhaps_wanted(&mut self) -> ApiObjects {
        let is_perhaps = |object: &&ApiObject| {
            let mut unknown = self.unknown.iter();
            unknown.any(|kind| object.is_of(kind)) && !self.told.contains(*object)
        };
        let perhaps: ApiObjects = self.doomed.iter().filter(is_perhaps).cloned().collect();
        self.told.extend(perhaps.iter().cloned());
        perhaps
    }

    /// A create or an update is to own these. Answers those of them that were planned to be
    /// destroyed before this was known.
    pub(super) fn want(&mut self, objects: &ApiObjects, wanted: Wanted) -> ApiObjects {
        for object in objects {
            self.wanted.insert(object.clone(), wanted);
        }
        let is_doomed = |object: &&ApiObject| self.doomed.contains(*object);
        objects.iter().filter(is_doomed).cloned().collect()
    }

    /// An update gives these up.
    pub(super) fn give_up(&mut self, objects: &ApiObjects) {
        self.given_up.extend(objects.iter().cloned());
    }

    /// Those of these objects that one update gives up and a create is to own, told once.
    pub(super) fn passing(&mut self, objects: &ApiObjects) -> ApiObjects {
        let is_passing = |object: &&ApiObject| {
            self.wanted.get(*object) == Some(&Wanted::ToCreate) && self.given_up.contains(*object)
        };
        let passing: ApiObjects = objects.iter().filter(is_passing).cloned().collect();
        for object in &passing {
            self.given_up.remove(object);
        }
        passing
    }

    /// Whether all of these are to have another owner.
    pub(super) fn are_wanted(&self, objects: &ApiObjects) -> bool {
        objects
            .iter()
            .all(|object| self.wanted.contains_key(object))
    }

    /// Until when whoever has to know of all the others has to wait; none if it is over.
    pub(super) fn waits_until(&mut self) -> Option<Instant> {
        if self.has_waited {
            return None;
        }
        let now = Instant::now();
        let end = *self.waiting_since.get_or_insert(now) + LONGEST;
        let quiet = match (self.looks_under_way, self.last_begun) {
            (0, Some(begun)) => begun + QUIET,
            _ => end,
        };
        let until = quiet.min(end);
        self.has_waited = until <= now;
        (!self.has_waited).then_some(until)
    }

    /// Which of these objects others are to own; the rest is destroyed.
    pub(super) fn part(&mut self, objects: &ApiObjects) -> ApiObjects {
        let has_successor = |object: &&ApiObject| self.wanted.contains_key(*object);
        let (left, doomed): (Vec<_>, Vec<_>) = objects.iter().partition(has_successor);
        self.doomed.extend(doomed.into_iter().cloned());
        left.into_iter().cloned().collect()
    }
}
