//! What no step of the provider may break.

use super::super::goal::Keep;
use super::super::protocol::{Deployment, Tracked, state_if_stopped};
use super::world::{Life, Name, Process, World, id};
use cloudflare::Store;

impl World {
    /// The promises about an end: whoever waits for a certificate gets an active one, and
    /// nothing is left that was to go.
    pub(super) fn done(&self, process: &Process) -> Result<Self, String> {
        if process.known.remaining(&process.goal).next().is_some() {
            return Err("it is done, and something is left".to_owned());
        }
        let kept = process.known.kept.as_ref();
        let is_there = state_if_stopped(&process.goal, &process.known).object == Tracked::Kept;
        if process.goal.keep != Keep::Nothing && !is_there {
            return Err("it is done, and there is no object".to_owned());
        }
        let is_active = kept.is_none_or(|kept| kept.deployment == Deployment::Active);
        let is_active = is_active || !process.goal.requires_active;
        match is_active {
            true => Ok(self.clone().end()),
            false => Err("it is done, and what is kept is not active".to_owned()),
        }
    }

    /// The promises about a DELETE.
    pub(super) fn breaks(&self, process: &Process, name: Name) -> Result<(), String> {
        if self.successor == Some(name) {
            return Err(format!("{name:?} is deleted, and another resource has it"));
        }
        let serves = self.hosts.iter().any(|host| host.may_present(name));
        if self.store == Store::Hostname && serves {
            return Err(format!("{name:?} is deleted, and serves a hostname"));
        }
        if self.store == Store::Zone && self.is_on && self.older == Some(name) {
            return Err(format!(
                "{name:?} is deleted, and points of presence present it"
            ));
        }
        if self.store == Store::Zone && self.presented() == Some(name) {
            let mut without = self.clone();
            without.live(name, Life::Deleted);
            if without.presented().is_none() {
                return Err(format!(
                    "{name:?} is deleted, and the zone presents nothing"
                ));
            }
        }
        let standing = state_if_stopped(&process.goal, &process.known);
        let named = match standing.object {
            Tracked::Kept => process.known.kept.as_ref().map(|kept| kept.id.clone()),
            Tracked::Old if process.goal.keep != Keep::Nothing => process.goal.old.clone(),
            Tracked::Old | Tracked::Nothing => None,
        };
        if named == Some(id(name)) {
            return Err(format!("{name:?} is deleted, and the state names it"));
        }
        Ok(())
    }
}
