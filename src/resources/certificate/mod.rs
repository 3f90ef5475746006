//! `aop_zone_certificate` and `aop_hostname_certificate`: one implementation for
//! the two stores.

mod create;
mod delete;
mod plan;
mod settle;

use std::marker::PhantomData;

use jiff::Timestamp;

use super::Api;
use super::check::{certificate, zone_id};
use super::problem::problem;
use crate::cloudflare::{Certificate as Found, Error, Key, Scope, Store, Zone};
use crate::framework::{
    Applied, Attr, Change, Ctx, Diagnostics, Model, Object, Operation, Planned, Resource, Timeouts,
    Walk,
};
use crate::secret::Secret;
use crate::x509::{self, Facts};

/// The resource for one of the stores.
pub struct StoredCertificate<S>(PhantomData<S>);

impl<S> Default for StoredCertificate<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// Which store a resource is about.
pub trait InStore: Send + Sync + 'static {
    /// The store.
    const STORE: Store;
    /// The resource's type name.
    const NAME: &'static str;
    /// The resource's documentation.
    const DOC: &'static str;
}

/// Certificates for the whole zone.
pub struct ZoneStore;

/// Certificates for single hostnames.
pub struct HostnameStore;

impl InStore for ZoneStore {
    const STORE: Store = Store::Zone;
    const NAME: &'static str = "aop_zone_certificate";
    const DOC: &'static str = "A client certificate for a whole zone. While `aop_zone_setting` \
        is on, Cloudflare presents the newest active one to every origin of the zone.";
}

impl InStore for HostnameStore {
    const STORE: Store = Store::Hostname;
    const NAME: &'static str = "aop_hostname_certificate";
    const DOC: &'static str = "A client certificate for single hostnames of a zone, which are \
        given to it by `aop_hostname_association`. A zone holds at most ten.";
}

/// The attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Certificate {
    id: Attr<String>,
    zone_id: Attr<String>,
    certificate: Attr<String>,
    private_key: Attr<Secret>,
    wait_for_deployment: Attr<bool>,
    timeouts: Attr<Object<Timeouts>>,
    status: Attr<String>,
    uploaded_on: Attr<String>,
    issuer: Attr<String>,
    serial_number: Attr<String>,
    signature: Attr<String>,
    expires_on: Attr<String>,
    fingerprint_sha256: Attr<String>,
}

/// What identifies it.
#[derive(Clone, Default, PartialEq)]
pub struct Identity {
    zone_id: Attr<String>,
    certificate_id: Attr<String>,
}

impl Model for Certificate {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            id,
            zone_id,
            certificate,
            private_key,
            wait_for_deployment,
            timeouts,
            status,
            uploaded_on,
            issuer,
            serial_number,
            signature,
            expires_on,
            fingerprint_sha256,
        } = self;
        walk.attr("id", id)
            .computed()
            .doc("The certificate's id at Cloudflare.");
        walk.attr("zone_id", zone_id)
            .required()
            .replaces()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("certificate", certificate).required().doc(
            "The certificate in PEM form, the leaf first, after it the certificates that issued \
             it, if origins need them. The leaf alone decides whether it is another certificate.",
        );
        walk.attr("private_key", private_key)
            .optional()
            .sensitive()
            .doc(
                "The leaf's private key in PEM form, unencrypted: RSA, ECDSA or Ed25519. Needed \
             whenever something is uploaded. It is stored in state.",
            );
        walk.attr("wait_for_deployment", wait_for_deployment)
            .defaults_to(true)
            .doc("Whether creating waits until the certificate is active. Default `true`.");
        walk.attr("timeouts", timeouts)
            .optional()
            .doc(Timeouts::DOC);
        walk.attr("status", status)
            .computed()
            .doc("Deployment status, as last read, such as `active`.");
        walk.attr("uploaded_on", uploaded_on)
            .computed()
            .doc("When it was uploaded, RFC 3339.");
        walk.attr("issuer", issuer)
            .computed()
            .doc("The leaf's issuer, RFC 2253, the most specific part first.");
        walk.attr("serial_number", serial_number)
            .computed()
            .doc("The leaf's serial number, decimal.");
        walk.attr("signature", signature)
            .computed()
            .doc("The leaf's signature algorithm, such as `SHA256-RSA`.");
        walk.attr("expires_on", expires_on)
            .computed()
            .doc("When the leaf expires, RFC 3339.");
        walk.attr("fingerprint_sha256", fingerprint_sha256)
            .computed()
            .doc("SHA-256 of the leaf's DER, lower-case hexadecimal.");
    }
}

impl Model for Identity {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            zone_id,
            certificate_id,
        } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id.");
        walk.attr("certificate_id", certificate_id)
            .required()
            .doc("The certificate's id.");
    }
}

impl Certificate {
    fn set_facts(&mut self, facts: &Facts) {
        self.issuer = facts.issuer.clone().into();
        self.serial_number = facts.serial_number.clone().into();
        self.signature = facts.signature.clone().into();
        self.expires_on = facts.expires_on.clone().into();
        self.fingerprint_sha256 = facts.fingerprint_sha256.clone().into();
    }

    /// Takes over what the API shows beside the certificate itself.
    fn set_found(&mut self, found: &Found) {
        self.id = found.id.clone().into();
        self.status = found.status.as_str().into();
        self.uploaded_on = found.uploaded_on.as_deref().map(rfc3339).into();
    }
}

/// One spelling for each moment. What is no moment stays as it is.
fn rfc3339(text: &str) -> String {
    let moment: Result<Timestamp, _> = text.parse();
    moment.map_or_else(|_| text.to_owned(), |moment| moment.to_string())
}

impl<S: InStore> Resource for StoredCertificate<S> {
    type Api = Api;
    type Model = Certificate;
    type Identity = Identity;
    const NAME: &'static str = S::NAME;
    const DOC: &'static str = S::DOC;

    fn plan(&self, change: &mut Change<'_, Certificate>) {
        plan::complete(change);
    }

    fn identity(&self, model: &Certificate) -> Identity {
        Identity {
            zone_id: model.zone_id.clone(),
            certificate_id: model.id.clone(),
        }
    }

    async fn create(&self, ctx: &Ctx<Api>, planned: Planned<Certificate>) -> Applied<Certificate> {
        create::create(ctx, S::STORE, planned).await
    }

    async fn read(
        &self,
        ctx: &Ctx<Api>,
        mut state: Certificate,
    ) -> Result<Option<Certificate>, Diagnostics> {
        let zone = zone_id(&state.zone_id)?;
        let scope = Scope::reading(ctx.cancel.clone());
        let id = state.id.text().to_owned();
        let zone = ctx.api.zone(&zone);
        let Some(found) = look(&zone, &scope, S::STORE, &id).await.map_err(|error| {
            problem(
                &error,
                &format!("Reading certificate {id} of zone {}", zone.id()),
            )
        })?
        else {
            return Ok(None);
        };
        // The user's text stays as long as it means the same certificate.
        let stored = found.certificate.as_deref().map(x509::Certificate::parse);
        if let Some(Ok(stored)) = stored {
            let same = certificate(&state.certificate).is_ok_and(|own| own.same_leaf(&stored));
            if !same {
                state.certificate = found.certificate.clone().into();
                state.set_facts(stored.facts());
            }
        }
        state.set_found(&found);
        Ok(Some(state))
    }

    async fn update(
        &self,
        ctx: &Ctx<Api>,
        _prior: Certificate,
        planned: Planned<Certificate>,
    ) -> Applied<Certificate> {
        let plan = planned.plan;
        let zone = zone_id(&plan.zone_id)?;
        let id = plan.id.text().to_owned();
        ctx.api
            .run()
            .own(Key::Certificate(S::STORE, zone.clone(), id));
        // The leaf is the same; only a status on its way out of date needs a request.
        if !plan.status.is_unknown() {
            return Ok(plan);
        }
        let duration = Timeouts::of(&plan.timeouts, Operation::Update);
        let scope = Scope::lasting(duration, ctx.cancel.clone());
        settle::update(&ctx.api.zone(&zone), &scope, S::STORE, plan).await
    }

    async fn delete(&self, ctx: &Ctx<Api>, state: Certificate) -> Result<(), Diagnostics> {
        delete::delete(ctx, S::STORE, &state).await
    }
}

/// The certificate; `None` if it is gone, even where its tombstone answers.
async fn look(
    zone: &Zone<'_>,
    scope: &Scope,
    store: Store,
    id: &str,
) -> Result<Option<Found>, Error> {
    match zone.certificate(scope, store, id).await {
        Ok(found) if found.status.is_tombstone() => Ok(None),
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error),
    }
}
