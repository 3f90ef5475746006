//! The JSON around every answer, and the cleaning of foreign text.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

/// The answer's parts. Every one of them has been seen missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    pub(super) success: Option<bool>,
    pub(super) errors: Option<Vec<Message>>,
    /// Read once its type is known. Unknown fields may nest as deep as they like.
    pub(super) result: Option<Box<RawValue>>,
    pub(super) result_info: Option<PageInfo>,
}

/// One of Cloudflare's messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) code: Json,
    pub(super) message: Json,
    pub(super) documentation_url: Json,
}

/// Where a page stands in a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PageInfo {
    pub(super) total_pages: Option<u64>,
}

impl Envelope {
    /// Codes and cleaned texts of the errors.
    pub(super) fn messages(&self, redact: impl Fn(&str) -> String) -> Vec<(i64, String)> {
        let errors = self.errors.iter().flatten();
        errors
            .map(|error| {
                let mut text = error.message.as_str().unwrap_or_default().to_owned();
                if let Some(link) = error.documentation_url.as_str() {
                    text.push_str(&format!(" (see {link})"));
                }
                (error.code.as_i64().unwrap_or(0), clean(&redact(&text)))
            })
            .collect()
    }

    /// The result as its type; where it does not fit, a JSON pointer to the place.
    pub(super) fn result<T: DeserializeOwned>(self) -> Result<T, String> {
        // An empty list is sometimes null; a type that cannot be null says so itself.
        let result = self.result.as_deref().map_or("null", RawValue::get);
        let mut json = serde_json::Deserializer::from_str(result);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let problem = clean(&error.inner().to_string());
            format!("/result{}: {problem}", pointer(error.path()))
        })
    }
}

fn pointer(path: &Path) -> String {
    let steps = path.iter().map(|step| match step {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", clean(key)),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    steps.collect()
}

/// Longest text of Cloudflare's that is repeated.
const LONGEST: usize = 300;
/// No word of a message is longer, but keys, certificates and their digests are.
const LONGEST_WORD: usize = 40;

/// A text from outside without anything that an echo of the request could have
/// put there (PEM, keys, long encoded words), without control characters, and short.
pub(super) fn clean(text: &str) -> String {
    let without_pem = cut_pem(text);
    let words = without_pem.split_whitespace().map(|word| {
        let encoded = |c: char| c.is_ascii_alphanumeric() || "+/=_".contains(c);
        let longest = word.split(|c| !encoded(c)).map(str::len).max();
        if longest.unwrap_or(0) > LONGEST_WORD {
            "[redacted]"
        } else {
            word
        }
    });
    let joined = words.collect::<Vec<_>>().join(" ");
    let mut short: String = joined
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    if joined.chars().count() > LONGEST {
        short.push('…');
    }
    short
}

fn cut_pem(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, block)) = rest.split_once("-----BEGIN") {
        kept.push_str(before);
        kept.push_str("[redacted]");
        // A block without an end is cut to the end of the text.
        rest = block
            .split_once("-----END")
            .and_then(|(_, after)| after.split_once("-----"))
            .map_or("", |(_, after)| after);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_of_the_request_is_cut_out() {
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for echo in [
            format!("bad: -----BEGIN PRIVATE KEY-----\\n{key}\\n-----END PRIVATE KEY----- sorry"),
            format!("bad: -----BEGIN PRIVATE KEY-----{key}"),
            format!("bad: \"private_key\":\"{key}\""),
        ] {
            let cleaned = clean(&echo);
            assert!(!cleaned.contains("MIGH"), "{cleaned}");
            assert!(cleaned.starts_with("bad: "), "{cleaned}");
        }
    }

    #[test]
    fn ordinary_words_stay() {
        let text = "Certificate 2458ce5a-0c35-4c7f-82c7-8e9487d3ff60 of 023e105f4ecef8ad9ca31a8372d0c353 is in use";
        assert_eq!(clean(text), text);
    }
}
