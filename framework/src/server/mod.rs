//! One process that serves a provider: the run that ConfigureProvider begins and
//! StopProvider ends, and every operation in it.

mod said;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::said::{in_use, not_known_before, unconfigured, unknown, unknown_type};
use super::handoff::{Application, Handoffs};
use super::{
    Answer, AnyDataSource, AnyListResource, AnyResource, ApplyRequest, Configured, Ctx, DataAnswer,
    Diagnostic, Diagnostics, Function, Host, ImportRequest, ListRequest, Listed, Model, PlanAnswer,
    PlanRequest, Private, Provider, Schema, read_model,
};
use crate::value::Dynamic;

/// One process that serves a provider.
pub struct Server<P: Provider> {
    provider: P,
    schema: Schema,
    resources: Vec<Box<dyn AnyResource<P::Api, P::Settings>>>,
    data_sources: Vec<Box<dyn AnyDataSource<P::Api>>>,
    list_resources: Vec<Box<dyn AnyListResource<P::Api>>>,
    functions: Vec<Box<dyn Function>>,
    clock: fn() -> Timestamp,
    run: Mutex<Run<P>>,
    /// How many hosts are connected, where there may be several.
    connected: OnceLock<watch::Receiver<usize>>,
}

/// What ConfigureProvider begins and StopProvider ends.
struct Run<P: Provider> {
    configured: Option<Configured<P::Api>>,
    /// What it was configured with.
    config: Dynamic,
    settings: P::Settings,
    cancel: CancellationToken,
    /// What planning has told and is to tell no more.
    told: HashSet<String>,
    handoffs: Arc<Handoffs>,
}

/// What surrounds one plan.
struct Planning<S> {
    settings: S,
    handoffs: Arc<Handoffs>,
    cancel: CancellationToken,
}

impl<P: Provider> Run<P> {
    fn new(configured: Option<Configured<P::Api>>, config: Dynamic, settings: P::Settings) -> Self {
        Self {
            configured,
            config,
            settings,
            cancel: CancellationToken::new(),
            told: HashSet::new(),
            handoffs: Arc::default(),
        }
    }
}

impl<P: Provider> Server<P> {
    /// A server of this provider that tells the time by `clock`.
    pub fn new(provider: P, clock: fn() -> Timestamp) -> Arc<Self> {
        Arc::new(Self {
            schema: P::Config::schema(0, P::DOC),
            resources: provider.resources(),
            data_sources: provider.data_sources(),
            list_resources: provider.list_resources(),
            functions: provider.functions(),
            provider,
            clock,
            run: Mutex::new(Run::new(None, Dynamic::Null, P::Settings::default())),
            connected: OnceLock::new(),
        })
    }

    /// The schema of the provider's own configuration.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// All resources.
    pub fn resources(&self) -> &[Box<dyn AnyResource<P::Api, P::Settings>>] {
        &self.resources
    }

    /// All data sources.
    pub fn data_sources(&self) -> &[Box<dyn AnyDataSource<P::Api>>] {
        &self.data_sources
    }

    /// All list resources.
    pub fn list_resources(&self) -> &[Box<dyn AnyListResource<P::Api>>] {
        &self.list_resources
    }

    /// All functions.
    pub fn functions(&self) -> &[Box<dyn Function>] {
        &self.functions
    }

    /// A resource by its type name.
    pub fn resource(
        &self,
        name: &str,
    ) -> Result<&dyn AnyResource<P::Api, P::Settings>, Diagnostics> {
        let found = self.resources.iter().find(|r| r.name() == name);
        let found = found.map(|resource| &**resource);
        found.ok_or_else(|| unknown_type("resource type", name))
    }

    /// A data source by its type name.
    pub fn data_source(&self, name: &str) -> Result<&dyn AnyDataSource<P::Api>, Diagnostics> {
        let found = self.data_sources.iter().find(|d| d.name() == name);
        let found = found.map(|source| &**source);
        found.ok_or_else(|| unknown_type("data source", name))
    }

    /// A list resource by its type name.
    pub fn list_resource(&self, name: &str) -> Result<&dyn AnyListResource<P::Api>, Diagnostics> {
        let found = self.list_resources.iter().find(|l| l.name() == name);
        let found = found.map(|list| &**list);
        found.ok_or_else(|| unknown_type("list resource", name))
    }

    /// Checks the form of the provider's configuration.
    pub fn validate(&self, config: Dynamic) -> Diagnostics {
        let mut report = Diagnostics::default();
        match read_config::<P>(config) {
            Ok(config) => self.provider.validate(&config, &mut report),
            Err(errors) => report.extend(errors),
        }
        report
    }

    /// Says that several hosts may be connected at once, and how many are.
    pub(crate) fn may_be_shared(&self, connected: watch::Receiver<usize>) {
        // It is said once, before anything is served.
        let _ = self.connected.set(connected);
    }

    /// Whether another host works with another configuration.
    fn is_in_use(&self, config: &Dynamic) -> bool {
        let connected = self.connected.get().map_or(1, |count| *count.borrow());
        let run = self.run();
        connected > 1 && run.configured.is_some() && run.config != *config
    }

    /// Takes a configuration into force and begins a new run. May be called again.
    pub fn configure(&self, config: Dynamic, host: &Host) -> Diagnostics {
        if self.is_in_use(&config) {
            return in_use();
        }
        let given = config.clone();
        let run = read_config::<P>(config).and_then(|config| {
            let configured = self.provider.configure(&config, host)?;
            let settings = self.provider.settings(&config);
            Ok(Run::new(Some(configured), given, settings))
        });
        match run {
            Ok(run) => {
                *self.run() = run;
                Diagnostics::default()
            }
            Err(errors) => errors,
        }
    }

    /// Interrupts every running operation. Answers at once.
    pub fn stop(&self) {
        self.run().cancel.cancel();
    }

    /// Plans a change. Needs credentials, unless they become known only at apply. A destroy
    /// waits a moment for the plan of who is to have its objects.
    pub async fn plan(
        &self,
        name: &str,
        request: impl FnOnce(Timestamp) -> PlanRequest,
        cancelled: CancellationToken,
    ) -> PlanAnswer {
        let (resource, planning) = match self.resource(name).and_then(|r| Ok((r, self.planning()?)))
        {
            Ok(begun) => begun,
            Err(diagnostics) => {
                return PlanAnswer {
                    diagnostics,
                    ..PlanAnswer::default()
                };
            }
        };
        let mut answer = resource.plan(request((self.clock)()), &planning.settings);
        if !answer.replaces.is_empty() && planning.handoffs.may_repeat_a_plan() {
            let warning = not_known_before(&answer.replaces);
            answer.diagnostics.push(warning.once());
        }
        self.tell_once(&mut answer.diagnostics);
        if planning.handoffs.is_awaited(answer.effect.as_ref()) {
            // The apply makes the plan again, and says the same with the state that it keeps.
            answer.diagnostics = Diagnostics::default();
        }
        if let Some(effect) = answer.effect.take() {
            let said = planning
                .handoffs
                .plan(effect, &mut answer.private, &planning.cancel);
            let said = attend(said, &planning.cancel, &cancelled).await;
            answer.diagnostics.extend(said);
        }
        answer
    }

    /// Leaves out what was told before and is to be told no more.
    fn tell_once(&self, diagnostics: &mut Diagnostics) {
        let told = &mut self.run().told;
        diagnostics.retain(|d| !d.once || told.insert(d.detail.clone()));
    }

    fn handoffs(&self) -> Arc<Handoffs> {
        Arc::clone(&self.run().handoffs)
    }

    /// What surrounds one plan.
    fn planning(&self) -> Result<Planning<P::Settings>, Diagnostics> {
        let run = self.run();
        if let Some(Configured::Unusable(error)) = &run.configured {
            return Err(error.clone().into());
        }
        run.handoffs.begin_plan();
        Ok(Planning {
            settings: run.settings.clone(),
            handoffs: Arc::clone(&run.handoffs),
            cancel: run.cancel.child_token(),
        })
    }

    /// Reads what is. After an error the stored state stays. `cancelled` ends when
    /// the caller goes away.
    pub async fn read(
        &self,
        name: &str,
        state: Dynamic,
        private: Private,
        cancelled: CancellationToken,
    ) -> Answer {
        let begun = self.begin(&private);
        match self.resource(name).and_then(|r| Ok((r, begun?))) {
            Ok((resource, ctx)) => {
                let cancel = ctx.cancel.clone();
                let _reading = self.handoffs().begin_read();
                attend(resource.read(ctx, state), &cancel, &cancelled).await
            }
            Err(errors) => kept(state, Dynamic::Null, private, errors),
        }
    }

    /// Brings an existing object into state.
    pub async fn import(
        &self,
        name: &str,
        request: ImportRequest,
        cancelled: CancellationToken,
    ) -> Answer {
        let begun = self.begin(&Private::default());
        match self.resource(name).and_then(|r| Ok((r, begun?))) {
            Ok((resource, ctx)) => {
                let cancel = ctx.cancel.clone();
                let _looking = self.handoffs().begin_look();
                attend(resource.import(ctx, request), &cancel, &cancelled).await
            }
            Err(errors) => kept(Dynamic::Null, Dynamic::Null, Private::default(), errors),
        }
    }

    /// Carries out a plan. After an error that says nothing else the prior state stays.
    pub async fn apply(
        &self,
        name: &str,
        request: ApplyRequest,
        cancelled: CancellationToken,
    ) -> Answer {
        let begun = self.begin(&request.private);
        match self.resource(name).and_then(|r| Ok((r, begun?))) {
            Ok((resource, ctx)) => {
                let (handoffs, settings) = {
                    let run = self.run();
                    (Arc::clone(&run.handoffs), run.settings.clone())
                };
                let cancel = ctx.cancel.clone();
                let application = Application {
                    resource,
                    handoffs: &handoffs,
                    api: ctx.api,
                    cancel: ctx.cancel,
                    settings,
                    now: (self.clock)(),
                };
                attend(application.carry_out(request), &cancel, &cancelled).await
            }
            Err(errors) => kept(request.prior, request.identity, request.private, errors),
        }
    }

    /// Reads what a data source asks for.
    pub async fn read_data(
        &self,
        name: &str,
        config: Dynamic,
        cancelled: CancellationToken,
    ) -> Result<DataAnswer, Diagnostics> {
        let source = self.data_source(name)?;
        let ctx = self.begin(&Private::default())?;
        let cancel = ctx.cancel.clone();
        let _looking = self.handoffs().begin_look();
        attend(source.read(ctx, config), &cancel, &cancelled).await
    }

    /// Sends the objects that a list resource finds. Answers what went wrong, or is to
    /// be said.
    pub async fn list(
        &self,
        name: &str,
        request: ListRequest,
        found: mpsc::Sender<Listed>,
        cancelled: CancellationToken,
    ) -> Result<Diagnostics, Diagnostics> {
        let list = self.list_resource(name)?;
        let ctx = self.begin(&Private::default())?;
        let cancel = ctx.cancel.clone();
        Ok(attend(list.list(ctx, request, found), &cancel, &cancelled).await)
    }

    /// The surroundings of one operation, which ends with the run.
    fn begin(&self, private: &Private) -> Result<Ctx<P::Api>, Diagnostics> {
        let run = self.run();
        let api = match &run.configured {
            Some(Configured::Ready(api)) => api.clone(),
            Some(Configured::Unusable(error)) => return Err(error.clone().into()),
            Some(Configured::Unknown(arguments)) => return Err(unknown(arguments)),
            None => return Err(unconfigured()),
        };
        let cancel = run.cancel.child_token();
        Ok(Ctx::new(api, cancel, private.clone()))
    }

    /// A panic elsewhere does not make the run wrong.
    fn run(&self) -> MutexGuard<'_, Run<P>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for an operation, and interrupts it when its caller goes away.
async fn attend<T>(
    operation: impl Future<Output = T>,
    cancel: &CancellationToken,
    cancelled: &CancellationToken,
) -> T {
    tokio::pin!(operation);
    tokio::select! {
        answer = &mut operation => answer,
        () = cancelled.cancelled() => {
            cancel.cancel();
            operation.await
        }
    }
}

/// An absent provider block is an empty one.
fn read_config<P: Provider>(config: Dynamic) -> Result<P::Config, Diagnostics> {
    if config.is_null() {
        return Ok(P::Config::default());
    }
    read_model(config).map_err(|error| {
        let detail = format!("The provider configuration cannot be read: {error}.");
        Diagnostic::error("Invalid provider configuration", detail)
            .at_path(error.path())
            .into()
    })
}

/// An answer that changes nothing.
fn kept(state: Dynamic, identity: Dynamic, private: Private, diagnostics: Diagnostics) -> Answer {
    Answer {
        state,
        identity,
        private,
        diagnostics,
    }
}
