//! Identifiers, parsed once.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A zone's identifier: 32 hexadecimal digits, kept as the user wrote them; their case
/// makes no difference.
#[derive(Clone, Debug)]
pub struct ZoneId(String);

impl PartialEq for ZoneId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ZoneId {}

impl Hash for ZoneId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.to_ascii_lowercase().as_bytes());
    }
}

/// The id of a certificate: letters, digits, `-` and `_`, at most 64 of them. Where all
/// are hexadecimal it is kept in lower case, as Cloudflare writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId(String);

/// A hostname in canonical form: lower case, ASCII (IDNA), no trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hostname(String);

/// An identifier that is one segment of a path, whatever it was read from: never empty,
/// never `.` or `..`, and without any character that has a meaning in a URL.
pub(super) trait Segment {
    /// The segment, as Cloudflare writes it.
    fn segment(&self) -> Cow<'_, str>;
}

impl Segment for ZoneId {
    fn segment(&self) -> Cow<'_, str> {
        self.0.to_ascii_lowercase().into()
    }
}

impl Segment for CertificateId {
    fn segment(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}

impl Segment for Hostname {
    fn segment(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}

/// Why a text is not an identifier: a sentence with the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdProblem(pub String);

impl ZoneId {
    /// Reads a zone id.
    pub fn parse(text: &str) -> Result<Self, IdProblem> {
        if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self(text.to_owned()));
        }
        let trimmed = text.trim();
        let hint = if trimmed != text && Self::parse(trimmed).is_ok() {
            "There is whitespace around it."
        } else if text.contains('.') {
            "This looks like a domain name."
        } else {
            "The id stands on the zone's overview page in the dashboard, and in \
             data.cloudflare_zone.….id."
        };
        let count = text.chars().count();
        let characters = match count {
            1 => "character",
            _ => "characters",
        };
        Err(IdProblem(format!(
            "A zone id has 32 hexadecimal digits, such as 023e105f4ecef8ad9ca31a8372d0c353; this \
             text has {count} {characters}. {hint}"
        )))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CertificateId {
    /// Reads an id in any case.
    pub fn parse(text: &str) -> Result<Self, IdProblem> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        // These have a meaning of their own where the API takes ids.
        let is_word = ["certificates", "hostnames", "settings"].contains(&text);
        if !(1..=64).contains(&text.len()) || !text.bytes().all(is_plain) || is_word {
            return Err(IdProblem(
                "A certificate id looks like 2458ce5a-0c35-4c7f-82c7-8e9487d3ff60. Give the id of \
                 a certificate, not its name, its serial number or its fingerprint."
                    .to_owned(),
            ));
        }
        let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        Ok(Self(match is_hex {
            true => text.to_ascii_lowercase(),
            false => text.to_owned(),
        }))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Hostname {
    /// Reads a hostname as an answer has it, which knows hostnames that nobody could write
    /// today: letters, digits, `-` and `_` between dots.
    pub(super) fn from_answer(text: &str) -> Option<Self> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_plain);
        if text.len() > 1000 {
            return None;
        }
        let is_plain = text.len() <= 253 && name.contains('.') && name.split('.').all(is_label);
        let lower = || Self(text.to_ascii_lowercase());
        Self::parse(text).ok().or_else(|| is_plain.then(lower))
    }

    /// Reads a hostname in any spelling. A leading `*.` is left to the API to judge.
    pub fn parse(text: &str) -> Result<Self, IdProblem> {
        if is_canonical_at_first_sight(text) {
            return Ok(Self(text.to_owned()));
        }
        let problem = |sentence: String| Err(IdProblem(sentence));
        let advice = "write the bare hostname, such as app.example.com";
        if text.trim().is_empty() {
            return problem(format!("The hostname is empty: {advice}."));
        }
        if text.contains("://") {
            return problem(format!("This is a URL with a scheme: {advice}."));
        }
        if text.contains('/') {
            return problem(format!("This holds a path: {advice}."));
        }
        if text.contains(':') {
            return problem(format!("This holds a port or an IPv6 address: {advice}."));
        }
        if text.contains(char::is_whitespace) {
            return problem(format!("This holds whitespace: {advice}."));
        }
        if text.parse::<std::net::IpAddr>().is_ok() {
            return problem(format!("This is an IP address: {advice}."));
        }
        let (wildcard, name) = match text.strip_prefix("*.") {
            Some(rest) => ("*.", rest),
            None => ("", text),
        };
        let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY);
        let Ok(ascii) = ascii else {
            return problem(format!(
                "This is not a valid internationalized domain name: {advice}."
            ));
        };
        // Other scripts have dots of their own, and more bytes than letters.
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        if let Some(label) = ascii.split('.').find(|label| label.len() > 63) {
            return problem(format!(
                "The label that starts with {:?} has more than 63 characters: {advice}.",
                label.chars().take(12).collect::<String>()
            ));
        }
        if ascii.split('.').any(str::is_empty) {
            return problem(format!(
                "There is an empty label between two dots: {advice}."
            ));
        }
        if !ascii.contains('.') {
            return problem(format!("This is one label without a dot: {advice}."));
        }
        let odd = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.');
        if let Some(character) = ascii.chars().find(|c| odd(*c)) {
            return problem(format!("A hostname cannot hold {character:?}: {advice}."));
        }
        let edge = |label: &str| label.starts_with('-') || label.ends_with('-');
        if let Some(label) = ascii.split('.').find(|label| edge(label)) {
            return problem(format!(
                "The label {label:?} starts or ends with a hyphen: {advice}."
            ));
        }
        let canonical = format!("{wildcard}{ascii}");
        if canonical.len() > 253 {
            return problem(format!(
                "The hostname has more than 253 characters: {advice}."
            ));
        }
        Ok(Self(canonical))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a hostname is canonical beyond doubt. Most are, and a plan reads thousands.
fn is_canonical_at_first_sight(text: &str) -> bool {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    // Two hyphens may be the prefix of an internationalized label.
    let has_odd_hyphens =
        |label: &str| label.starts_with('-') || label.ends_with('-') || label.contains("--");
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(is_plain) && !has_odd_hyphens(label)
    };
    let Some((_, last)) = text.rsplit_once('.') else {
        return false;
    };
    // An IP address ends with a number.
    let ends_with_name = last.bytes().any(|byte| byte.is_ascii_lowercase());
    text.len() <= 253 && ends_with_name && text.split('.').all(is_label)
}

impl<'de> Deserialize<'de> for CertificateId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(|_| D::Error::custom("not the id of a certificate"))
    }
}

impl<'de> Deserialize<'de> for Hostname {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::from_answer(&text).ok_or_else(|| D::Error::custom("not a hostname"))
    }
}

impl Serialize for CertificateId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl Serialize for Hostname {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ZoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is canonical at first sight is what the long way makes of it.
    #[test]
    fn the_short_way_and_the_long_way_agree() {
        let mut rng = fastrand::Rng::with_seed(7);
        let letters = ['a', 'b', 'z', '0', '9', '-', '.', 'x', 'n'];
        let mut short = 0;
        for _ in 0..200_000 {
            let text: String = (0..rng.usize(1..12))
                .map(|_| letters[rng.usize(..9)])
                .collect();
            if is_canonical_at_first_sight(&text) {
                short += 1;
                let long = Hostname::parse(&text.to_uppercase());
                assert_eq!(long.expect("a hostname").as_str(), text);
            }
        }
        assert!(short > 1000, "{short}");
    }

    #[test]
    fn spellings_of_one_hostname_are_one() {
        for (text, canonical) in [
            ("App.Example.COM", "app.example.com"),
            ("app.example.com.", "app.example.com"),
            ("bücher.example.com", "xn--bcher-kva.example.com"),
            ("*.example.com", "*.example.com"),
            ("_acme.example.com", "_acme.example.com"),
            ("bücher。example。com。", "xn--bcher-kva.example.com"),
        ] {
            assert_eq!(Hostname::parse(text).map(|h| h.0), Ok(canonical.to_owned()));
        }
    }

    #[test]
    fn an_id_of_a_certificate_is_one_segment_of_a_path() {
        let id = "2458CE5A-0c35-4c7f-82c7-8e9487d3ff60";
        let parsed = CertificateId::parse(id).expect("an id");
        assert_eq!(parsed.as_str(), id.to_lowercase());
        let long = "a".repeat(65);
        for text in [
            "", ".", "..", "a/b", "a\\b", "a%2fb", "a b", "é", "settings", &long,
        ] {
            assert!(CertificateId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn answers_may_hold_hostnames_that_nobody_could_write() {
        for (text, canonical) in [
            ("xn--foo.Example.com", Some("xn--foo.example.com")),
            ("a-.example.com", Some("a-.example.com")),
            ("a.example.com\u{1b}[31m", None),
            ("..", None),
            ("a/b.example.com", None),
            ("", None),
        ] {
            let read = Hostname::from_answer(text).map(|name| name.0);
            assert_eq!(read.as_deref(), canonical, "{text:?}");
        }
    }

    #[test]
    fn a_label_is_measured_in_its_ascii_form() {
        let cyrillic = "ж".repeat(32);
        assert!(Hostname::parse(&format!("{cyrillic}.example.com")).is_ok());
    }

    #[test]
    fn each_mistake_has_its_own_sentence() {
        let long = format!("{}.example.com", "a".repeat(64));
        let mut sentences = std::collections::HashSet::new();
        for text in [
            "",
            "https://app.example.com",
            "app.example.com/path",
            "app.example.com:443",
            "app example.com",
            "192.0.2.1",
            "app..example.com",
            "app",
            "app,example.com",
            "-app.example.com",
            &long,
        ] {
            let problem = Hostname::parse(text).expect_err(text);
            assert!(sentences.insert(problem.0), "{text:?} repeats a sentence");
        }
    }

    #[test]
    fn a_zone_id_is_32_hexadecimal_digits() {
        assert!(ZoneId::parse("023e105f4ecef8ad9ca31a8372d0c353").is_ok());
        for text in [
            "",
            "example.com",
            " 023e105f4ecef8ad9ca31a8372d0c353",
            "zz3e105f4ecef8ad9ca31a8372d0c353",
        ] {
            assert!(ZoneId::parse(text).is_err(), "{text:?}");
        }
    }
}
