//! What can stand against the deletion of a certificate, and how it is said.

use super::super::problem::listed;
use cloudflare::{CertificateId, Error, Hostname, Status, ZoneId};
use framework::Diagnostic;

/// Why the certificate cannot be deleted now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Obstacle {
    /// Its own deployment has not ended. Cloudflare's words.
    Deploying(String),
    /// Hostnames have to be given to its successor first.
    HostnamesLeft,
    /// Its successor is not active, or not there any more.
    SuccessorInactive(Option<Status>),
    /// What this run has brought may not have reached every point of presence.
    Propagating,
    /// The deployment of these hostnames with other certificates timed out.
    Undeployed(Vec<Hostname>),
    /// Hostnames are being deployed, and one of them may still be served by it.
    Pending(Vec<Hostname>),
    /// Hostnames use it. Cloudflare's words.
    InUse(Holders, String),
    /// It is the last one that the zone can present, and the switch is on.
    LastOfZone { is_another_pending: bool },
    /// A resource of this run is creating the same certificate; whether it gets it is open.
    Contested,
}

/// The hostnames that hold a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Holders {
    pub(super) all: Vec<Hostname>,
    /// At least one is about to let it go.
    pub(super) leaving: bool,
}

impl Obstacle {
    /// Why a certificate was not deleted, and what to do. `successor`: what takes over in a
    /// rotation; `stopped`: what ended the waiting, if not patience.
    pub(super) fn refusal(
        &self,
        zone: &ZoneId,
        certificate: &CertificateId,
        successor: Option<&CertificateId>,
        stopped: Option<Error>,
    ) -> Diagnostic {
        let stopped = stopped.map_or(String::new(), |why| format!(" Then {why}."));
        let (summary, why, advice) = match self {
            Self::Contested => (
                "Certificate is being taken over",
                "another resource of this apply is creating the same certificate".to_owned(),
                "Apply again.".to_owned(),
            ),
            Self::Deploying(error) => (
                "Certificate is still being deployed",
                "it cannot be before its deployment has ended".to_owned(),
                format!("Apply again in a few minutes.\n\n{error}"),
            ),
            Self::SuccessorInactive(status) => (
                "Successor is not active",
                format!(
                    "{}, which takes its place, is {} instead of active",
                    successor.map_or("the certificate", CertificateId::as_str),
                    status.as_ref().map_or("gone", Status::as_str)
                ),
                "Apply again; if it stays so, rotate to another certificate: with issue, change \
                 common_name."
                    .to_owned(),
            ),
            Self::Propagating => (
                "Rotation is not finished yet",
                format!(
                    "{} took over only a moment ago",
                    successor.map_or("another certificate", CertificateId::as_str)
                ),
                "The next apply deletes it.".to_owned(),
            ),
            Self::HostnamesLeft => (
                "Hostnames are still being moved",
                "hostnames kept turning up on it".to_owned(),
                "Find out what else associates hostnames with it, and apply again.".to_owned(),
            ),
            Self::Undeployed(hostnames) => (
                "Association was not deployed",
                format!(
                    "the deployment of these hostnames' associations with other certificates timed \
                     out (deployment_timed_out), so they may still be served by this one: {}",
                    listed(hostnames)
                ),
                "The next plan writes those of this configuration once more; write others again \
                 where they are managed, or take the association of a hostname away that is not \
                 served any more. Then apply again."
                    .to_owned(),
            ),
            Self::Pending(hostnames) => (
                "Hostnames are still being deployed",
                format!(
                    "these hostnames are being deployed, and may still be served by it: {}",
                    listed(hostnames)
                ),
                "Apply again when they are active.".to_owned(),
            ),
            Self::InUse(holders, error) => (
                "Certificate is still in use",
                format!("hostnames use it: {}", holders.names()),
                format!("{}\n\n{error}", in_use_advice(successor)),
            ),
            Self::LastOfZone { .. } => (
                "Last certificate of the zone is in use",
                "the zone has no other active one that is valid, and the zone-level setting is on: \
                 without it origins would refuse Cloudflare's requests"
                    .to_owned(),
                "Turn the setting off first (aop_zone_setting, with depends_on on the certificate), \
                 or upload another certificate and wait until it is active. To rotate a \
                 certificate, change `certificate` of its resource in place, without -replace."
                    .to_owned(),
            ),
        };
        Diagnostic::error(
            summary,
            format!(
                "Certificate {certificate} of zone {zone} was not deleted: {why}.{stopped} {advice}"
            ),
        )
    }
}

fn in_use_advice(successor: Option<&CertificateId>) -> String {
    match successor {
        Some(successor) => format!(
            "This apply was told to leave them there. Associate them with {successor}, and apply \
             again."
        ),
        None => "To rotate a certificate, change `certificate` of its resource in place; or set \
                 lifecycle { create_before_destroy = true } on the old one and apply that before \
                 it is removed. Otherwise remove or re-point the associations first."
            .to_owned(),
    }
}

impl Holders {
    fn names(&self) -> String {
        match self.all.as_slice() {
            [] => "the API does not say which".to_owned(),
            hostnames => listed(hostnames),
        }
    }
}
