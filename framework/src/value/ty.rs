//! Types of values and their JSON form, e.g. `["map","string"]`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::DecodeError;
use crate::json;

/// The type that directs how a value is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// UTF-8 text.
    String,
    /// A number of any precision.
    Number,
    /// True or false.
    Bool,
    /// Any type; the value carries its own.
    Dynamic,
    /// A sequence of one type.
    List(Box<Type>),
    /// A collection of one type without order or duplicates.
    Set(Box<Type>),
    /// Values of one type by name.
    Map(Box<Type>),
    /// A fixed set of named attributes.
    Object(BTreeMap<String, Type>),
    /// A fixed sequence of types.
    Tuple(Vec<Type>),
}

impl Type {
    /// Reads the JSON form. Fails on anything that is not a type.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DecodeError> {
        let json =
            json::read(bytes).map_err(|error| DecodeError::new(format!("not a type: {error}")))?;
        Self::parse(&json)
    }

    /// The minified JSON form, as schemas carry it.
    pub fn to_json(&self) -> String {
        self.render().to_string()
    }

    pub(super) fn parse(json: &Json) -> Result<Self, DecodeError> {
        let unknown = || DecodeError::new("not a type");
        if let Some(name) = json.as_str() {
            return match name {
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(unknown()),
            };
        }
        let parts = json.as_array().ok_or_else(unknown)?;
        let (kind, inner) = match parts.as_slice() {
            [kind, inner] => (kind, inner),
            // The third element names optional attributes, which values do not care about.
            [kind, inner, _] if kind == "object" => (kind, inner),
            _ => return Err(unknown()),
        };
        let boxed = || Self::parse(inner).map(Box::new);
        match kind.as_str().ok_or_else(unknown)? {
            "list" => boxed().map(Self::List),
            "set" => boxed().map(Self::Set),
            "map" => boxed().map(Self::Map),
            "object" => {
                let attributes = inner.as_object().ok_or_else(unknown)?;
                let typed = attributes
                    .iter()
                    .map(|(name, json)| Ok((name.clone(), Self::parse(json)?)));
                typed.collect::<Result<_, _>>().map(Self::Object)
            }
            "tuple" => {
                let elements = inner.as_array().ok_or_else(unknown)?;
                let typed = elements.iter().map(Self::parse);
                typed.collect::<Result<_, _>>().map(Self::Tuple)
            }
            _ => Err(unknown()),
        }
    }

    fn render(&self) -> Json {
        let pair = |kind: &str, inner: Json| Json::Array(vec![kind.into(), inner]);
        match self {
            Self::String => "string".into(),
            Self::Number => "number".into(),
            Self::Bool => "bool".into(),
            Self::Dynamic => "dynamic".into(),
            Self::List(element) => pair("list", element.render()),
            Self::Set(element) => pair("set", element.render()),
            Self::Map(element) => pair("map", element.render()),
            Self::Object(attributes) => {
                let rendered = attributes
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.render()));
                pair("object", Json::Object(rendered.collect()))
            }
            Self::Tuple(elements) => pair(
                "tuple",
                Json::Array(elements.iter().map(Self::render).collect()),
            ),
        }
    }
}
