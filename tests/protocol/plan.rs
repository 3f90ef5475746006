//! Plans as core checks them.

use framework::value::{Dynamic, Refinement, Type, Unknown};
use framework::wire::pb::tfplugin6 as pb;

use crate::client::{Client, attribute, block_type, decode, encode, get, object};
use crate::plugin::Plugin;

const ASSOCIATION: &str = "aop_hostname_association";
const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";

struct Planner {
    _plugin: Plugin,
    client: Client,
    ty: Type,
}

struct Planned {
    state: Dynamic,
    replaces: Vec<String>,
    answer: pb::plan_resource_change::Response,
}

impl Planner {
    async fn start() -> Self {
        let plugin = Plugin::start();
        let mut client = plugin.connect().await;
        let ty = block_type(&client.schema().await.resource_schemas[ASSOCIATION]);
        let token = Dynamic::from("token");
        assert_eq!(client.configure(&[("api_token", token)]).await, []);
        Self {
            _plugin: plugin,
            client,
            ty,
        }
    }

    /// Plans as core does: what is proposed is the configuration, and the prior
    /// values of computed attributes that it leaves out.
    async fn plan(&mut self, prior: Option<&Dynamic>, config: &[(&str, Dynamic)]) -> Planned {
        let config = object(&self.ty, config);
        let proposed = match (prior, &config) {
            (Some(Dynamic::Map(prior)), Dynamic::Map(entries)) => {
                let merged = entries.iter().map(|(name, value)| {
                    let computed = ["id", "status", "enabled", "wait_for_deployment"];
                    let keeps = value.is_null() && computed.contains(&name.as_str());
                    (
                        name.clone(),
                        if keeps {
                            prior.get(name).unwrap()
                        } else {
                            value
                        }
                        .clone(),
                    )
                });
                Dynamic::Map(merged.collect())
            }
            _ => config.clone(),
        };
        self.send(prior.unwrap_or(&Dynamic::Null), &proposed, &config)
            .await
    }

    async fn send(&mut self, prior: &Dynamic, proposed: &Dynamic, config: &Dynamic) -> Planned {
        let request = pb::plan_resource_change::Request {
            type_name: ASSOCIATION.to_owned(),
            prior_state: Some(encode(prior, &self.ty)),
            proposed_new_state: Some(encode(proposed, &self.ty)),
            config: Some(encode(config, &self.ty)),
            prior_private: b"{\"kept\":1}".to_vec(),
            ..Default::default()
        };
        let answer: pb::plan_resource_change::Response = self
            .client
            .call_path("/tfplugin6.Provider/PlanResourceChange", request)
            .await
            .unwrap();
        let at = |path: &pb::AttributePath| {
            attribute(&pb::Diagnostic {
                attribute: Some(path.clone()),
                ..Default::default()
            })
        };
        Planned {
            state: decode(answer.planned_state.clone(), &self.ty),
            replaces: answer.requires_replace.iter().map(at).collect(),
            answer,
        }
    }
}

fn config() -> Vec<(&'static str, Dynamic)> {
    vec![
        ("zone_id", Dynamic::from(ZONE)),
        ("hostname", Dynamic::from("app.example.com")),
        (
            "certificate_id",
            Dynamic::from("2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"),
        ),
    ]
}

fn state(ty: &Type) -> Dynamic {
    let mut values = config();
    values.extend([
        (
            "id",
            Dynamic::from(format!("{ZONE}/app.example.com").as_str()),
        ),
        ("enabled", Dynamic::Bool(true)),
        ("wait_for_deployment", Dynamic::Bool(true)),
        ("status", Dynamic::from("active")),
    ]);
    object(ty, &values)
}

fn with(
    mut values: Vec<(&'static str, Dynamic)>,
    name: &'static str,
    value: Dynamic,
) -> Vec<(&'static str, Dynamic)> {
    values.retain(|(given, _)| *given != name);
    values.push((name, value));
    values
}

#[tokio::test]
async fn p44_a_create_fills_defaults_and_leaves_the_rest_unknown() {
    let mut planner = Planner::start().await;
    let planned = planner.plan(None, &config()).await;
    assert_eq!(planned.answer.diagnostics, []);
    assert_eq!(get(&planned.state, "enabled"), &Dynamic::Bool(true));
    assert_eq!(get(&planned.state, "status"), &Dynamic::unknown());
    assert_eq!(get(&planned.state, "timeouts"), &Dynamic::Null);
    let id = format!("{ZONE}/app.example.com");
    assert_eq!(get(&planned.state, "id"), &Dynamic::from(id.as_str()));
    assert_eq!(planned.replaces, Vec::<String>::new());
}

#[tokio::test]
async fn p45_p50_no_change_is_the_prior_state_exactly() {
    let mut planner = Planner::start().await;
    let prior = state(&planner.ty);
    let planned = planner.plan(Some(&prior), &config()).await;
    assert_eq!(planned.state, prior);
    assert!(!planned.answer.legacy_type_system && planned.answer.deferred.is_none());
    assert_eq!(planned.answer.planned_private, b"{\"kept\":1}");
}

#[tokio::test]
async fn p46_an_update_touches_only_what_it_changes() {
    let mut planner = Planner::start().await;
    let prior = state(&planner.ty);
    let planned = planner
        .plan(
            Some(&prior),
            &with(config(), "enabled", Dynamic::Bool(false)),
        )
        .await;
    assert_eq!(get(&planned.state, "enabled"), &Dynamic::Bool(false));
    assert_eq!(get(&planned.state, "status"), &Dynamic::unknown());
    assert_eq!(get(&planned.state, "id"), get(&prior, "id"));

    let timeouts = Dynamic::Map(
        ["create", "update", "delete"]
            .map(|n| (n.to_owned(), Dynamic::from("1m")))
            .into(),
    );
    let planned = planner
        .plan(Some(&prior), &with(config(), "timeouts", timeouts))
        .await;
    assert_eq!(
        get(&planned.state, "status"),
        &Dynamic::from("active"),
        "nothing to wait for"
    );
}

#[tokio::test]
async fn a_default_comes_back_when_an_argument_is_removed() {
    let mut planner = Planner::start().await;
    let Dynamic::Map(mut entries) = state(&planner.ty) else {
        unreachable!()
    };
    entries.insert("enabled".to_owned(), Dynamic::Bool(false));
    let planned = planner.plan(Some(&Dynamic::Map(entries)), &config()).await;
    assert_eq!(get(&planned.state, "enabled"), &Dynamic::Bool(true));
}

#[tokio::test]
async fn p47_a_destroy_plan_is_null() {
    let mut planner = Planner::start().await;
    let prior = state(&planner.ty);
    let planned = planner.send(&prior, &Dynamic::Null, &Dynamic::Null).await;
    assert_eq!(planned.state, Dynamic::Null);
    assert_eq!(planned.answer.diagnostics, []);
    assert!(planned.answer.planned_identity.is_some());
}

#[tokio::test]
async fn p48_replacement_is_asked_for_exactly_where_it_is_needed() {
    let mut planner = Planner::start().await;
    let prior = state(&planner.ty);
    let other = "123e105f4ecef8ad9ca31a8372d0c353";
    let both = with(
        with(config(), "zone_id", other.into()),
        "hostname",
        "b.example.com".into(),
    );
    let planned = planner.plan(Some(&prior), &both).await;
    assert_eq!(planned.replaces, ["hostname", "zone_id"]);
    let spelling = with(config(), "hostname", "APP.example.com.".into());
    let planned = planner.plan(Some(&prior), &spelling).await;
    assert_eq!(planned.replaces, Vec::<String>::new());
    assert_eq!(planned.state, prior, "the prior spelling stays");
}

#[tokio::test]
async fn p49_what_is_unknown_now_may_become_anything_later() {
    let mut planner = Planner::start().await;
    let refined = Unknown::refined(Refinement {
        null: Some(false),
        prefix: Some("app-".to_owned()),
        ..Refinement::default()
    });
    let unknown = with(config(), "hostname", Dynamic::Unknown(refined.clone()));
    let first = planner.plan(None, &unknown).await;
    assert_eq!(first.answer.diagnostics, []);
    assert_eq!(
        get(&first.state, "hostname"),
        &Dynamic::Unknown(refined),
        "core compares refinements"
    );
    assert_eq!(get(&first.state, "id"), &Dynamic::unknown());
    assert!(
        first.answer.planned_identity.is_none(),
        "half an identity is none"
    );
    let second = planner.plan(None, &config()).await;
    let (Dynamic::Map(first), Dynamic::Map(second)) = (first.state, second.state) else {
        unreachable!()
    };
    for (name, value) in first {
        if !matches!(value, Dynamic::Unknown(_)) {
            assert_eq!(Some(&value), second.get(&name), "{name} was promised");
        }
    }
}

#[tokio::test]
async fn p49_a_flag_that_is_unknown_promises_nothing_about_the_status() {
    let mut planner = Planner::start().await;
    let Dynamic::Map(mut entries) = state(&planner.ty) else {
        unreachable!()
    };
    entries.insert("status".to_owned(), Dynamic::from("pending_deployment"));
    let prior = Dynamic::Map(entries);
    for wait in [Dynamic::unknown(), Dynamic::Bool(true)] {
        let planned = planner
            .plan(Some(&prior), &with(config(), "wait_for_deployment", wait))
            .await;
        assert_eq!(get(&planned.state, "status"), &Dynamic::unknown());
    }
}

#[tokio::test]
async fn planning_a_planned_state_changes_nothing() {
    let mut planner = Planner::start().await;
    let planned = planner.plan(None, &config()).await;
    let Dynamic::Map(mut entries) = planned.state else {
        unreachable!()
    };
    entries.insert("status".to_owned(), Dynamic::from("active"));
    let applied = Dynamic::Map(entries);
    let again = planner.plan(Some(&applied), &config()).await;
    assert_eq!(again.state, applied);
}

#[tokio::test]
async fn without_a_credential_the_plan_says_what_to_set() {
    let mut planner = Planner::start().await;
    assert_eq!(planner.client.configure(&[]).await, []);
    let planned = planner.plan(None, &config()).await;
    assert!(
        planned.answer.diagnostics[0]
            .detail
            .contains("CLOUDFLARE_API_TOKEN")
    );
    assert_eq!(
        planner
            .client
            .configure(&[("api_token", Dynamic::unknown())])
            .await,
        []
    );
    assert_eq!(planner.plan(None, &config()).await.answer.diagnostics, []);
}
