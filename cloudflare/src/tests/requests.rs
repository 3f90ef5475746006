//! One request: the budget, retries, deadlines, interruptions.

use std::time::Duration;

use aop_simulator::{Action, Fault};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::statuses;
use crate::in_process::{minutes, options, start, upload, zone_id};
use crate::{Error, Interrupted, Method, Options, Scope, Store, Switch};

fn unavailable() -> Action {
    Action::Answer(aop_simulator::Answer::html(503, "Service Unavailable"))
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
    let answer = zone.switch(&minutes(90), Switch::Zone).await;
    answer.expect("an answer");
    let waited = simulator.clock().now();
    assert!((3600..4000).contains(&waited.as_secs()), "{waited:?}");
}

/// A read waits for the limit as long as it takes, but not for ever.
#[tokio::test(start_paused = true)]
async fn a_limit_without_an_end_ends_a_read_after_a_quarter_of_an_hour() {
    for (delay, waits) in [("290", 870), ("3600", 0)] {
        let (simulator, client) = start(&options());
        let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", delay);
        simulator.order(Fault::on("GET", "", Action::Answer(limited)).times(u32::MAX));
        let zone = client.zone(&zone_id());
        let scope = Scope::reading(CancellationToken::new());
        let error = zone.switch(&scope, Switch::Zone).await.expect_err(delay);
        assert!(error.to_string().contains("asks to wait"), "{error}");
        let waited = simulator.clock().now().as_secs();
        assert!((waits..waits + 30).contains(&waited), "{delay}: {waited} s");
    }
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
            let cancelled = matches!(
                error,
                Error::Stopped {
                    why: Interrupted::Cancelled,
                    ..
                }
            );
            assert!(cancelled, "{error}");
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

#[test]
fn a_method_is_named_as_on_the_wire() {
    assert_eq!(Method::Delete.to_string(), "DELETE");
}
