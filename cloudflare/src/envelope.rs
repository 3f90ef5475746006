//! The JSON around every answer. What it says beside the result is read whatever its
//! shape, and no more of it is kept than a message shows.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde_path_to_error::{Path, Segment};

use super::messages::{Message, Messages, Scalar};
use super::quote::quote;

/// The answer's parts beside its result. Every one of them has been seen missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    success: Option<Scalar>,
    errors: Messages,
    messages: Messages,
    error: Messages,
    pub(super) result_info: Option<PageInfo>,
}

/// Where a page stands in a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PageInfo {
    per_page: Option<Scalar>,
    total_pages: Option<Scalar>,
    total_count: Option<Scalar>,
}

/// The result, once its type is known. Other fields may nest as deep as they like.
#[derive(Deserialize)]
struct Wrapped<T> {
    // An empty list is sometimes null; a type that cannot be null says so itself.
    result: T,
}

impl Envelope {
    /// Reads an answer.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// Whether it says itself that the request was refused.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(&self.success, Some(Scalar::Text(text)) if text == "false")
    }

    /// Whether it says anything but a result.
    pub(super) fn explains(&self) -> bool {
        !self.errors.is_empty() || !self.error.is_empty() || !self.messages.is_empty()
    }

    /// Codes and cleaned texts of what it says, the errors first.
    pub(super) fn explanations(&self, redact: impl Fn(&str) -> String) -> Vec<(i64, String)> {
        let spoken = [&self.errors, &self.error, &self.messages];
        let beside = [&self.error, &self.messages].into_iter();
        let beside = beside.flat_map(|said| &said.kept).cloned();
        let kept = self.errors.kept.iter().cloned();
        let mut all: Vec<_> = kept
            .chain(beside.map(Message::aside))
            .map(|one| (one.code, quote(&one.text, &redact)))
            .collect();
        let more: usize = spoken.iter().map(|said| said.more).sum();
        if more > 0 {
            all.push((0, format!("and {more} more")));
        }
        all
    }
}

/// A list of no more than so many. An empty one is sometimes null.
pub(super) struct AtMost<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for AtMost<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for AtMost<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
            type Value = AtMost<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(AtMost::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(element) = list.next_element()? {
                    if all.len() == MOST {
                        return Err(A::Error::custom(format!("more than {MOST} elements")));
                    }
                    all.push(element);
                }
                Ok(AtMost(all))
            }
        }
        from.deserialize_any(List(PhantomData))
    }
}

/// The result of an answer as its type; where it does not fit, a JSON pointer to the
/// place and what is wrong there, not yet cleaned.
pub(super) fn result<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    if !has_short_texts(body) {
        return Err("/result: a text of more than a megabyte".to_owned());
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize::<_, Wrapped<T>>(&mut json)
        .map(|wrapped| wrapped.result)
        .map_err(|error| format!("{}: {}", pointer(error.path()), problem(error.inner())))
}

/// What is wrong, without the value that was found: it could be an echo of a secret.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let quotes = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ];
    let expected = text.split_once(", expected ").map(|(_, expected)| expected);
    match quotes.iter().find(|start| text.starts_with(**start)) {
        Some(start) => format!("{start}, expected {}", expected.unwrap_or("another")),
        None => text,
    }
}

/// No text of this API is longer, certificates with their chains included.
const LONGEST: usize = 1 << 20;

/// Whether all texts of an answer are of a length that it makes sense to read.
fn has_short_texts(body: &[u8]) -> bool {
    let (mut length, mut is_text, mut is_escaped) = (0, false, false);
    for byte in body {
        match (is_text, *byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => (is_text, length) = (!is_text, 0),
            _ => {}
        }
        length += usize::from(is_text);
        if length > LONGEST {
            return false;
        }
    }
    true
}

fn pointer(path: &Path) -> String {
    let steps = path.iter().map(|step| match step {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{key}"),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    steps.collect()
}

impl PageInfo {
    /// How many rows the server puts on a page.
    pub(super) fn per_page(&self) -> Option<u64> {
        count(&self.per_page)
    }

    /// How many pages there are.
    pub(super) fn total_pages(&self) -> Option<u64> {
        count(&self.total_pages)
    }

    /// How many rows there are on all pages.
    pub(super) fn total_count(&self) -> Option<u64> {
        count(&self.total_count)
    }
}

fn count(scalar: &Option<Scalar>) -> Option<u64> {
    match scalar {
        Some(Scalar::Text(text)) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::messages::MOST;
    use super::*;

    fn said(json: &str) -> Vec<(i64, String)> {
        let envelope = Envelope::read(json.as_bytes()).expect("JSON");
        envelope.explanations(str::to_owned)
    }

    #[test]
    fn errors_are_read_in_every_shape() {
        let one = |code, text: &str| vec![(code, text.to_owned())];
        for (json, expected) in [
            (
                r#"{"errors":[{"code":1404,"message":"no"}]}"#,
                one(1404, "no"),
            ),
            (
                r#"{"errors":[{"code":"1404","message":"no"}]}"#,
                one(1404, "no"),
            ),
            (r#"{"errors":["no"]}"#, one(0, "no")),
            (r#"{"errors":"no"}"#, one(0, "no")),
            (r#"{"errors":{"code":7,"message":"no"}}"#, one(7, "no")),
            (r#"{"error":"no"}"#, one(0, "no")),
            (
                r#"{"errors":[],"messages":[{"code":7,"message":"no"}]}"#,
                one(0, "no (code 7)"),
            ),
            (r#"{"errors":[{"code":7}]}"#, one(7, "")),
            (
                r#"{"errors":[17,null,[],true,{"message":[1]}]}"#,
                Vec::new(),
            ),
            (
                r#"{"errors":[{"code":7,"message":"no","documentation_url":"https://d.example"}]}"#,
                one(7, "no (see https://d.example)"),
            ),
            (
                r#"{"errors":[{"code":7,"message":"no","error_chain":[{"code":8,"message":"why"}]}]}"#,
                vec![(7, "no".to_owned()), (0, "why (code 8)".to_owned())],
            ),
        ] {
            assert_eq!(said(json), expected, "{json}");
        }
    }

    #[test]
    fn ten_messages_are_kept_and_the_rest_is_counted() {
        let all = vec![r#"{"code":7,"message":"no"}"#; 2000].join(",");
        let said = said(&format!(r#"{{"errors":[{all}]}}"#));
        assert_eq!(said.len(), MOST + 1);
        assert_eq!(said.last(), Some(&(0, "and 1990 more".to_owned())));
    }

    #[test]
    fn pages_are_counted_in_numbers_and_in_texts() {
        let json =
            r#"{"result_info":{"page":1,"per_page":20,"total_pages":"3","total_count":null}}"#;
        let envelope = Envelope::read(json.as_bytes()).expect("JSON");
        let page = envelope.result_info.expect("a page");
        let counts = (page.per_page(), page.total_pages(), page.total_count());
        assert_eq!(counts, (Some(20), Some(3), None));
    }
}
