//! Exchanging a certificate in place: the edge can present a valid one at every
//! moment.
//!
//! The new certificate is uploaded beside the old one; when it is active, the
//! hostnames of the old one are pointed at it; when they are deployed, the old one
//! is deleted. Whatever stops this in the middle, the answer names in
//! `superseded_ids` what has to go, and the next apply goes on from there.

use std::collections::BTreeSet;

use super::super::Api;
use super::super::check::{certificate, stored_id, zone_id};
use super::super::problem::problem;
use super::delete::{Ended, Work, all_moved};
use super::settle::{Settled, gone, pending, revive, settle, timed_out};
use super::upload::{Origin, Upload};
use super::{Certificate, Found, leaf_of, look, stray};
use crate::cloudflare::{CertificateId, Error, Key, Scope, Status, Store, Verdict, Zone};
use crate::framework::{
    Applied, Ctx, Diagnostic, Diagnostics, Failed, Operation, Planned, Timeouts,
};

/// Every update of a certificate. What needs no request ends at once.
pub(super) async fn update(
    ctx: &Ctx<Api>,
    store: Store,
    prior: Certificate,
    planned: Planned<Certificate>,
) -> Applied<Certificate> {
    let Planned { config, plan } = planned;
    let id = zone_id(&plan.zone_id)?;
    let zone = ctx.api.zone(&id);
    let duration = Timeouts::of(&plan.timeouts, Operation::Update);
    let scope = Scope::lasting(duration, ctx.cancel.clone());
    let rotates = plan.id.is_unknown();
    let waits = plan.status.is_unknown();
    let old = stored_id(&prior.id, "id")?;
    let mut leaving = prior.superseded(ctx);
    if rotates {
        leaving.push(old.clone());
    }
    let exchange = Exchange {
        ctx,
        zone: &zone,
        scope: &scope,
        store,
        prior,
        old,
        plan,
        leaving,
        uploaded: None,
        adopted: None,
        switched: !rotates,
    };
    if rotates {
        exchange.rotate(&config).await
    } else if waits || !exchange.leaving.is_empty() {
        exchange.finish().await
    } else {
        exchange.own(&exchange.old);
        Ok(exchange.plan)
    }
}

/// One certificate taking over from others.
struct Exchange<'a> {
    ctx: &'a Ctx<Api>,
    zone: &'a Zone<'a>,
    scope: &'a Scope,
    store: Store,
    prior: Certificate,
    /// The id of the prior certificate.
    old: CertificateId,
    plan: Certificate,
    /// The ids that have to go: the old one and what earlier rotations left behind.
    leaving: Vec<CertificateId>,
    /// The new one, once this resource has put it there.
    uploaded: Option<CertificateId>,
    /// The new one, if it was there already, and what is to be said about that.
    adopted: Option<(CertificateId, Diagnostic)>,
    /// Whether the new one is what serves.
    switched: bool,
}

impl Exchange<'_> {
    /// Another certificate takes over.
    async fn rotate(mut self, config: &Certificate) -> Applied<Certificate> {
        let leaf = certificate(&self.plan.certificate)?;
        self.plan.facts = leaf.facts().into();
        let upload = Upload::new(
            (self.zone, self.scope, self.store),
            config,
            leaf,
            self.leaving.clone(),
        )?;
        // Before any request: what destroys hostnames in this run waits for the claim.
        let fingerprint = self.plan.facts.fingerprint();
        let run = self.ctx.api.run();
        let claim = run.claim(Key::leaf(self.store, self.zone.id(), fingerprint));
        let claim = claim.map_err(|_| upload.declared_twice())?;
        if self.store == Store::Hostname {
            // Without the list nobody could tell which hostnames have to move.
            let listed = self.zone.redeploy(self.scope, &self.old).await;
            listed
                .map_err(|error| problem(&error, "Listing the hostnames of the old certificate"))?;
        }
        let found = upload.find_or_upload().await;
        let found = match found.map_err(|errors| self.still_serves(errors))? {
            Origin::Own(found) => {
                self.uploaded = Some(found.id.clone());
                found
            }
            Origin::WasThere(found) if upload.is_owned(&found) => {
                return Err(upload.declared_twice().into());
            }
            Origin::WasThere(found) => {
                self.adopted = Some((found.id.clone(), upload.adopted(&found)));
                found
            }
        };
        self.own(&found.id);
        self.leaving.retain(|leaving| *leaving != found.id);
        // From here on these are on their way out, which makes room for others.
        let leaving = self.leaving.iter();
        let _destructions: Vec<_> = leaving.map(|id| run.destroy(self.key_of(id))).collect();
        let found = revive(self.zone, self.scope, self.store, found).await;
        let found_id = found.id.clone();
        let state = self.take_over(found).await?;
        claim.keep();
        self.tell_of_adoption();
        stray::report(self.ctx, self.zone, self.scope, self.store, &found_id).await;
        Ok(state)
    }

    /// The certificate is the same; what an interruption has left undone is done.
    async fn finish(mut self) -> Applied<Certificate> {
        let id = self.old.clone();
        self.own(&id);
        let fingerprint = self.prior.facts.fingerprint();
        let leaf = Key::leaf(self.store, self.zone.id(), fingerprint);
        let _claim = self.ctx.api.run().reclaim(leaf);
        let found = look(self.zone, self.scope, self.store, &id).await;
        let doing = format!("Reading certificate {id} of zone {}", self.zone.id());
        match found.map_err(|error| problem(&error, &doing))? {
            Some(found) => self.take_over(found).await,
            None => Err(gone(&id, self.zone).into()),
        }
    }

    /// Waits until the successor can be presented, moves the hostnames, and deletes
    /// what is left.
    async fn take_over(&mut self, found: Found) -> Applied<Certificate> {
        let id = found.id.clone();
        let (found, error) = match settle(self.zone, self.scope, self.store, found).await {
            Settled::Active(found) => (found, None),
            Settled::TimedOut(found) => {
                let error = self.still_serves(timed_out(&id, self.zone).into());
                (found, Some(error))
            }
            Settled::Pending(found, error) => {
                let error = match self.switched {
                    true => pending(&found, self.zone, &error).into(),
                    false => self.not_yet(&found, &error),
                };
                (found, Some(error))
            }
            Settled::Gone => {
                self.uploaded = None;
                let error = self.still_serves(gone(&id, self.zone).into());
                return Err(self.failed(None, error));
            }
        };
        if let Some(error) = error {
            return Err(self.failed(Some(&found), error));
        }
        while let Some(old) = self.leaving.first().cloned() {
            if let Err(errors) = self.dismiss(&old, &id).await {
                return Err(self.failed(Some(&found), errors));
            }
            self.leaving.remove(0);
        }
        Ok(self.state(&found))
    }

    /// Lets an old certificate go: its hostnames first, then itself; unless another
    /// resource of this run has taken it over, which then answers for both.
    async fn dismiss(
        &mut self,
        old: &CertificateId,
        heir: &CertificateId,
    ) -> Result<(), Diagnostics> {
        let leaf = self.fingerprint_of(old).await?;
        let work = Work::new(self.zone, self.scope, self.store, old, leaf.as_deref());
        let work = work.inherited_by(heir);
        // The hostnames of earlier leftovers are not yet the switch.
        let is_switch = self.store == Store::Zone || *old == self.old;
        if work.give_way().await? == Verdict::Owned {
            tracing::info!(certificate = %old, "left to its new owner");
            self.ctx.api.run().leave(self.key_of(old));
            self.switched |= is_switch;
            return Ok(());
        }
        while self.store == Store::Hostname {
            let repointed = self.zone.repoint(self.scope, old, heir).await;
            let doing = format!("Giving the hostnames of certificate {old} to {heir}");
            let repointed = repointed.map_err(|error| problem(&error, &doing))?;
            self.switched |= is_switch && !repointed.moved.is_empty();
            all_moved(&repointed, &doing, heir)?;
            if repointed.moved.is_empty() {
                break;
            }
        }
        self.switched |= is_switch;
        match work.delete().await? {
            Ended::TakenOver => tracing::info!(certificate = %old, "left to its new owner"),
            Ended::Gone => tracing::info!(certificate = %old, %heir, "old certificate deleted"),
        }
        Ok(())
    }

    /// By what a create of the same certificate would claim it.
    async fn fingerprint_of(&self, id: &CertificateId) -> Result<Option<String>, Diagnostics> {
        if *id == self.old {
            let own = self.prior.facts.fingerprint();
            // A certificate that is uploaded again is claimed by this very rotation.
            let again = self.plan.facts.fingerprint() == own;
            return Ok((!again).then(|| own.to_owned()));
        }
        let found = look(self.zone, self.scope, self.store, id).await;
        let doing = format!("Reading certificate {id} of zone {}", self.zone.id());
        let found = found.map_err(|error| problem(&error, &doing))?;
        let leaf = found.as_ref().and_then(leaf_of);
        Ok(leaf.map(|leaf| leaf.facts().fingerprint_sha256.clone()))
    }

    fn own(&self, id: &CertificateId) {
        self.ctx.api.run().own(self.key_of(id));
    }

    fn key_of(&self, id: &CertificateId) -> Key {
        Key::certificate(self.store, self.zone.id(), id)
    }

    /// What was there already is managed here, once it serves.
    fn tell_of_adoption(&mut self) {
        if let Some((_, warning)) = self.adopted.take() {
            self.ctx.warn(warning);
        }
    }

    /// Errors of a rotation that did not come to the switch.
    fn still_serves(&self, errors: Diagnostics) -> Diagnostics {
        let old = &self.old;
        if self.switched || self.prior.status.text() != Status::Active.as_str() {
            return errors;
        }
        let mut said = Diagnostics::default();
        said.extend(errors.into_iter().map(|mut error| {
            let remark =
                format!("\n\nThe old certificate still serves, and stays in state: {old}.");
            error.detail.push_str(&remark);
            error
        }));
        said
    }

    /// The new certificate is on its way still.
    fn not_yet(&self, found: &Found, error: &Error) -> Diagnostics {
        let error = Diagnostic::error(
            "Rotation is not finished yet",
            format!(
                "The new certificate {} of zone {} is uploaded, but it is still {}: {error}. The \
                 next apply goes on from here; if deployment needs longer, raise timeouts.",
                found.id,
                self.zone.id(),
                found.status,
            ),
        );
        self.still_serves(error.into())
    }

    /// What is true now: the new object once it serves, the old one before that, each
    /// with the ids that have to go.
    fn failed(
        &mut self,
        found: Option<&Found>,
        diagnostics: impl Into<Diagnostics>,
    ) -> Failed<Certificate> {
        let state = match found {
            Some(found) if self.switched => {
                self.tell_of_adoption();
                self.state(found)
            }
            _ => {
                let mut state = self.prior.clone();
                // What was adopted for nothing goes back to whoever had it; if that
                // one has left it, it is this resource's to clear away.
                let adopted = self.adopted.as_ref().map(|(id, _)| id.clone());
                let run = self.ctx.api.run();
                let inherited = adopted.filter(|id| run.give_back(&self.key_of(id)));
                let left = self.leaving.iter().chain(&self.uploaded).chain(&inherited);
                let left: BTreeSet<&CertificateId> = left.filter(|id| **id != self.old).collect();
                state.set_superseded(left.into_iter().cloned().collect());
                state
            }
        };
        Failed {
            state: Some(state),
            diagnostics: diagnostics.into(),
        }
    }

    /// The new object.
    fn state(&self, found: &Found) -> Certificate {
        let mut state = self.plan.clone();
        if state.id.is_unknown() {
            state.set_found(found);
        } else if state.status.is_unknown() {
            state.status = found.status.as_str().into();
        }
        state.set_superseded(self.leaving.clone());
        state
    }
}
