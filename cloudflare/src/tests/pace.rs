//! Waits: how late what has happened is noticed, and how many looks that takes.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::in_process::{minutes, options, start, zone_id};
use crate::{Scope, WaitKind, Zone};

/// What one wait came to.
#[derive(Debug)]
struct Seen {
    overshoot: Duration,
    looks: u32,
}

/// Waits for something that happens after this delay.
async fn wait(zone: &Zone<'_>, delay: Duration) -> Seen {
    let scope = minutes(60);
    let (begun, mut looks) = (Instant::now(), 0);
    let mut wait = zone.wait_for(WaitKind::Association);
    while begun.elapsed() < delay {
        let last = Instant::now();
        wait.pause(&scope).await.expect("time enough");
        looks += 1;
        assert!(
            last.elapsed() >= Duration::from_millis(250),
            "looks in a rush"
        );
    }
    wait.ended();
    Seen {
        overshoot: begun.elapsed() - delay,
        looks,
    }
}

/// The larger of half a second and this part of the delay.
fn bound(delay: Duration, part: f64) -> Duration {
    delay.mul_f64(part).max(Duration::from_millis(500))
}

#[track_caller]
fn check(seen: &Seen, delay: Duration, wave: u32) {
    let part = if wave == 0 { 0.25 } else { 0.15 };
    assert!(
        seen.overshoot <= bound(delay, part),
        "wave {wave} of {delay:?}: {seen:?}"
    );
    assert!(
        wave == 0 || seen.looks <= 8,
        "wave {wave} of {delay:?}: {seen:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_happened_is_noticed_soon_and_with_few_looks() {
    for seconds in [0.2, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0] {
        let (_simulator, client) = start(&options());
        let zone = client.zone(&zone_id());
        let delay = Duration::from_secs_f64(seconds);
        let mut looks = 0;
        for wave in 0..20 {
            let seen = wait(&zone, delay).await;
            check(&seen, delay, wave);
            looks += if wave == 0 { 0 } else { seen.looks };
        }
        // A look and a half for each of nineteen waves.
        assert!(looks <= 30, "{delay:?}: {looks} looks");
    }
}

#[tokio::test(start_paused = true)]
async fn what_begins_together_looks_together() {
    let (_simulator, client) = start(&options());
    let zone = client.zone(&zone_id());
    let delay = Duration::from_secs(20);
    for wave in 0..6 {
        let (one, two, three) =
            tokio::join!(wait(&zone, delay), wait(&zone, delay), wait(&zone, delay));
        for seen in [one, two, three] {
            check(&seen, delay, wave);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_changes_is_followed() {
    for (before, after) in [(1, 60), (60, 1), (5, 8), (8, 5), (2, 200), (200, 2)] {
        let (_simulator, client) = start(&options());
        let zone = client.zone(&zone_id());
        let (before, after) = (Duration::from_secs(before), Duration::from_secs(after));
        for wave in 0..5 {
            check(&wait(&zone, before).await, before, wave);
        }
        let mut followed = Vec::new();
        for _ in 0..20 {
            let seen = wait(&zone, after).await;
            followed.push(seen.overshoot <= bound(after, 0.15) && seen.looks <= 8);
        }
        assert!(
            followed[12..].iter().all(|is| *is),
            "{before:?} to {after:?}: {followed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_slow_wave_slows_no_other() {
    let (_simulator, client) = start(&options());
    let zone = client.zone(&zone_id());
    for (wave, seconds) in [1, 1, 300, 1, 1, 1].into_iter().enumerate() {
        let delay = Duration::from_secs(seconds);
        let seen = wait(&zone, delay).await;
        assert!(
            seen.overshoot <= bound(delay, 0.15),
            "wave {wave}: {seen:?}"
        );
    }
}

/// Whatever earlier waits have shown, one looks before its time is over.
#[tokio::test(start_paused = true)]
async fn a_wait_looks_in_good_time_before_its_deadline() {
    let (_simulator, client) = start(&options());
    let zone = client.zone(&zone_id());
    for _ in 0..3 {
        wait(&zone, Duration::from_secs(330)).await;
    }
    let scope = Scope::lasting(Duration::from_secs(300), CancellationToken::new());
    let mut wait = zone.wait_for(WaitKind::Association);
    let begun = Instant::now();
    wait.pause(&scope)
        .await
        .expect("a look before the deadline");
    assert!(begun.elapsed() <= Duration::from_secs(150));
    let mut last = begun;
    while wait.pause(&scope).await.is_ok() {
        last = Instant::now();
    }
    let wasted = Duration::from_secs(300) - (last - begun);
    assert!(wasted <= Duration::from_secs(1), "{wasted:?}");
}

#[tokio::test(start_paused = true)]
async fn any_delay_is_noticed_soon() {
    let mut rng = fastrand::Rng::with_seed(21);
    for _ in 0..300 {
        let (_simulator, client) = start(&options());
        let zone = client.zone(&zone_id());
        // As many short ones as long ones.
        let delay = Duration::from_secs_f64(0.2 * 1500_f64.powf(rng.f64()));
        for wave in 0..12 {
            check(&wait(&zone, delay).await, delay, wave);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn however_delays_vary_nobody_looks_in_a_rush() {
    let mut rng = fastrand::Rng::with_seed(42);
    let (_simulator, client) = start(&options());
    let zone = client.zone(&zone_id());
    for _ in 0..300 {
        wait(&zone, Duration::from_millis(rng.u64(50..600_000))).await;
    }
}
