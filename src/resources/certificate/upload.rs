//! An upload: what is sent, what a look in the store shows of it, and what is said of both.

use super::super::problem::{FOUND, problem};
use super::material::{Lost, Material};
use super::origins::{self, Target};
use super::store::CertificateStore;
use super::{Certificate, Found, leaf_of};
use crate::x509::{self, PrivateKey};
use cloudflare::{CertificateId, Destruction, Error, Key, Status, Store};
use framework::{Diagnostic, Diagnostics};

/// What is true of a create that issues, instead of what is true of others.
const ISSUED_FOR_ONCE: &str = "Apply again: another certificate is issued then, because nobody has \
    the key of this one. If it was carried out, a warning names it, and it can be deleted.";

/// One certificate on its way into a store.
pub(super) struct Upload<'a> {
    pub(super) at: CertificateStore<'a>,
    leaf: x509::Certificate,
    key: PrivateKey,
    pub(super) lost: Option<Lost>,
    /// Whether no later apply knows it again.
    is_for_once: bool,
    /// Those that have to accept it first.
    origins: Vec<Target>,
    /// The ids that the resource holds already.
    own: Vec<CertificateId>,
}

/// What a look in the store shows.
pub(super) struct Look {
    /// The same certificate, if it is there.
    pub(super) copy: Option<Found>,
    /// Every certificate that takes a slot.
    pub(super) live: Vec<Found>,
    /// Those that are still being deleted, which may take one too.
    pub(super) leaving: Vec<CertificateId>,
}

impl<'a> Upload<'a> {
    /// An upload of what there is for it. `own`: what the resource holds already.
    pub(super) fn new(
        at: CertificateStore<'a>,
        config: &Certificate,
        material: Material,
        own: Vec<CertificateId>,
    ) -> Result<Self, Diagnostics> {
        let Material { leaf, key, lost } = material;
        let is_for_once = !config.issue.is_null() && lost.is_none();
        Ok(Self {
            at,
            leaf,
            key,
            lost,
            is_for_once,
            origins: origins::targets(&config.verify_origins)?,
            own,
        })
    }

    /// Whether there are origins that have to accept it.
    pub(super) fn has_origins(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Shows it to the origins, with the chain that is there with a copy of it. An error for
    /// each that does not accept it.
    pub(super) async fn verify_origins(
        &self,
        copy: Option<&Found>,
    ) -> Result<Diagnostics, Diagnostics> {
        let identity = match copy.and_then(leaf_of) {
            Some(copy) => self.key.identity(copy.der()),
            None => self.key.identity(self.leaf.der()),
        };
        let issuer = self.leaf.facts().issuer.as_deref().unwrap_or_default();
        let asked = self
            .at
            .scope
            .until(origins::ask(&self.origins, &identity, issuer));
        asked.await.map_err(|why| {
            let doing = "Asking the origins of verify_origins";
            problem(&why.into(), doing).into()
        })
    }

    /// The certificate in the store, the live one before its tombstones. What this
    /// run has deleted may still be in the list; there the API's word on it counts.
    pub(super) async fn look(&self) -> Result<Look, Diagnostics> {
        let list = self.at.list().await;
        let list = list.map_err(|error| self.failed(&error))?;
        let (mut equal, mut live, mut leaving) = (Vec::new(), Vec::new(), Vec::new());
        for mut found in list {
            if self.at.run().is_destroyed(&self.at.key_of(&found.id)) {
                match self.find(&found.id).await? {
                    Some(now) => found = now,
                    None => continue,
                }
            }
            if found.status == Status::PendingDeletion {
                leaving.push(found.id.clone());
            }
            let is_gone = found.status == Status::Deleted;
            if !is_gone && self.is_copy(&found) || self.is_lost(&found) {
                equal.push(found.clone());
            }
            if !found.status.is_tombstone() {
                live.push(found);
            }
        }
        equal.sort_by_key(|found| found.status.is_tombstone());
        let copy = self.confirm(equal).await?;
        Ok(Look {
            copy,
            live,
            leaving,
        })
    }

    /// Whether it is this very certificate.
    fn is_copy(&self, found: &Found) -> bool {
        leaf_of(found).is_some_and(|twin| self.leaf.is_same(&twin))
    }

    /// The first of these that is there itself: lists show what is gone.
    async fn confirm(&self, listed: Vec<Found>) -> Result<Option<Found>, Diagnostics> {
        let mut tombstone = None;
        for listed in listed {
            match self.find(&listed.id).await? {
                Some(found) if found.status.is_tombstone() => {
                    tombstone.get_or_insert(found);
                }
                // What an earlier apply has issued may have ended since it was listed.
                Some(found)
                    if leaf_of(&found).is_some()
                        && !self.is_copy(&found)
                        && !self.is_lost(&found) => {}
                Some(found) => return Ok(Some(found)),
                None => {}
            }
        }
        Ok(tombstone.filter(|found| found.status != Status::Deleted))
    }

    /// A certificate by its id; none where not even its tombstone is left.
    pub(super) async fn find(&self, id: &CertificateId) -> Result<Option<Found>, Diagnostics> {
        let found = self.at.find_any(id).await;
        found.map_err(|error| self.failed(&error))
    }

    /// Whether it is what an earlier apply has issued in this one's place, and forgotten.
    pub(super) fn is_lost(&self, found: &Found) -> bool {
        let can_serve = matches!(
            found.status,
            Status::Initializing | Status::PendingDeployment | Status::Active
        );
        let now = self.at.zone.now();
        can_serve
            // Another resource may have imported it.
            && !self.at.is_owned(&found.id)
            && self
                .lost
                .as_ref()
                .zip(leaf_of(found))
                .is_some_and(|(lost, leaf)| lost.is(&leaf, now))
    }

    /// Whether the resource holds this id already.
    pub(super) fn holds(&self, id: &CertificateId) -> bool {
        self.own.contains(id)
    }

    /// Whether what an upload's answer shows is this certificate. Where it does not show
    /// the text, it is about one that was not there before.
    fn is_sent(&self, uploaded: &Found, before: &Look) -> bool {
        match leaf_of(uploaded) {
            Some(leaf) => self.leaf.is_same(&leaf),
            None => before.live.iter().all(|found| found.id != uploaded.id),
        }
    }

    /// Says to this run that what the resource holds is on its way out.
    pub(super) fn begin_leaving(&self) -> Vec<Destruction<'a>> {
        let run = self.at.run();
        let keys = self.own.iter().map(|id| self.at.key_of(id));
        keys.map(|key| run.destroy(key)).collect()
    }

    /// Sends it. `before`: what the store has shown.
    pub(super) async fn send(&self, before: &Look) -> Result<Found, Error> {
        let CertificateStore { zone, scope, store } = self.at;
        let (certificate, key) = (self.leaf.to_pem(), self.key.to_pem());
        let sent = zone.upload(scope, store, certificate, key, |uploaded| {
            self.is_sent(uploaded, before)
        });
        sent.await
    }

    /// What a create of this certificate claims before it knows the id.
    pub(super) fn key(&self) -> Key {
        self.at.leaf_key(self.fingerprint())
    }

    pub(super) fn fingerprint(&self) -> &str {
        &self.leaf.facts().fingerprint_sha256
    }

    /// Whether hostnames use a copy: then it may not go.
    pub(super) async fn is_used(&self, found: &Found) -> Result<bool, Diagnostics> {
        let used = self.at.is_used(&found.id).await;
        used.map_err(|error| self.failed(&error))
    }

    pub(super) fn failed(&self, error: &Error) -> Diagnostics {
        let doing = format!("Uploading the certificate to zone {}", self.at.zone.id());
        let mut said = problem(error, &doing);
        if self.is_for_once {
            said.detail = said.detail.replace(FOUND, ISSUED_FOR_ONCE);
        }
        said.into()
    }

    pub(super) fn declared_twice(&self) -> Diagnostic {
        Diagnostic::error(
            "Certificate is declared twice",
            format!(
                "Another resource of this configuration manages the same certificate in zone {}. \
                 Keep one of them; if the resource was renamed, write a moved block.",
                self.at.zone.id()
            ),
        )
        .at("certificate")
    }

    pub(super) fn copy_timed_out(&self, found: &Found) -> Diagnostic {
        Diagnostic::error(
            "Certificate was not deployed before",
            format!(
                "Zone {} holds this certificate as {}, whose deployment timed out \
                 (deployment_timed_out), and it cannot be uploaded again beside itself. Issue a \
                 certificate with a new serial number; or, if no hostname is associated with {}, \
                 delete it at Cloudflare and apply again.",
                self.at.zone.id(),
                found.id,
                found.id
            ),
        )
        .at("certificate")
    }

    pub(super) fn adopted(&self, found: &Found) -> Diagnostic {
        let presented = match self.at.store {
            Store::Hostname => "",
            Store::Zone => {
                " Cloudflare presents the active certificate of the zone that was deployed last: an \
                 earlier one is not presented until later ones are gone."
            }
        };
        Diagnostic::warning(
            "Existing certificate adopted",
            format!(
                "Zone {} held this certificate already, as {}. It is now managed here, and destroy \
                 will delete it. To leave it alone instead, take it out of state with a removed \
                 block (lifecycle {{ destroy = false }}).{presented}",
                self.at.zone.id(),
                found.id
            ),
        )
    }
}
