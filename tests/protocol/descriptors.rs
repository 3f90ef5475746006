//! Our `proto/` against the table of names and numbers that hosts use.

use std::collections::BTreeSet;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto};

#[test]
fn names_and_numbers_are_those_of_protocol_6_11() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let files = protox::compile(["tfplugin6.proto"], [root]).unwrap();
    let file = files
        .file
        .iter()
        .find(|file| file.package() == "tfplugin6")
        .unwrap();
    let mut ours = BTreeSet::new();
    for message in &file.message_type {
        rows(message, message.name(), &mut ours);
    }
    let relative = |name: &str| name.trim_start_matches(".tfplugin6.").to_owned();
    for method in file.service.iter().flat_map(|service| &service.method) {
        let stream = |streams: bool| if streams { "stream " } else { "" };
        ours.insert(format!(
            "rpc {} {}{} -> {}{}",
            method.name(),
            stream(method.client_streaming()),
            relative(method.input_type()),
            stream(method.server_streaming()),
            relative(method.output_type()),
        ));
    }
    for found in &file.enum_type {
        enum_rows(found, found.name(), &mut ours);
    }
    let table: BTreeSet<String> = include_str!("tfplugin6.txt")
        .lines()
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = table.difference(&ours).collect();
    let foreign: Vec<_> = ours.difference(&table).collect();
    assert!(
        missing.is_empty() && foreign.is_empty(),
        "missing {missing:#?}, foreign {foreign:#?}"
    );
}

fn rows(message: &DescriptorProto, path: &str, rows_: &mut BTreeSet<String>) {
    let entries: Vec<&DescriptorProto> = message
        .nested_type
        .iter()
        .filter(|nested| nested.options.as_ref().is_some_and(|o| o.map_entry()))
        .collect();
    if message.field.is_empty() && message.nested_type.is_empty() && message.enum_type.is_empty() {
        rows_.insert(format!("message {path}"));
    }
    for field in &message.field {
        let entry = entries
            .iter()
            .find(|entry| field.type_name().ends_with(&format!(".{}", entry.name())));
        let ty = match entry {
            Some(entry) => format!("map<string, {}>", short(&entry.field[1], path)),
            None => {
                let prefix = match (field.label(), field.proto3_optional()) {
                    (Label::Repeated, _) => "repeated ",
                    (_, true) => "optional ",
                    _ => "",
                };
                format!("{prefix}{}", short(field, path))
            }
        };
        let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
        let oneof = oneof.and_then(|index| message.oneof_decl.get(usize::try_from(index).unwrap()));
        let oneof = oneof.map_or(String::new(), |oneof| format!(" oneof={}", oneof.name()));
        rows_.insert(format!(
            "field {path} {} {} {ty}{oneof}",
            field.number(),
            field.name()
        ));
    }
    for nested in message
        .nested_type
        .iter()
        .filter(|nested| !entries.contains(nested))
    {
        rows(nested, &format!("{path}.{}", nested.name()), rows_);
    }
    for found in &message.enum_type {
        enum_rows(found, &format!("{path}.{}", found.name()), rows_);
    }
}

fn enum_rows(found: &EnumDescriptorProto, path: &str, rows: &mut BTreeSet<String>) {
    for value in &found.value {
        rows.insert(format!("enum {path} {} {}", value.number(), value.name()));
    }
}

/// The type as the table writes it: as short as the place allows.
fn short(field: &FieldDescriptorProto, path: &str) -> String {
    match field.r#type() {
        Type::String => "string".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int64 => "int64".to_owned(),
        _ => {
            let full = field.type_name().trim_start_matches('.');
            let full = full.trim_start_matches("tfplugin6.");
            let mut scope = path.to_owned();
            loop {
                if let Some(rest) = full.strip_prefix(&format!("{scope}.")) {
                    return rest.to_owned();
                }
                match scope.rsplit_once('.') {
                    Some((outer, _)) => scope = outer.to_owned(),
                    None => return full.to_owned(),
                }
            }
        }
    }
}
