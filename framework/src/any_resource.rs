//! A resource without types: what the protocol talks to.

use std::pin::Pin;

use jiff::Timestamp;

use super::{ApiObjects, Ctx, Diagnostics, Effect, Foreign, Private, Schema, Successor};
use crate::value::{Dynamic, Path};

/// What the CLI that asks can do.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientCapabilities {
    /// Whether it knows arguments that are never stored.
    pub write_only_attributes: bool,
}

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
    /// What it does to objects of the API; none after an error.
    pub effect: Option<Effect>,
    /// Facts for the apply.
    pub private: Private,
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
    /// Stored or promised identity, if any.
    pub identity: Dynamic,
    /// Stored facts.
    pub private: Private,
}

/// A request to bring an existing object into state.
pub struct ImportRequest {
    /// The parts of its identity, joined by slashes; empty if it is named by identity.
    pub id: String,
    /// Its identity; null if it is named by id.
    pub identity: Dynamic,
}

/// An answer to come.
pub(super) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A resource whose values are untyped: what the protocol talks to.
pub trait AnyResource<A, S>: Send + Sync {
    /// Its type name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> &Schema;
    /// The schema of its identity.
    fn identity_schema(&self) -> &Schema;
    /// Checks the structure of a configuration.
    fn validate(&self, config: Dynamic, client: ClientCapabilities) -> Diagnostics;
    /// Brings stored state to the current shape.
    fn upgrade(&self, version: i64, json: &[u8]) -> Result<Dynamic, Diagnostics>;
    /// Plans a change under these settings.
    fn plan(&self, request: PlanRequest, settings: &S) -> PlanAnswer;
    /// Reads what is.
    fn read(&self, ctx: Ctx<A>, state: Dynamic) -> Later<'_, Answer>;
    /// Brings an existing object into state. After an error the state is null.
    fn import(&self, ctx: Ctx<A>, request: ImportRequest) -> Later<'_, Answer>;
    /// Takes an object of this type back that the same provider, at another address, has
    /// stored. After an error the state is null.
    fn returned(&self, version: i64, json: &[u8], private: Private) -> Answer;
    /// Makes an object of another provider one of this type. After an error the state is
    /// null.
    fn moved(&self, source: &Foreign) -> Answer;
    /// What cannot change in place; none while it is not known.
    fn place(&self, state: &Dynamic) -> Option<String>;
    /// The objects of the API that it stands for; none while they are not known.
    fn objects(&self, state: &Dynamic) -> Option<ApiObjects>;
    /// Whether what replaces it in its place is the same object.
    fn may_be_copied(&self) -> bool;
    /// What identifies the object of a state; null where there is none.
    fn identity_of(&self, state: &Dynamic) -> Dynamic;
    /// Leaves objects to their successors instead of destroying them. The state is what is
    /// left to be destroyed: null if nothing is, after an error all of it.
    fn leave<'a>(
        &'a self,
        ctx: Ctx<A>,
        state: Dynamic,
        objects: &'a ApiObjects,
        to: Successor,
    ) -> Later<'a, Answer>;
    /// Carries out a plan.
    fn apply(&self, ctx: Ctx<A>, request: ApplyRequest) -> Later<'_, Answer>;
}
