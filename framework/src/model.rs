//! One definition of a model's attributes, and its three readings: the schema,
//! the decoder and the encoder.

use super::{Attr, Attribute, Kind, Schema, Shape, Spec};
use crate::value::{DecodeError, Dynamic, Map, Step};

/// A typed object: the attributes of a resource, of its identity, of a nested
/// object or of the provider.
pub trait Model: Clone + Default + PartialEq + Send + Sync + 'static {
    /// Names every attribute, its slot and its treatment: the only place where
    /// they are listed. Destructure `self` exhaustively, so that none is forgotten.
    fn describe(&mut self, walk: &mut dyn Walk);

    /// The schema of this model, in its current version and with its documentation.
    fn schema(version: i64, doc: &'static str) -> Schema {
        Schema::new(version, doc, attributes::<Self>())
    }
}

/// One reading of a model's attributes.
pub trait Walk {
    /// Visits one attribute. What is said about it through the answer counts
    /// only where a schema is made.
    fn attr(&mut self, name: &'static str, slot: &mut dyn Slot) -> &mut Spec;
}

/// The place of one attribute in a model. Implemented by [`Attr`] alone.
pub trait Slot {
    /// What its value looks like.
    fn shape(&self) -> Shape;
    /// Fills it.
    fn read(&mut self, value: Dynamic) -> Result<(), DecodeError>;
    /// Its value.
    fn write(&self) -> Dynamic;
}

/// Reads a model from an object. Attributes that the object lacks stay null.
pub fn read_model<M: Model>(value: Dynamic) -> Result<M, DecodeError> {
    let Dynamic::Map(entries) = value else {
        return Err(DecodeError::new(format!(
            "expected an object, found {}",
            value.kind()
        )));
    };
    let mut walk = Read {
        entries,
        error: None,
        spec: Spec::default(),
    };
    let mut model = M::default();
    model.describe(&mut walk);
    walk.error.map_or(Ok(model), Err)
}

/// Writes a model as an object with all its attributes.
pub fn write_model<M: Model>(model: &M) -> Dynamic {
    let mut walk = Write {
        entries: Map::default(),
        spec: Spec::default(),
    };
    model.clone().describe(&mut walk);
    Dynamic::Map(walk.entries)
}

/// The attributes of a model.
pub(super) fn attributes<M: Model>() -> Vec<Attribute> {
    let mut walk = Describe(Vec::new());
    M::default().describe(&mut walk);
    walk.0
}

pub(super) fn read_attr<T: Kind>(value: Dynamic) -> Result<Attr<T>, DecodeError> {
    match value {
        Dynamic::Null => Ok(Attr::Null),
        Dynamic::Unknown(unknown) => Ok(Attr::Unknown(unknown)),
        known => T::read(known).map(Attr::Known),
    }
}

pub(super) fn write_attr<T: Kind>(attr: &Attr<T>) -> Dynamic {
    match attr {
        Attr::Null => Dynamic::Null,
        Attr::Unknown(unknown) => Dynamic::Unknown(unknown.clone()),
        Attr::Known(value) => value.write(),
    }
}

impl<T: Kind> Slot for Attr<T> {
    fn shape(&self) -> Shape {
        T::shape()
    }

    fn read(&mut self, value: Dynamic) -> Result<(), DecodeError> {
        *self = read_attr(value)?;
        Ok(())
    }

    fn write(&self) -> Dynamic {
        write_attr(self)
    }
}

// === The three readings ===

struct Describe(Vec<Attribute>);

impl Walk for Describe {
    fn attr(&mut self, name: &'static str, slot: &mut dyn Slot) -> &mut Spec {
        let attribute = Attribute {
            name,
            shape: slot.shape(),
            spec: Spec::default(),
        };
        &mut self.0.push_mut(attribute).spec
    }
}

struct Read {
    entries: Map,
    /// The first mistake; the rest of the walk then does nothing.
    error: Option<DecodeError>,
    spec: Spec,
}

impl Walk for Read {
    fn attr(&mut self, name: &'static str, slot: &mut dyn Slot) -> &mut Spec {
        if self.error.is_none()
            && let Some(value) = self.entries.remove(name)
            && let Err(error) = slot.read(value)
        {
            self.error = Some(error.within(Step::Attribute(name.to_owned())));
        }
        &mut self.spec
    }
}

struct Write {
    entries: Map,
    spec: Spec,
}

impl Walk for Write {
    fn attr(&mut self, name: &'static str, slot: &mut dyn Slot) -> &mut Spec {
        self.entries.insert(name.to_owned(), slot.write());
        &mut self.spec
    }
}
