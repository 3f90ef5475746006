//! The loop of the protocol: decide, act, learn; until nothing is left to do, or something
//! ends it. Then `state_if_stopped` says what is true.

use std::time::Duration;

use tokio::time::Instant;

use super::super::Api;
use super::super::problem::problem;
use super::bring::{Brought, find_or_upload};
use super::goal::{Goal, Keep};
use super::material::Lost;
use super::plan::missing_key;
use super::protocol::{
    Deployment, Event, Kept, Known, Origins, StateIfStopped, Step, Tracked, decide,
    state_if_stopped,
};
use super::removal::Removal;
use super::stopped::Stopped;
use super::store::CertificateStore;
use super::upload::Upload;
use super::{Found, diagnostics, leaf_of};
use cloudflare::{
    CertificateId, Destruction, Error, Key, Polls, Status, Store, Wait, WaitKind, Zone,
};
use framework::{Ctx, Diagnostic, Diagnostics, Successor};

/// How long a certificate that was uploaded again may look like its own tombstone.
const REVIVAL: Duration = Duration::from_secs(60);

/// One operation on a certificate.
pub(super) struct Operation<'a> {
    ctx: &'a Ctx<Api>,
    at: CertificateStore<'a>,
    pub(super) goal: Goal,
    pub(super) known: Known,
    /// What is kept, as last seen.
    pub(super) found: Option<Found>,
    /// What is to be said once a certificate serves that was there already.
    pub(super) adoption: Option<Diagnostic>,
    /// The certificate of the configuration, until it is in its store.
    upload: Option<Upload<'a>>,
    /// Its fingerprint.
    new_leaf: Option<String>,
    /// By what copies are known that a killed rotation has issued.
    lost: Option<Lost>,
    /// What origins said against it.
    refusals: Diagnostics,
    /// The fingerprint of the prior certificate, by which a create of the same one claims it.
    old_leaf: Option<String>,
    /// The wait for the deployment of what is kept.
    deployment: Wait<'a>,
    /// The removal under way.
    removal: Option<Removal<'a>>,
    /// Says to this run what is on its way out: that makes room for others.
    leaving: Vec<Destruction<'a>>,
}

impl<'a> Operation<'a> {
    pub(super) fn new(ctx: &'a Ctx<Api>, at: CertificateStore<'a>, goal: Goal) -> Self {
        Self {
            ctx,
            at,
            goal,
            known: Known::default(),
            found: None,
            adoption: None,
            upload: None,
            new_leaf: None,
            lost: None,
            refusals: Diagnostics::default(),
            old_leaf: None,
            deployment: Wait::for_others(),
            removal: None,
            leaving: Vec::new(),
        }
    }

    /// The same, with what is to be uploaded.
    pub(super) fn with_upload(mut self, upload: Upload<'a>) -> Self {
        self.goal.has_origins = upload.has_origins();
        self.new_leaf = Some(upload.fingerprint().to_owned());
        self.goal.may_have_leftovers = upload.lost.is_some();
        self.lost = upload.lost.clone();
        self.upload = Some(upload);
        self
    }

    /// The same, with the fingerprint of the prior certificate.
    pub(super) fn with_old_leaf(self, fingerprint: Option<&str>) -> Self {
        Self {
            old_leaf: fingerprint.map(str::to_owned),
            ..self
        }
    }

    /// Carries out step after step.
    pub(super) async fn run(&mut self) -> Result<(), Stopped> {
        if self.goal.keep == Keep::Nothing {
            self.announce();
        }
        loop {
            let event = match decide(&self.goal, &self.known) {
                Step::VerifyOrigins => self.verify_origins().await?,
                Step::Bring => self.bring().await?,
                Step::AwaitDeployment => self.await_deployment().await?,
                Step::OfferToOthers(id) => self.removal_of(&id).await?.offer_to_others().await?,
                Step::Repoint(id) => self.repoint(&id).await?,
                Step::Delete(id) => self.removal_of(&id).await?.delete().await?,
                Step::AwaitObstacle(id, obstacle) => {
                    let removal = self.removal_of(&id).await?;
                    removal.wait(&obstacle).await?
                }
                Step::AwaitGone(id) => self.removal_of(&id).await?.vanish().await?,
                Step::Fail(failure) => return Err(Stopped::Failed(failure)),
                Step::FindLeftovers => self.find_leftovers().await,
                Step::Done => return Ok(()),
            };
            self.learn(event);
        }
    }

    fn learn(&mut self, event: Event) {
        if event == Event::TakenOver
            && let Some(id) = self.known.remaining(&self.goal).next()
        {
            tracing::info!(certificate = %id, "left to its new owner");
            // It is owned by another, which has not failed.
            let _ = self.at.run().leave([self.at.key_of(id)]);
            if self.goal.keep == Keep::Nothing && self.goal.old.as_ref() == Some(id) {
                self.ctx.warn(diagnostics::taken_over(
                    self.at.zone.id(),
                    id,
                    Successor::Another,
                ));
            }
        }
        self.known.learn(&self.goal, event);
    }

    /// What a killed rotation has uploaded. Where the list cannot be had, the operation has
    /// succeeded all the same.
    async fn find_leftovers(&self) -> Event {
        let is_known = |id: &CertificateId| {
            let kept = self.known.kept.as_ref();
            kept.is_some_and(|kept| kept.id == *id) || self.known.settled.contains(id)
        };
        let copies = match &self.lost {
            Some(lost) => lost.copies(self.at).await,
            None => Ok(Vec::new()),
        };
        let mut copies = copies.unwrap_or_else(|error| {
            self.ctx
                .warn(diagnostics::leftovers_unknown(self.at.zone, &error));
            Vec::new()
        });
        copies.retain(|id| !is_known(id));
        Event::Leftovers(copies)
    }

    /// Shows the certificate to the origins that have to accept it.
    async fn verify_origins(&mut self) -> Result<Event, Stopped> {
        let upload = self.upload.as_ref().ok_or_else(missing_key)?;
        let said = upload.verify_origins(self.found.as_ref()).await?;
        if said.has_error() {
            self.refusals = said;
            return Ok(Event::Origins(Origins::Refuse));
        }
        said.into_iter().for_each(|warning| self.ctx.warn(warning));
        Ok(Event::Origins(Origins::Accept))
    }

    /// Brings the certificate into its store, or sees that it is there.
    async fn bring(&mut self) -> Result<Event, Stopped> {
        self.deployment = Wait::for_others();
        let brought = match &self.goal.keep {
            Keep::Present(id) => {
                let found = self.find(id).await?;
                let found = found.ok_or_else(|| diagnostics::gone(id, self.at.zone))?;
                Some((found, true))
            }
            Keep::FromConfig | Keep::Nothing => self.find_or_upload().await?,
        };
        let Some((found, is_own)) = brought else {
            return Ok(Event::Origins(Origins::Asked));
        };
        self.at.run().own(self.at.key_of(&found.id));
        let kept = Kept {
            id: found.id.clone(),
            is_own,
            deployment: Deployment::Pending,
        };
        self.found = Some(found);
        // Its key is wanted no more.
        self.upload = None;
        self.known.learn(&self.goal, Event::Brought(kept));
        self.announce();
        self.revive().await;
        Ok(match &self.found {
            // It comes back yet, or the next look shows that it does not.
            Some(found) if found.status == Status::PendingDeletion => {
                Event::Seen(Deployment::Pending)
            }
            _ => self.seen(),
        })
    }

    /// The certificate, and whether it is this resource's own; none where its origins have to
    /// accept it first.
    async fn find_or_upload(&mut self) -> Result<Option<(Found, bool)>, Stopped> {
        let Some(upload) = &self.upload else {
            return Err(missing_key().into());
        };
        if let (Store::Hostname, Some(old)) = (self.goal.store, &self.goal.old) {
            // Without the list nobody could tell which hostnames have to move.
            let listed = self.at.zone.redeploy(self.at.scope, old).await;
            let doing = "Listing the hostnames of the old certificate";
            listed.map_err(|error| problem(&error, doing))?;
        }
        let is_accepted = self.known.is_accepted(&self.goal);
        let (found, is_own) = match find_or_upload(upload, is_accepted).await? {
            Brought::NotYet(copy) => {
                self.found = copy;
                return Ok(None);
            }
            Brought::Uploaded(found) => {
                let kind = WaitKind::Deployment(self.at.store);
                self.deployment = self.at.zone.wait_for(kind);
                (found, true)
            }
            Brought::Own(found) => (found, true),
            Brought::WasThere(found) if self.at.is_owned(&found.id) => {
                return Err(upload.declared_twice().into());
            }
            Brought::WasThere(found) => {
                self.adoption = Some(upload.adopted(&found));
                (found, false)
            }
        };
        Ok(Some((found, is_own)))
    }

    /// The certificate; none where it is gone.
    async fn find(&self, id: &CertificateId) -> Result<Option<Found>, Stopped> {
        let doing = format!("Reading certificate {id} of zone {}", self.at.zone.id());
        let found = self.at.find(id).await;
        Ok(found.map_err(|error| problem(&error, &doing))?)
    }

    /// Says to this run what is on its way out.
    fn announce(&mut self) {
        let run = self.at.run();
        let left = self.known.remaining(&self.goal);
        self.leaving = left.map(|id| run.destroy(self.at.key_of(id))).collect();
    }

    /// Waits while a certificate that was just uploaded reads `pending_deletion`, as it does
    /// for a moment when it comes back under the id of one that was deleted.
    async fn revive(&mut self) {
        let started = Instant::now();
        let mut polls = Polls::new();
        while let Some(found) = &mut self.found
            && found.status == Status::PendingDeletion
            && started.elapsed() < REVIVAL
            && polls.pause(self.at.scope).await.is_ok()
        {
            if let Ok(Some(now)) = self.at.find_any(&found.id).await {
                *found = now;
            }
        }
    }

    fn seen(&self) -> Event {
        let found = self.found.as_ref();
        Event::Seen(found.map_or(Deployment::Gone, |found| (&found.status).into()))
    }

    async fn await_deployment(&mut self) -> Result<Event, Stopped> {
        if let Some(found) = &self.found {
            let not_yet = |error| Stopped::NotYet(Box::new(found.clone()), error);
            let paused = self.deployment.pause(self.at.scope).await;
            paused.map_err(|why| not_yet(why.into()))?;
            let now = self.at.find(&found.id).await;
            let now = now.map_err(not_yet)?;
            let Some(now) = now else {
                return Ok(Event::Seen(Deployment::Gone));
            };
            tracing::info!(certificate = %now.id, status = %now.status, "waiting for deployment");
            if now.status == Status::Active {
                self.deployment.ended();
            }
            self.found = Some(now);
        }
        Ok(self.seen())
    }

    /// Gives the hostnames of a certificate to what is kept.
    async fn repoint(&mut self, from: &CertificateId) -> Result<Event, Stopped> {
        let Some(to) = self.known.kept.as_ref().map(|kept| kept.id.clone()) else {
            return Ok(Event::Repointed { any: false });
        };
        let doing = format!("Giving the hostnames of certificate {from} to {to}");
        let repointed = self.at.zone.repoint(self.at.scope, from, &to).await;
        let repointed = repointed.map_err(|error| problem(&error, &doing))?;
        let event = Event::Repointed {
            any: !repointed.moved.is_empty(),
        };
        if !repointed.moved.is_empty() {
            // Also where others were refused.
            self.known.learn(&self.goal, event.clone());
        }
        diagnostics::all_moved(&repointed, &doing, &to)?;
        Ok(event)
    }

    /// The removal of this certificate, begun where it has not.
    async fn removal_of(&mut self, id: &CertificateId) -> Result<&mut Removal<'a>, Stopped> {
        let removal = match self.removal.take() {
            Some(begun) if begun.is_of(id) => begun,
            _ => {
                let leaf = self.leaf_key(id).await?;
                let successor = self.known.kept.as_ref().map(|kept| kept.id.clone());
                Removal::new(self.at, id.clone(), leaf, successor)
            }
        };
        Ok(self.removal.insert(removal))
    }

    /// By what a create of the same certificate would claim it; none where that claim is
    /// this operation's own.
    async fn leaf_key(&self, id: &CertificateId) -> Result<Option<Key>, Stopped> {
        let claimed = match self.goal.keep {
            Keep::Present(ref id) if self.goal.old.as_ref() == Some(id) => self.old_leaf.as_deref(),
            // A successor is another resource's, and claims nothing here.
            Keep::Nothing | Keep::Present(_) => None,
            Keep::FromConfig => self.new_leaf.as_deref(),
        };
        let key = |fingerprint: &str| {
            let is_own = claimed == Some(fingerprint);
            (!is_own).then(|| self.at.leaf_key(fingerprint))
        };
        if self.goal.old.as_ref() == Some(id) {
            return Ok(self.old_leaf.as_deref().and_then(key));
        }
        let found = self.find(id).await?;
        let leaf = found.as_ref().and_then(leaf_of);
        Ok(leaf.and_then(|leaf| key(&leaf.facts().fingerprint_sha256)))
    }

    /// What is true now, and what is kept, if that is the object.
    pub(super) fn stands(&self) -> (StateIfStopped, Option<&Found>) {
        let standing = state_if_stopped(&self.goal, &self.known);
        let found = self.found.as_ref();
        let found = found.filter(|_| standing.object == Tracked::Kept);
        (standing, found)
    }

    /// What was taken over for nothing goes back to whoever had it; if that one has left it,
    /// it is this resource's to delete.
    pub(super) fn give_back(&mut self) {
        let adopted = self.known.kept.as_ref().filter(|kept| !kept.is_own);
        let key = adopted.map(|kept| self.at.key_of(&kept.id));
        let is_old = self.stands().0.object == Tracked::Old;
        let run = self.at.run();
        let is_left = key.is_some_and(|key| is_old && run.give_back(&key));
        if let Some(kept) = &mut self.known.kept {
            kept.is_own |= is_left;
        }
    }

    /// What ended it, in words. `pending` says that something is on its way.
    pub(super) fn explain(
        &self,
        stopped: Stopped,
        pending: fn(&Found, &Zone<'_>, &Error) -> Diagnostic,
    ) -> Diagnostics {
        stopped.explain(self.at, &self.known, &self.refusals, pending)
    }
}
