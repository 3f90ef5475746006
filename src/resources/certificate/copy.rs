//! What has to happen next until a certificate is in its store: a pure function, like
//! `protocol`, of what the store shows. Never two live copies of one leaf, and none lost.

use cloudflare::Status;

/// The same certificate in the store.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) status: Status,
    /// Whether the state holds its id.
    pub(super) is_held: bool,
    /// Whether this operation has lost the answer to an upload.
    pub(super) is_lost: bool,
    /// Whether hostnames use it; none while nobody has asked.
    pub(super) is_used: Option<bool>,
    /// Whether its deletion was accepted in this operation.
    pub(super) is_deleted: bool,
}

/// The slots of the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    pub(super) are_taken: bool,
    /// Whether this run is about to give one back.
    pub(super) is_one_freed: bool,
}

/// What has to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is there, and this resource's.
    Resume,
    /// It is there, and this resource does not hold it.
    Adopt,
    /// Find out whether hostnames use the copy.
    AskForUse,
    /// The copy goes first: its deployment or its deletion timed out.
    DeleteCopy,
    /// The copy is on its way out.
    AwaitCopyGone,
    /// Another resource of this run gives a slot back.
    AwaitSlot,
    /// Nothing is there. Where all slots are taken, Cloudflare says so.
    Upload,
    /// The deployment of a copy that cannot go timed out.
    RefuseTimedOut,
    /// Origins have to accept it first.
    AskOrigins,
}

/// What has to happen next to bring a certificate into its store. `is_accepted`: whether its
/// origins accept it; before they do, nothing is uploaded, and nothing is taken over that
/// somebody else has uploaded.
pub(super) fn next(copy: Option<&Copy>, slots: Slots, is_accepted: bool) -> Next {
    match next_if_accepted(copy, slots) {
        Next::Adopt | Next::DeleteCopy | Next::AwaitSlot | Next::Upload if !is_accepted => {
            Next::AskOrigins
        }
        next => next,
    }
}

fn next_if_accepted(copy: Option<&Copy>, slots: Slots) -> Next {
    let Some(copy) = copy else {
        return match slots.are_taken && slots.is_one_freed {
            true => Next::AwaitSlot,
            false => Next::Upload,
        };
    };
    match &copy.status {
        Status::Deleted | Status::PendingDeletion => Next::AwaitCopyGone,
        Status::DeploymentTimedOut | Status::DeletionTimedOut if copy.is_deleted => {
            Next::AwaitCopyGone
        }
        // Its deletion was requested before.
        Status::DeletionTimedOut => Next::DeleteCopy,
        Status::DeploymentTimedOut if !copy.is_held => Next::RefuseTimedOut,
        Status::DeploymentTimedOut => match copy.is_used {
            None => Next::AskForUse,
            Some(true) => Next::RefuseTimedOut,
            Some(false) => Next::DeleteCopy,
        },
        Status::Initializing | Status::PendingDeployment | Status::Active | Status::Other(_) => {
            match copy.is_held || copy.is_lost {
                true => Next::Resume,
                false => Next::Adopt,
            }
        }
    }
}
