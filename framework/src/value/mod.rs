//! Values as Terraform sends them: decoded by the schema's type, with a path to
//! every mistake. Knows no schema traits, no protocol messages and no HTTP.
//!
//! A value travels as MessagePack in requests and answers and as JSON in stored
//! state; both become a [`Dynamic`].

mod dynamic;
mod json;
mod map;
mod msgpack;
mod number;
mod path;
mod ty;

#[cfg(test)]
mod tests;

pub use dynamic::{Dynamic, Refinement, Unknown};
pub use json::from_json;
pub use map::Map;
pub use msgpack::{from_msgpack, to_msgpack};
pub use number::Number;
pub use path::{DecodeError, Path, Step};
pub use ty::Type;
