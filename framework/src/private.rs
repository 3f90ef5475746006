//! Private state: facts that Terraform keeps beside a resource and never shows.

use serde_json::{Map, Value as Json};

use crate::json;

/// Named facts about one resource. Not encrypted: never put a secret here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Private {
    facts: Map<String, Json>,
    /// What cannot be read, because another version or a stranger wrote it. Kept
    /// until there is a fact to store.
    foreign: Vec<u8>,
}

impl Private {
    /// Reads what an earlier answer stored.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match json::read(bytes) {
            Ok(Json::Object(facts)) => Self {
                facts,
                foreign: Vec::new(),
            },
            _ => Self {
                facts: Map::new(),
                foreign: bytes.to_vec(),
            },
        }
    }

    /// The bytes to store; none if nothing is known.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.facts.is_empty() {
            return self.foreign.clone();
        }
        serde_json::to_vec(&self.facts).unwrap_or_default()
    }

    /// A fact by name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.facts.get(name)
    }

    /// Takes a fact out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        self.facts.remove(name)
    }

    /// Stores a fact.
    pub fn set(&mut self, name: &str, fact: impl Into<Json>) {
        self.facts.insert(name.to_owned(), fact.into());
    }
}
