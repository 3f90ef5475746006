//! What a plan says to its apply, in the planned private state. No state ever holds one.

use serde::{Deserialize, Serialize};

use super::ApiObjects;
use crate::Private;

/// The name of the fact.
const NAME: &str = "plan";

/// What a plan says to its apply. One that cannot be read is as if it were not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tag {
    /// A create; or a replacement, of which it reaches the destroy half.
    Create {
        /// What cannot change in place; none while it is not known.
        place: Option<String>,
        /// What it is to own; none while it is not known.
        objects: Option<ApiObjects>,
        /// Whether no other create of the plan could be taken for it.
        is_unmistakable: bool,
        /// Those of the replaced object that other resources are to own.
        successors: ApiObjects,
    },
    /// An update of what it owns, or the first of the two plans of such a replacement.
    Update {
        /// What it owns before.
        objects: ApiObjects,
    },
    /// A destroy.
    Destroy {
        /// Those of its objects that other resources are to own.
        successors: ApiObjects,
        /// What the process knows that planned it.
        ticket: Ticket,
    },
}

/// Names what a process keeps in memory. The destroy of a deposed object is planned once more
/// by the process that applies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) process: u64,
    pub(super) number: usize,
}

impl Tag {
    /// Takes the tag out of private state.
    pub(super) fn take(private: &mut Private) -> Option<Self> {
        Self::deserialize(private.remove(NAME)?).ok()
    }

    /// Puts it into private state.
    pub(super) fn put(&self, private: &mut Private) {
        if let Ok(fact) = serde_json::to_value(self) {
            private.set(NAME, fact);
        }
    }
}
