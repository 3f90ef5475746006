//! What any bytes may do to the provider.
//!
//! A target takes bytes as they could come from Terraform, from a state file, from a
//! user or from the network, and panics where a rule is broken: a value that does not
//! survive its own encoding, a secret in a message, a panic inside. `cargo xtask fuzz`
//! looks for such bytes as long as it is let; the tests try what it has found so far
//! (`corpus/`), and thousands of variations of that.

mod answers;
mod api;
mod credentials;
mod provider;
mod rpc;
mod texts;
mod values;

#[cfg(test)]
mod tests;

/// One way into the provider.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Takes the bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 6] = [
    Target {
        name: "msgpack",
        run: values::msgpack,
    },
    Target {
        name: "state",
        run: values::state,
    },
    Target {
        name: "type",
        run: values::type_json,
    },
    Target {
        name: "pem",
        run: texts::pem,
    },
    Target {
        name: "answer",
        run: api::answer,
    },
    Target {
        name: "rpc",
        run: rpc::sequence,
    },
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
