//! One small world, and everything that can happen in it.

use super::super::goal::{Goal, Keep};
use super::super::protocol::{Deployment, Known, Step, Tracked, decide, state_if_stopped};
use cloudflare::{CertificateId, Status, Store};

/// The certificates: the one of the state, the one of the configuration, somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Name {
    Old,
    New,
    Other,
}

const NAMES: [Name; 3] = [Name::Old, Name::New, Name::Other];

/// What a certificate is at Cloudflare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Life {
    Absent,
    Pending,
    Active,
    TimedOut,
    Deleted,
}

impl Life {
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Active | Self::TimedOut)
    }

    pub(super) fn status(self) -> Option<Status> {
        match self {
            Self::Absent => None,
            Self::Pending => Some(Status::PendingDeployment),
            Self::Active => Some(Status::Active),
            Self::TimedOut => Some(Status::DeploymentTimedOut),
            Self::Deleted => Some(Status::Deleted),
        }
    }
}

impl From<Life> for Deployment {
    fn from(life: Life) -> Self {
        match life {
            Life::Pending => Self::Pending,
            Life::Active => Self::Active,
            Life::TimedOut => Self::TimedOut,
            Life::Absent | Life::Deleted => Self::Gone,
        }
    }
}

/// A hostname: what it is to have, and what points of presence present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Host {
    pub(super) on: Name,
    pub(super) life: Life,
    /// What some point of presence may still present beside that.
    pub(super) before: Option<Name>,
    /// What a list that lags shows instead.
    pub(super) listed: Option<(Name, Life)>,
}

impl Host {
    fn active(on: Name) -> Self {
        Self {
            on,
            life: Life::Active,
            before: None,
            listed: None,
        }
    }

    /// Whether a point of presence may present this certificate.
    pub(super) fn may_present(self, name: Name) -> bool {
        self.before == Some(name) || self.life == Life::Active && self.on == name
    }

    pub(super) fn write(&mut self, to: Name, lags: bool) {
        let served = match self.life {
            Life::Active => Some(self.on),
            _ => self.before,
        };
        *self = Self {
            on: to,
            life: Life::Pending,
            before: served,
            listed: lags.then_some((self.on, self.life)),
        };
    }
}

/// What the state file says of the resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) object: Option<Name>,
    pub(super) superseded: Vec<Name>,
}

/// A process of the provider that carries out an apply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Process {
    pub(super) goal: Goal,
    pub(super) known: Known,
    /// Whether the answer to an upload was lost.
    pub(super) lost: bool,
    /// The hostnames that it has written.
    pub(super) wrote: [bool; 2],
    /// Whether points of presence had their time since nothing stood against a deletion.
    pub(super) is_clear: bool,
    /// Whether an obstacle that does not pass was met before.
    pub(super) is_impatient: bool,
    /// Another resource of the run that may come to own the old certificate.
    pub(super) rival: Rival,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rival {
    Nobody,
    Claims,
    Owns,
}

/// What may still go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    pub(super) faults: u8,
    pub(super) meddling: u8,
    pub(super) lags: u8,
    pub(super) changes: u8,
    pub(super) rivals: u8,
}

/// A world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) store: Store,
    pub(super) lives: [Life; 3],
    /// Which certificate became active last: a zone presents it.
    pub(super) newest: Name,
    /// What points of presence of a zone may still present beside that.
    pub(super) older: Option<Name>,
    pub(super) hosts: [Host; 2],
    pub(super) is_on: bool,
    pub(super) wanted: Option<Name>,
    /// Whether a create waits for its certificate.
    pub(super) waits: bool,
    /// The certificate of another resource, which gets the hostnames of the one that goes.
    pub(super) successor: Option<Name>,
    pub(super) state: State,
    pub(super) process: Option<Process>,
    pub(super) left: Budget,
}

/// Something that happens: its name, and the world after it, or the promise that it breaks.
pub(super) type Transition = (String, Result<World, String>);

pub(super) fn id(name: Name) -> CertificateId {
    let text = match name {
        Name::Old => "0001",
        Name::New => "0002",
        Name::Other => "0003",
    };
    CertificateId::parse(text).expect("an id")
}

pub(super) fn name(of: &CertificateId) -> Name {
    let named = NAMES.into_iter().find(|name| id(*name) == *of);
    named.expect("one of the three")
}

impl World {
    /// The worlds in which a search begins.
    pub(super) fn begins(left: Budget) -> Vec<Self> {
        let mut begins = Vec::new();
        for store in [Store::Hostname, Store::Zone] {
            for (object, wanted) in [
                (None, Some(Name::New)),
                (Some(Name::Old), Some(Name::New)),
                (Some(Name::Old), None),
            ] {
                for is_on in [true, false] {
                    let old = object.map_or(Life::Absent, |_| Life::Active);
                    let gone = wanted.map_or(Life::Deleted, |_| Life::Absent);
                    let on = match (store, object) {
                        (Store::Hostname, Some(old)) => old,
                        _ => Name::Other,
                    };
                    begins.push(Self {
                        store,
                        // A list may still show what is gone.
                        lives: [old, gone, Life::Active],
                        newest: object.unwrap_or(Name::Other),
                        older: None,
                        hosts: [Host::active(on), Host::active(Name::Other)],
                        is_on,
                        wanted,
                        // As the setting matters to no create, the two go together.
                        waits: is_on || object.is_some(),
                        successor: None,
                        state: State {
                            object,
                            superseded: Vec::new(),
                        },
                        process: None,
                        left,
                    });
                }
            }
        }
        begins.retain(|begin| begin.store == Store::Zone || begin.is_on || !begin.waits);
        let is_destroy = |begin: &&Self| begin.store == Store::Hostname && begin.wanted.is_none();
        let mut deposed = begins.iter().find(is_destroy).cloned();
        if let Some(deposed) = &mut deposed {
            deposed.successor = Some(Name::New);
            deposed.lives[Name::New as usize] = Life::Active;
        }
        begins.extend(deposed);
        begins
    }

    pub(super) fn life(&self, name: Name) -> Life {
        self.lives[name as usize]
    }

    pub(super) fn live(&mut self, name: Name, life: Life) {
        let presented = self.presented();
        self.lives[name as usize] = life;
        if life == Life::Active {
            self.newest = name;
            self.older = presented.filter(|_| self.store == Store::Zone);
        }
    }

    /// The certificates of the store that this is about. The third one is in the store of
    /// hostnames.
    pub(super) fn in_store(&self) -> &'static [Name] {
        match self.store {
            Store::Zone => &[Name::Old, Name::New],
            Store::Hostname => &NAMES,
        }
    }

    /// What the zone presents, if it does.
    pub(super) fn presented(&self) -> Option<Name> {
        let active = |name: &Name| self.life(*name) == Life::Active;
        let newest = Some(self.newest).filter(|name| *name != Name::Other);
        let found = newest.filter(active);
        let others = [Name::Old, Name::New].into_iter().find(active);
        found.or(others).filter(|_| self.is_on)
    }

    /// The refresh before a plan: what is gone leaves the state.
    pub(super) fn refresh(&mut self) {
        let ids = self
            .state
            .object
            .into_iter()
            .chain(self.state.superseded.clone());
        let mut alive: Vec<Name> = Vec::new();
        for name in ids {
            if self.life(name).is_live() && !alive.contains(&name) {
                alive.push(name);
            }
        }
        let mut alive = alive.into_iter();
        self.state = State {
            object: alive.next(),
            superseded: alive.collect(),
        };
    }

    /// The goal of the next apply; none where the plan is empty. There are always origins to
    /// ask: without any is like with some that accept.
    pub(super) fn plan(&self) -> Option<Goal> {
        let mut goal = self.aim()?;
        goal.has_origins = goal.keep == Keep::FromConfig;
        goal.may_have_leftovers = goal.has_origins && goal.old.is_some();
        Some(goal)
    }

    fn aim(&self) -> Option<Goal> {
        let superseded: Vec<_> = self.state.superseded.iter().copied().map(id).collect();
        match (self.state.object, self.wanted) {
            (None, None) => None,
            (None, Some(_)) => Some(Goal {
                requires_active: self.waits,
                ..Goal::create(self.store)
            }),
            (Some(old), None) => {
                let goal = Goal::destroy(self.store, id(old), superseded);
                let successor = self.successor.filter(|name| self.life(*name).is_live());
                Some(match successor {
                    Some(successor) => goal.in_favor_of(id(successor)),
                    None => goal,
                })
            }
            (Some(old), Some(wanted)) if old != wanted || self.life(old) == Life::TimedOut => {
                Some(Goal::rotate(self.store, id(old), superseded))
            }
            (Some(old), Some(_)) => {
                let is_settled = superseded.is_empty() && self.life(old) == Life::Active;
                (!is_settled).then(|| Goal::finish(self.store, id(old), superseded))
            }
        }
    }

    /// Begins an apply.
    pub(super) fn begin(&self) -> Option<Self> {
        let mut world = self.clone();
        world.refresh();
        let goal = world.plan()?;
        world.process = Some(Process {
            goal,
            known: Known::default(),
            lost: false,
            wrote: [false; 2],
            is_clear: false,
            is_impatient: false,
            rival: Rival::Nobody,
        });
        Some(world)
    }

    /// Ends an apply with what is true then.
    pub(super) fn end(mut self) -> Self {
        let Some(process) = self.process.take() else {
            return self;
        };
        let is_done = decide(&process.goal, &process.known) == Step::Done;
        let standing = state_if_stopped(&process.goal, &process.known);
        let kept = process.known.kept.as_ref().map(|kept| name(&kept.id));
        let superseded: Vec<Name> = standing.superseded.iter().map(name).collect();
        let is_destroy = process.goal.keep == Keep::Nothing || self.successor.is_some();
        self.state = match (&process.goal.keep, standing.object) {
            (Keep::Present(_), _) if is_destroy && is_done => State::default(),
            (Keep::Present(_), _) if is_destroy => State {
                object: self.state.object,
                superseded: superseded_without(self.state.object, superseded),
            },
            (Keep::Nothing, _) if is_done => State::default(),
            (Keep::Nothing, _) => return self,
            (_, Tracked::Nothing) => State::default(),
            (_, Tracked::Old) => State {
                object: self.state.object,
                superseded,
            },
            (_, Tracked::Kept) => State {
                object: kept,
                superseded,
            },
        };
        self
    }
}

/// What a destroy that failed leaves beside its object.
fn superseded_without(object: Option<Name>, mut superseded: Vec<Name>) -> Vec<Name> {
    superseded.retain(|name| Some(*name) != object);
    superseded
}
