//! Values, paths and diagnostics between messages and the framework.

use super::pb::tfplugin6 as pb;
use crate::value::{DecodeError, Dynamic, Path, Step, Type, from_json, from_msgpack, to_msgpack};
use crate::{Diagnostic, Diagnostics, Schema, Severity};
use text::{visible, visible_line};

/// Decodes a value. An absent or empty message is null.
pub(super) fn decode(
    what: &str,
    value: Option<pb::DynamicValue>,
    schema: &Schema,
) -> Result<Dynamic, Diagnostics> {
    decode_as(value, &schema.ty).map_err(|error| {
        Diagnostic::error(
            "Value does not fit the schema",
            format!(
                "The {what} that Terraform sent cannot be read: {error}. Run the command again; \
                 if this comes back, report it as a bug of the provider."
            ),
        )
        .at_path(error.path())
        .into()
    })
}

/// Decodes a value of a type. An absent or empty message is null.
pub(super) fn decode_as(
    value: Option<pb::DynamicValue>,
    ty: &Type,
) -> Result<Dynamic, DecodeError> {
    let value = value.unwrap_or_default();
    if !value.msgpack.is_empty() {
        from_msgpack(&value.msgpack, ty)
    } else if !value.json.is_empty() {
        from_json(&value.json, ty)
    } else {
        Ok(Dynamic::Null)
    }
}

/// Encodes a value.
pub(super) fn encode(value: &Dynamic, schema: &Schema) -> Result<pb::DynamicValue, Diagnostics> {
    encode_as(value, &schema.ty).map_err(|error| {
        Diagnostics::from(Diagnostic::error(
            "Bug in the provider",
            format!("The provider made a value that does not fit its own schema: {error}."),
        ))
    })
}

/// Encodes a value of a type.
pub(super) fn encode_as(value: &Dynamic, ty: &Type) -> Result<pb::DynamicValue, DecodeError> {
    Ok(pb::DynamicValue {
        msgpack: to_msgpack(value, ty)?,
        json: Vec::new(),
    })
}

/// Encodes an identity; none if it is null.
pub(super) fn encode_identity(
    identity: &Dynamic,
    schema: &Schema,
) -> Result<Option<pb::ResourceIdentityData>, Diagnostics> {
    if identity.is_null() {
        return Ok(None);
    }
    let identity_data = Some(encode(identity, schema)?);
    Ok(Some(pb::ResourceIdentityData { identity_data }))
}

/// Decodes an identity; null if there is none.
pub(super) fn decode_identity(
    identity: Option<pb::ResourceIdentityData>,
    schema: &Schema,
) -> Result<Dynamic, Diagnostics> {
    decode("identity", identity.and_then(|i| i.identity_data), schema)
}

pub(super) fn diagnostics(diagnostics: Diagnostics) -> Vec<pb::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> pb::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => pb::diagnostic::Severity::Error,
        Severity::Warning => pb::diagnostic::Severity::Warning,
    };
    pb::Diagnostic {
        severity: severity.into(),
        // Whatever came into the text on the way: it can be seen as it is.
        summary: visible_line(&diagnostic.summary),
        detail: visible(&diagnostic.detail).into_owned(),
        attribute: diagnostic.path.as_ref().map(attribute_path),
    }
}

pub(super) fn attribute_path(path: &Path) -> pb::AttributePath {
    use pb::attribute_path::{Step as Message, step::Selector};
    let steps = path.steps().iter().map(|step| Message {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        }),
    });
    pb::AttributePath {
        steps: steps.collect(),
    }
}
