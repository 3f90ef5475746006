//! Creating a certificate: never two live copies of one leaf, and none lost.
//!
//! Look in the store, upload, wait. An upload whose answer was lost, and one that
//! is refused because the certificate is there already, both end in another look.

use super::super::Api;
use super::super::check::{certificate, zone_id};
use super::super::problem::{invalid_pem, problem};
use super::settle::{Settled, gone, pending, revive, settle, timed_out};
use super::{Certificate, Found};
use crate::cloudflare::{Deletion, Error, Key, Polls, Scope, Status, Store, Verdict, Zone};
use crate::framework::{Applied, Ctx, Diagnostic, Diagnostics, Operation, Planned, Timeouts};
use crate::x509::{self, PrivateKey};

pub(super) async fn create(
    ctx: &Ctx<Api>,
    store: Store,
    planned: Planned<Certificate>,
) -> Applied<Certificate> {
    let Planned { config, mut plan } = planned;
    let id = zone_id(&plan.zone_id)?;
    let leaf = certificate(&plan.certificate)?;
    let key = private_key(&config, &leaf)?;
    plan.set_facts(leaf.facts());
    let duration = Timeouts::of(&plan.timeouts, Operation::Create);
    let upload = Upload {
        zone: ctx.api.zone(&id),
        scope: Scope::lasting(duration, ctx.cancel.clone()),
        store,
        leaf,
        key,
    };
    let fingerprint = plan.fingerprint_sha256.text().to_owned();
    let claim = ctx
        .api
        .run()
        .claim(Key::Leaf(store, id.clone(), fingerprint));
    let claim = claim.map_err(|_| upload.declared_twice())?;

    let found = match upload.find_or_upload().await? {
        Origin::Uploaded(found) => found,
        Origin::WasThere(found) => {
            if upload.is_owned(&found) {
                return Err(upload.declared_twice().into());
            }
            ctx.warn(upload.adopted(&found));
            found
        }
    };
    let certificate_id = found.id.clone();
    let key = Key::Certificate(store, id, certificate_id.clone());
    ctx.api.run().own(key);
    claim.keep();

    let found = revive(&upload.zone, &upload.scope, store, found).await;
    let settled = match plan.wait_for_deployment.known() {
        Some(false) => Settled::Active(found),
        _ => settle(&upload.zone, &upload.scope, store, found).await,
    };
    // An error together with state would taint, and the next apply would delete a
    // certificate that may be serving by then.
    let (found, warning) = match settled {
        Settled::Active(found) => (found, None),
        Settled::TimedOut(found) => {
            let warning = timed_out(&found.id, &upload.zone);
            (found, Some(warning))
        }
        Settled::Pending(found, error) => {
            let warning = pending(&found, &upload.zone, &error);
            (found, Some(warning))
        }
        Settled::Gone => return Err(gone(&certificate_id, &upload.zone).into()),
    };
    if let Some(warning) = warning {
        ctx.warn(warning.as_warning());
    }
    plan.set_found(&found);
    Ok(plan)
}

/// The key, checked once more, because the plan may not have known it.
fn private_key(config: &Certificate, leaf: &x509::Certificate) -> Result<PrivateKey, Diagnostics> {
    let invalid = |problem| Diagnostics::from(invalid_pem("private_key", problem));
    let Some(text) = config.private_key.known() else {
        let detail = "Cloudflare needs the private key to take the certificate. Set private_key.";
        return Err(Diagnostic::error("Private key is missing", detail)
            .at("private_key")
            .into());
    };
    let key = PrivateKey::parse(text).map_err(invalid)?;
    key.check_match(leaf).map_err(invalid)?;
    Ok(key)
}

/// Where the certificate came from.
enum Origin {
    /// From this create, even if the answer to its upload was lost.
    Uploaded(Found),
    /// It was there already.
    WasThere(Found),
}

/// One certificate on its way into a store.
struct Upload<'a> {
    zone: Zone<'a>,
    scope: Scope,
    store: Store,
    leaf: x509::Certificate,
    key: PrivateKey,
}

impl Upload<'_> {
    async fn find_or_upload(&self) -> Result<Origin, Diagnostics> {
        let mut polls = Polls::new();
        // Whether an upload of ours may have been carried out unseen.
        let mut lost = false;
        let mut deleted_again = false;
        loop {
            let found = self.find().await?;
            let mut last = None;
            match found {
                Some(found) => match found.status {
                    Status::Deleted | Status::PendingDeletion => {}
                    Status::DeploymentTimedOut => return Err(self.twin_timed_out(&found).into()),
                    Status::DeletionTimedOut => {
                        if !deleted_again {
                            deleted_again = self.delete_again(&found).await?;
                        }
                    }
                    _ if lost => return Ok(Origin::Uploaded(found)),
                    _ => return Ok(Origin::WasThere(found)),
                },
                None => match self.upload().await {
                    Ok(uploaded) => return Ok(Origin::Uploaded(uploaded)),
                    // There, though the list does not show it: it is new, or a tombstone.
                    Err(error) if error.has_code(1406) => last = Some(error),
                    Err(error @ Error::Lost { .. }) => {
                        lost = true;
                        last = Some(error);
                    }
                    Err(error) => return Err(self.failed(&error)),
                },
            }
            if let Err(why) = polls.pause(&self.scope).await {
                return Err(self.failed(&last.unwrap_or(why.into())));
            }
        }
    }

    /// The certificate in the store, the live one before its tombstones. What this
    /// run has deleted is not there, even if the list still shows it.
    async fn find(&self) -> Result<Option<Found>, Diagnostics> {
        let list = self.zone.certificates(&self.scope, self.store).await;
        let list = list.map_err(|error| self.failed(&error))?;
        let same = |found: &Found| {
            let stored = found.certificate.as_deref().map(x509::Certificate::parse);
            matches!(stored, Some(Ok(stored)) if stored.same_leaf(&self.leaf))
        };
        let run = self.zone.run();
        let mut equal: Vec<Found> = list
            .into_iter()
            .filter(|found| same(found) && !run.is_destroyed(&self.key_of(found)))
            .collect();
        equal.sort_by_key(|found| found.status.is_tombstone());
        Ok(equal.into_iter().next())
    }

    fn key_of(&self, found: &Found) -> Key {
        Key::Certificate(self.store, self.zone.id().clone(), found.id.clone())
    }

    async fn upload(&self) -> Result<Found, Error> {
        let (certificate, key) = (self.leaf.to_pem(), self.key.to_pem());
        self.zone
            .upload(&self.scope, self.store, certificate, key)
            .await
    }

    /// Cloudflare gave up deleting it once; it must go before it can come again.
    /// Answers whether the DELETE was sent.
    async fn delete_again(&self, found: &Found) -> Result<bool, Diagnostics> {
        let deleted = self
            .zone
            .delete_certificate(&self.scope, self.store, &found.id, || !self.is_owned(found))
            .await;
        let deleted = deleted.map_err(|error| self.failed(&error))?;
        Ok(deleted == Deletion::Accepted)
    }

    fn is_owned(&self, found: &Found) -> bool {
        self.zone.run().verdict(&self.key_of(found)) == Verdict::Owned
    }

    fn failed(&self, error: &Error) -> Diagnostics {
        let doing = format!("Uploading the certificate to zone {}", self.zone.id());
        problem(error, &doing).into()
    }

    fn declared_twice(&self) -> Diagnostic {
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
                "Zone {} holds this certificate as {}, which Cloudflare gave up deploying. Issue a \
                 certificate with a new serial number, or delete {} at Cloudflare, and apply again.",
                self.zone.id(),
                found.id,
                found.id
            ),
        )
        .at("certificate")
    }

    fn adopted(&self, found: &Found) -> Diagnostic {
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
