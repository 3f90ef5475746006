//! The kinds of values that attributes can have.

use std::collections::BTreeMap;

use super::{Attr, Model, Shape, model, read_model, write_model};
use crate::value::{DecodeError, Dynamic, Number, Step, Type};
use text::Secret;

/// A kind of known, non-null value.
pub trait Kind: Clone + PartialEq + Send + Sync + Sized + 'static {
    /// What it looks like in the schema.
    fn shape() -> Shape;
    /// Takes it out of a value that is neither null nor unknown.
    fn read(value: Dynamic) -> Result<Self, DecodeError>;
    /// Puts it into a value.
    fn write(&self) -> Dynamic;
}

/// An object with attributes of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<M>(pub M);

fn mismatch(expected: &str, found: &Dynamic) -> DecodeError {
    DecodeError::new(format!("expected {expected}, found {}", found.kind()))
}

impl Kind for String {
    fn shape() -> Shape {
        Shape::Plain(Type::String)
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        match value {
            Dynamic::String(text) => Ok(text),
            other => Err(mismatch("a string", &other)),
        }
    }

    fn write(&self) -> Dynamic {
        Dynamic::String(self.clone())
    }
}

impl Kind for Secret {
    fn shape() -> Shape {
        Shape::Plain(Type::String)
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        String::read(value).map(Self::new)
    }

    fn write(&self) -> Dynamic {
        Dynamic::String(self.to_state())
    }
}

impl Kind for bool {
    fn shape() -> Shape {
        Shape::Plain(Type::Bool)
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        match value {
            Dynamic::Bool(value) => Ok(value),
            other => Err(mismatch("a bool", &other)),
        }
    }

    fn write(&self) -> Dynamic {
        Dynamic::Bool(*self)
    }
}

impl Kind for Number {
    fn shape() -> Shape {
        Shape::Plain(Type::Number)
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        match value {
            Dynamic::Number(number) => Ok(number),
            other => Err(mismatch("a number", &other)),
        }
    }

    fn write(&self) -> Dynamic {
        Dynamic::Number(self.clone())
    }
}

impl Kind for Vec<Attr<String>> {
    fn shape() -> Shape {
        Shape::Plain(Type::List(Box::new(Type::String)))
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        read_list(value)
    }

    fn write(&self) -> Dynamic {
        write_list(self)
    }
}

impl<M: Model> Kind for Vec<Attr<Object<M>>> {
    fn shape() -> Shape {
        Shape::ListOf(model::attributes::<M>())
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        read_list(value)
    }

    fn write(&self) -> Dynamic {
        write_list(self)
    }
}

fn read_list<T: Kind>(value: Dynamic) -> Result<Vec<Attr<T>>, DecodeError> {
    let Dynamic::List(elements) = value else {
        return Err(mismatch("a list", &value));
    };
    let read = elements.into_iter().enumerate().map(|(index, element)| {
        let step = || Step::Index(i64::try_from(index).unwrap_or(i64::MAX));
        model::read_attr(element).map_err(|error| error.within(step()))
    });
    read.collect()
}

fn write_list<T: Kind>(elements: &[Attr<T>]) -> Dynamic {
    Dynamic::List(elements.iter().map(model::write_attr).collect())
}

impl<M: Model> Kind for Object<M> {
    fn shape() -> Shape {
        Shape::Object(model::attributes::<M>())
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        read_model(value).map(Self)
    }

    fn write(&self) -> Dynamic {
        write_model(&self.0)
    }
}

impl<M: Model> Kind for BTreeMap<String, Attr<Object<M>>> {
    fn shape() -> Shape {
        Shape::MapOf(model::attributes::<M>())
    }

    fn read(value: Dynamic) -> Result<Self, DecodeError> {
        let Dynamic::Map(entries) = value else {
            return Err(mismatch("a map", &value));
        };
        let read = entries.into_iter().map(|(key, value)| {
            let value = model::read_attr(value).map_err(|e| e.within(Step::Key(key.clone())))?;
            Ok((key, value))
        });
        read.collect()
    }

    fn write(&self) -> Dynamic {
        let written = self
            .iter()
            .map(|(key, value)| (key.clone(), model::write_attr(value)));
        Dynamic::Map(written.collect())
    }
}
