//! What an answer may hold: a no, half of itself, the wrong types, too much, or something
//! that no API has written.

use aop_simulator::{Action, Answer as Reply, Fault};

use super::faults::{METHODS, ask, count, result, stocked};
use super::id;
use crate::in_process::{minutes, options, start, zone_id};
use crate::{Fresh, Hostname, Store, Switch};

#[tokio::test(start_paused = true)]
async fn half_an_answer_for_ever_is_named_and_not_shown() {
    let (simulator, client) = start(&options());
    simulator.order(Fault::on("GET", "", Action::Truncate).times(u32::MAX));
    let error = ask(&client, &minutes(1), "GET")
        .await
        .expect_err("half an answer");
    let text = error.to_string();
    assert!(text.contains("incomplete or invalid JSON"), "{text}");
    assert!(text.contains("Request: GET /zones/"), "{text}");
    assert!(!text.contains("success"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_no_with_status_200_is_a_no() {
    for method in METHODS {
        let (simulator, client, before) = stocked().await;
        let mut no = Reply::error(200, 1408, "cannot be used");
        let body = String::from_utf8(no.body).expect("text");
        no.body = body
            .replace(
                "\"code\"",
                "\"documentation_url\":\"https://d.example/1408\",\"code\"",
            )
            .into_bytes();
        simulator.order(Fault::on(method, "", Action::Answer(no)));
        let error = ask(&client, &minutes(1), method).await.expect_err("a no");
        assert!(error.has_code(1408), "{method}: {error}");
        let text = error.to_string();
        assert!(text.contains("cannot be used"), "{text}");
        assert!(text.contains("https://d.example/1408"), "{text}");
        let tries = match method {
            "GET" => count(&simulator, "GET") - before,
            _ => count(&simulator, method),
        };
        assert_eq!(tries, 1, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_type_is_named_with_its_place() {
    let (simulator, client) = start(&options());
    let zone = client.zone(&zone_id());
    let wrong = [
        (r#"{"enabled":"true"}"#, "/result/enabled"),
        (r#"{"enabled":[]}"#, "/result/enabled"),
        ("17", "/result:"),
    ];
    for (json, place) in wrong {
        simulator.order(Fault::on("GET", "", Action::Answer(result(json))));
        let error = zone
            .switch(&minutes(1), Switch::Zone)
            .await
            .expect_err(json);
        assert!(error.to_string().contains(place), "{place}: {error}");
    }
    let rows = r#"[{"id":"a","status":"active"},{"id":7}]"#;
    simulator.order(Fault::on("GET", "", Action::Answer(result(rows))));
    let error = zone.certificates(&minutes(1), Store::Zone).await;
    let error = error.expect_err("a number is no id").to_string();
    assert!(error.contains("/result/1/id"), "{error}");
}

/// Deep, large, and none of our business.
#[tokio::test(start_paused = true)]
async fn unknown_fields_are_ignored_however_deep() {
    let (simulator, client) = start(&options());
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let large = "x".repeat(1_000_000);
    let extra = format!(r#""deep":{deep},"large":"{large}""#);
    let zone = client.zone(&zone_id());
    let hostname = Hostname::parse("app.example.com").expect("a hostname");
    let certificate = format!(r#"[{{"id":"a","status":"active",{extra}}}]"#);
    let association = format!(
        r#"[{{"hostname":"app.example.com","cert_id":"a","enabled":true,"status":"active",{extra}}}]"#
    );
    let switch = format!(r#"{{"enabled":true,{extra}}}"#);
    for (json, kind) in [(certificate, 0), (association, 1), (switch, 2)] {
        simulator.order(Fault::on("GET", "", Action::Answer(result(&json))));
        match kind {
            0 => {
                let list = zone.certificates(&minutes(1), Store::Zone).await;
                assert_eq!(list.expect("a list")[0].id, id("a"));
            }
            1 => {
                let scope = minutes(1);
                let listed = zone.association_as_of(&scope, &hostname, Fresh::now());
                assert!(listed.await.expect("an association").names(&id("a")));
            }
            _ => assert!(
                zone.switch(&minutes(1), Switch::Zone)
                    .await
                    .expect("a switch")
            ),
        }
    }
    assert_eq!(simulator.log().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_id_in_capitals_is_the_same_id() {
    let (simulator, client) = start(&options());
    let zone = client.zone(&zone_id());
    let capitals = "2458CE5A-0C35-4C7F-82C7-8E9487D3FF60";
    let certificate = format!(r#"[{{"id":"{capitals}","status":"active"}}]"#);
    let association =
        format!(r#"[{{"hostname":"app.example.com","cert_id":"{capitals}","enabled":true}}]"#);
    simulator.order(Fault::on("GET", "", Action::Answer(result(&certificate))));
    let listed = zone.certificates(&minutes(1), Store::Hostname).await;
    let lower = id(&capitals.to_lowercase());
    assert_eq!(listed.expect("a list")[0].id, lower);
    simulator.order(Fault::on("GET", "", Action::Answer(result(&association))));
    let listed = zone.associations(&minutes(1)).await;
    assert!(listed.expect("a list")[0].names(&lower));
    let capitals = crate::ZoneId::parse(&zone_id().as_str().to_uppercase());
    assert_eq!(capitals, Ok(zone_id()));
}

/// What else answers in the place of the API, or as it never should.
#[tokio::test(start_paused = true)]
async fn rubbish_is_a_clear_error_and_no_storm() {
    let body = |status, kind: &str, bytes: &[u8]| {
        let answer = Reply {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body: bytes.to_vec(),
        };
        Action::Answer(answer)
    };
    let cases = [
        (
            body(200, "text/html", b"<html>log in</html>"),
            1,
            "base_url",
        ),
        (
            body(200, "application/json", b"<!doctype html>"),
            1,
            "an HTML page",
        ),
        (body(302, "text/plain", b""), 1, "redirect"),
        (
            body(404, "text/plain", b"not here"),
            1,
            "without an explanation in JSON",
        ),
        (body(418, "application/json", b"{}"), 1, "HTTP 418"),
        (body(999, "application/json", b"{}"), 1, "HTTP 999"),
        (
            body(
                200,
                "application/json",
                br#"{"success":true,"result":null}"#,
            ),
            1,
            "/result",
        ),
        (
            body(
                400,
                "application/json",
                br#"{"errors":[{"code":99999,"message":"odd"}]}"#,
            ),
            1,
            "99999",
        ),
        (
            body(
                400,
                "application/json",
                br#"{"errors":[{"code":"x","message":null}]}"#,
            ),
            1,
            "HTTP 400",
        ),
        (
            body(200, "application/json", b""),
            0,
            "HTTP 200 without a body",
        ),
        (
            body(200, "application/json", b"{"),
            0,
            "incomplete or invalid JSON",
        ),
        (
            body(200, "application/octet-stream", b"\x1f\x8b\x08\0\0\0"),
            1,
            "compressed",
        ),
    ];
    for (action, tries, words) in cases {
        let (simulator, client) = start(&options());
        simulator.order(Fault::on("GET", "", action.clone()).times(u32::MAX));
        let error = ask(&client, &minutes(1), "GET").await.expect_err(words);
        let text = error.to_string();
        assert!(text.contains(words), "{words:?} is missing in {text}");
        if tries > 0 {
            assert_eq!(simulator.log().len(), tries, "{text}");
        } else {
            assert!(
                simulator.log().len() < 40,
                "{} tries",
                simulator.log().len()
            );
        }
    }
}
