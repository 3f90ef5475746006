//! How far the edge is with a certificate or an association.

/// A deployment status. L, but for the two that have timed out, which are D.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The upload is being checked.
    Initializing,
    /// On its way to the points of presence.
    PendingDeployment,
    /// It can be presented.
    Active,
    /// Its deletion was accepted.
    PendingDeletion,
    /// A tombstone.
    Deleted,
    /// The deployment did not end in time.
    DeploymentTimedOut,
    /// The deletion did not end in time.
    DeletionTimedOut,
}

impl Status {
    /// Its name in answers and queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::PendingDeployment => "pending_deployment",
            Self::Active => "active",
            Self::PendingDeletion => "pending_deletion",
            Self::Deleted => "deleted",
            Self::DeploymentTimedOut => "deployment_timed_out",
            Self::DeletionTimedOut => "deletion_timed_out",
        }
    }
}
