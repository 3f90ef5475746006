//! What can go wrong on the way to an answer.

use std::fmt;
use std::time::Duration;

use super::{Interrupted, Method, Ray};

/// Codes that say the credential may not do this. Older parts of the API say so with
/// HTTP 400.
pub const PERMISSION: [i64; 2] = [9109, 10000];
/// Codes that say the credential itself is wrong.
pub const CREDENTIAL: [i64; 5] = [6003, 6111, 9103, 9106, 10001];
/// Codes that say there is no such zone, or no such endpoint.
pub const NO_ROUTE: [i64; 2] = [7000, 7003];

/// A request that did not succeed. `Display` is one paragraph for the user,
/// free of secrets and of foreign HTML.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Cloudflare understood and said no.
    #[error("{0}")]
    Refused(Refusal),
    /// The zone is there, but this API has no list of its associations.
    #[error("this API does not list associations. {0}")]
    Unlisted(Refusal),
    /// Nothing reached Cloudflare.
    #[error("Cloudflare could not be reached: {cause}. {trace}")]
    Unreachable {
        /// What went wrong.
        cause: String,
        /// What was tried.
        trace: Trace,
    },
    /// The request may have been carried out, but its answer was lost.
    #[error("the answer of Cloudflare was lost: {cause}. {trace}")]
    Lost {
        /// What went wrong.
        cause: String,
        /// What was tried.
        trace: Trace,
    },
    /// Something answered that does not speak this API.
    #[error("the answer cannot be understood: {cause}. {trace}")]
    Unreadable {
        /// What was found.
        cause: String,
        /// What was tried.
        trace: Trace,
    },
    /// The rate limit asks for a longer wait than the operation has left.
    #[error(
        "the rate limit (Cloudflare's 1,200 requests per five minutes for each user or token, or \
         requests_per_second) asks to wait {} s, which is longer than this operation may still take",
        delay.as_secs()
    )]
    RateLimited {
        /// How long it asks to wait.
        delay: Duration,
    },
    /// Nothing was sent, or not again: it is no longer wanted.
    #[error("it is no longer wanted")]
    Withdrawn,
    /// The operation had to stop. `sent` tells whether a request was under way.
    #[error("{}", stopped(*.why, *.sent))]
    Stopped {
        /// Why.
        why: Interrupted,
        /// Whether a request that changes something was under way.
        sent: bool,
    },
}

/// A definite no.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Cloudflare's codes and messages, cleaned.
    pub messages: Vec<(i64, String)>,
    /// What was tried.
    pub trace: Trace,
}

/// What was tried, for the end of a message.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The method.
    pub method: Method,
    /// The path below the base URL.
    pub path: String,
    /// How many times.
    pub attempts: u32,
    /// From the first try to the last answer.
    pub elapsed: Duration,
    /// Cloudflare's name for the last request.
    pub ray: Option<Ray>,
    /// Whether it was not tried again because the operation has no time left.
    pub out_of_time: bool,
}

impl Error {
    /// Whether Cloudflare refused with this code.
    pub fn has_code(&self, code: i64) -> bool {
        match self {
            Self::Refused(refusal) => refusal.messages.iter().any(|(found, _)| *found == code),
            _ => false,
        }
    }

    /// Whether Cloudflare refused and this occurs in what it said.
    pub fn says(&self, part: &str) -> bool {
        match self {
            Self::Refused(refusal) => refusal
                .messages
                .iter()
                .any(|(_, message)| message.to_lowercase().contains(part)),
            _ => false,
        }
    }

    /// Whether the API has no such endpoint, or no such zone. A refusal for another reason
    /// says nothing of the kind.
    pub fn is_no_route(&self) -> bool {
        let refused = matches!(self, Self::Refused(refusal) if refusal.status == 405);
        refused || NO_ROUTE.iter().any(|code| self.has_code(*code))
    }

    /// Whether it is about who asked, and how long that may take, rather than about what
    /// was asked.
    pub fn is_of_one(&self) -> bool {
        match self {
            Self::Stopped { .. } | Self::RateLimited { .. } | Self::Withdrawn => true,
            Self::Refused(Refusal { trace, .. })
            | Self::Unlisted(Refusal { trace, .. })
            | Self::Unreachable { trace, .. }
            | Self::Lost { trace, .. }
            | Self::Unreadable { trace, .. } => trace.out_of_time,
        }
    }

    /// Whether Cloudflare refused what the request says, rather than who asks, when, or
    /// where: then a part of it may be accepted.
    pub fn is_about_content(&self) -> bool {
        let Self::Refused(refusal) = self else {
            return false;
        };
        let elsewhere = [401, 403, 405, 408, 409, 429].contains(&refusal.status);
        let codes = CREDENTIAL.iter().chain(&PERMISSION).chain(&NO_ROUTE);
        let of_others = codes.copied().any(|code| self.has_code(code));
        (200..500).contains(&refusal.status) && !elsewhere && !of_others
    }

    /// Whether it says for certain that the request was not carried out.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Refused(refusal) | Self::Unlisted(refusal) => refusal.status < 500,
            Self::Unreachable { trace, .. } => trace.attempts <= 1,
            Self::Lost { .. }
            | Self::Unreadable { .. }
            | Self::Stopped { .. }
            | Self::RateLimited { .. }
            | Self::Withdrawn => false,
        }
    }

    /// Whether the object that was asked for does not exist: 1551 and 1552 for
    /// certificates, 1553 for associations. Any other 404 says nothing of the kind.
    pub fn is_gone(&self) -> bool {
        self.is_about_object() && [1551, 1552, 1553].iter().any(|code| self.has_code(*code))
    }

    /// Whether Cloudflare says that the credential may not do this. A 403 without a code comes
    /// from somebody else.
    pub fn is_forbidden(&self) -> bool {
        let Self::Refused(refusal) = self else {
            return false;
        };
        let is_own = refusal.messages.iter().any(|(code, _)| *code != 0);
        PERMISSION.iter().any(|code| self.has_code(*code)) || refusal.status == 403 && is_own
    }

    /// Whether the way to Cloudflare is the matter, so that any other request fails as well.
    pub fn is_about_the_way(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Lost { .. } | Self::Stopped { .. }
        )
    }

    /// Whether a refusal is about the object that was asked for, rather than who asked.
    pub fn is_about_object(&self) -> bool {
        let about = |refusal: &Refusal| matches!(refusal.status, 200..=299 | 400 | 404 | 409 | 410);
        matches!(self, Self::Refused(refusal) if about(refusal))
    }
}

impl From<Interrupted> for Error {
    /// An interruption between requests.
    fn from(why: Interrupted) -> Self {
        Self::Stopped { why, sent: false }
    }
}

fn stopped(why: Interrupted, sent: bool) -> String {
    let why = match why {
        Interrupted::Deadline => "the timeout of the operation was reached",
        Interrupted::Cancelled => "the operation was interrupted",
    };
    if sent {
        format!("{why} while a request was under way, so it may have been carried out")
    } else {
        why.to_owned()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloudflare answered HTTP {}", self.status)?;
        for (position, (code, message)) in self.messages.iter().enumerate() {
            let separator = if position == 0 { ": " } else { "; " };
            match code {
                0 => write!(f, "{separator}{message}")?,
                code => write!(f, "{separator}{message:?} (code {code})")?,
            }
        }
        write!(f, ". {}", self.trace)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "Request: {} {path}", self.method)?;
        if self.attempts > 1 {
            let seconds = self.elapsed.as_secs();
            write!(f, ", {} attempts in {seconds} s", self.attempts)?;
        }
        if let Some(ray) = &self.ray {
            write!(f, ", cf-ray {ray}")?;
        }
        f.write_str(".")
    }
}
