//! The value itself, as untyped as it is on the wire.

use std::fmt;
use std::sync::Arc;

use super::{Map, Number, Type};

/// A value whose type is known from elsewhere: from the schema, or, for
/// [`Type::Dynamic`], from the value's own [`Dynamic::Typed`].
#[derive(Clone, PartialEq)]
pub enum Dynamic {
    /// No value.
    Null,
    /// A value that is not known yet.
    Unknown(Unknown),
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// The elements of a list, set or tuple.
    List(Vec<Dynamic>),
    /// The elements of a map or the attributes of an object.
    Map(Map),
    /// A value that carries its own type.
    Typed(Box<(Type, Dynamic)>),
}

/// What is known about an unknown value; usually nothing. Core compares it, so
/// it is carried along unchanged wherever a planned value repeats configuration.
#[derive(Clone, Default, PartialEq)]
pub struct Unknown(Option<Arc<Refinement>>);

impl Unknown {
    /// An unknown value with something known about it.
    pub fn refined(refinement: Refinement) -> Self {
        if refinement == Refinement::default() {
            return Self(None);
        }
        Self(Some(Arc::new(refinement)))
    }

    /// What is known, if anything.
    pub fn refinement(&self) -> Option<&Refinement> {
        self.0.as_deref()
    }
}

/// Facts about a value that is not known yet.
#[derive(Clone, Default, PartialEq)]
pub struct Refinement {
    /// `Some(false)`: certainly not null. `Some(true)`: certainly null.
    pub null: Option<bool>,
    /// How the text will start.
    pub prefix: Option<String>,
    /// Lower bound of a number, and whether it is inclusive.
    pub lower: Option<(Number, bool)>,
    /// Upper bound of a number, and whether it is inclusive.
    pub upper: Option<(Number, bool)>,
    /// Smallest length of a collection.
    pub min_length: Option<i64>,
    /// Greatest length of a collection.
    pub max_length: Option<i64>,
}

impl Dynamic {
    /// An unknown value of which nothing is known.
    pub fn unknown() -> Self {
        Self::Unknown(Unknown::default())
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether nothing in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(entries) => entries.values().all(Self::is_wholly_known),
            Self::Typed(inner) => inner.1.is_wholly_known(),
            _ => true,
        }
    }

    /// What kind of value this is, for error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map or object",
            Self::Typed(_) => "a value of dynamic type",
        }
    }
}

impl From<bool> for Dynamic {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Dynamic {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<i64> for Dynamic {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl fmt::Debug for Unknown {
    /// Without what is known of it, which can be the start of a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown")
    }
}

impl fmt::Debug for Dynamic {
    /// The shape without texts, because any text may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Unknown(_) => f.write_str("unknown"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::String(text) => write!(f, "string of {} bytes", text.len()),
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Map(entries) => f.debug_map().entries(entries.iter()).finish(),
            Self::Typed(inner) => write!(f, "{}: {:?}", inner.0.to_json(), inner.1),
        }
    }
}
