//! Certificates and keys as users paste them: read, described and matched; and those that an
//! authority of the user issues here ([`Authority`]). Knows nothing of Terraform or Cloudflare.
//!
//! There are two readers. [`Certificate`] and [`PrivateKey`] are for what will be uploaded:
//! all that is given is used, or named in an error. [`Existing`] is for what is there
//! already, in a state or at Cloudflare, and takes it as it is.
//!
//! Every refusal is a [`Problem`]: a summary and a sentence with the next step,
//! in which no byte of the text appears.

mod beside;
mod certificate;
mod digest;
mod existing;
mod issue;
mod issued;
mod key;
mod key_algorithm;
mod leaf;
mod name;
mod pem;
mod public;
mod serial;

#[cfg(test)]
mod tests;

pub use certificate::Certificate;
pub use existing::{Existing, without_keys};
pub use issue::{Authority, Issued, Order, subject_of};
pub use key::{ClientIdentity, PrivateKey};
pub use key_algorithm::KeyAlgorithm;
pub use leaf::Facts;
pub use name::distinguished_name;
pub use serial::{Serial, Tag};

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

    /// The same, of an authority's certificate and key instead of a client's.
    pub fn of_authority(self) -> Self {
        const WORDS: [(&str, &str); 6] = [
            ("`private_key_wo` (or `private_key`)", "`ca_private_key_wo`"),
            ("`private_key`", "`ca_private_key_wo`"),
            ("`certificate`", "`ca_certificate`"),
            ("one leaf certificate", "the CA's certificate"),
            ("leaf certificate", "CA's certificate"),
            ("client.pem", "client-ca.pem"),
        ];
        let mut detail = self.detail;
        for (client, authority) in WORDS {
            detail = detail.replace(client, authority);
        }
        Self { detail, ..self }
    }
}
