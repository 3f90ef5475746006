//! Text that must never be seen: private keys and credentials.

use std::fmt;

use zeroize::Zeroizing;

/// Secret text. It cannot be printed or compared into a message by accident,
/// and its memory is wiped when it is dropped. Copies inside Terraform, the
/// message codec or the HTTP library are beyond its reach.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps secret text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Called in exactly two places: where a request is sent
    /// and where a key is matched with its certificate.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is one word of visible ASCII, as credentials are.
    pub fn is_plain(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Another text without this one.
    pub fn erased_from(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        text.replace(self.0.as_str(), "[redacted]")
    }

    /// The text as the plan and the state carry it, for an attribute whose user
    /// chose to keep it there.
    pub(crate) fn to_state(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
