//! What a configuration of the small Terraform declares.

use std::collections::BTreeMap;

use framework::value::Dynamic;

/// A resource of the configuration.
#[derive(Clone)]
pub(super) struct Declared {
    pub(super) address: String,
    pub(super) kind: &'static str,
    pub(super) arguments: Vec<(&'static str, Argument)>,
    /// What it depends on beside its arguments.
    pub(super) needs: Vec<String>,
}

#[derive(Clone)]
pub(super) enum Argument {
    Value(Dynamic),
    /// The id of another resource.
    IdOf(String),
    /// These hostnames, each with the id of another resource as its certificate.
    AllWith(Vec<String>, String),
}

impl Argument {
    /// The resource that has to be there first.
    pub(super) fn needs(&self) -> Option<&String> {
        match self {
            Self::Value(_) => None,
            Self::IdOf(address) | Self::AllWith(_, address) => Some(address),
        }
    }

    pub(super) fn value(&self, ids: &BTreeMap<String, Dynamic>) -> Dynamic {
        let id = |address| ids.get(address).cloned().unwrap_or_else(Dynamic::unknown);
        match self {
            Self::Value(value) => value.clone(),
            Self::IdOf(address) => id(address),
            Self::AllWith(hostnames, address) => {
                let entry = [
                    ("certificate_id".to_owned(), id(address)),
                    ("enabled".to_owned(), Dynamic::Null),
                ];
                let entry = Dynamic::Map(entry.into());
                let entries = hostnames.iter().map(|name| (name.clone(), entry.clone()));
                Dynamic::Map(entries.collect())
            }
        }
    }
}
