//! Objects that one plan destroys at one address and has at another: a resource that was
//! renamed, or got a key, without a `moved` block, or two resources with one object.

use std::collections::HashMap;

use super::{Diagnostic, PlanAnswer};
use crate::value::Dynamic;

/// What a plan does to an object as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Created,
    Kept,
    Destroyed,
}

/// The fates of one run's objects, by type and identity.
#[derive(Default)]
pub(super) struct Doubles(HashMap<String, Fate>);

/// An object by its type and its identity.
pub(super) type Object = (&'static str, Dynamic);

impl Doubles {
    /// Notes what becomes of objects. Warnings if some of them meet another fate as well.
    pub(super) fn note(&mut self, answer: &PlanAnswer) -> Vec<Diagnostic> {
        let fates = [
            (&answer.creates, Fate::Created),
            (&answer.keeps, Fate::Kept),
            (&answer.destroys, Fate::Destroyed),
        ];
        let (mut created, mut kept) = (Vec::new(), Vec::new());
        for (objects, fate) in fates {
            for object in objects {
                let name = name(object);
                match (self.0.get(&name), fate) {
                    (Some(Fate::Created), Fate::Destroyed)
                    | (Some(Fate::Destroyed), Fate::Created) => created.push(name),
                    (Some(Fate::Kept), Fate::Destroyed) | (Some(Fate::Destroyed), Fate::Kept) => {
                        kept.push(name);
                    }
                    _ => drop(self.0.insert(name, fate)),
                }
            }
        }
        let warnings = [
            warning(
                &created,
                "Object is destroyed and created in one run",
                "is to be destroyed at one address and created at another. Terraform may destroy \
                 it first, and then it is missing in between. If the resource was renamed, or got \
                 an index or a key, write a moved block: then there is nothing to do at all.",
            ),
            warning(
                &kept,
                "Object is destroyed and kept in one run",
                "is to be destroyed at one address and kept at another, perhaps because an apply \
                 that was to hand it over did not end. The destroy takes it away until the next \
                 apply makes it anew. To keep it, take the first address out of the state without \
                 a destroy: terraform state rm, or a removed block.",
            ),
        ];
        warnings.into_iter().flatten().collect()
    }
}

fn warning(names: &[String], summary: &str, what: &str) -> Option<Diagnostic> {
    let first = names.first()?;
    let more = match names.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Some(Diagnostic::warning(
        summary,
        format!("{first}{more} {what}"),
    ))
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
