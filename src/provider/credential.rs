//! Who asks, and where: the credential and the base URL, each from the provider block or
//! from the environment. A message about a value names where it came from.

use reqwest::Url;

use super::Config;
use cloudflare::{Credential, is_loopback};
use framework::{Attr, Diagnostic};
use text::{Flaw, Secret};

/// Where a value comes from: the argument of the block, and the variable.
struct Source {
    argument: &'static str,
    variable: &'static str,
}

const TOKEN: Source = Source::new("api_token", "CLOUDFLARE_API_TOKEN");
const KEY: Source = Source::new("api_key", "CLOUDFLARE_API_KEY");
const EMAIL: Source = Source::new("email", "CLOUDFLARE_EMAIL");
const BASE_URL: Source = Source::new("base_url", "CLOUDFLARE_BASE_URL");

impl Source {
    const fn new(argument: &'static str, variable: &'static str) -> Self {
        Self { argument, variable }
    }
}

const DEFAULT_BASE_URL: &str = "https://api.cloudflare.com/client/v4";

/// Looks a variable up. What is empty is not set.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The faults of the block's own values: each one, at its argument.
pub(super) fn faults(config: &Config) -> Vec<Diagnostic> {
    let (token, key) = (set(&config.api_token), set(&config.api_key));
    let email = text(&config.email);
    // What is unknown now may turn out to be null.
    let two_kinds = token.is_some() && (key.is_some() || email.is_some());
    let secrets = [(token, TOKEN), (key, KEY)];
    let flaws = secrets.into_iter().filter_map(|(secret, source)| {
        let flaw = secret?.flaw()?;
        Some(malformed(source.argument, flaw).at(source.argument))
    });
    let url = text(&config.base_url).map(|url| read_url(url, BASE_URL.argument));
    let url = url
        .and_then(Result::err)
        .map(|error| error.at(BASE_URL.argument));
    let email = email.and_then(|email| email_fault(email, EMAIL.argument));
    flaws
        .chain(two_kinds.then(self::two_kinds))
        .chain(email.map(|error| error.at(EMAIL.argument)))
        .chain(url)
        .collect()
}

/// The one credential: the block's, or else the environment's, where a token comes before
/// a key. The error is told where the API is first needed.
pub(super) fn credential(config: &Config, env: Env<'_>) -> Result<Credential, Diagnostic> {
    let secret = |attr: &Attr<Secret>, source: &Source| {
        let secret = set(attr)?;
        Some((secret.clone(), source.argument))
    };
    let from_env = |source: &Source| {
        let secret = Secret::new(env(source.variable)?);
        Some((secret, source.variable))
    };
    let is_in_block = set(&config.api_token).is_some() || set(&config.api_key).is_some();
    let (token, key) = match is_in_block {
        true => (
            secret(&config.api_token, &TOKEN),
            secret(&config.api_key, &KEY),
        ),
        false => (from_env(&TOKEN), from_env(&KEY)),
    };
    let given = token.as_ref().or(key.as_ref());
    if let Some(flaw) = given.and_then(|(secret, from)| Some(malformed(from, secret.flaw()?))) {
        return Err(flaw);
    }
    if let Some((token, _)) = token {
        return Ok(Credential::Token(token));
    }
    let (key, from) = key.ok_or_else(missing)?;
    let email = match text(&config.email) {
        Some(email) => Some((email.clone(), EMAIL.argument)),
        None => env(EMAIL.variable).map(|email| (email, EMAIL.variable)),
    };
    let (email, email_from) = email.ok_or_else(|| incomplete(from))?;
    match email_fault(&email, email_from) {
        Some(fault) => Err(fault),
        None => Ok(Credential::Key { email, key }),
    }
}

/// What a credential is, and where it comes from where no block gives one.
pub(super) fn describe(credential: &Credential) -> &'static str {
    match credential {
        Credential::Token(_) => "API token from CLOUDFLARE_API_TOKEN",
        Credential::Key { .. } => "API key from CLOUDFLARE_API_KEY",
    }
}

/// The base URL: the block's, the environment's, or Cloudflare's own.
pub(super) fn base_url(config: &Config, env: Env<'_>) -> Result<Url, Diagnostic> {
    let from_env = || env(BASE_URL.variable).map(|url| (url, BASE_URL.variable));
    let given = text(&config.base_url).map(|url| (url.clone(), BASE_URL.argument));
    let given = given.or_else(from_env);
    let (url, from) = given.unwrap_or_else(|| (DEFAULT_BASE_URL.to_owned(), BASE_URL.argument));
    read_url(&url, from)
}

/// The arguments that are not known yet.
pub(super) fn unknown(config: &Config) -> impl Iterator<Item = &'static str> {
    let arguments = [
        (TOKEN, config.api_token.is_unknown()),
        (KEY, config.api_key.is_unknown()),
        (EMAIL, config.email.is_unknown()),
        (BASE_URL, config.base_url.is_unknown()),
    ];
    let unknown = arguments.into_iter().filter(|(_, unknown)| *unknown);
    unknown.map(|(source, _)| source.argument)
}

fn set(attr: &Attr<Secret>) -> Option<&Secret> {
    attr.known().filter(|secret| !secret.is_empty())
}

fn text(attr: &Attr<String>) -> Option<&String> {
    attr.known().filter(|text| !text.is_empty())
}

/// An API over plain HTTP would show the credential to the network, so only this machine
/// may have one.
fn read_url(text: &str, from: &str) -> Result<Url, Diagnostic> {
    let invalid = |detail: &str| Diagnostic::error("Invalid base_url", format!("{from} {detail}"));
    let url = Url::parse(text.trim());
    let url =
        url.map_err(|_| invalid("is not a URL: write https://, the host, and /client/v4."))?;
    match url.scheme() {
        _ if url.query().is_some() || url.fragment().is_some() => {
            Err(invalid("has a query or a fragment. It ends in /client/v4."))
        }
        _ if !url.username().is_empty() || url.password().is_some() => Err(invalid(
            "holds a user or a password. Give the credential as api_token.",
        )),
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(invalid(
            "uses http, which would show the credential to the network. Use https; http is for \
             addresses of this machine only.",
        )),
        _ => Err(invalid("must start with https://.")),
    }
}

fn malformed(from: &str, flaw: Flaw) -> Diagnostic {
    let detail = match flaw {
        Flaw::Quotes => format!(
            "{from} has quotes around it, which belong to the shell or the file that it was copied \
             from. Set it again without them."
        ),
        Flaw::Label => format!(
            "{from} begins with a word such as \"Bearer\", which belongs to the header. Set it to \
             the token alone."
        ),
        Flaw::Whitespace => format!(
            "{from} holds whitespace. Was it copied with a line break? Set it again without."
        ),
        Flaw::Characters => format!(
            "{from} holds characters that no credential of Cloudflare's has. Copy it again."
        ),
    };
    Diagnostic::error("Malformed credential", detail)
}

fn email_fault(email: &str, from: &str) -> Option<Diagnostic> {
    let is_plain = email.bytes().all(|byte| byte.is_ascii_graphic());
    let is_address = is_plain && email.contains('@') && !email.contains(['"', '\'']);
    (!is_address).then(|| {
        let detail = format!(
            "{from} is not the address of a user: it holds whitespace or quotes, or no @. Give the \
             address of the user of api_key."
        );
        Diagnostic::error("Malformed credential", detail)
    })
}

fn two_kinds() -> Diagnostic {
    Diagnostic::error(
        "Conflicting credentials",
        "Both api_token and api_key or email are set. Keep one kind of credential: an API token, \
         or an API key with its user's address.",
    )
}

fn incomplete(from: &str) -> Diagnostic {
    Diagnostic::error(
        "Incomplete credential",
        format!(
            "{from} needs the address of its user: set email, or the environment variable \
             CLOUDFLARE_EMAIL; or use api_token instead."
        ),
    )
}

fn missing() -> Diagnostic {
    Diagnostic::error(
        "No credential for Cloudflare",
        "Set api_token in the provider block, or the environment variable CLOUDFLARE_API_TOKEN, to \
         an API token with the permission \"SSL and Certificates: Edit\" for the zones (\"Read\" \
         is enough to plan). The older pair api_key and email (CLOUDFLARE_API_KEY, \
         CLOUDFLARE_EMAIL) works too.",
    )
}
