//! A small framework for Terraform and OpenTofu providers: typed models with one
//! definition, a pure planner, diagnostics with attribute paths, private and partial state,
//! and the protocol under them.
//!
//! A resource is a [`Model`] (its attributes, described once) and a [`Resource`] (what to
//! do). The framework knows Terraform's words (config, prior, plan, state) and not what a
//! provider is for. [`Server`] is one process; [`wire`] speaks to it for the host, and
//! [`plugin`] starts and ends it. `examples/notes.rs` is a whole provider.
//!
//! ```
//! use framework::{Attr, Model, Shape, Walk};
//! use framework::value::Type;
//!
//! #[derive(Clone, Default, PartialEq)]
//! struct Note {
//!     path: Attr<String>,
//!     is_binary: Attr<bool>,
//! }
//!
//! impl Model for Note {
//!     fn describe(&mut self, walk: &mut dyn Walk) {
//!         let Self { path, is_binary } = self;
//!         walk.attr("path", path).required().replaces().doc("The file.");
//!         walk.attr("is_binary", is_binary).computed().doc("Whether it is binary.");
//!     }
//! }
//!
//! let schema = Note::schema(0, "A note.");
//! assert!(schema.attributes[0].spec.replaces);
//! assert!(matches!(schema.attributes[1].shape, Shape::Plain(Type::Bool)));
//! ```

mod any_resource;
mod attr;
mod data_source;
mod diagnostic;
mod duration;
mod entry;
mod foreign;
mod function;
mod handoff;
mod import;
mod json;
mod kind;
mod list_resource;
mod model;
mod plan;
pub mod plugin;
mod private;
mod provider;
mod resource;
mod schema;
mod server;
mod timeouts;
mod upgrade;
pub mod value;
pub mod wire;

#[cfg(test)]
mod tests;

pub use any_resource::{
    Answer, AnyResource, ApplyRequest, ClientCapabilities, ImportRequest, PlanAnswer, PlanRequest,
};
pub use attr::Attr;
pub use data_source::{AnyDataSource, DataAnswer, DataEntry, DataSource};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use duration::parse_duration;
pub use entry::Entry;
pub use foreign::{Attributes, Foreign};
pub use function::{ArgumentError, Function, Parameter};
pub use handoff::{ApiObject, ApiObjects, Deposed, Effect, Successor};
pub use kind::{Kind, Object};
pub use list_resource::{AnyListResource, Found, ListEntry, ListRequest, ListResource, Listed};
pub use model::{Model, Walk, read_model, write_model};
pub use plan::Change;
pub use private::Private;
pub use provider::{Configured, Host, Provider};
pub use resource::{Applied, Ctx, Failed, Moved, Planned, Resource, Upgrade};
pub use schema::{Attribute, Schema, Shape, Spec};
pub use server::Server;
pub use timeouts::{Operation, Timeouts};
