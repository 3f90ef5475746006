//! What a resource is, and its twin without types that the protocol talks to.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    Change, Diagnostic, Diagnostics, Model, Private, Schema, plan, read_model, write_model,
};
use crate::value::{DecodeError, Dynamic, Path, from_json};

/// A managed resource: its model, its identity and what to do. Nothing of the wire.
pub trait Resource: Send + Sync + 'static {
    /// What the provider's configuration makes: the way to the API.
    type Api: Clone + Send + Sync + 'static;
    /// Its attributes.
    type Model: Model;
    /// What identifies it across configurations.
    type Identity: Model;
    /// Its type name, such as `aop_zone_certificate`.
    const NAME: &'static str;
    /// What it is, in Markdown.
    const DOC: &'static str;
    /// Version of the stored shape.
    const VERSION: i64 = 0;

    /// Checks the structure of a configuration. Meaning is checked at plan,
    /// because mocked tests of users' modules pass through here.
    fn validate(&self, _config: &Self::Model, _report: &mut Diagnostics) {}

    /// Completes and checks the plan of a create or an update.
    fn plan(&self, change: &mut Change<'_, Self::Model>);

    /// What identifies this object.
    fn identity(&self, model: &Self::Model) -> Self::Identity;

    /// Makes the object. An error with a state taints it, without one nothing is kept.
    fn create(
        &self,
        ctx: &Ctx<Self::Api>,
        planned: Planned<Self::Model>,
    ) -> impl Future<Output = Applied<Self::Model>> + Send;

    /// Reads the object; `None` if it is gone.
    fn read(
        &self,
        ctx: &Ctx<Self::Api>,
        state: Self::Model,
    ) -> impl Future<Output = Result<Option<Self::Model>, Diagnostics>> + Send;

    /// Changes the object in place. An error without a state keeps the prior one.
    fn update(
        &self,
        ctx: &Ctx<Self::Api>,
        prior: Self::Model,
        planned: Planned<Self::Model>,
    ) -> impl Future<Output = Applied<Self::Model>> + Send;

    /// Destroys the object. An error keeps the state.
    fn delete(
        &self,
        ctx: &Ctx<Self::Api>,
        state: Self::Model,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}

/// What a create or an update receives.
pub struct Planned<M> {
    /// What the user wrote: the only place of write-only values.
    pub config: M,
    /// What was promised.
    pub plan: M,
}

/// The outcome of a create or an update.
pub type Applied<M> = Result<M, Failed<M>>;

/// A create or an update that failed, and what is true all the same.
pub struct Failed<M> {
    /// The state to keep, if it is not the obvious one.
    pub state: Option<M>,
    /// Why.
    pub diagnostics: Diagnostics,
}

impl<M> From<Diagnostics> for Failed<M> {
    fn from(diagnostics: Diagnostics) -> Self {
        Self {
            state: None,
            diagnostics,
        }
    }
}

impl<M> From<Diagnostic> for Failed<M> {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics::from(diagnostic).into()
    }
}

/// What surrounds one operation on a resource.
pub struct Ctx<A> {
    /// The way to the API.
    pub api: A,
    /// Ends when the user interrupts the run.
    pub cancel: CancellationToken,
    warnings: Mutex<Diagnostics>,
    private: Mutex<Private>,
}

impl<A> Ctx<A> {
    /// The surroundings of one operation that starts from these private facts.
    pub fn new(api: A, cancel: CancellationToken, private: Private) -> Self {
        Self {
            api,
            cancel,
            warnings: Mutex::default(),
            private: Mutex::new(private),
        }
    }

    /// Tells the user something that does not stop the operation.
    pub fn warn(&self, warning: Diagnostic) {
        lock(&self.warnings).push(warning);
    }

    /// The private facts, to read and to change.
    pub fn private(&self) -> MutexGuard<'_, Private> {
        lock(&self.private)
    }

    fn finish(self) -> (Diagnostics, Private) {
        let warnings = self.warnings.into_inner();
        let private = self.private.into_inner();
        (
            warnings.unwrap_or_else(PoisonError::into_inner),
            private.unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// A panic elsewhere does not make these values wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// === The twin without types ===

/// A request to plan a create, an update or (with a null proposal) a destroy.
pub struct PlanRequest {
    /// What the user wrote.
    pub config: Dynamic,
    /// What is; null for a create.
    pub prior: Dynamic,
    /// What core proposes; null for a destroy.
    pub proposed: Dynamic,
    /// Stored facts.
    pub private: Private,
    /// Stored identity, if any.
    pub identity: Dynamic,
    /// The time of the plan.
    pub now: Timestamp,
}

/// A plan.
#[derive(Default)]
pub struct PlanAnswer {
    /// What will be.
    pub planned: Option<Dynamic>,
    /// The attributes whose change replaces the resource.
    pub replaces: Vec<Path>,
    /// What identifies it, as far as it is known.
    pub identity: Option<Dynamic>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// What a read found or an apply made.
pub struct Answer {
    /// The state; null if the object is gone, the stored one after an error.
    pub state: Dynamic,
    /// What identifies it; null if it is gone.
    pub identity: Dynamic,
    /// Facts to store.
    pub private: Private,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// A request to carry out a plan.
pub struct ApplyRequest {
    /// What the user wrote; null for a destroy.
    pub config: Dynamic,
    /// What is; null for a create.
    pub prior: Dynamic,
    /// What was promised; null for a destroy.
    pub planned: Dynamic,
    /// Stored facts.
    pub private: Private,
}

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A resource whose values are untyped: what the protocol talks to.
pub trait AnyResource<A>: Send + Sync {
    /// Its type name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> &Schema;
    /// The schema of its identity.
    fn identity_schema(&self) -> &Schema;
    /// Checks the structure of a configuration.
    fn validate(&self, config: Dynamic, write_only_allowed: bool) -> Diagnostics;
    /// Brings stored state to the current shape.
    fn upgrade(&self, version: i64, json: &[u8]) -> Result<Dynamic, Diagnostics>;
    /// Plans a change.
    fn plan(&self, request: PlanRequest) -> PlanAnswer;
    /// Reads what is.
    fn read(&self, ctx: Ctx<A>, state: Dynamic) -> Later<'_, Answer>;
    /// Carries out a plan.
    fn apply(&self, ctx: Ctx<A>, request: ApplyRequest) -> Later<'_, Answer>;
}

/// A typed resource as an [`AnyResource`], with its schemas made once.
pub struct Entry<R> {
    resource: R,
    schema: OnceLock<Schema>,
    identity: OnceLock<Schema>,
}

impl<R: Resource> Entry<R> {
    /// The entry of this resource in a provider.
    pub fn boxed(resource: R) -> Box<dyn AnyResource<R::Api>> {
        Box::new(Self {
            resource,
            schema: OnceLock::new(),
            identity: OnceLock::new(),
        })
    }

    fn identity_of(&self, model: &R::Model) -> Dynamic {
        write_model(&self.resource.identity(model))
    }

    /// State as it may be stored: without write-only values.
    fn stored(&self, model: &R::Model) -> Dynamic {
        let mut state = write_model(model);
        plan::strip_write_only(&self.schema().attributes, &mut state);
        state
    }

    fn plan_typed(&self, request: PlanRequest) -> Result<PlanAnswer, Diagnostics> {
        let attributes = &self.schema().attributes;
        let known_prior = (!request.prior.is_null()).then_some(&request.prior);
        let prepared = plan::prepare(attributes, &request.config, known_prior, request.proposed);
        let prior = known_prior.cloned().map(read_model).transpose();
        let mut change = Change {
            config: read_model::<R::Model>(request.config).map_err(malformed)?,
            prior: prior.map_err(malformed)?,
            planned: read_model(prepared).map_err(malformed)?,
            private: &request.private,
            now: request.now,
            report: Diagnostics::default(),
            replaces: Vec::new(),
        };
        self.resource.plan(&mut change);
        let planned = self.stored(&change.planned);
        let mut replaces = change.replaces;
        if let Some(prior) = known_prior {
            replaces.extend(plan::replacements(attributes, prior, &planned));
        }
        replaces.sort();
        replaces.dedup();
        // An update keeps its identity; core wants it wholly known.
        let identity = match (&change.prior, request.identity) {
            (None, _) => self.identity_of(&change.planned),
            (Some(prior), Dynamic::Null) => self.identity_of(prior),
            (Some(_), stored) => stored,
        };
        Ok(PlanAnswer {
            planned: Some(planned),
            replaces,
            identity: Some(identity),
            diagnostics: change.report,
        })
    }

    async fn apply_typed(&self, ctx: &Ctx<R::Api>, request: ApplyRequest) -> Applied<Dynamic> {
        let typed = |value| read_model::<R::Model>(value).map_err(malformed);
        let outcome = match (request.prior, request.planned) {
            (Dynamic::Null, Dynamic::Null) => return Ok(Dynamic::Null),
            (prior, Dynamic::Null) => {
                let deleted = self.resource.delete(ctx, typed(prior)?).await;
                return deleted.map(|()| Dynamic::Null).map_err(Failed::from);
            }
            (Dynamic::Null, plan) => {
                let planned = Planned {
                    config: typed(request.config)?,
                    plan: typed(plan)?,
                };
                self.resource.create(ctx, planned).await
            }
            (prior, plan) => {
                let planned = Planned {
                    config: typed(request.config)?,
                    plan: typed(plan)?,
                };
                self.resource.update(ctx, typed(prior)?, planned).await
            }
        };
        outcome
            .map(|model| self.stored(&model))
            .map_err(|failed| Failed {
                state: failed.state.map(|model| self.stored(&model)),
                diagnostics: failed.diagnostics,
            })
    }

    fn answer(
        &self,
        ctx: Ctx<R::Api>,
        state: Dynamic,
        errors: impl IntoIterator<Item = Diagnostic>,
    ) -> Answer {
        let (mut diagnostics, private) = ctx.finish();
        diagnostics.extend(errors);
        let identity = match &state {
            Dynamic::Null => Dynamic::Null,
            state => read_model(state.clone()).map_or(Dynamic::Null, |m| self.identity_of(&m)),
        };
        Answer {
            state,
            identity,
            private,
            diagnostics,
        }
    }
}

impl<R: Resource> AnyResource<R::Api> for Entry<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn schema(&self) -> &Schema {
        self.schema
            .get_or_init(|| R::Model::schema(R::VERSION, R::DOC))
    }

    fn identity_schema(&self) -> &Schema {
        self.identity.get_or_init(|| R::Identity::schema(0, ""))
    }

    fn validate(&self, config: Dynamic, write_only_allowed: bool) -> Diagnostics {
        let mut report = Diagnostics::default();
        if !write_only_allowed {
            let set = plan::set_write_only(&self.schema().attributes, &config);
            report.extend(set.into_iter().map(|path| {
                Diagnostic::error(
                    "Write-only arguments are not supported here",
                    "This argument is never stored, which needs Terraform 1.11 or OpenTofu 1.11. \
                     Upgrade, or use the argument of the same name without \"_wo\".",
                )
                .at_path(path)
            }));
        }
        match read_model(config) {
            Ok(config) => self.resource.validate(&config, &mut report),
            Err(error) => report.extend(malformed(error)),
        }
        report
    }

    fn upgrade(&self, _version: i64, json: &[u8]) -> Result<Dynamic, Diagnostics> {
        let mut state = from_json(json, &self.schema().ty).map_err(malformed)?;
        if state.is_null() {
            // Null would make core forget the object without a word.
            return Err(malformed(DecodeError::new("the stored state is null")));
        }
        plan::strip_write_only(&self.schema().attributes, &mut state);
        Ok(state)
    }

    fn plan(&self, request: PlanRequest) -> PlanAnswer {
        if request.proposed.is_null() {
            let identity = match request.identity {
                Dynamic::Null => {
                    read_model(request.prior).map_or(Dynamic::Null, |m| self.identity_of(&m))
                }
                stored => stored,
            };
            return PlanAnswer {
                planned: Some(Dynamic::Null),
                identity: Some(identity),
                ..PlanAnswer::default()
            };
        }
        self.plan_typed(request)
            .unwrap_or_else(|diagnostics| PlanAnswer {
                diagnostics,
                ..PlanAnswer::default()
            })
    }

    fn read(&self, ctx: Ctx<R::Api>, state: Dynamic) -> Later<'_, Answer> {
        Box::pin(async move {
            let outcome = match read_model(state.clone()) {
                Ok(model) => self.resource.read(&ctx, model).await,
                Err(error) => Err(malformed(error)),
            };
            match outcome {
                Ok(Some(model)) => {
                    let state = self.stored(&model);
                    self.answer(ctx, state, None)
                }
                Ok(None) => self.answer(ctx, Dynamic::Null, None),
                Err(errors) => self.answer(ctx, state, errors),
            }
        })
    }

    fn apply(&self, ctx: Ctx<R::Api>, request: ApplyRequest) -> Later<'_, Answer> {
        Box::pin(async move {
            let prior = request.prior.clone();
            match self.apply_typed(&ctx, request).await {
                Ok(state) => self.answer(ctx, state, None),
                Err(failed) => {
                    let state = failed.state.unwrap_or(prior);
                    self.answer(ctx, state, failed.diagnostics)
                }
            }
        })
    }
}

/// A value that does not fit the schema: core's mistake or foreign state.
fn malformed(error: DecodeError) -> Diagnostics {
    Diagnostic::error(
        "Value does not fit the schema",
        format!(
            "{error}. Terraform sent, or the state file holds, a value that this version of the \
             provider cannot read. If an attribute was edited by hand, undo the edit; otherwise \
             report this as a bug of the provider."
        ),
    )
    .at_path(error.path())
    .into()
}
