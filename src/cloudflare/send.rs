//! One request, one answer. The only file that opens connections and, beside the
//! key match, the only one that takes secrets out of their wrapper.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;

use crate::secret::Secret;

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

impl Body {
    /// The bytes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Json(json) => json.to_string().into_bytes(),
            Self::Upload {
                certificate,
                private_key,
            } => json!({
                "certificate": certificate,
                "private_key": private_key.expose(),
            })
            .to_string()
            .into_bytes(),
        }
    }
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
    /// `cf-ray`, Cloudflare's name for the request.
    pub ray: Option<String>,
    /// The body.
    pub body: Vec<u8>,
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

/// Carries requests to the API. Besides [`Http`], tests carry them straight into
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
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An API token.
    Token(Secret),
    /// The older pair of a global key and its user's address.
    Key {
        /// The address.
        email: String,
        /// The key.
        key: Secret,
    },
}

/// Requests over the network. Proxies and certificate authorities come from the
/// environment and the system.
pub struct Http {
    base_url: String,
    credential: Credential,
    user_agent: String,
    /// No single try takes longer. A minute, unless it is set.
    pub request_timeout: Duration,
    client: OnceCell<reqwest::Client>,
}

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// A page of 1,000 associations has about 300 KB.
const LARGEST_ANSWER: usize = 16 << 20;

impl Http {
    /// Connects to nothing yet. `base_url` includes `/client/v4`.
    pub fn new(base_url: &str, credential: Credential, user_agent: String) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            credential,
            user_agent,
            request_timeout: REQUEST_TIMEOUT,
            client: OnceCell::new(),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Answer, SendError> {
        let client = self
            .client
            .get_or_try_init(|| async { self.client() })
            .await?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = client.request(method, format!("{}{}", self.base_url, request.path));
        builder = match &self.credential {
            Credential::Token(token) => builder.bearer_auth(token.expose()),
            Credential::Key { email, key } => builder
                .header("x-auth-email", email)
                .header("x-auth-key", key.expose()),
        };
        if let Some(body) = &request.body {
            builder = builder
                .header("content-type", "application/json")
                .body(body.to_bytes());
        }
        let sent = builder.send().await;
        let mut response = sent.map_err(|error| self.failure(&error))?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after"),
            ratelimit: header("ratelimit"),
            // What a cache has kept says an old date.
            date: header("date").filter(|_| header("age").is_none()),
            ray: header("cf-ray"),
            body: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
            if answer.body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(SendError::TooLarge);
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    /// Sorts the failures of a request whose answer never began, and says who did not
    /// answer.
    fn failure(&self, error: &reqwest::Error) -> SendError {
        if !error.is_connect() && !error.is_builder() {
            return lost(error);
        }
        let cause = chain(error);
        let lower = cause.to_lowercase();
        let proxy = proxy().filter(|_| lower.contains("tunnel") || lower.contains("proxy"));
        let who = match proxy {
            Some(proxy) => format!("proxy {proxy}"),
            None => host(&self.base_url).unwrap_or_default(),
        };
        SendError::NotSent {
            cause: format!("{who}: {cause}"),
            passing: !HOPELESS.iter().any(|word| lower.contains(word)),
        }
    }

    fn client(&self) -> Result<reqwest::Client, SendError> {
        let mut builder = reqwest::Client::builder();
        if is_loopback(&self.base_url) {
            // A proxy could not reach it, and would see the credential in clear.
            builder = builder.no_proxy();
        }
        builder
            .user_agent(&self.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(self.request_timeout)
            // A redirect would carry the credential to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SendError::NotSent {
                cause: chain(&error),
                passing: false,
            })
    }
}

impl Transport for Http {
    fn send<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 'a>> {
        Box::pin(self.exchange(request))
    }

    fn redact(&self, text: &str) -> String {
        match &self.credential {
            Credential::Token(secret) | Credential::Key { key: secret, .. } => {
                secret.erased_from(text)
            }
        }
    }
}

/// Whether a URL names this machine itself.
pub fn is_loopback(url: &str) -> bool {
    matches!(
        host(url).as_deref(),
        Some("localhost" | "127.0.0.1" | "[::1]")
    )
}

fn host(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    url.host_str().map(str::to_owned)
}

/// What no other try can change: TLS, a proxy that says no, an URL that is none.
const HOPELESS: [&str; 5] = [
    "certificate",
    "proxy authorization",
    "tunnel error: unsuccessful",
    "builder",
    "invalid url",
];

/// Host and port of the proxy that the environment names for `https`, without its
/// credential.
fn proxy() -> Option<String> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let url = names
        .into_iter()
        .find_map(|name| std::env::var(name).ok())?;
    let url = reqwest::Url::parse(&url).ok()?;
    let port = url.port_or_known_default()?;
    Some(format!("{}:{port}", url.host_str()?))
}

fn lost(error: &reqwest::Error) -> SendError {
    SendError::Lost {
        cause: chain(error),
    }
}

/// The whole story of an error without the URL, which the caller knows.
fn chain(error: &dyn std::error::Error) -> String {
    let mut parts = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let text = text.split(" for url (").next().unwrap_or_default();
        if !parts.iter().any(|part| part == text) {
            parts.push(text.to_owned());
        }
        next = error.source();
    }
    parts.join(": ")
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
