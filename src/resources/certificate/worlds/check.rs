//! What has to hold in every world.

use std::collections::HashSet;

use super::super::obstacle::Obstacle;
use super::super::protocol::{Failure, Step, decide};
use super::world::{Life, Name, Transition, World, id};
use cloudflare::Store;

/// An apply that ends, however it ends but for a kill, forgets nothing that it has uploaded,
/// and nothing that the state named, unless it is gone or left to another resource.
pub(super) fn remembers(before: &World, by: &str, after: &World) -> Result<(), String> {
    let (Some(process), None) = (&before.process, &after.process) else {
        return Ok(());
    };
    if let Some(successor) = after.successor
        && after.state.superseded.contains(&successor)
    {
        return Err(format!("the state says that {successor:?} is to go"));
    }
    let kept = process.known.kept.as_ref().filter(|kept| kept.is_own);
    let kept = kept.filter(|_| before.successor.is_none());
    let was_named =
        |name: Name| before.state.object == Some(name) || before.state.superseded.contains(&name);
    let forgotten = [Name::Old, Name::New].into_iter().find(|name| {
        let is_known = after.state.object == Some(*name) || after.state.superseded.contains(name);
        let is_settled = process.known.settled.contains(&id(*name));
        let is_own = kept.is_some_and(|kept| kept.id == id(*name)) || was_named(*name);
        is_own && after.life(*name).is_live() && !is_known && !is_settled
    });
    if let (Some(old), Some(new)) = (before.state.object, after.state.object)
        && old != new
        && after.life(old).is_live()
        && matches!(after.life(new), Life::Pending | Life::TimedOut)
    {
        return Err(format!("the state names {new:?}, and {old:?} serves"));
    }
    match forgotten {
        Some(name) if !by.contains("killed") => Err(format!("{name:?} is forgotten")),
        _ => Ok(()),
    }
}

/// Applies until the plan is empty, with nothing that goes wrong: soon all is as it is wanted,
/// or something is told that only people can mend.
/// What is known to go well is not tried again.
pub(super) fn goes_well(world: &World, known: &mut HashSet<World>) -> Result<(), String> {
    const APPLIES: usize = 5;
    const STEPS: usize = 80;
    let mut world = world.clone();
    world.left.faults = 0;
    world.left.meddling = 0;
    world.left.changes = 0;
    world.left.rivals = 0;
    world.left.lags = 0;
    let mut applies = 0;
    let mut way = Vec::new();
    for _ in 0..STEPS {
        if known.contains(&world) {
            known.extend(way);
            return Ok(());
        }
        way.push(world.clone());
        // Whatever is under way at the edge ends.
        while let Some((_, Ok(next))) = world.of_the_edge().into_iter().next() {
            world = next;
        }
        let Some(process) = &world.process else {
            let Some(next) = world.begin() else {
                world.refresh();
                is_as_wanted(&world)?;
                known.extend(way);
                return Ok(());
            };
            applies += 1;
            if applies > APPLIES {
                return Err(format!("it is not done after {APPLIES} applies: {world:?}"));
            }
            world = next;
            continue;
        };
        if let Step::Fail(failure) = decide(&process.goal, &process.known)
            && is_for_people(&world, &failure)
        {
            known.extend(way);
            return Ok(());
        }
        let steps = world.steps(process);
        let Some((by, next)): Option<Transition> = steps.into_iter().next() else {
            return Err(format!("nothing can happen: {world:?}"));
        };
        let before = world.clone();
        world = next.map_err(|why| format!("{by}: {why}"))?;
        if before.process.is_some() && world.process.is_none() && is_refused(&before) {
            return Ok(());
        }
    }
    Err(format!("it is not done after {STEPS} steps: {world:?}"))
}

fn is_as_wanted(world: &World) -> Result<(), String> {
    let object = world.state.object;
    let is_settled = world.state.superseded.is_empty() && object == world.wanted;
    let is_active = object.is_none_or(|name| world.life(name) == Life::Active);
    match is_settled && is_active {
        true => Ok(()),
        false => Err(format!(
            "the plan is empty, and it is not as wanted: {world:?}"
        )),
    }
}

/// Whether only people can mend it.
fn is_for_people(world: &World, failure: &Failure) -> bool {
    let Failure::Obstacle(_, obstacle) = failure else {
        return false;
    };
    match obstacle {
        Obstacle::InUse(..) => world.store == Store::Hostname && world.wanted.is_none(),
        Obstacle::LastOfZone { .. } => world.is_on && world.wanted.is_none(),
        // Written by somebody else, and timed out: that one has to write it again.
        Obstacle::Undeployed(_) => world.hosts.iter().any(|host| host.life == Life::TimedOut),
        _ => false,
    }
}

/// Whether the wanted certificate cannot be uploaded: it timed out before, and hostnames
/// are on it, or somebody else has it.
fn is_refused(before: &World) -> bool {
    let wanted = before.wanted.unwrap_or(Name::New);
    before.life(wanted) == Life::TimedOut
}
