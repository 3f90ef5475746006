//! Text that must never be seen: private keys and credentials.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

/// Secret text. It cannot be printed or compared into a message by accident,
/// and its memory is wiped when it is dropped. Copies inside Terraform, the
/// message codec or the HTTP library are beyond its reach.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// Why a text is no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It stands between quotes.
    Quotes,
    /// It begins with the name of a scheme, such as `Bearer`.
    Label,
    /// It has white space in it or around it, or is nothing else.
    Whitespace,
    /// It has other characters that no credential has.
    Characters,
}

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

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why this cannot be a credential, which is one word of visible ASCII.
    pub fn flaw(&self) -> Option<Flaw> {
        const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];
        let text = self.0.trim();
        let label = text.split_once(|c: char| c.is_whitespace() || c == ':');
        let label = label.map_or(String::new(), |(label, _)| label.to_ascii_lowercase());
        if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
            Some(Flaw::Quotes)
        } else if ["bearer", "token", "authorization"].contains(&label.as_str()) {
            Some(Flaw::Label)
        } else if self.0.contains(char::is_whitespace) || self.0.is_empty() {
            Some(Flaw::Whitespace)
        } else if !self.0.bytes().all(|byte| byte.is_ascii_graphic()) {
            Some(Flaw::Characters)
        } else {
            None
        }
    }

    /// Another text without this one.
    pub fn erased_from(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        text.replace(self.0.as_str(), "[redacted]")
    }

    /// Another text without any piece of this PEM, however its lines are broken there: a
    /// word that shares so many letters with it is no coincidence.
    pub fn pieces_erased_from(&self, text: &str) -> String {
        const TELLING: usize = 6;
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        let lines = self.0.lines().map(str::trim);
        let lines = lines.filter(|line| !line.starts_with("-----"));
        let mut body = Zeroizing::new(String::with_capacity(self.0.len()));
        lines.for_each(|line| body.extend(line.chars().filter(|c| is_base64(*c))));
        let is_piece = |word: &str| {
            let mut windows = word.as_bytes().windows(TELLING);
            windows.any(|part| body.as_bytes().windows(TELLING).any(|own| own == part))
        };
        let words = text.split_inclusive(|c| !is_base64(c));
        let kept = words.map(
            |word| match is_piece(word.trim_end_matches(|c| !is_base64(c))) {
                true => Cow::from("[redacted]") + word.trim_start_matches(is_base64),
                false => Cow::from(word),
            },
        );
        kept.collect()
    }

    /// The text as the plan and the state carry it, for an attribute whose user
    /// chose to keep it there.
    pub(crate) fn to_state(&self) -> String {
        self.0.to_string()
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_piece_of_a_key_is_left_however_its_lines_are_broken() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\nab==\n\
                   -----END PRIVATE KEY-----\n";
        let key = Secret::new(pem.to_owned());
        for echo in [
            "bad MIGHAgEAMBMGByqGSM49 key",
            "bad \\nMIGHAgEAMBMGByqGSM49\\nAgEGCCq key",
            "bad SM49AgEGCC key",
            "bad EwwwGByqGSxx,MBMGByq key",
        ] {
            let kept = key.pieces_erased_from(echo);
            for part in ["MIGHAg", "ByqGS", "AgEGCC", "MBMGBy"] {
                assert!(!kept.contains(part), "{kept}");
            }
            assert!(kept.starts_with("bad ") && kept.ends_with(" key"), "{kept}");
        }
        let plain = "The PRIVATE KEY of this certificate cannot be parsed (code 1408).";
        assert_eq!(key.pieces_erased_from(plain), plain);
    }

    #[test]
    fn what_is_no_credential_is_told_apart() {
        for (text, flaw) in [
            ("v1.0-abc", None),
            ("token", None),
            ("\"abc\"", Some(Flaw::Quotes)),
            ("'abc'", Some(Flaw::Quotes)),
            ("“abc”", Some(Flaw::Quotes)),
            ("Bearer abc", Some(Flaw::Label)),
            ("Authorization: Bearer abc", Some(Flaw::Label)),
            ("abc\n", Some(Flaw::Whitespace)),
            ("a b", Some(Flaw::Whitespace)),
            ("abcé", Some(Flaw::Characters)),
        ] {
            assert_eq!(Secret::new(text.to_owned()).flaw(), flaw, "{text:?}");
        }
    }
}
