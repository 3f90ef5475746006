//! The data source of an origin: what it does with client certificates, seen from here.

use std::time::Duration;

use super::Api;
use super::certificate::Facts;
use crate::origin::{Address, Probe, Seen, is_server_name};
use crate::x509::Existing;
use framework::value::{Number, Path};
use framework::{
    Attr, Ctx, DataSource, Diagnostic, Diagnostics, Model, Object, Walk, parse_duration,
};

/// How long a look takes at most, where the configuration does not say.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that a configuration may say.
const LONGEST: Duration = Duration::from_secs(60);

/// The data source of an origin.
pub struct OriginData;

/// Its arguments and attributes.
#[derive(Clone, Default, PartialEq)]
pub struct Origin {
    address: Attr<String>,
    server_name: Attr<String>,
    timeout: Attr<String>,
    reachable: Attr<bool>,
    error: Attr<String>,
    asks: Attr<bool>,
    enforces: Attr<bool>,
    answer: Attr<String>,
    status_code: Attr<Number>,
    accepted_issuers: Attr<Vec<Attr<String>>>,
    server_certificate: Attr<Object<Facts>>,
}

impl Model for Origin {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            address,
            server_name,
            timeout,
            reachable,
            error,
            asks,
            enforces,
            answer,
            status_code,
            accepted_issuers,
            server_certificate,
        } = self;
        walk.attr("address", address).required().doc(
            "Where the origin listens, as `host:port`; an IPv6 address in brackets. It is connected \
             to directly, from where Terraform runs.",
        );
        walk.attr("server_name", server_name).optional().doc(
            "The hostname that is asked for, in TLS and in the request. Default: the host of \
             `address`.",
        );
        walk.attr("timeout", timeout)
            .optional()
            .doc("How long the look may take, such as `5s`, the default; at most `60s`.");
        walk.attr("reachable", reachable).computed().doc(
            "Whether a connection was made. Where not, `error` says why, and the rest is null.",
        );
        walk.attr("error", error)
            .computed()
            .doc("Why no connection was made; null where one was.");
        walk.attr("asks", asks)
            .computed()
            .doc("Whether the origin asks for a client certificate.");
        walk.attr("enforces", enforces).computed().doc(
            "Whether the origin refuses a connection without a client certificate: `true` for a \
             TLS alert, a connection that is closed without an answer, status 495 or 496, and \
             nginx's page; `false` for an answer of 2xx or 3xx; null for any other, which may mean \
             anything.",
        );
        walk.attr("answer", answer)
            .computed()
            .doc("How the look ended, in words, such as `TLS alert CertificateRequired`.");
        walk.attr("status_code", status_code)
            .computed()
            .doc("The status that `HEAD /` was answered with, if it was.");
        walk.attr("accepted_issuers", accepted_issuers)
            .computed()
            .doc(
                "The CAs that the origin says it accepts, RFC 2253. Many origins list none, and \
                 accept some all the same.",
            );
        walk.attr("server_certificate", server_certificate)
            .computed()
            .doc("What the origin's own certificate says. It is not verified.");
    }
}

impl DataSource for OriginData {
    type Api = Api;
    type Model = Origin;
    const NAME: &'static str = "aop_origin";
    const DOC: &'static str = "What an origin does with a connection that presents no client \
        certificate: whether it asks for one, and whether it refuses. One direct TLS connection \
        and one `HEAD /`; no key is needed, and nothing secret is stored. An origin that cannot be \
        reached is no error.";

    async fn read(&self, ctx: &Ctx<Api>, mut config: Origin) -> Result<Origin, Diagnostics> {
        let address = address(&config.address, Path::attribute("address"))?;
        let at = Path::attribute("server_name");
        let probe = Probe {
            server_name: server_name(&config.server_name, &address, at)?,
            address,
            identity: None,
            timeout: timeout(&config.timeout)?,
        };
        let looked = tokio::select! {
            looked = probe.look() => looked,
            () = ctx.cancel.cancelled() => return Err(stopped(&probe.address).into()),
        };
        config.reachable = looked.is_ok().into();
        match looked {
            Ok(seen) => config.show(seen),
            Err(why) => config.error = why.0.into(),
        }
        Ok(config)
    }
}

impl Origin {
    fn show(&mut self, seen: Seen) {
        self.asks = seen.asked.is_some().into();
        self.enforces = seen.enforces().into();
        self.answer = seen.outcome.to_string().into();
        let status = seen.outcome.status();
        self.status_code = status.map(|status| Number::from(i64::from(status))).into();
        let issuers = seen.asked.map(|asked| asked.accepted_issuers);
        let issuers = issuers.unwrap_or_default().into_iter().map(Attr::Known);
        self.accepted_issuers = issuers.collect::<Vec<_>>().into();
        let shown = seen.server_certificate.and_then(Existing::shown);
        self.server_certificate = shown.map(|shown| Object(shown.facts().into())).into();
    }
}

/// Where an origin listens, once it is known.
pub(super) fn address(attr: &Attr<String>, at: Path) -> Result<Address, Diagnostic> {
    let text = attr.text();
    Address::parse(text).map_err(|problem| {
        Diagnostic::error(
            "Invalid address of an origin",
            format!("{text:?} {problem}."),
        )
        .at_path(at)
    })
}

/// The hostname that an origin is asked for: that of its address, where none is given.
pub(super) fn server_name(
    attr: &Attr<String>,
    address: &Address,
    at: Path,
) -> Result<String, Diagnostic> {
    let name = attr.known().map_or(address.host(), String::as_str);
    match is_server_name(name) {
        true => Ok(name.to_owned()),
        false => Err(not_a_name(name).at_path(at)),
    }
}

fn timeout(attr: &Attr<String>) -> Result<Duration, Diagnostic> {
    let Some(text) = attr.known() else {
        return Ok(TIMEOUT);
    };
    let problem = match parse_duration(text) {
        Ok(time) if time > Duration::ZERO && time <= LONGEST => return Ok(time),
        Ok(_) => format!("{text:?} is not between 0 and 60 s: write \"5s\", for example."),
        Err(problem) => problem,
    };
    Err(Diagnostic::error("Invalid timeout", problem).at("timeout"))
}

fn not_a_name(name: &str) -> Diagnostic {
    Diagnostic::error(
        "Invalid server name",
        format!(
            "{name:?} is neither a hostname nor an IP address. Give the hostname that visitors ask \
             for, without a port; one with other letters than ASCII in its xn-- form."
        ),
    )
}

fn stopped(address: &Address) -> Diagnostic {
    Diagnostic::error(
        "Operation stopped",
        format!("Looking at the origin {address} was interrupted. Run the command again."),
    )
}
