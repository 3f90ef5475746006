//! What the network and the API may do to a single request: each case with its outcome,
//! its number of tries and its words.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aop_simulator::{Action, Answer as Reply, Fault, Simulator};
use tokio::time::Instant;

use super::statuses;
use crate::in_process::{InProcess, minutes, options, start, upload, zone_id};
use crate::{Answer, Client, Error, Request, Scope, SendError, Store, Switch, Transport};

/// A good answer with this result.
pub(super) fn result(json: &str) -> Reply {
    Reply {
        status: 200,
        headers: Vec::new(),
        body: format!(r#"{{"success":true,"errors":[],"result":{json}}}"#).into_bytes(),
    }
}

/// One request of every method that may be repeated.
pub(super) async fn ask(client: &Client, scope: &Scope, method: &str) -> Result<(), Error> {
    let zone = client.zone(&zone_id());
    let wanted = || true;
    match method {
        "GET" => zone.switch(scope, Switch::Zone).await.map(drop),
        "PUT" => zone
            .set_switch(scope, Switch::Zone, true, wanted)
            .await
            .map(drop),
        "PATCH" => zone
            .set_switch(scope, Switch::Global, true, wanted)
            .await
            .map(drop),
        "DELETE" => {
            let hostname = zone.certificates(scope, Store::Hostname).await?;
            let id = hostname.first().map(|found| found.id.clone());
            let id = id.expect("a certificate");
            let locked = zone.lock(scope).await?;
            locked.delete(scope, Store::Hostname, &id, wanted).await
        }
        other => unreachable!("{other}"),
    }
}

pub(super) const METHODS: [&str; 4] = ["GET", "PUT", "PATCH", "DELETE"];

pub(super) fn count(simulator: &Simulator, method: &str) -> usize {
    let log = simulator.log();
    log.iter()
        .filter(|request| request.method == method)
        .count()
}

/// A zone with an active certificate, and nothing of that in the log.
pub(super) async fn stocked() -> (Simulator, std::sync::Arc<Client>, usize) {
    let (simulator, client) = start(&options());
    upload(&client, &minutes(1)).await.expect("a certificate");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let gets = count(&simulator, "GET");
    (simulator, client, gets)
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_repeated_once_and_passes() {
    let gateway = |status| Action::Answer(Reply::html(status, "gateway"));
    let mut blows: Vec<(String, Action)> = [408, 500, 502, 503, 504, 520, 522, 524, 525, 527, 530]
        .map(|status| (status.to_string(), gateway(status)))
        .into();
    let busy = Action::Answer(Reply::error(409, 1493, "busy"));
    blows.push(("409".to_owned(), busy));
    blows.push(("reset before".to_owned(), Action::ResetBefore));
    blows.push(("reset after".to_owned(), Action::ResetAfter));
    blows.push(("truncated".to_owned(), Action::Truncate));
    for (name, blow) in blows {
        for method in METHODS {
            let (simulator, client, before) = stocked().await;
            // A list and a look come before a DELETE.
            simulator.order(Fault::on(method, "", blow.clone()));
            let asked = ask(&client, &minutes(5), method).await;
            asked.unwrap_or_else(|error| panic!("{name} on {method}: {error}"));
            let tries = match method {
                "GET" => count(&simulator, "GET") - before,
                _ => count(&simulator, method),
            };
            assert_eq!(tries, 2, "{name} on {method}");
        }
    }
}

/// Such an answer says nothing: what may be repeated is, and a POST is looked for.
#[tokio::test(start_paused = true)]
async fn an_answer_without_a_body_is_a_lost_one() {
    for status in [200, 201, 202, 204] {
        for method in METHODS {
            let (simulator, client, before) = stocked().await;
            let empty = Reply {
                status,
                headers: Vec::new(),
                body: Vec::new(),
            };
            simulator.order(Fault::on(method, "", Action::DoneBut(empty)));
            let asked = ask(&client, &minutes(5), method).await;
            asked.unwrap_or_else(|error| panic!("{status} on {method}: {error}"));
            let tries = match method {
                "GET" => count(&simulator, "GET") - before,
                _ => count(&simulator, method),
            };
            assert_eq!(tries, 2, "{status} on {method}");
        }
        let (simulator, client) = start(&options());
        let empty = Reply {
            status,
            headers: Vec::new(),
            body: b" ".to_vec(),
        };
        simulator.order(Fault::on("POST", "", Action::DoneBut(empty)));
        let error = upload(&client, &minutes(5))
            .await
            .expect_err("nobody knows");
        assert!(matches!(error, Error::Lost { .. }), "{error}");
        assert!(error.to_string().contains("without a body"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_without_end_tells_what_it_met_in_its_own_words() {
    for (answer, words) in [
        (
            Reply::html(522, "Connection timed out"),
            "HTTP 522: an HTML page: Connection timed out",
        ),
        (Reply::error(503, 0, "maintenance"), "HTTP 503"),
    ] {
        let (simulator, client) = start(&options());
        simulator.order(Fault::on("GET", "", Action::Answer(answer)).times(u32::MAX));
        let error = ask(&client, &minutes(2), "GET")
            .await
            .expect_err("an outage");
        let text = error.to_string();
        for word in [words, "Request: GET /zones/", "attempts in"] {
            assert!(text.contains(word), "{word:?} is missing in {text}");
        }
        assert!(!text.contains('<'), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_may_come_right_and_a_refused_certificate_does_not() {
    for (passing, tries) in [(true, 3), (false, 1)] {
        for method in METHODS {
            let (simulator, client, _) = stocked().await;
            drop(client);
            let transport = Unreachable {
                within: InProcess(simulator.clone()),
                passing,
                left: AtomicU32::new(2),
                tried: AtomicU32::new(0),
            };
            let transport = std::sync::Arc::new(transport);
            let client = Client::new(Box::new(Shared(transport.clone())), &options());
            let asked = ask(&client, &minutes(1), method).await;
            assert_eq!(asked.is_ok(), passing, "{method}");
            let least = transport.tried.load(Ordering::Relaxed);
            assert!(least >= tries, "{method}: {least} tries");
            if !passing {
                assert_eq!(least, 1, "{method}");
                let error = asked.expect_err("unreachable");
                assert!(matches!(error, Error::Unreachable { .. }), "{error}");
            }
        }
    }
}

/// A connection that is refused a few times.
struct Unreachable {
    within: InProcess,
    passing: bool,
    left: AtomicU32,
    tried: AtomicU32,
}

struct Shared(std::sync::Arc<Unreachable>);

impl Transport for Shared {
    fn send<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 'a>> {
        Box::pin(async {
            self.0.tried.fetch_add(1, Ordering::Relaxed);
            let refused = self
                .0
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            match refused {
                Ok(_) => Err(SendError::NotSent {
                    cause: "connection refused".to_owned(),
                    passing: self.0.passing,
                }),
                Err(_) => self.0.within.send(request).await,
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_of_what_is_gone_is_a_success() {
    for (status, code, text) in [
        (404, 1551, "not found"),
        (404, 1552, "not found"),
        (404, 1414, "gone"),
        (400, 1000, "This certificate was already deleted."),
    ] {
        let (simulator, client, _) = stocked().await;
        let gone = Action::Answer(Reply::error(status, code, text));
        simulator.order(Fault::on("DELETE", "", gone));
        let deleted = ask(&client, &minutes(1), "DELETE").await;
        assert!(deleted.is_ok(), "{code}: {deleted:?}");
        assert_eq!(count(&simulator, "DELETE"), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_word_about_its_length_a_pause_follows_the_budget_or_backs_off() {
    let limited = || Reply::error(429, 971, "wait");
    for (answer, least, most) in [
        (limited().with("ratelimit", r#""default";r=0;t=4"#), 4, 6),
        // Of several policies, the one that leaves nothing.
        (
            limited().with("ratelimit", r#""long";r=900;t=290, "burst";r=0;t=4"#),
            4,
            6,
        ),
        // Where something is left, the budget is not what stands in the way.
        (limited().with("ratelimit", r#""default";r=50;t=290"#), 0, 3),
        (
            limited()
                .with("ratelimit", r#""default";r=50;t=290"#)
                .with("retry-after", "soon"),
            0,
            3,
        ),
        (limited(), 0, 6),
    ] {
        let (simulator, client) = start(&options());
        simulator.order(Fault::on("GET", "", Action::Answer(answer)));
        ask(&client, &minutes(1), "GET").await.expect("an answer");
        let waited = simulator.clock().now().as_secs();
        assert!((least..most).contains(&waited), "{waited} s");
        assert_eq!(simulator.log().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_waited_out_where_there_is_time_and_named_where_there_is_not() {
    let limited = Reply::error(429, 971, "wait").with("retry-after", "300");
    let (simulator, client) = start(&options());
    simulator.order(Fault::on("POST", "", Action::Answer(limited.clone())));
    upload(&client, &minutes(10)).await.expect("a certificate");
    assert!(simulator.clock().now() >= Duration::from_secs(300));
    assert_eq!(count(&simulator, "POST"), 2);

    let (simulator, client) = start(&options());
    simulator.order(Fault::on("POST", "", Action::Answer(limited)));
    let error = upload(&client, &minutes(1)).await.expect_err("no time");
    let text = error.to_string();
    assert!(text.contains("300 s"), "{text}");
    assert!(text.contains("1,200 requests per five minutes"), "{text}");
    assert_eq!(count(&simulator, "POST"), 1);
}

/// Two hundred at once, and others have left almost nothing.
#[tokio::test(start_paused = true)]
async fn a_falling_budget_is_seen_in_time() {
    let (simulator, client) = start(&options());
    simulator.set(|s| {
        s.rate_limit = Some((60, Duration::from_secs(30)));
        s.latency = Duration::from_millis(200);
    });
    let tasks = (0..200).map(|_| {
        let client = std::sync::Arc::clone(&client);
        tokio::spawn(async move {
            let scope = Scope::reading(tokio_util::sync::CancellationToken::new());
            ask(&client, &scope, "GET").await
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic").expect("an answer");
    }
    assert_eq!(statuses(&simulator, 429), 0);
    assert_eq!(simulator.log().len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_gets_a_few_tries_and_a_missing_permission_one() {
    for (code, refusals, tries, succeeds) in [
        (10000, 1, 1, false),
        (10001, 3, 4, true),
        (10001, 9, 4, false),
    ] {
        let (simulator, client) = start(&options());
        let refused = Action::Answer(Reply::error(403, code, "Authentication error"));
        simulator.order(Fault::on("GET", "", refused).times(refusals));
        let asked = ask(&client, &minutes(1), "GET").await;
        assert_eq!(asked.is_ok(), succeeds, "{code} {refusals} times");
        assert_eq!(simulator.log().len(), tries, "{code} {refusals} times");
    }
}

/// The clocks are compared with every answer; a passing difference is none.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_noticed() {
    for (header, hours) in [
        ("Sat, 21 Nov 2026 00:04:00 GMT", 0),
        ("Mon, 23 Nov 2026 00:00:00 GMT", 48),
        ("Thu, 19 Nov 2026 00:00:00 GMT", -48),
        ("yesterday", 0),
    ] {
        let (simulator, client) = start(&options());
        let answer = result(r#"{"enabled":true}"#).with("date", header);
        simulator.order(Fault::on("GET", "", Action::Answer(answer)));
        ask(&client, &minutes(1), "GET").await.expect("an answer");
        let ahead = client.zone(&zone_id()).clock_ahead();
        assert_eq!(ahead.map_or(0, |ahead| ahead.as_hours()), hours, "{header}");
    }
}

/// A laptop sleeps in the middle of a wait: the deadline has passed when it wakes, and
/// nothing is sent any more.
#[tokio::test(start_paused = true)]
async fn a_jump_in_time_ends_a_wait_at_its_deadline() {
    let (simulator, client) = start(&options());
    let down = Action::Answer(Reply::html(503, "down"));
    simulator.order(Fault::on("GET", "", down).times(u32::MAX));
    let started = Instant::now();
    let scope = minutes(10);
    let (asked, ()) = tokio::join!(ask(&client, &scope, "GET"), async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        tokio::time::advance(Duration::from_secs(8 * 3600)).await;
    });
    let error = asked.expect_err("the time is over");
    assert!(
        started.elapsed() < Duration::from_secs(8 * 3600 + 61),
        "{error}"
    );
    let late = simulator
        .log()
        .iter()
        .filter(|r| r.at > Duration::from_secs(601))
        .count();
    assert!(late <= 1, "{late} requests after the deadline");
}
