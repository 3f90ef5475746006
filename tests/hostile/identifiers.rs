//! Identifiers that are none, in states and in answers.

use framework::value::Dynamic;

use crate::server::{Hostile, Reply};
use crate::world::{ID, World, ZONE, result};

const CERTIFICATES: [&str; 2] = ["aop_zone_certificate", "aop_hostname_certificate"];

/// What would make another request of the path, or of the terminal.
const STRANGE: [&str; 12] = [
    "..",
    ".",
    "",
    "../..",
    "a/b",
    "a\\b",
    "%2e%2e",
    "a?b",
    "a#b",
    "settings",
    "x\u{1b}[2J",
    "a\r\nx-forged: 1",
];

/// A server that accepts whatever it is asked.
async fn agreeable() -> Hostile {
    Hostile::serve(|_| Reply::Json(200, result(r#"{"id":"x"}"#))).await
}

fn state(world: &World, resource: &str, id: &str) -> Dynamic {
    world.state(
        resource,
        &[
            ("zone_id", ZONE.into()),
            ("id", id.into()),
            ("superseded_ids", Dynamic::List(Vec::new())),
        ],
    )
}

#[tokio::test]
async fn an_id_in_a_state_that_is_none_sends_nothing() {
    let server = agreeable().await;
    let mut world = World::new(&server.url).await;
    for resource in CERTIFICATES {
        for id in STRANGE {
            let state = state(&world, resource, id);
            let (kept, said) = world.destroy(resource, &state).await;
            let words = ["State holds no certificate id", "nothing was sent"];
            world.survives(&said, &words).await;
            assert_eq!(kept, state, "the state stays");
            let (_, said) = world.read(resource, &state).await;
            world.survives(&said, &words).await;
        }
    }
    let association = |hostname: &str, id: &str| {
        world.state(
            "aop_hostname_association",
            &[
                ("zone_id", ZONE.into()),
                ("hostname", hostname.into()),
                ("certificate_id", id.into()),
            ],
        )
    };
    let states = [
        association("app.example.com", ".."),
        association("..", ID),
        association("a/../b.example.com", ID),
    ];
    for state in states {
        let (_, said) = world.destroy("aop_hostname_association", &state).await;
        world.survives(&said, &[]).await;
    }
    let plural = Dynamic::Map(
        [
            ("certificate_id", Dynamic::from("..")),
            ("enabled", Dynamic::Bool(true)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    );
    let plural = world.state(
        "aop_hostname_associations",
        &[
            ("zone_id", ZONE.into()),
            (
                "associations",
                Dynamic::Map([("app.example.com".to_owned(), plural)].into()),
            ),
        ],
    );
    let (_, said) = world.destroy("aop_hostname_associations", &plural).await;
    world
        .survives(&said, &["State holds no certificate id"])
        .await;
    for zone in ["..", "../zones", "023e105f4ecef8ad9ca31a8372d0c35/"] {
        let state = world.state("aop_zone_setting", &[("zone_id", zone.into())]);
        let (_, said) = world.destroy("aop_zone_setting", &state).await;
        world.survives(&said, &["zone id"]).await;
    }
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn strange_superseded_ids_are_dropped_with_a_warning() {
    let server = Hostile::serve(|asked| match asked.line.split(' ').next() {
        Some("DELETE") => Reply::Json(200, result(&format!(r#"{{"id":"{ID}"}}"#))),
        _ if asked.line.contains("/certificates/") => Reply::Json(
            404,
            r#"{"success":false,"errors":[{"code":1551,"message":"gone"}]}"#.to_owned(),
        ),
        _ => Reply::Json(200, result("[]")),
    })
    .await;
    let mut world = World::new(&server.url).await;
    let resource = "aop_hostname_certificate";
    let strange = STRANGE.map(Dynamic::from).to_vec();
    let values = [
        ("zone_id", ZONE.into()),
        ("id", ID.into()),
        ("superseded_ids", Dynamic::List(strange)),
    ];
    let state = world.state(resource, &values);
    let (kept, said) = world.destroy(resource, &state).await;
    world.survives(&said, &["superseded_ids", "dropped"]).await;
    assert_eq!(kept, Dynamic::Null, "{said:?}");
    let deletes = server
        .asked()
        .into_iter()
        .filter(|line| line.starts_with("DELETE"));
    let own = format!(
        "DELETE /client/v4/zones/{ZONE}/origin_tls_client_auth/hostnames/certificates/{ID}"
    );
    assert_eq!(deletes.collect::<Vec<_>>(), [own]);
}

/// A zone has an id, a status and a name too.
#[tokio::test]
async fn an_answer_about_something_else_is_none() {
    let zone = format!(r#"{{"id":"{ZONE}","status":"active","name":"example.com"}}"#);
    let other =
        r#"{"hostname":"other.example.com","cert_id":"a","enabled":true,"status":"active"}"#;
    let server = Hostile::serve(move |asked| {
        let is_list = asked.line.contains('?') || asked.line.ends_with("certificates");
        let of_zone = asked.line.ends_with("origin_tls_client_auth");
        Reply::Json(
            200,
            match is_list || of_zone {
                true => result("[]"),
                false if asked.line.contains("app.example.com") => result(other),
                false => result(&zone),
            },
        )
    })
    .await;
    let mut world = World::new(&server.url).await;
    for resource in CERTIFICATES {
        let state = state(&world, resource, ID);
        let (kept, said) = world.read(resource, &state).await;
        world.survives(&said, &["instead of", ID]).await;
        assert_eq!(kept, state);
    }
    let state = world.state(
        "aop_hostname_association",
        &[
            ("zone_id", ZONE.into()),
            ("hostname", "app.example.com".into()),
            ("certificate_id", ID.into()),
        ],
    );
    let (kept, said) = world.read("aop_hostname_association", &state).await;
    world
        .survives(&said, &["other.example.com instead of app.example.com"])
        .await;
    assert_eq!(kept, state);
}

#[tokio::test]
async fn what_a_list_names_is_an_identifier_or_an_error_with_its_place() {
    let rows = [
        (
            r#"[{"hostname":"a.example.com","cert_id":"..","enabled":true}]"#,
            "/result/0: cert_id",
        ),
        (
            r#"[{"hostname":"a\u001b[2J.example.com","cert_id":"a","enabled":true}]"#,
            "/result/0: hostname",
        ),
        (
            r#"[{"hostname":"a\u202e.example.com","cert_id":"a","enabled":true}]"#,
            "/result/0: hostname",
        ),
        (
            r#"[{"hostname":null,"cert_id":"a","enabled":true}]"#,
            "/result/0: hostname",
        ),
    ];
    for (json, words) in rows {
        let server = Hostile::serve(move |_| Reply::Json(200, result(json))).await;
        let mut world = World::new(&server.url).await;
        let zone = [("zone_id", ZONE.into())];
        let said = world.read_data("aop_hostname_associations", &zone).await;
        world.survives(&said, &[words]).await;
    }
    let certificates = [
        (r#"[{"id":"../x","status":"active"}]"#, "/result/0/id"),
        (
            r#"[{"id":"a\nError: b","status":"active"}]"#,
            "/result/0/id",
        ),
        (r#"[{"id":null,"status":"active"}]"#, "/result/0/id"),
    ];
    for (json, words) in certificates {
        let server = Hostile::serve(move |_| Reply::Json(200, result(json))).await;
        let mut world = World::new(&server.url).await;
        let zone = [("zone_id", ZONE.into())];
        let said = world.read_data("aop_zone_certificates", &zone).await;
        world.survives(&said, &[words]).await;
    }
}

/// What is gone may be written in any way: it makes nothing else unreadable.
#[tokio::test]
async fn an_odd_tombstone_costs_nothing_but_itself() {
    let live = r#"{"hostname":"a.example.com","cert_id":"a","enabled":true,"status":"active"}"#;
    let long = format!("{}.example.com", "a".repeat(300));
    let odd = [
        r#"{"hostname":"b.example.com","cert_id":"deleted:7","enabled":null,"status":"deleted"}"#,
        r#"{"hostname":"b*.example.com","cert_id":"b","enabled":null,"status":"deleted"}"#,
        r#"{"hostname":"b.example.com","cert_id":"b","enabled":"false","status":"deleted"}"#,
        r#"{"hostname":7,"cert_id":[],"enabled":null,"status":{}}"#,
        r#"{"hostname":"a.example.com","cert_id":"b","enabled":null,"status":"deleted"}"#,
        &format!(r#"{{"hostname":"{long}","enabled":null,"status":"deleted"}}"#),
    ];
    for odd in odd {
        for rows in [format!("[{live},{odd}]"), format!("[{odd},{live}]")] {
            let server = Hostile::serve(move |_| Reply::Json(200, result(&rows))).await;
            let mut world = World::new(&server.url).await;
            assert_eq!(world.count_associations().await, 1, "{odd}");
        }
    }
    // A page of nothing else is not the end.
    let server = Hostile::serve(move |asked| {
        let rows = match asked.number {
            0 => vec![r#"{"hostname":null,"enabled":null,"status":"deleted"}"#; 1000].join(","),
            _ => live.to_owned(),
        };
        let info = r#"{"total_pages":2,"total_count":1001}"#;
        let body = format!(r#"{{"success":true,"result":[{rows}],"result_info":{info}}}"#);
        Reply::Json(200, body)
    })
    .await;
    let mut world = World::new(&server.url).await;
    assert_ne!(world.count_associations().await, 0);
}
