//! Data sources and functions at the edges that an installed CLI does not reach.

use framework::value::{Dynamic, Type, to_msgpack};
use framework::wire::pb::tfplugin6 as pb;

use crate::client::{Client, block_type, encode, object};
use crate::plugin::Plugin;

async fn call(
    client: &mut Client,
    name: &str,
    arguments: Vec<pb::DynamicValue>,
) -> pb::call_function::Response {
    let request = pb::call_function::Request {
        name: name.to_owned(),
        arguments,
    };
    client
        .call_path("/tfplugin6.Provider/CallFunction", request)
        .await
        .unwrap()
}

fn text(text: &str) -> pb::DynamicValue {
    encode(&text.into(), &Type::String)
}

#[tokio::test]
async fn a_function_refuses_what_core_should_not_send() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let unknown = pb::DynamicValue {
        msgpack: to_msgpack(&Dynamic::unknown(), &Type::String).unwrap(),
        json: Vec::new(),
    };
    let number = pb::DynamicValue {
        msgpack: vec![7],
        json: Vec::new(),
    };
    for (name, arguments, argument, says) in [
        ("nothing", vec![], None, "no function"),
        ("certificate_info", vec![], None, "takes 1 arguments, not 0"),
        (
            "private_key_matches",
            vec![text("a"); 3],
            None,
            "takes 2 arguments, not 3",
        ),
        // OpenTofu sends null as an empty message.
        (
            "certificate_info",
            vec![pb::DynamicValue::default()],
            Some(0),
            "must be set and known",
        ),
        (
            "certificate_info",
            vec![unknown],
            Some(0),
            "must be set and known",
        ),
        ("certificate_info", vec![number], Some(0), "cannot be read"),
        (
            "certificate_info",
            vec![text("")],
            Some(0),
            "-----BEGIN CERTIFICATE-----",
        ),
    ] {
        let answer = call(&mut client, name, arguments).await;
        let error = answer.error.unwrap();
        assert!(answer.result.is_none());
        assert_eq!(error.function_argument, argument, "{}", error.text);
        assert!(error.text.contains(says), "{}", error.text);
    }
}

#[tokio::test]
async fn functions_are_the_same_asked_for_alone_and_with_the_schema() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let alone: pb::get_functions::Response = client
        .call_path(
            "/tfplugin6.Provider/GetFunctions",
            pb::get_functions::Request {},
        )
        .await
        .unwrap();
    let schema = client.schema().await;
    assert_eq!(alone.functions, schema.functions);
    let mut names: Vec<&String> = alone.functions.keys().collect();
    names.sort();
    assert_eq!(names, ["certificate_info", "private_key_matches"]);
    let metadata: pb::get_metadata::Response = client
        .call_path(
            "/tfplugin6.Provider/GetMetadata",
            pb::get_metadata::Request {},
        )
        .await
        .unwrap();
    assert_eq!(metadata.functions.len(), 2);
    assert_eq!(
        metadata.data_sources.len(),
        schema.data_source_schemas.len()
    );
    assert_eq!(
        metadata.list_resources.len(),
        schema.list_resource_schemas.len()
    );
}

#[tokio::test]
async fn a_data_source_is_valid_with_everything_unknown_and_needs_a_credential_to_be_read() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let schemas = client.schema().await.data_source_schemas;
    assert_eq!(schemas.len(), 9);
    assert_eq!(client.configure(&[]).await, []);
    for (name, schema) in schemas {
        let ty = block_type(&schema);
        let Type::Object(attributes) = &ty else {
            unreachable!("blocks are objects")
        };
        let unknown = attributes
            .keys()
            .map(|name| (name.as_str(), Dynamic::unknown()));
        let unknown = object(&ty, &unknown.collect::<Vec<_>>());
        let validate = pb::validate_data_resource_config::Request {
            type_name: name.clone(),
            config: Some(encode(&unknown, &ty)),
        };
        let answer: pb::validate_data_resource_config::Response = client
            .call_path("/tfplugin6.Provider/ValidateDataResourceConfig", validate)
            .await
            .unwrap();
        assert_eq!(answer.diagnostics, [], "{name}");
        let read = pb::read_data_source::Request {
            type_name: name,
            config: Some(encode(&object(&ty, &[]), &ty)),
            ..Default::default()
        };
        let answer: pb::read_data_source::Response = client
            .call_path("/tfplugin6.Provider/ReadDataSource", read)
            .await
            .unwrap();
        assert!(answer.state.is_none());
        assert_eq!(
            answer.diagnostics[0].summary,
            "No credential for Cloudflare"
        );
    }
}
