//! JSON, as state files store values. Read leniently, because an older version
//! may have written it: missing attributes are null, unknown ones are ignored.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{DecodeError, Dynamic, Step, Type};
use crate::json;

/// Decodes one stored value of the given type.
pub fn from_json(bytes: &[u8], ty: &Type) -> Result<Dynamic, DecodeError> {
    let json = json::read(bytes).map_err(|error| DecodeError::new(error.to_string()))?;
    value(json, ty)
}

fn value(json: Json, ty: &Type) -> Result<Dynamic, DecodeError> {
    match (ty, json) {
        (_, Json::Null) => Ok(Dynamic::Null),
        (Type::String, Json::String(text)) => Ok(Dynamic::String(text)),
        (Type::String, Json::Number(number)) => Ok(Dynamic::String(number.to_string())),
        (Type::String, Json::Bool(value)) => Ok(Dynamic::String(value.to_string())),
        (Type::Bool, Json::Bool(value)) => Ok(Dynamic::Bool(value)),
        (Type::Bool, Json::String(text)) if text == "true" => Ok(Dynamic::Bool(true)),
        (Type::Bool, Json::String(text)) if text == "false" => Ok(Dynamic::Bool(false)),
        (Type::Number, Json::Number(number)) => number.to_string().parse().map(Dynamic::Number),
        (Type::Number, Json::String(text)) => text.parse().map(Dynamic::Number),
        (Type::List(element) | Type::Set(element), Json::Array(elements)) => {
            list(elements, |_| Some(element))
        }
        (Type::Tuple(types), Json::Array(elements)) if types.len() == elements.len() => {
            list(elements, |index| types.get(index))
        }
        (Type::Map(element), Json::Object(entries)) => {
            let decoded = entries.into_iter().map(|(key, json)| {
                let value = value(json, element).map_err(|e| e.within(Step::Key(key.clone())))?;
                Ok((key, value))
            });
            decoded.collect::<Result<_, _>>().map(Dynamic::Map)
        }
        (Type::Object(attributes), Json::Object(entries)) => object(entries, attributes),
        (Type::Dynamic, Json::Object(mut entries)) => {
            let ty = Type::parse(&entries.remove("type").unwrap_or_default())?;
            let inner = value(entries.remove("value").unwrap_or_default(), &ty)?;
            Ok(Dynamic::Typed(Box::new((ty, inner))))
        }
        (ty, json) => Err(DecodeError::new(format!(
            "expected {}, found {}",
            ty.to_json(),
            kind(&json)
        ))),
    }
}

fn list<'t>(
    elements: Vec<Json>,
    ty: impl Fn(usize) -> Option<&'t Type>,
) -> Result<Dynamic, DecodeError> {
    let decoded = elements.into_iter().enumerate().map(|(index, json)| {
        let ty = ty(index).ok_or_else(|| DecodeError::new("too many elements"));
        ty.and_then(|ty| value(json, ty))
            .map_err(|e| e.within(Step::Index(i64::try_from(index).unwrap_or(i64::MAX))))
    });
    decoded.collect::<Result<_, _>>().map(Dynamic::List)
}

fn object(
    mut entries: serde_json::Map<String, Json>,
    attributes: &BTreeMap<String, Type>,
) -> Result<Dynamic, DecodeError> {
    let decoded = attributes.iter().map(|(name, ty)| {
        let json = entries.remove(name).unwrap_or_default();
        let value = value(json, ty).map_err(|e| e.within(Step::Attribute(name.clone())))?;
        Ok((name.clone(), value))
    });
    decoded.collect::<Result<_, _>>().map(Dynamic::Map)
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
