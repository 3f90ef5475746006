//! One request, one answer. The only file that opens connections and, beside the
//! key match, the only one that takes secrets out of their wrapper.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::Serialize;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::network::Network;
use super::{Answer, Body, Method, Ray, Request, SendError, Transport, Way};
use text::Secret;

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

/// Requests over the network. Certificate authorities come from the environment and the
/// system.
pub struct Http {
    connection: Arc<Connection>,
    network: OnceCell<Network>,
}

/// A server, and how it is reached.
pub struct Server {
    /// Where it is, with `/client/v4`.
    pub base_url: Url,
    /// Which way requests go.
    pub way: Way,
    /// Who asks.
    pub credential: Credential,
    /// With which program.
    pub user_agent: String,
    /// No single try takes longer.
    pub request_timeout: Duration,
}

/// How long one try may take, as long as nobody says anything else.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// A page of 1,000 associations has about 300 KB.
const LARGEST_ANSWER: usize = 16 << 20;

impl Http {
    /// Connects to nothing yet.
    pub fn new(server: Server) -> Self {
        let connection = Connection {
            server,
            client: OnceCell::new(),
        };
        Self {
            connection: Arc::new(connection),
            network: OnceCell::new(),
        }
    }

    fn secret(&self) -> &Secret {
        match &self.connection.server.credential {
            Credential::Token(secret) | Credential::Key { key: secret, .. } => secret,
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Answer, SendError> {
        let not_sent = |error: std::io::Error| SendError::NotSent {
            cause: error.to_string(),
            passing: false,
        };
        let network = self.network.get_or_try_init(|| async { Network::start() });
        let network = network.await.map_err(not_sent)?;
        let (connection, request) = (Arc::clone(&self.connection), request.clone());
        let answer = network.run(async move { connection.exchange(&request).await });
        answer.await.unwrap_or_else(|_| {
            let cause = "the request came to no end".to_owned();
            Err(SendError::Lost { cause })
        })
    }
}

/// The connections to a server, once there are any.
struct Connection {
    server: Server,
    client: OnceCell<reqwest::Client>,
}

impl Connection {
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
        let mut builder = client.request(method, self.url(&request.path)?);
        builder = match &self.server.credential {
            Credential::Token(token) => builder.bearer_auth(token.expose()),
            Credential::Key { email, key } => builder
                .header("x-auth-email", email)
                .header("x-auth-key", sensitive(key)?),
        };
        if let Some(body) = &request.body {
            builder = builder
                .header("content-type", "application/json")
                .body(Bytes::from_owner(body.to_bytes()));
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
            ray: header("cf-ray").and_then(|text| Ray::parse(&text)),
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

    /// The URL of a path. None is sent that means something else than was written: a
    /// segment such as `..` would change what a request is about.
    fn url(&self, path: &str) -> Result<Url, SendError> {
        let base = self.server.base_url.as_str().trim_end_matches('/');
        let text = format!("{base}{path}");
        let url = Url::parse(&text).ok();
        let url = url.filter(|url| url.as_str() == text && !path.contains("//"));
        url.ok_or_else(|| SendError::NotSent {
            cause: "the path of the request is malformed".to_owned(),
            passing: false,
        })
    }

    /// Sorts the failures of a request whose answer never began, and says who did not
    /// answer.
    fn failure(&self, error: &reqwest::Error) -> SendError {
        if !error.is_connect() && !error.is_builder() {
            return lost(error);
        }
        let cause = chain(error);
        let lower = cause.to_lowercase();
        let is_proxys = ["tunnel", "proxy", "socks"]
            .iter()
            .any(|word| lower.contains(word));
        let who = match &self.server.way {
            Way::Through(proxy) if is_proxys => format!("proxy {}", place(proxy)),
            _ => place(&self.server.base_url),
        };
        SendError::NotSent {
            cause: format!("{who}: {cause}"),
            passing: !HOPELESS.iter().any(|word| lower.contains(word)),
        }
    }

    fn client(&self) -> Result<reqwest::Client, SendError> {
        let unusable = |error: reqwest::Error| SendError::NotSent {
            cause: chain(&error),
            passing: false,
        };
        let mut builder = reqwest::Client::builder().no_proxy();
        if let Way::Through(proxy) = &self.server.way {
            builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(unusable)?);
        }
        builder
            .user_agent(&self.server.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(self.server.request_timeout)
            // A redirect would carry the credential to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(unusable)
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
        self.secret().erased_from(text)
    }

    fn is_echoed_in(&self, answer: &[u8]) -> bool {
        self.secret().is_in(answer)
    }
}

/// What no other try can change: TLS, a proxy that says no, an URL that is none.
const HOPELESS: [&str; 5] = [
    "certificate",
    "proxy authorization",
    "tunnel error: unsuccessful",
    "builder",
    "invalid url",
];

/// A header that no library keeps or prints.
fn sensitive(secret: &Secret) -> Result<HeaderValue, SendError> {
    let value = HeaderValue::from_str(secret.expose());
    let mut value = value.map_err(|_| SendError::NotSent {
        cause: "the credential is malformed".to_owned(),
        passing: false,
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Host and port of a server, without its credential.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url
        .port_or_known_default()
        .filter(|_| url.scheme() != "https")
    {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
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

/// An upload as JSON.
#[derive(Serialize)]
struct UploadJson<'a> {
    certificate: &'a str,
    private_key: &'a str,
}

impl Body {
    /// The bytes on the wire, in the one place where they are: wiped when it goes.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.room()));
        // Writing to memory does not fail.
        let _ = match self {
            Self::Json(json) => serde_json::to_writer(&mut *bytes, json),
            Self::Upload {
                certificate,
                private_key,
            } => {
                let upload = UploadJson {
                    certificate,
                    private_key: private_key.expose(),
                };
                serde_json::to_writer(&mut *bytes, &upload)
            }
        };
        bytes
    }

    /// Whether an answer repeats a line of the key that is sent.
    pub(super) fn is_echoed_in(&self, answer: &[u8]) -> bool {
        match self {
            Self::Json(_) => false,
            Self::Upload {
                certificate,
                private_key,
            } => private_key.has_line_in(answer, certificate),
        }
    }

    /// A text without any piece of the key that is sent, should an answer have repeated it.
    pub(super) fn redact(&self, text: &str) -> String {
        match self {
            Self::Json(_) => text.to_owned(),
            Self::Upload { private_key, .. } => private_key.pieces_erased_from(text),
        }
    }

    /// What an upload takes at most, so that its buffer never moves: a line break is two
    /// characters in JSON, and PEM has nothing that takes more.
    fn room(&self) -> usize {
        match self {
            Self::Json(_) => 0,
            Self::Upload {
                certificate,
                private_key,
            } => 64 + 2 * (certificate.len() + private_key.expose().len()),
        }
    }
}
