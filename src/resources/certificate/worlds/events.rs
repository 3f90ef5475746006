//! What happens in a world without the provider: deployments end, lists catch up, others
//! meddle, processes are killed.

use super::world::{Life, Name, Transition, World};
use cloudflare::Store;

impl World {
    /// Everything that can happen next.
    pub(super) fn transitions(&self) -> Vec<Transition> {
        let mut all = self.of_the_edge();
        all.extend(self.of_others());
        match &self.process {
            None => all.extend(self.begin().map(|next| ("apply".to_owned(), Ok(next)))),
            Some(process) => {
                all.extend(self.of_faults());
                all.extend(self.steps(process));
            }
        }
        all
    }

    /// Deployments end, one way or the other, and lists catch up.
    pub(super) fn of_the_edge(&self) -> Vec<Transition> {
        let mut all = Vec::new();
        for name in self.in_store().iter().copied() {
            if self.life(name) == Life::Pending {
                for (life, faults) in [(Life::Active, 0), (Life::TimedOut, 1)] {
                    let Some(left) = self.left.faults.checked_sub(faults) else {
                        continue;
                    };
                    let mut next = self.clone();
                    next.left.faults = left;
                    next.live(name, life);
                    all.push((format!("{name:?} is {life:?}"), Ok(next)));
                }
            }
        }
        if self.older.is_some() {
            let mut next = self.clone();
            next.older = None;
            all.push(("the newest one is everywhere".to_owned(), Ok(next)));
        }
        for at in 0..2 {
            let host = self.hosts[at];
            if host.life == Life::Pending {
                let mut next = self.clone();
                next.hosts[at].life = Life::Active;
                all.push((format!("hostname {at} is deployed"), Ok(next)));
                if let Some(left) = self.left.faults.checked_sub(1) {
                    let mut next = self.clone();
                    next.left.faults = left;
                    next.hosts[at].life = Life::TimedOut;
                    all.push((format!("hostname {at} times out"), Ok(next)));
                }
            }
            if host.life == Life::Active && host.before.is_some() {
                let mut next = self.clone();
                next.hosts[at].before = None;
                all.push((format!("hostname {at} is everywhere"), Ok(next)));
            }
            if host.listed.is_some() {
                let mut next = self.clone();
                next.hosts[at].listed = None;
                all.push((format!("the list shows hostname {at}"), Ok(next)));
            }
        }
        all
    }

    /// Another person deletes a certificate, or gives a hostname another one; the user wants
    /// something else.
    fn of_others(&self) -> Vec<Transition> {
        let mut all = Vec::new();
        if let Some(left) = self.left.meddling.checked_sub(1) {
            for name in [Name::Old, Name::New] {
                let is_used = self.store == Store::Hostname
                    && self
                        .hosts
                        .iter()
                        .any(|host| host.on == name || host.may_present(name));
                if self.life(name).is_live() && !is_used {
                    let mut next = self.clone();
                    next.left.meddling = left;
                    next.live(name, Life::Deleted);
                    all.push((format!("somebody deletes {name:?}"), Ok(next)));
                }
            }
            for to in [Name::Old, Name::New, Name::Other] {
                let host = self.hosts[1];
                if self.store == Store::Hostname && host.on != to && self.life(to) == Life::Active {
                    let mut next = self.clone();
                    next.left.meddling = left;
                    next.hosts[1].write(to, false);
                    all.push((format!("somebody gives hostname 1 to {to:?}"), Ok(next)));
                }
            }
        }
        if let (Some(left), None) = (self.left.changes.checked_sub(1), &self.process) {
            for wanted in [Some(Name::Old), Some(Name::New)] {
                if wanted != self.wanted && self.wanted.is_some() {
                    let mut next = self.clone();
                    next.left.changes = left;
                    next.wanted = wanted;
                    all.push((format!("the configuration says {wanted:?}"), Ok(next)));
                }
            }
        }
        all
    }

    /// A kill, Ctrl-C or a refusal.
    fn of_faults(&self) -> Vec<Transition> {
        let Some(left) = self.left.faults.checked_sub(1) else {
            return Vec::new();
        };
        let mut killed = self.clone();
        killed.left.faults = left;
        let stopped = killed.clone().end();
        killed.process = None;
        vec![
            ("killed".to_owned(), Ok(killed)),
            ("stopped".to_owned(), Ok(stopped)),
        ]
    }
}
