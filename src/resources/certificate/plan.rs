//! The plan of a certificate.

use super::super::check::{certificate, settles, zone_id};
use super::super::problem::invalid_pem;
use super::Certificate;
use crate::framework::{Attr, Change, Diagnostic, Timeouts};
use crate::x509::{self, PrivateKey};

/// Completes and checks the plan of a create or an update.
pub(super) fn complete(change: &mut Change<'_, Certificate>) {
    Timeouts::check(&change.planned.timeouts, &mut change.report);
    if change.planned.zone_id.known().is_some() {
        change.report.extend(zone_id(&change.planned.zone_id).err());
    }
    let parsed = change
        .planned
        .certificate
        .known()
        .map(|_| certificate(&change.planned.certificate))
        .transpose();
    let leaf = match parsed {
        Ok(leaf) => leaf,
        Err(error) => {
            change.report.push(error);
            return;
        }
    };
    match &change.prior {
        None => plan_upload(change, leaf.as_ref()),
        Some(_) => plan_update(change, leaf.as_ref()),
    }
}

/// Something will be uploaded: it must be fit for it.
fn plan_upload(change: &mut Change<'_, Certificate>, leaf: Option<&x509::Certificate>) {
    if let Some(leaf) = leaf {
        change.planned.set_facts(leaf.facts());
        let expired = leaf.check_expiry(change.now).err();
        let error = expired.map(|problem| invalid_pem("certificate", problem));
        change.report.extend(error);
    }
    if change.config.private_key.is_null() {
        change.error(
            "private_key",
            "Private key is missing",
            "The certificate has to be uploaded, and Cloudflare needs its private key for that. \
             Give the key that belongs to the certificate.",
        );
    }
    check_key(change, leaf);
}

/// The certificate is there. It stays the same one as long as its leaf does.
fn plan_update(change: &mut Change<'_, Certificate>, leaf: Option<&x509::Certificate>) {
    let Some(prior) = change.prior.clone() else {
        return;
    };
    let before = certificate(&prior.certificate).ok();
    match (leaf, before) {
        (Some(leaf), Some(before)) if leaf.same_leaf(&before) => {
            if leaf.same_chain(&before) {
                change.planned.certificate = prior.certificate.clone();
            } else {
                change.warn(
                    "certificate",
                    "Only the chain has changed",
                    "The leaf certificate is the same, so nothing is uploaded: Cloudflare keeps \
                     the chain that was uploaded first.",
                );
            }
        }
        _ => change.replace("certificate"),
    }
    if change.planned.private_key != prior.private_key {
        check_key(change, leaf);
    }
    if settles(&prior.status, &change.planned.wait_for_deployment) {
        change.planned.status = Attr::unknown();
    }
}

/// A key that is known must be one, and belong to the certificate.
fn check_key(change: &mut Change<'_, Certificate>, leaf: Option<&x509::Certificate>) {
    let Some(text) = change.config.private_key.known() else {
        return;
    };
    let checked = PrivateKey::parse(text).and_then(|key| match leaf {
        Some(leaf) => key.check_match(leaf),
        None => Ok(()),
    });
    let error = checked.err();
    let error: Option<Diagnostic> = error.map(|problem| invalid_pem("private_key", problem));
    change.report.extend(error);
}
