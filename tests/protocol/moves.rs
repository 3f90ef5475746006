//! Objects of the official provider, as core hands them over: raw, and to a provider
//! that was never configured.

use framework::value::Dynamic;
use framework::wire::pb::tfplugin6 as pb;
use serde_json::{Value as Json, json};

use crate::client::{Client, block_type, decode, get};
use crate::plugin::Plugin;

const OFFICIAL: &str = "registry.terraform.io/cloudflare/cloudflare";
const PULLS: &str = "cloudflare_authenticated_origin_pulls";
const ZONE: &str = "1111aaaa2222bbbb3333cccc4444dddd";
const ID: &str = "6f1d2c3b-0a9e-4b8d-9c7f-5e4d3c2b1a09";

async fn move_raw(
    client: &mut Client,
    (provider, source): (&str, &str),
    json: Vec<u8>,
    target: &str,
) -> pb::move_resource_state::Response {
    let request = pb::move_resource_state::Request {
        source_provider_address: provider.to_owned(),
        source_type_name: source.to_owned(),
        source_schema_version: 0,
        source_state: Some(pb::RawState {
            json,
            ..Default::default()
        }),
        target_type_name: target.to_owned(),
        source_private: b"{\"e2bfb730\":{\"create\":60}}".to_vec(),
        ..Default::default()
    };
    client
        .call_path("/tfplugin6.Provider/MoveResourceState", request)
        .await
        .unwrap()
}

fn shapes() -> Vec<(String, Json, &'static str)> {
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let certificate = |kind: Json| {
        json!({
            "id": ID, "zone_id": ZONE, "type": kind, "certificate": pem,
            "private_key": "a key", "status": "active", "uploaded_on": "2026-09-01T10:11:12Z",
            "timeouts": null,
        })
    };
    let version_4 = json!({
        "id": "x", "zone_id": ZONE, "hostname": "api.shop.test",
        "authenticated_origin_pulls_certificate": ID, "enabled": true,
    });
    let version_5 = json!({
        "id": "api.shop.test", "hostname": "api.shop.test", "zone_id": ZONE, "cert_id": ID,
        "config": [{ "cert_id": ID, "enabled": true, "hostname": "api.shop.test" }],
        "enabled": true,
    });
    let setting = json!({
        "setting_id": "tls_client_auth", "zone_id": ZONE,
        "value": { "value": "on", "type": "string" },
    });
    vec![
        (PULLS.to_owned(), version_4, "aop_hostname_association"),
        (
            PULLS.to_owned(),
            version_5.clone(),
            "aop_hostname_association",
        ),
        (PULLS.to_owned(), version_5, "aop_hostname_associations"),
        (
            format!("{PULLS}_certificate"),
            certificate("per-hostname".into()),
            "aop_hostname_certificate",
        ),
        (
            format!("{PULLS}_certificate"),
            certificate("per-zone".into()),
            "aop_zone_certificate",
        ),
        (
            format!("{PULLS}_hostname_certificate"),
            certificate(Json::Null),
            "aop_hostname_certificate",
        ),
        (
            format!("{PULLS}_settings"),
            json!({ "zone_id": ZONE, "enabled": false }),
            "aop_zone_setting",
        ),
        (
            "cloudflare_zone_setting".to_owned(),
            setting,
            "aop_global_setting",
        ),
    ]
}

#[tokio::test]
async fn every_shape_moves_with_its_identity_and_without_a_write_only_value() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let schemas = client.schema().await.resource_schemas;
    for (source, stored, target) in shapes() {
        let from = (OFFICIAL, source.as_str());
        let answer = move_raw(&mut client, from, stored.to_string().into_bytes(), target).await;
        assert_eq!(answer.diagnostics, [], "{source} {stored}");
        assert!(answer.target_identity.is_some() && answer.target_private.is_empty());
        let state = decode(answer.target_state, &block_type(&schemas[target]));
        assert_eq!(get(&state, "zone_id"), &Dynamic::from(ZONE));
        assert!(state.is_wholly_known());
        if target.ends_with("certificate") {
            assert_eq!(get(&state, "id"), &Dynamic::from(ID));
            assert_eq!(get(&state, "private_key"), &Dynamic::from("a key"));
            assert!(get(&state, "private_key_wo").is_null());
        }
    }
}

/// Every attribute missing, null and of every wrong type, at the top and inside.
fn spoilt(stored: &Json) -> Vec<Json> {
    let mut all = Vec::new();
    let Json::Object(attributes) = stored else {
        return all;
    };
    for (name, value) in attributes {
        let mut without = attributes.clone();
        without.remove(name);
        all.push(Json::Object(without));
        let wrong = [
            json!(null),
            json!(""),
            json!(17),
            json!(true),
            json!([]),
            json!([null]),
            json!({}),
        ];
        let inner: Vec<Json> = match value {
            Json::Array(elements) => elements
                .iter()
                .flat_map(spoilt)
                .map(|e| json!([e]))
                .collect(),
            inner => spoilt(inner),
        };
        for value in wrong.into_iter().chain(inner) {
            let mut changed = attributes.clone();
            changed.insert(name.clone(), value);
            all.push(Json::Object(changed));
        }
    }
    all
}

#[tokio::test]
async fn spoilt_state_is_moved_or_refused_and_never_brings_the_provider_down() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let mut refused = 0;
    for (source, stored, target) in shapes() {
        let text = stored.to_string();
        let cut = (0..text.len())
            .step_by(7)
            .map(|at| text.as_bytes()[..at].to_vec());
        let spoilt = spoilt(&stored)
            .into_iter()
            .map(|json| json.to_string().into_bytes());
        for json in spoilt.chain(cut) {
            let from = (OFFICIAL, source.as_str());
            let answer = move_raw(&mut client, from, json, target).await;
            let errors: Vec<&str> = answer
                .diagnostics
                .iter()
                .map(|d| d.summary.as_str())
                .collect();
            assert_ne!(errors, ["Bug in the provider"]);
            assert!(!format!("{:?}", answer.diagnostics).contains("a key"));
            // Either the object or a reason, never neither.
            assert_eq!(answer.target_state.is_none(), !errors.is_empty());
            refused += usize::from(!errors.is_empty());
        }
    }
    assert!(refused > 100, "{refused}");
}

#[tokio::test]
async fn only_the_official_provider_is_known() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let (source, stored, target) = shapes().remove(0);
    for (provider, moves) in [
        (OFFICIAL, true),
        ("registry.opentofu.org/cloudflare/cloudflare", true),
        ("mirror.example.com/cloudflare/cloudflare", true),
        // What OpenTofu up to 1.11.11 and 1.12.3 sends.
        ("cloudflare", true),
        // What it sends for the other instances of a resource once one has moved.
        ("terraform.local/aop/aop", true),
        ("notcloudflare", false),
        ("example.com/cloudflare", false),
        ("registry.terraform.io/cloudflair/cloudflare", false),
        ("registry.terraform.io/hashicorp/aws", false),
        ("", false),
    ] {
        let from = (provider, source.as_str());
        let answer = move_raw(&mut client, from, stored.to_string().into_bytes(), target).await;
        assert_eq!(answer.target_state.is_some(), moves, "{provider}");
        if !moves {
            assert_eq!(
                answer.diagnostics[0].summary,
                "Move from an unknown provider"
            );
        }
    }
}

/// Hosts ask for a move too where the provider's own address has changed.
#[tokio::test]
async fn an_object_of_its_own_comes_back_as_it_was() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let schema = client.schema().await;
    let resource = "aop_hostname_association";
    let stored = json!({
        "id": format!("{ZONE}/app.example.com"),
        "zone_id": ZONE,
        "hostname": "app.example.com",
        "certificate_id": "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60",
        "enabled": false,
        "status": "active",
    });
    let request = pb::move_resource_state::Request {
        source_provider_address: "registry.example.com/aop/aop".to_owned(),
        source_type_name: resource.to_owned(),
        source_state: Some(pb::RawState {
            json: stored.to_string().into_bytes(),
            ..Default::default()
        }),
        source_private: b"{\"kept\":1}".to_vec(),
        target_type_name: resource.to_owned(),
        ..Default::default()
    };
    let answer: pb::move_resource_state::Response = client
        .call_path("/tfplugin6.Provider/MoveResourceState", request)
        .await
        .unwrap();
    assert_eq!(answer.diagnostics, []);
    assert_eq!(answer.target_private, b"{\"kept\":1}");
    assert!(answer.target_identity.is_some());
    let ty = block_type(&schema.resource_schemas[resource]);
    let state = decode(answer.target_state, &ty);
    assert_eq!(get(&state, "enabled"), &Dynamic::Bool(false));
    assert_eq!(get(&state, "hostname"), &Dynamic::from("app.example.com"));
}
