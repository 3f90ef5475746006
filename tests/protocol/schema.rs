//! The schema as core checks it.

use std::collections::BTreeSet;

use framework::value::Type;
use framework::wire::pb::tfplugin6 as pb;
use prost::Message;

use crate::client::block_type;
use crate::plugin::Plugin;

/// What core refuses in a schema, as far as this provider could get it wrong.
fn check(attributes: &[pb::schema::Attribute], managed: bool) {
    const RESERVED: [&str; 7] = [
        "count",
        "for_each",
        "provider",
        "lifecycle",
        "depends_on",
        "connection",
        "provisioner",
    ];
    let mut names = BTreeSet::new();
    for attribute in attributes {
        let name = &attribute.name;
        assert!(names.insert(name.clone()), "{name} twice");
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        );
        assert!(!RESERVED.contains(&name.as_str()), "{name} is reserved");
        assert!(
            attribute.required || attribute.optional || attribute.computed,
            "{name}"
        );
        assert!(
            !(attribute.required && (attribute.optional || attribute.computed)),
            "{name}"
        );
        assert!(
            !attribute.write_only || managed && !attribute.computed,
            "{name}"
        );
        assert!(
            attribute.description.ends_with('.'),
            "{name} is documented in sentences"
        );
        match &attribute.nested_type {
            None => drop(Type::from_json(&attribute.r#type).unwrap()),
            Some(nested) => {
                assert!(attribute.r#type.is_empty());
                assert!((1..=4).contains(&nested.nesting));
                check(&nested.attributes, managed);
            }
        }
    }
}

#[tokio::test]
async fn s23_s25_s27_core_accepts_the_schema_before_anything_is_configured() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let schema = client.schema().await;
    check(
        &schema.provider.clone().unwrap().block.unwrap().attributes,
        false,
    );
    assert_eq!(schema.resource_schemas.len(), 6);
    for (name, resource) in &schema.resource_schemas {
        assert!(name.starts_with("aop_"));
        let block = resource.block.as_ref().unwrap();
        assert!(!block.description.is_empty(), "{name} is documented");
        check(&block.attributes, true);
    }
    let looked_at = schema.data_source_schemas.values();
    for block in looked_at.chain(schema.list_resource_schemas.values()) {
        let block = block.block.as_ref().unwrap();
        assert!(block.description.ends_with('.'), "{}", block.description);
        check(&block.attributes, false);
    }
    for (name, function) in &schema.functions {
        assert!(
            !function.summary.is_empty() && function.description.ends_with('.'),
            "{name}"
        );
        Type::from_json(&function.r#return.as_ref().unwrap().r#type).unwrap();
        for parameter in &function.parameters {
            assert!(parameter.description.ends_with('.'), "{name}");
            Type::from_json(&parameter.r#type).unwrap();
        }
    }
    for name in schema.list_resource_schemas.keys() {
        assert!(
            schema.resource_schemas.contains_key(name),
            "{name} lists nothing"
        );
    }
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
}

#[tokio::test]
async fn s24_the_schema_is_the_same_in_every_process() {
    let mut answers = BTreeSet::new();
    for _ in 0..2 {
        let plugin = Plugin::start();
        let mut client = plugin.connect().await;
        for _ in 0..2 {
            answers.insert(client.schema_bytes().await);
        }
    }
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn s26_every_resource_has_an_identity_of_plain_attributes() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let answer: pb::get_resource_identity_schemas::Response = client
        .call_path(
            "/tfplugin6.Provider/GetResourceIdentitySchemas",
            pb::get_resource_identity_schemas::Request {},
        )
        .await
        .unwrap();
    let schema = client.schema().await;
    let types: BTreeSet<_> = schema.resource_schemas.keys().collect();
    assert_eq!(
        answer.identity_schemas.keys().collect::<BTreeSet<_>>(),
        types
    );
    for identity in answer.identity_schemas.values() {
        for attribute in &identity.identity_attributes {
            assert!(attribute.required_for_import != attribute.optional_for_import);
            assert_eq!(Type::from_json(&attribute.r#type), Ok(Type::String));
        }
    }
}

#[tokio::test]
async fn the_schema_is_small() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let bytes = client.schema().await.encoded_len();
    assert!(bytes <= 64 << 10, "{bytes} bytes");
}

#[tokio::test]
async fn metadata_names_the_same_types_as_the_schema() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let answer: pb::get_metadata::Response = client
        .call_path(
            "/tfplugin6.Provider/GetMetadata",
            pb::get_metadata::Request {},
        )
        .await
        .unwrap();
    let schema = client.schema().await;
    let named: BTreeSet<_> = answer.resources.iter().map(|r| &r.type_name).collect();
    assert_eq!(named, schema.resource_schemas.keys().collect());
}

/// The stored shapes, one a line: the type, its version and its attributes.
const SHAPES: &str = include_str!("shapes.txt");

#[tokio::test]
async fn a_stored_shape_changes_only_together_with_its_version() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let mut lines: Vec<String> = Vec::new();
    for (name, schema) in client.schema().await.resource_schemas {
        let shape = block_type(&schema).to_json();
        lines.push(format!("{name} {} {shape}", schema.version));
    }
    let request = pb::get_resource_identity_schemas::Request {};
    let identities: pb::get_resource_identity_schemas::Response = client
        .call_path("/tfplugin6.Provider/GetResourceIdentitySchemas", request)
        .await
        .unwrap();
    for (name, schema) in identities.identity_schemas {
        let names = schema.identity_attributes.iter().map(|a| a.name.as_str());
        let names = names.collect::<Vec<_>>().join(" ");
        lines.push(format!("{name} identity {} {names}", schema.version));
    }
    lines.sort();
    let lines = lines.join("\n");
    assert_eq!(
        lines,
        SHAPES.trim_end(),
        "a state of this shape is in users' hands: add an upgrade, which counts the version up, \
         and only then the new line"
    );
}
