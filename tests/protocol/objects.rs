//! Reading and applying against the simulator, as core sees it.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Listening, Settings, Simulator, TOKEN, ZONE_ID};
use framework::value::{Dynamic, Type};
use framework::wire::pb::tfplugin6 as pb;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::client::{Client, block_type, decode, encode, get, object};
use crate::plugin::Plugin;

struct World {
    simulator: Simulator,
    listening: Listening,
    _plugin: Plugin,
    client: Client,
    certificate: Type,
    setting: Type,
    values: Vec<(&'static str, Dynamic)>,
}

impl World {
    async fn new() -> Self {
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let simulator = Simulator::new(Settings::default(), now);
        let listening = simulator.listen("127.0.0.1:0").await.unwrap();
        let plugin = Plugin::start();
        let mut client = plugin.connect().await;
        let schema = client.schema().await;
        let made = aop_simulator::pki::Authority::new("CA")
            .unwrap()
            .client("shop", now)
            .unwrap();
        let mut world = Self {
            simulator,
            listening,
            _plugin: plugin,
            client,
            certificate: block_type(&schema.resource_schemas["aop_hostname_certificate"]),
            setting: block_type(&schema.resource_schemas["aop_zone_setting"]),
            values: vec![
                ("zone_id", ZONE_ID.into()),
                ("certificate", made.certificate.as_str().into()),
                ("private_key", made.private_key.as_str().into()),
                ("wait_for_deployment", Dynamic::Bool(true)),
                ("superseded_ids", Dynamic::List(Vec::new())),
            ],
        };
        world.configure().await;
        world
    }

    /// Begins a run. What was made in one is not undone in the same one.
    async fn configure(&mut self) {
        let url = self.listening.url();
        let arguments = [
            ("api_token", Dynamic::from(TOKEN)),
            ("base_url", url.as_str().into()),
        ];
        assert_eq!(self.client.configure(&arguments).await, []);
    }

    fn planned(&self) -> Dynamic {
        let Dynamic::Map(mut entries) = object(&self.certificate, &self.values) else {
            unreachable!()
        };
        for name in [
            "id",
            "status",
            "uploaded_on",
            "issuer",
            "serial_number",
            "signature",
            "expires_on",
            "fingerprint_sha256",
        ] {
            entries.insert(name.to_owned(), Dynamic::unknown());
        }
        Dynamic::Map(entries)
    }

    async fn apply(
        &mut self,
        prior: &Dynamic,
        planned: &Dynamic,
    ) -> pb::apply_resource_change::Response {
        let config = match planned {
            Dynamic::Null => Dynamic::Null,
            _ => object(&self.certificate, &self.values),
        };
        let request = pb::apply_resource_change::Request {
            type_name: "aop_hostname_certificate".to_owned(),
            prior_state: Some(encode(prior, &self.certificate)),
            planned_state: Some(encode(planned, &self.certificate)),
            config: Some(encode(&config, &self.certificate)),
            planned_private: b"{\"kept\":1}".to_vec(),
            ..Default::default()
        };
        self.client
            .call_path("/tfplugin6.Provider/ApplyResourceChange", request)
            .await
            .unwrap()
    }

    async fn create(&mut self) -> Dynamic {
        let planned = self.planned();
        let answer = self.apply(&Dynamic::Null, &planned).await;
        assert_eq!(answer.diagnostics, []);
        decode(answer.new_state, &self.certificate)
    }

    async fn read(&mut self, state: &Dynamic) -> pb::read_resource::Response {
        let request = pb::read_resource::Request {
            type_name: "aop_hostname_certificate".to_owned(),
            current_state: Some(encode(state, &self.certificate)),
            private: b"{\"kept\":1}".to_vec(),
            ..Default::default()
        };
        self.client
            .call_path("/tfplugin6.Provider/ReadResource", request)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a54_a55_a61_what_was_promised_is_kept_and_nothing_stays_unknown() {
    let mut world = World::new().await;
    let planned = world.planned();
    let answer = world.apply(&Dynamic::Null, &planned).await;
    assert_eq!(answer.private, b"{\"kept\":1}");
    assert!(answer.new_identity.is_some());
    let state = decode(answer.new_state, &world.certificate);
    let (Dynamic::Map(planned), Dynamic::Map(made)) = (&planned, &state) else {
        unreachable!()
    };
    for (name, value) in planned.iter() {
        match value {
            Dynamic::Unknown(_) => {
                assert!(!made.get(name).unwrap().is_null(), "{name} is known now")
            }
            value => assert_eq!(Some(value), made.get(name), "{name} was promised"),
        }
    }
    assert_eq!(get(&state, "status"), &Dynamic::from("active"));
}

#[tokio::test]
async fn d41_d42_d43_a_read_of_what_is_unchanged_is_the_same_bytes() {
    let mut world = World::new().await;
    let state = world.create().await;
    let answer = world.read(&state).await;
    assert_eq!(answer.diagnostics, []);
    assert_eq!(answer.new_state, Some(encode(&state, &world.certificate)));
    assert_eq!(answer.private, b"{\"kept\":1,\"live_certificates\":1}");
    let ty = Type::from_json(br#"["object",{"zone_id":"string","certificate_id":"string"}]"#);
    let identity = decode(answer.new_identity.unwrap().identity_data, &ty.unwrap());
    assert_eq!(get(&identity, "certificate_id"), get(&state, "id"));
}

#[tokio::test]
async fn d39_what_is_gone_is_null_without_an_error() {
    let mut world = World::new().await;
    let state = world.create().await;
    world.configure().await;
    let deleted = world.apply(&state, &Dynamic::Null).await;
    assert_eq!(deleted.diagnostics, []);
    assert_eq!(decode(deleted.new_state, &world.certificate), Dynamic::Null);
    assert!(deleted.new_identity.is_none());
    let answer = world.read(&state).await;
    assert_eq!(answer.diagnostics, []);
    assert_eq!(decode(answer.new_state, &world.certificate), Dynamic::Null);
    // Destroying once more is no mistake either.
    let again = world.apply(&state, &Dynamic::Null).await;
    assert_eq!(again.diagnostics, []);
}

#[tokio::test]
async fn d40_an_error_leaves_the_state_as_it_is() {
    let mut world = World::new().await;
    let state = world.create().await;
    for answer in [
        Answer::error(403, 10000, "Authentication error"),
        Answer::error(404, 7003, "Could not route"),
        Answer::html(200, "Please log in"),
    ] {
        world
            .simulator
            .order(Fault::on("GET", "", Action::Answer(answer)));
        let read = world.read(&state).await;
        assert_eq!(read.diagnostics.len(), 1);
        assert_eq!(decode(read.new_state, &world.certificate), state);
    }
}

#[tokio::test]
async fn a57_a_refused_create_keeps_nothing_and_repeats_no_secret() {
    let mut world = World::new().await;
    let Dynamic::String(key) = &world.values[2].1 else {
        unreachable!()
    };
    let secret = key.lines().nth(1).unwrap().to_owned();
    let echo = format!("cannot take {key} with {TOKEN}");
    let refused = Answer::error(400, 1408, &echo);
    world
        .simulator
        .order(Fault::on("POST", "", Action::Answer(refused)));
    let planned = world.planned();
    let answer = world.apply(&Dynamic::Null, &planned).await;
    assert_eq!(decode(answer.new_state, &world.certificate), Dynamic::Null);
    let detail = &answer.diagnostics[0].detail;
    assert!(
        detail.contains("1408") && detail.contains("[redacted]"),
        "{detail}"
    );
    assert!(
        !detail.contains(&secret) && !detail.contains(TOKEN),
        "{detail}"
    );
}

/// Stops the run once a request was answered like this; answers when it did.
fn stop_after(
    world: &World,
    method: &'static str,
    status: u16,
) -> tokio::task::JoinHandle<Instant> {
    let (simulator, mut client) = (world.simulator.clone(), world.client.clone());
    tokio::spawn(async move {
        while !simulator
            .log()
            .iter()
            .any(|r| r.method == method && r.status == status)
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let stopped = Instant::now();
        stop(&mut client).await;
        stopped
    })
}

async fn stop(client: &mut Client) {
    let path = "/tfplugin6.Provider/StopProvider";
    let _: pb::stop_provider::Response = client
        .call_path(path, pb::stop_provider::Request {})
        .await
        .unwrap();
}

#[tokio::test]
async fn a62_stop_ends_a_long_apply_within_a_second_with_the_state() {
    let mut world = World::new().await;
    world
        .simulator
        .set(|s| s.activation = Some(Duration::from_secs(600)));
    let stopped = stop_after(&world, "POST", 200);
    let planned = world.planned();
    let answer = world.apply(&Dynamic::Null, &planned).await;
    let since = stopped.await.unwrap().elapsed();
    assert!(since < Duration::from_secs(1), "{since:?}");
    assert_eq!(
        answer.diagnostics[0].severity, 2,
        "a warning: a create never taints"
    );
    let state = decode(answer.new_state, &world.certificate);
    assert_eq!(get(&state, "status"), &Dynamic::from("pending_deployment"));
}

#[tokio::test]
async fn a62_stop_ends_a_pause_for_the_rate_limit_too() {
    let mut world = World::new().await;
    let limited = Answer::error(429, 971, "Please wait").with("retry-after", "300");
    world
        .simulator
        .order(Fault::on("GET", "", Action::Answer(limited)));
    let stopped = stop_after(&world, "GET", 429);
    let planned = world.planned();
    let answer = world.apply(&Dynamic::Null, &planned).await;
    assert!(stopped.await.unwrap().elapsed() < Duration::from_secs(1));
    assert_eq!(decode(answer.new_state, &world.certificate), Dynamic::Null);
    assert_eq!(answer.diagnostics[0].severity, 1);
}

#[tokio::test]
async fn a_second_configuration_begins_a_new_run() {
    let mut world = World::new().await;
    stop(&mut world.client).await;
    world.configure().await;
    world.create().await;
}

#[tokio::test]
async fn a63_a_setting_is_switched_and_switched_back() {
    let mut world = World::new().await;
    let ty = world.setting.clone();
    let on = object(
        &ty,
        &[
            ("zone_id", ZONE_ID.into()),
            ("enabled", Dynamic::Bool(true)),
        ],
    );
    for (prior, planned, expected) in [(&Dynamic::Null, &on, true), (&on, &Dynamic::Null, false)] {
        let request = pb::apply_resource_change::Request {
            type_name: "aop_zone_setting".to_owned(),
            prior_state: Some(encode(prior, &ty)),
            planned_state: Some(encode(planned, &ty)),
            config: Some(encode(planned, &ty)),
            ..Default::default()
        };
        world.configure().await;
        let answer: pb::apply_resource_change::Response = world
            .client
            .call_path("/tfplugin6.Provider/ApplyResourceChange", request)
            .await
            .unwrap();
        assert!(
            answer.diagnostics.iter().all(|d| d.severity == 2),
            "{:?}",
            answer.diagnostics
        );
        assert_eq!(
            world.simulator.look(ZONE_ID, |zone, _| zone.enabled),
            expected
        );
    }
}

#[tokio::test]
async fn i64_i65_an_import_by_id_and_by_identity_is_the_same_object() {
    let mut world = World::new().await;
    let state = world.create().await;
    let Dynamic::String(id) = get(&state, "id").clone() else {
        unreachable!()
    };
    let ty = Type::from_json(br#"["object",{"zone_id":"string","certificate_id":"string"}]"#);
    let ty = ty.unwrap();
    let parts = [
        ("zone_id".to_owned(), Dynamic::from(ZONE_ID)),
        ("certificate_id".to_owned(), Dynamic::from(id.as_str())),
    ];
    let identity = pb::ResourceIdentityData {
        identity_data: Some(encode(&Dynamic::Map(parts.into()), &ty)),
    };
    for (id, identity) in [
        (format!("{ZONE_ID}/{id}"), None),
        (String::new(), Some(identity)),
    ] {
        let request = pb::import_resource_state::Request {
            type_name: "aop_hostname_certificate".to_owned(),
            id,
            identity,
            client_capabilities: None,
        };
        let answer: pb::import_resource_state::Response = world
            .client
            .call_path("/tfplugin6.Provider/ImportResourceState", request)
            .await
            .unwrap();
        assert_eq!(answer.diagnostics, []);
        let [imported] = answer.imported_resources.as_slice() else {
            unreachable!("one object")
        };
        assert_eq!(imported.type_name, "aop_hostname_certificate");
        assert!(imported.identity.is_some());
        let found = decode(imported.state.clone(), &world.certificate);
        assert!(get(&found, "private_key").is_null());
        for name in [
            "id",
            "certificate",
            "status",
            "wait_for_deployment",
            "issuer",
        ] {
            assert_eq!(get(&found, name), get(&state, name), "{name}");
        }
    }
}
