//! Objects that one plan destroys and creates again: a resource that was renamed, or
//! got a key, without a `moved` block.

use std::collections::BTreeMap;

use super::Diagnostic;
use crate::value::Dynamic;

/// What a plan does to an object as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Created,
    Destroyed,
}

/// The fates of one run's objects, by resource type and identity.
#[derive(Default)]
pub(super) struct Doubles(BTreeMap<(String, String), Fate>);

impl Doubles {
    /// Notes a fate. A warning if the same object meets the other one as well.
    pub(super) fn note(
        &mut self,
        resource: &str,
        identity: &Dynamic,
        fate: Fate,
    ) -> Option<Diagnostic> {
        let Dynamic::Map(parts) = identity else {
            return None;
        };
        let parts = parts.iter().filter_map(|(name, value)| match value {
            Dynamic::String(text) => Some(format!("{name} = \"{text}\"")),
            _ => None,
        });
        let identity = parts.collect::<Vec<_>>().join(", ");
        let key = (resource.to_owned(), identity);
        let met = self.0.get(&key).copied();
        if met.is_none_or(|met| met == fate) {
            self.0.insert(key, fate);
            return None;
        }
        Some(Diagnostic::warning(
            "Object is destroyed and created in one run",
            format!(
                "{resource} with {} is to be destroyed at one address and created at another. \
                 Terraform may destroy it first, and then it is missing in between. If the \
                 resource was renamed, or got an index or a key, write a moved block: then there \
                 is nothing to do at all.",
                key.1
            ),
        ))
    }
}
