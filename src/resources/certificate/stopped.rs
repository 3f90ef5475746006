//! What ends an operation before it is done, and what is said of it.

use super::protocol::{Failure, Known};
use super::store::CertificateStore;
use super::{Found, diagnostics};
use cloudflare::{Error, Zone};
use framework::{Diagnostic, Diagnostics};

/// What ended an operation before it was done.
pub(super) enum Stopped {
    /// It cannot be done.
    Failed(Failure),
    /// Its time was over, or the API failed, while this was on its way.
    NotYet(Box<Found>, Error),
    /// Something else.
    Other(Diagnostics),
}

impl From<Diagnostics> for Stopped {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Other(diagnostics)
    }
}

impl From<Diagnostic> for Stopped {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Other(diagnostic.into())
    }
}

impl Stopped {
    /// What ended it, in words. `refusals`: what origins have said. `pending` says that
    /// something is on its way.
    pub(super) fn explain(
        self,
        at: CertificateStore<'_>,
        known: &Known,
        refusals: &Diagnostics,
        pending: fn(&Found, &Zone<'_>, &Error) -> Diagnostic,
    ) -> Diagnostics {
        match self {
            Self::Other(diagnostics) => diagnostics,
            Self::NotYet(found, error) => pending(&found, at.zone, &error).into(),
            Self::Failed(Failure::Origins) => refusals.clone(),
            Self::Failed(Failure::NotDeployed(id)) => diagnostics::timed_out(&id, at.zone).into(),
            Self::Failed(Failure::Gone(id)) => diagnostics::gone(&id, at.zone).into(),
            Self::Failed(Failure::Obstacle(id, obstacle)) => {
                let successor = known.kept.as_ref().map(|kept| &kept.id);
                obstacle.refusal(at.zone.id(), &id, successor, None).into()
            }
        }
    }
}
