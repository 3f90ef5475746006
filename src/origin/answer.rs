//! An answer in HTTP/1, as far as it has come.

use std::fmt;

use super::verdict::Outcome;

/// What is asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Head,
    Get,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "HEAD",
            Self::Get => "GET",
        })
    }
}

impl Method {
    /// Whether nothing more is to be waited for: after a HEAD comes no body, and whoever keeps
    /// the connection open ends nothing.
    pub(super) fn is_answered_by(self, answer: &[u8]) -> bool {
        match (self, final_part(answer)) {
            (_, None) => false,
            (Self::Head, Some((_, rest))) => rest.is_some(),
            (Self::Get, Some(_)) => matches!(outcome(answer), Some(Outcome::Refused(_))),
        }
    }
}

/// What an answer says; none where it is no HTTP, or has not come as far as its status.
pub(super) fn outcome(answer: &[u8]) -> Option<Outcome> {
    let (status, rest) = final_part(answer)?;
    Some(Outcome::of_answer(status, rest.unwrap_or_default()))
}

/// The status of the answer itself, past those of which the code says that more is to come
/// (1xx), and what follows its header, once that is whole.
fn final_part(mut answer: &[u8]) -> Option<(u16, Option<&[u8]>)> {
    const END: &[u8] = b"\r\n\r\n";
    loop {
        let status = status(answer)?;
        let end = answer.windows(END.len()).position(|part| part == END);
        let rest = end.and_then(|end| answer.get(end + END.len()..));
        match (status, rest) {
            (101 | 200.., rest) => return Some((status, rest)),
            (_, None) => return None,
            (_, Some(rest)) => answer = rest,
        }
    }
}

/// The status in the first line.
fn status(answer: &[u8]) -> Option<u16> {
    let (line, _) = answer.split_at_checked(answer.iter().position(|byte| *byte == b'\n')?)?;
    let line = std::str::from_utf8(line).ok()?;
    let (version, rest) = line.split_once(' ')?;
    let status = rest.get(..3)?.parse().ok()?;
    (version.starts_with("HTTP/1.") && (100..600).contains(&status)).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_header_ends_unless_a_page_may_follow() {
        for (answer, head, get, status) in [
            (&b""[..], false, false, None),
            (b"HTTP/1.1 200", false, false, None),
            (b"HTTP/1.1 200 OK\r\n", false, false, Some(200)),
            (b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n", true, false, Some(200)),
            (
                b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n",
                false,
                false,
                None,
            ),
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
                true,
                false,
                Some(204),
            ),
            (
                b"HTTP/1.1 400 Bad Request\r\n\r\nNo required SSL certificate was sent",
                true,
                true,
                Some(400),
            ),
            (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", false, false, None),
        ] {
            let shown = String::from_utf8_lossy(answer);
            assert_eq!(Method::Head.is_answered_by(answer), head, "{shown}");
            assert_eq!(Method::Get.is_answered_by(answer), get, "{shown}");
            let found = outcome(answer).and_then(|outcome| outcome.status());
            assert_eq!(found, status, "{shown}");
        }
    }
}
