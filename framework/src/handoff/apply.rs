//! The apply's half: a destroy leaves what has a successor, and a create takes over what the
//! destroy half of its own replacement has left.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::kept::Kept;
use super::tag::Tag;
use super::{ApiObject, ApiObjects, Created, Deposed, Handoffs, Successor};
use crate::value::Dynamic;
use crate::{
    Answer, AnyResource, ApplyRequest, Ctx, Diagnostic, Diagnostics, PlanRequest, Private, plan,
};

/// One apply of a change.
pub(crate) struct Application<'a, A, S> {
    pub(crate) resource: &'a dyn AnyResource<A, S>,
    pub(crate) handoffs: &'a Handoffs,
    pub(crate) api: A,
    pub(crate) cancel: CancellationToken,
    pub(crate) settings: S,
    pub(crate) now: Timestamp,
}

impl<A: Clone, S> Application<'_, A, S> {
    /// Carries out a plan.
    pub(crate) async fn carry_out(self, mut request: ApplyRequest) -> Answer {
        self.handoffs.begin_apply();
        let tag = Tag::take(&mut request.private);
        match (request.prior.is_null(), request.planned.is_null()) {
            (false, true) => self.destroy(request, tag).await,
            (true, false) => self.create(request).await,
            _ => self.apply(request).await,
        }
    }

    async fn apply(&self, request: ApplyRequest) -> Answer {
        let ctx = self.ctx(&request.private);
        self.resource.apply(ctx, request).await
    }

    fn ctx(&self, private: &Private) -> Ctx<A> {
        Ctx::new(self.api.clone(), self.cancel.clone(), private.clone())
    }

    // === Destroy ===

    async fn destroy(&self, request: ApplyRequest, tag: Option<Tag>) -> Answer {
        match tag {
            Some(Tag::Create {
                place,
                objects,
                is_unmistakable,
                successors,
            }) => {
                let own = self.resource.place(&request.prior);
                if place.is_some() && place != own {
                    return self.destroy_without(request, successors).await;
                }
                match is_unmistakable {
                    true => self.hand_over(request, objects).await,
                    false => unchanged(&request, mistakable(self.resource.name()).into()),
                }
            }
            Some(Tag::Destroy { successors, ticket }) => match self.handoffs.redeem(&ticket) {
                Some(deposed) => self.destroy_deposed(request, deposed).await,
                None => self.destroy_without(request, successors).await,
            },
            Some(Tag::Update { .. }) | None => self.apply(request).await,
        }
    }

    /// The destroy half of a replacement in place: the create half takes over.
    async fn hand_over(&self, request: ApplyRequest, wanted: Option<ApiObjects>) -> Answer {
        let own = self.resource.objects(&request.prior);
        let all = own.unwrap_or_default();
        let left = self.leave(&request, &all, Successor::Replacement).await;
        if !left.diagnostics.has_error() {
            self.keep(request, wanted);
        }
        left
    }

    /// Keeps an object that is in no state any more for whoever takes it over.
    fn keep(&self, request: ApplyRequest, wanted: Option<ApiObjects>) {
        self.handoffs.kept().add(Kept {
            kind: self.resource.name(),
            place: self.resource.place(&request.prior),
            objects: self.resource.objects(&request.prior),
            wanted,
            state: request.prior,
            private: request.private,
        });
    }

    /// Destroys what no other resource is to own.
    async fn destroy_without(&self, request: ApplyRequest, successors: ApiObjects) -> Answer {
        let own = self.resource.objects(&request.prior).unwrap_or_default();
        let left = &own & &successors;
        if left.is_empty() {
            return self.apply(request).await;
        }
        let answer = self.leave(&request, &left, Successor::Another).await;
        if answer.diagnostics.has_error() {
            return answer;
        }
        if answer.state.is_null() {
            // A resource of the same type that begins later goes on from this state.
            self.keep(request, Some(own));
            return answer;
        }
        let rest = ApplyRequest {
            prior: answer.state,
            ..request
        };
        let mut destroyed = self.apply(rest).await;
        let said = answer.diagnostics.into_iter();
        destroyed.diagnostics = said.chain(destroyed.diagnostics).collect();
        destroyed
    }

    /// Destroys a deposed object, unless the new one of its address may be the same one: an
    /// earlier apply may not have ended, and core shows the provider nothing of what does not
    /// change.
    async fn destroy_deposed(&self, request: ApplyRequest, deposed: Deposed) -> Answer {
        if self.resource.may_be_copied() {
            let own = self.resource.objects(&request.prior).unwrap_or_default();
            return self.leave(&request, &own, Successor::Perhaps).await;
        }
        let ctx = self.ctx(&request.private).of_deposed(deposed);
        self.resource.apply(ctx, request).await
    }

    /// Leaves these objects. After an error the state is as it was.
    async fn leave(&self, request: &ApplyRequest, left: &ApiObjects, to: Successor) -> Answer {
        if self.cancel.is_cancelled() {
            return unchanged(request, interrupted().into());
        }
        let ctx = self.ctx(&request.private);
        let state = request.prior.clone();
        self.resource.leave(ctx, state, left, to).await
    }

    // === Create ===

    async fn create(&self, request: ApplyRequest) -> Answer {
        let place = self.resource.place(&request.planned);
        let objects = self.resource.objects(&request.planned);
        let kind = self.resource.name();
        match self.take(place.as_ref(), objects.as_ref()) {
            Some(kept) if kept.place == place => self.take_over(request, kept).await,
            Some(kept) => self.create_beside(request, kept).await,
            None => {
                let created = self.apply(request).await;
                if !created.diagnostics.has_error() {
                    self.handoffs.note_created(Created {
                        kind,
                        place,
                        identity: created.identity.clone(),
                    });
                }
                created
            }
        }
    }

    /// What the destroy half has left for a create of these objects.
    fn take(&self, place: Option<&String>, objects: Option<&ApiObjects>) -> Option<Kept> {
        let kind = self.resource.name();
        self.handoffs.kept().take(kind, place, objects)
    }

    /// Changes in place what the destroy half has left, so that it becomes what is planned.
    async fn take_over(&self, request: ApplyRequest, kept: Kept) -> Answer {
        // A plan may be old, and a replacement the way to mend what it did not see.
        let read = self.resource.read(self.ctx(&kept.private), kept.state);
        let read = read.await;
        if read.diagnostics.has_error() {
            return read;
        }
        if read.state.is_null() {
            return self.apply(request).await;
        }
        let kept = Kept {
            state: read.state,
            private: read.private,
            ..kept
        };
        let attributes = &self.resource.schema().attributes;
        let update = PlanRequest {
            config: request.config.clone(),
            proposed: plan::propose(attributes, &request.config, &kept.state),
            prior: kept.state.clone(),
            private: kept.private.clone(),
            identity: Dynamic::Null,
            now: self.now,
        };
        let update = self.resource.plan(update, &self.settings);
        let in_place = ApplyRequest {
            prior: kept.state,
            planned: update.planned.unwrap_or(Dynamic::Null),
            private: kept.private,
            ..request
        };
        if update.diagnostics.has_error() {
            return unchanged(&in_place, update.diagnostics);
        }
        let planned = request.planned;
        let mut answer = self.apply(in_place).await;
        let as_planned = plan::conform(&planned, answer.state.clone());
        if answer.diagnostics.has_error() && as_planned != answer.state {
            // Nothing was changed, or not enough: as it is in state, it is replaced again.
            return answer;
        }
        // An error beside a state would taint what is as it was planned.
        let said = answer.diagnostics.into_iter().map(Diagnostic::as_warning);
        answer.diagnostics = said.collect();
        answer.identity = self.resource.identity_of(&as_planned);
        answer.state = as_planned;
        answer
    }

    /// The object turned out to be another one: makes it, and then destroys what was left.
    async fn create_beside(&self, request: ApplyRequest, kept: Kept) -> Answer {
        let destroy = ApplyRequest {
            config: Dynamic::Null,
            prior: kept.state,
            planned: Dynamic::Null,
            identity: Dynamic::Null,
            private: kept.private,
        };
        let mut created = self.apply(request).await;
        if created.state.is_null() {
            return unchanged(&destroy, created.diagnostics);
        }
        let left = kept.objects.iter().flatten().map(ApiObject::to_string);
        let left: Vec<String> = left.collect();
        let destroyed = self.apply(destroy).await;
        if destroyed.diagnostics.has_error() {
            created.diagnostics.push(not_destroyed(&left.join(", ")));
        }
        let said = destroyed.diagnostics.into_iter();
        created.diagnostics.extend(said.map(Diagnostic::as_warning));
        created
    }
}

fn unchanged(request: &ApplyRequest, diagnostics: Diagnostics) -> Answer {
    Answer {
        state: request.prior.clone(),
        identity: request.identity.clone(),
        private: request.private.clone(),
        diagnostics,
    }
}

fn not_destroyed(objects: &str) -> Diagnostic {
    Diagnostic::warning(
        "Replaced object was not destroyed",
        format!(
            "{objects} was replaced by another object, and could not be destroyed, as the next \
             message says. It is in no state any more: import it, and destroy it."
        ),
    )
}

fn mistakable(kind: &str) -> Diagnostic {
    Diagnostic::error(
        "Replacement cannot be told from a create",
        format!(
            "The plan did not know yet by which object this {kind} is replaced, and it creates \
             others of the same type. So nothing was changed. Let the replacement go (-replace, \
             taint, replace_triggered_by): what changes is changed in place. Or set \
             create_before_destroy."
        ),
    )
}

fn interrupted() -> Diagnostic {
    Diagnostic::error(
        "Interrupted",
        "Terraform was interrupted before this object was handed to its successor, so it stays as \
         it is, in state. Apply again.",
    )
}
