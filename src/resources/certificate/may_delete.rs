//! Whether a certificate may be deleted: never one that may still be serving.
//!
//! A pure function of what is known of the zone. It is asked while no write of this process
//! is under way there; what it does not know it asks for, and it says yes or what stands
//! against it.

use std::time::Duration;

use super::obstacle::Obstacle;
use super::view::{Hold, Seen, View};
use cloudflare::{CertificateId, Observed, Status, Store, Trust};

/// A certificate that is to be deleted.
pub(super) struct Candidate<'a> {
    pub(super) store: Store,
    pub(super) id: &'a CertificateId,
    /// What takes its place.
    pub(super) successor: Option<&'a CertificateId>,
    /// For how long nothing has stood against it.
    pub(super) clear_for: Duration,
    /// How long points of presence may lag behind what this run has brought.
    pub(super) propagation: Duration,
}

/// Whether it may be deleted now.
pub(super) fn may_delete(candidate: &Candidate<'_>, view: &View) -> Result<(), Hold> {
    no_hostname_is_left(candidate, view)?;
    no_hostname_may_be_served(candidate, view)?;
    successor_is_active(candidate, view)?;
    zone_presents_another(candidate, view)?;
    match candidate.clear_for < candidate.propagation {
        true => Err(Obstacle::Propagating.into()),
        false => Ok(()),
    }
}

/// Its successor has all its hostnames.
fn no_hostname_is_left(candidate: &Candidate<'_>, view: &View) -> Result<(), Hold> {
    let is_left = |seen: &Observed| seen.is_left_on(candidate.id);
    match candidate.successor.is_some() && view.hostnames()?.iter().any(is_left) {
        true => Err(Obstacle::HostnamesLeft.into()),
        false => Ok(()),
    }
}

/// No hostname may still be served by it: none is on its way to another certificate, or never
/// got there.
fn no_hostname_may_be_served(candidate: &Candidate<'_>, view: &View) -> Result<(), Hold> {
    let (mut undeployed, mut pending) = (Vec::new(), Vec::new());
    for listed in view.hostnames()? {
        let seen = match listed.trust {
            Trust::Doubtful => view.hostname(&listed.association.hostname)?,
            Trust::Shown | Trust::Awaited => Some(listed),
        };
        let Some(seen) = seen else { continue };
        let name = || seen.association.hostname.clone();
        if seen.association.status == Status::DeploymentTimedOut && is_elsewhere(seen, candidate.id)
        {
            undeployed.push(name());
        }
        if is_pending(seen) {
            pending.push(name());
        }
    }
    // Nobody knows what such a hostname was on before. But if it was what the zone presents,
    // that is the successor now.
    let is_inherited = candidate.store == Store::Zone && candidate.successor.is_some();
    if !undeployed.is_empty() && !is_inherited && may_serve(view.certificate(candidate.id)?) {
        return Err(Obstacle::Undeployed(undeployed).into());
    }
    match pending.is_empty() {
        true => Ok(()),
        false => Err(Obstacle::Pending(pending).into()),
    }
}

/// Whether a hostname was given to another certificate, and this run did not detach it.
fn is_elsewhere(seen: &Observed, id: &CertificateId) -> bool {
    !seen.association.names(id) && !seen.association.is_gone() && !seen.is_detached
}

/// Whether a hostname is being deployed: what served it before may serve it still.
fn is_pending(seen: &Observed) -> bool {
    match seen.association.status {
        Status::Initializing | Status::PendingDeployment => true,
        // A word that nobody knows may mean anything.
        Status::Other(_) => seen.is_written,
        _ => seen.trust == Trust::Awaited,
    }
}

/// Others delete too: its successor must be there itself, and active.
fn successor_is_active(candidate: &Candidate<'_>, view: &View) -> Result<(), Hold> {
    let Some(id) = candidate.successor else {
        return Ok(());
    };
    let status = view.certificate(id)?.map(|seen| &seen.status);
    match status {
        Some(Status::Active) => Ok(()),
        _ => Err(Obstacle::SuccessorInactive(status.cloned()).into()),
    }
}

/// A zone that presents its certificates has another one to present. Lists may be old in
/// both directions, so what they show of a certificate is asked for by its id.
fn zone_presents_another(candidate: &Candidate<'_>, view: &View) -> Result<(), Hold> {
    if candidate.store == Store::Hostname || has_valid_successor(candidate, view)? {
        return Ok(());
    }
    let own = view.certificate(candidate.id)?;
    if !may_present(own) {
        return Ok(());
    }
    let has_expired = own.is_some_and(|own| own.has_expired);
    let listed = view.zone_certificates()?.iter();
    let others = listed.filter(|other| other.id != *candidate.id && !other.is_deleted);
    let mut is_another_pending = false;
    for other in others {
        is_another_pending |= other.status.is_pending();
        // Origins accept no other than one that is valid, if this one is.
        let replaces = other.status == Status::Active && (has_expired || !other.has_expired);
        if replaces && is_active(view.certificate(&other.id)?) {
            return Ok(());
        }
    }
    match view.zone_setting()? {
        true => Err(Obstacle::LastOfZone { is_another_pending }.into()),
        false => Ok(()),
    }
}

/// Whether its successor, which is active, is one that origins still accept.
fn has_valid_successor(candidate: &Candidate<'_>, view: &View) -> Result<bool, Hold> {
    let Some(id) = candidate.successor else {
        return Ok(false);
    };
    Ok(view.certificate(id)?.is_some_and(|seen| !seen.has_expired))
}

fn is_active(seen: Option<&Seen>) -> bool {
    seen.is_some_and(|seen| seen.status == Status::Active)
}

/// Whether a hostname may be served by a certificate.
fn may_serve(seen: Option<&Seen>) -> bool {
    seen.is_some_and(|seen| {
        seen.status != Status::DeploymentTimedOut && !seen.status.is_tombstone()
    })
}

/// Whether the zone may present a certificate: nobody knows what a word means that nobody
/// knows.
fn may_present(seen: Option<&Seen>) -> bool {
    seen.is_some_and(|seen| match seen.status {
        Status::Active | Status::DeletionTimedOut | Status::Other(_) => true,
        Status::Initializing
        | Status::PendingDeployment
        | Status::PendingDeletion
        | Status::Deleted
        | Status::DeploymentTimedOut => false,
    })
}
