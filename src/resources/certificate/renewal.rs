//! When an issued certificate is renewed. Read alone compares with the clock and leaves its
//! verdict; the plan looks at nothing else, so that it says the same as often as it is asked.

use jiff::Timestamp;

use super::super::check::settles;
use super::facts::Facts;
use super::issue::{Issue, Terms, duration, missing_key, renewal};
use super::plan::{expiry, has_timed_out};
use super::{Certificate, Change, store_capacity};
use crate::x509::Existing;
use cloudflare::Store;
use framework::{Attr, Diagnostic, Diagnostics, Object, Private};

/// The fact that Read leaves.
const RENEWAL: &str = "renewal";
/// It is time.
const DUE: &str = "due";
/// It is high time: the last seventh of its lifetime has begun.
const LATE: &str = "late";

/// Leaves for the next plan whether a certificate is to be renewed.
pub(super) fn note(private: &mut Private, state: &Certificate, now: Timestamp) {
    let verdict = verdict(state, now);
    if private.get(RENEWAL).and_then(|fact| fact.as_str()) == verdict {
        return;
    }
    match verdict {
        Some(verdict) => private.set(RENEWAL, verdict),
        None => {
            private.remove(RENEWAL);
        }
    }
}

fn verdict(state: &Certificate, now: Timestamp) -> Option<&'static str> {
    let Object(issue) = state.issue.known()?;
    let existing = Existing::find(state.certificate.text())?;
    let before = duration(&issue.renew_before, "renew_before").ok()?;
    let (from, until) = (existing.not_before()?, existing.not_after()?);
    let last = until.checked_sub(until.duration_since(from) / 7).ok()?;
    match renewal(&existing, before)? {
        _ if now >= last => Some(LATE),
        at if now >= at => Some(DUE),
        _ => None,
    }
}

/// Whether the certificate of the state is what `issue` asks for, and not due for another,
/// where the plan did not know that.
pub(super) fn is_in_order(
    private: &Private,
    config: &Certificate,
    prior: &Certificate,
) -> Result<bool, Diagnostics> {
    let Some(Object(issue)) = config.issue.known() else {
        return Ok(false);
    };
    let terms = issue.terms()?;
    let existing = Existing::find(prior.certificate.text());
    let fits = terms
        .zip(existing)
        .is_some_and(|(terms, existing)| terms.fit(&existing));
    Ok(fits && private.get(RENEWAL).is_none() && !has_timed_out(prior))
}

/// Completes the plan of a certificate that the provider issues.
pub(super) fn plan(change: &mut Change<'_>, store: Store) {
    let Some(Object(issue)) = change.config.issue.known().cloned() else {
        return unknown(change);
    };
    let terms = match issue.terms() {
        Ok(terms) => terms,
        Err(errors) => return change.report.extend(errors),
    };
    let prior = change.prior.clone();
    let Some(prior) = prior else {
        unknown(change);
        return check(change, &issue, terms.as_ref());
    };
    let Some(terms) = terms else {
        // It may turn out to be what it was.
        return unknown(change);
    };
    let existing = Existing::find(prior.certificate.text());
    let fits = existing
        .as_ref()
        .is_some_and(|existing| terms.fit(existing));
    let is_in_order = fits && !has_timed_out(&prior);
    let due = change.private.get(RENEWAL).and_then(|fact| fact.as_str());
    let due = due.map(str::to_owned);
    match due {
        Some(due) if is_in_order && issue.has_no_key() => {
            let warning = cannot_renew(&prior, due == LATE);
            change.report.push(warning);
            keep(change, &prior);
        }
        None if is_in_order => {
            let warning = existing.and_then(|existing| expires(change, &terms, &existing));
            change.report.extend(warning);
            keep(change, &prior);
        }
        due => {
            if due.is_some() && is_in_order {
                change.report.push(renews(&prior));
            }
            unknown(change);
            check(change, &issue, Some(&terms));
            store_capacity::foresee(change, &prior, store);
        }
    }
}

/// It stays what it is.
fn keep(change: &mut Change<'_>, prior: &Certificate) {
    change.planned.certificate = prior.certificate.clone();
    if settles(&prior.status, &change.planned.wait_for_deployment) {
        change.planned.status = Attr::unknown();
    }
}

/// A certificate that is issued in the apply.
fn unknown(change: &mut Change<'_>) {
    let planned = &mut change.planned;
    planned.certificate = Attr::unknown();
    planned.facts = Facts::unknown();
    planned.id = Attr::unknown();
    planned.status = Attr::unknown();
    planned.uploaded_on = Attr::unknown();
}

/// Something is issued: authority and key must be fit for it.
fn check(change: &mut Change<'_>, issue: &Issue, terms: Option<&Terms>) {
    let expired = terms.and_then(|terms| terms.check(change.now).err());
    let key = match issue.has_no_key() {
        true => Some(missing_key()),
        false => issue.key(terms).err(),
    };
    change.report.extend(expired);
    change.report.extend(key);
}

fn when(prior: &Certificate) -> String {
    let expires = prior.facts.expires_on().unwrap_or("an unknown day");
    let serial = prior.facts.serial_number().unwrap_or("unknown");
    let zone = prior.zone_id.text();
    format!("The certificate with serial number {serial} in zone {zone} expires on {expires}")
}

fn renews(prior: &Certificate) -> Diagnostic {
    let detail = format!(
        "{}. This update issues a new one, which takes its place without a gap.",
        when(prior)
    );
    let warning = Diagnostic::warning("Certificate is renewed", detail);
    warning.at("issue").once()
}

fn cannot_renew(prior: &Certificate, is_late: bool) -> Diagnostic {
    let stops = match is_late {
        true => " From then on origins refuse Cloudflare's requests.",
        false => "",
    };
    let detail = format!(
        "{}.{stops} It is due to be renewed, and this plan cannot do that without the authority's \
         private key: set ca_private_key_wo and apply.",
        when(prior)
    );
    Diagnostic::warning("Renewal is due", detail)
        .at("issue")
        .once()
}

/// A renewal has been due for a while, and nobody has said so: nothing has been read.
fn expires(change: &Change<'_>, terms: &Terms, existing: &Existing) -> Option<Diagnostic> {
    let until = existing.not_after()?;
    let half = until.duration_since(terms.renewal(existing)?) / 2;
    let advice = "Plan without -refresh=false, and with ca_private_key_wo: it is renewed then.";
    let warning = expiry(change, existing.facts(), until, half, advice);
    Some(warning?.at("issue"))
}
