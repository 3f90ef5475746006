//! Cloudflare's errors as messages for the user. The one table of known codes,
//! each with its meaning and the next step.

use crate::x509;
use cloudflare::{
    CREDENTIAL, Error, Hostname, IdProblem, Method, NO_ROUTE, PERMISSION, Refusal, ZoneId,
};
use framework::Diagnostic;

const PERMISSION_ADVICE: &str = "The API token needs the permission \"SSL and Certificates: Edit\" \
    for this zone (\"Read\" is enough to plan). Check api_token, or CLOUDFLARE_API_TOKEN, and the \
    zones that the token includes.";
const SETTINGS_PERMISSION_ADVICE: &str = "The global setting is one of the zone's general settings: \
    the API token needs the permission \"Zone Settings: Edit\" for this zone (\"Read\" is enough \
    to plan), beside \"SSL and Certificates\" for everything else.";
const CREDENTIAL_ADVICE: &str = "Cloudflare does not know the credential. Check api_token (or \
    CLOUDFLARE_API_TOKEN), or api_key and email, for missing characters and for whitespace. It \
    must exist, be active, and have the permission \"SSL and Certificates: Edit\" for this zone \
    (\"Read\" is enough to plan).";

const BASE_URL_ADVICE: &str = "The server knows no such path. Check base_url (or \
    CLOUDFLARE_BASE_URL): Cloudflare's is https://api.cloudflare.com/client/v4, with /client/v4 at \
    its end.";
const FOREIGN_ADVICE: &str = "The answer is not one of Cloudflare's API: a proxy, a firewall or an \
    access policy between here and there seems to have given it. Check HTTPS_PROXY, NO_PROXY and \
    base_url; if none is in the way, check api_token and its permissions.";

/// What is true of everything but a certificate that was issued for one upload alone.
pub(super) const FOUND: &str = "Apply again: what was carried out is found and kept.";

/// Codes of this API: a summary and the next step.
const CODES: [(i64, &str, &str); 6] = [
    (
        1404,
        "Certificate id is missing",
        "Give certificate_id the id of an aop_hostname_certificate.",
    ),
    (
        1406,
        "Same certificate is still being deleted",
        "The zone holds this certificate already. Wait a moment and apply again.",
    ),
    (
        1408,
        "Cloudflare cannot read the certificate",
        "Check that certificate and private_key are unencrypted PEM and belong together.",
    ),
    (
        1415,
        "Certificate id is not usable for hostnames",
        "The id is unknown, deleted, or that of a zone certificate: hostnames take the id of an \
         aop_hostname_certificate of the same zone. Run terraform plan again to see what is left.",
    ),
    (
        1433,
        "Certificate is still in use",
        "Hostnames are still associated with it.",
    ),
    (
        1434,
        "Certificate is still being deployed",
        "It cannot be deleted before its deployment has ended. Apply again in a few minutes.",
    ),
];

/// An error as a message. `doing` says what was attempted, to which object, as
/// the start of a sentence.
pub(super) fn problem(error: &Error, doing: &str) -> Diagnostic {
    let (summary, advice) = explain(error);
    Diagnostic::error(summary, format!("{doing} failed: {error}\n\n{advice}"))
}

/// The same, for a command that only reads: there is nothing to apply again.
pub fn unread(error: &Error, doing: &str) -> Diagnostic {
    let (summary, advice) = explain(error);
    let advice = match advice.contains("pply again") {
        true => "Run the command again later; www.cloudflarestatus.com shows known outages.",
        false => advice,
    };
    Diagnostic::error(summary, format!("{doing} failed: {error}\n\n{advice}"))
}

/// What an error means, and the next step.
fn explain(error: &Error) -> (&'static str, &'static str) {
    match error {
        Error::Refused(refusal) => refused(refusal),
        Error::Unlisted(_) => (
            "Associations cannot be listed",
            "Without the list nobody can tell which hostnames use a certificate. Check base_url: \
             Cloudflare's own API lists them.",
        ),
        Error::Unreachable { cause, .. } => ("Cloudflare cannot be reached", unreachable(cause)),
        Error::Lost { trace, .. } if trace.method == Method::Get => (
            "Connection to Cloudflare was lost",
            "Run the command again.",
        ),
        Error::Lost { .. } => ("Connection to Cloudflare was lost", FOUND),
        Error::Unreadable { .. } => (
            "Unexpected answer from Cloudflare",
            "Check base_url and proxies, then run the command again.",
        ),
        Error::RateLimited { .. } => (
            "Rate limit exceeded",
            "Wait and apply again, raise timeouts of the resource, or find what else uses up the \
             budget of this user or token.",
        ),
        Error::Stopped { sent: false, .. } | Error::Withdrawn => {
            ("Operation stopped", "Run the command again.")
        }
        Error::Stopped { sent: true, .. } => ("Operation stopped", FOUND),
    }
}

fn refused(refusal: &Refusal) -> (&'static str, &'static str) {
    let has = |codes: &[i64]| {
        let mut messages = refusal.messages.iter();
        messages.any(|(code, _)| codes.contains(code))
    };
    let known = CODES.iter().find(|(code, _, _)| has(&[*code]));
    if let Some((_, summary, advice)) = known {
        return (summary, advice);
    }
    let permission = match refusal.trace.path.ends_with("/settings/tls_client_auth") {
        true => SETTINGS_PERMISSION_ADVICE,
        false => PERMISSION_ADVICE,
    };
    // The API's own errors have codes.
    let is_own = refusal.messages.iter().any(|(code, _)| *code != 0);
    let is_told = refusal.messages.iter().any(|(_, text)| !text.is_empty());
    match refusal.status {
        _ if has(&[7000]) && !has(&[7003]) => ("API endpoint not found", BASE_URL_ADVICE),
        _ if has(&NO_ROUTE) => (
            "Zone not found",
            "Cloudflare knows no such zone, or it is not visible to this token. Check zone_id and \
             the zones that the token includes.",
        ),
        _ if has(&CREDENTIAL) => ("Credential refused", CREDENTIAL_ADVICE),
        401 | 403 if !is_own => ("Access denied", FOREIGN_ADVICE),
        403 => ("Permission denied", permission),
        401 => ("Credential refused", CREDENTIAL_ADVICE),
        _ if has(&PERMISSION) => ("Permission denied", permission),
        429 => (
            "Rate limit exceeded",
            "Wait five minutes, or find what else uses up the budget of this user or token.",
        ),
        409 => (
            "Zone is busy",
            "Something else writes certificates of this zone. Apply again when it has ended.",
        ),
        500..=599 => (
            "Cloudflare is not available",
            "Apply again later; www.cloudflarestatus.com shows known outages.",
        ),
        _ if is_told => (
            "Cloudflare refused the request",
            "Correct what the message names and apply again.",
        ),
        _ => (
            "Cloudflare refused the request",
            "It gave no reason. Apply again; if it stays, report it with the ray id above, or look \
             for a proxy that stands in the way.",
        ),
    }
}

fn unreachable(cause: &str) -> &'static str {
    let cause = cause.to_lowercase();
    if cause.contains("certificate expired") || cause.contains("not valid yet") {
        return "The server's TLS certificate is not valid by the clock of this machine. Is the clock \
                right? If it is, the server's certificate has expired: tell who runs it.";
    }
    // A certificate for another host names it, and may speak of DNS.
    if cause.contains("certificate") {
        "The server's TLS certificate was not accepted. Behind a proxy that inspects TLS, name its \
         CA in SSL_CERT_FILE."
    } else if cause.contains("dns") || cause.contains("lookup") {
        "The name could not be resolved. Check the network's DNS, base_url and HTTPS_PROXY."
    } else if cause.contains("proxy") || cause.contains("tunnel") {
        "The proxy did not let the request through. Check HTTPS_PROXY and NO_PROXY."
    } else {
        "Check the network, base_url and HTTPS_PROXY, then run the command again."
    }
}

/// A text that is no identifier, at its attribute.
pub(super) fn invalid_id(attribute: &str, problem: &IdProblem) -> Diagnostic {
    let summary = match attribute {
        "zone_id" => "Invalid zone id",
        "certificate_id" => "Invalid certificate id",
        _ => "Invalid hostname",
    };
    Diagnostic::error(summary, problem.0.clone()).at(attribute)
}

/// A certificate or key that cannot be used, at its attribute.
pub(super) fn invalid_pem(attribute: &str, problem: x509::Problem) -> Diagnostic {
    Diagnostic::error(problem.summary, problem.detail).at(attribute)
}

/// Names inside a sentence: all of a few, the first of many.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n Hostname>) -> String {
    const SHOWN: usize = 50;
    let names: Vec<&str> = names.into_iter().map(Hostname::as_str).collect();
    match names.split_at_checked(SHOWN) {
        Some((shown, rest)) if !rest.is_empty() => {
            format!("{} and {} more", shown.join(", "), rest.len())
        }
        _ => names.join(", "),
    }
}

/// What was to take an object over has failed, so nobody takes it away.
pub(super) fn successor_failed(what: &str, zone: &ZoneId) -> Diagnostic {
    Diagnostic::error(
        "Successor failed",
        format!(
            "Another resource of this apply was to take over {what} of zone {zone}, and failed. So \
             nothing was taken away: it serves as before, and stays in state. Fix the other error, \
             and apply again."
        ),
    )
}
