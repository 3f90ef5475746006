//! The attributes of a page, in the groups and words that registries' pages have.

use std::fmt::Write;

use framework::value::Type;
use framework::{Attribute, Schema, Shape};

const WRITE_ONLY: &str =
    "https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments";

/// All attributes, then those of nested objects.
pub fn attributes(schema: &Schema) -> String {
    let mut text = "## Schema\n".to_owned();
    let mut nested = Vec::new();
    for (title, group) in groups(&schema.attributes) {
        let _ = write!(text, "\n### {title}\n\n");
        if group.iter().any(|attribute| attribute.spec.write_only) {
            let _ = write!(
                text,
                "> **NOTE**: [Write-only arguments]({WRITE_ONLY}) need Terraform 1.11 or OpenTofu \
                 1.11.\n\n"
            );
        }
        lines(&mut text, &group, &[], &mut nested);
    }
    inner(&mut text, nested);
    text
}

/// Nested objects one after another, the outer ones first.
fn inner(text: &mut String, nested: Vec<(Vec<String>, Vec<Attribute>)>) {
    for (path, attributes) in nested {
        let (anchor, name) = (path.join("--"), path.join("."));
        let _ = write!(
            text,
            "\n<a id=\"nestedatt--{anchor}\"></a>\n### Nested Schema for `{name}`\n"
        );
        let mut deeper = Vec::new();
        for (title, group) in groups(&attributes) {
            let _ = write!(text, "\n{title}:\n\n");
            lines(text, &group, &path, &mut deeper);
        }
        inner(text, deeper);
    }
}

fn groups(attributes: &[Attribute]) -> Vec<(&'static str, Vec<&Attribute>)> {
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_by_key(|attribute| attribute.name);
    let of = |title, is: fn(&Attribute) -> bool| {
        let group: Vec<&Attribute> = sorted.iter().copied().filter(|a| is(a)).collect();
        (title, group)
    };
    let groups = [
        of("Required", |a| a.spec.required),
        of("Optional", |a| a.spec.optional),
        of("Read-Only", |a| !a.spec.required && !a.spec.optional),
    ];
    groups
        .into_iter()
        .filter(|(_, group)| !group.is_empty())
        .collect()
}

fn lines(
    text: &mut String,
    group: &[&Attribute],
    path: &[String],
    nested: &mut Vec<(Vec<String>, Vec<Attribute>)>,
) {
    for attribute in group {
        let name = attribute.name;
        assert!(
            attribute.spec.doc.ends_with('.'),
            "{name} is documented in sentences"
        );
        let mut kind = match &attribute.shape {
            Shape::Plain(ty) => title(ty),
            Shape::Object(_) => "Attributes".to_owned(),
            Shape::MapOf(_) => "Attributes Map".to_owned(),
            Shape::ListOf(_) => "Attributes List".to_owned(),
        };
        if attribute.spec.sensitive {
            kind.push_str(", Sensitive");
        }
        if attribute.spec.write_only {
            let _ = write!(kind, ", [Write-only]({WRITE_ONLY})");
        }
        let _ = write!(text, "- `{name}` ({kind}) {}", attribute.spec.doc);
        if attribute.spec.replaces {
            text.push_str(" A change replaces the resource.");
        }
        if let Shape::Object(inner) | Shape::MapOf(inner) | Shape::ListOf(inner) = &attribute.shape
        {
            let mut path = path.to_vec();
            path.push(name.to_owned());
            let anchor = path.join("--");
            let _ = write!(
                text,
                " (see [below for nested schema](#nestedatt--{anchor}))"
            );
            nested.push((path, inner.clone()));
        }
        text.push('\n');
    }
}

/// A type as pages name it.
pub fn title(ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::List(element) => format!("List of {}", title(element)),
        Type::Object(_) => "Object".to_owned(),
        other => unreachable!("{other:?} is not used"),
    }
}

/// A type as signatures name it.
pub fn word(ty: &Type) -> &'static str {
    match ty {
        Type::String => "string",
        Type::Bool => "bool",
        Type::Object(_) => "object",
        other => unreachable!("{other:?} is not used"),
    }
}
