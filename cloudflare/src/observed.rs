//! A hostname as the API shows it, beside what this run has done to it: lists lag, and
//! answers get lost.

use std::time::Duration;

use super::{Association, CertificateId, Status, Zone};

/// How long a list may lag behind a write, and a write behind the loss of its answer.
const LAG: Duration = Duration::from_secs(60);

/// How far what the API shows of a hostname can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Nothing that this run has written contradicts it.
    Shown,
    /// This run has written something else less than a minute ago: that may be on its way.
    Awaited,
    /// This run has written something else some time ago. Only the hostname itself knows.
    Doubtful,
}

/// A hostname as the API shows it.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What the API shows.
    pub association: Association,
    /// How far that can be believed.
    pub trust: Trust,
    /// Whether this run has written it.
    pub is_written: bool,
    /// Whether this run has said what the hostname is to have: rotations leave it there.
    pub is_managed: bool,
    /// Whether this run has detached it.
    pub is_detached: bool,
    /// Whether this run detaches it, or has done so.
    pub is_leaving: bool,
}

impl Observed {
    /// Whether the hostname lives on a certificate, and this run has not said where it
    /// belongs.
    pub fn is_left_on(&self, certificate: &CertificateId) -> bool {
        self.association.names(certificate) && !self.association.is_gone() && !self.is_managed
    }

    /// Whether the deployment of the hostname with this certificate timed out, and this run
    /// does not detach it.
    pub(super) fn is_timed_out_on(&self, certificate: &CertificateId) -> bool {
        self.association.status == Status::DeploymentTimedOut
            && self.is_left_on(certificate)
            && !self.is_leaving
    }
}

impl Zone<'_> {
    /// What this run knows about what the API shows of a hostname.
    pub(super) fn observe(&self, association: Association) -> Observed {
        let run = self.run();
        let key = association.key(self.id());
        // What this run has detached may look alive for minutes; there the API knows better.
        let answered = run.written_at(&key);
        let answered = answered.filter(|(write, _)| write.enabled.is_some());
        let is_written = answered.is_some();
        let contradicting = [answered, run.unanswered(&key)].into_iter().flatten();
        let contradicting = contradicting.filter(|(write, _)| !write.is_shown_by(&association));
        let trust = match contradicting.map(|(_, at)| at).max() {
            None => Trust::Shown,
            Some(at) if at.elapsed() < LAG => Trust::Awaited,
            Some(_) => Trust::Doubtful,
        };
        Observed {
            trust,
            is_written,
            is_managed: run.is_managed(&key),
            is_detached: run.is_destroyed(&key),
            is_leaving: run.is_leaving(&key),
            association,
        }
    }
}
