//! The goal of an operation: which certificate there is to be in the end, and which go.

use cloudflare::{CertificateId, Store};

/// What an operation is to bring about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Goal {
    pub(super) store: Store,
    pub(super) keep: Keep,
    /// The certificate of the prior state, if there was one.
    pub(super) old: Option<CertificateId>,
    /// The certificates that go, in this order: earlier leftovers, then the old one.
    pub(super) remove: Vec<CertificateId>,
    /// Whether what is kept has to be active before the goal is reached. If not, nothing may
    /// be removed.
    pub(super) requires_active: bool,
    /// Whether there are origins that have to accept the certificate of the configuration.
    pub(super) has_origins: bool,
    /// Whether an earlier rotation, which was killed, may have uploaded what only the store knows.
    pub(super) may_have_leftovers: bool,
}

/// What there is to be in the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Keep {
    /// No certificate.
    Nothing,
    /// One that is there.
    Present(CertificateId),
    /// The one of the configuration, which is there or has to be uploaded.
    FromConfig,
}

impl Goal {
    /// The certificate of the configuration, where there was none.
    pub(super) fn create(store: Store) -> Self {
        Self {
            store,
            keep: Keep::FromConfig,
            old: None,
            remove: Vec::new(),
            requires_active: true,
            has_origins: false,
            may_have_leftovers: false,
        }
    }

    /// The certificate of the configuration in place of the old one.
    pub(super) fn rotate(store: Store, old: CertificateId, superseded: Vec<CertificateId>) -> Self {
        Self {
            remove: [superseded, vec![old.clone()]].concat(),
            old: Some(old),
            ..Self::create(store)
        }
    }

    /// The old certificate, active, without what an interrupted rotation has left.
    pub(super) fn finish(store: Store, old: CertificateId, superseded: Vec<CertificateId>) -> Self {
        Self {
            keep: Keep::Present(old.clone()),
            old: Some(old),
            remove: superseded,
            ..Self::create(store)
        }
    }

    /// Nothing of what this resource holds.
    pub(super) fn destroy(
        store: Store,
        old: CertificateId,
        superseded: Vec<CertificateId>,
    ) -> Self {
        Self {
            keep: Keep::Nothing,
            ..Self::rotate(store, old, superseded)
        }
    }

    /// The same, after another certificate, which belongs to another resource, has got their
    /// hostnames.
    pub(super) fn in_favor_of(self, successor: CertificateId) -> Self {
        Self {
            keep: Keep::Present(successor),
            ..self
        }
    }
}
