//! Text that must never be seen: private keys and credentials.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use zeroize::Zeroizing;

/// Secret text. It cannot be printed or compared into a message by accident,
/// and its memory is wiped when it is dropped. Copies inside Terraform are beyond
/// its reach; those of libraries here are wiped by the program's allocator.
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

    /// The text itself. Called in two files: where a request is sent and where a
    /// key is matched with its certificate.
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

    /// Another text without this credential, or any piece of it.
    pub fn erased_from(&self, text: &str) -> String {
        const TELLING: usize = 8;
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let whole = text.replace(self.0.as_str(), REDACTED);
        let text = match self.0.is_empty() {
            true => text.to_owned(),
            false => whole,
        };
        erase(&text, &self.0, is_part, TELLING)
    }

    /// Another text without any piece of this PEM, however its lines are broken there.
    pub fn pieces_erased_from(&self, text: &str) -> String {
        const TELLING: usize = 6;
        let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        let lines = self.0.lines().map(str::trim);
        let lines = lines.filter(|line| !line.starts_with("-----"));
        let mut body = Zeroizing::new(String::with_capacity(self.0.len()));
        lines.for_each(|line| body.extend(line.chars().filter(|c| is_part(*c))));
        erase(text, &body, is_part, TELLING)
    }

    /// Whether bytes from outside hold this text, as it is or in the escapes of JSON.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let own = self.0.as_bytes();
        let holds = |bytes: &[u8]| bytes.windows(own.len()).any(|part| part == own);
        let is_short = own.len() < 8;
        !is_short && (holds(bytes) || bytes.contains(&b'\\') && holds(&unescaped(bytes)))
    }

    /// Whether bytes from outside hold a line of this private key that the certificate
    /// does not hold as well: a private key repeats the public one, and where the two
    /// happen to be aligned, so do lines of their base64.
    pub fn has_line_in(&self, bytes: &[u8], certificate: &str) -> bool {
        let public: String = certificate.split_whitespace().collect();
        let lines = self.0.lines().map(str::trim);
        let is_private = |line: &&str| !line.starts_with("-----") && !public.contains(line);
        let mut lines = lines.filter(|line| line.len() >= 16).filter(is_private);
        lines.any(|line| Self::new(line.to_owned()).is_in(bytes))
    }

    /// The text as the plan and the state carry it, for an attribute whose user
    /// chose to keep it there.
    pub fn to_state(&self) -> String {
        self.0.to_string()
    }
}

const REDACTED: &str = "[redacted]";

/// A text without the words that share so many letters with a secret that it is no
/// coincidence; all of it is gone where the secret was spread over several words.
fn erase(text: &str, secret: &str, is_part: impl Fn(char) -> bool, telling: usize) -> String {
    const SPREAD: usize = 16;
    let own: HashSet<&[u8]> = secret.as_bytes().windows(telling).collect();
    let shares = |word: &str| {
        word.as_bytes()
            .windows(telling)
            .any(|part| own.contains(part))
    };
    let words = text.split_inclusive(|c| !is_part(c));
    let kept = words.map(
        |word| match shares(word.trim_end_matches(|c| !is_part(c))) {
            true => Cow::from(REDACTED) + word.trim_start_matches(&is_part),
            false => Cow::from(word),
        },
    );
    let kept: String = kept.collect();
    let joined: String = kept
        .replace(REDACTED, " ")
        .chars()
        .filter(|c| is_part(*c))
        .collect();
    let own: HashSet<&[u8]> = secret.as_bytes().windows(SPREAD).collect();
    match joined
        .as_bytes()
        .windows(SPREAD)
        .any(|part| own.contains(part))
    {
        true => REDACTED.to_owned(),
        false => kept,
    }
}

/// JSON with its escapes of ASCII undone.
fn unescaped(json: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let code = after.strip_prefix(b"u00").and_then(|code| code.get(..2));
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match (
            byte,
            code.and_then(|code| u8::from_str_radix(code, 16).ok()),
        ) {
            (b'\\', Some(code)) => {
                plain.push(code);
                rest = after.get(5..).unwrap_or_default();
            }
            (b'\\', None) => {}
            _ => plain.push(*byte),
        }
    }
    plain
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
        for spread in [
            "bad MIGHA gEAMB MGByq GSM49 key",
            "bad MIGHA,gEAMB,MGByq,GSM49 key",
        ] {
            assert_eq!(key.pieces_erased_from(spread), "[redacted]");
        }
        let plain = "The PRIVATE KEY of this certificate cannot be parsed (code 1408).";
        assert_eq!(key.pieces_erased_from(plain), plain);
    }

    #[test]
    fn half_a_token_is_no_better_than_all_of_it() {
        let token = Secret::new("abcdefghij-klmnopqrst_uvwxyz0123456789ABC".to_owned());
        for echo in [
            "token abcdefghij-klmnopqrst_uvwxyz0123456789ABC!",
            "token abcdefghij-klmnopqrst...",
            "token ...0123456789ABC",
            "token abcdefghij klmnopqrst uvwxyz01 23456789",
        ] {
            let kept = token.erased_from(echo);
            assert!(!kept.contains("abcd") && !kept.contains("6789"), "{kept}");
        }
        assert!(token.is_in(b"[\"abcdefghij-klmnopqrst_uvwxyz0123456789ABC\"]"));
        assert!(token.is_in(b"[\"\\u0061bcdefghij-klmnopqrst\\u005fuvwxyz0123456789ABC\"]"));
        assert!(!token.is_in(b"[\"abcdefghij\"]"));
    }

    #[test]
    fn a_line_of_a_key_is_found_unless_the_certificate_shows_it() {
        let (private, public) = ("MIGHAgEAMBMGByqGSM49", "AgEGCCqGSM49AwEHBG0w");
        let key =
            format!("-----BEGIN PRIVATE KEY-----\n{private}\n{public}\n-----END PRIVATE KEY-----");
        let key = Secret::new(key);
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAAAgEGCCqGSM\n49AwEHBG0wAAAA\n";
        for (echo, found) in [
            (private.to_owned(), true),
            (private.replace('M', "\\u004d"), true),
            (public.to_owned(), false),
        ] {
            assert_eq!(
                key.has_line_in(echo.as_bytes(), certificate),
                found,
                "{echo}"
            );
        }
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
