//! One run, one owner.

use std::time::Duration;

use crate::in_process::{minutes, zone_id};
use crate::{Hostname, Key, Ownership, Run, Taken, Until};

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
    assert_eq!(run.ownership(&key), Ownership::Owned);
    assert!(run.claim(hostname_key("b.example.com")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_destruction_waits_for_creates_and_takes_nothing_from_them() {
    for succeeds in [true, false] {
        let run = Run::default();
        let key = hostname_key("app.example.com");
        let (scope, keys) = (minutes(10), [&key]);
        let (ownership, ()) = tokio::join!(
            run.yield_to_successors(&keys, &scope, Until::OthersEnd),
            async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                let claim = run.claim(key.clone()).expect("free");
                tokio::time::sleep(Duration::from_secs(90)).await;
                match succeeds {
                    true => claim.keep(),
                    false => drop(claim),
                }
            }
        );
        let expected = if succeeds {
            Ownership::Owned
        } else {
            Ownership::SuccessorFailed
        };
        assert_eq!(ownership, Ok(expected));
    }
}

/// What takes an object over has a deadline of its own: a destroy that stopped before it
/// would come again in the next run, and take away what was taken over.
#[tokio::test(start_paused = true)]
async fn waiting_for_a_create_costs_a_destroy_none_of_its_time() {
    let run = Run::default();
    let key = hostname_key("app.example.com");
    let claim = run.claim(key.clone()).expect("free");
    let (keys, scope) = ([&key], minutes(1));
    let (ownership, ()) = tokio::join!(
        run.yield_to_successors(&keys, &scope, Until::OthersEnd),
        async {
            tokio::time::sleep(Duration::from_secs(300)).await;
            claim.keep();
        }
    );
    assert_eq!(ownership, Ok(Ownership::Owned));
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

/// The plan has named a successor: it is waited for, if it has begun or begins in a moment.
#[tokio::test(start_paused = true)]
async fn what_the_plan_has_promised_to_another_is_left_unless_that_one_fails() {
    for (begins, succeeds, failed) in [
        (Some(500), true, vec![]),
        (Some(500), false, vec![0]),
        (None, true, vec![]),
    ] {
        let run = Run::default();
        let key = hostname_key("app.example.com");
        let (scope, objects) = (minutes(1), [vec![key.clone()]]);
        let begun = tokio::time::Instant::now();
        let (left, ()) = tokio::join!(run.hand_over(&objects, &scope), async {
            let Some(begins) = begins else { return };
            tokio::time::sleep(Duration::from_millis(begins)).await;
            assert!(run.is_released(&key), "the successor sees that it may");
            let claim = run.claim(key.clone()).expect("free");
            // Longer than the destruction itself may take.
            tokio::time::sleep(Duration::from_secs(90)).await;
            match succeeds {
                true => claim.keep(),
                false => drop(claim),
            }
        });
        assert_eq!(left, Ok(failed.clone()));
        assert_eq!(run.is_released(&key), failed.is_empty());
        if begins.is_none() {
            assert_eq!(begun.elapsed(), Duration::from_secs(1));
            // All who wait for one that has not begun wait together.
            let more = [vec![hostname_key("b.example.com")]];
            assert_eq!(run.hand_over(&more, &scope).await, Ok(vec![]));
            assert_eq!(begun.elapsed(), Duration::from_secs(1));
        }
    }
}
