//! The schema: what one `describe` walk says about the attributes.

use std::collections::BTreeMap;

use crate::value::{Dynamic, Type};

/// The attributes of a resource, its identity or the provider.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Version of the stored shape.
    pub version: i64,
    /// What it is, in Markdown.
    pub doc: &'static str,
    /// In the order in which they are described.
    pub attributes: Vec<Attribute>,
    /// The type of the whole object.
    pub ty: Type,
}

impl Schema {
    /// A schema of these attributes.
    pub fn new(version: i64, doc: &'static str, attributes: Vec<Attribute>) -> Self {
        let ty = object_type(&attributes);
        Self {
            version,
            doc,
            attributes,
            ty,
        }
    }
}

/// One attribute of a schema.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name in configuration.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// How Terraform treats it.
    pub spec: Spec,
}

/// What the value of an attribute looks like.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A value of a plain type.
    Plain(Type),
    /// One object with attributes of its own.
    Object(Vec<Attribute>),
    /// Such objects by name.
    MapOf(Vec<Attribute>),
    /// Such objects in order.
    ListOf(Vec<Attribute>),
}

impl Shape {
    /// The type that directs the encoding.
    pub fn ty(&self) -> Type {
        match self {
            Self::Plain(ty) => ty.clone(),
            Self::Object(attributes) => object_type(attributes),
            Self::MapOf(attributes) => Type::Map(Box::new(object_type(attributes))),
            Self::ListOf(attributes) => Type::List(Box::new(object_type(attributes))),
        }
    }
}

fn object_type(attributes: &[Attribute]) -> Type {
    let typed = attributes
        .iter()
        .map(|attribute| (attribute.name.to_owned(), attribute.shape.ty()));
    Type::Object(typed.collect::<BTreeMap<_, _>>())
}

/// How Terraform treats an attribute.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// Must be set. In an identity: needed for import.
    pub required: bool,
    /// May be set.
    pub optional: bool,
    /// The provider sets it where the user does not.
    pub computed: bool,
    /// Hidden in Terraform's output.
    pub sensitive: bool,
    /// Sent to the provider and stored nowhere.
    pub write_only: bool,
    /// A change replaces the whole resource.
    pub replaces: bool,
    /// The value where none is set.
    pub default: Option<Dynamic>,
    /// What it is, in Markdown, ending in a full stop.
    pub doc: &'static str,
}

impl Spec {
    /// The user must set it.
    pub fn required(&mut self) -> &mut Self {
        self.required = true;
        self
    }

    /// The user may set it.
    pub fn optional(&mut self) -> &mut Self {
        self.optional = true;
        self
    }

    /// The provider sets it.
    pub fn computed(&mut self) -> &mut Self {
        self.computed = true;
        self
    }

    /// Terraform hides it.
    pub fn sensitive(&mut self) -> &mut Self {
        self.sensitive = true;
        self
    }

    /// It is never stored.
    pub fn write_only(&mut self) -> &mut Self {
        self.write_only = true;
        self
    }

    /// A change replaces the resource.
    pub fn replaces(&mut self) -> &mut Self {
        self.replaces = true;
        self
    }

    /// The user may set it; otherwise it has this value.
    pub fn defaults_to(&mut self, value: impl Into<Dynamic>) -> &mut Self {
        self.optional = true;
        self.computed = true;
        self.default = Some(value.into());
        self
    }

    /// Its documentation.
    pub fn doc(&mut self, doc: &'static str) -> &mut Self {
        self.doc = doc;
        self
    }
}
