//! Objects that another provider kept in state.

use serde_json::{Map, Value as Json};

use super::{Diagnostic, Diagnostics};
use crate::json;

/// An object as another provider stored it: what a `moved` block brings.
pub struct Foreign {
    /// The address of the provider, such as `registry.terraform.io/hashicorp/random`.
    pub provider: String,
    /// Its type, such as `random_pet`.
    pub type_name: String,
    /// The version of the stored shape.
    pub version: i64,
    /// What was stored.
    pub attributes: Attributes,
}

/// Stored attributes of any shape. What is absent, null, empty or of another type
/// reads as `None`: old versions differ in all of these.
#[derive(Clone, Default)]
pub struct Attributes(Map<String, Json>);

impl Attributes {
    /// Reads stored JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, Diagnostics> {
        match json::read(json) {
            Ok(Json::Object(attributes)) => Ok(Self(attributes)),
            _ => Err(Diagnostic::error(
                "Stored state cannot be read",
                "The state of the object that is to be moved is no JSON object. Restore the state \
                 from a backup, or remove the moved block and import the object.",
            )
            .into()),
        }
    }

    /// Whether an attribute of this name is stored, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let text = self.0.get(name)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    /// A flag.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// An object.
    pub fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().cloned().map(Self)
    }

    /// The objects of a list.
    pub fn list(&self, name: &str) -> Vec<Self> {
        let list = self.0.get(name).and_then(Json::as_array);
        let objects = list.into_iter().flatten().filter_map(Json::as_object);
        objects.cloned().map(Self).collect()
    }
}
