//! Runs that are killed, refused, delayed or lost at every one of their requests: the
//! origin refuses no handshake, and the next apply ends what was begun.

use std::time::Duration;

use super::core::Core;
use super::declared::{Argument, Declared};
use super::others::{clear_strays, live_ids};
use super::scene::{BLOWS, Blow, Scene, Serves};
use framework::value::Dynamic;

/// What the next apply wants.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The same as the one that was struck.
    Same,
    /// The old certificate after all.
    Back,
    /// Another new one.
    Third,
}

/// Rotates with a blow at one request, and then wants what `then` says. Answers
/// whether there were so many requests.
async fn rotate(serves: Serves, blow: Blow, at: u32, then: Then, case: &str) -> bool {
    let scene = Scene::new(serves);
    let (old, new) = (scene.issue(), scene.issue());
    let before = serves.config(&old);
    assert_eq!(scene.core.apply(&before).await, [], "the first apply");
    scene.give_to_strangers(Some(true)).await;
    let watch = scene.watch().await;
    let after = serves.config(&new);
    scene.core.plan(&after).await.expect("a plan");
    let struck = after.clone();
    let apply = |core: Core| async move { core.apply_plan(&struck).await };
    let struck = scene.strike(apply, blow, at).await;
    let wanted = match then {
        Then::Same => after,
        Then::Back => before,
        Then::Third => serves.config(&scene.issue()),
    };
    scene.heal(&wanted, case).await;
    assert_eq!(watch.refused(), Vec::<String>::new(), "{case}: refused");
    drop(watch);
    scene.clear(&wanted, case).await;
    struck
}

async fn at_every_request(serves: Serves, blow: (&str, Blow), then: Then, most: u32) {
    for at in 0..most {
        let case = format!("{} at request {at} of {serves:?}, then {then:?}", blow.0);
        if !rotate(serves, blow.1, at, then, &case).await {
            assert!(at > 8, "{case}: a rotation has more requests than this");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_survives_every_blow_at_every_request() {
    for blow in BLOWS {
        at_every_request(Serves::Hostnames(1), blow, Then::Same, u32::MAX).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_of_a_zone_certificate_survives_every_blow_at_every_request() {
    for blow in BLOWS {
        at_every_request(Serves::Zone, blow, Then::Same, u32::MAX).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_under_the_plural_resource_survives_every_blow_at_every_request() {
    for blow in BLOWS {
        at_every_request(Serves::Together(3), blow, Then::Same, u32::MAX).await;
    }
}

/// What is issued is issued once: a rotation that was killed after the upload knows it again,
/// although nobody has its key. Killed after the old one's end, it is a create that comes next,
/// which knows nothing again.
#[tokio::test(start_paused = true)]
async fn a_rotation_to_an_issued_certificate_survives_every_blow_at_every_request() {
    for serves in [Serves::Hostnames(1), Serves::Zone] {
        for (name, blow) in BLOWS {
            for at in 0.. {
                let case = format!("{name} at request {at} of {serves:?}, issued");
                let scene = Scene::new(serves);
                let (before, after) = (scene.issuing("One"), scene.issuing("Another"));
                assert_eq!(scene.core.apply(&before).await, [], "the first apply");
                let old = live_ids(&scene, serves.store());
                let watch = scene.watch().await;
                scene.core.plan(&after).await.expect("a plan");
                let planned = after.clone();
                let apply = |core: Core| async move { core.apply_plan(&planned).await };
                let struck = scene.strike(apply, blow, at).await;
                // What was held is carried out yet.
                tokio::time::sleep(Duration::from_secs(5)).await;
                let left = live_ids(&scene, serves.store());
                if left.iter().all(|id| !old.contains(id)) {
                    clear_strays(&scene, &after, &case).await;
                }
                scene.heal(&after, &case).await;
                assert_eq!(watch.refused(), Vec::<String>::new(), "{case}: refused");
                drop(watch);
                scene.clear(&after, &case).await;
                if !struck {
                    assert!(at > 8, "{case}: a rotation has more requests than this");
                    break;
                }
            }
        }
    }
}

/// Nobody has the key of what a killed create has issued, so that the next one issues anew; what
/// is left can be deleted, and nothing else is.
#[tokio::test(start_paused = true)]
async fn a_create_that_issues_survives_every_blow_at_every_request() {
    for serves in [Serves::Hostnames(1), Serves::Zone] {
        for (name, blow) in BLOWS {
            for at in 0.. {
                let case = format!("create that issues for {serves:?}, {name} at request {at}");
                let scene = Scene::new(serves);
                let wanted = scene.issuing("One");
                let declared = wanted.clone();
                let apply = |core: Core| async move { core.apply(&declared).await };
                let struck = scene.strike(apply, blow, at).await;
                clear_strays(&scene, &wanted, &case).await;
                scene.heal(&wanted, &case).await;
                scene.clear(&wanted, &case).await;
                if !struck {
                    assert!(at > 4, "{case}: a create has more requests than this");
                    break;
                }
            }
        }
    }
}

/// What a failed update could still say in its answer is all cleared away, whatever
/// is wanted next.
#[tokio::test(start_paused = true)]
async fn a_failed_rotation_is_cleared_away_whatever_comes_next() {
    for serves in [Serves::Hostnames(1), Serves::Together(3), Serves::Zone] {
        for then in [Then::Back, Then::Third] {
            for blow in BLOWS {
                if matches!(blow.1, Blow::Interrupted) || blow.0 == "403" {
                    at_every_request(serves, blow, then, u32::MAX).await;
                }
            }
        }
    }
}

/// The requests up to the old certificate's end; the rest are the associations' own.
#[tokio::test(start_paused = true)]
async fn a_rotation_of_ten_hostnames_survives_every_blow_at_every_request() {
    for blow in BLOWS {
        at_every_request(Serves::Hostnames(10), blow, Then::Same, 25).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_of_a_hundred_hostnames_survives_every_blow_at_every_request() {
    for blow in BLOWS {
        at_every_request(Serves::Strangers(100), blow, Then::Same, u32::MAX).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_survives_every_blow_at_every_request() {
    for serves in [Serves::Hostnames(1), Serves::Together(3), Serves::Zone] {
        for (name, blow) in BLOWS {
            for at in 0.. {
                let case = format!("create of {serves:?}, {name} at request {at}");
                let scene = Scene::new(serves);
                let wanted = serves.config(&scene.issue());
                let declared = wanted.clone();
                let apply = |core: Core| async move { core.apply(&declared).await };
                let struck = scene.strike(apply, blow, at).await;
                scene.heal(&wanted, &case).await;
                scene.clear(&wanted, &case).await;
                if !struck {
                    assert!(at > 5, "{case}: a create has more requests than this");
                    break;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_destroy_survives_every_blow_at_every_request() {
    for serves in [Serves::Hostnames(1), Serves::Together(3), Serves::Zone] {
        for (name, blow) in BLOWS {
            for at in 0.. {
                let case = format!("destroy of {serves:?}, {name} at request {at}");
                let scene = Scene::new(serves);
                let declared = serves.config(&scene.issue());
                assert_eq!(scene.core.apply(&declared).await, [], "{case}: create");
                let candidate = declared.clone();
                let destroy = |core: Core| async move { core.destroy(&candidate).await };
                let struck = scene.strike(destroy, blow, at).await;
                // The next run reads first, and what is gone is gone.
                let read = scene.core.plan(&declared).await;
                assert!(read.is_ok(), "{case}: {read:?}");
                scene.clear(&declared, &case).await;
                if !struck {
                    assert!(at > 3, "{case}: a destroy has more requests than this");
                    break;
                }
            }
        }
    }
}

/// The configuration with a deadline for every operation on the certificate.
fn hurried(mut declared: Vec<Declared>, milliseconds: u64) -> Vec<Declared> {
    let limit = Dynamic::from(format!("{milliseconds}ms").as_str());
    let limits = ["create", "update", "delete"].map(|name| (name.to_owned(), limit.clone()));
    if let Some(certificate) = declared.first_mut() {
        let timeouts = Argument::Value(Dynamic::Map(limits.into()));
        certificate.arguments.push(("timeouts", timeouts));
    }
    declared
}

#[tokio::test(start_paused = true)]
async fn a_deadline_may_come_at_any_moment() {
    for serves in [Serves::Hostnames(1), Serves::Zone] {
        for limit in (100..24_000).step_by(400) {
            let case = format!("{serves:?} with {limit} ms");
            let scene = Scene::new(serves);
            let (old, new) = (serves.config(&scene.issue()), serves.config(&scene.issue()));
            // The create of something that needs longer; it is never tainted, so it goes on.
            let _ = scene.core.apply(&hurried(old.clone(), limit)).await;
            scene.heal(&old, &format!("create of {case}")).await;
            let watch = scene.watch().await;
            let _ = scene.core.apply(&hurried(new.clone(), limit)).await;
            scene.heal(&new, &format!("rotation of {case}")).await;
            assert_eq!(watch.refused(), Vec::<String>::new(), "{case}: refused");
            drop(watch);
            assert_eq!(scene.core.apply(&hurried(new.clone(), limit)).await, []);
            let _ = scene.core.destroy(&new).await;
            assert_eq!(
                scene.core.apply(&new).await,
                [],
                "{case}: after the destroy"
            );
            scene.clear(&new, &case).await;
        }
    }
}
