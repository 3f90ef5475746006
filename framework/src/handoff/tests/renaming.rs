//! Objects that pass from one address to another.

use tokio::time::{Duration, Instant};

use super::*;
use crate::handoff::tag::Tag;

#[tokio::test(start_paused = true)]
async fn what_another_address_is_to_have_is_left_to_it_whatever_is_planned_first() {
    let world = World::default();
    let plan = Process::new(&world);
    // The destroy comes first, and waits; the other one is there already.
    let (waiting, created, second) = tokio::join!(
        plan.destroys("a"),
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            plan.creates("b").await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            plan.creates("a").await
        },
        plan.destroys("b"),
    );
    assert_eq!(said(&created.diagnostics), []);
    let apply = Process::new(&world);
    for (name, planned) in [("a", waiting), ("b", second)] {
        let gone = apply.destroy(&kept(name, ""), planned.private).await;
        assert_eq!(gone.state, Dynamic::Null);
        assert_eq!(said(&gone.diagnostics), [(Severity::Warning, "Left")]);
    }
    assert_eq!(world.asked(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn who_comes_too_late_is_refused_with_the_remedy() {
    let plan = Process::new(&World::default());
    let begun = Instant::now();
    for n in 0..30 {
        plan.destroys(&format!("t{n}")).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "one wait for all");
    let late = plan.creates("t7").await;
    let error = late.diagnostics.iter().next().unwrap();
    assert_eq!(error.severity, Severity::Error);
    for part in ["test_thing t7", "moved block", "destroy = false"] {
        assert!(error.detail.contains(part), "{part}: {}", error.detail);
    }
    assert_eq!(said(&plan.creates("other").await.diagnostics), []);
}

#[tokio::test(start_paused = true)]
async fn all_destroys_of_a_process_wait_two_seconds_at_most() {
    let plan = Process::new(&World::default());
    let busy = async {
        for n in 0.. {
            tokio::time::sleep(Duration::from_millis(100)).await;
            plan.creates(&format!("busy{n}")).await;
        }
    };
    let begun = Instant::now();
    tokio::select! {
        () = busy => unreachable!("it goes on for ever"),
        _ = plan.destroys("a") => {}
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    let begun = Instant::now();
    plan.destroys("b").await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_cannot_be_read_is_as_if_it_were_not_there() {
    let world = World::default();
    let mut private = Private::default();
    private.set("plan", "rubbish");
    assert_eq!(Tag::take(&mut private.clone()), None);
    Process::new(&world).destroy(&kept("a", ""), private).await;
    assert_eq!(world.asked(), ["delete a"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_yet_is_an_update() {
    let plan = Process::new(&World::default());
    let unknown = thing(Dynamic::unknown(), "", Dynamic::Null);
    let planned = plan.plan(kept("a", ""), unknown, Private::default()).await;
    assert!(planned.replaces.is_empty());
    assert_eq!(said(&planned.diagnostics), []);
    // The same plan, once it is known, and before anything was read.
    let planned = plan
        .plan(kept("a", ""), wanted("b", ""), Private::default())
        .await;
    assert_eq!(planned.replaces.len(), 1);
    let warning = planned.diagnostics.iter().next().unwrap();
    assert!(warning.detail.contains("the next apply replaces it"));
}
