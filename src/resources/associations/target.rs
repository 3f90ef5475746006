//! What the attributes want for each hostname, and what that is beside what was.

use std::collections::{BTreeMap, BTreeSet};

use super::super::check::{hostname, stored_id};
use super::model::{Associations, Entries, Entry};
use cloudflare::{Association, AssociationWrite, CertificateId, Hostname};
use framework::value::{Path, Step};
use framework::{Attr, Diagnostic};

/// What one hostname is to have.
#[derive(Clone)]
pub(super) struct Target {
    /// The hostname as the user wrote it.
    pub(super) spelling: String,
    pub(super) certificate_id: CertificateId,
    pub(super) enabled: bool,
}

/// All of them, by hostname.
pub(super) type Targets = BTreeMap<Hostname, Target>;

impl Target {
    pub(super) fn means(&self, other: &Self) -> bool {
        self.certificate_id == other.certificate_id && self.enabled == other.enabled
    }

    /// Whether this is what the API shows.
    pub(super) fn is(&self, found: &Association) -> bool {
        let is_same = found.names(&self.certificate_id) && found.enabled == Some(self.enabled);
        is_same && !found.is_gone()
    }

    /// The write that makes it so.
    pub(super) fn write(&self, name: &Hostname) -> AssociationWrite {
        AssociationWrite {
            hostname: name.clone(),
            cert_id: self.certificate_id.clone(),
            enabled: Some(self.enabled),
        }
    }
}

/// The place of a hostname's attribute.
pub(super) fn place(spelling: &str, attribute: &str) -> Path {
    entry(spelling).then(Step::Attribute(attribute.to_owned()))
}

/// The place of a hostname.
pub(super) fn entry(spelling: &str) -> Path {
    Path::attribute("associations").then(Step::Key(spelling.to_owned()))
}

/// What is wanted of each hostname, once everything is known.
pub(super) fn targets(model: &Associations) -> Result<Targets, Diagnostic> {
    let entries = model.associations.known().into_iter().flatten();
    let parsed = entries.filter_map(|(spelling, attr)| {
        let said = &attr.known()?.0;
        let name = hostname(&spelling.as_str().into());
        let name = name.map_err(|error| error.at_path(entry(spelling)));
        let id = stored_id(&said.certificate_id, "certificate_id");
        let id = id.map_err(|error| error.at_path(place(spelling, "certificate_id")));
        Some(name.and_then(|name| {
            let target = Target {
                spelling: spelling.clone(),
                certificate_id: id?,
                enabled: said.enabled.known() != Some(&false),
            };
            Ok((name, target))
        }))
    });
    parsed.collect()
}

/// The hostnames that are listed, also while their certificates are not known.
pub(super) fn hostnames(model: &Associations) -> BTreeSet<Hostname> {
    let entries = model.associations.known().into_iter().flatten();
    entries
        .filter_map(|(spelling, _)| Hostname::parse(spelling).ok())
        .collect()
}

/// What an update has to do.
pub(super) struct Difference {
    /// Listed before and now.
    pub(super) kept: Targets,
    /// Of these, those that are as they are to be.
    pub(super) unchanged: Targets,
    /// Listed now only.
    pub(super) added: Targets,
    /// To be written: added, or to be something else.
    pub(super) changed: Targets,
    /// Of these, those that get another certificate.
    pub(super) moved: Targets,
    /// Listed before only.
    pub(super) removed: Targets,
}

impl Difference {
    /// `overwritten`: whether this run has made a hostname something else since.
    pub(super) fn between(
        before: &Targets,
        after: &Targets,
        overwritten: impl Fn(&Hostname) -> bool,
    ) -> Self {
        let (kept, added) = split(after, |name, _| before.contains_key(name));
        let (unchanged, changed) = split(after, |name, target| {
            before.get(name).is_some_and(|b| b.means(target)) && !overwritten(name)
        });
        let (moved, _) = split(&changed, |name, target| {
            let before = before.get(name);
            before.is_some_and(|b| b.certificate_id != target.certificate_id)
        });
        let (_, removed) = split(before, |name, _| after.contains_key(name));
        Self {
            kept,
            unchanged,
            added,
            changed,
            moved,
            removed,
        }
    }
}

fn split(targets: &Targets, is: impl Fn(&Hostname, &Target) -> bool) -> (Targets, Targets) {
    let all = targets
        .iter()
        .map(|(name, target)| (name.clone(), target.clone()));
    all.partition(|(name, target)| is(name, target))
}

/// What is true after an update that failed half-way.
pub(super) fn merge(
    prior: &Associations,
    after: &Targets,
    accepted: &BTreeSet<Hostname>,
    gone: &BTreeSet<Hostname>,
) -> Associations {
    let mut state = prior.clone();
    let before = prior.associations.known().into_iter().flatten();
    let stays = before.filter(|(spelling, _)| {
        let name = Hostname::parse(spelling);
        !name.is_ok_and(|name| accepted.contains(&name) || gone.contains(&name))
    });
    let mut entries: Entries = stays
        .map(|(key, entry)| (key.clone(), entry.clone()))
        .collect();
    for (name, target) in after.iter().filter(|(name, _)| accepted.contains(name)) {
        let written = Association::as_written(&target.write(name));
        entries.insert(target.spelling.clone(), Entry::of(&written));
    }
    state.associations = Attr::Known(entries);
    state
}
