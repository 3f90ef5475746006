//! The budget of requests: what a process sends before it knows what is left, and after.

use std::time::Duration;

use aop_simulator::{Action, Fault, Simulator};
use tokio::time::Instant;

use super::statuses;
use crate::in_process::{client_of, date, minutes, options};
use crate::{Client, Store, ZoneId};

/// So many zones that a command reads two lists of each.
const ZONES: usize = 95;

fn zones() -> Vec<ZoneId> {
    let ids = (0..ZONES).map(|at| format!("{at:032x}"));
    ids.map(|id| ZoneId::parse(&id).expect("an id")).collect()
}

/// A simulator with many zones and a small budget.
fn small_budget() -> Simulator {
    let simulator = Simulator::new(aop_simulator::Settings::default(), date());
    for zone in zones() {
        simulator.add_zone(zone.as_str(), "example.com");
    }
    simulator.set(|s| {
        s.latency = Duration::from_millis(100);
        s.rate_limit = Some((60, Duration::from_secs(15)));
    });
    simulator
}

/// What a command over so many zones does: ten zones at a time, a process of its own.
async fn command(simulator: &Simulator, count: usize) {
    let client = client_of(simulator, &options());
    let slots = tokio::sync::Semaphore::new(10);
    let read = |zone: ZoneId| {
        let (client, slots): (&Client, _) = (&client, &slots);
        async move {
            let _slot = slots.acquire().await.expect("open");
            let zone = client.zone(&zone);
            let listed = zone.certificates(&minutes(60), Store::Zone).await;
            listed.expect("a list");
        }
    };
    let mut reads = zones()
        .into_iter()
        .take(count)
        .map(|zone| Box::pin(read(zone)));
    all(&mut reads).await;
}

/// Drives many futures in one task.
async fn all<F: Future<Output = ()> + Unpin>(futures: &mut dyn Iterator<Item = F>) {
    let mut futures: Vec<F> = futures.collect();
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| std::pin::Pin::new(future).poll(context).is_pending());
        match futures.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn commands_over_many_zones_provoke_no_refusal() {
    let simulator = small_budget();
    // Each leaves the next one another rest of the budget.
    for count in [55, 95, 82, 95, 59, 95] {
        command(&simulator, count).await;
        assert_eq!(statuses(&simulator, 429), 0, "{count} zones");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_is_found_with_one_request() {
    let simulator = small_budget();
    simulator.set(|s| s.rate_limit = Some((0, Duration::from_secs(15))));
    let refilled = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        simulator.set(|s| s.rate_limit = Some((60, Duration::from_secs(15))));
    };
    tokio::join!(command(&simulator, ZONES), refilled);
    assert_eq!(statuses(&simulator, 429), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_request_goes_alone_and_costs_the_others_one_round_trip() {
    let simulator = small_budget();
    simulator.set(|s| s.rate_limit = Some((1200, Duration::from_secs(300))));
    let begun = Instant::now();
    command(&simulator, ZONES).await;
    // The first one, then ten at a time.
    let least = 100 + 100 * (ZONES as u128 - 1).div_ceil(10);
    let took = begun.elapsed().as_millis();
    assert!((least..least + 30).contains(&took), "{took} ms");
    let log = simulator.log();
    let first = log
        .iter()
        .filter(|request| request.at < Duration::from_millis(100));
    assert_eq!(first.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_first_request_without_an_answer_holds_nobody_up_for_long() {
    let simulator = small_budget();
    simulator.set(|s| s.rate_limit = None);
    simulator.order(Fault::on("GET", "", Action::Delay(Duration::from_secs(20))));
    let begun = Instant::now();
    command(&simulator, ZONES).await;
    let log = simulator.log();
    let second = log.get(1).expect("a second one").at;
    assert!(second <= Duration::from_secs(1), "{second:?}");
    assert!(begun.elapsed() < Duration::from_secs(22));
}

/// A refusal that says nothing of the budget is no empty budget.
#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_budget_pauses_for_as_long_as_it_says() {
    let simulator = small_budget();
    simulator.set(|s| s.rate_limit = Some((1200, Duration::from_secs(300))));
    let client = client_of(&simulator, &options());
    let zone = client.zone(&zones()[0]);
    zone.certificates(&minutes(1), Store::Zone)
        .await
        .expect("a list");
    let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", "1");
    simulator.order(Fault::on("GET", "", Action::Answer(limited)));
    let begun = Instant::now();
    zone.certificates(&minutes(1), Store::Zone)
        .await
        .expect("a list");
    assert!(begun.elapsed() < Duration::from_secs(3));
}
