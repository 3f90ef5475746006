//! What is said of an operation on a certificate that does not end well.

use super::super::handoff::whose;
use super::super::problem::problem;
use super::Found;
use cloudflare::{CertificateId, Error, Repointed, Zone, ZoneId};
use framework::{Diagnostic, Diagnostics, Successor};

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

/// The new certificate of a rotation is on its way still.
pub(super) fn not_finished(found: &Found, zone: &Zone<'_>, error: &Error) -> Diagnostic {
    Diagnostic::error(
        "Rotation is not finished yet",
        format!(
            "The new certificate {} of zone {} is uploaded, but it is still {}: {error}. The next \
             apply goes on from here; if deployment needs longer, raise timeouts.",
            found.id,
            zone.id(),
            found.status,
        ),
    )
}

/// Its deployment timed out.
pub(super) fn timed_out(id: &CertificateId, zone: &Zone<'_>) -> Diagnostic {
    Diagnostic::error(
        "Certificate was not deployed",
        format!(
            "The deployment of certificate {id} of zone {} timed out (deployment_timed_out), so it \
             will never be presented. Apply again: it is uploaded once more, or with issue another \
             one is issued. If that ends the same way, give a certificate with a new serial \
             number.",
            zone.id()
        ),
    )
}

/// Somebody deleted it meanwhile.
pub(super) fn gone(id: &CertificateId, zone: &Zone<'_>) -> Diagnostic {
    Diagnostic::error(
        "Certificate disappeared while waiting",
        format!(
            "Certificate {id} of zone {} was deleted by somebody else meanwhile. Find out by whom, \
             and apply again: there will be one in its place.",
            zone.id()
        ),
    )
}

/// Another resource has it.
pub(super) fn taken_over(zone: &ZoneId, id: &CertificateId, to: Successor) -> Diagnostic {
    let whose = whose(to, &format!("{zone}/{id}"));
    Diagnostic::warning(
        "Certificate is left as it is",
        format!("Certificate {id} was not deleted: {whose}."),
    )
}

/// All is done, but nobody knows whether a killed rotation has left copies.
pub(super) fn leftovers_unknown(zone: &Zone<'_>, error: &Error) -> Diagnostic {
    Diagnostic::warning(
        "Leftover certificates were not looked for",
        format!(
            "The rotation is complete. Afterwards the certificates of zone {} could not be listed: \
             {error}. If an earlier apply was killed, a certificate that it issued may be left, \
             and takes a slot until it is deleted.",
            zone.id()
        ),
    )
    .at("issue")
    .once()
}

/// Adds to errors that the old certificate is not affected.
pub(super) fn still_serves(old: &CertificateId, errors: Diagnostics) -> Diagnostics {
    let mut said = Diagnostics::default();
    said.extend(errors.into_iter().map(|mut error| {
        let remark = format!("\n\nThe old certificate still serves, and stays in state: {old}.");
        error.detail.push_str(&remark);
        error
    }));
    said
}

/// An error for each hostname that could not be given to the successor, and one for what
/// kept others from being tried.
pub(super) fn all_moved(
    repointed: &Repointed,
    doing: &str,
    successor: &CertificateId,
) -> Result<(), Diagnostics> {
    let mut errors = Diagnostics::default();
    errors.extend(repointed.refused.iter().map(|(hostname, error)| {
        let doing = format!("Giving {hostname} to certificate {successor}");
        let mut error = problem(error, &doing);
        error
            .detail
            .push_str(" It stays as it was, and the old certificate is kept for it.");
        error
    }));
    errors.extend(repointed.stopped.iter().map(|error| problem(error, doing)));
    match errors.has_error() {
        true => Err(errors),
        false => Ok(()),
    }
}
