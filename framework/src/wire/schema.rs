//! Schemas as messages.

use super::pb::tfplugin6 as pb;
use crate::{Attribute, Schema, Shape};

/// The schema of a resource or of the provider.
pub(super) fn schema(schema: &Schema) -> pb::Schema {
    pb::Schema {
        version: schema.version,
        block: Some(pb::schema::Block {
            attributes: attributes(&schema.attributes),
            description: schema.doc.to_owned(),
            description_kind: pb::StringKind::Markdown.into(),
            ..Default::default()
        }),
    }
}

/// The schema of an identity, whose required attributes an import must give.
pub(super) fn identity(schema: &Schema) -> pb::ResourceIdentitySchema {
    let attributes =
        schema.attributes.iter().map(
            |attribute| pb::resource_identity_schema::IdentityAttribute {
                name: attribute.name.to_owned(),
                r#type: attribute.shape.ty().to_json().into_bytes(),
                required_for_import: attribute.spec.required,
                optional_for_import: attribute.spec.optional,
                description: attribute.spec.doc.to_owned(),
            },
        );
    pb::ResourceIdentitySchema {
        version: schema.version,
        identity_attributes: attributes.collect(),
    }
}

fn attributes(attributes: &[Attribute]) -> Vec<pb::schema::Attribute> {
    attributes.iter().map(attribute).collect()
}

fn attribute(attribute: &Attribute) -> pb::schema::Attribute {
    use pb::schema::object::NestingMode;
    let nested = |inner: &[Attribute], nesting: NestingMode| pb::schema::Object {
        attributes: attributes(inner),
        nesting: nesting.into(),
        ..Default::default()
    };
    let (plain, nested) = match &attribute.shape {
        Shape::Plain(ty) => (ty.to_json().into_bytes(), None),
        Shape::Object(inner) => (Vec::new(), Some(nested(inner, NestingMode::Single))),
        Shape::MapOf(inner) => (Vec::new(), Some(nested(inner, NestingMode::Map))),
        Shape::ListOf(inner) => (Vec::new(), Some(nested(inner, NestingMode::List))),
    };
    let spec = &attribute.spec;
    pb::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: plain,
        nested_type: nested,
        description: spec.doc.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        required: spec.required,
        optional: spec.optional,
        computed: spec.computed,
        sensitive: spec.sensitive,
        write_only: spec.write_only,
        ..Default::default()
    }
}
