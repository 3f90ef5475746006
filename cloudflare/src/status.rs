//! The deployment status of a certificate or an association.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::messages::Scalar;

/// Where the edge stands with an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Just uploaded.
    Initializing,
    /// On its way to the edge.
    PendingDeployment,
    /// In use.
    Active,
    /// On its way out.
    PendingDeletion,
    /// Gone; only its id still answers.
    Deleted,
    /// Its deployment timed out.
    DeploymentTimedOut,
    /// Its deletion timed out; it may still be in use.
    DeletionTimedOut,
    /// A word that this version does not know. Counts as on its way.
    Other(String),
}

/// Every status and its word.
const WORDS: [(Status, &str); 7] = [
    (Status::Initializing, "initializing"),
    (Status::PendingDeployment, "pending_deployment"),
    (Status::Active, "active"),
    (Status::PendingDeletion, "pending_deletion"),
    (Status::Deleted, "deleted"),
    (Status::DeploymentTimedOut, "deployment_timed_out"),
    (Status::DeletionTimedOut, "deletion_timed_out"),
];

/// No status has a longer word.
const LONGEST: usize = 40;

impl Status {
    /// Reads the API's word. What is no word at all says nothing.
    pub fn parse(word: &str) -> Self {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        match WORDS.iter().find(|(_, known)| *known == word) {
            Some((status, _)) => status.clone(),
            None if word.len() <= LONGEST && word.bytes().all(is_letter) => {
                Self::Other(word.to_owned())
            }
            None => Self::default(),
        }
    }

    /// Every word that is known.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(_, word)| *word)
    }

    /// The API's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => WORDS
                .iter()
                .find(|(status, _)| status == known)
                .map_or("", |(_, word)| word),
        }
    }

    /// Whether the object is still on its way to the edge.
    pub fn is_pending(&self) -> bool {
        matches!(
            self,
            Self::Initializing | Self::PendingDeployment | Self::Other(_)
        )
    }

    /// Whether Cloudflare has stopped trying: it stays as it is until something is written.
    pub fn is_deployment_timed_out(&self) -> bool {
        matches!(self, Self::DeploymentTimedOut | Self::DeletionTimedOut)
    }

    /// Whether only a tombstone is left.
    pub fn is_tombstone(&self) -> bool {
        matches!(self, Self::PendingDeletion | Self::Deleted)
    }
}

impl Default for Status {
    /// An answer without a status says nothing; that counts as on its way.
    fn default() -> Self {
        Self::Other("unknown".to_owned())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Scalar::deserialize(deserializer)?;
        Ok(word.text().map_or_else(Self::default, Self::parse))
    }
}
