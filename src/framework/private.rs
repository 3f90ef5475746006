//! Private state: facts that Terraform keeps beside a resource and never shows.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Named facts about one resource. Not encrypted: never put a secret here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Private(BTreeMap<String, Json>);

impl Private {
    /// Reads what an earlier answer stored. Bytes that another version or a
    /// stranger wrote count as nothing known.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(serde_json::from_slice(bytes).unwrap_or_default())
    }

    /// The bytes to store; none if nothing is known.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// A fact by name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// Stores a fact.
    pub fn set(&mut self, name: &str, fact: impl Into<Json>) {
        self.0.insert(name.to_owned(), fact.into());
    }
}
