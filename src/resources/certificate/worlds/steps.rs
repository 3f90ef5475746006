//! What the provider does in a world, step by step, with all that can come of it.

use std::time::Duration;

use super::super::copy::{Copy, Next, Slots, next};
use super::super::goal::Keep;
use super::super::may_delete::{Candidate, may_delete};
use super::super::obstacle::{Holders, Obstacle};
use super::super::protocol::{Deployment, Event, Kept, Origins, Step, decide};
use super::super::view::{Hold, Question, Seen, View};
use super::world::{Life, Name, Process, Rival, Transition, World, id, name};
use cloudflare::{Association, CertificateId, Hostname, Observed, Status, Store, Trust};

impl World {
    /// What the provider does next, with all that can come of it.
    pub(super) fn steps(&self, process: &Process) -> Vec<Transition> {
        let step = decide(&process.goal, &process.known);
        let by = format!("{step:?}");
        match step {
            Step::VerifyOrigins => self.verify_origins(&by),
            Step::Bring => self.bring(&by),
            Step::AwaitDeployment => self.await_deployment(&by),
            Step::OfferToOthers(of) => self.yields(&by, name(&of)),
            Step::Repoint(from) => self.repoint(&by, &from),
            Step::Delete(of) => vec![(by, self.delete(&of))],
            Step::AwaitObstacle(_, obstacle) => {
                let mut next = self.clone();
                next.learn(Event::Waited);
                if obstacle == Obstacle::Propagating {
                    // Longer than points of presence lag behind.
                    next.settle_edge();
                }
                vec![(by, Ok(next))]
            }
            Step::AwaitGone(_) => vec![(by, Ok(self.after(Event::Vanished)))],
            Step::FindLeftovers => vec![(by, Ok(self.after(Event::Leftovers(Vec::new()))))],
            Step::Fail(_) => vec![(by, Ok(self.clone().end()))],
            Step::Done => vec![(by, self.done(process))],
        }
    }

    fn learn(&mut self, event: Event) {
        if let Some(process) = &mut self.process {
            if event == Event::Vanished {
                process.is_clear = false;
                process.is_impatient = false;
            }
            process.known.learn(&process.goal, event);
        }
    }

    fn after(&self, event: Event) -> Self {
        let mut next = self.clone();
        next.learn(event);
        next
    }

    pub(super) fn settle_edge(&mut self) {
        self.older = None;
        for host in &mut self.hosts {
            if host.life == Life::Active {
                host.before = None;
            }
        }
        if let Some(process) = &mut self.process {
            process.is_clear = true;
        }
    }

    fn verify_origins(&self, by: &str) -> Vec<Transition> {
        let accepted = self.after(Event::Origins(Origins::Accept));
        let mut all = vec![(by.to_owned(), Ok(accepted))];
        if let Some(left) = self.left.faults.checked_sub(1) {
            let mut refused = self.after(Event::Origins(Origins::Refuse));
            refused.left.faults = left;
            all.push((format!("{by}, and one refuses"), Ok(refused)));
        }
        all
    }

    fn bring(&self, by: &str) -> Vec<Transition> {
        let Some(process) = &self.process else {
            return Vec::new();
        };
        let is_present = matches!(process.goal.keep, Keep::Present(_));
        let (brings, is_held) = match &process.goal.keep {
            Keep::Present(of) => (name(of), true),
            _ => {
                let wanted = self.wanted.unwrap_or(Name::New);
                (wanted, process.goal.remove.contains(&id(wanted)))
            }
        };
        let is_used = self.hosts.iter().any(|host| host.on == brings);
        // A tombstone goes by itself.
        let status = self.life(brings).status();
        let copy = status
            .filter(|_| self.life(brings).is_live())
            .map(|status| Copy {
                status,
                is_held,
                is_lost: process.lost,
                is_used: Some(is_used),
                is_deleted: false,
            });
        let slots = Slots {
            are_taken: false,
            is_one_freed: false,
        };
        let mut done = self.clone();
        let is_accepted = process.known.is_accepted(&process.goal);
        let next = next(copy.as_ref(), slots, is_accepted);
        let is_own = match next {
            Next::Resume => true,
            Next::Adopt => false,
            Next::AskOrigins => {
                let asked = self.after(Event::Origins(Origins::Asked));
                return vec![(by.to_owned(), Ok(asked))];
            }
            // Gone, or timed out, since the refresh.
            _ if is_present => return vec![(by.to_owned(), Ok(self.clone().end()))],
            Next::Upload | Next::DeleteCopy => {
                done.live(brings, Life::Pending);
                true
            }
            _ => return vec![(by.to_owned(), Ok(self.clone().end()))],
        };
        let was_uploaded = done.lives != self.lives;
        let is_resumed = is_present || !was_uploaded && (is_held || process.lost);
        if !is_resumed && process.known.origins != Origins::Accept {
            let why = "it is uploaded or taken over, and its origins have not accepted it";
            return vec![(by.to_owned(), Err(why.to_owned()))];
        }
        let mut brought = done.clone();
        brought.learn(Event::Brought(Kept {
            id: id(brings),
            is_own,
            deployment: Deployment::Pending,
        }));
        brought.learn(Event::Seen(brought.life(brings).into()));
        let mut all = Vec::new();
        if let Some(left) = self.left.meddling.checked_sub(1).filter(|_| was_uploaded) {
            let mut gone = brought.clone();
            gone.left.meddling = left;
            gone.live(brings, Life::Deleted);
            gone.learn(Event::Seen(Deployment::Gone));
            all.push((format!("{by}, and somebody deletes it"), Ok(gone)));
        }
        all.insert(0, (by.to_owned(), Ok(brought)));
        if let Some(left) = self.left.faults.checked_sub(1).filter(|_| was_uploaded) {
            done.left.faults = left;
            let mut killed = done.clone();
            killed.process = None;
            all.push((format!("{by}, and killed"), Ok(killed)));
            let stopped = done.clone().end();
            all.push((format!("{by}, and stopped without its answer"), Ok(stopped)));
            if let Some(process) = &mut done.process {
                process.lost = true;
            }
            all.push((format!("{by}, but its answer is lost"), Ok(done)));
        }
        all
    }

    fn await_deployment(&self, by: &str) -> Vec<Transition> {
        let kept = self
            .process
            .as_ref()
            .and_then(|process| process.known.kept.as_ref());
        let seen = kept.map_or(Deployment::Gone, |kept| self.life(name(&kept.id)).into());
        vec![(by.to_owned(), Ok(self.after(Event::Seen(seen))))]
    }

    fn yields(&self, by: &str, of: Name) -> Vec<Transition> {
        let rival = self
            .process
            .as_ref()
            .map_or(Rival::Nobody, |process| process.rival);
        let mut all = Vec::new();
        match rival {
            Rival::Owns if of == Name::Old => {
                let next = self.after(Event::TakenOver);
                return vec![(by.to_owned(), Ok(next))];
            }
            Rival::Claims if of == Name::Old => {
                for (rival, word) in [(Rival::Owns, "succeeds"), (Rival::Nobody, "fails")] {
                    let mut next = self.clone();
                    if let Some(process) = &mut next.process {
                        process.rival = rival;
                    }
                    all.push((format!("another resource {word}"), Ok(next)));
                }
                return all;
            }
            _ => all.push((by.to_owned(), Ok(self.after(Event::Unclaimed)))),
        }
        if let Some(left) = self.left.rivals.checked_sub(1) {
            // Just after it was asked, too.
            for mut next in [self.clone(), self.after(Event::Unclaimed)] {
                next.left.rivals = left;
                if let Some(process) = &mut next.process {
                    process.rival = Rival::Claims;
                }
                all.push(("another resource claims the old one".to_owned(), Ok(next)));
            }
        }
        all
    }

    fn repoint(&self, by: &str, from: &CertificateId) -> Vec<Transition> {
        let Some(process) = &self.process else {
            return Vec::new();
        };
        let Some(to) = process.known.kept.as_ref().map(|kept| name(&kept.id)) else {
            return Vec::new();
        };
        let rows = self.observed();
        let moving: Vec<usize> = (0..2)
            .filter(|at| {
                let seen = &rows[*at];
                let is_deployment_timed_out = seen.association.status == Status::DeploymentTimedOut
                    && seen.is_left_on(&id(to));
                seen.is_left_on(from) || is_deployment_timed_out
            })
            .collect();
        if moving.is_empty() {
            let next = self.after(Event::Repointed { any: false });
            return vec![(by.to_owned(), Ok(next))];
        }
        if self.life(to) != Life::Active {
            // Cloudflare takes no hostname for it.
            return vec![(by.to_owned(), Ok(self.clone().end()))];
        }
        let write = |world: &mut Self, at: usize, lags: bool| {
            world.hosts[at].write(to, lags);
            if let Some(process) = &mut world.process {
                process.wrote[at] = true;
                process.is_clear = false;
            }
        };
        let mut all = Vec::new();
        for lags in [false, true] {
            let Some(left) = self.left.lags.checked_sub(u8::from(lags)) else {
                continue;
            };
            let mut done = self.clone();
            done.left.lags = left;
            moving.iter().for_each(|at| write(&mut done, *at, lags));
            let next = done.after(Event::Repointed { any: true });
            all.push((format!("{by}, lags: {lags}"), Ok(next)));
            let Some(left) = self.left.faults.checked_sub(1) else {
                continue;
            };
            done.left.faults = left;
            let mut killed = done.clone();
            killed.process = None;
            all.push((format!("{by}, and killed"), Ok(killed)));
            all.push((format!("{by}, and its answer is lost"), Ok(done.end())));
            let mut one = self.clone();
            one.left.faults = left;
            write(&mut one, moving[0], lags);
            let one = one.after(Event::Repointed { any: true }).end();
            all.push((format!("{by}, and the others are refused"), Ok(one)));
        }
        all
    }

    /// The rows of the list.
    fn observed(&self) -> Vec<Observed> {
        let rows = self.hosts.iter().enumerate().map(|(at, host)| {
            let is_written = self
                .process
                .as_ref()
                .is_some_and(|process| process.wrote[at]);
            let (on, life) = host.listed.unwrap_or((host.on, host.life));
            let trust = match host.listed.is_some() && is_written {
                true => Trust::Awaited,
                false => Trust::Shown,
            };
            Observed {
                association: Association {
                    hostname: Hostname::parse(&format!("h{at}.example.com")).expect("a hostname"),
                    cert_id: Some(id(on)),
                    enabled: Some(true),
                    status: life.status().unwrap_or_default(),
                },
                trust,
                is_written,
                is_managed: is_written,
                is_detached: false,
                is_leaving: false,
            }
        });
        rows.collect()
    }

    fn seen(&self, name: Name) -> Option<Seen> {
        Some(Seen {
            id: id(name),
            status: self.life(name).status()?,
            has_expired: false,
            is_deleted: false,
        })
    }

    /// Whether the provider lets a certificate go, with all that it asks for.
    fn decide_deletion(&self, process: &Process, of: &CertificateId) -> Result<(), Obstacle> {
        let successor = process.known.kept.as_ref().map(|kept| &kept.id);
        let has_brought = successor.is_some() || process.wrote.contains(&true);
        let candidate = Candidate {
            store: self.store,
            id: of,
            successor,
            clear_for: Duration::from_secs(u64::from(process.is_clear)),
            propagation: Duration::from_secs(u64::from(has_brought)),
        };
        let mut view = View::default();
        loop {
            let question = match may_delete(&candidate, &view) {
                Ok(()) => return Ok(()),
                Err(Hold::Obstacle(obstacle)) => return Err(obstacle),
                Err(Hold::Ask(question)) => question,
            };
            match question {
                Question::Hostnames => view.hostnames = Some(self.observed()),
                Question::Hostname(name) => drop(view.by_name.insert(name, None)),
                Question::Certificate(of) => {
                    let seen = self.seen(name(&of));
                    view.certificates.insert(of, seen);
                }
                Question::ZoneCertificates => {
                    // The list shows what is deleted as it was.
                    let listed = self.in_store().iter().filter_map(|name| {
                        let mut seen = self.seen(*name)?;
                        if seen.status == Status::Deleted {
                            seen.status = Status::Active;
                        }
                        Some(seen)
                    });
                    view.zone_certificates = Some(listed.collect());
                }
                Question::ZoneSetting => view.zone_setting = Some(self.is_on),
            }
        }
    }

    fn delete(&self, of: &CertificateId) -> Result<Self, String> {
        let Some(process) = &self.process else {
            return Ok(self.clone());
        };
        let name = name(of);
        let held = |by: Obstacle, passes: bool| {
            let mut next = self.clone();
            if let Some(process) = &mut next.process {
                process.is_clear &= by == Obstacle::Propagating;
                let too_long = !passes && process.is_impatient;
                process.is_impatient |= !passes;
                process
                    .known
                    .learn(&process.goal, Event::Held { by, too_long });
            }
            Ok(next)
        };
        if let Err(by) = self.decide_deletion(process, of) {
            let passes = !matches!(
                by,
                Obstacle::LastOfZone { .. }
                    | Obstacle::Undeployed(_)
                    | Obstacle::SuccessorInactive(_)
            );
            return held(by, passes);
        }
        match process.rival {
            Rival::Owns if name == Name::Old => {
                return Ok(self.after(Event::TakenOver));
            }
            Rival::Claims if name == Name::Old => return held(Obstacle::Contested, true),
            _ => {}
        }
        // Cloudflare deletes nothing that a hostname is on.
        if self.store == Store::Hostname && self.hosts.iter().any(|host| host.on == name) {
            return held(Obstacle::InUse(Holders::default(), String::new()), false);
        }
        self.breaks(process, name)?;
        let mut next = self.after(Event::Deleted);
        if next.life(name).is_live() {
            next.live(name, Life::Deleted);
        }
        Ok(next)
    }
}
