//! The protocol of a certificate: what has to happen next, and what is true if nothing more
//! happens. Both are pure functions of a goal and of what is known; `operation` carries the
//! steps out, and `worlds` tries them in every small world.
//!
//! A certificate is brought into its store and deployed; then it takes the place of others:
//! first it gets their hostnames, then they are deleted. Create, rotate, finish (what an
//! interruption has left) and destroy differ in their goal, and in nothing else.
//!
//! ```text
//! VerifyOrigins ⇄ Bring ─► AwaitDeployment ─► for each that goes:
//!
//!     OfferToOthers ──(taken over)──────────────────────────────► the next one
//!       │   ▲
//!       │   └──(somebody claims it)──────────┐
//!       ▼                                    │
//!     Repoint ⟲ ─(nothing left to move)─► Delete ──► AwaitGone ─► the next one
//!       ▲                                  │   ▲
//!       └──(hostnames turned up)── AwaitObstacle ┘   ──(for too long)─► Fail
//! ```
//!
//! In the store of a zone there is nothing to repoint, and where nothing is kept neither. A
//! resource that turns up late takes it over from any step after the offer as well. Origins
//! are asked before what this resource does not hold yet is uploaded or taken over. The
//! deadline and Ctrl-C belong to `operation`: they end any step (of what waits for another
//! resource, only Ctrl-C does), and then `state_if_stopped` says what is true.

use super::goal::{Goal, Keep};
use super::obstacle::Obstacle;
use cloudflare::{CertificateId, Store};

/// What is known while it goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Known {
    /// What the origins say of the certificate of the configuration.
    pub(super) origins: Origins,
    /// The certificate that is kept, once it is in the store.
    pub(super) kept: Option<Kept>,
    /// Those that are deleted, or taken over by another resource.
    pub(super) settled: Vec<CertificateId>,
    /// What a killed rotation has uploaded, once it was looked for. It goes last.
    pub(super) leftovers: Option<Vec<CertificateId>>,
    /// How far the next one of those that go has come.
    pub(super) removal: Removal,
    /// Whether what is kept serves any of what the old one served: from here on the state names it.
    pub(super) has_switched: bool,
}

/// What origins say of a certificate that is to be uploaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Origins {
    #[default]
    Unasked,
    /// They have to accept it first.
    Asked,
    Accept,
    Refuse,
}

/// A certificate that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    pub(super) id: CertificateId,
    /// Whether it is this resource's to delete if the operation fails.
    pub(super) is_own: bool,
    /// Where the edge stands with it, as last seen.
    pub(super) deployment: Deployment,
}

/// Where the edge stands with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Deployment {
    /// On its way.
    Pending,
    /// It can be presented.
    Active,
    /// Its deployment timed out.
    TimedOut,
    /// Somebody deleted it.
    Gone,
}

/// How far a removal has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Removal {
    /// Another resource of the run may claim it.
    #[default]
    MayBeClaimed,
    /// No other resource wants it.
    Unclaimed,
    /// It has no hostnames, or what is kept has them.
    ReadyToDelete,
    /// Something stands against its deletion.
    Held(Obstacle),
    /// The same, for too long.
    Stuck(Obstacle),
    /// Its deletion was accepted.
    Deleted,
}

/// What has to happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the origins whether they accept the certificate.
    VerifyOrigins,
    /// Find the certificate in its store; where it may be uploaded, upload it. Before what the
    /// origins have not accepted, stop.
    Bring,
    /// Wait a little, then see where the edge stands with it.
    AwaitDeployment,
    /// Let another resource of the run take this one over first: waits for those that claim
    /// it.
    OfferToOthers(CertificateId),
    /// Give its hostnames to what is kept.
    Repoint(CertificateId),
    /// Delete it, if nothing stands against it.
    Delete(CertificateId),
    /// Wait a little, then try to delete it again.
    AwaitObstacle(CertificateId, Obstacle),
    /// Wait until nothing but a tombstone is left of it.
    AwaitGone(CertificateId),
    /// See what a killed rotation has uploaded. Lists lag: what they show at the end they may
    /// not have shown at first.
    FindLeftovers,
    /// It cannot be done.
    Fail(Failure),
    /// Nothing is left to do.
    Done,
}

/// Why it cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// An origin does not accept what was to be uploaded.
    Origins,
    /// The deployment of what is kept timed out.
    NotDeployed(CertificateId),
    /// Somebody deleted what is kept.
    Gone(CertificateId),
    /// This stands against the deletion of a certificate for too long.
    Obstacle(CertificateId, Obstacle),
}

/// What a step has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// This is what the origins say, or that they have to be asked.
    Origins(Origins),
    /// The certificate is in its store.
    Brought(Kept),
    /// This is where the edge stands with it.
    Seen(Deployment),
    /// Another resource of the run has taken it over.
    TakenOver,
    /// No other resource of the run wants it.
    Unclaimed,
    /// Whether any hostname had to be moved.
    Repointed { any: bool },
    /// Something stands against the deletion.
    Held { by: Obstacle, too_long: bool },
    /// A little time has passed.
    Waited,
    /// The deletion was accepted.
    Deleted,
    /// Nothing but a tombstone is left.
    Vanished,
    /// A killed rotation has left these.
    Leftovers(Vec<CertificateId>),
}

/// What is true if nothing more happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StateIfStopped {
    pub(super) object: Tracked,
    /// The certificates that are still to go.
    pub(super) superseded: Vec<CertificateId>,
}

/// Which object the state holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracked {
    /// None.
    Nothing,
    /// The one of the prior state.
    Old,
    /// What is kept.
    Kept,
}

/// What has to happen next.
pub(super) fn decide(goal: &Goal, known: &Known) -> Step {
    if goal.keep != Keep::Nothing {
        let Some(kept) = &known.kept else {
            return match known.origins {
                Origins::Refuse => Step::Fail(Failure::Origins),
                Origins::Asked => Step::VerifyOrigins,
                Origins::Unasked | Origins::Accept => Step::Bring,
            };
        };
        debug_assert!(goal.requires_active || goal.remove.is_empty());
        match kept.deployment {
            Deployment::Gone => return Step::Fail(Failure::Gone(kept.id.clone())),
            // A create that does not wait: only one that is gone makes it fail.
            _ if !goal.requires_active => {}
            Deployment::Pending => return Step::AwaitDeployment,
            Deployment::TimedOut => return Step::Fail(Failure::NotDeployed(kept.id.clone())),
            Deployment::Active => {}
        }
    }
    let Some(id) = known.remaining(goal).next().cloned() else {
        return match goal.may_have_leftovers && known.leftovers.is_none() {
            true => Step::FindLeftovers,
            false => Step::Done,
        };
    };
    let must_repoint = goal.store == Store::Hostname && known.kept.is_some();
    match &known.removal {
        // Contested: the claim came after the offer.
        Removal::MayBeClaimed | Removal::Held(Obstacle::Contested) => Step::OfferToOthers(id),
        Removal::Unclaimed if must_repoint => Step::Repoint(id),
        Removal::Unclaimed | Removal::ReadyToDelete => Step::Delete(id),
        Removal::Held(obstacle) => Step::AwaitObstacle(id, obstacle.clone()),
        Removal::Stuck(obstacle) => Step::Fail(Failure::Obstacle(id, obstacle.clone())),
        Removal::Deleted => Step::AwaitGone(id),
    }
}

/// What is true if nothing more happens. The object is the old one until the new one
/// serves; whichever it is, what is to go is remembered. Where there was no old one, nothing
/// goes. A destroy that ends well has no state, whatever this says.
pub(super) fn state_if_stopped(goal: &Goal, known: &Known) -> StateIfStopped {
    let kept = known.kept.as_ref();
    let is_gone = kept.is_some_and(|kept| kept.deployment == Deployment::Gone);
    let is_old = |id: &&CertificateId| goal.old.as_ref() == Some(*id);
    let object = match (kept.filter(|_| !is_gone), &goal.old) {
        (Some(_), None) => Tracked::Kept,
        (Some(kept), Some(_)) if known.has_switched || is_old(&&kept.id) => Tracked::Kept,
        (_, Some(_)) => Tracked::Old,
        (None, None) => Tracked::Nothing,
    };
    // Only an upload of its own is remembered: what was there already is the old one, or
    // another resource's.
    let is_upload = goal.keep == Keep::FromConfig;
    let own = kept
        .filter(|kept| is_upload && kept.is_own && !is_gone)
        .map(|kept| &kept.id);
    let left: Vec<&CertificateId> = match object {
        Tracked::Kept => known.remaining(goal).collect(),
        Tracked::Nothing => Vec::new(),
        Tracked::Old => {
            let left = known.remaining(goal).chain(own);
            left.filter(|id| !is_old(id)).collect()
        }
    };
    StateIfStopped {
        object,
        superseded: left.into_iter().cloned().collect(),
    }
}

impl Known {
    /// The certificates that are still to go.
    pub(super) fn remaining<'g>(
        &'g self,
        goal: &'g Goal,
    ) -> impl Iterator<Item = &'g CertificateId> {
        let is_kept = |id: &CertificateId| self.kept.as_ref().is_some_and(|kept| kept.id == *id);
        let left = goal.remove.iter().chain(self.leftovers.iter().flatten());
        left.filter(move |id| !self.settled.contains(id) && !is_kept(id))
    }

    /// Whether no origin stands against it that the certificate is brought.
    pub(super) fn is_accepted(&self, goal: &Goal) -> bool {
        !goal.has_origins || self.origins == Origins::Accept
    }

    /// Adds what a step has come to.
    pub(super) fn learn(&mut self, goal: &Goal, event: Event) {
        let next = self.remaining(goal).next().cloned();
        // In a zone the new one serves as soon as it is active. Hostnames have to be moved, and
        // only those of the old one count: leftovers did not serve.
        let is_zone = goal.store == Store::Zone;
        let is_switch = self.kept.is_some() && (is_zone || next.is_some() && next == goal.old);
        match event {
            Event::Origins(origins) => self.origins = origins,
            Event::Brought(kept) => self.kept = Some(kept),
            Event::Seen(deployment) => {
                if let Some(kept) = &mut self.kept {
                    kept.deployment = deployment;
                }
            }
            Event::TakenOver => {
                self.has_switched |= is_switch;
                self.settle(next);
            }
            Event::Unclaimed => {
                self.has_switched |= is_switch && is_zone;
                self.removal = Removal::Unclaimed;
            }
            // Again until a pass finds nothing to move: more may have turned up.
            Event::Repointed { any } => {
                self.has_switched |= is_switch;
                self.removal = match any {
                    true => Removal::Unclaimed,
                    false => Removal::ReadyToDelete,
                };
            }
            Event::Held { by, too_long } => {
                self.removal = match too_long {
                    true => Removal::Stuck(by),
                    false => Removal::Held(by),
                };
            }
            Event::Waited => {
                self.removal = match &self.removal {
                    Removal::Held(Obstacle::HostnamesLeft) => Removal::Unclaimed,
                    Removal::Held(_) => Removal::ReadyToDelete,
                    other => other.clone(),
                };
            }
            Event::Deleted => self.removal = Removal::Deleted,
            Event::Vanished => self.settle(next),
            Event::Leftovers(found) => self.leftovers = Some(found),
        }
    }

    fn settle(&mut self, id: Option<CertificateId>) {
        self.settled.extend(id);
        self.removal = Removal::MayBeClaimed;
    }
}
