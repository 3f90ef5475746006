//! The client against the simulator in one process, with the clock standing still
//! unless everybody waits: minutes pass in milliseconds, and always the same way.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aop_simulator::{Action, Fault, Reply, Settings, Simulator, TOKEN, ZONE_ID, pki::Authority};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Answer, AssociationWrite, Body, Client, Deletion, Error, Hostname, Interrupted, Key, Method,
    Options, Request, Run, Scope, SendError, Store, Switch, Taken, Transport, Verdict, ZoneId,
};
use crate::secret::Secret;

/// Carries requests straight into the simulator.
struct InProcess(Simulator);

impl Transport for InProcess {
    fn send<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 'a>> {
        Box::pin(async move {
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let sent = aop_simulator::Request {
                method: request.method.to_string(),
                path: format!("/client/v4{path}"),
                query: query.to_owned(),
                authorization: Some(format!("Bearer {TOKEN}")),
                body: request
                    .body
                    .as_ref()
                    .map(Body::to_bytes)
                    .unwrap_or_default(),
                ..Default::default()
            };
            let Reply::Answer(answer) = self.0.handle(sent).await else {
                let cause = "connection reset".to_owned();
                return Err(SendError::Lost { cause });
            };
            let header = |name: &str| {
                let mut headers = answer.headers.iter();
                let found = headers.find(|(header, _)| *header == name);
                found.map(|(_, value)| value.clone())
            };
            Ok(Answer {
                status: answer.status,
                content_type: header("content-type").unwrap_or_default(),
                retry_after: header("retry-after"),
                ratelimit: header("ratelimit"),
                ray: None,
                body: answer.body.clone(),
            })
        })
    }
}

fn date() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().expect("a date")
}

fn options() -> Options {
    Options {
        requests_per_second: None,
        max_retries: None,
        seed: 7,
        clock: date,
    }
}

fn start(options: &Options) -> (Simulator, Arc<Client>) {
    let simulator = Simulator::new(Settings::default(), date());
    let client = Client::new(Box::new(InProcess(simulator.clone())), options);
    (simulator, client)
}

fn zone_id() -> ZoneId {
    ZoneId::parse(ZONE_ID).expect("a zone id")
}

fn minutes(count: u64) -> Scope {
    Scope::lasting(Duration::from_secs(60 * count), CancellationToken::new())
}

fn unavailable() -> Action {
    Action::Answer(aop_simulator::Answer::html(503, "Service Unavailable"))
}

async fn upload(client: &Client, scope: &Scope) -> Result<super::Certificate, Error> {
    let made = Authority::new("CA").and_then(|ca| ca.client("shop", date()));
    let made = made.expect("a certificate");
    let key = Secret::new(made.private_key);
    let zone = client.zone(&zone_id());
    zone.upload(scope, Store::Hostname, made.certificate, key)
        .await
}

fn statuses(simulator: &Simulator, status: u16) -> usize {
    simulator
        .log()
        .iter()
        .filter(|r| r.status == status)
        .count()
}

#[tokio::test(start_paused = true)]
async fn more_requests_than_the_limit_provoke_no_refusal() {
    let (simulator, client) = start(&options());
    let (zone, scope) = (
        client.zone(&zone_id()),
        Scope::reading(CancellationToken::new()),
    );
    for _ in 0..1500 {
        zone.switch(&scope, Switch::Zone).await.expect("an answer");
    }
    assert_eq!(statuses(&simulator, 200), 1500);
    assert_eq!(statuses(&simulator, 429), 0);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_others_have_emptied_is_waited_out() {
    let (simulator, client) = start(&options());
    simulator.set(|s| s.rate_limit = Some((5, Duration::from_secs(300))));
    let (zone, scope) = (
        client.zone(&zone_id()),
        Scope::reading(CancellationToken::new()),
    );
    for _ in 0..12 {
        zone.switch(&scope, Switch::Zone).await.expect("an answer");
    }
    assert_eq!(statuses(&simulator, 429), 0);
    assert!(
        simulator.clock().now() >= Duration::from_secs(600),
        "two windows were waited out"
    );
}

#[tokio::test(start_paused = true)]
async fn the_users_own_limit_is_kept() {
    let (simulator, client) = start(&Options {
        requests_per_second: Some(2.0),
        ..options()
    });
    let (zone, scope) = (client.zone(&zone_id()), minutes(10));
    for _ in 0..11 {
        zone.switch(&scope, Switch::Zone).await.expect("an answer");
    }
    let log = simulator.log();
    let gaps = log.windows(2).map(|pair| pair[1].at - pair[0].at);
    assert!(gaps.min() >= Some(Duration::from_millis(499)));
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_with_the_deadline_and_tells_how_often_it_tried() {
    let (simulator, client) = start(&options());
    simulator.order(Fault::on("GET", "", unavailable()).times(u32::MAX));
    let zone = client.zone(&zone_id());
    let error = zone
        .switch(&minutes(2), Switch::Zone)
        .await
        .expect_err("an outage");
    assert!(simulator.clock().now() <= Duration::from_secs(120));
    let text = error.to_string();
    assert!(
        text.contains("HTTP 503") && text.contains("attempts in"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn retries_can_be_limited() {
    for (retries, succeeds) in [(5, true), (4, false)] {
        let (simulator, client) = start(&Options {
            max_retries: Some(retries),
            ..options()
        });
        simulator.order(Fault::on("GET", "", unavailable()).times(5));
        let zone = client.zone(&zone_id());
        assert_eq!(
            zone.switch(&minutes(10), Switch::Zone).await.is_ok(),
            succeeds
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_never_repeated_blindly() {
    for action in [
        unavailable(),
        Action::ResetAfter,
        Action::ResetBefore,
        Action::Truncate,
    ] {
        let (simulator, client) = start(&options());
        simulator.order(Fault::on("POST", "", action));
        let lost = upload(&client, &minutes(10)).await;
        assert!(matches!(lost, Err(Error::Lost { .. })), "{lost:?}");
        assert_eq!(simulator.log().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_delay_pauses_every_request() {
    let (simulator, client) = start(&options());
    let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", "60");
    simulator.order(Fault::on("GET", "settings", Action::Answer(limited)));
    let zone = client.zone(&zone_id());
    let scopes = [minutes(10), minutes(10)];
    let (switch, list) = tokio::join!(zone.switch(&scopes[0], Switch::Zone), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        zone.certificates(&scopes[1], Store::Zone).await
    });
    switch.expect("an answer");
    list.expect("an answer");
    let log = simulator.log();
    assert!(
        log[1..].iter().all(|r| r.at >= Duration::from_secs(60)),
        "{log:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_delay_in_any_form_is_understood() {
    for (header, least) in [
        ("3", 3),
        ("Sat, 21 Nov 2026 00:00:10 GMT", 10),
        ("-1", 0),
        ("soon", 0),
        ("Sat, 21 Nov 1926 00:00:10 GMT", 0),
        ("0", 0),
    ] {
        let (simulator, client) = start(&options());
        let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", header);
        simulator.order(Fault::on("GET", "", Action::Answer(limited)));
        let zone = client.zone(&zone_id());
        zone.switch(&minutes(10), Switch::Zone)
            .await
            .expect("an answer");
        let waited = simulator.clock().now();
        assert!(waited >= Duration::from_secs(least), "{header}: {waited:?}");
        assert!(
            waited < Duration::from_secs(least + 5),
            "{header}: {waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_absurd_delay_is_cut_to_an_hour() {
    let (simulator, client) = start(&options());
    let header = u64::MAX.to_string();
    let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", &header);
    simulator.order(Fault::on("GET", "", Action::Answer(limited)));
    let zone = client.zone(&zone_id());
    let scope = Scope::reading(CancellationToken::new());
    zone.switch(&scope, Switch::Zone).await.expect("an answer");
    let waited = simulator.clock().now();
    assert!((3600..4000).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_rate_limit_costs_no_read_its_time() {
    let (simulator, client) = start(&options());
    let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", "140");
    simulator.order(Fault::on("GET", "", Action::Answer(limited)));
    let zone = client.zone(&zone_id());
    let read = |name: &'static str| {
        let zone = &zone;
        async move {
            let hostname = Hostname::parse(name).expect("a hostname");
            let scope = Scope::reading(CancellationToken::new());
            zone.association(&scope, &hostname).await
        }
    };
    let (a, b, c) = tokio::join!(
        read("a.example.com"),
        read("b.example.com"),
        read("c.example.com")
    );
    for outcome in [a, b, c] {
        assert!(outcome.expect_err("there is none").is_gone());
    }
}

#[tokio::test(start_paused = true)]
async fn an_odd_row_of_a_list_costs_nothing_but_itself() {
    let (simulator, client) = start(&options());
    let rows = r#"{"success":true,"result":[{"hostname":"a.example.com","cert_id":null,"enabled":null,"status":"deleted"},{"hostname":null,"extra":[1]}]}"#;
    let answer = aop_simulator::Answer {
        status: 200,
        headers: Vec::new(),
        body: rows.as_bytes().to_vec(),
    };
    simulator.order(Fault::on("GET", "hostnames", Action::Answer(answer)));
    let list = client.zone(&zone_id()).associations(&minutes(1)).await;
    assert!(
        list.expect("a list")
            .iter()
            .all(super::Association::is_gone)
    );
}

#[tokio::test(start_paused = true)]
async fn a_delay_beyond_the_deadline_fails_at_once() {
    let (simulator, client) = start(&options());
    let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", "300");
    simulator.order(Fault::on("GET", "", Action::Answer(limited)));
    let zone = client.zone(&zone_id());
    let error = zone
        .switch(&minutes(1), Switch::Zone)
        .await
        .expect_err("no time");
    assert!(matches!(error, Error::RateLimited { .. }), "{error}");
    assert!(simulator.clock().now() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_interruption_is_answered_within_a_second_wherever_it_comes() {
    let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", "300");
    for action in [
        unavailable(),
        Action::Answer(limited),
        Action::Delay(Duration::from_secs(50)),
        Action::DelayAnswer(Duration::from_secs(50)),
    ] {
        let (simulator, client) = start(&options());
        for method in ["GET", "PUT"] {
            simulator.order(Fault::on(method, "", action.clone()).times(u32::MAX));
        }
        for writes in [false, true] {
            let cancel = CancellationToken::new();
            let scope = Scope::lasting(Duration::from_secs(600), cancel.clone());
            let zone = client.zone(&zone_id());
            let work = async {
                match writes {
                    true => zone.set_switch(&scope, Switch::Zone, true, || true).await,
                    false => zone.switch(&scope, Switch::Zone).await,
                }
            };
            let (outcome, interrupted) =
                tokio::join!(async { (work.await, Instant::now()) }, async {
                    tokio::time::sleep(Duration::from_secs(20)).await;
                    cancel.cancel();
                    Instant::now()
                });
            let (result, ended) = outcome;
            let error = result.expect_err("interrupted");
            assert_eq!(error.interrupted(), Some(Interrupted::Cancelled), "{error}");
            assert!(ended - interrupted < Duration::from_secs(1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_interrupted_still_hears_a_quick_answer() {
    let (simulator, client) = start(&options());
    let slow = Action::DelayAnswer(Duration::from_millis(500));
    simulator.order(Fault::on("PUT", "", slow));
    let cancel = CancellationToken::new();
    let scope = Scope::lasting(Duration::from_secs(600), cancel.clone());
    let zone = client.zone(&zone_id());
    let (set, ()) = tokio::join!(
        zone.set_switch(&scope, Switch::Zone, true, || true),
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cancel.cancel();
        }
    );
    assert!(set.expect("the answer came in time"));
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_end() {
    for count in [0_usize, 1, 999, 1000, 1001, 2500] {
        let (simulator, client) = start(&options());
        simulator.set(|s| s.associations = usize::MAX);
        let scope = minutes(10);
        let certificate = upload(&client, &scope).await.expect("a certificate");
        let zone = client.zone(&zone_id());
        let writes: Vec<AssociationWrite> = (0..count)
            .map(|number| AssociationWrite {
                hostname: format!("h{number}.example.com"),
                cert_id: certificate.id.clone(),
                enabled: Some(number % 2 == 0),
            })
            .collect();
        zone.write_associations(&scope, &writes, || true)
            .await
            .expect("written");
        let list = zone.associations(&scope).await.expect("a list");
        assert_eq!(list.len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_while_a_hostname_is_being_deployed() {
    let (simulator, client) = start(&options());
    let scope = minutes(10);
    let certificate = upload(&client, &scope).await.expect("a certificate");
    simulator.clock().advance(Duration::from_secs(5));
    let zone = client.zone(&zone_id());
    let write = |enabled| AssociationWrite {
        hostname: "app.example.com".to_owned(),
        cert_id: certificate.id.clone(),
        enabled,
    };
    let delete = || zone.delete_certificate(&scope, Store::Hostname, &certificate.id, || true);
    zone.write_associations(&scope, &[write(Some(true))], || true)
        .await
        .expect("written");
    let held = Deletion::Unsettled(vec!["app.example.com".to_owned()]);
    assert_eq!(delete().await.expect("an answer"), held);
    simulator.clock().advance(Duration::from_secs(5));
    assert!(delete().await.expect_err("in use").has_code(1433));
    zone.write_associations(&scope, &[write(None)], || true)
        .await
        .expect("voided");
    simulator.clock().advance(Duration::from_secs(5));
    assert_eq!(delete().await.expect("an answer"), Deletion::Accepted);
    assert_eq!(
        delete().await.expect("twice is no mistake"),
        Deletion::Accepted
    );
}

#[tokio::test(start_paused = true)]
async fn certificate_writes_of_one_process_never_meet() {
    let (simulator, client) = start(&options());
    simulator.set(|s| s.latency = Duration::from_millis(200));
    let scope = minutes(10);
    let upload = || upload(&client, &scope);
    let (a, b, c) = tokio::join!(upload(), upload(), upload());
    assert!([a, b, c].iter().all(Result::is_ok));
    assert_eq!(statuses(&simulator, 409), 0);
}

fn hostname_key(name: &str) -> Key {
    Key::Association(zone_id(), Hostname::parse(name).expect("a hostname"))
}

#[test]
fn an_object_has_one_owner() {
    let run = Run::default();
    let key = hostname_key("app.example.com");
    let first = run.claim(key.clone()).expect("free");
    assert_eq!(
        run.claim(key.clone()).err(),
        Some(Taken),
        "while it is written"
    );
    drop(first);
    run.claim(key.clone())
        .expect("a failed create gives it up")
        .keep();
    assert_eq!(
        run.claim(key.clone()).err(),
        Some(Taken),
        "once it is owned"
    );
    assert_eq!(run.verdict(&key), Verdict::Owned);
    assert!(run.claim(hostname_key("b.example.com")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_destruction_waits_for_creates_and_gives_way_to_their_success() {
    for succeeds in [true, false] {
        let run = Run::default();
        let key = hostname_key("app.example.com");
        let (scope, keys) = (minutes(10), [&key]);
        let (verdict, ()) = tokio::join!(run.give_way(&keys, &scope), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let claim = run.claim(key.clone()).expect("free");
            tokio::time::sleep(Duration::from_secs(90)).await;
            match succeeds {
                true => claim.keep(),
                false => drop(claim),
            }
        });
        let expected = if succeeds {
            Verdict::Owned
        } else {
            Verdict::Free
        };
        assert_eq!(verdict, Ok(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_create_ends_with_the_deadline() {
    let run = Run::default();
    let key = hostname_key("app.example.com");
    let _claim = run.claim(key.clone()).expect("free");
    let verdict = run.give_way(&[&key], &minutes(1)).await;
    assert_eq!(verdict, Err(Interrupted::Deadline));
}

#[test]
fn what_was_destroyed_is_remembered_until_it_is_made_again() {
    let run = Run::default();
    let key = hostname_key("app.example.com");
    run.destroy(key.clone()).done();
    let claim = run.claim(key.clone()).expect("free");
    assert!(claim.was_destroyed());
    claim.keep();
    assert!(!run.is_leaving(&key));
}

#[test]
fn a_method_is_named_as_on_the_wire() {
    assert_eq!(Method::Delete.to_string(), "DELETE");
}
