//! Replacements of one address, and what they leave.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_replacement_that_stays_in_its_place_is_an_update() {
    let world = World::default();
    let (before, after) = (kept("a", "old"), wanted("a", "new"));
    let private = Process::new(&world).replaces(&before, &after).await;
    let apply = Process::new(&world);
    let gone = apply.destroy(&before, private).await;
    assert_eq!(gone.state, Dynamic::Null);
    let made = apply.create("a", "new").await;
    assert_eq!(made.state, kept("a", "new"));
    assert_eq!(world.asked(), ["update old to new"]);
    // A tag is in no state.
    assert_eq!(made.private, Private::default());
    // What was taken over is nobody else's.
    apply.create("a", "again").await;
    assert_eq!(world.asked(), ["create a"]);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_in_place_that_fails_keeps_its_state() {
    let world = World::default();
    let (before, after) = (kept("a", "old"), wanted("a", "refused"));
    let private = Process::new(&world).replaces(&before, &after).await;
    let apply = Process::new(&world);
    apply.destroy(&before, private).await;
    let refused = apply.create("a", "refused").await;
    assert_eq!(refused.state, before);
    assert_eq!(said(&refused.diagnostics), [(Severity::Error, "Refused")]);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_by_another_object_destroys_the_old_one() {
    let world = World::default();
    let (before, after) = (kept("a", ""), wanted("b", ""));
    let private = Process::new(&world).replaces(&before, &after).await;
    let apply = Process::new(&world);
    apply.destroy(&before, private).await;
    apply.create("b", "").await;
    assert_eq!(world.asked(), ["delete a", "create b"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_known_and_turns_out_another_is_made_before_the_old_one_goes() {
    let world = World::default();
    let before = kept("a", "");
    let after = thing(Dynamic::unknown(), "", Dynamic::Null);
    for (name, requests) in [
        ("b", vec!["create b", "delete a"]),
        ("a", vec!["update  to "]),
    ] {
        let private = Process::new(&world).replaces(&before, &after).await;
        let apply = Process::new(&world);
        apply.destroy(&before, private).await;
        apply.create(name, "").await;
        assert_eq!(world.asked(), requests);
    }
}

#[tokio::test(start_paused = true)]
async fn two_replacements_that_swap_their_objects_destroy_neither() {
    let world = World::default();
    let plan = Process::new(&world);
    let (a, b) = (kept("a", ""), kept("b", ""));
    let (as_b, as_a) = (wanted("b", ""), wanted("a", ""));
    let (to_b, to_a) = tokio::join!(plan.replaces(&a, &as_b), plan.replaces(&b, &as_a));
    let apply = Process::new(&world);
    apply.destroy(&a, to_b).await;
    apply.destroy(&b, to_a).await;
    apply.create("b", "").await;
    apply.create("a", "").await;
    // Each goes on from the state that the other one has left.
    assert_eq!(world.asked(), ["update  to ", "update  to "]);
}

/// Core plans the destroy of what is deposed once more, during the apply, and shows the
/// provider nothing of the new one of the same address, if that does not change.
#[tokio::test(start_paused = true)]
async fn what_is_deposed_may_be_a_copy_and_is_left() {
    let world = World::default();
    let apply = Process::new(&world);
    apply.create("b", "").await;
    let planned = apply.destroys("a").await;
    let gone = apply.destroy(&kept("a", ""), planned.private).await;
    assert_eq!(gone.state, Dynamic::Null);
    assert_eq!(said(&gone.diagnostics), [(Severity::Warning, "Left")]);
    assert_eq!(world.asked(), ["create b"]);
}

/// Another resource must not be taken for the create half.
#[tokio::test(start_paused = true)]
async fn a_replacement_that_could_be_taken_for_a_create_is_refused() {
    let world = World::default();
    let before = kept("a", "");
    let after = thing(Dynamic::unknown(), "", Dynamic::Null);
    let plan = Process::new(&world);
    let (private, _) = tokio::join!(plan.replaces(&before, &after), plan.creates("www"));
    let apply = Process::new(&world);
    let refused = apply.destroy(&before, private).await;
    assert_eq!(refused.state, before);
    assert!(refused.diagnostics.has_error());
    apply.create("www", "").await;
    assert_eq!(world.asked(), ["create www"]);
    // Or the other one comes too late to be seen.
    let plan = Process::new(&world);
    plan.replaces(&before, &after).await;
    assert!(plan.creates("www").await.diagnostics.has_error());
}

#[tokio::test(start_paused = true)]
async fn an_interruption_before_an_object_is_left_keeps_it_in_state() {
    let world = World::default();
    let before = kept("a", "");
    let private = Process::new(&world)
        .replaces(&before, &wanted("a", ""))
        .await;
    let apply = Process::new(&world);
    apply.0.stop();
    let stopped = apply.destroy(&before, private).await;
    assert_eq!(stopped.state, before);
    assert_eq!(
        said(&stopped.diagnostics),
        [(Severity::Error, "Interrupted")]
    );
}
