//! What a function is: pure, without the API and without a configuration.

use crate::value::{Dynamic, Type};

/// A function of the provider.
pub trait Function: Send + Sync {
    /// Its name, without the provider's.
    fn name(&self) -> &'static str;
    /// What it is, in one sentence.
    fn summary(&self) -> &'static str;
    /// What it does, in Markdown.
    fn doc(&self) -> &'static str;
    /// What it takes, in order. None of it may be null.
    fn parameters(&self) -> &[Parameter];
    /// The type of what it gives.
    fn result(&self) -> Type;
    /// Calls it with as many known arguments as it takes.
    fn call(&self, arguments: &[Dynamic]) -> Result<Dynamic, ArgumentError>;
}

/// One parameter of a function.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// What it is, in Markdown, ending in a full stop.
    pub doc: &'static str,
}

/// An argument that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// Which one, counted from zero.
    pub argument: usize,
    /// What is wrong and what to do.
    pub text: String,
}
