//! The plan of many associations: are they hostnames, and does each have one
//! certificate?

use std::collections::BTreeMap;

use super::super::Settings;
use super::super::check::{certificate_id, hostname, plan_zone};
use super::model::{Associations, Entry};
use super::target::{Target, entry, place, targets};
use cloudflare::HOSTNAMES_PER_CERTIFICATE;
use framework::{Attr, Change, Diagnostic, Object, Timeouts};

/// Checks the plan of a create or an update.
pub(super) fn complete(change: &mut Change<'_, Associations, Settings>) {
    Timeouts::check(&change.planned.timeouts, &mut change.report);
    let prior = change.prior.as_ref().map(|prior| &prior.zone_id);
    let planned = &mut change.planned;
    change.report.extend(plan_zone(&mut planned.zone_id, prior));
    // What is listed there is written again.
    change.planned.undeployed = Attr::Known(Vec::new());
    let mut spellings = BTreeMap::new();
    // Many hostnames share a certificate: each id is looked at once.
    let mut certificates: BTreeMap<&str, (usize, Option<Diagnostic>)> = BTreeMap::new();
    for (spelling, said) in change.planned.associations.known().into_iter().flatten() {
        match hostname(&spelling.as_str().into()) {
            Err(error) => change
                .report
                .push(about(spelling, error).at_path(entry(spelling))),
            Ok(name) => {
                if let Some(other) = spellings.insert(name, spelling) {
                    change.report.push(spelt_twice(other, spelling));
                }
            }
        }
        if said.is_null() {
            change.report.push(says_nothing(spelling));
        }
        let certificate = said.known().map(|said| &said.0.certificate_id);
        if let Some((attr, id)) = certificate.and_then(|attr| Some((attr, attr.known()?))) {
            let of = certificates.entry(id);
            let (count, error) = of.or_insert_with(|| (0, certificate_id(attr).err()));
            *count += 1;
            let error = error.clone();
            let error =
                error.map(|e| about(spelling, e).at_path(place(spelling, "certificate_id")));
            change.report.extend(error);
        }
    }
    let many = certificates
        .into_iter()
        .filter(|(_, (count, _))| *count > HOSTNAMES_PER_CERTIFICATE);
    change
        .report
        .extend(many.map(|(id, (count, _))| too_many(id, count)));
    keep_spellings(change);
}

/// Another spelling of the same hostnames is no change.
fn keep_spellings(change: &mut Change<'_, Associations, Settings>) {
    let (Some(prior), Some(entries)) = (&change.prior, change.planned.associations.known()) else {
        return;
    };
    if prior.associations == change.planned.associations {
        return;
    }
    let is_known = |Object(said): &Object<Entry>| {
        said.certificate_id.known().is_some() && said.enabled.known().is_some()
    };
    let all_known = entries
        .values()
        .all(|said| said.known().is_some_and(is_known));
    let (Ok(before), Ok(after)) = (targets(prior), targets(&change.planned)) else {
        return;
    };
    let stays = |(name, target): (_, &Target)| before.get(name).is_some_and(|b| b.means(target));
    if all_known && before.len() == after.len() && after.iter().all(stays) {
        change.planned.associations = prior.associations.clone();
    }
}

/// The same message, which names its hostname: where the map comes from an expression,
/// the place alone does not show which one it is.
pub(super) fn about(spelling: &str, mut error: Diagnostic) -> Diagnostic {
    error.detail = format!("{spelling:?}: {}", error.detail);
    error
}

fn spelt_twice(one: &str, other: &str) -> Diagnostic {
    Diagnostic::error(
        "Hostname is listed twice",
        format!("{one:?} and {other:?} are spellings of one hostname. Keep one of them."),
    )
    .at_path(entry(other))
}

fn says_nothing(spelling: &str) -> Diagnostic {
    Diagnostic::error(
        "Association is empty",
        format!(
            "Nothing is said about {spelling}. Give it a certificate_id, or take it out of the map."
        ),
    )
    .at_path(entry(spelling))
}

fn too_many(id: &str, count: usize) -> Diagnostic {
    Diagnostic::warning(
        "Many hostnames for one certificate",
        format!(
            "{count} hostnames are to use certificate {id}; Cloudflare documents {HOSTNAMES_PER_CERTIFICATE} \
             for each certificate, and may refuse the others. Spread them over more certificates."
        ),
    )
    .at("associations")
    .once()
}
