//! What is uploaded: the certificate and the key of the configuration, or those that are made
//! for this upload as `issue` says.

use jiff::Timestamp;

use super::super::Api;
use super::super::check::certificate;
use super::super::problem::{invalid_pem, problem};
use super::issue::{self, Issue, Terms};
use super::plan::{check_upload, missing_key, not_valid_yet};
use super::store::CertificateStore;
use super::{Certificate, leaf_of};
use crate::x509::{self, Existing, Issued, PrivateKey, Tag};
use cloudflare::{CertificateId, Error, Store};
use framework::{Ctx, Diagnostics, Object};

/// A certificate and its key.
pub(super) struct Material {
    pub(super) leaf: x509::Certificate,
    pub(super) key: PrivateKey,
    pub(super) lost: Option<Lost>,
}

/// How a rotation knows again what an earlier one, which was killed, has uploaded: nobody has
/// its key any more, and nobody needs it, for Cloudflare has it.
#[derive(Clone)]
pub(super) struct Lost {
    terms: Terms,
    tag: Tag,
}

impl Lost {
    /// Whether a certificate was issued in place of the same one, whatever it says.
    pub(super) fn marks(&self, existing: &Existing) -> bool {
        self.tag.marks(existing)
    }

    /// The certificates that were issued in place of the same one, by whichever rotation, and
    /// that nobody else has taken: another resource of this run, or hostnames that were given
    /// one which asks for something else.
    pub(super) async fn copies(
        &self,
        at: CertificateStore<'_>,
    ) -> Result<Vec<CertificateId>, Error> {
        let mut copies = Vec::new();
        for found in at.list().await? {
            let leaf = leaf_of(&found).filter(|leaf| self.marks(leaf));
            let Some(leaf) = leaf.filter(|_| !found.status.is_tombstone()) else {
                continue;
            };
            let is_taken =
                at.is_owned(&found.id) || !self.terms.fit(&leaf) && at.is_used(&found.id).await?;
            if !is_taken {
                copies.push(found.id);
            }
        }
        Ok(copies)
    }

    /// Whether it can take the place of what would be issued now.
    pub(super) fn is(&self, existing: &Existing, now: Timestamp) -> bool {
        let is_fresh = self.terms.renewal(existing).is_some_and(|at| now < at);
        is_fresh && self.marks(existing) && self.terms.fit(existing)
    }
}

impl Material {
    /// What a plan is to upload, checked once more: the plan may not have known it, and time
    /// has passed. `replaces`: the certificate in whose place it comes.
    pub(super) async fn of(
        ctx: &Ctx<Api>,
        at: CertificateStore<'_>,
        config: &Certificate,
        plan: &mut Certificate,
        replaces: Option<&CertificateId>,
    ) -> Result<Self, Diagnostics> {
        match config.issue.known() {
            Some(Object(issue)) => Self::issued(at, issue, plan, replaces).await,
            None => Self::given(ctx, at, config, plan),
        }
    }

    fn given(
        ctx: &Ctx<Api>,
        at: CertificateStore<'_>,
        config: &Certificate,
        plan: &mut Certificate,
    ) -> Result<Self, Diagnostics> {
        let leaf = certificate(&plan.certificate)?;
        let was_unknown = plan.facts.fingerprint().is_none();
        plan.facts = leaf.facts().into();
        let now = at.zone.now();
        let mut report = check_upload(&leaf, now);
        if report.has_error() {
            return Err(report);
        }
        report.extend(not_valid_yet(&leaf, now));
        // What the plan knew it has warned of.
        if was_unknown {
            report.into_iter().for_each(|warning| ctx.warn(warning));
        }
        let key = config.key();
        let Some((attribute, text)) = key.and_then(|(at, key)| Some((at, key.known()?))) else {
            return Err(missing_key().into());
        };
        let invalid = |problem| Diagnostics::from(invalid_pem(attribute, problem));
        let key = PrivateKey::parse(text).map_err(invalid)?;
        key.check_match(&leaf).map_err(invalid)?;
        Ok(Self {
            leaf,
            key,
            lost: None,
        })
    }

    async fn issued(
        at: CertificateStore<'_>,
        issue: &Issue,
        plan: &mut Certificate,
        replaces: Option<&CertificateId>,
    ) -> Result<Self, Diagnostics> {
        let terms = issue.terms()?.ok_or_else(issue::missing_key)?;
        let signer = issue.key(Some(&terms))?.ok_or_else(issue::missing_key)?;
        // By a clock that is ahead of the origins' it would not be valid there yet.
        if !at.zone.is_clock_known() {
            let listed = at.list().await;
            let doing = format!("Listing the certificates of zone {}", at.zone.id());
            listed.map_err(|error| problem(&error, &doing))?;
        }
        let now = at.zone.now();
        terms.check(now)?;
        let store = match at.store {
            Store::Zone => "zone",
            Store::Hostname => "hostname",
        };
        let tag =
            replaces.map(|id| terms.tag(&signer, &[at.zone.id().as_str(), store, id.as_str()]));
        let Issued { certificate, key } = terms.issue(&signer, now, tag)?;
        plan.certificate = certificate.to_pem().into();
        plan.facts = certificate.facts().into();
        Ok(Self {
            leaf: certificate,
            key,
            lost: tag.map(|tag| Lost { terms, tag }),
        })
    }
}
