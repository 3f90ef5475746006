//! What a resource is.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::{
    ApiObject, ApiObjects, Change, Deposed, Diagnostic, Diagnostics, Foreign, Model, Private,
    Successor,
};

/// A managed resource: its model, its identity and what to do. Nothing of the wire.
pub trait Resource: Send + Sync + 'static {
    /// What the provider's configuration makes: the way to the API.
    type Api: Clone + Send + Sync + 'static;
    /// What the provider's configuration says to planning.
    type Settings: Send + Sync + 'static;
    /// Its attributes.
    type Model: Model;
    /// What identifies it across configurations.
    type Identity: Model;
    /// Its type name, such as `example_thing`.
    const NAME: &'static str;
    /// What it is, in Markdown.
    const DOC: &'static str;
    /// What brings stored state from each version of its shape to the next: the first one
    /// from version 0 to 1. The current version is their number.
    const UPGRADES: &'static [Upgrade] = &[];

    /// Checks the structure of a configuration. Meaning is checked at plan,
    /// because mocked tests of users' modules pass through here.
    fn validate(&self, _config: &Self::Model, _report: &mut Diagnostics) {}

    /// Completes and checks the plan of a create or an update.
    fn plan(&self, change: &mut Change<'_, Self::Model, Self::Settings>);

    /// What identifies this object.
    fn identity(&self, model: &Self::Model) -> Self::Identity;

    /// What no update can change; none while it is not known. A replacement of one address
    /// that stays in its place is carried out in place.
    fn place(&self, model: &Self::Model) -> Option<String>;

    /// The objects of the API that it stands for; none while they are not known. What one
    /// address destroys and another is to have is left to the other.
    fn objects(&self, model: &Self::Model) -> Option<ApiObjects> {
        Some([ApiObject::new(Self::NAME, self.place(model)?)].into())
    }

    /// The type of its objects, which are the same whichever resource stands for them; none
    /// if each resource makes its own.
    const OBJECTS: Option<&'static str> = Some(Self::NAME);

    /// Whether an update takes away objects that it no longer stands for.
    const TAKES_AWAY: bool = false;

    /// Leaves these of its objects to their successors instead of destroying them, and warns
    /// of it. Answers what is left to be destroyed. What an error has no state for stays.
    fn leave(
        &self,
        ctx: &Ctx<Self::Api>,
        state: Self::Model,
        objects: &ApiObjects,
        to: Successor,
    ) -> impl Future<Output = Result<Option<Self::Model>, Failed<Self::Model>>> + Send;

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

    /// Finds an object that exists already. What is not set and has a default gets it.
    fn import(
        &self,
        ctx: &Ctx<Self::Api>,
        identity: Self::Identity,
    ) -> impl Future<Output = Result<Self::Model, Diagnostics>> + Send;

    /// Makes an object of another provider one of this type. There is no API here: what
    /// the other state lacks stays null, and the read that follows fills it. What has a
    /// default gets it. Without a word of its own, a type takes nothing over.
    fn moved(&self, source: &Foreign) -> Result<Moved<Self::Model>, Diagnostics> {
        Err(Diagnostic::error(
            "Move is not supported",
            format!("{} cannot become an {}.", source.type_name, Self::NAME),
        )
        .into())
    }

    /// Changes the object in place. An error without a state keeps the prior one.
    fn update(
        &self,
        ctx: &Ctx<Self::Api>,
        prior: Self::Model,
        planned: Planned<Self::Model>,
    ) -> impl Future<Output = Applied<Self::Model>> + Send;

    /// Destroys the object. An error without a state keeps the prior one.
    fn delete(
        &self,
        ctx: &Ctx<Self::Api>,
        state: Self::Model,
    ) -> impl Future<Output = Result<(), Failed<Self::Model>>> + Send;
}

/// One step between two versions of a stored shape.
pub type Upgrade = fn(&mut serde_json::Map<String, serde_json::Value>);

/// What a create or an update receives.
pub struct Planned<M> {
    /// What the user wrote: the only place of write-only values.
    pub config: M,
    /// What was promised.
    pub plan: M,
}

impl<M> Planned<M> {
    /// The same of the model that this one wraps.
    pub fn unwrapped<N: From<M>>(self) -> Planned<N> {
        Planned {
            config: self.config.into(),
            plan: self.plan.into(),
        }
    }
}

/// An object that came from another provider.
pub struct Moved<M> {
    /// What it is here.
    pub model: M,
    /// What to say about it.
    pub warning: Option<Diagnostic>,
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

impl<M> Failed<M> {
    /// The same of a model that wraps this one.
    pub fn wrapped<N: From<M>>(self) -> Failed<N> {
        Failed {
            state: self.state.map(N::from),
            diagnostics: self.diagnostics,
        }
    }
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
    /// Since when the object is deposed, if it is: another one has its address.
    pub deposed: Option<Deposed>,
    warnings: Mutex<Diagnostics>,
    private: Mutex<Private>,
}

impl<A> Ctx<A> {
    /// The surroundings of one operation that starts from these private facts.
    pub fn new(api: A, cancel: CancellationToken, private: Private) -> Self {
        Self {
            api,
            cancel,
            deposed: None,
            warnings: Mutex::default(),
            private: Mutex::new(private),
        }
    }

    /// The same, of a deposed object.
    pub(super) fn of_deposed(self, since: Deposed) -> Self {
        Self {
            deposed: Some(since),
            ..self
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

    /// What the operation left behind.
    pub(super) fn finish(self) -> (Diagnostics, Private) {
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
