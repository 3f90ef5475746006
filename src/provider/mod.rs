//! The provider: its arguments, its environment, and what it offers.

mod credential;

use std::time::Duration;

use jiff::Timestamp;

use crate::functions;
use crate::resources::{self, Api, Settings};
use cloudflare::{Client, Http, Malformed, Options, REQUEST_TIMEOUT, Server, Way};
use framework::value::Number;
use framework::{
    AnyDataSource, AnyListResource, AnyResource, Attr, Configured, Diagnostic, Diagnostics,
    Function, Host, Model, Provider, Walk, parse_duration,
};
use text::Secret;

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
    propagation_delay: Attr<String>,
}

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
            propagation_delay,
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
            "How often a request that failed is repeated. Default: until the operation's timeout.",
        );
        walk.attr("expiry_warning_days", expiry_warning_days)
            .optional()
            .doc(
                "How many days before a certificate expires plans begin to warn of it. `0` turns \
                 these warnings off. Default `30`.",
            );
        walk.attr("propagation_delay", propagation_delay)
            .optional()
            .doc(
                "How long after `active` points of presence may lag behind, such as `\"45s\"`: no \
                 certificate that served before is deleted sooner. Default: the environment \
                 variable `AOP_PROPAGATION_DELAY`, else `\"30s\"`.",
            );
    }
}

impl Provider for Aop {
    type Config = Config;
    type Api = Api;
    type Settings = Settings;
    const DOC: &'static str = "Manages Cloudflare Authenticated Origin Pulls: the client \
        certificates that Cloudflare's edge presents to origins, the hostnames they serve, and the \
        settings.";

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
        report.extend(credential::faults(config));
        report.extend(rate(&config.requests_per_second).err());
        report.extend(retries(&config.max_retries).err());
        report.extend(warning_days(&config.expiry_warning_days).err());
        if let Some(text) = config.propagation_delay.known() {
            let error = delay(text, "propagation_delay").err();
            report.extend(error.map(|error| error.at("propagation_delay")));
        }
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
        let server = match self.server(config, self.user_agent(host)) {
            Ok(server) => server,
            // It may come from the environment, and OpenTofu configures a provider before
            // it calls a function: what needs no API goes on.
            Err(error) => return Ok(Configured::Unusable(error)),
        };
        let propagation_delay = match self.propagation_delay(config) {
            Ok(delay) => delay,
            Err(error) => return Ok(Configured::Unusable(error)),
        };
        let options = Options {
            propagation_delay,
            requests_per_second: rate(&config.requests_per_second)?,
            max_retries: retries(&config.max_retries)?,
            seed: self.seed,
            clock: self.clock,
        };
        let http = Http::new(server);
        Ok(Configured::Ready(Client::new(Box::new(http), &options)))
    }
}

/// The way to the API for a command, and what there is to say of it.
pub struct Connection {
    /// The client.
    pub client: Api,
    /// The base URL.
    pub base_url: String,
    /// The proxy, without its user and password.
    pub proxy: Option<String>,
    /// What the credential is, and where it comes from.
    pub credential: &'static str,
}

impl Config {
    /// The arguments whose values are not known yet.
    fn unknown(&self) -> Vec<&'static str> {
        let limits = [
            ("requests_per_second", self.requests_per_second.is_unknown()),
            ("max_retries", self.max_retries.is_unknown()),
            ("propagation_delay", self.propagation_delay.is_unknown()),
        ];
        let limits = limits.into_iter().filter(|(_, unknown)| *unknown);
        credential::unknown(self)
            .chain(limits.map(|(name, _)| name))
            .collect()
    }
}

impl Aop {
    /// A variable of the environment that is set to something.
    fn set(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    /// The way to the API for a command, as the environment says.
    pub fn connect(&self, max_retries: Option<u32>) -> Result<Connection, Diagnostic> {
        let agent = concat!("terraform-provider-aop/", env!("CARGO_PKG_VERSION"));
        let mut server = self.server(&Config::default(), agent.to_owned())?;
        server.request_timeout = COMMAND_REQUEST_TIMEOUT;
        let options = Options {
            propagation_delay: PROPAGATION_DELAY,
            requests_per_second: None,
            max_retries,
            seed: self.seed,
            clock: self.clock,
        };
        Ok(Connection {
            base_url: server.base_url.to_string(),
            proxy: server.way.proxy(),
            credential: credential::describe(&server.credential),
            client: Client::new(Box::new(Http::new(server)), &options),
        })
    }

    /// The server of the API, as block and environment say.
    fn server(&self, config: &Config, user_agent: String) -> Result<Server, Diagnostic> {
        let env = |name: &str| self.set(name);
        let base_url = credential::base_url(config, &env)?;
        let credential = credential::credential(config, &env)?;
        let way = Way::to(&base_url, env).map_err(|Malformed { variable }| {
            Diagnostic::error(
                "Invalid proxy",
                format!(
                    "The environment variable {variable} does not name a proxy: write \
                     http://host:port (or https, or socks5), with its user and password percent-\
                     encoded. Nothing is sent without the proxy. If none is needed, unset it."
                ),
            )
        })?;
        Ok(Server {
            base_url,
            way,
            credential,
            user_agent,
            request_timeout: REQUEST_TIMEOUT,
        })
    }

    fn propagation_delay(&self, config: &Config) -> Result<Duration, Diagnostic> {
        const VARIABLE: &str = "AOP_PROPAGATION_DELAY";
        match (config.propagation_delay.known(), self.set(VARIABLE)) {
            (Some(text), _) if !text.is_empty() => delay(text, "propagation_delay"),
            (_, Some(text)) => delay(&text, VARIABLE),
            _ => Ok(PROPAGATION_DELAY),
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

/// A person waits for a command, and it only reads.
const COMMAND_REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// What points of presence are given to catch up, unless somebody says otherwise. Nobody
/// documents how long they take.
const PROPAGATION_DELAY: Duration = Duration::from_secs(30);
/// Longer than any operation takes by default, less its deployment.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// The delay that an argument or a variable gives.
fn delay(text: &str, source: &str) -> Result<Duration, Diagnostic> {
    if text.is_empty() {
        return Ok(PROPAGATION_DELAY);
    }
    let why = match parse_duration(text) {
        Ok(delay) if delay <= LONGEST_DELAY => return Ok(delay),
        Ok(_) => "it is longer than an hour.".to_owned(),
        Err(why) => why,
    };
    Err(Diagnostic::error(
        "Invalid propagation delay",
        format!("{source}: {why}"),
    ))
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
