//! Certificates and keys as users paste them: read, described and matched.
//! Knows nothing of Terraform or Cloudflare.
//!
//! Every refusal is a [`Problem`]: a summary and a sentence with the next step,
//! in which no byte of the text appears.

mod certificate;
mod key;
mod name;
mod pem;

#[cfg(test)]
mod tests;

pub use certificate::{Certificate, Facts};
pub use key::PrivateKey;

/// Why a text cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A short noun phrase.
    pub summary: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

impl Problem {
    fn new(summary: &'static str, detail: impl Into<String>) -> Self {
        Self {
            summary,
            detail: detail.into(),
        }
    }
}
