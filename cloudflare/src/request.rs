//! A request and its answer, as the rest of the client sees them, and what carries them.

use std::fmt;
use std::pin::Pin;

use serde_json::Value as Json;

use text::Secret;

/// An HTTP method of this API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates; not idempotent.
    Post,
    /// Sets.
    Put,
    /// Changes a setting.
    Patch,
    /// Deletes.
    Delete,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// Below the base URL, with a leading slash and the query.
    pub path: String,
    /// What to send.
    pub body: Option<Body>,
}

/// What a request sends.
#[derive(Clone, Debug)]
pub enum Body {
    /// Anything that is not secret.
    Json(Json),
    /// A certificate (PEM) with its private key.
    Upload {
        /// The certificate.
        certificate: String,
        /// The key.
        private_key: Secret,
    },
}

/// One answer, as far as anybody looks at it.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `content-type`.
    pub content_type: String,
    /// `retry-after`.
    pub retry_after: Option<String>,
    /// `ratelimit`.
    pub ratelimit: Option<String>,
    /// `date`, the server's clock.
    pub date: Option<String>,
    /// `cf-ray`, where it has its form.
    pub ray: Option<Ray>,
    /// The body.
    pub body: Vec<u8>,
}

/// Cloudflare's name for a request, such as `8f1c5a7b9d2e4f60-FRA`: the one header that
/// is shown, so nothing that a server makes up passes for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ray(String);

impl Ray {
    /// Reads the header.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, place) = text.split_once('-').unwrap_or((text, "AAA"));
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_name = name.len() == 16 && name.bytes().all(is_hex);
        let is_place = place.len() == 3 && place.bytes().all(|byte| byte.is_ascii_uppercase());
        (is_name && is_place).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Ray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request without an answer.
#[derive(Clone, Debug)]
pub enum SendError {
    /// Nothing was sent. `passing` says whether another try can help.
    NotSent {
        /// What went wrong, without secrets.
        cause: String,
        /// Whether it may pass by itself.
        passing: bool,
    },
    /// It may have been carried out.
    Lost {
        /// What went wrong, without secrets.
        cause: String,
    },
    /// The answer is larger than any this API gives.
    TooLarge,
}

/// Carries requests to the API. Besides HTTP, tests carry them straight into
/// the simulator, where time can stand still.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for its answer.
    fn send<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 'a>>;

    /// A text without the credential, should an answer have repeated it.
    fn redact(&self, text: &str) -> String {
        text.to_owned()
    }

    /// Whether an answer repeats the credential: then nothing in it can be believed, or kept.
    fn is_echoed_in(&self, _answer: &[u8]) -> bool {
        false
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        })
    }
}
