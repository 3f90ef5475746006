//! List resources, as `terraform query` asks for them.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Listening, Settings, Simulator, TOKEN, ZONE_ID};
use framework::value::{Dynamic, Type};
use framework::wire::pb::tfplugin6 as pb;
use jiff::Timestamp;

use crate::client::{Client, attribute, block_type, decode, encode, get, object};
use crate::plugin::Plugin;

/// A zone with a hostname certificate and so many associations.
struct World {
    simulator: Simulator,
    _listening: Listening,
    _plugin: Plugin,
    client: Client,
    schemas: pb::get_provider_schema::Response,
}

impl World {
    async fn new(hostnames: usize) -> Self {
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let settings = Settings {
            associations: 5000,
            associations_per_write: 5000,
            ..Settings::default()
        };
        let simulator = Simulator::new(settings, now);
        let listening = simulator.listen("127.0.0.1:0").await.unwrap();
        let shop = aop_simulator::pki::Authority::new("CA").unwrap();
        let shop = shop.client("shop", now).unwrap();
        let path = "/origin_tls_client_auth/hostnames";
        let upload = serde_json::json!({
            "certificate": shop.certificate, "private_key": shop.private_key.as_str(),
        });
        let made = send(&simulator, "POST", &format!("{path}/certificates"), &upload).await;
        let id = &made["result"]["id"];
        let config: Vec<_> = (0..hostnames)
            .map(|n| serde_json::json!({ "hostname": format!("h{n:04}.example.com"), "cert_id": id, "enabled": true }))
            .collect();
        send(
            &simulator,
            "PUT",
            path,
            &serde_json::json!({ "config": config }),
        )
        .await;
        let plugin = Plugin::start();
        let mut client = plugin.connect().await;
        let url = listening.url();
        let arguments = [
            ("api_token", Dynamic::from(TOKEN)),
            ("base_url", url.as_str().into()),
        ];
        assert_eq!(client.configure(&arguments).await, []);
        let schemas = client.schema().await;
        Self {
            simulator,
            _listening: listening,
            _plugin: plugin,
            client,
            schemas,
        }
    }

    async fn list(
        &mut self,
        name: &str,
        config: &[(&str, Dynamic)],
        (with_objects, limit): (bool, i64),
    ) -> tonic::Streaming<pb::list_resource::Event> {
        let ty = block_type(&self.schemas.list_resource_schemas[name]);
        let mut values = vec![("zone_id", Dynamic::from(ZONE_ID))];
        values.extend(config.iter().cloned());
        let request = pb::list_resource::Request {
            type_name: name.to_owned(),
            config: Some(encode(&object(&ty, &values), &ty)),
            include_resource_object: with_objects,
            limit,
        };
        self.client
            .call_stream("/tfplugin6.Provider/ListResource", request)
            .await
            .unwrap()
    }

    fn lists(&self) -> usize {
        let log = self.simulator.log();
        let lists = log
            .iter()
            .filter(|r| r.method == "GET" && r.path.ends_with("/hostnames"));
        lists.count()
    }
}

async fn send(
    simulator: &Simulator,
    method: &str,
    path: &str,
    body: &serde_json::Value,
) -> serde_json::Value {
    let request = aop_simulator::Request {
        method: method.to_owned(),
        path: format!("/client/v4/zones/{ZONE_ID}{path}"),
        authorization: Some(format!("Bearer {TOKEN}")),
        body: body.to_string().into_bytes(),
        ..Default::default()
    };
    match simulator.handle(request).await {
        aop_simulator::Reply::Answer(answer) => {
            assert_eq!(
                answer.status,
                200,
                "{}",
                String::from_utf8_lossy(&answer.body)
            );
            serde_json::from_slice(&answer.body).unwrap()
        }
        aop_simulator::Reply::Reset => unreachable!("nothing was ordered"),
    }
}

async fn all(
    mut events: tonic::Streaming<pb::list_resource::Event>,
) -> Vec<pb::list_resource::Event> {
    let mut found = Vec::new();
    while let Some(event) = events.message().await.unwrap() {
        found.push(event);
    }
    found
}

const ASSOCIATION: &str = "aop_hostname_association";
const CERTIFICATE: &str = "aop_hostname_certificate";

#[tokio::test]
async fn every_object_comes_with_its_identity_and_whole_when_asked() {
    let mut world = World::new(3).await;
    for (name, names) in [
        (
            ASSOCIATION,
            vec![
                "h0000.example.com",
                "h0001.example.com",
                "h0002.example.com",
            ],
        ),
        (CERTIFICATE, vec!["CN=shop, expires "]),
        ("aop_zone_certificate", vec![]),
    ] {
        let ty = block_type(&world.schemas.resource_schemas[name]);
        let bare = world.list(name, &[], (false, 0)).await;
        let bare = all(bare).await;
        let whole = world.list(name, &[], (true, 0)).await;
        let whole = all(whole).await;
        assert_eq!(bare.len(), names.len());
        for ((bare, whole), expected) in bare.iter().zip(&whole).zip(names) {
            assert!(
                bare.display_name.starts_with(expected),
                "{}",
                bare.display_name
            );
            assert!(bare.identity.is_some() && bare.resource_object.is_none());
            assert_eq!(bare.identity, whole.identity);
            let object = decode(whole.resource_object.clone(), &ty);
            assert!(object.is_wholly_known());
            assert_eq!(get(&object, "zone_id"), &Dynamic::from(ZONE_ID));
            assert_eq!(get(&object, "wait_for_deployment"), &Dynamic::Bool(true));
            if name == CERTIFICATE {
                assert!(get(&object, "private_key").is_null());
                assert!(!get(&object, "fingerprint_sha256").is_null());
            }
        }
    }
}

#[tokio::test]
async fn a_listed_object_is_what_an_import_of_its_identity_gives() {
    let mut world = World::new(1).await;
    // Everything is deployed before the first look: both are to see the same.
    world.simulator.clock().advance(Duration::from_secs(60));
    for name in [ASSOCIATION, CERTIFICATE] {
        let listed = world.list(name, &[], (true, 0)).await;
        let listed = all(listed).await.remove(0);
        let request = pb::import_resource_state::Request {
            type_name: name.to_owned(),
            identity: listed.identity.clone(),
            ..Default::default()
        };
        let imported: pb::import_resource_state::Response = world
            .client
            .call_path("/tfplugin6.Provider/ImportResourceState", request)
            .await
            .unwrap();
        assert_eq!(imported.diagnostics, []);
        let ty = block_type(&world.schemas.resource_schemas[name]);
        let state = imported.imported_resources[0].state.clone();
        assert_eq!(
            decode(state, &ty),
            decode(listed.resource_object, &ty),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_limit_ends_the_list_and_what_lies_behind_is_not_asked_for() {
    let mut world = World::new(2500).await;
    let before = world.lists();
    let few = world.list(ASSOCIATION, &[], (false, 7)).await;
    assert_eq!(all(few).await.len(), 7);
    assert_eq!(world.lists(), before + 1, "one page is enough");
    let everything = world.list(ASSOCIATION, &[], (false, 0)).await;
    assert_eq!(all(everything).await.len(), 2500);
    assert_eq!(world.lists(), before + 4, "three pages");
}

#[tokio::test]
async fn objects_come_before_the_last_page_is_there_and_nobody_listening_ends_it() {
    let mut world = World::new(2500).await;
    let held = aop_simulator::Gate::default();
    let second = Action::HoldBefore(held.clone());
    world
        .simulator
        .order(Fault::on("GET", "/hostnames", second).after(1));
    let mut events = world.list(ASSOCIATION, &[], (false, 0)).await;
    for _ in 0..900 {
        assert!(
            events.message().await.unwrap().is_some(),
            "the second page is not there yet"
        );
    }
    let before = world.lists();
    drop(events);
    held.open();
    // A call that comes later is answered: nothing hangs behind the one that was left.
    let few = world.list(ASSOCIATION, &[], (false, 1)).await;
    assert_eq!(all(few).await.len(), 1);
    assert!(
        world.lists() <= before + 2,
        "the third page was never asked for"
    );
}

#[tokio::test]
async fn filters_are_honoured_and_what_goes_wrong_is_an_event() {
    let mut world = World::new(3).await;
    let none = world
        .list(
            ASSOCIATION,
            &[("enabled", Dynamic::Bool(false))],
            (false, 0),
        )
        .await;
    assert_eq!(all(none).await, []);
    let wrong = world
        .list(ASSOCIATION, &[("status", "acitve".into())], (false, 0))
        .await;
    let wrong = all(wrong).await;
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].diagnostic[0].summary, "Unknown status");
    assert_eq!(attribute(&wrong[0].diagnostic[0]), "status");
    let denied = Action::Answer(Answer::error(
        403,
        9109,
        "Unauthorized to access requested resource",
    ));
    world
        .simulator
        .order(Fault::on("GET", "/hostnames", denied).times(9));
    let failed = world.list(ASSOCIATION, &[], (false, 0)).await;
    assert_eq!(
        all(failed).await[0].diagnostic[0].summary,
        "Permission denied"
    );
}

#[tokio::test]
async fn a_configuration_that_is_not_known_yet_is_valid() {
    let mut world = World::new(0).await;
    let names: Vec<String> = world
        .schemas
        .list_resource_schemas
        .keys()
        .cloned()
        .collect();
    for name in names {
        let ty = block_type(&world.schemas.list_resource_schemas[&name]);
        let Type::Object(attributes) = &ty else {
            unreachable!("blocks are objects")
        };
        let unknown = attributes
            .keys()
            .map(|name| (name.as_str(), Dynamic::unknown()));
        let unknown = object(&ty, &unknown.collect::<Vec<_>>());
        let request = pb::validate_list_resource_config::Request {
            type_name: name,
            config: Some(encode(&unknown, &ty)),
            ..Default::default()
        };
        let answer: pb::validate_list_resource_config::Response = world
            .client
            .call_path("/tfplugin6.Provider/ValidateListResourceConfig", request)
            .await
            .unwrap();
        assert_eq!(answer.diagnostics, []);
    }
}
