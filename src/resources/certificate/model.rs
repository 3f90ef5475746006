//! The attributes of a certificate, and its identity.

use std::marker::PhantomData;
use std::ops::Deref;

use super::facts::Facts;
use super::issue::IssueAttr;
use super::origins::Origins;
use super::{Found, InStore, leaf_of, text_of};
use crate::x509::Existing;
use cloudflare::{CertificateId, Status, Store};
use framework::{Attr, Ctx, Diagnostic, Model, Object, Timeouts, Walk};
use text::Secret;

/// The attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Certificate {
    pub(super) id: Attr<String>,
    pub(super) zone_id: Attr<String>,
    pub(super) certificate: Attr<String>,
    pub(super) issue: IssueAttr,
    pub(super) private_key: Attr<Secret>,
    pub(super) private_key_wo: Attr<Secret>,
    pub(super) verify_origins: Origins,
    pub(super) wait_for_deployment: Attr<bool>,
    pub(super) timeouts: Attr<Object<Timeouts>>,
    pub(super) status: Attr<String>,
    pub(super) uploaded_on: Attr<String>,
    /// Of a zone certificate only, see [`CertificateIn`].
    pub(super) presented: Attr<bool>,
    pub(super) facts: Facts,
    pub(super) superseded_ids: Attr<Vec<Attr<String>>>,
}

/// The attributes in one of the stores: of a zone certificate also whether it is presented.
#[derive(Clone, Default, PartialEq)]
pub struct CertificateIn<S> {
    certificate: Certificate,
    store: PhantomData<S>,
}

/// What identifies it.
#[derive(Clone, Default, PartialEq)]
pub struct Identity {
    pub(super) zone_id: Attr<String>,
    pub(super) certificate_id: Attr<String>,
}

impl Model for Certificate {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            id,
            zone_id,
            certificate,
            issue,
            private_key,
            private_key_wo,
            verify_origins,
            wait_for_deployment,
            timeouts,
            status,
            uploaded_on,
            presented: _,
            facts,
            superseded_ids,
        } = self;
        walk.attr("id", id)
            .computed()
            .doc("The certificate's id at Cloudflare.");
        walk.attr("zone_id", zone_id)
            .required()
            .replaces()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("certificate", certificate)
            .optional()
            .computed()
            .doc(
                "The certificate in PEM form, the leaf first, after it the certificates that \
                 issued it, if origins need them. The leaf alone decides whether it is another \
                 certificate. Either this is set, or `issue`; then it is what was issued.",
            );
        walk.attr("issue", issue).optional().doc(
            "Issues the certificate here: its private key is made in memory, goes to Cloudflare \
             in the upload, and is kept nowhere. It is renewed in place by the first apply within \
             `renew_before` of its expiry.",
        );
        walk.attr("private_key", private_key)
            .optional()
            .sensitive()
            .doc(
                "The leaf's private key in PEM form, unencrypted: RSA, ECDSA or Ed25519. It is \
                 stored in state; `private_key_wo` is not. One of the two is needed whenever \
                 something is uploaded.",
            );
        walk.attr("private_key_wo", private_key_wo)
            .optional()
            .sensitive()
            .write_only()
            .doc(
                "The same as `private_key`, but never stored, in no plan and no state. Needs \
                 Terraform 1.11 or OpenTofu 1.11, and takes ephemeral values. A new certificate \
                 takes its new key along, so there is no version to count up.",
            );
        walk.attr("verify_origins", verify_origins).optional().doc(
            "Origins that have to accept the certificate before it is uploaded, in a create and \
             in a rotation: each is connected to directly, from where Terraform runs, with the \
             new certificate. One that refuses it, or cannot be reached, is an error, and nothing \
             is changed. At most 1,000. What moves a hostname to a certificate that is there \
             already is not verified.",
        );
        walk.attr("wait_for_deployment", wait_for_deployment)
            .defaults_to(true)
            .doc(
                "Whether creating waits until the certificate is active. Default `true`. A \
                 rotation always waits.",
            );
        walk.attr("timeouts", timeouts)
            .optional()
            .doc(Timeouts::DOC);
        walk.attr("status", status)
            .computed()
            .doc("Deployment status, as last read, such as `active`.");
        walk.attr("uploaded_on", uploaded_on)
            .computed()
            .doc("When it was uploaded, RFC 3339.");
        facts.describe(walk);
        walk.attr("superseded_ids", superseded_ids).computed().doc(
            "Certificates that a rotation has left behind because it was interrupted. The next \
             apply finishes it and deletes them. Normally empty.",
        );
    }
}

impl<S: InStore> Model for CertificateIn<S> {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            certificate,
            store: _,
        } = self;
        certificate.describe(walk);
        if S::STORE == Store::Zone {
            walk.attr("presented", &mut certificate.presented)
                .computed()
                .doc(
                    "Whether Cloudflare presents it while `aop_zone_setting` is on, as last read: \
                     `false` where it is not active, or another active certificate of the zone was \
                     uploaded later; null where that could not be found out.",
                );
        }
    }
}

impl<S> From<Certificate> for CertificateIn<S> {
    fn from(certificate: Certificate) -> Self {
        Self {
            certificate,
            store: PhantomData,
        }
    }
}

impl<S> From<CertificateIn<S>> for Certificate {
    fn from(stored: CertificateIn<S>) -> Self {
        stored.certificate
    }
}

impl<S> Deref for CertificateIn<S> {
    type Target = Certificate;

    fn deref(&self) -> &Certificate {
        &self.certificate
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
    /// The private key that is set, and where.
    pub(super) fn key(&self) -> Option<(&'static str, &Attr<Secret>)> {
        let keys = [
            ("private_key_wo", &self.private_key_wo),
            ("private_key", &self.private_key),
        ];
        keys.into_iter().find(|(_, key)| !key.is_null())
    }

    /// The ids of the certificates that an interrupted rotation has left behind. What is
    /// no id came from elsewhere: a warning, and nothing is asked or deleted for it.
    pub(super) fn superseded<A>(&self, ctx: &Ctx<A>) -> Vec<CertificateId> {
        let ids = self.superseded_ids.known().into_iter().flatten();
        let parsed = ids.map(|id| CertificateId::parse(id.text()));
        let (ids, strange): (Vec<_>, Vec<_>) = parsed.partition(Result::is_ok);
        if !strange.is_empty() {
            ctx.warn(
                Diagnostic::warning(
                    "State holds no certificate id",
                    format!(
                        "{} of the superseded_ids in the state are not ids of certificates. They \
                         are dropped. Was the state edited?",
                        strange.len()
                    ),
                )
                .at("superseded_ids"),
            );
        }
        ids.into_iter().flatten().collect()
    }

    /// Whether an interrupted rotation has left others.
    pub(super) fn has_superseded(&self) -> bool {
        let ids = self.superseded_ids.known();
        ids.is_some_and(|ids| !ids.is_empty())
    }

    pub(super) fn set_superseded(&mut self, ids: Vec<CertificateId>) {
        let ids = ids.iter().map(|id| id.as_str().into());
        self.superseded_ids = Attr::Known(ids.collect());
    }

    /// Is the same certificate as before.
    pub(super) fn stay(&mut self, prior: &Self) {
        self.certificate = prior.certificate.clone();
        self.facts = prior.facts.clone();
    }

    /// Takes over what the API shows beside the certificate itself.
    pub(super) fn set_found(&mut self, found: &Found) {
        self.id = found.id.as_str().into();
        self.status = found.status.as_str().into();
        self.uploaded_on = found.uploaded_on.map(|at| at.to_string()).into();
        // Whether an active one is presented, the list of all says.
        let is_waiting = found.status != Status::Active;
        self.presented = is_waiting.then_some(false).into();
        let issued = leaf_of(found).filter(|_| !self.issue.is_null());
        let is_same =
            |leaf: &Existing| self.facts.fingerprint() == Some(&leaf.facts().fingerprint_sha256);
        // Of an earlier apply, whose answer was lost.
        if let Some(other) = issued.filter(|leaf| !is_same(leaf)) {
            self.certificate = text_of(found).into();
            self.facts = other.facts().into();
        }
    }
}
