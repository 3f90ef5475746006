//! The one table that says what became of a request, and what follows.
//!
//! | What came back | GET, PUT, PATCH, DELETE | POST |
//! |---|---|---|
//! | not sent, may pass | again | again |
//! | not sent, will not pass (TLS, proxy) | fail | fail |
//! | no answer, 408, 5xx | again | lost: the caller looks |
//! | 409: the zone's certificates are busy | again, slowly | again, slowly |
//! | 429 | again when the server says | again when the server says |
//! | 403 with 10001: a fresh token, perhaps | again, thrice | again, thrice |
//! | 200 with `success` | done | done |
//! | 2xx without a body, or with half of one | again | lost |
//! | 200 with HTML, a redirect | fail | fail |
//! | an answer larger than any | fail | lost |
//! | any other refusal | fail | fail |

use std::time::Duration;

use super::envelope::{Envelope, PageInfo};
use super::quote::{quote, words_of_html};
use super::{Answer, Method, SendError};

/// What a request that failed has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Perhaps what it asked for.
    Possible,
}

/// What follows from one try.
pub(super) enum Outcome {
    /// It was carried out.
    Done(PageInfo),
    /// Another try is safe and may help.
    Again(Pace, Failure),
    /// It may have been carried out; only the caller can find out.
    Lost(String),
    /// No try will help.
    Fail(Failure),
}

/// How soon to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Something passing.
    Transient,
    /// Somebody is busy.
    Busy,
    /// The rate limit, which may have said for how long.
    Limit(Option<Duration>),
    /// Three times at the most.
    Fresh,
}

/// Why a try did not succeed.
pub(super) enum Failure {
    /// Nothing was sent.
    Unreachable(String),
    /// It may have been carried out.
    Lost(String),
    /// Something answered that does not speak this API.
    Unreadable(String),
    /// A definite no.
    Refused(u16, Vec<(i64, String)>),
}

/// Reads the table.
pub(super) fn judge(
    method: Method,
    tried: Result<&Answer, SendError>,
    redact: impl Fn(&str) -> String,
) -> Outcome {
    let lost = |cause: String| match method {
        Method::Post => Outcome::Lost(cause),
        _ => Outcome::Again(Pace::Transient, Failure::Lost(cause)),
    };
    let answer = match tried {
        Ok(answer) => answer,
        Err(SendError::NotSent { cause, passing }) => {
            let failure = Failure::Unreachable(quote(&cause, &redact));
            return match passing {
                true => Outcome::Again(Pace::Transient, failure),
                false => Outcome::Fail(failure),
            };
        }
        Err(SendError::Lost { cause }) => return lost(quote(&cause, &redact)),
        Err(SendError::TooLarge) => {
            return unreadable(method, "the answer is too large".to_owned());
        }
    };
    let parsed = Envelope::read(&answer.body);
    let said = match &parsed {
        Ok(envelope) => envelope.explanations(&redact),
        Err(_) => words(answer, &redact),
    };
    let has_code = |code: i64| said.iter().any(|(found, _)| *found == code);
    let fresh_token = has_code(10001);
    let refused = || Failure::Refused(answer.status, said.clone());
    match (answer.status, &parsed) {
        (429, _) => Outcome::Again(Pace::Limit(None), refused()),
        (409, _) => Outcome::Again(Pace::Busy, refused()),
        (408 | 500..=599, _) => match method {
            Method::Post => Outcome::Lost(unavailable(answer, &said)),
            _ => Outcome::Again(Pace::Transient, refused()),
        },
        (403, _) if fresh_token => Outcome::Again(Pace::Fresh, refused()),
        (200..=299, Ok(envelope)) if !envelope.is_refusal() => {
            Outcome::Done(envelope.result_info.clone().unwrap_or_default())
        }
        (200..=299, Ok(_)) => Outcome::Fail(refused()),
        (200..=299, Err(_)) if answer.body.trim_ascii().is_empty() => {
            lost(format!("HTTP {} without a body", answer.status))
        }
        (200..=299, Err(_)) if is_html(answer) => Outcome::Fail(Failure::Unreadable(format!(
            "HTTP {} with an HTML page instead of JSON; a proxy or a login page seems to stand in \
             the way, or base_url is wrong",
            answer.status
        ))),
        (200..=299, Err(_)) if is_compressed(answer) => unreadable(method, COMPRESSED.to_owned()),
        (200..=299, Err(error)) => lost(format!(
            "HTTP {} with incomplete or invalid JSON (line {}, column {})",
            answer.status,
            error.line(),
            error.column()
        )),
        (300..=399, _) => Outcome::Fail(Failure::Unreadable(format!(
            "HTTP {}, a redirect, which is not followed; check base_url",
            answer.status
        ))),
        (401 | 403, _) => Outcome::Fail(refused()),
        (_, Ok(envelope)) if envelope.explains() => Outcome::Fail(refused()),
        (status, _) => Outcome::Fail(Failure::Unreadable(format!(
            "HTTP {status} without an explanation in JSON{}; check base_url, which includes \
             /client/v4, and proxies",
            aside(&said)
        ))),
    }
}

/// What follows from an answer that no other try would better. A POST was carried out all
/// the same.
pub(super) fn unreadable(method: Method, cause: String) -> Outcome {
    match method {
        Method::Post => Outcome::Lost(cause),
        _ => Outcome::Fail(Failure::Unreadable(cause)),
    }
}

/// The first words of an answer that is no JSON, under a code that says nothing.
fn words(answer: &Answer, redact: impl Fn(&str) -> String) -> Vec<(i64, String)> {
    let start = answer.body.get(..READ).unwrap_or(&answer.body);
    let text = String::from_utf8_lossy(start);
    let is_page = is_html(answer);
    let text = match is_page {
        true => words_of_html(&text),
        false => text.into_owned(),
    };
    let is_text = is_page || answer.content_type.starts_with("text/");
    let words = match is_text {
        true => quote(&text, redact),
        false => String::new(),
    };
    match (is_page, words.is_empty()) {
        (true, true) => vec![(0, "an HTML page".to_owned())],
        (true, false) => vec![(0, format!("an HTML page: {words}"))],
        (false, true) => Vec::new(),
        (false, false) => vec![(0, words)],
    }
}

/// So much of an answer that is no JSON is looked at.
const READ: usize = 8 << 10;

fn aside(said: &[(i64, String)]) -> String {
    let texts = said.iter().map(|(_, text)| text.as_str());
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    match texts.is_empty() {
        true => String::new(),
        false => format!(" ({})", texts.join("; ")),
    }
}

const COMPRESSED: &str = "the answer is compressed, which was not asked for; a proxy seems to \
    stand in the way";

/// gzip, zstd, or zlib's deflate: no JSON begins like that.
fn is_compressed(answer: &Answer) -> bool {
    let beginnings: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78\x9c", b"\x78\xda"];
    beginnings
        .iter()
        .any(|bytes| answer.body.starts_with(bytes))
}

fn is_html(answer: &Answer) -> bool {
    answer.content_type.contains("html") || answer.body.trim_ascii_start().starts_with(b"<")
}

fn unavailable(answer: &Answer, said: &[(i64, String)]) -> String {
    format!("HTTP {}{}", answer.status, aside(said))
}
