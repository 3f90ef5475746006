//! The protocol in every small world: a breadth-first search over two certificates, two
//! hostnames, the zone's setting, lists that lag, and everything that can come in between: a
//! kill, Ctrl-C, a lost answer, a refusal, another owner, another person.
//!
//! What it proves for every state that can be reached: what was served is served; nothing is
//! deleted that the state names, or that another resource owns; no upload is forgotten whose
//! answer was seen; and once the faults end, a few applies bring about what is wanted.

mod check;
mod events;
mod promises;
mod steps;
mod world;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::Write;

use check::{goes_well, remembers};
use world::{Budget, World};

/// The states and transitions of one search.
#[derive(Debug, Default)]
struct Explored {
    states: usize,
    transitions: usize,
}

/// Tries everything that can come of these worlds. A failure shows the way to it.
fn explore(begin: World) -> Explored {
    let mut explored = Explored::default();
    let mut came_from: HashMap<World, Option<(World, String)>> = HashMap::new();
    let (mut queue, mut well) = (VecDeque::new(), HashSet::new());
    came_from.insert(begin.clone(), None);
    queue.push_back(begin);
    let way = |came_from: &HashMap<World, Option<(World, String)>>, world: &World| {
        let (mut way, mut at) = (vec![format!("{world:?}")], world.clone());
        while let Some(Some((before, by))) = came_from.get(&at) {
            way.push(format!("{before:?}\n  -- {by} -->"));
            at = before.clone();
        }
        way.reverse();
        way.join("\n")
    };
    while let Some(world) = queue.pop_front() {
        explored.states += 1;
        if let Err(why) = goes_well(&world, &mut well) {
            panic!("{why}\n{}", way(&came_from, &world));
        }
        for (by, next) in world.transitions() {
            explored.transitions += 1;
            let next = next.and_then(|next| remembers(&world, &by, &next).map(|()| next));
            let next = match next {
                Ok(next) => next,
                Err(why) => panic!("{by}: {why}\n{}", way(&came_from, &world)),
            };
            if !came_from.contains_key(&next) {
                came_from.insert(next.clone(), Some((world.clone(), by)));
                queue.push_back(next);
            }
        }
    }
    explored
}

/// How much may go wrong in one history: as much as takes a minute; with `AOP_WORLDS=large`
/// as much as takes some.
fn budget() -> Budget {
    let is_large = std::env::var("AOP_WORLDS").is_ok_and(|size| size == "large");
    let more = u8::from(is_large);
    Budget {
        faults: 2 + more,
        // Who puts a hostname on a certificate and takes it away again between two looks
        // leaves nothing that the API shows.
        meddling: 1,
        lags: 1,
        changes: 1 + more,
        rivals: 1,
    }
}

#[test]
fn every_small_world_keeps_the_promises() {
    let mut all = Explored::default();
    for begin in World::begins(budget()) {
        let explored = explore(begin);
        all.states += explored.states;
        all.transitions += explored.transitions;
    }
    let said = format!("{} states, {} transitions\n", all.states, all.transitions);
    std::io::stderr()
        .write_all(said.as_bytes())
        .expect("a place to write");
    assert!(all.states > 10_000, "{all:?}");
}
