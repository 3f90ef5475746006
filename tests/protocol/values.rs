//! Validation and stored state: what is legacy, unknown or rubbish.

use framework::value::{Dynamic, Type};
use framework::wire::pb::tfplugin6 as pb;
use serde_json::json;

use crate::client::{Client, attribute, block_type, decode, encode, get, object};
use crate::plugin::Plugin;

async fn types(client: &mut Client, name: &str) -> Type {
    let schema = client.schema().await;
    block_type(&schema.resource_schemas[name])
}

async fn validate(
    client: &mut Client,
    name: &str,
    config: pb::DynamicValue,
) -> Vec<pb::Diagnostic> {
    let can = pb::ClientCapabilities {
        write_only_attributes_allowed: true,
        ..Default::default()
    };
    validate_as(client, Some(can), name, config).await
}

async fn validate_as(
    client: &mut Client,
    client_capabilities: Option<pb::ClientCapabilities>,
    name: &str,
    config: pb::DynamicValue,
) -> Vec<pb::Diagnostic> {
    let request = pb::validate_resource_config::Request {
        type_name: name.to_owned(),
        config: Some(config),
        client_capabilities,
    };
    let answer: pb::validate_resource_config::Response = client
        .call_path("/tfplugin6.Provider/ValidateResourceConfig", request)
        .await
        .unwrap();
    answer.diagnostics
}

async fn upgrade(
    client: &mut Client,
    name: &str,
    json: &str,
) -> pb::upgrade_resource_state::Response {
    let request = pb::upgrade_resource_state::Request {
        type_name: name.to_owned(),
        version: 0,
        raw_state: Some(pb::RawState {
            json: json.as_bytes().to_vec(),
            ..Default::default()
        }),
    };
    client
        .call_path("/tfplugin6.Provider/UpgradeResourceState", request)
        .await
        .unwrap()
}

#[tokio::test]
async fn v28_v29_unknown_and_null_values_are_no_mistake() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let schema = client.schema().await;
    for (name, schema) in &schema.resource_schemas {
        let ty = block_type(schema);
        let Type::Object(attributes) = &ty else {
            unreachable!()
        };
        let unknown: Vec<_> = attributes
            .keys()
            .map(|n| (n.as_str(), Dynamic::unknown()))
            .collect();
        let block = schema.block.as_ref().unwrap();
        let required = block.attributes.iter().filter(|a| a.required);
        let mut required: Vec<&str> = required.map(|a| a.name.as_str()).collect();
        // Or `issue`.
        if attributes.contains_key("issue") {
            required.push("certificate");
        }
        let optional_null: Vec<_> = unknown
            .iter()
            .filter(|(n, _)| required.contains(n))
            .cloned()
            .collect();
        for values in [unknown.as_slice(), &optional_null] {
            let config = encode(&object(&ty, values), &ty);
            assert_eq!(validate(&mut client, name, config).await, []);
        }
        // Core sees to it that they are set, but not to what.
        let config = encode(&object(&ty, &[]), &ty);
        let refused = validate(&mut client, name, config).await;
        let mut places: Vec<String> = refused.iter().map(attribute).collect();
        places.sort();
        let mut expected = required;
        expected.sort_unstable();
        assert_eq!(places, expected);
        for refused in refused
            .iter()
            .filter(|refused| attribute(refused) != "certificate")
        {
            assert_eq!(refused.summary, "Required argument is null");
        }
    }
}

#[tokio::test]
async fn mock_values_pass_validation_because_meaning_is_checked_at_plan() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let name = "aop_hostname_certificate";
    let ty = types(&mut client, name).await;
    let mock = Dynamic::from("a1b2c3d4");
    let values = [
        ("zone_id", mock.clone()),
        ("certificate", mock.clone()),
        ("private_key", mock),
    ];
    let config = encode(&object(&ty, &values), &ty);
    assert_eq!(validate(&mut client, name, config).await, []);
}

#[tokio::test]
async fn a_client_without_write_only_arguments_is_told_what_it_needs() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    for name in ["aop_hostname_certificate", "aop_zone_certificate"] {
        let ty = types(&mut client, name).await;
        for (attribute, complaints) in [("private_key_wo", 1), ("private_key", 0)] {
            let values = [
                ("zone_id", "z".into()),
                ("certificate", "c".into()),
                (attribute, "key".into()),
            ];
            let config = encode(&object(&ty, &values), &ty);
            let told = validate_as(&mut client, None, name, config).await;
            assert_eq!(told.len(), complaints, "{told:?}");
            for diagnostic in told {
                assert!(diagnostic.detail.contains("Terraform 1.11"));
                assert!(diagnostic.detail.contains("OpenTofu 1.11"));
                assert!(diagnostic.attribute.is_some());
            }
        }
        let both = [
            ("zone_id", "z".into()),
            ("certificate", "c".into()),
            ("private_key", "key".into()),
            ("private_key_wo", "key".into()),
        ];
        let told = validate(&mut client, name, encode(&object(&ty, &both), &ty)).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].summary, "Conflicting private keys");
    }
}

#[tokio::test]
async fn hostile_values_get_an_error_with_a_place() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let name = "aop_zone_setting";
    let wrong = |bytes: &[u8]| pb::DynamicValue {
        msgpack: bytes.to_vec(),
        json: Vec::new(),
    };
    // {"enabled": "yes", …}: another type.
    let mut other = vec![0x83, 0xa7];
    other.extend(b"enabled\xa3yes\xa8timeouts\xc0\xa7zone_id\xc0");
    let found = validate(&mut client, name, wrong(&other)).await;
    assert_eq!(attribute(&found[0]), "enabled");
    assert!(
        found[0].detail.contains("expected a bool"),
        "{}",
        found[0].detail
    );

    for bytes in [
        b"\x81".as_slice(),
        b"\x80",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc1",
        b"\x81\xa5hello\xc0",
        &[0x91; 100_000],
    ] {
        let found = validate(&mut client, name, wrong(bytes)).await;
        assert_eq!(found.len(), 1, "{bytes:?}");
        assert_eq!(found[0].severity, 1);
    }
    let json = pb::DynamicValue {
        msgpack: Vec::new(),
        json: vec![b'['; 100_000],
    };
    assert_eq!(validate(&mut client, name, json).await.len(), 1);
    assert_eq!(
        client.health("plugin").await.unwrap(),
        1,
        "the process goes on"
    );
}

#[tokio::test]
async fn an_unknown_type_is_a_diagnostic() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let found = validate(&mut client, "aop_nonsense", pb::DynamicValue::default()).await;
    assert!(found[0].detail.contains("aop_nonsense"));
}

#[tokio::test]
async fn v32_unknown_provider_arguments_do_not_fail_and_do_not_dial() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    for argument in ["api_token", "base_url", "requests_per_second"] {
        assert_eq!(
            client.configure(&[(argument, Dynamic::unknown())]).await,
            []
        );
    }
}

#[tokio::test]
async fn u33_u34_stored_state_keeps_its_values_whatever_else_it_holds() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let name = "aop_hostname_association";
    let ty = types(&mut client, name).await;
    let state = json!({
        "id": "z/app.example.com",
        "zone_id": "z",
        "hostname": "app.example.com",
        "enabled": true,
        "timeouts": { "create": "1m", "later": [1, 2] },
        "an_attribute_of_tomorrow": { "deep": [null] },
    });
    let answer = upgrade(&mut client, name, &state.to_string()).await;
    assert_eq!(answer.diagnostics, []);
    let upgraded = decode(answer.upgraded_state, &ty);
    assert_eq!(
        get(&upgraded, "hostname"),
        &Dynamic::from("app.example.com")
    );
    assert_eq!(get(&upgraded, "enabled"), &Dynamic::Bool(true));
    assert_eq!(get(&upgraded, "status"), &Dynamic::Null);
    assert_eq!(
        get(get(&upgraded, "timeouts"), "create"),
        &Dynamic::from("1m")
    );
}

#[tokio::test]
async fn u36_state_that_cannot_be_read_is_an_error_and_no_loss() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let name = "aop_hostname_association";
    for (json, place) in [
        ("", ""),
        ("null", ""),
        ("{", ""),
        ("[]", ""),
        (r#"{"enabled": [1]}"#, "enabled"),
        (r#"{"timeouts": {"create": {}}}"#, "timeouts.create"),
        (&"[".repeat(100_000), ""),
    ] {
        let answer = upgrade(&mut client, name, json).await;
        assert!(answer.upgraded_state.is_none(), "{json:.20}");
        assert_eq!(answer.diagnostics.len(), 1);
        assert_eq!(attribute(&answer.diagnostics[0]), place);
    }
    let request = pb::upgrade_resource_state::Request {
        type_name: name.to_owned(),
        version: 0,
        raw_state: Some(pb::RawState {
            flatmap: [("id".to_owned(), "x".to_owned())].into(),
            ..Default::default()
        }),
    };
    let answer: pb::upgrade_resource_state::Response = client
        .call_path("/tfplugin6.Provider/UpgradeResourceState", request)
        .await
        .unwrap();
    assert_eq!(answer.diagnostics[0].summary, "State is too old");
}

#[tokio::test]
async fn u33_identities_are_carried_over() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let request = pb::upgrade_resource_identity::Request {
        type_name: "aop_zone_setting".to_owned(),
        version: 0,
        raw_identity: Some(pb::RawState {
            json: br#"{"zone_id":"023e105f4ecef8ad9ca31a8372d0c353"}"#.to_vec(),
            ..Default::default()
        }),
    };
    let answer: pb::upgrade_resource_identity::Response = client
        .call_path("/tfplugin6.Provider/UpgradeResourceIdentity", request)
        .await
        .unwrap();
    let ty = Type::from_json(br#"["object",{"zone_id":"string"}]"#).unwrap();
    let identity = decode(answer.upgraded_identity.unwrap().identity_data, &ty);
    assert_eq!(
        get(&identity, "zone_id"),
        &Dynamic::from("023e105f4ecef8ad9ca31a8372d0c353")
    );
}
