//! Waiting until a certificate is active.

use std::time::Duration;

use tokio::time::Instant;

use super::{Found, look};
use crate::cloudflare::{CertificateId, Error, Polls, Scope, Status, Store, Zone};
use crate::framework::Diagnostic;

/// How a wait ended.
pub(super) enum Settled {
    /// The certificate can be presented.
    Active(Found),
    /// Cloudflare gave up deploying it.
    TimedOut(Found),
    /// The wait had to stop; this was the last status.
    Pending(Found, Error),
    /// It disappeared.
    Gone,
}

/// How long a certificate that was uploaded again may look like its own tombstone.
const REVIVAL: Duration = Duration::from_secs(60);

/// Waits while a certificate that was just uploaded reads `pending_deletion`, as it
/// does for a moment when it comes back under the id of one that was deleted.
pub(super) async fn revive(
    zone: &Zone<'_>,
    scope: &Scope,
    store: Store,
    mut found: Found,
) -> Found {
    let started = Instant::now();
    let mut polls = Polls::new();
    while found.status == Status::PendingDeletion && started.elapsed() < REVIVAL {
        if polls.pause(scope).await.is_err() {
            break;
        }
        if let Ok(now) = zone.certificate(scope, store, &found.id).await {
            found = now;
        }
    }
    found
}

/// Waits until a certificate is active, timed out or gone.
pub(super) async fn settle(
    zone: &Zone<'_>,
    scope: &Scope,
    store: Store,
    mut found: Found,
) -> Settled {
    let mut polls = Polls::new();
    loop {
        match found.status {
            Status::Active | Status::DeletionTimedOut => return Settled::Active(found),
            Status::DeploymentTimedOut => return Settled::TimedOut(found),
            Status::PendingDeletion | Status::Deleted => return Settled::Gone,
            Status::Initializing | Status::PendingDeployment | Status::Other(_) => {}
        }
        if let Err(why) = polls.pause(scope).await {
            return Settled::Pending(found, why.into());
        }
        match look(zone, scope, store, &found.id).await {
            Ok(Some(now)) => {
                tracing::info!(certificate = %now.id, status = %now.status, "waiting for deployment");
                found = now;
            }
            Ok(None) => return Settled::Gone,
            Err(error) => return Settled::Pending(found, error),
        }
    }
}

/// The certificate is on its way still.
pub(super) fn pending(found: &Found, zone: &Zone<'_>, error: &Error) -> Diagnostic {
    Diagnostic::error(
        "Certificate is not active yet",
        format!(
            "Certificate {} of zone {} was uploaded and is kept in state, but it is still {}: \
             {error}. The next plan waits for it again; if deployment needs longer, raise timeouts.",
            found.id,
            zone.id(),
            found.status
        ),
    )
}

/// Cloudflare gave up.
pub(super) fn timed_out(id: &CertificateId, zone: &Zone<'_>) -> Diagnostic {
    Diagnostic::error(
        "Certificate was not deployed",
        format!(
            "Cloudflare gave up deploying certificate {id} of zone {}, so it will never be \
             presented. Apply again to upload it once more; if that ends the same way, issue a \
             certificate with a new serial number.",
            zone.id()
        ),
    )
}

/// Somebody deleted it meanwhile.
pub(super) fn gone(id: &CertificateId, zone: &Zone<'_>) -> Diagnostic {
    Diagnostic::error(
        "Certificate disappeared while waiting",
        format!(
            "Certificate {id} of zone {} was uploaded, and was deleted by somebody else before it \
             became active. Find out by whom, and apply again to upload it once more.",
            zone.id()
        ),
    )
}
