//! MessagePack, as the plugin protocol encodes values: directed by the type,
//! with extension codes for what is not known yet.
//!
//! The reader trusts nothing: it never allocates more than its input paid for,
//! never recurses deeper than the type (or the one limit of depth, where values carry their
//! own types), and names the place of every mistake.

mod read;
mod write;

use super::{DecodeError, Dynamic, Type};
use read::Reader;

/// Extension code of an unknown value that has a refinement.
const REFINED: i8 = 12;

/// Decodes one value of the given type. Objects must have exactly the type's
/// attributes; bytes after the value are an error.
pub fn from_msgpack(bytes: &[u8], ty: &Type) -> Result<Dynamic, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = reader.value(ty)?;
    if reader.is_at_end() {
        Ok(value)
    } else {
        Err(DecodeError::new("unexpected bytes after the value"))
    }
}

/// Encodes a value of the given type. A value that does not fit its type is a
/// mistake of this provider and an error at its place.
pub fn to_msgpack(value: &Dynamic, ty: &Type) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::new();
    write::write(&mut out, value, ty)?;
    Ok(out)
}

fn expected(ty: &Type) -> &'static str {
    match ty {
        Type::String => "a string",
        Type::Number => "a number",
        Type::Bool => "a bool",
        Type::Dynamic => "a value with its type",
        Type::List(_) | Type::Set(_) => "a list",
        Type::Tuple(_) => "a list of fixed length",
        Type::Map(_) => "a map",
        Type::Object(_) => "an object",
    }
}
