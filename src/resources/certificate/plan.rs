//! The plan of a certificate: is it still the same one, and can what is to be
//! uploaded be used?

use jiff::{SignedDuration, Timestamp};

use super::super::check::{certificates, plan_zone, settles};
use super::super::problem::invalid_pem;
use super::facts::Facts;
use super::{Certificate, Change, clock, origins, renewal, store_capacity};
use crate::x509::{self, Existing, PrivateKey};
use cloudflare::{Status, Store};
use framework::{Attr, Diagnostic, Diagnostics, Timeouts};

/// What can be said of a configuration without its values' meaning.
pub(super) fn validate(config: &Certificate, report: &mut Diagnostics) {
    if config.private_key.known().is_some() && config.private_key_wo.known().is_some() {
        let error = Diagnostic::error(
            "Conflicting private keys",
            "Both private_key and private_key_wo are set. Keep one of them: private_key_wo is \
             never stored, private_key is stored in state.",
        );
        report.push(error.at("private_key_wo"));
    }
    if config.issue.is_null() {
        if config.certificate.is_null() {
            report.push(no_certificate());
        }
        return;
    }
    for (name, is_set) in [
        ("certificate", config.certificate.known().is_some()),
        ("private_key", config.private_key.known().is_some()),
        ("private_key_wo", config.private_key_wo.known().is_some()),
    ] {
        if is_set && config.issue.known().is_some() {
            report.push(issued_and_given(name));
        }
    }
}

fn no_certificate() -> Diagnostic {
    Diagnostic::error(
        "Certificate is missing",
        "Neither certificate nor issue is set. Give the certificate with its private_key_wo; or \
         set issue, and the provider makes both.",
    )
    .at("certificate")
}

fn issued_and_given(name: &str) -> Diagnostic {
    Diagnostic::error(
        "Conflicting certificate and issue",
        format!(
            "Both issue and {name} are set. With issue the provider makes the certificate and its \
             key: take {name} out, or issue."
        ),
    )
    .at(name)
}

/// Completes and checks the plan of a create or an update.
pub(super) fn complete(change: &mut Change<'_>, store: Store) {
    Timeouts::check(&change.planned.timeouts, &mut change.report);
    let origins = origins::check(&change.planned.verify_origins);
    change.report.extend(origins);
    validate(&change.config, &mut change.report);
    let prior = change.prior.as_ref().map(|prior| &prior.zone_id);
    let planned = &mut change.planned;
    change.report.extend(plan_zone(&mut planned.zone_id, prior));
    change.planned.superseded_ids = match change.prior {
        // A create may turn out to go on with what a replacement has left.
        None => Attr::unknown(),
        Some(_) => Attr::Known(Vec::new()),
    };
    if !change.config.issue.is_null() {
        clock::correct(change);
        return renewal::plan(change, store);
    }
    let parsed = change
        .planned
        .certificate
        .known()
        .map(|_| certificates(&change.planned.certificate))
        .transpose();
    let leaf = match parsed {
        Ok(leaf) => leaf,
        // What stands in the state already is not uploaded, whatever it looks like.
        Err(_) if is_as_it_was(change) => None,
        Err(error) => {
            change.report.push(error);
            return;
        }
    };
    clock::correct(change);
    match change.prior.clone() {
        None => plan_upload(change, leaf.as_ref()),
        Some(prior) => plan_update(change, &prior, leaf.as_ref(), store),
    }
    check_key(change, leaf.as_ref());
    if let Some(leaf) = &leaf {
        warn_of_expiry(change, leaf);
    }
}

/// It stays the certificate that it is. What waits for its deployment will be active; and where
/// an interrupted rotation has left others, which are deleted now, this one is presented again.
pub(super) fn plan_same(change: &mut Change<'_>, prior: &Certificate) {
    let settles = settles(&prior.status, &change.planned.wait_for_deployment);
    if settles {
        change.planned.status = Attr::unknown();
    }
    if settles || prior.has_superseded() {
        change.planned.presented = Attr::unknown();
    }
}

/// Whether the configuration gives the very text that is stored, of a certificate that
/// needs no upload.
fn is_as_it_was(change: &Change<'_>) -> bool {
    let planned = &change.planned.certificate;
    let is_stored = |prior: &Certificate| prior.certificate == *planned && !has_timed_out(prior);
    planned.known().is_some() && change.prior.as_ref().is_some_and(is_stored)
}

/// Whether its deployment timed out, so that it has to be uploaded once more.
pub(super) fn has_timed_out(prior: &Certificate) -> bool {
    Status::parse(prior.status.text()) == Status::DeploymentTimedOut
}

/// Something will be uploaded: it must be fit for it.
fn plan_upload(change: &mut Change<'_>, leaf: Option<&x509::Certificate>) {
    match leaf {
        None => change.planned.facts = Facts::unknown(),
        Some(leaf) => {
            change.planned.facts = leaf.facts().into();
            change.report.extend(check_upload(leaf, change.now));
        }
    }
    if change.config.key().is_none() {
        change.report.push(missing_key());
    }
}

/// What makes a certificate unfit to be uploaded, as errors, and what is odd about it, as
/// warnings.
pub(super) fn check_upload(leaf: &x509::Certificate, now: Timestamp) -> Diagnostics {
    let problems = [
        leaf.check_chain(),
        leaf.check_leaf(),
        leaf.check_expiry(now),
    ];
    let errors = problems.into_iter().filter_map(Result::err);
    let errors = errors.map(|problem| invalid_pem("certificate", problem));
    let mut report: Diagnostics = errors.collect();
    if !leaf.serves_clients() {
        let warning = Diagnostic::warning(
            "Certificate is not for clients",
            "Its extended key usage does not name client authentication, so origins that check it \
             (nginx and most others do) will refuse it. Issue one with extendedKeyUsage = \
             clientAuth.",
        );
        report.push(warning.at("certificate").once());
    }
    report
}

/// What to say of a certificate that is not valid yet.
pub(super) fn not_valid_yet(leaf: &x509::Certificate, now: Timestamp) -> Option<Diagnostic> {
    let warning = Diagnostic::warning(
        "Certificate is not valid yet",
        format!(
            "It begins to be valid at {}, and until then origins refuse it. Apply later, or issue \
             one that is valid now.",
            leaf.not_before()
        ),
    );
    (leaf.not_before() > now).then(|| warning.at("certificate").once())
}

/// The certificate is there. It stays the same one as long as its leaf does;
/// another leaf takes its place with zero downtime.
fn plan_update(
    change: &mut Change<'_>,
    prior: &Certificate,
    leaf: Option<&x509::Certificate>,
    store: Store,
) {
    let before = Existing::find(prior.certificate.text());
    let is_same = match leaf {
        // The prior text may be one that cannot be read, or none at all.
        Some(leaf) => {
            let fingerprint = &leaf.facts().fingerprint_sha256;
            let is_known = prior.facts.fingerprint() == Some(fingerprint);
            is_known || before.as_ref().is_some_and(|before| leaf.is_same(before))
        }
        None => is_as_it_was(change),
    };
    let same = leaf.filter(|_| is_same);
    if let Some(leaf) = same {
        if before.is_none_or(|before| leaf.has_chain_of(&before)) {
            change.planned.certificate = prior.certificate.clone();
        } else {
            let strangers = leaf.check_members().err();
            let strangers = strangers.map(|problem| invalid_pem("certificate", problem));
            change.report.extend(strangers);
            change.warn(
                "certificate",
                "Only the chain has changed",
                "The leaf certificate is the same, so nothing is uploaded: Cloudflare keeps the \
                 chain that was uploaded first.",
            );
        }
    }
    if is_same && !has_timed_out(prior) {
        return plan_same(change, prior);
    }
    change.planned.id = Attr::unknown();
    change.planned.status = Attr::unknown();
    change.planned.uploaded_on = Attr::unknown();
    change.planned.presented = Attr::unknown();
    plan_upload(change, leaf);
    if !is_same {
        store_capacity::foresee(change, prior, store);
    } else {
        change.warn(
            "status",
            "Certificate was not deployed",
            format!(
                "The deployment of certificate {} timed out (deployment_timed_out), so it is never \
                 presented. This update uploads it again; if no hostname is associated with it, the \
                 failed copy is deleted first. If it happens again, issue a certificate with a new \
                 serial number.",
                prior.id.text()
            ),
        );
    }
}

/// A key that is known must be one, and belong to the certificate. One that is not stored
/// is looked at only where something is uploaded: at other times it may be the next one.
fn check_key(change: &mut Change<'_>, leaf: Option<&x509::Certificate>) {
    let Some((attribute, key)) = change.config.key() else {
        return;
    };
    let uploads = change.prior.is_none() || change.planned.id.is_unknown();
    if attribute == "private_key_wo" && !uploads {
        return;
    }
    let Some(text) = key.known() else {
        return;
    };
    let checked = PrivateKey::parse(text).and_then(|key| match leaf {
        Some(leaf) => key.check_match(leaf),
        None => Ok(()),
    });
    let error = checked.err();
    let error: Option<Diagnostic> = error.map(|problem| invalid_pem(attribute, problem));
    change.report.extend(error);
}

/// Warns while there is time left, and when there is none.
fn warn_of_expiry(change: &mut Change<'_>, leaf: &x509::Certificate) {
    change.report.extend(not_valid_yet(leaf, change.now));
    // An expired one that is to be uploaded is an error already.
    let has_expired = leaf.not_after() <= change.now;
    if !(has_expired && change.planned.id.is_unknown()) {
        let advice = "Put a newly issued one into `certificate`: it is rotated in place, with zero \
                      downtime. The provider's expiry_warning_days says how early this warning comes.";
        let days = SignedDuration::from_hours(24 * i64::from(change.settings.expiry_warning_days));
        let warning = expiry(change, leaf.facts(), leaf.not_after(), days, advice);
        change
            .report
            .extend(warning.map(|warning| warning.at("certificate")));
    }
}

/// A warning of the end of a certificate, if it comes within this time.
pub(super) fn expiry(
    change: &Change<'_>,
    facts: &x509::Facts,
    not_after: Timestamp,
    within: SignedDuration,
    advice: &str,
) -> Option<Diagnostic> {
    let left = not_after.duration_since(change.now);
    if change.settings.expiry_warning_days == 0 || left > within {
        return None;
    }
    let when = match left.as_hours() / 24 {
        _ if left <= SignedDuration::ZERO => "has expired, and origins refuse it".to_owned(),
        0 => "expires within a day".to_owned(),
        1 => "expires in 1 day".to_owned(),
        days => format!("expires in {days} days"),
    };
    let warning = Diagnostic::warning(
        "Certificate expiry",
        format!(
            "The certificate with serial number {} in zone {} {when} ({}). {advice}",
            facts.serial_number.as_deref().unwrap_or_default(),
            change.planned.zone_id.text(),
            facts.expires_on.as_deref().unwrap_or_default(),
        ),
    );
    Some(warning.once())
}

/// There is something to upload, and no key to upload it with.
pub(super) fn missing_key() -> Diagnostic {
    Diagnostic::error(
        "Private key is missing",
        "The certificate has to be uploaded, and Cloudflare needs its private key for that. Set \
         private_key_wo, which is never stored (Terraform 1.11 or OpenTofu 1.11), or private_key, \
         which is stored in state.",
    )
    .at("private_key")
}
