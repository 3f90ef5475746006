//! The removal of one certificate: it yields to whoever takes it over, is deleted once
//! nothing stands against it, and is watched until it is gone.

use std::time::Duration;

use tokio::time::Instant;

use super::super::problem::{problem, successor_failed};
use super::ask::Asked;
use super::may_delete::{Candidate, may_delete};
use super::obstacle::{Holders, Obstacle};
use super::obstacle_timers::ObstacleTimers;
use super::protocol::Event;
use super::store::CertificateStore;
use super::view::{Hold, View};
use cloudflare::{
    Association, CertificateId, Error, Key, Locked, Ownership, Polls, Status, Store, Until, Wait,
    WaitKind,
};
use framework::{Diagnostic, Diagnostics};

/// A tombstone that stays `pending_deletion` this long is one for good.
const TOMBSTONE: Duration = Duration::from_secs(60);

/// What somebody else does to hostnames meanwhile is to be seen while it is being deployed.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);

/// One certificate to be deleted.
pub(super) struct Removal<'a> {
    at: CertificateStore<'a>,
    certificate: CertificateId,
    id: Key,
    /// What a create of the same certificate claims before it knows the id.
    leaf: Option<Key>,
    /// The certificate that takes its place.
    successor: Option<CertificateId>,
    /// Since when nothing stands against it: points of presence may be a moment behind.
    clear_since: Option<Instant>,
    timers: ObstacleTimers,
    polls: Polls,
    /// The wait for hostnames that are being deployed.
    hostnames: Option<Wait<'a>>,
    /// What stood against it when it was tried last.
    held: Option<Obstacle>,
}

/// What an attempt to delete a certificate has come to.
pub(super) enum Attempt {
    /// The DELETE was accepted.
    Deleted,
    /// Another resource of the run has it.
    TakenOver,
    /// Something stands against it.
    Held(Obstacle),
}

impl<'a> Removal<'a> {
    pub(super) fn new(
        at: CertificateStore<'a>,
        certificate: CertificateId,
        leaf: Option<Key>,
        successor: Option<CertificateId>,
    ) -> Self {
        Self {
            at,
            id: at.key_of(&certificate),
            certificate,
            leaf,
            successor,
            clear_since: None,
            timers: ObstacleTimers::default(),
            polls: Polls::new(),
            hostnames: None,
            held: None,
        }
    }

    /// Whether it is about this certificate.
    pub(super) fn is_of(&self, id: &CertificateId) -> bool {
        self.certificate == *id
    }

    /// Lets a create of the same certificate come first.
    pub(super) async fn offer_to_others(&self) -> Result<Event, Diagnostics> {
        let keys: Vec<&Key> = self.keys().collect();
        // A rotation has claimed a leaf that others may be waiting for.
        let until = match self.successor {
            Some(_) => Until::OwnDeadline,
            None => Until::OthersEnd,
        };
        let ownership = self
            .at
            .run()
            .yield_to_successors(&keys, self.at.scope, until)
            .await;
        match ownership.map_err(|why| self.failed(&why.into()))? {
            Ownership::Owned => Ok(Event::TakenOver),
            Ownership::Free | Ownership::Contested => Ok(Event::Unclaimed),
            Ownership::SuccessorFailed => {
                let what = format!("certificate {}", self.certificate);
                Err(successor_failed(&what, self.at.zone.id()).into())
            }
        }
    }

    /// Tries to delete it.
    pub(super) async fn delete(&mut self) -> Result<Event, Diagnostics> {
        let attempt = self.attempt().await?;
        // Nothing but this says that no hostname is being deployed any more.
        if matches!(
            attempt,
            Attempt::Deleted | Attempt::Held(Obstacle::Propagating)
        ) && let Some(mut wait) = self.hostnames.take()
        {
            wait.ended();
        }
        self.held = match &attempt {
            Attempt::Held(by) => Some(by.clone()),
            Attempt::Deleted | Attempt::TakenOver => None,
        };
        Ok(match attempt {
            Attempt::Deleted => Event::Deleted,
            Attempt::TakenOver => Event::TakenOver,
            Attempt::Held(by) => {
                let may_pass = self.may_pass(&by);
                if may_pass {
                    self.timers.reset(&by);
                }
                let too_long = !may_pass && self.timers.is_over(&by);
                Event::Held { by, too_long }
            }
        })
    }

    /// Waits a little, while something stands against it.
    pub(super) async fn wait(&mut self, obstacle: &Obstacle) -> Result<Event, Diagnostics> {
        let scope = self.at.scope;
        let paused = match obstacle {
            // How long that takes is known.
            Obstacle::Propagating => {
                let Candidate {
                    propagation,
                    clear_for,
                    ..
                } = self.candidate();
                let left = propagation.saturating_sub(clear_for);
                scope.sleep(left.min(BETWEEN_LOOKS)).await
            }
            Obstacle::Pending(names) => {
                let begun = self.at.run().last_write_of(self.at.zone.id(), names);
                let wait = self.hostnames.get_or_insert_with(|| match begun {
                    Some(begun) => self.at.zone.wait_since(WaitKind::Association, begun),
                    None => Wait::for_others(),
                });
                wait.pause(scope).await
            }
            _ => self.polls.pause(scope).await,
        };
        paused.map_err(|why| self.refused(obstacle, Some(why.into())))?;
        Ok(match self.is_taken_over() {
            true => Event::TakenOver,
            false => Event::Waited,
        })
    }

    /// Looks whether it may be deleted, and deletes it, with no write of this process in
    /// between.
    pub(super) async fn attempt(&mut self) -> Result<Attempt, Diagnostics> {
        let locked = self.at.zone.lock(self.at.scope).await;
        let locked = locked.map_err(|error| self.failed(&error))?;
        let decided = self.decide(&locked).await;
        let decided = decided.map_err(|error| self.failed(&error))?;
        if let Err(obstacle) = decided {
            if obstacle != Obstacle::Propagating {
                self.clear_since = None;
            }
            return Ok(Attempt::Held(obstacle));
        }
        let is_free = || self.is_free();
        let deleted = locked.delete(self.at.scope, self.at.store, &self.certificate, is_free);
        let deleted = deleted.await;
        drop(locked);
        Ok(match deleted {
            Ok(()) => Attempt::Deleted,
            Err(Error::Withdrawn) if self.is_taken_over() => Attempt::TakenOver,
            Err(Error::Withdrawn) => Attempt::Held(Obstacle::Contested),
            Err(error) if error.has_code(1434) => {
                Attempt::Held(Obstacle::Deploying(error.to_string()))
            }
            Err(error) if error.has_code(1433) => {
                self.clear_since = None;
                let holders = self.holders().await?;
                Attempt::Held(Obstacle::InUse(holders, error.to_string()))
            }
            Err(error) => return Err(self.failed(&error)),
        })
    }

    /// Decides whether it may be deleted now, with all that has to be known for it.
    async fn decide(&mut self, locked: &Locked<'_>) -> Result<Result<(), Obstacle>, Error> {
        let mut view = View::default();
        loop {
            let decided = may_delete(&self.candidate(), &view);
            if matches!(decided, Ok(()) | Err(Hold::Obstacle(Obstacle::Propagating))) {
                self.clear_since.get_or_insert_with(Instant::now);
            }
            match decided {
                Ok(()) => return Ok(Ok(())),
                Err(Hold::Obstacle(obstacle)) => return Ok(Err(obstacle)),
                Err(Hold::Ask(question)) => {
                    let must_be_listed =
                        self.at.store == Store::Hostname && self.successor.is_some();
                    let of = Asked {
                        at: self.at,
                        locked,
                        must_be_listed,
                    };
                    of.about(question, &mut view).await?;
                }
            }
        }
    }

    fn candidate(&self) -> Candidate<'_> {
        let run = self.at.run();
        let has_brought = run.has_brought(self.at.zone.id());
        // What this run has written since may have been deployed between two looks.
        let since = self.clear_since.max(run.last_write(self.at.zone.id()));
        Candidate {
            store: self.at.store,
            id: &self.certificate,
            successor: self.successor.as_ref(),
            clear_for: match self.clear_since {
                Some(_) => since.map_or(Duration::ZERO, |since| since.elapsed()),
                None => Duration::ZERO,
            },
            propagation: match has_brought {
                true => self.at.zone.propagation_delay(),
                false => Duration::ZERO,
            },
        }
    }

    /// Whether no other resource of this run has it, or is about to.
    fn is_free(&self) -> bool {
        let run = self.at.run();
        self.keys().all(|key| run.ownership(key) == Ownership::Free)
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.id).chain(&self.leaf)
    }

    fn is_taken_over(&self) -> bool {
        self.at.run().ownership(&self.id) == Ownership::Owned
    }

    /// Who holds the certificate, as far as the API and this run tell.
    async fn holders(&self) -> Result<Holders, Diagnostics> {
        let list = self.at.zone.associations_if_listed(self.at.scope).await;
        let list = list.map_err(|error| self.failed(&error))?;
        let mut holders = Holders::default();
        let held = list.iter().filter(|held| held.names(&self.certificate));
        for held in held.filter(|held| held.status != Status::Deleted) {
            let is_leaving = held.status == Status::PendingDeletion
                || !held.is_gone() && self.is_letting_go(held);
            if is_leaving || !held.is_gone() {
                holders.all.push(held.hostname.clone());
            }
            holders.leaving |= is_leaving;
        }
        Ok(holders)
    }

    /// Whether this run detaches the hostname or gives it another certificate.
    fn is_letting_go(&self, held: &Association) -> bool {
        let key = held.key(self.at.zone.id());
        self.at.run().is_leaving(&key) || self.at.run().is_writing(&key)
    }

    /// Whether something is under way that may lift the obstacle.
    pub(super) fn may_pass(&self, obstacle: &Obstacle) -> bool {
        match obstacle {
            Obstacle::Deploying(_)
            | Obstacle::HostnamesLeft
            | Obstacle::Propagating
            | Obstacle::Pending(_)
            | Obstacle::Contested => true,
            Obstacle::SuccessorInactive(status) => status.as_ref().is_some_and(Status::is_pending),
            // What this run writes or detaches may be one of them; a rotation has written its
            // own.
            Obstacle::Undeployed(_) => {
                self.successor.is_none() && self.at.run().is_busy(self.at.zone.id())
            }
            Obstacle::InUse(holders, _) => holders.leaving || holders.all.is_empty(),
            Obstacle::LastOfZone { is_another_pending } => {
                *is_another_pending || self.at.run().is_busy(self.at.zone.id())
            }
        }
    }

    /// Waits until nothing but a tombstone is left, or a create of this run has
    /// brought the certificate back.
    pub(super) async fn vanish(&mut self) -> Result<Event, Diagnostics> {
        let mut wait = self.at.zone.wait_for(WaitKind::Deletion(self.at.store));
        let mut tombstone_since = None;
        let mut deleted_again = false;
        loop {
            if self.is_taken_over() {
                return Ok(Event::TakenOver);
            }
            let found = self.at.find_any(&self.certificate).await;
            let Some(found) = found.map_err(|error| self.failed(&error))? else {
                wait.ended();
                return Ok(Event::Vanished);
            };
            match found.status {
                Status::Deleted => {
                    wait.ended();
                    return Ok(Event::Vanished);
                }
                Status::PendingDeletion => {
                    let since = *tombstone_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= TOMBSTONE {
                        return Ok(Event::Vanished);
                    }
                }
                Status::DeletionTimedOut if deleted_again => {
                    return Err(self.not_deleted().into());
                }
                Status::DeletionTimedOut => {
                    deleted_again = matches!(self.attempt().await?, Attempt::Deleted);
                }
                _ => {}
            }
            // A tombstone counts as one for good at a known moment.
            let most = tombstone_since.map_or(Duration::MAX, |since: Instant| {
                (since + TOMBSTONE).saturating_duration_since(Instant::now())
            });
            let paused = wait.pause_at_most(most, self.at.scope).await;
            paused.map_err(|why| self.failed(&why.into()))?;
        }
    }

    /// What failed; a timeout in the middle of a look has the reason of the last one.
    fn failed(&self, error: &Error) -> Diagnostics {
        match (&self.held, error) {
            (Some(obstacle), Error::Stopped { .. }) => {
                self.refused(obstacle, Some(error.clone())).into()
            }
            _ => problem(error, &self.doing()).into(),
        }
    }

    fn doing(&self) -> String {
        let (certificate, zone) = (&self.certificate, self.at.zone.id());
        format!("Deleting certificate {certificate} of zone {zone}")
    }

    pub(super) fn refused(&self, obstacle: &Obstacle, stopped: Option<Error>) -> Diagnostic {
        let successor = self.successor.as_ref();
        obstacle.refusal(self.at.zone.id(), &self.certificate, successor, stopped)
    }

    fn not_deleted(&self) -> Diagnostic {
        Diagnostic::error(
            "Certificate was not deleted",
            format!(
                "The deletion of certificate {} of zone {} timed out twice (deletion_timed_out); it \
                 may still be in use. Apply again later.",
                self.certificate,
                self.at.zone.id()
            ),
        )
    }
}
