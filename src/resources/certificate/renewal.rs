//! When an issued certificate is renewed. Read leaves when it has looked; the plan goes by that
//! and by no other clock, so that it says the same as often as it is asked.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use super::facts::Facts;
use super::issue::{Issue, Terms, missing_key};
use super::plan::{expiry, has_timed_out, plan_same};
use super::{Certificate, Change, store_capacity};
use crate::x509::Existing;
use cloudflare::Store;
use framework::{Attr, Diagnostic, Diagnostics, Object, Private};

/// The fact that Read leaves: at which minute of Cloudflare's clock it has looked, since 1970.
const LOOKED: &str = "looked_at_minute";
/// The fact that an import leaves: the same of itself.
const IMPORTED: &str = "imported_at_minute";
/// So long what was imported may turn out to be an issued one: then somebody has its key.
const SETTLES: SignedDuration = SignedDuration::from_hours(24);

/// Leaves for the next plan when this was, if it is about an issued certificate, or one that may
/// turn out to be one.
pub(super) fn note(private: &mut Private, state: &Certificate, now: Timestamp) {
    let imported = minute(private, IMPORTED);
    let is_new = imported.is_some_and(|at| now.duration_since(at) < SETTLES);
    match !state.issue.is_null() || is_new {
        true => set(private, LOOKED, now),
        false if imported.is_some() => forget(private),
        false => {}
    }
}

/// Leaves for the next plan that it was imported just now.
pub(super) fn imported(private: &mut Private, now: Timestamp) {
    set(private, IMPORTED, now);
    set(private, LOOKED, now);
}

/// What is given is not renewed here.
pub(super) fn forget(private: &mut Private) {
    private.remove(LOOKED);
    private.remove(IMPORTED);
}

fn set(private: &mut Private, fact: &str, now: Timestamp) {
    private.set(fact, now.as_second().div_euclid(60));
}

fn minute(private: &Private, fact: &str) -> Option<Timestamp> {
    let minutes = private.get(fact)?.as_i64()?;
    Timestamp::from_second(minutes.checked_mul(60)?).ok()
}

/// When Read has looked.
fn look(private: &Private) -> Option<Timestamp> {
    minute(private, LOOKED)
}

/// Whether it was imported so lately that nobody has said yet what it is.
fn is_new_import(private: &Private) -> bool {
    let both = minute(private, IMPORTED).zip(look(private));
    both.is_some_and(|(at, look)| look.duration_since(at) < SETTLES)
}

/// Why another certificate is to be issued in the place of the one of the state; none where it
/// is what the terms ask for, and not due.
fn needs(private: &Private, terms: &Terms, prior: &Certificate) -> Option<Needs> {
    let Some(existing) = Existing::find(prior.certificate.text()) else {
        return Some(Needs::Another);
    };
    let look = look(private);
    let is_ours = !prior.issue.is_null();
    // One that was given has a key that somebody knows; one that was imported may be issued.
    let fits = terms.fit(&existing) && (is_ours || is_new_import(private));
    if !fits || is_ours && !terms.has_chain_of(&existing) {
        return Some(Needs::Another);
    }
    if has_timed_out(prior) {
        return Some(Needs::Deployment);
    }
    let (at, from, until) = (
        terms.renewal(&existing)?,
        existing.not_before()?,
        existing.not_after()?,
    );
    let last = until.checked_sub(until.duration_since(from) / 7).ok()?;
    let look = look.filter(|look| *look >= at)?;
    Some(Needs::Renewal {
        is_late: look >= last,
        has_expired: look >= until,
    })
}

/// Why the certificate of the state stays, where the plan has left that open.
pub(super) enum Stays {
    /// It is what `issue` asks for, and not due.
    InOrder,
    /// It is due, and cannot be renewed now, as these warnings say.
    Due(Diagnostics),
}

/// Whether the certificate of the state stays, where the plan has left that open.
pub(super) fn stays(
    private: &Private,
    config: &Certificate,
    prior: &Certificate,
    now: Timestamp,
) -> Result<Option<Stays>, Diagnostics> {
    let Some(Object(issue)) = config.issue.known() else {
        return Ok(None);
    };
    let Some(terms) = issue.terms()? else {
        return Ok(None);
    };
    Ok(match needs(private, &terms, prior) {
        None => Some(Stays::InOrder),
        Some(needs) => needs.obstacle(issue, &terms, prior, now).map(Stays::Due),
    })
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
    let Some(needs) = needs(change.private, &terms, &prior) else {
        let existing = Existing::find(prior.certificate.text());
        let warning = existing.and_then(|existing| expires(change, &terms, &existing));
        change.report.extend(warning);
        return keep(change, &prior);
    };
    if let Some(obstacle) = needs.obstacle(&issue, &terms, &prior, change.now) {
        change.report.extend(obstacle);
        change.planned.certificate = prior.certificate.clone();
        // What an interrupted renewal has left may be the next one: it waits for the key too.
        change.planned.superseded_ids = prior.superseded_ids.clone();
        if change.planned != prior {
            // The apply of this plan may have the key, and then it renews.
            unknown(change);
        }
        return;
    }
    change.report.extend(needs.reason(&prior));
    unknown(change);
    check(change, &issue, Some(&terms));
    store_capacity::foresee(change, &prior, store);
}

/// Why another certificate is issued in the place of one.
#[derive(Clone, Copy)]
enum Needs {
    /// The arguments say so.
    Another,
    /// Its time has come.
    Renewal { is_late: bool, has_expired: bool },
    /// Its deployment timed out.
    Deployment,
}

impl Needs {
    fn reason(self, prior: &Certificate) -> Option<Diagnostic> {
        let why = match self {
            Self::Another => return None,
            Self::Renewal { .. } => when(prior),
            Self::Deployment => given_up(prior),
        };
        let detail = format!(
            "{why}. This update issues a new one, which takes its place with zero downtime."
        );
        let warning = Diagnostic::warning("Certificate is renewed", detail);
        Some(warning.at("issue").once())
    }

    /// Why there is no renewal now. What time has brought fails no plan while the certificate
    /// serves; what the arguments ask for has to be issued.
    fn obstacle(
        self,
        issue: &Issue,
        terms: &Terms,
        prior: &Certificate,
        now: Timestamp,
    ) -> Option<Diagnostics> {
        if matches!(self, Self::Another) {
            return None;
        }
        let unfit = terms.check(now).err().map(Diagnostic::as_warning);
        if !issue.has_no_key() && unfit.is_none() {
            return None;
        }
        let mut report = Diagnostics::from(self.cannot(prior, unfit.is_none()));
        report.extend(unfit);
        Some(report)
    }

    /// `by_key`: whether it is the key that is missing, and not a valid authority.
    fn cannot(self, prior: &Certificate, by_key: bool) -> Diagnostic {
        let why = match self {
            Self::Deployment => given_up(prior),
            Self::Renewal {
                has_expired: true, ..
            } => {
                format!(
                    "{}, and origins refuse Cloudflare's requests",
                    expired(prior)
                )
            }
            Self::Renewal { is_late: true, .. } => {
                let when = when(prior);
                format!("{when}. From then on origins refuse Cloudflare's requests")
            }
            Self::Renewal { .. } | Self::Another => when(prior),
        };
        let advice = match by_key {
            true => {
                "that takes the CA's private key, which is not there: set ca_private_key_wo and \
                 apply"
            }
            false => "the CA cannot issue another, as the next warning says",
        };
        let detail = format!("{why}. It is due to be renewed, and {advice}.");
        let warning = Diagnostic::warning("Renewal is due", detail);
        warning.at("issue").once()
    }
}

/// It stays what it is.
fn keep(change: &mut Change<'_>, prior: &Certificate) {
    change.planned.certificate = prior.certificate.clone();
    plan_same(change, prior);
}

/// A certificate that is issued in the apply.
fn unknown(change: &mut Change<'_>) {
    let planned = &mut change.planned;
    // While `issue` is not known, what is given may turn out to be it.
    if change.config.certificate.is_null() {
        planned.certificate = Attr::unknown();
    }
    planned.facts = Facts::unknown();
    planned.id = Attr::unknown();
    planned.status = Attr::unknown();
    planned.uploaded_on = Attr::unknown();
    planned.presented = Attr::unknown();
}

/// Something is issued: authority and key must be fit for it.
fn check(change: &mut Change<'_>, issue: &Issue, terms: Option<&Terms>) {
    let expired = terms.and_then(|terms| terms.check(change.now).err());
    if expired.is_none() {
        let cut = terms.and_then(|terms| terms.cut(change.now));
        change.report.extend(cut);
    }
    let key = match issue.has_no_key() {
        true => Some(missing_key()),
        false => issue.key(terms).err(),
    };
    change.report.extend(expired);
    change.report.extend(key);
}

fn when(prior: &Certificate) -> String {
    let until = prior.facts.expires_on().unwrap_or("an unknown day");
    format!("{} expires on {until}", named(prior))
}

fn expired(prior: &Certificate) -> String {
    let until = prior.facts.expires_on().unwrap_or("an unknown day");
    format!("{} has expired ({until})", named(prior))
}

fn named(prior: &Certificate) -> String {
    let serial = prior.facts.serial_number().unwrap_or("unknown");
    let zone = prior.zone_id.text();
    format!("The certificate with serial number {serial} in zone {zone}")
}

fn given_up(prior: &Certificate) -> String {
    let id = prior.id.text();
    format!(
        "The deployment of certificate {id} timed out (deployment_timed_out), so it is never \
         presented"
    )
}

/// A renewal has been due for a while, and nobody has said so: nothing has been read.
fn expires(change: &Change<'_>, terms: &Terms, existing: &Existing) -> Option<Diagnostic> {
    let until = existing.not_after()?;
    let half = until.duration_since(terms.renewal(existing)?) / 2;
    let advice = "Plan without -refresh=false, and with ca_private_key_wo: it is renewed then.";
    let warning = expiry(change, existing.facts(), until, half, advice);
    Some(warning?.at("issue"))
}
