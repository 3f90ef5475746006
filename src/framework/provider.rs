//! The provider as a whole: its configuration, its resources, and the state of
//! one process that serves them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::doubles::{Doubles, Fate};
use super::{
    Answer, AnyResource, ApplyRequest, Ctx, Diagnostic, Diagnostics, ImportRequest, Model,
    PlanAnswer, PlanRequest, Private, Schema, read_model,
};
use crate::value::Dynamic;

/// A provider: what configures it and what it manages.
pub trait Provider: Send + Sync + 'static {
    /// Its arguments.
    type Config: Model;
    /// What configuring makes: the way to the API.
    type Api: Clone + Send + Sync + 'static;
    /// What the configuration says to planning, which never meets the API.
    type Settings: Default + Clone + Send + Sync + 'static;

    /// What it is, in Markdown.
    const DOC: &'static str;

    /// Its resources.
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Api, Self::Settings>>>;

    /// Checks the form of a configuration, which may hold unknown values.
    fn validate(&self, config: &Self::Config, report: &mut Diagnostics);

    /// The settings of a valid configuration; the default where it is not known yet.
    fn settings(&self, config: &Self::Config) -> Self::Settings;

    /// Makes the way to the API. Opens no connection.
    fn configure(
        &self,
        config: &Self::Config,
        host: &Host,
    ) -> Result<Configured<Self::Api>, Diagnostics>;
}

/// Who runs the provider.
pub struct Host {
    /// The version it calls itself; for the user agent only, since OpenTofu sends another's.
    pub version: String,
}

/// What a configuration came to.
#[derive(Clone)]
pub enum Configured<A> {
    /// Everything is there.
    Ready(A),
    /// Arguments (named) become known only at apply.
    Unknown(Vec<&'static str>),
    /// Something is missing; the message says what. Only what needs the API fails.
    Missing(Diagnostic),
}

/// One process that serves a provider.
pub struct Server<P: Provider> {
    provider: P,
    schema: Schema,
    resources: Vec<Box<dyn AnyResource<P::Api, P::Settings>>>,
    clock: fn() -> Timestamp,
    run: Mutex<Run<P>>,
}

/// A resource and the surroundings of one operation on it.
type Begun<'a, A, S> = (&'a dyn AnyResource<A, S>, Ctx<A>);

/// What ConfigureProvider begins and StopProvider ends.
struct Run<P: Provider> {
    configured: Option<Configured<P::Api>>,
    settings: P::Settings,
    cancel: CancellationToken,
    /// What planning has told and is to tell no more.
    told: HashSet<String>,
    doubles: Doubles,
}

impl<P: Provider> Run<P> {
    fn new(configured: Option<Configured<P::Api>>, settings: P::Settings) -> Self {
        Self {
            configured,
            settings,
            cancel: CancellationToken::new(),
            told: HashSet::new(),
            doubles: Doubles::default(),
        }
    }
}

impl<P: Provider> Server<P> {
    /// A server of this provider that tells the time by `clock`.
    pub fn new(provider: P, clock: fn() -> Timestamp) -> Arc<Self> {
        Arc::new(Self {
            schema: P::Config::schema(0, P::DOC),
            resources: provider.resources(),
            provider,
            clock,
            run: Mutex::new(Run::new(None, P::Settings::default())),
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

    /// A resource by its type name.
    pub fn resource(
        &self,
        name: &str,
    ) -> Result<&dyn AnyResource<P::Api, P::Settings>, Diagnostics> {
        let found = self.resources.iter().find(|r| r.name() == name);
        found.map(|resource| &**resource).ok_or_else(|| {
            Diagnostic::error(
                "Unknown resource type",
                format!("This provider has no resource type {name:?}."),
            )
            .into()
        })
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

    /// Takes a configuration into force and begins a new run. May be called again.
    pub fn configure(&self, config: Dynamic, host: &Host) -> Diagnostics {
        let run = read_config::<P>(config).and_then(|config| {
            let configured = self.provider.configure(&config, host)?;
            Ok(Run::new(Some(configured), self.provider.settings(&config)))
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

    /// Plans a change. Needs credentials, unless they become known only at apply.
    pub fn plan(&self, name: &str, request: impl FnOnce(Timestamp) -> PlanRequest) -> PlanAnswer {
        let refused = |diagnostics: Diagnostics| PlanAnswer {
            diagnostics,
            ..PlanAnswer::default()
        };
        let resource = match self.resource(name) {
            Ok(resource) => resource,
            Err(errors) => return refused(errors),
        };
        let settings = {
            let run = self.run();
            if let Some(Configured::Missing(error)) = &run.configured {
                return refused(error.clone().into());
            }
            run.settings.clone()
        };
        let request = request((self.clock)());
        let fate = match (request.prior.is_null(), request.proposed.is_null()) {
            _ if resource.shares_identity() => None,
            (true, false) => Some(Fate::Created),
            (false, true) => Some(Fate::Destroyed),
            _ => None,
        };
        let mut answer = resource.plan(request, &settings);
        let mut run = self.run();
        let told = &mut run.told;
        answer
            .diagnostics
            .retain(|d| !d.once || told.insert(d.detail.clone()));
        if let Some((fate, identity)) = fate.zip(answer.identity.as_ref()) {
            let double = run.doubles.note(name, identity, fate);
            answer.diagnostics.extend(double);
        }
        answer
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
        match self.begin(name, &private) {
            Ok((resource, ctx)) => {
                let cancel = ctx.cancel.clone();
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
        match self.begin(name, &Private::default()) {
            Ok((resource, ctx)) => {
                let cancel = ctx.cancel.clone();
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
        match self.begin(name, &request.private) {
            Ok((resource, ctx)) => {
                let cancel = ctx.cancel.clone();
                attend(resource.apply(ctx, request), &cancel, &cancelled).await
            }
            Err(errors) => kept(request.prior, request.identity, request.private, errors),
        }
    }

    /// The resource and the surroundings of one operation, which ends with the run.
    fn begin(
        &self,
        name: &str,
        private: &Private,
    ) -> Result<Begun<'_, P::Api, P::Settings>, Diagnostics> {
        let resource = self.resource(name)?;
        let run = self.run();
        let api = match &run.configured {
            Some(Configured::Ready(api)) => api.clone(),
            Some(Configured::Missing(error)) => return Err(error.clone().into()),
            Some(Configured::Unknown(arguments)) => return Err(unknown(arguments)),
            None => return Err(unconfigured()),
        };
        let cancel = run.cancel.child_token();
        Ok((resource, Ctx::new(api, cancel, private.clone())))
    }

    /// A panic elsewhere does not make the run wrong.
    fn run(&self) -> MutexGuard<'_, Run<P>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for an operation, and interrupts it when its caller goes away.
async fn attend(
    operation: impl Future<Output = Answer>,
    cancel: &CancellationToken,
    cancelled: &CancellationToken,
) -> Answer {
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

fn unknown(arguments: &[&str]) -> Diagnostics {
    Diagnostic::error(
        "Provider configuration is not known yet",
        format!(
            "The provider's {} will be known only after apply, so Cloudflare cannot be asked now. \
             Apply what it depends on first (with -target), or give the value as a variable or in \
             the environment.",
            arguments.join(" and ")
        ),
    )
    .into()
}

fn unconfigured() -> Diagnostics {
    Diagnostic::error(
        "Provider is not configured",
        "Terraform asked for an operation before it configured the provider. Run the command \
         again; if this comes back, report it as a bug of the provider.",
    )
    .into()
}
