//! Answers that echo, forge, nest, and are enormous.

use framework::value::Dynamic;
use framework::wire::pb::tfplugin6 as pb;

use crate::client::decode;
use crate::server::{Hostile, Reply};
use crate::world::{ID, TOKEN, World, ZONE, result};

/// As large as an answer may be.
const LARGEST: usize = 16 << 20;

async fn read_switch(world: &mut World) -> Vec<pb::Diagnostic> {
    let values = [("zone_id", ZONE.into()), ("enabled", Dynamic::Bool(true))];
    let state = world.state("aop_zone_setting", &values);
    world.read("aop_zone_setting", &state).await.1
}

/// One JSON text inside another, with the key that `serde_json` keeps for itself.
fn nested(levels: usize) -> String {
    let mut text = "1".to_owned();
    for _ in 0..levels {
        let inner = serde_json::Value::from(text).to_string();
        text = format!(r#"{{"$serde_json::private::RawValue":{inner}}}"#);
    }
    text
}

/// Brackets in a text in brackets: each text is parsed anew, and starts to count anew.
fn nested_deeply() -> String {
    let mut text = "1".to_owned();
    for _ in 0..17 {
        text = format!("{}{text}{}", "[".repeat(120), "]".repeat(120));
        let inner = serde_json::Value::from(text).to_string();
        text = format!(r#"{{"$serde_json::private::RawValue":{inner}}}"#);
    }
    text
}

#[tokio::test]
async fn no_answer_and_no_state_is_parsed_twice() {
    for inner in [nested(10), nested_deeply()] {
        let answer = format!(
            r#"{{"success":false,"errors":[{{"code":{inner},"message":{inner}}}],"messages":{inner}}}"#
        );
        let server = Hostile::serve(move |_| Reply::Json(400, answer.clone())).await;
        let mut world = World::new(&server.url).await;
        let said = read_switch(&mut world).await;
        world.survives(&said, &["HTTP 400"]).await;

        for resource in [
            "aop_zone_certificate",
            "aop_hostname_associations",
            "aop_zone_setting",
        ] {
            let state = format!(
                r#"{{"id":{inner},"zone_id":{inner},"timeouts":{inner},"associations":{inner}}}"#
            );
            let request = pb::upgrade_resource_state::Request {
                type_name: resource.to_owned(),
                version: 0,
                raw_state: Some(pb::RawState {
                    json: state.clone().into_bytes(),
                    ..Default::default()
                }),
            };
            let upgraded: pb::upgrade_resource_state::Response = world
                .call("/tfplugin6.Provider/UpgradeResourceState", request)
                .await;
            world.survives(&upgraded.diagnostics, &[]).await;
            let request = pb::move_resource_state::Request {
                source_provider_address: "registry.terraform.io/cloudflare/cloudflare".to_owned(),
                source_type_name: "cloudflare_authenticated_origin_pulls".to_owned(),
                source_state: Some(pb::RawState {
                    json: state.into_bytes(),
                    ..Default::default()
                }),
                target_type_name: resource.to_owned(),
                ..Default::default()
            };
            let moved: pb::move_resource_state::Response = world
                .call("/tfplugin6.Provider/MoveResourceState", request)
                .await;
            world.survives(&moved.diagnostics, &[]).await;
        }
        let ty = world.ty("aop_zone_setting");
        let values = [("zone_id", ZONE.into()), ("enabled", Dynamic::Bool(true))];
        let state = world.state("aop_zone_setting", &values);
        let request = pb::read_resource::Request {
            type_name: "aop_zone_setting".to_owned(),
            current_state: Some(crate::client::encode(&state, &ty)),
            private: inner.into_bytes(),
            ..Default::default()
        };
        let read: pb::read_resource::Response = world
            .call("/tfplugin6.Provider/ReadResource", request)
            .await;
        assert_eq!(decode(read.new_state, &ty), state);
        world.survives(&read.diagnostics, &["HTTP 400"]).await;
    }
}

#[tokio::test]
async fn what_a_server_echoes_is_not_shown() {
    let message = format!("bad {TOKEN} for Bearer {TOKEN}\r\n\u{1b}[31m\nError: forged\u{202e}");
    let body = serde_json::json!({
        "success": false,
        "errors": [{ "code": 9999, "message": message, "documentation_url": message }],
        "messages": [message.clone(), { "message": message }],
    });
    let page = format!("<html><title>{TOKEN}</title><p>{TOKEN}\u{9b}2J</p></html>");
    let answers = [
        (body.to_string(), "9999"),
        (page, "HTTP 403"),
        (format!("plain {TOKEN}"), "HTTP 403"),
    ];
    for (body, words) in answers {
        let server = Hostile::serve(move |asked| {
            assert!(asked.head.contains(TOKEN), "it is sent");
            let headers = vec![
                ("cf-ray", format!("{TOKEN}-FRA")),
                ("x-echo", TOKEN.to_owned()),
            ];
            Reply::With(403, headers, body.clone())
        })
        .await;
        let mut world = World::new(&server.url).await;
        let said = read_switch(&mut world).await;
        world.survives(&said, &[words]).await;
    }
}

#[tokio::test]
async fn a_ray_is_shown_where_it_has_its_form() {
    for (ray, shown) in [
        ("8f1c5a7b9d2e4f60-FRA", true),
        ("8f1c5a7b9d2e4f60", true),
        ("8f1c5a7b9d2e4f60-FRA; x", false),
        ("not-a-ray", false),
    ] {
        let server = Hostile::serve(move |_| {
            let body = r#"{"success":false,"errors":[{"code":1,"message":"no"}]}"#;
            Reply::With(400, vec![("cf-ray", ray.to_owned())], body.to_owned())
        })
        .await;
        let mut world = World::new(&server.url).await;
        let said = read_switch(&mut world).await;
        world.survives(&said, &["HTTP 400"]).await;
        assert_eq!(said[0].detail.contains(ray), shown, "{ray}");
    }
}

/// A status that is no word says nothing, and never stands in a state.
#[tokio::test]
async fn a_status_is_a_word() {
    for status in ["active\u{1b}[2J", "a b", "\n", &"x".repeat(1000)] {
        let status = serde_json::Value::from(status).to_string();
        let row = format!(r#"{{"id":"{ID}","status":{status},"uploaded_on":{status}}}"#);
        let server = Hostile::serve(move |asked| {
            let is_one = asked.line.ends_with(ID);
            let shown = if is_one {
                row.clone()
            } else {
                format!("[{row}]")
            };
            Reply::Json(200, result(&shown))
        })
        .await;
        let mut world = World::new(&server.url).await;
        let resource = "aop_zone_certificate";
        let values = [
            ("zone_id", ZONE.into()),
            ("id", ID.into()),
            ("superseded_ids", Dynamic::List(Vec::new())),
        ];
        let state = world.state(resource, &values);
        let (read, said) = world.read(resource, &state).await;
        assert_eq!(said, []);
        let get = |name| crate::client::get(&read, name).clone();
        assert_eq!(get("status"), Dynamic::from("unknown"));
        assert_eq!(get("uploaded_on"), Dynamic::Null);
        world.is_well().await;
    }
}

/// Each as large as an answer may be.
#[tokio::test]
async fn an_enormous_answer_costs_little_and_says_little() {
    let fill = |start: &str, part: &str, end: &str| {
        let count = (LARGEST - start.len() - end.len()) / part.len();
        format!("{start}{}{end}", part.repeat(count))
    };
    let answers = [
        (400, fill(r#"{"success":false,"errors":["#, "{},", "{}]}")),
        (
            400,
            fill(r#"{"errors":["#, r#"{"code":7,"message":"no"},"#, "{}]}"),
        ),
        (
            400,
            fill(r#"{"errors":[{"code":7,"message":""#, "a b ", r#""}]}"#),
        ),
        (
            400,
            fill(r#"{"errors":[{"code":7,"message":""#, r"\u0061", r#""}]}"#),
        ),
        (
            400,
            fill(r#"{"errors":[{"code":7,"message":["#, "[],", "0]}]}"),
        ),
        (
            400,
            fill(r#"{"errors":[{"code":7,"error_chain":["#, "[],", "[]]}]}"),
        ),
        (400, fill(r#"{"errors":[{"code":"#, "7", "}]}")),
        (403, fill("<html>", "<b>x</b> ", "</html>")),
        (200, fill(r#"{"result":["#, "{},", "{}]}")),
        (200, fill(r#"{"result":["#, "null,", "null]}")),
        (
            200,
            fill(
                r#"{"result":[{"id":"a"},"#,
                r#"{"id":"a"},"#,
                r#"{"id":"a"}]}"#,
            ),
        ),
        (200, fill(r#"{"result":[{"id":""#, "a", r#""}]}"#)),
        (200, fill(r#"{"result":[],"x":{""#, "k", r#"":1}}"#)),
    ];
    for (status, body) in answers {
        let server = Hostile::serve(move |_| Reply::Json(status, body.clone())).await;
        let mut world = World::new(&server.url).await;
        let zone = [("zone_id", ZONE.into())];
        let said = world.read_data("aop_zone_certificates", &zone).await;
        match said.is_empty() {
            // An unknown field, however long its name, is none of our business.
            true => world.is_well().await,
            false => world.survives(&said, &[]).await,
        }
    }
}

/// Pages and rows without end, and a server that sends the same page again and again.
#[tokio::test]
async fn a_list_has_an_end() {
    let page = |first: usize, count: usize| {
        let rows = (first..first + count).map(|n| {
            format!(
                r#"{{"hostname":"h{n}.example.com","cert_id":"a","enabled":true,"status":"active"}}"#
            )
        });
        let rows: Vec<String> = rows.collect();
        format!(
            r#"{{"success":true,"result":[{}],"result_info":{{"total_pages":999999,"total_count":99999999}}}}"#,
            rows.join(",")
        )
    };
    let zone = [("zone_id", ZONE.into())];
    let source = "aop_hostname_associations";

    let same = page(0, 1000);
    let server = Hostile::serve(move |_| Reply::Json(200, same.clone())).await;
    let mut world = World::new(&server.url).await;
    assert_eq!(world.read_data(source, &zone).await, []);
    assert_eq!(
        server.asked().len(),
        2,
        "the second page brought nothing new"
    );
    world.is_well().await;

    let server = Hostile::serve(move |asked| Reply::Json(200, page(asked.number * 25_000, 25_000)));
    let server = server.await;
    let mut world = World::new(&server.url).await;
    let said = world.read_data(source, &zone).await;
    world.survives(&said, &["has no end"]).await;
    assert!(server.asked().len() < 10, "{}", server.asked().len());
}

/// The server decides how many rows a page has, and may not say how many there are.
#[tokio::test]
async fn a_page_may_be_shorter_than_asked_for() {
    type Info = fn(usize) -> String;
    let infos: [(&str, Info); 4] = [
        ("pages", |page| {
            format!(r#"{{"page":{page},"total_pages":5}}"#)
        }),
        ("rows", |_| {
            r#"{"total_count":250,"per_page":1000}"#.to_owned()
        }),
        ("its own size", |_| r#"{"per_page":50}"#.to_owned()),
        ("texts", |_| {
            r#"{"total_count":"250","total_pages":"5"}"#.to_owned()
        }),
    ];
    for (name, info) in infos {
        let server = Hostile::serve(move |asked| {
            let (_, page) = asked.line.rsplit_once("&page=").unwrap();
            let page: usize = page.parse().unwrap();
            let rows = (50 * (page - 1)..(50 * page).min(250)).map(|n| {
                format!(r#"{{"hostname":"h{n}.example.com","cert_id":"a","enabled":true}}"#)
            });
            let rows: Vec<String> = rows.collect();
            let (rows, info) = (rows.join(","), info(page));
            let body = format!(r#"{{"success":true,"result":[{rows}],"result_info":{info}}}"#);
            Reply::Json(200, body)
        })
        .await;
        let mut world = World::new(&server.url).await;
        assert_eq!(world.count_associations().await, 250, "{name}");
        assert!(
            server.asked().len() <= 6,
            "{name}: {}",
            server.asked().len()
        );
    }
}

/// Spelled as an id, as a status, in escapes: an answer that holds the credential is none.
#[tokio::test]
async fn the_token_is_no_id_and_no_status() {
    let escaped: String = TOKEN
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect();
    for echo in [TOKEN, &escaped] {
        for row in [
            format!(r#"{{"id":"{echo}","status":"active"}}"#),
            format!(r#"{{"id":"{ID}","status":"{echo}"}}"#),
            format!(r#"{{"id":"{ID}","status":"active","certificate":"{echo}"}}"#),
        ] {
            let server = Hostile::serve(move |asked| {
                let is_one = asked.line.ends_with(ID);
                Reply::Json(
                    200,
                    result(&if is_one { row.clone() } else { "[]".to_owned() }),
                )
            })
            .await;
            let mut world = World::new(&server.url).await;
            let values = [
                ("zone_id", ZONE.into()),
                ("id", ID.into()),
                ("superseded_ids", Dynamic::List(Vec::new())),
            ];
            let state = world.state("aop_zone_certificate", &values);
            let (kept, said) = world.read("aop_zone_certificate", &state).await;
            world.survives(&said, &["repeats the credential"]).await;
            assert_eq!(kept, state);
        }
    }
}

/// A value of a wrong type is not shown: it could be anything.
#[tokio::test]
async fn what_is_found_in_place_of_a_value_is_not_shown() {
    let values = [
        format!(
            r#""{}""#,
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0 ".repeat(4)
        ),
        format!(r#""{}""#, "\u{7f}".repeat(900_000)),
        format!(r#""{}""#, "\u{7f}".repeat(LARGEST - 100)),
    ];
    for value in values {
        let server =
            Hostile::serve(move |_| Reply::Json(200, result(&format!(r#"{{"enabled":{value}}}"#))))
                .await;
        let mut world = World::new(&server.url).await;
        let said = read_switch(&mut world).await;
        world.survives(&said, &["/result"]).await;
        assert!(!said[0].detail.contains("MIGHA"), "{said:?}");
    }
}
