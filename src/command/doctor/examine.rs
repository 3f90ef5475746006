//! What is wrong in a zone, from what was seen there: a pure function of that and of the time.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::counted;
use super::super::inventory::Inventory;
use super::report::{Finding, Hostnames, Seen, Severity};
use crate::resources::{leaf_of, text_of};
use crate::x509;
use cloudflare::{Association, Certificate, HOSTNAMES_PER_CERTIFICATE, Presented, Status, Store};

/// A deployment that takes longer is stuck.
const LONGEST_DEPLOYMENT: SignedDuration = SignedDuration::from_hours(1);

/// What was seen, and what is wrong with it.
pub(super) struct Examined {
    pub(super) certificates: Vec<Seen>,
    pub(super) findings: Vec<Finding>,
}

/// Examines a zone. `days`: how long before a certificate expires that is a finding.
pub(super) fn examine(found: &Inventory, now: Timestamp, days: i64) -> Examined {
    let mut certificates = Vec::new();
    let mut findings = Vec::new();
    for (store, all) in [
        (Store::Zone, &found.zone_certificates),
        (Store::Hostname, &found.hostname_certificates),
    ] {
        for certificate in all {
            let seen = see(store, certificate, found, now);
            findings.extend(of_validity(&seen, certificate, days, now));
            findings.extend(of_deployment(&seen, certificate, now));
            findings.extend(of_use(&seen, certificate, found));
            certificates.push(seen);
        }
    }
    findings.extend(of_switch(found));
    findings.extend(of_capacity(found));
    findings.extend(of_hostnames(found));
    findings.sort_by_key(|finding| finding.severity);
    Examined {
        certificates,
        findings,
    }
}

/// How many hostnames there are.
pub(super) fn count(all: &[Association]) -> Hostnames {
    let of = |is: fn(&Association) -> bool| all.iter().filter(|found| is(found)).count();
    Hostnames {
        all: all.len(),
        not_active: of(|found| found.status != Status::Active),
        disabled: of(|found| found.enabled == Some(false)),
    }
}

fn see(store: Store, certificate: &Certificate, found: &Inventory, now: Timestamp) -> Seen {
    let leaf = leaf_of(certificate);
    let expires = leaf.as_ref().and_then(|leaf| leaf.not_after());
    let expires = expires.or(certificate.expires_on);
    let served = found.associations.iter();
    let served = served.filter(|a| a.names(&certificate.id) && a.enabled == Some(true));
    let hostnames = served.count();
    let is_presented = match store {
        Store::Zone => {
            let presented = Presented::of(&found.zone_certificates).is(&certificate.id);
            let may_be = presented.unwrap_or(certificate.status == Status::Active);
            found.is_on && may_be
        }
        Store::Hostname => certificate.status == Status::Active && hostnames > 0,
    };
    let facts = leaf.as_ref().map(|leaf| leaf.facts().clone());
    let facts = facts.unwrap_or_default();
    Seen {
        id: certificate.id.clone(),
        store,
        status: certificate.status.clone(),
        subject: leaf
            .as_ref()
            .and_then(|leaf| leaf.subject())
            .map(text::visible_line),
        issuer: facts.issuer,
        serial_number: facts.serial_number,
        expires,
        days_left: expires.map(|at| at.duration_since(now).as_secs().div_euclid(86_400)),
        hostnames,
        is_presented,
    }
}

/// Whether origins accept it now, and will tomorrow.
fn of_validity(seen: &Seen, certificate: &Certificate, days: i64, now: Timestamp) -> Vec<Finding> {
    const ROTATE: &str = "Rotate it: put a new certificate into its resource and apply.";
    let severity = match seen.is_presented {
        true => Severity::Error,
        false => Severity::Warning,
    };
    let mut findings = Vec::new();
    match seen.days_left {
        Some(left) if left < 0 => findings.push(finding(
            severity,
            "certificate_expired",
            seen,
            format!(
                "It expired {} ago, and origins refuse it.",
                counted(left.unsigned_abs(), "day")
            ),
            ROTATE,
        )),
        Some(left) if left < days => findings.push(finding(
            Severity::Warning,
            "certificate_expires_soon",
            seen,
            format!("It expires in {}.", counted(left.unsigned_abs(), "day")),
            ROTATE,
        )),
        _ => {}
    }
    let begins = leaf_of(certificate).and_then(|leaf| leaf.not_before());
    if let Some(begins) = begins.filter(|begins| *begins > now) {
        findings.push(finding(
            severity,
            "certificate_not_yet_valid",
            seen,
            format!("It begins to be valid at {begins}, and until then origins refuse it."),
            ROTATE,
        ));
    }
    let read = text_of(certificate).and_then(|text| x509::Certificate::read(&text).ok());
    if read.is_some_and(|read| !read.serves_clients()) {
        findings.push(finding(
            Severity::Warning,
            "certificate_not_for_clients",
            seen,
            "Its extended key usage does not name client authentication: most origins refuse it."
                .to_owned(),
            "Issue one with extendedKeyUsage = clientAuth.",
        ));
    }
    findings
}

/// Whether Cloudflare's edge has it.
fn of_deployment(seen: &Seen, certificate: &Certificate, now: Timestamp) -> Option<Finding> {
    let age = certificate.uploaded_on.map(|at| now.duration_since(at));
    let is_stuck = age.is_some_and(|age| age >= LONGEST_DEPLOYMENT);
    match &seen.status {
        Status::DeploymentTimedOut => Some(finding(
            Severity::Error,
            "deployment_timed_out",
            seen,
            "Its deployment timed out (deployment_timed_out), so it is never presented.".to_owned(),
            "Upload it again, or issue one with a new serial number.",
        )),
        Status::DeletionTimedOut => Some(finding(
            Severity::Warning,
            "deletion_timed_out",
            seen,
            "Its deletion timed out (deletion_timed_out).".to_owned(),
            "Delete it again.",
        )),
        status if status.is_pending() && is_stuck => Some(finding(
            Severity::Warning,
            "deployment_pending",
            seen,
            format!("It has been {status} for more than an hour."),
            "Wait, or upload it again; www.cloudflarestatus.com shows known outages.",
        )),
        _ => None,
    }
}

/// Whether anybody is served with it, or too many are.
fn of_use(seen: &Seen, certificate: &Certificate, found: &Inventory) -> Option<Finding> {
    let associations = found.associations.iter();
    let named = associations.filter(|a| a.names(&certificate.id)).count();
    let is_active = seen.status == Status::Active;
    match seen.store {
        Store::Hostname if is_active && named == 0 => Some(finding(
            Severity::Warning,
            "certificate_unused",
            seen,
            "No hostname is associated with it.".to_owned(),
            "Associate one, or delete it: a zone holds at most ten.",
        )),
        Store::Hostname if named >= HOSTNAMES_PER_CERTIFICATE => Some(finding(
            Severity::Warning,
            "hostname_limit",
            seen,
            format!("It has {named} hostnames, as many as Cloudflare allows."),
            "Upload another certificate for further hostnames.",
        )),
        Store::Zone if is_active && found.is_on && !seen.is_presented => Some(finding(
            Severity::Warning,
            "zone_certificate_unused",
            seen,
            "A zone presents the certificate that was deployed last, which is another one."
                .to_owned(),
            "Delete it, unless it is to come back when the other one goes.",
        )),
        _ => None,
    }
}

fn of_switch(found: &Inventory) -> Option<Finding> {
    let presented = Presented::of(&found.zone_certificates);
    let is_any_active = !matches!(presented, Presented::Nothing);
    let (severity, code, message, advice) = match (found.is_on, is_any_active) {
        (true, false) => (
            Severity::Error,
            "setting_presents_nothing",
            "It is on, and the zone has no active certificate: Cloudflare presents none, and \
             origins that enforce it refuse every request.",
            "Upload a zone certificate, or turn the setting off.",
        ),
        (false, true) => (
            Severity::Warning,
            "setting_off",
            "It is off, and the zone has certificates: they are not presented.",
            "Turn the setting on, or delete the certificates.",
        ),
        _ => return None,
    };
    Some(Finding {
        severity,
        code,
        object: "zone setting".to_owned(),
        message: message.to_owned(),
        advice: advice.to_owned(),
    })
}

fn of_capacity(found: &Inventory) -> Option<Finding> {
    let most = Store::Hostname.capacity()?;
    let count = found.hostname_certificates.len();
    (count >= most).then(|| Finding {
        severity: Severity::Warning,
        code: "quota_used_up",
        object: "hostname certificates".to_owned(),
        message: format!("The zone holds {count} of {most}: a rotation finds no slot."),
        advice: "Delete one that is unused, or ask Cloudflare for a higher quota.".to_owned(),
    })
}

/// What is wrong with hostnames: one finding for all that have the same fault.
fn of_hostnames(found: &Inventory) -> Vec<Finding> {
    let mut faults: BTreeMap<&'static str, Vec<&Association>> = BTreeMap::new();
    for association in &found.associations {
        let certificate = found.hostname_certificates.iter();
        let certificate = certificate.clone().find(|one| association.names(&one.id));
        let is_wanted = association.enabled == Some(true);
        let code = match (&association.status, certificate.map(|one| &one.status)) {
            (Status::DeploymentTimedOut, _) => "hostname_deployment_timed_out",
            (Status::DeletionTimedOut, _) => "hostname_deletion_timed_out",
            (_, None | Some(Status::DeploymentTimedOut)) if is_wanted => {
                "hostname_presents_nothing"
            }
            _ => continue,
        };
        faults.entry(code).or_default().push(association);
    }
    let findings = faults.into_iter().map(|(code, of)| {
        let (message, advice) = match code {
            "hostname_deployment_timed_out" => (
                "The deployment of the association timed out (deployment_timed_out), so what was \
                 there before may be presented.",
                "Apply: the association is written once more.",
            ),
            "hostname_deletion_timed_out" => (
                "The deletion of the association timed out (deletion_timed_out).",
                "Apply: the association is written, or deleted, once more.",
            ),
            _ => (
                "The certificate is gone, or its deployment timed out: none is presented.",
                "Associate an active hostname certificate.",
            ),
        };
        Finding {
            severity: Severity::Error,
            code,
            object: named(&of),
            message: message.to_owned(),
            advice: advice.to_owned(),
        }
    });
    findings.collect()
}

/// The first of many hostnames, and how many there are.
fn named(all: &[&Association]) -> String {
    const SHOWN: usize = 3;
    let names = all.iter().take(SHOWN).map(|one| one.hostname.as_str());
    let names: Vec<&str> = names.collect();
    match all.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn finding(
    severity: Severity,
    code: &'static str,
    seen: &Seen,
    message: String,
    advice: &str,
) -> Finding {
    Finding {
        severity,
        code,
        object: format!("certificate {}", seen.id),
        message,
        advice: advice.to_owned(),
    }
}
