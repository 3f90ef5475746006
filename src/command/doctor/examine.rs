//! What is wrong in a zone, from what was seen there: a pure function of that and of the time.

use jiff::Timestamp;

use super::super::inventory::Inventory;
use super::report::{Finding, Hostnames, Seen, Severity};
use crate::resources::leaf_of;
use cloudflare::{Association, Certificate, HOSTNAMES_PER_CERTIFICATE, Status, Store};

/// So long a deployment takes at most, in hours; then it is stuck.
const LONGEST_DEPLOYMENT: i32 = 1;

/// What was seen, and what is wrong with it.
pub(super) struct Examined {
    pub(super) certificates: Vec<Seen>,
    pub(super) findings: Vec<Finding>,
}

/// Examines a zone. `days`: how long before a certificate expires that is a finding.
pub(super) fn examine(found: &Inventory, now: Timestamp, days: i64) -> Examined {
    let presented = presented(&found.zone_certificates);
    let mut certificates = Vec::new();
    let mut findings = Vec::new();
    for (store, all) in [
        (Store::Zone, &found.zone_certificates),
        (Store::Hostname, &found.hostname_certificates),
    ] {
        for certificate in all {
            let seen = see(store, certificate, found, presented, now);
            findings.extend(of_certificate(&seen, certificate, found.is_on, days, now));
            certificates.push(seen);
        }
    }
    findings.extend(of_switches(found));
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

/// Which zone certificate is presented while the switch is on: of those that are active, the
/// one that was deployed last, which is taken to be the one that was uploaded last.
fn presented(all: &[Certificate]) -> Option<&Certificate> {
    let active = all.iter().filter(|found| found.status == Status::Active);
    active.max_by_key(|found| found.uploaded_on)
}

fn see(
    store: Store,
    certificate: &Certificate,
    found: &Inventory,
    presented: Option<&Certificate>,
    now: Timestamp,
) -> Seen {
    let leaf = leaf_of(certificate);
    let expires = leaf.as_ref().and_then(|leaf| leaf.not_after());
    let expires = expires.or(certificate.expires_on);
    let served = found.associations.iter();
    let served = served.filter(|a| a.names(&certificate.id) && a.enabled == Some(true));
    let is_presented = match store {
        Store::Zone => found.is_on && presented.is_some_and(|one| one.id == certificate.id),
        Store::Hostname => certificate.status == Status::Active && served.clone().count() > 0,
    };
    Seen {
        id: certificate.id.clone(),
        store,
        status: certificate.status.clone(),
        subject: leaf
            .as_ref()
            .and_then(|leaf| leaf.subject())
            .map(text::visible_line),
        issuer: leaf.as_ref().and_then(|leaf| leaf.facts().issuer.clone()),
        serial_number: leaf.and_then(|leaf| leaf.facts().serial_number.clone()),
        expires,
        days_left: expires.map(|at| days_between(now, at)),
        hostnames: served.count(),
        is_presented,
    }
}

/// Days in words.
fn counted(days: i64) -> String {
    match days {
        1 => "1 day".to_owned(),
        _ => format!("{days} days"),
    }
}

/// Whole days, rounded down.
fn days_between(now: Timestamp, at: Timestamp) -> i64 {
    at.duration_since(now).as_secs().div_euclid(86_400)
}

fn of_certificate(
    seen: &Seen,
    certificate: &Certificate,
    is_on: bool,
    days: i64,
    now: Timestamp,
) -> Vec<Finding> {
    let object = format!("certificate {}", seen.id);
    let finding = |severity, code, what: String, advice: &str| Finding {
        severity,
        code,
        object: object.clone(),
        message: what,
        advice: advice.to_owned(),
    };
    let mut findings = Vec::new();
    match seen.days_left {
        Some(left) if left < 0 => findings.push(finding(
            if seen.is_presented {
                Severity::Error
            } else {
                Severity::Warning
            },
            "certificate_expired",
            format!("It expired {} ago, and origins refuse it.", counted(-left)),
            "Rotate it: put a new certificate into its resource and apply.",
        )),
        Some(left) if left < days => findings.push(finding(
            Severity::Warning,
            "certificate_expires_soon",
            format!("It expires in {}.", counted(left)),
            "Rotate it: put a new certificate into its resource and apply.",
        )),
        _ => {}
    }
    let age = certificate.uploaded_on.map(|at| now.duration_since(at));
    let is_stuck = age.is_some_and(|age| age.as_hours() >= i64::from(LONGEST_DEPLOYMENT));
    match seen.status {
        Status::DeploymentTimedOut => findings.push(finding(
            Severity::Error,
            "deployment_timed_out",
            "Its deployment timed out (deployment_timed_out), so it is never presented.".to_owned(),
            "Upload it again, or issue one with a new serial number.",
        )),
        Status::DeletionTimedOut => findings.push(finding(
            Severity::Warning,
            "deletion_timed_out",
            "Its deletion timed out (deletion_timed_out).".to_owned(),
            "Delete it again.",
        )),
        ref status if status.is_pending() && is_stuck => findings.push(finding(
            Severity::Warning,
            "deployment_pending",
            format!("It has been {status} for more than an hour."),
            "Wait, or upload it again; www.cloudflarestatus.com shows known outages.",
        )),
        _ => {}
    }
    let is_unused = seen.status == Status::Active && !seen.is_presented;
    if is_unused && seen.store == Store::Hostname {
        findings.push(finding(
            Severity::Warning,
            "certificate_unused",
            "No hostname presents it.".to_owned(),
            "Associate a hostname with it, or delete it: a zone holds at most ten.",
        ));
    } else if is_unused && is_on {
        findings.push(finding(
            Severity::Warning,
            "zone_certificate_unused",
            "A zone presents the certificate that was deployed last, which is another one."
                .to_owned(),
            "Delete it, unless it is to come back when the other one goes.",
        ));
    }
    findings
}

fn of_switches(found: &Inventory) -> Vec<Finding> {
    let object = "aop_zone_setting".to_owned();
    let is_any_active = presented(&found.zone_certificates).is_some();
    let nothing = (found.is_on && !is_any_active).then(|| Finding {
        severity: Severity::Error,
        code: "switch_presents_nothing",
        object: object.clone(),
        message:
            "The zone-level setting is on, and the zone has no active certificate: Cloudflare \
                  presents none, and origins that enforce it refuse every request."
                .to_owned(),
        advice: "Upload a zone certificate, or turn the setting off.".to_owned(),
    });
    let off = (!found.is_on && is_any_active).then(|| Finding {
        severity: Severity::Warning,
        code: "switch_off",
        object,
        message: "The zone has certificates, and the zone-level setting is off: they are not \
                  presented."
            .to_owned(),
        advice: "Turn the setting on, or delete the certificates.".to_owned(),
    });
    nothing.into_iter().chain(off).collect()
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

fn of_hostnames(found: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    for association in &found.associations {
        let hostname = &association.hostname;
        let finding = |severity, code, message: String, advice: &str| Finding {
            severity,
            code,
            object: hostname.as_str().to_owned(),
            message,
            advice: advice.to_owned(),
        };
        if association.status == Status::DeploymentTimedOut {
            findings.push(finding(
                Severity::Error,
                "hostname_deployment_timed_out",
                "The deployment of its association timed out (deployment_timed_out).".to_owned(),
                "Apply again: the association is written once more.",
            ));
        }
        if association.enabled == Some(true) && !is_served(association, found) {
            findings.push(finding(
                Severity::Error,
                "hostname_presents_nothing",
                "Its certificate is gone or not active, so none is presented.".to_owned(),
                "Associate it with an active hostname certificate.",
            ));
        }
    }
    for certificate in &found.hostname_certificates {
        let of_it = found.associations.iter();
        let count = of_it.filter(|a| a.names(&certificate.id)).count();
        if count >= HOSTNAMES_PER_CERTIFICATE {
            findings.push(Finding {
                severity: Severity::Warning,
                code: "hostname_limit",
                object: format!("certificate {}", certificate.id),
                message: format!("It serves {count} hostnames, as many as Cloudflare allows."),
                advice: "Upload another certificate for further hostnames.".to_owned(),
            });
        }
    }
    findings
}

/// Whether the certificate of an association is there and can be presented.
fn is_served(association: &Association, found: &Inventory) -> bool {
    let mut certificates = found.hostname_certificates.iter();
    certificates.any(|one| association.names(&one.id) && one.status == Status::Active)
}
