//! Objects that pass from one resource to another within a plan, or through a replacement:
//! what the plan knows of them travels to the apply, so that nothing is taken away that
//! somebody else is to have.
//!
//! Terraform plans and applies in any order, and names no address. But it hands the planned
//! private state of a change to its apply, even to that of a destroy. So every plan writes a
//! [`tag`] into it: a create what it is about to own, a destroy who is to have its objects.
//!
//! ```text
//! plan    plans    who is to own what; a destroy waits a moment for its successors
//!           │ tag, in the planned private state
//! apply   apply    a destroy leaves what has a successor; a create takes over what the
//!                  destroy half of its own replacement has left
//! ```

mod apply;
mod kept;
mod plan;
mod plans;
mod tag;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::value::Dynamic;

pub(super) use apply::Application;
use kept::KeptObjects;
pub use plan::Effect;
use plans::Plans;
use tag::Ticket;

/// An object of the API that a resource stands for: the name of its type, and its id. Plans
/// of one process compare them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiObject(String);

/// Some objects of the API.
pub type ApiObjects = BTreeSet<ApiObject>;

impl ApiObject {
    /// The object of this type with this id.
    pub fn new(kind: &str, id: impl fmt::Display) -> Self {
        Self(format!("{kind} {id}"))
    }

    /// Whether it is of this type.
    fn is_of(&self, kind: &str) -> bool {
        self.0.split_once(' ').is_some_and(|(own, _)| own == kind)
    }
}

impl fmt::Display for ApiObject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Who is to have an object that a destroy leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// The create half of the same replacement.
    Replacement,
    /// Another resource.
    Another,
    /// Perhaps the resource of the same address, of which core has deposed it.
    Perhaps,
}

/// Since when an object is deposed: core keeps the old one beside the new one, until it is
/// destroyed.
#[derive(Clone, Debug, PartialEq)]
pub enum Deposed {
    /// Perhaps by this apply; the identity of the only one that this has created, if that may
    /// replace it.
    Now(Option<Dynamic>),
    /// By an earlier one, which did not end.
    Before,
}

/// What one process knows of objects that pass on, from one ConfigureProvider to the next.
pub(super) struct Handoffs {
    /// Known by no other process.
    process: u64,
    plans: Mutex<Plans>,
    changed: watch::Sender<()>,
    kept: Mutex<KeptObjects>,
    created: Mutex<Vec<Created>>,
    /// What was found of each destroy that was planned here, as its tag names them.
    tickets: Mutex<Vec<Deposed>>,
    is_applying: AtomicBool,
}

/// What a create of this process has made, with nothing taken over.
struct Created {
    kind: &'static str,
    place: Option<String>,
    identity: Dynamic,
}

impl Default for Handoffs {
    fn default() -> Self {
        Self {
            process: RandomState::new().build_hasher().finish(),
            plans: Mutex::default(),
            changed: watch::Sender::default(),
            kept: Mutex::default(),
            created: Mutex::default(),
            tickets: Mutex::default(),
            is_applying: AtomicBool::default(),
        }
    }
}

impl Handoffs {
    /// The ticket of a destroy that this process plans: since when its object would be
    /// deposed.
    fn issue_ticket(&self, kind: &str, place: Option<&String>) -> Ticket {
        let deposed = self.deposed(kind, place);
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.push(deposed);
        Ticket {
            process: self.process,
            number: tickets.len() - 1,
        }
    }

    /// What a ticket stands for, if this process has made the plan only to carry it out: then
    /// it has read no state.
    fn redeem(&self, ticket: &Ticket) -> Option<Deposed> {
        if ticket.process != self.process || self.look(Plans::has_read) {
            return None;
        }
        let tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.get(ticket.number).cloned()
    }

    /// Says that an apply has begun: from now on plans are only repeated.
    fn begin_apply(&self) {
        self.is_applying.store(true, Ordering::Relaxed);
        self.changed.send_replace(());
    }

    fn is_applying(&self) -> bool {
        self.is_applying.load(Ordering::Relaxed)
    }

    /// Notes what a create has made.
    fn note_created(&self, created: Created) {
        self.created().push(created);
    }

    /// Since when an object is deposed that is to be destroyed. Its own create half has ended
    /// when core plans that; which one it was can be told only if there was no other.
    fn deposed(&self, kind: &str, place: Option<&String>) -> Deposed {
        let created = self.created();
        let mut of_kind = created.iter().filter(|one| one.kind == kind);
        match (of_kind.next(), of_kind.next()) {
            (None, _) => Deposed::Before,
            (Some(only), None) if only.place.as_ref() == place => {
                Deposed::Now(Some(only.identity.clone()))
            }
            (Some(_), _) => Deposed::Now(None),
        }
    }

    fn created(&self) -> MutexGuard<'_, Vec<Created>> {
        self.created.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, KeptObjects> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As `with`, for what nobody else waits for.
    fn waits_until(&self) -> Option<Instant> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.waits_until()
    }

    fn look<T>(&self, look: impl FnOnce(&Plans) -> T) -> T {
        look(&self.plans.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Plans) -> T) -> T {
        let outcome = act(&mut self.plans.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
        outcome
    }
}
