//! What Terraform can know about one value.

use crate::value::Unknown;

/// One attribute of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// Set, but not known before apply.
    Unknown(Unknown),
    /// Set and known.
    Known(T),
}

impl<T> Attr<T> {
    /// A value to be known after apply.
    pub fn unknown() -> Self {
        Self::Unknown(Unknown::default())
    }

    /// The value, if there is one and it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown(_) => None,
        }
    }

    /// Whether the attribute is not set.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the value is not known before apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

impl Attr<String> {
    /// The text, empty unless known. For text whose absence an API answers as well.
    pub fn text(&self) -> &str {
        self.known().map_or("", String::as_str)
    }
}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T> From<Option<T>> for Attr<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl From<&str> for Attr<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}
