//! The origins of `verify_origins`: they have to accept a certificate before it is uploaded,
//! because an origin that does not trust its authority refuses every visitor from the moment
//! on at which Cloudflare presents it.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::origin::{address, server_name};
use crate::origin::{Outcome, Probe, Seen, Unreachable};
use crate::x509::ClientIdentity;
use framework::value::{Number, Path, Step};
use framework::{Attr, Diagnostic, Diagnostics, Model, Object, Walk};

/// As many as one certificate may name.
const MOST: usize = 1_000;
/// As many as are connected to at a time, by all operations together: connections are files,
/// of which a process has few.
const AT_ONCE: usize = 100;
static GATE: Semaphore = Semaphore::const_new(AT_ONCE);
/// How long one of them may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// As many of the issuers that an origin lists as a message shows.
const SHOWN_ISSUERS: usize = 10;

/// The attribute.
pub(super) type Origins = Attr<Vec<Attr<Object<Origin>>>>;

/// One origin.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Origin {
    address: Attr<String>,
    server_name: Attr<String>,
    expect_status: Attr<Number>,
}

impl Model for Origin {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            address,
            server_name,
            expect_status,
        } = self;
        walk.attr("address", address).required().doc(
            "Where the origin listens, as `host:port`; an IPv6 address in brackets. It is \
             connected to directly, from where Terraform runs.",
        );
        walk.attr("server_name", server_name).optional().doc(
            "The hostname that is asked for, in TLS and in the request. Default: the host of \
             `address`.",
        );
        walk.attr("expect_status", expect_status).optional().doc(
            "The status that `HEAD /` has to be answered with. Without it any answer will do that \
             is no refusal.",
        );
    }
}

/// An origin that is to be asked.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Its place in the list.
    index: usize,
    probe: Probe,
    expects: Option<u16>,
}

/// What can be said of the origins of a configuration, as far as they are known.
pub(super) fn check(origins: &Origins) -> Diagnostics {
    known(origins).err().unwrap_or_default()
}

/// The origins that are to be asked, all known by now.
pub(super) fn targets(origins: &Origins) -> Result<Vec<Target>, Diagnostics> {
    let targets = known(origins)?;
    let count = origins.known().map_or(0, Vec::len);
    match targets.len() == count && !origins.is_unknown() {
        true => Ok(targets),
        false => Err(missing().at("verify_origins").into()),
    }
}

/// The origins that are known, checked.
fn known(origins: &Origins) -> Result<Vec<Target>, Diagnostics> {
    let Some(origins) = origins.known() else {
        return Ok(Vec::new());
    };
    if origins.len() > MOST {
        return Err(too_many(origins.len()).into());
    }
    let (mut targets, mut report) = (Vec::new(), Diagnostics::default());
    let mut seen = HashMap::new();
    for (index, origin) in origins.iter().enumerate() {
        match target(index, origin) {
            Ok(Some(target)) => {
                let first = *seen.entry(target.key()).or_insert(index);
                match first == index {
                    true => targets.push(target),
                    false => report.push(twice(&target, first)),
                }
            }
            Ok(None) => {}
            Err(problems) => report.extend(problems),
        }
    }
    match report.has_error() {
        true => Err(report),
        false => Ok(targets),
    }
}

/// One origin; none while it is not known.
fn target(index: usize, origin: &Attr<Object<Origin>>) -> Result<Option<Target>, Diagnostics> {
    let place = element(index);
    if origin.is_null() {
        return Err(missing().at_path(place).into());
    }
    let Some(Object(origin)) = origin.known() else {
        return Ok(None);
    };
    let at = |name: &str| place.clone().then(Step::Attribute(name.to_owned()));
    let mut report = Diagnostics::default();
    let mut known = |read: Result<(), Diagnostic>| report.extend(read.err());
    let (mut to, mut name, mut expects) = (None, None, None);
    if origin.address.known().is_some() {
        known(address(&origin.address, at("address")).map(|read| to = Some(read)));
    }
    if let Some(to) = &to {
        let read = server_name(&origin.server_name, to, at("server_name"));
        known(read.map(|read| name = Some(read)));
    }
    known(status(&origin.expect_status, at("expect_status")).map(|read| expects = read));
    if report.has_error() {
        return Err(report);
    }
    let is_unknown = origin.server_name.is_unknown() || origin.expect_status.is_unknown();
    let (Some(address), Some(server_name), false) = (to, name, is_unknown) else {
        return Ok(None);
    };
    let probe = Probe {
        address,
        server_name,
        identity: None,
        timeout: TIMEOUT,
    };
    Ok(Some(Target {
        index,
        probe,
        expects,
    }))
}

fn status(attr: &Attr<Number>, at: Path) -> Result<Option<u16>, Diagnostic> {
    let Some(number) = attr.known() else {
        return Ok(None);
    };
    let status = number
        .to_i64()
        .and_then(|number| u16::try_from(number).ok());
    match status.filter(|status| (100..600).contains(status)) {
        Some(status) => Ok(Some(status)),
        None => Err(Diagnostic::error(
            "Invalid status of an origin",
            format!(
                "{number} is no status of HTTP: give a whole number from 100 to 599, such as 200."
            ),
        )
        .at_path(at)),
    }
}

impl Target {
    /// By what two of them are the same.
    fn key(&self) -> (String, String) {
        let lower = |text: String| text.to_ascii_lowercase();
        let Probe {
            address,
            server_name,
            ..
        } = &self.probe;
        (lower(address.to_string()), lower(server_name.clone()))
    }

    /// What an origin that was shown the certificate did, in words; none where it accepted it.
    fn verdict(&self, seen: Result<Seen, Unreachable>, issuer: &str) -> Option<Diagnostic> {
        let said = match seen {
            Err(Unreachable(why)) => self.unreachable(&why),
            Ok(Seen { outcome, asked, .. }) => match (&outcome, &asked, self.expects) {
                (Outcome::Unclear(why), ..) => self.unreachable(why),
                (_, Some(asked), _) if !asked.is_presented => self.takes_no_such_key(&outcome),
                (Outcome::Refused(_), asked, _) => {
                    let issuers = asked.as_ref().map(|asked| &asked.accepted_issuers);
                    self.refuses(&outcome, issuers.map_or(&[], Vec::as_slice), issuer)
                }
                (_, _, Some(expected)) if outcome.status() != Some(expected) => {
                    self.answers_otherwise(&outcome, expected)
                }
                (_, None, _) => self.asks_nothing(&outcome),
                (Outcome::Answered(200..400), ..) | (_, _, Some(_)) => return None,
                _ => self.may_refuse(&outcome),
            },
        };
        Some(said.at_path(element(self.index)))
    }

    fn refuses(&self, outcome: &Outcome, accepted: &[String], issuer: &str) -> Diagnostic {
        let advice = match accepted.iter().any(|accepted| accepted == issuer) {
            true => {
                "That is the name of the certificate's issuer, so look into the origin's log: is \
                 the CA of this name another one, is its chain missing or too long (nginx: \
                 ssl_verify_depth), is the certificate valid, and for clients?"
            }
            false => {
                "Let the origin trust the certificate's CA too, beside those that it trusts now, \
                 and apply again."
            }
        };
        Diagnostic::error(
            "Origin refuses the certificate",
            format!(
                "{self} was shown the new certificate, issued by {issuer}, and refused it: \
                 {outcome}. Nothing was changed. {} {advice}",
                listed(accepted)
            ),
        )
    }

    fn takes_no_such_key(&self, outcome: &Outcome) -> Diagnostic {
        Diagnostic::error(
            "Origin does not support this key type",
            format!(
                "{self} asks for a certificate, and takes no signature that the certificate's key \
                 can make, so it would never be presented ({outcome}). Nothing was changed. Issue \
                 a certificate with another kind of key (ECDSA on P-256 is taken almost \
                 everywhere), or let the origin take this one."
            ),
        )
    }

    fn answers_otherwise(&self, outcome: &Outcome, expected: u16) -> Diagnostic {
        Diagnostic::error(
            "Origin answered with another status",
            format!(
                "{self} was asked with the new certificate, and expect_status says {expected}; the \
                 outcome was: {outcome}. It may refuse the certificate with this answer. Nothing \
                 was changed. Look into the origin's log; or give the status that it is to answer \
                 `HEAD /` with."
            ),
        )
    }

    fn may_refuse(&self, outcome: &Outcome) -> Diagnostic {
        Diagnostic::warning(
            "Origin may refuse the certificate",
            format!(
                "{self} was shown the new certificate, and the outcome was: {outcome}. Whether \
                 that is about the certificate is not known. If it is what it answers everybody, \
                 say so with expect_status; else look into its log."
            ),
        )
    }

    fn unreachable(&self, why: &str) -> Diagnostic {
        Diagnostic::error(
            "Origin cannot be reached",
            format!(
                "{self} was to be asked whether it accepts the new certificate, and no answer was \
                 obtained: {why}. Nothing was changed. It is connected to directly from where \
                 Terraform runs: if no way leads there, take it out of verify_origins, and ask it \
                 from a machine that reaches it."
            ),
        )
    }

    fn asks_nothing(&self, outcome: &Outcome) -> Diagnostic {
        Diagnostic::warning(
            "Origin does not ask for a certificate",
            format!(
                "{self} was to be shown the new certificate, and did not ask for any in the \
                 handshake ({outcome}): whether it would accept this one is not known. Once \
                 Cloudflare presents it, let the origin ask for it (nginx: ssl_verify_client on)."
            ),
        )
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Probe {
            address,
            server_name,
            ..
        } = &self.probe;
        match address.host() == server_name {
            true => write!(f, "Origin {address}"),
            false => write!(f, "Origin {address}, asked for {server_name},"),
        }
    }
}

/// Asks all of these at once, each with the certificate. An error for each that does not
/// accept it, a warning for each of which that is not known.
pub(super) async fn ask(
    targets: &[Target],
    identity: &ClientIdentity,
    issuer: &str,
) -> Diagnostics {
    let mut asked = JoinSet::new();
    for target in targets {
        let (target, issuer) = (target.clone(), issuer.to_owned());
        let probe = Probe {
            identity: Some(identity.clone()),
            ..target.probe.clone()
        };
        asked.spawn(async move {
            let _permit = GATE.acquire().await;
            let said = target.verdict(probe.look().await, &issuer);
            said.map(|said| (target.index, said))
        });
    }
    let mut said: Vec<_> = asked.join_all().await.into_iter().flatten().collect();
    said.sort_by_key(|(index, _)| *index);
    said.into_iter().map(|(_, said)| said).collect()
}

/// The issuers that an origin lists, as a sentence.
fn listed(issuers: &[String]) -> String {
    if issuers.is_empty() {
        return "The origin does not say which CAs it accepts.".to_owned();
    }
    let shown = issuers.iter().take(SHOWN_ISSUERS).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join("; ");
    match issuers.len().checked_sub(SHOWN_ISSUERS) {
        Some(more) if more > 0 => format!("The origin accepts: {shown}; and {more} more."),
        _ => format!("The origin accepts: {shown}."),
    }
}

fn element(index: usize) -> Path {
    let index = i64::try_from(index).unwrap_or(i64::MAX);
    Path::attribute("verify_origins").then(Step::Index(index))
}

fn too_many(count: usize) -> Diagnostic {
    Diagnostic::error(
        "Too many origins",
        format!(
            "verify_origins names {count} origins; at most {MOST} are asked. Name one of each \
             group that is configured alike."
        ),
    )
    .at("verify_origins")
}

fn twice(target: &Target, first: usize) -> Diagnostic {
    Diagnostic::error(
        "Origin is listed twice",
        format!(
            "{} is element {first} of verify_origins already. Keep one of the two.",
            target.probe.address
        ),
    )
    .at_path(element(target.index))
}

fn missing() -> Diagnostic {
    Diagnostic::error(
        "Origin is missing",
        "An element of verify_origins is null. Give an address, or leave the element out.",
    )
}
