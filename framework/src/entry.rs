//! The bridge from a typed [`Resource`] to the untyped [`AnyResource`].

use std::sync::OnceLock;

use super::any_resource::Later;
use super::upgrade::{malformed, upgraded};
use super::{
    Answer, AnyResource, ApiObjects, Applied, ApplyRequest, Attribute, Change, ClientCapabilities,
    Ctx, Diagnostic, Diagnostics, Effect, Failed, Foreign, ImportRequest, Model, Moved, PlanAnswer,
    PlanRequest, Planned, Private, Resource, Schema, Successor, plan, read_model, write_model,
};
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

    fn identify(&self, model: &R::Model) -> Dynamic {
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
            (None, _) => self.identify(&change.planned),
            (Some(prior), Dynamic::Null) => self.identify(prior),
            (Some(_), stored) => stored,
        };
        let effect = match (known_prior, &change.prior) {
            (Some(before), Some(prior)) if *before == planned => self.no_effect(prior),
            (_, prior) => self.effect(prior.as_ref(), &change.planned, &replaces),
        };
        Ok(PlanAnswer {
            planned: Some(planned),
            replaces,
            identity: Some(identity).filter(Dynamic::is_wholly_known),
            effect: Some(effect),
            private: request.private.clone(),
            diagnostics: change.report,
        })
    }

    /// What an update that changes nothing does to objects of the API.
    fn no_effect(&self, prior: &R::Model) -> Effect {
        let objects = self.resource.objects(prior);
        Effect::Update {
            before: objects.clone().unwrap_or_default(),
            after: objects,
            takes_away: ApiObjects::new(),
        }
    }

    /// What a create or an update does to objects of the API.
    fn effect(&self, prior: Option<&R::Model>, planned: &R::Model, replaces: &[Path]) -> Effect {
        let after = self.resource.objects(planned);
        let Some(prior) = prior else {
            let place = self.resource.place(planned);
            return Effect::Create {
                kind: R::NAME,
                found: R::OBJECTS,
                place,
                objects: after,
            };
        };
        let before = self.resource.objects(prior).unwrap_or_default();
        let takes_away = match &after {
            // The create half of a replacement says what it gives up.
            Some(after) if R::TAKES_AWAY && replaces.is_empty() => &before - after,
            _ => ApiObjects::new(),
        };
        Effect::Update {
            before,
            after,
            takes_away,
        }
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
            identity: AnyResource::identity_of(self, &state),
            state,
            private,
            diagnostics,
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

    fn validate(&self, config: Dynamic, client: ClientCapabilities) -> Diagnostics {
        let mut report = Diagnostics::default();
        if !client.write_only_attributes {
            let set = plan::set_write_only(&self.schema().attributes, &config);
            let attributes = &self.schema().attributes;
            report.extend(set.into_iter().map(|path| write_only(path, attributes)));
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
                    .map_or(Dynamic::Null, |prior| self.identify(prior)),
                stored => stored,
            };
            let objects = prior
                .as_ref()
                .and_then(|prior| self.resource.objects(prior));
            return PlanAnswer {
                planned: Some(Dynamic::Null),
                identity: Some(identity),
                effect: Some(Effect::Destroy {
                    kind: R::NAME,
                    place: prior.as_ref().and_then(|prior| self.resource.place(prior)),
                    objects: objects.unwrap_or_default(),
                }),
                private: request.private,
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
            identity: AnyResource::identity_of(self, &state),
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
            identity: AnyResource::identity_of(self, &state),
            state,
            private: Private::default(),
            diagnostics,
        }
    }

    fn place(&self, state: &Dynamic) -> Option<String> {
        self.resource.place(&read_model(state.clone()).ok()?)
    }

    fn objects(&self, state: &Dynamic) -> Option<ApiObjects> {
        self.resource.objects(&read_model(state.clone()).ok()?)
    }

    fn may_be_copied(&self) -> bool {
        R::OBJECTS.is_some()
    }

    fn identity_of(&self, state: &Dynamic) -> Dynamic {
        match state {
            Dynamic::Null => Dynamic::Null,
            state => read_model(state.clone()).map_or(Dynamic::Null, |m| self.identify(&m)),
        }
    }

    fn leave<'a>(
        &'a self,
        ctx: Ctx<R::Api>,
        state: Dynamic,
        objects: &'a ApiObjects,
        to: Successor,
    ) -> Later<'a, Answer> {
        Box::pin(async move {
            let left = match read_model(state.clone()) {
                Ok(model) => self.resource.leave(&ctx, model, objects, to).await,
                Err(error) => Err(malformed(error).into()),
            };
            let stored = |rest: Option<R::Model>| rest.map(|rest| self.stored(&rest));
            match left {
                Ok(rest) => self.answer(ctx, stored(rest).unwrap_or(Dynamic::Null), None),
                Err(failed) => {
                    let state = stored(failed.state).unwrap_or(state);
                    self.answer(ctx, state, failed.diagnostics)
                }
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

/// A write-only argument that the CLI does not know, and what there is instead.
fn write_only(path: Path, attributes: &[Attribute]) -> Diagnostic {
    let name = path.to_string();
    let stored = name.strip_suffix("_wo");
    let stored = stored.filter(|stored| attributes.iter().any(|found| found.name == *stored));
    let instead = match stored {
        Some(stored) => format!("Upgrade, or use {stored}, which is stored in state."),
        None => "Upgrade to use it.".to_owned(),
    };
    Diagnostic::error(
        "Write-only arguments are not supported here",
        format!("{name} is never stored, which needs Terraform 1.11 or OpenTofu 1.11. {instead}"),
    )
    .at_path(path)
}
