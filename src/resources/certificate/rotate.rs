//! Exchanging a certificate in place: the edge can present a valid one at every
//! moment.
//!
//! The new certificate is uploaded beside the old one; when it is active, the
//! hostnames of the old one are pointed at it; when they are deployed, the old one
//! is deleted. Whatever stops this in the middle, the answer names in
//! `superseded_ids` what has to go, and the next apply goes on from there.

use super::super::Api;
use super::super::check::{certificate, zone_id};
use super::super::problem::problem;
use super::delete::{Ended, Work};
use super::settle::{Settled, gone, pending, revive, settle, timed_out};
use super::upload::{Origin, Upload};
use super::{Certificate, Found, look, stray};
use crate::cloudflare::{Key, Scope, Store, Zone};
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
    let mut leaving = prior.superseded();
    if rotates {
        leaving.push(prior.id.text().to_owned());
    }
    let exchange = Exchange {
        ctx,
        zone: &zone,
        scope: &scope,
        store,
        prior,
        plan,
        leaving,
        uploaded: None,
        switched: !rotates,
    };
    if rotates {
        exchange.rotate(&config).await
    } else if waits || !exchange.leaving.is_empty() {
        exchange.finish().await
    } else {
        exchange.own(exchange.prior.id.text());
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
    plan: Certificate,
    /// The ids that have to go: the old one and what earlier rotations left behind.
    leaving: Vec<String>,
    /// The new one, once this resource has put it there.
    uploaded: Option<String>,
    /// Whether the new one is what serves.
    switched: bool,
}

impl Exchange<'_> {
    /// Another certificate takes over.
    async fn rotate(mut self, config: &Certificate) -> Applied<Certificate> {
        let leaf = certificate(&self.plan.certificate)?;
        self.plan.set_facts(leaf.facts());
        let upload = Upload::new(
            (self.zone, self.scope, self.store),
            config,
            leaf,
            self.leaving.clone(),
        )?;
        if self.store == Store::Hostname {
            // Without the list nobody could tell which hostnames have to move.
            let list = self.zone.associations(self.scope).await;
            list.map_err(|error| problem(&error, "Listing the hostnames of the old certificate"))?;
        }
        let fingerprint = self.plan.fingerprint_sha256.text().to_owned();
        let run = self.ctx.api.run();
        let claim = run.claim(Key::Leaf(self.store, self.zone.id().clone(), fingerprint));
        let claim = claim.map_err(|_| upload.declared_twice())?;
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
                self.ctx.warn(upload.adopted(&found));
                found
            }
        };
        self.own(&found.id);
        claim.keep();
        self.leaving.retain(|leaving| *leaving != found.id);
        // From here on these are on their way out, which makes room for others.
        let leaving = self.leaving.iter();
        let _destructions: Vec<_> = leaving.map(|id| run.destroy(self.key_of(id))).collect();
        let found = revive(self.zone, self.scope, self.store, found).await;
        self.take_over(found).await
    }

    /// Errors of an upload that did not come about.
    fn still_serves(&self, errors: Diagnostics) -> Diagnostics {
        let old = self.prior.id.text();
        let mut said = Diagnostics::default();
        said.extend(errors.into_iter().map(|mut error| {
            let remark = format!("\n\nThe old certificate still serves, as {old}.");
            error.detail.push_str(&remark);
            error
        }));
        said
    }

    /// The certificate is the same; what an interruption has left undone is done.
    async fn finish(mut self) -> Applied<Certificate> {
        let id = self.prior.id.text().to_owned();
        self.own(&id);
        let leaf = self.prior.fingerprint_sha256.text().to_owned();
        let leaf = Key::Leaf(self.store, self.zone.id().clone(), leaf);
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
        let found = match settle(self.zone, self.scope, self.store, found).await {
            Settled::Active(found) => found,
            Settled::TimedOut(found) => {
                let error = timed_out(&found.id, self.zone);
                return Err(self.failed(Some(&found), error));
            }
            Settled::Pending(found, error) => {
                let error = pending(&found, self.zone, &error);
                return Err(self.failed(Some(&found), error));
            }
            Settled::Gone => {
                self.uploaded = None;
                let error = gone(&id, self.zone);
                return Err(self.failed(None, error));
            }
        };
        if let Err(error) = self.move_hostnames(&id).await {
            return Err(self.failed(Some(&found), error));
        }
        self.switched = true;
        while let Some(old) = self.leaving.first().cloned() {
            if let Err(errors) = self.delete(&old, &id).await {
                return Err(self.failed(Some(&found), errors));
            }
            self.leaving.remove(0);
        }
        if self.plan.id.is_unknown() {
            stray::report(self.ctx, self.zone, self.scope, self.store, &id).await;
        }
        Ok(self.state(&found))
    }

    /// Points the hostnames of everything that leaves at the new certificate.
    async fn move_hostnames(&mut self, to: &str) -> Result<(), Diagnostic> {
        if self.store == Store::Zone {
            return Ok(());
        }
        for from in &self.leaving {
            loop {
                let moved = self.zone.repoint(self.scope, from, to).await;
                let doing = format!("Giving the hostnames of certificate {from} to {to}");
                match moved.map_err(|error| problem(&error, &doing))? {
                    0 => break,
                    _ => self.switched = true,
                }
            }
        }
        Ok(())
    }

    async fn delete(&self, old: &str, heir: &str) -> Result<(), Diagnostics> {
        let fingerprint = self.prior.fingerprint_sha256.text();
        let leaf = (old == self.prior.id.text()).then_some(fingerprint);
        let work = Work::new(self.zone, self.scope, self.store, old, leaf);
        match work.inherited_by(heir).delete().await? {
            // Whoever took it over answers for it.
            Ended::TakenOver => tracing::info!(certificate = old, "left to its new owner"),
            Ended::Gone => tracing::info!(certificate = old, heir, "old certificate deleted"),
        }
        Ok(())
    }

    fn own(&self, id: &str) {
        self.ctx.api.run().own(self.key_of(id));
    }

    fn key_of(&self, id: &str) -> Key {
        Key::Certificate(self.store, self.zone.id().clone(), id.to_owned())
    }

    /// What is true now: the new object once it serves, the old one before that, each
    /// with the ids that have to go.
    fn failed(
        &self,
        found: Option<&Found>,
        diagnostics: impl Into<Diagnostics>,
    ) -> Failed<Certificate> {
        let state = match found {
            Some(found) if self.switched => self.state(found),
            _ => {
                let mut state = self.prior.clone();
                let mut left = self.leaving.clone();
                left.retain(|id| id != self.prior.id.text());
                left.extend(self.uploaded.clone());
                left.dedup();
                state.set_superseded(left);
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
