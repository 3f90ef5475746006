//! The provider: its arguments, its environment, and what it offers.

use jiff::Timestamp;

use crate::cloudflare::{Client, Credential, Http, Options, is_loopback};
use crate::framework::{
    AnyDataSource, AnyListResource, AnyResource, Attr, Configured, Diagnostic, Diagnostics,
    Function, Host, Model, Provider, Walk,
};
use crate::functions;
use crate::resources::{self, Api, Settings};
use crate::secret::Secret;
use crate::value::Number;

/// The provider. Everything from outside is an argument of it.
pub struct Aop {
    /// The environment.
    pub env: fn(&str) -> Option<String>,
    /// The wall clock.
    pub clock: fn() -> Timestamp,
    /// The seed of all chance.
    pub seed: u64,
}

/// The provider's arguments.
#[derive(Clone, Default, PartialEq)]
pub struct Config {
    api_token: Attr<Secret>,
    api_key: Attr<Secret>,
    email: Attr<String>,
    base_url: Attr<String>,
    requests_per_second: Attr<Number>,
    max_retries: Attr<Number>,
    expiry_warning_days: Attr<Number>,
}

const DEFAULT_BASE_URL: &str = "https://api.cloudflare.com/client/v4";
const TOKEN: (&str, &str) = ("api_token", "CLOUDFLARE_API_TOKEN");
const KEY: (&str, &str) = ("api_key", "CLOUDFLARE_API_KEY");
const EMAIL: (&str, &str) = ("email", "CLOUDFLARE_EMAIL");
const BASE_URL: (&str, &str) = ("base_url", "CLOUDFLARE_BASE_URL");

impl Model for Config {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            api_token,
            api_key,
            email,
            base_url,
            requests_per_second,
            max_retries,
            expiry_warning_days,
        } = self;
        walk.attr("api_token", api_token).optional().sensitive().doc(
            "API token with the permission \"SSL and Certificates: Edit\" (\"Read\" is enough to \
             plan). Default: the environment variable `CLOUDFLARE_API_TOKEN`.",
        );
        walk.attr("api_key", api_key).optional().sensitive().doc(
            "Global API key, the older credential; needs `email`. Default: the environment \
             variable `CLOUDFLARE_API_KEY`.",
        );
        walk.attr("email", email).optional().doc(
            "Address of the user of `api_key`. Default: the environment variable \
             `CLOUDFLARE_EMAIL`.",
        );
        walk.attr("base_url", base_url).optional().doc(
            "Base URL of the API, with `/client/v4`. Default: the environment variable \
             `CLOUDFLARE_BASE_URL`, else Cloudflare.",
        );
        walk.attr("requests_per_second", requests_per_second)
            .optional()
            .doc("Most requests sent in a second. Default: as many as Cloudflare's limit allows.");
        walk.attr("max_retries", max_retries).optional().doc(
            "How often a request that failed is repeated. Default: until the operation's time-out.",
        );
        walk.attr("expiry_warning_days", expiry_warning_days)
            .optional()
            .doc(
                "How many days before a certificate expires plans begin to warn of it. `0` turns \
                 these warnings off. Default `30`.",
            );
    }
}

impl Provider for Aop {
    type Config = Config;
    type Api = Api;
    type Settings = Settings;
    const DOC: &'static str = "Manages Cloudflare Authenticated Origin Pulls: the client \
        certificates that Cloudflare's edge presents to origins, the hostnames they serve, and \
        the switches.";

    fn resources(&self) -> Vec<Box<dyn AnyResource<Api, Settings>>> {
        resources::all()
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Api>>> {
        resources::data_sources()
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Api>>> {
        resources::list_resources()
    }

    fn functions(&self) -> Vec<Box<dyn Function>> {
        functions::all()
    }

    fn validate(&self, config: &Config, report: &mut Diagnostics) {
        check_text(
            TOKEN.0,
            config.api_token.known().map(Secret::is_plain),
            report,
        );
        check_text(KEY.0, config.api_key.known().map(Secret::is_plain), report);
        // What is unknown now may turn out to be null.
        let older = config.api_key.known().is_some() || config.email.known().is_some();
        if older && config.api_token.known().is_some() {
            report.push(two_kinds("api_token", "api_key or email"));
        }
        report.extend(config.base_url.known().and_then(|url| check_url(url).err()));
        report.extend(
            config
                .email
                .known()
                .and_then(|email| check_email(email).err()),
        );
        report.extend(rate(&config.requests_per_second).err());
        report.extend(retries(&config.max_retries).err());
        report.extend(warning_days(&config.expiry_warning_days).err());
    }

    fn settings(&self, config: &Config) -> Settings {
        let days = warning_days(&config.expiry_warning_days).ok().flatten();
        days.map_or_else(Settings::default, |expiry_warning_days| Settings {
            expiry_warning_days,
        })
    }

    fn configure(&self, config: &Config, host: &Host) -> Result<Configured<Api>, Diagnostics> {
        let mut report = Diagnostics::default();
        self.validate(config, &mut report);
        if report.has_error() {
            return Err(report);
        }
        let unknown = config.unknown();
        if !unknown.is_empty() {
            return Ok(Configured::Unknown(unknown));
        }
        let base_url = config
            .base_url
            .known()
            .cloned()
            .or_else(|| self.set(BASE_URL.1));
        let base_url = base_url.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        check_url(&base_url)?;
        let credential = match self.credential(config)? {
            Ok(credential) => credential,
            Err(missing) => return Ok(Configured::Missing(missing)),
        };
        let http = Http::new(&base_url, credential, self.user_agent(host));
        let options = Options {
            requests_per_second: rate(&config.requests_per_second)?,
            max_retries: retries(&config.max_retries)?,
            seed: self.seed,
            clock: self.clock,
        };
        Ok(Configured::Ready(Client::new(Box::new(http), &options)))
    }
}

impl Config {
    /// The arguments whose values are not known yet.
    fn unknown(&self) -> Vec<&'static str> {
        let arguments = [
            (TOKEN.0, self.api_token.is_unknown()),
            (KEY.0, self.api_key.is_unknown()),
            (EMAIL.0, self.email.is_unknown()),
            (BASE_URL.0, self.base_url.is_unknown()),
            ("requests_per_second", self.requests_per_second.is_unknown()),
            ("max_retries", self.max_retries.is_unknown()),
        ];
        let unknown = arguments.into_iter().filter(|(_, unknown)| *unknown);
        unknown.map(|(name, _)| name).collect()
    }
}

impl Aop {
    /// A variable of the environment that is set to something.
    fn set(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    /// The one credential; a message where there is none; an error where there are
    /// two, or half of one. Configuration comes before the environment.
    fn credential(&self, config: &Config) -> Result<Result<Credential, Diagnostic>, Diagnostics> {
        let configured = [&config.api_token, &config.api_key].map(|attr| attr.known().cloned());
        let from_block = configured.iter().any(Option::is_some);
        let from_env = |name| match from_block {
            true => None,
            false => self.set(name).map(Secret::new),
        };
        let [token, key] = configured;
        let token = token.or_else(|| from_env(TOKEN.1));
        let key = key.or_else(|| from_env(KEY.1));
        let email = config.email.known().cloned().or_else(|| self.set(EMAIL.1));
        if let (Some(_), Some(email)) = (&key, &email) {
            check_email(email)?;
        }
        for (secret, name) in [(&token, TOKEN), (&key, KEY)] {
            if !from_block && secret.as_ref().is_some_and(|secret| !secret.is_plain()) {
                return Err(not_plain(name.1).into());
            }
        }
        match (token, key, email) {
            (Some(_), Some(_), _) => Err(two_kinds(TOKEN.1, KEY.1).into()),
            (Some(token), None, _) => Ok(Ok(Credential::Token(token))),
            (None, Some(key), Some(email)) => Ok(Ok(Credential::Key { email, key })),
            (None, Some(_), None) => {
                let detail = "api_key needs the address of its user: set email, or the environment \
                              variable CLOUDFLARE_EMAIL; or use api_token instead.";
                let error = Diagnostic::error("Incomplete credential", detail);
                Err(if from_block {
                    error.at("api_key")
                } else {
                    error
                }
                .into())
            }
            (None, None, _) => Ok(Err(Diagnostic::error(
                "No credential for Cloudflare",
                "Set api_token in the provider block, or the environment variable \
                 CLOUDFLARE_API_TOKEN, to an API token with the permission \"SSL and Certificates: \
                 Edit\" for the zones (\"Read\" is enough to plan). The older pair api_key and \
                 email (CLOUDFLARE_API_KEY, CLOUDFLARE_EMAIL) works too.",
            ))),
        }
    }

    fn user_agent(&self, host: &Host) -> String {
        let own = concat!("terraform-provider-aop/", env!("CARGO_PKG_VERSION"));
        let appended = self.set("TF_APPEND_USER_AGENT").unwrap_or_default();
        let agent = format!("{own} Terraform/{} {}", host.version, appended.trim());
        let plain = |c: &char| c.is_ascii() && !c.is_ascii_control();
        agent.trim().chars().filter(plain).collect()
    }
}

fn check_text(argument: &str, plain: Option<bool>, report: &mut Diagnostics) {
    if plain == Some(false) {
        report.push(not_plain(argument).at(argument));
    }
}

fn not_plain(source: &str) -> Diagnostic {
    Diagnostic::error(
        "Malformed credential",
        format!(
            "{source} is empty, or holds white space or characters that no credential of \
             Cloudflare's has. Was it copied with a line break, or with quotes? Set it again."
        ),
    )
}

fn two_kinds(first: &str, second: &str) -> Diagnostic {
    Diagnostic::error(
        "Two credentials",
        format!(
            "Both {first} and {second} are set. Keep one kind of credential: an API token, or an \
             API key with its user's address."
        ),
    )
}

/// An API over plain HTTP would show the credential to the network, so only this
/// machine may have one.
fn check_url(url: &str) -> Result<(), Diagnostic> {
    let invalid = |detail: &str| Diagnostic::error("Invalid base_url", detail).at("base_url");
    let parsed = reqwest::Url::parse(url);
    let parsed = parsed
        .map_err(|_| invalid("base_url is not a URL: write https://, the host, and /client/v4."))?;
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(invalid(
            "base_url uses http, which would show the credential to the network. Use https; http \
             is for addresses of this machine only.",
        )),
        _ => Err(invalid("base_url must start with https://.")),
    }
}

fn check_email(email: &str) -> Result<(), Diagnostic> {
    if !email.is_empty() && email.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let detail = "email is empty, or holds white space or characters that no address has. Give the \
                  address of the user of api_key.";
    Err(Diagnostic::error("Malformed credential", detail).at("email"))
}

fn rate(attr: &Attr<Number>) -> Result<Option<f64>, Diagnostic> {
    let rate = attr.known().map(Number::to_f64);
    if rate.is_some_and(|rate| !(0.01..=1000.0).contains(&rate)) {
        let detail = "requests_per_second must be between 0.01 and 1000.";
        return Err(Diagnostic::error("Invalid limit", detail).at("requests_per_second"));
    }
    Ok(rate)
}

fn retries(attr: &Attr<Number>) -> Result<Option<u32>, Diagnostic> {
    whole(attr, "max_retries", 1000)
}

fn warning_days(attr: &Attr<Number>) -> Result<Option<u32>, Diagnostic> {
    whole(attr, "expiry_warning_days", 3650)
}

/// A whole number from 0 to `most`.
fn whole(attr: &Attr<Number>, argument: &str, most: u32) -> Result<Option<u32>, Diagnostic> {
    let Some(number) = attr.known() else {
        return Ok(None);
    };
    let count = number.to_i64().and_then(|count| u32::try_from(count).ok());
    let count = count.filter(|count| *count <= most);
    count.map(Some).ok_or_else(|| {
        let detail = format!("{argument} must be a whole number between 0 and {most}.");
        Diagnostic::error("Invalid limit", detail).at(argument)
    })
}
