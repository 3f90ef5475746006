//! The plan's half: who is to have what, and the wait of a destroy for its successors.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::plans::Wanted;
use super::tag::Tag;
use super::{ApiObject, ApiObjects, Handoffs};
use crate::{Diagnostic, Private};

/// What a plan does to objects of the API.
pub enum Effect {
    /// It makes them.
    Create {
        /// The type of the resource.
        kind: &'static str,
        /// The type of its objects, if they are there whichever resource stands for them.
        found: Option<&'static str>,
        /// What cannot change in place; none while it is not known.
        place: Option<String>,
        /// What it is to own; none while it is not known.
        objects: Option<ApiObjects>,
    },
    /// It changes them.
    Update {
        /// What it owns.
        before: ApiObjects,
        /// What it is to own; none while it is not known.
        after: Option<ApiObjects>,
        /// What it takes away from the API.
        takes_away: ApiObjects,
    },
    /// It destroys them.
    Destroy {
        /// The type of the resource.
        kind: &'static str,
        /// What cannot change in place.
        place: Option<String>,
        /// What it owns.
        objects: ApiObjects,
    },
}

/// A look at the API under way; dropped, it has ended.
pub(crate) struct Looking(Arc<Handoffs>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.with(super::Plans::end_look);
    }
}

impl Handoffs {
    /// A Plan begins.
    pub(crate) fn begin_plan(&self) {
        self.with(super::Plans::begin);
    }

    /// A look at the API begins that a plan may need.
    pub(crate) fn begin_look(self: &Arc<Self>) -> Looking {
        self.with(super::Plans::begin_look);
        Looking(Arc::clone(self))
    }

    /// A Read begins.
    pub(crate) fn begin_read(self: &Arc<Self>) -> Looking {
        self.with(super::Plans::note_read);
        self.begin_look()
    }

    /// Whether a create of these objects is to take over what its destroy half has left: then
    /// its apply must come, also where its plan is refused, or that would be lost.
    pub(crate) fn is_awaited(&self, effect: Option<&Effect>) -> bool {
        match effect {
            Some(Effect::Create {
                kind,
                place,
                objects,
                ..
            }) => self.kept().has(kind, place.as_ref(), objects.as_ref()),
            _ => false,
        }
    }

    /// Whether a plan of this process may be the repetition of one before an apply: those
    /// that refresh come first.
    pub(crate) fn may_repeat_a_plan(&self) -> bool {
        !self.look(super::Plans::has_read)
    }

    /// Says what a plan does to objects, and puts into private state what its apply has to
    /// know. Answers what the user has to know.
    pub(crate) async fn plan(
        &self,
        effect: Effect,
        private: &mut Private,
        cancel: &CancellationToken,
    ) -> Vec<Diagnostic> {
        let replaced = match Tag::take(private) {
            Some(Tag::Update { objects }) => Some(objects),
            _ => None,
        };
        let (tag, said) = match effect {
            Effect::Create {
                kind,
                found,
                place,
                objects,
            } => {
                let said = self.want_new(kind, found, objects.as_ref());
                let given_up = without(replaced.as_ref(), objects.as_ref());
                let tag = Tag::Create {
                    is_unmistakable: objects.is_some()
                        || replaced.is_some() && self.is_only(kind, cancel).await,
                    successors: self.successors(&given_up, cancel).await,
                    place,
                    objects,
                };
                (tag, said)
            }
            Effect::Update {
                before,
                after,
                takes_away,
            } => {
                let said = self.want(&before, after.as_ref(), &takes_away);
                if after.as_ref() == Some(&before) {
                    return said;
                }
                (Tag::Update { objects: before }, said)
            }
            Effect::Destroy {
                kind,
                place,
                objects,
            } => {
                let ticket = self.issue_ticket(kind, place.as_ref());
                let successors = self.successors(&objects, cancel).await;
                (Tag::Destroy { successors, ticket }, self.perhaps())
            }
        };
        tag.put(private);
        said
    }

    /// A create is to have these objects; none while they are not known.
    fn want_new(
        &self,
        kind: &'static str,
        found: Option<&'static str>,
        objects: Option<&ApiObjects>,
    ) -> Vec<Diagnostic> {
        if self.is_applying() {
            return Vec::new();
        }
        if self.with(|plans| plans.create(kind)) {
            return vec![mistakable(kind)];
        }
        match objects {
            Some(objects) => self.want(&ApiObjects::new(), Some(objects), &ApiObjects::new()),
            None => {
                self.with(|plans| plans.want_unknown(found));
                self.perhaps()
            }
        }
    }

    /// A resource is to have these objects, and takes these away.
    fn want(
        &self,
        before: &ApiObjects,
        after: Option<&ApiObjects>,
        takes_away: &ApiObjects,
    ) -> Vec<Diagnostic> {
        if self.is_applying() {
            return Vec::new();
        }
        // What is not known yet may be what it was.
        let after = after.unwrap_or(before);
        let (kept, created): (ApiObjects, ApiObjects) =
            after.iter().cloned().partition(|o| before.contains(o));
        self.with(|plans| {
            plans.give_up(takes_away);
            let passing = &created | takes_away;
            let said = [
                said(&plans.want(&created, Wanted::ToCreate), destroyed_first),
                said(&plans.want(&kept, Wanted::ToKeep), destroyed_elsewhere),
                said(&plans.passing(&passing), given_up_first),
            ];
            said.into_iter().flatten().collect()
        })
    }

    /// What may pass on, as far as a plan can tell that does not know everything.
    fn perhaps(&self) -> Vec<Diagnostic> {
        let perhaps = self.with(super::Plans::perhaps_wanted);
        said(&perhaps, perhaps_wanted).into_iter().collect()
    }

    /// Those of these objects that other resources are to own, once no more of them are on
    /// their way.
    async fn successors(&self, objects: &ApiObjects, cancel: &CancellationToken) -> ApiObjects {
        if objects.is_empty() {
            return ApiObjects::new();
        }
        self.wait_for_plans(cancel, |plans| plans.are_wanted(objects))
            .await;
        self.with(|plans| plans.part(objects))
    }

    /// Whether no other resource of this type is created.
    async fn is_only(&self, kind: &'static str, cancel: &CancellationToken) -> bool {
        self.wait_for_plans(cancel, |_| false).await;
        self.with(|plans| plans.is_only(kind))
    }

    /// Waits until all plans are made, as far as can be known, or enough is known. Ten who
    /// wait may fill all places in which plans are made, so all of them wait together, and
    /// not for long.
    async fn wait_for_plans(
        &self,
        cancel: &CancellationToken,
        is_enough: impl Fn(&super::Plans) -> bool,
    ) {
        let mut changed = self.changed.subscribe();
        while !self.is_applying() && !self.look(&is_enough) {
            changed.mark_unchanged();
            let Some(until) = self.waits_until() else {
                break;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                _ = changed.changed() => {}
                () = cancel.cancelled() => break,
            }
        }
    }
}

fn without(objects: Option<&ApiObjects>, others: Option<&ApiObjects>) -> ApiObjects {
    match (objects, others) {
        (Some(objects), Some(others)) => objects - others,
        _ => ApiObjects::new(),
    }
}

/// A message about objects, if there are any.
fn said(objects: &ApiObjects, message: fn(&ApiObjects) -> Diagnostic) -> Option<Diagnostic> {
    (!objects.is_empty()).then(|| message(objects))
}

/// Objects inside a sentence: one by name, of many the number.
fn named(objects: &ApiObjects) -> String {
    let first = objects.first().map(ApiObject::to_string);
    let first = first.unwrap_or_default();
    match objects.len() {
        0 | 1 => first,
        count => format!("{first} (and {} more)", count - 1),
    }
}

fn destroyed_first(late: &ApiObjects) -> Diagnostic {
    Diagnostic::error(
        "Object is destroyed at another address",
        format!(
            "This resource is to have {}, which the same plan destroys at another address. That \
             destroy was planned before this resource was, so it would not wait for it, and \
             traffic could lose its certificate in between. If the resource was renamed, or got \
             an index or a key, write a moved block. If it becomes part of a resource of another \
             type, let the old address go without a destroy: removed {{ from = ADDRESS, lifecycle \
             {{ destroy = false }} }}. If many indices shift, -parallelism above their number lets \
             all plans be made at once. Then plan again.",
            named(late)
        ),
    )
}

fn destroyed_elsewhere(late: &ApiObjects) -> Diagnostic {
    Diagnostic::warning(
        "Object has two addresses",
        format!(
            "This resource has {}, and so has another address, which the same plan destroys, \
             perhaps because an apply that was to hand it over did not end. If the destroy takes \
             it away, the next apply makes it anew. To keep it, take the other address out of the \
             state without a destroy: terraform state rm.",
            named(late)
        ),
    )
}

fn perhaps_wanted(perhaps: &ApiObjects) -> Diagnostic {
    Diagnostic::warning(
        "Object may pass between resources",
        format!(
            "{} is to be destroyed, and a resource of the same type is to be created that does \
             not know yet which object it will have. If it is the same one, traffic could lose \
             its certificate in between: apply what the new resource depends on first (with \
             -target), and plan again.",
            named(perhaps)
        ),
    )
}

fn mistakable(kind: &str) -> Diagnostic {
    Diagnostic::error(
        "Replacement cannot be told from a create",
        format!(
            "The same plan replaces another {kind} by one that it does not know yet, and was \
             told that there is no other create of this type. Plan again; or let the replacement \
             go (-replace, taint, replace_triggered_by): what changes is changed in place."
        ),
    )
}

fn given_up_first(passing: &ApiObjects) -> Diagnostic {
    Diagnostic::warning(
        "Object passes between resources",
        format!(
            "One resource of this plan gives up {}, and another is to have it. It is never \
             without its certificate as long as Terraform works on both at the same time: apply \
             them together, and not with -parallelism=1.",
            named(passing)
        ),
    )
}
