//! What destroy halves of replacements have left for their create halves, in memory.

use super::ApiObjects;
use crate::Private;
use crate::value::Dynamic;

/// An object that is in no state until the create half of its replacement takes it over.
pub(super) struct Kept {
    /// The type of the resource.
    pub(super) kind: &'static str,
    /// What cannot change in place.
    pub(super) place: Option<String>,
    /// What it stands for.
    pub(super) objects: Option<ApiObjects>,
    /// What its replacement is to own; none if the plan could not know, and then it is the only
    /// resource of its type that the plan creates.
    pub(super) wanted: Option<ApiObjects>,
    pub(super) state: Dynamic,
    pub(super) private: Private,
}

/// All of them.
#[derive(Default)]
pub(super) struct KeptObjects(Vec<Kept>);

impl KeptObjects {
    pub(super) fn add(&mut self, kept: Kept) {
        self.0.push(kept);
    }

    /// What a create of these objects takes over: what they are already, or what was left for
    /// them.
    pub(super) fn take(
        &mut self,
        kind: &str,
        place: Option<&String>,
        objects: Option<&ApiObjects>,
    ) -> Option<Kept> {
        let found = self.find(kind, place, objects);
        found.map(|found| self.0.swap_remove(found))
    }

    /// Whether there is something that a create of these objects takes over.
    pub(super) fn has(
        &self,
        kind: &str,
        place: Option<&String>,
        objects: Option<&ApiObjects>,
    ) -> bool {
        self.find(kind, place, objects).is_some()
    }

    fn find(
        &self,
        kind: &str,
        place: Option<&String>,
        objects: Option<&ApiObjects>,
    ) -> Option<usize> {
        let is_here = |kept: &Kept| kept.kind == kind && kept.place.as_ref() == place;
        let is_same = |kept: &Kept| is_here(kept) && kept.objects.as_ref() == objects;
        let is_wanted =
            |kept: &Kept| is_here(kept) && kept.wanted.is_some() && kept.wanted.as_ref() == objects;
        let is_only = |kept: &Kept| kept.kind == kind && kept.wanted.is_none();
        let found = self.0.iter().position(is_same);
        let found = found.or_else(|| self.0.iter().position(is_wanted));
        found.or_else(|| self.0.iter().position(is_only))
    }
}
