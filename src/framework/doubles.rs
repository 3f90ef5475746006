//! Objects that one plan destroys and creates again: a resource that was renamed, or
//! got a key, without a `moved` block.

use std::collections::HashMap;

use super::Diagnostic;
use crate::value::Dynamic;

/// What a plan does to an object as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Created,
    Destroyed,
}

/// The fates of one run's objects, by type and identity.
#[derive(Default)]
pub(super) struct Doubles(HashMap<String, Fate>);

/// An object by its type and its identity.
pub(super) type Object = (&'static str, Dynamic);

impl Doubles {
    /// Notes what a plan creates and destroys. A warning if objects among them meet the
    /// other fate as well.
    pub(super) fn note(&mut self, creates: &[Object], destroys: &[Object]) -> Option<Diagnostic> {
        let created = creates.iter().map(|object| (object, Fate::Created));
        let destroyed = destroys.iter().map(|object| (object, Fate::Destroyed));
        let mut doubles = Vec::new();
        for (object, fate) in created.chain(destroyed) {
            let name = name(object);
            let met = self.0.get(&name).copied();
            match met.is_none_or(|met| met == fate) {
                true => drop(self.0.insert(name, fate)),
                false => doubles.push(name),
            }
        }
        let first = doubles.first()?;
        let more = match doubles.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        Some(Diagnostic::warning(
            "Object is destroyed and created in one run",
            format!(
                "{first}{more} is to be destroyed at one address and created at another. Terraform \
                 may destroy it first, and then it is missing in between. If the resource was \
                 renamed, or got an index or a key, write a moved block: then there is nothing to do \
                 at all."
            ),
        ))
    }
}

/// The object inside a sentence; equal for equal objects.
pub(super) fn name((kind, identity): &Object) -> String {
    let Dynamic::Map(parts) = identity else {
        return (*kind).to_owned();
    };
    let parts = parts.iter().filter_map(|(name, value)| match value {
        Dynamic::String(text) => Some(format!("{name} = \"{text}\"")),
        _ => None,
    });
    format!("{kind} with {}", parts.collect::<Vec<_>>().join(", "))
}
