//! The bridge from a typed [`Resource`] to the untyped [`AnyResource`].

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::OnceLock;

use serde_json::Value as Json;

use super::any_resource::Later;
use super::{
    Answer, AnyResource, Applied, ApplyRequest, Change, Ctx, Diagnostic, Diagnostics, Failed,
    Foreign, ImportRequest, Moved, PlanAnswer, PlanRequest, Planned, Private, Resource, Schema,
    plan, read_model, write_model,
};
use crate::framework::{Model, doubles};
use crate::json;
use crate::value::{DecodeError, Dynamic, Path, from_json};

/// A typed resource as an [`AnyResource`], with its schemas made once.
pub struct Entry<R> {
    resource: R,
    schema: OnceLock<Schema>,
    identity: OnceLock<Schema>,
}

impl<R: Resource> Entry<R> {
    /// The entry of this resource in a provider.
    pub fn boxed(resource: R) -> Box<dyn AnyResource<R::Api, R::Settings>> {
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

    fn plan_typed(
        &self,
        request: PlanRequest,
        settings: &R::Settings,
    ) -> Result<PlanAnswer, Diagnostics> {
        let attributes = &self.schema().attributes;
        let known_prior = (!request.prior.is_null()).then_some(&request.prior);
        let prepared = plan::prepare(attributes, &request.config, known_prior, request.proposed);
        let prior = known_prior.cloned().map(read_model).transpose();
        let mut change = Change {
            config: read_model::<R::Model>(request.config).map_err(malformed)?,
            prior: prior.map_err(malformed)?,
            planned: read_model(prepared).map_err(malformed)?,
            private: &request.private,
            settings,
            now: request.now,
            report: Diagnostics::default(),
        };
        self.resource.plan(&mut change);
        let planned = self.stored(&change.planned);
        let mut replaces = Vec::new();
        if let Some(prior) = known_prior {
            plan::replacements(attributes, prior, &planned, &Path::default(), &mut replaces);
        }
        replaces.sort();
        // An update keeps its identity. A create has none as long as a part of it is
        // unknown: OpenTofu 1.12 cannot show a plan with half an identity.
        let identity = match (&change.prior, request.identity) {
            (None, _) => self.identity_of(&change.planned),
            (Some(prior), Dynamic::Null) => self.identity_of(prior),
            (Some(_), stored) => stored,
        };
        let before = change
            .prior
            .as_ref()
            .map(|prior| self.resource.objects(prior));
        let before = before.unwrap_or_default();
        let after = self.resource.objects(&change.planned);
        // What becomes of an object that will be known only at apply, nobody knows now.
        let is_known = after.iter().all(|(_, identity)| identity.is_wholly_known());
        let (mut creates, mut keeps, mut destroys) = (Vec::new(), Vec::new(), Vec::new());
        if is_known {
            let names = |objects: &[_]| objects.iter().map(doubles::name).collect::<HashSet<_>>();
            let (old, new) = (names(&before), names(&after));
            let is_old = |object: &_| old.contains(&doubles::name(object));
            (keeps, creates) = after.into_iter().partition(is_old);
            destroys.extend(
                before
                    .into_iter()
                    .filter(|o| !new.contains(&doubles::name(o))),
            );
        }
        Ok(PlanAnswer {
            planned: Some(planned),
            replaces,
            identity: Some(identity).filter(Dynamic::is_wholly_known),
            creates,
            keeps,
            destroys,
            diagnostics: change.report,
        })
    }

    async fn apply_typed(&self, ctx: &Ctx<R::Api>, request: ApplyRequest) -> Applied<Dynamic> {
        let typed = |value| read_model::<R::Model>(value).map_err(malformed);
        let stored = |failed: Failed<R::Model>| Failed {
            state: failed.state.map(|model| self.stored(&model)),
            diagnostics: failed.diagnostics,
        };
        let outcome = match (request.prior, request.planned) {
            (Dynamic::Null, Dynamic::Null) => return Ok(Dynamic::Null),
            (prior, Dynamic::Null) => {
                let deleted = self.resource.delete(ctx, typed(prior)?).await;
                return deleted.map(|()| Dynamic::Null).map_err(stored);
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
        outcome.map(|model| self.stored(&model)).map_err(stored)
    }

    async fn import_typed(
        &self,
        ctx: &Ctx<R::Api>,
        request: ImportRequest,
    ) -> Result<Dynamic, Diagnostics> {
        let by_id = request.identity.is_null();
        let identity = read_model(self.named(request)?).map_err(malformed)?;
        let imported = self.resource.import(ctx, identity).await;
        let model = imported.map_err(|errors| match by_id {
            true => self.explain_parts(errors),
            false => errors,
        })?;
        let mut state = self.stored(&model);
        plan::fill_defaults(&self.schema().attributes, &mut state);
        Ok(state)
    }

    fn answer(
        &self,
        ctx: Ctx<R::Api>,
        state: Dynamic,
        errors: impl IntoIterator<Item = Diagnostic>,
    ) -> Answer {
        let (mut diagnostics, private) = ctx.finish();
        diagnostics.extend(errors);
        Answer {
            identity: self.identity_of_state(&state),
            state,
            private,
            diagnostics,
        }
    }

    /// Null where there is no object.
    fn identity_of_state(&self, state: &Dynamic) -> Dynamic {
        match state {
            Dynamic::Null => Dynamic::Null,
            state => read_model(state.clone()).map_or(Dynamic::Null, |m| self.identity_of(&m)),
        }
    }
}

impl<R: Resource> AnyResource<R::Api, R::Settings> for Entry<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn schema(&self) -> &Schema {
        self.schema
            .get_or_init(|| R::Model::schema(R::UPGRADES.len() as i64, R::DOC))
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
                     Upgrade, or use an argument that is stored.",
                )
                .at_path(path)
            }));
        }
        report.extend(plan::missing(&self.schema().attributes, &config));
        match read_model(config) {
            Ok(config) => self.resource.validate(&config, &mut report),
            Err(error) => report.extend(malformed(error)),
        }
        report
    }

    fn upgrade(&self, version: i64, json: &[u8]) -> Result<Dynamic, Diagnostics> {
        let json = upgraded::<R>(version, json)?;
        let mut state = from_json(&json, &self.schema().ty).map_err(malformed)?;
        if state.is_null() {
            // Null would make core forget the object without a word.
            return Err(malformed(DecodeError::new("the stored state is null")));
        }
        plan::strip_write_only(&self.schema().attributes, &mut state);
        Ok(state)
    }

    fn plan(&self, request: PlanRequest, settings: &R::Settings) -> PlanAnswer {
        if request.proposed.is_null() {
            let prior = read_model::<R::Model>(request.prior).ok();
            let identity = match request.identity {
                Dynamic::Null => prior
                    .as_ref()
                    .map_or(Dynamic::Null, |prior| self.identity_of(prior)),
                stored => stored,
            };
            let destroys = prior.map(|prior| self.resource.objects(&prior));
            return PlanAnswer {
                planned: Some(Dynamic::Null),
                identity: Some(identity),
                destroys: destroys.unwrap_or_default(),
                ..PlanAnswer::default()
            };
        }
        self.plan_typed(request, settings)
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

    fn import(&self, ctx: Ctx<R::Api>, request: ImportRequest) -> Later<'_, Answer> {
        Box::pin(async move {
            match self.import_typed(&ctx, request).await {
                Ok(state) => self.answer(ctx, state, None),
                Err(errors) => self.answer(ctx, Dynamic::Null, errors),
            }
        })
    }

    fn returned(&self, version: i64, json: &[u8], private: Private) -> Answer {
        let (state, diagnostics) = match self.upgrade(version, json) {
            Ok(state) => (state, Diagnostics::default()),
            Err(errors) => (Dynamic::Null, errors),
        };
        Answer {
            identity: self.identity_of_state(&state),
            state,
            private,
            diagnostics,
        }
    }

    fn moved(&self, source: &Foreign) -> Answer {
        let (state, diagnostics) = match self.resource.moved(source) {
            Ok(Moved { model, warning }) => {
                let mut state = self.stored(&model);
                plan::fill_defaults(&self.schema().attributes, &mut state);
                (state, warning.map(Diagnostics::from).unwrap_or_default())
            }
            Err(errors) => (Dynamic::Null, errors),
        };
        Answer {
            identity: self.identity_of_state(&state),
            state,
            private: Private::default(),
            diagnostics,
        }
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

/// Stored state in the current shape.
fn upgraded<R: Resource>(version: i64, json: &[u8]) -> Result<Cow<'_, [u8]>, Diagnostics> {
    let steps = usize::try_from(version).ok();
    let steps = steps.and_then(|version| R::UPGRADES.get(version..));
    let steps = steps.ok_or_else(|| {
        Diagnostic::error(
            "State of another version",
            format!(
                "The state of this {} has version {version}, and this version of the provider \
                 knows it up to {}. A newer one wrote it: install that, or restore the state from \
                 a backup.",
                R::NAME,
                R::UPGRADES.len()
            ),
        )
    })?;
    if steps.is_empty() {
        return Ok(json.into());
    }
    let not_json = || malformed(DecodeError::new("the stored state is not a JSON object"));
    let Ok(Json::Object(mut stored)) = json::read(json) else {
        return Err(not_json());
    };
    for step in steps {
        step(&mut stored);
    }
    Ok(Json::Object(stored).to_string().into_bytes().into())
}

/// A value that does not fit the schema: core's mistake or foreign state.
pub(super) fn malformed(error: DecodeError) -> Diagnostics {
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
