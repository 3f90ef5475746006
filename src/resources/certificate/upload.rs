//! Bringing a certificate into its store: never two live copies of one leaf, and
//! none lost.
//!
//! Look in the store, upload. An upload whose answer was lost, and one that is
//! refused because the certificate is there already, both end in another look.

use super::super::problem::{invalid_pem, listed, problem};
use super::obstacle::Obstacle;
use super::removal::{Attempt, Removal};
use super::room::Room;
use super::{Certificate, Found, leaf_of, plan};
use crate::x509::{self, PrivateKey};
use cloudflare::{
    Association, CertificateId, Destruction, Error, Hostname, Key, Polls, Queuing, Scope, Status,
    Store, Verdict, Zone,
};
use framework::{Diagnostic, Diagnostics};

/// Where a certificate came from.
pub(super) enum Origin {
    /// From this operation, even if the answer to its upload was lost, or from an
    /// earlier one of the same resource.
    Own(Found),
    /// It was there already.
    WasThere(Found),
}

/// One certificate on its way into a store.
pub(super) struct Upload<'a> {
    pub(super) zone: &'a Zone<'a>,
    pub(super) scope: &'a Scope,
    pub(super) store: Store,
    leaf: x509::Certificate,
    key: PrivateKey,
    /// The ids that the resource holds already.
    own: Vec<CertificateId>,
}

/// What a look in the store shows.
pub(super) struct Look {
    /// The same certificate, if it is there.
    twin: Option<Found>,
    /// Every certificate that takes up room.
    pub(super) live: Vec<Found>,
    /// Those that are still being deleted, which may take up room too.
    pub(super) leaving: Vec<CertificateId>,
}

impl<'a> Upload<'a> {
    /// An upload of `leaf` with the key of `config`, checked once more, because the
    /// plan may not have known them.
    pub(super) fn new(
        (zone, scope, store): (&'a Zone<'a>, &'a Scope, Store),
        config: &Certificate,
        leaf: x509::Certificate,
        own: Vec<CertificateId>,
    ) -> Result<Self, Diagnostics> {
        let key = config.key();
        let Some((attribute, text)) = key.and_then(|(at, key)| Some((at, key.known()?))) else {
            return Err(plan::missing_key().into());
        };
        let invalid = |problem| Diagnostics::from(invalid_pem(attribute, problem));
        let key = PrivateKey::parse(text).map_err(invalid)?;
        key.check_match(&leaf).map_err(invalid)?;
        Ok(Self {
            zone,
            scope,
            store,
            leaf,
            key,
            own,
        })
    }

    /// The certificate in its store. An error means that nothing was uploaded, as
    /// far as can be known.
    pub(super) async fn find_or_upload(&self) -> Result<Origin, Diagnostics> {
        let mut polls = Polls::new();
        // Uploads of ours that may have been carried out unseen.
        let mut lost: Vec<Error> = Vec::new();
        let mut deleted_again = false;
        // The removal of a copy that was not deployed.
        let mut removal = None;
        // Held once there was no place, so that what may make one does not wait for this.
        let mut queuing = None;
        // Held from the request on that may take the place which a rotation gives back.
        let mut leaving = Vec::new();
        let mut room = Room::new(self);
        // The hostnames for whose sake a failed copy could not be deleted yet.
        let mut blocked = Vec::new();
        loop {
            let look = self.look().await?;
            if look.twin.is_none() {
                leaving.clear();
            }
            let mut last = None;
            match look.twin {
                Some(twin) => match twin.status {
                    Status::Deleted | Status::PendingDeletion => {}
                    Status::DeploymentTimedOut | Status::DeletionTimedOut if deleted_again => {}
                    Status::DeploymentTimedOut if self.own.contains(&twin.id) => {
                        self.check_unused(&twin).await?;
                        (deleted_again, blocked) = self.delete_again(&twin, &mut removal).await?;
                    }
                    Status::DeploymentTimedOut => return Err(self.twin_timed_out(&twin).into()),
                    Status::DeletionTimedOut => {
                        (deleted_again, blocked) = self.delete_again(&twin, &mut removal).await?;
                    }
                    _ if !lost.is_empty() || self.own.contains(&twin.id) => {
                        return Ok(Origin::Own(twin));
                    }
                    _ => return Ok(Origin::WasThere(twin)),
                },
                None if room.is_full(&look) && room.is_being_made() => {
                    queuing.get_or_insert_with(|| self.queue());
                    let waited = polls.pause_for_others(self.scope).await;
                    waited.map_err(|why| self.failed(&why.into()))?;
                    continue;
                }
                None if !self.zone.may_repeat(lost.len() as u32) => {
                    let failed = lost.last().map(|error| self.failed(error));
                    return Err(failed.unwrap_or_default());
                }
                None => match self.upload(&look, &mut leaving).await {
                    Ok(uploaded) => return Ok(Origin::Own(uploaded)),
                    // There, though the list does not show it: it is new, or a tombstone.
                    Err(error) if error.has_code(1406) => last = Some(error),
                    Err(error @ Error::Lost { .. }) => {
                        lost.push(error.clone());
                        last = Some(error);
                    }
                    Err(error) => {
                        leaving.clear();
                        queuing.get_or_insert_with(|| self.queue());
                        room.wait(error).await?;
                    }
                },
            }
            if let Err(why) = polls.pause(self.scope).await {
                let refused = room.refused.take();
                let mut errors = self.failed(&last.or(refused).unwrap_or(why.into()));
                if !blocked.is_empty() {
                    errors.push(self.blocked(&blocked));
                }
                return Err(errors);
            }
        }
    }

    /// The certificate in the store, the live one before its tombstones. What this
    /// run has deleted may still be in the list; there the API's word on it counts.
    pub(super) async fn look(&self) -> Result<Look, Diagnostics> {
        let list = self
            .zone
            .certificates_with_own(self.scope, self.store)
            .await;
        let list = list.map_err(|error| self.failed(&error))?;
        let (mut equal, mut live, mut leaving) = (Vec::new(), Vec::new(), Vec::new());
        for mut found in list {
            if self.zone.run().is_destroyed(&self.key_of(&found)) {
                match self.find(&found.id).await? {
                    Some(now) => found = now,
                    None => continue,
                }
            }
            if found.status == Status::PendingDeletion {
                leaving.push(found.id.clone());
            }
            let is_gone = found.status == Status::Deleted;
            if !is_gone && leaf_of(&found).is_some_and(|twin| self.leaf.is_same(&twin)) {
                equal.push(found.clone());
            }
            if !found.status.is_tombstone() {
                live.push(found);
            }
        }
        equal.sort_by_key(|found| found.status.is_tombstone());
        let twin = self.confirm(equal).await?;
        Ok(Look {
            twin,
            live,
            leaving,
        })
    }

    /// The first of these that is there itself: lists show what is gone.
    async fn confirm(&self, listed: Vec<Found>) -> Result<Option<Found>, Diagnostics> {
        let mut tombstone = None;
        for listed in listed {
            match self.find(&listed.id).await? {
                Some(found) if found.status.is_tombstone() => {
                    tombstone.get_or_insert(found);
                }
                Some(found) => return Ok(Some(found)),
                None => {}
            }
        }
        Ok(tombstone.filter(|found| found.status != Status::Deleted))
    }

    /// A certificate by its id; none where not even its tombstone is left.
    pub(super) async fn find(&self, id: &CertificateId) -> Result<Option<Found>, Diagnostics> {
        match self.zone.certificate(self.scope, self.store, id).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn key_of(&self, found: &Found) -> Key {
        Key::certificate(self.store, self.zone.id(), &found.id)
    }

    /// Whether what an upload's answer shows is this certificate. Where it does not show
    /// the text, it is about one that was not there before.
    fn is_sent(&self, uploaded: &Found, before: &Look) -> bool {
        match leaf_of(uploaded) {
            Some(leaf) => self.leaf.is_same(&leaf),
            None => before.live.iter().all(|found| found.id != uploaded.id),
        }
    }

    async fn upload<'r>(
        &'r self,
        before: &Look,
        leaving: &mut Vec<Destruction<'r>>,
    ) -> Result<Found, Error> {
        let run = self.zone.run();
        let own = self.own.iter();
        let keys = own.map(|id| Key::certificate(self.store, self.zone.id(), id));
        *leaving = keys.map(|key| run.destroy(key)).collect();
        let (certificate, key) = (self.leaf.to_pem(), self.key.to_pem());
        self.zone
            .upload(self.scope, self.store, certificate, key, |uploaded| {
                self.is_sent(uploaded, before)
            })
            .await
    }

    /// What a create of this certificate claims before it knows the id.
    pub(super) fn key(&self) -> Key {
        Key::leaf(self.store, self.zone.id(), self.fingerprint())
    }

    pub(super) fn fingerprint(&self) -> &str {
        &self.leaf.facts().fingerprint_sha256
    }

    /// Says that this upload waits for a place.
    fn queue(&self) -> Queuing<'_> {
        self.zone.run().queue(self.key())
    }

    /// A certificate that was never deployed may only go if no hostname needs it.
    async fn check_unused(&self, found: &Found) -> Result<(), Diagnostics> {
        if self.store == Store::Zone {
            return Ok(());
        }
        let list = self.zone.associations_if_listed(self.scope).await;
        let list = list.map_err(|error| self.failed(&error))?;
        let uses = |a: &Association| a.names(&found.id) && !a.is_gone();
        match list.iter().any(uses) {
            true => Err(self.twin_timed_out(found).into()),
            false => Ok(()),
        }
    }

    /// Cloudflare gave up on it once; it must go before it can come again. Answers
    /// whether the DELETE was sent, and for the sake of which hostnames it was not yet.
    async fn delete_again(
        &self,
        found: &Found,
        removal: &mut Option<Removal<'a>>,
    ) -> Result<(bool, Vec<Hostname>), Diagnostics> {
        let place = (self.zone, self.scope, self.store);
        let begun = removal.take().filter(|begun| begun.is_of(&found.id));
        let begun = begun.unwrap_or_else(|| Removal::new(place, found.id.clone(), None, None));
        let removal = removal.insert(begun);
        Ok(match removal.attempt().await? {
            Attempt::Deleted => (true, Vec::new()),
            Attempt::Held(Obstacle::Pending(hostnames)) => (false, hostnames),
            Attempt::Held(Obstacle::Undeployed(hostnames)) if self.are_changing(&hostnames) => {
                (false, hostnames)
            }
            Attempt::Held(obstacle @ (Obstacle::Undeployed(_) | Obstacle::InUse(..))) => {
                return Err(removal.refused(&obstacle, None).into());
            }
            Attempt::Held(_) | Attempt::TakenOver => (false, Vec::new()),
        })
    }

    /// Whether this run writes one of these hostnames, or takes it away.
    fn are_changing(&self, hostnames: &[Hostname]) -> bool {
        let run = self.zone.run();
        let zone = self.zone.id();
        let mut keys = hostnames
            .iter()
            .map(|name| Key::Association(zone.clone(), name.clone()));
        keys.any(|key| run.is_writing(&key) || run.is_leaving(&key))
    }

    fn blocked(&self, hostnames: &[Hostname]) -> Diagnostic {
        Diagnostic::error(
            "Hostnames are still being deployed",
            format!(
                "The copy of the certificate that was not deployed before could not be deleted, \
                 because these hostnames of zone {} are being deployed: {}. Apply again when they \
                 are active.",
                self.zone.id(),
                listed(hostnames)
            ),
        )
    }

    /// Whether another resource of this run has it.
    pub(super) fn is_owned(&self, found: &Found) -> bool {
        self.zone.run().verdict(&self.key_of(found)) == Verdict::Owned
    }

    pub(super) fn failed(&self, error: &Error) -> Diagnostics {
        let doing = format!("Uploading the certificate to zone {}", self.zone.id());
        problem(error, &doing).into()
    }

    pub(super) fn declared_twice(&self) -> Diagnostic {
        Diagnostic::error(
            "Certificate is declared twice",
            format!(
                "Another resource of this configuration manages the same certificate in zone {}. \
                 Keep one of them; if the resource was renamed, write a moved block.",
                self.zone.id()
            ),
        )
        .at("certificate")
    }

    fn twin_timed_out(&self, found: &Found) -> Diagnostic {
        Diagnostic::error(
            "Certificate was not deployed before",
            format!(
                "Zone {} holds this certificate as {}, which Cloudflare gave up deploying, and it \
                 cannot be uploaded again beside itself. Issue a certificate with a new serial \
                 number; or, if no hostname is associated with {}, delete it at Cloudflare and \
                 apply again.",
                self.zone.id(),
                found.id,
                found.id
            ),
        )
        .at("certificate")
    }

    pub(super) fn adopted(&self, found: &Found) -> Diagnostic {
        let presented = match self.store {
            Store::Hostname => "",
            Store::Zone => {
                " Cloudflare presents the newest active certificate of the zone: an older one is \
                 not presented until newer ones are gone."
            }
        };
        Diagnostic::warning(
            "Certificate was already there",
            format!(
                "Zone {} held this certificate already, as {}. It is now managed here, and destroy \
                 will delete it. To leave it alone instead, take it out of state with a removed \
                 block (lifecycle {{ destroy = false }}).{presented}",
                self.zone.id(),
                found.id
            ),
        )
    }
}
