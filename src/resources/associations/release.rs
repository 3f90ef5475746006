//! Letting hostnames go: to another resource of the run, or back to what the zone says.

use std::collections::{BTreeMap, BTreeSet};

use super::super::association::void;
use super::super::handoff::whose;
use super::super::problem::{listed, problem, successor_failed};
use super::target::Targets;
use super::write::AssociationsOp;
use cloudflare::{AssociationWrite, Destruction, Hostname, Key, Ownership, Until, Wanted, ZoneId};
use framework::{Diagnostic, Diagnostics, Successor};

/// Hostnames on their way out.
pub(super) type Leaving<'a> = BTreeMap<Hostname, Destruction<'a>>;

/// What was let go.
#[derive(Default)]
pub(super) struct Released {
    /// The hostnames that this resource has no more.
    pub(super) gone: BTreeSet<Hostname>,
    /// Why it still has others.
    pub(super) errors: Diagnostics,
}

impl AssociationsOp<'_> {
    /// Says of hostnames that they are to be let go, so that others may take them over.
    pub(super) fn leave(&self, targets: &Targets) -> Leaving<'_> {
        let names = targets.keys();
        names
            .map(|name| (name.clone(), self.zone.run().destroy(self.key(name))))
            .collect()
    }

    /// The hostnames that another resource of this run has taken over, once it is known.
    pub(super) async fn taken_over(&self, leaving: Leaving<'_>) -> BTreeSet<Hostname> {
        let run = self.zone.run();
        let is_owned = |name: &&Hostname| run.ownership(&self.key(name)) == Ownership::Owned;
        self.renew_grace(&leaving);
        loop {
            let left = leaving.keys().filter(|name| !is_owned(name));
            let left: Vec<Key> = left.map(|name| self.key(name)).collect();
            let keys: Vec<&Key> = left.iter().collect();
            let ownership = run
                .yield_to_successors(&keys, &self.scope, Until::OthersEnd)
                .await;
            // Where one of them is taken over, the others are not known yet; where this is
            // interrupted, what is known by then counts.
            if ownership != Ok(Ownership::Owned) {
                return leaving.keys().filter(is_owned).cloned().collect();
            }
        }
    }

    /// They have been on their way out for as long as this operation has looked and written;
    /// whoever takes them over may begin only now.
    fn renew_grace(&self, leaving: &Leaving<'_>) {
        let keys: Vec<Key> = leaving.keys().map(|name| self.key(name)).collect();
        self.zone.run().renew_grace(&keys);
    }

    /// Voids hostnames, but for those that another resource of this run takes over.
    pub(super) async fn release(
        &self,
        mut leaving: Leaving<'_>,
        targets: &Targets,
        until: Until,
    ) -> Released {
        let run = self.zone.run();
        let mut released = Released::default();
        let mut taken = BTreeSet::new();
        self.renew_grace(&leaving);
        while !leaving.is_empty() {
            let keys: Vec<Key> = leaving.keys().map(|name| self.key(name)).collect();
            let keys: Vec<&Key> = keys.iter().collect();
            let looking = self.zone.look_and_write();
            match run.yield_to_successors(&keys, &self.scope, until).await {
                Ok(Ownership::Owned) => {
                    let is_owned =
                        |name: &Hostname| run.ownership(&self.key(name)) == Ownership::Owned;
                    let owned = leaving.extract_if(.., |name, _| is_owned(name));
                    taken.extend(owned.map(|(name, _)| name));
                    continue;
                }
                Ok(Ownership::SuccessorFailed) => {
                    let is_lost = |name: &Hostname| {
                        run.ownership(&self.key(name)) == Ownership::SuccessorFailed
                    };
                    let lost = leaving.extract_if(.., |name, _| is_lost(name));
                    let lost: Vec<Hostname> = lost.map(|(name, _)| name).collect();
                    let what = listed(lost.iter());
                    released
                        .errors
                        .push(successor_failed(&what, self.zone.id()));
                    continue;
                }
                Ok(Ownership::Free | Ownership::Contested) => {}
                Err(why) => {
                    let doing = format!(
                        "Waiting to remove the associations of {}",
                        listed(leaving.keys())
                    );
                    released.errors.push(problem(&why.into(), &doing));
                    break;
                }
            }
            drop(looking);
            let voided = self.void_all(&mut leaving, targets, &mut released.gone);
            if let Err(error) = voided.await {
                released.errors.push(error);
                break;
            }
        }
        if !taken.is_empty() {
            self.ctx
                .warn(taken_over(self.zone.id(), &taken, Successor::Another));
        }
        released.gone.extend(taken);
        released
    }

    /// Voids what nobody else has come to want. What is void is `gone`.
    async fn void_all(
        &self,
        leaving: &mut Leaving<'_>,
        targets: &Targets,
        gone: &mut BTreeSet<Hostname>,
    ) -> Result<(), Diagnostic> {
        let run = self.zone.run();
        let certificate = |name: &Hostname| {
            let written = run.written(&self.key(name)).map(|written| written.cert_id);
            written.or_else(|| targets.get(name).map(|t| t.certificate_id.clone()))
        };
        let writes: Vec<_> = leaving
            .keys()
            .filter_map(|name| {
                Some(AssociationWrite {
                    hostname: name.clone(),
                    cert_id: certificate(name)?,
                    enabled: None,
                })
            })
            .collect();
        let batch = self
            .zone
            .write_associations(&self.scope, &writes, Wanted::WhileFree)
            .await;
        let mut done = |name: Hostname| {
            if let Some(destruction) = leaving.remove(&name) {
                destruction.done();
                gone.insert(name);
            }
        };
        batch
            .accepted
            .iter()
            .map(|(write, _)| write.hostname.clone())
            .for_each(&mut done);
        for (write, error) in &batch.refused {
            let name = &write.hostname;
            if !error.is_about_content() {
                let names = batch.refused.iter().map(|(write, _)| &write.hostname);
                return Err(problem(error, &format!("Voiding {}", listed(names))));
            }
            if void(&self.zone, &self.scope, name, &write.cert_id).await? {
                done(name.clone());
            }
        }
        Ok(())
    }
}

/// Others have these.
pub(super) fn taken_over(zone: &ZoneId, names: &BTreeSet<Hostname>, to: Successor) -> Diagnostic {
    Diagnostic::warning(
        "Associations are left as they are",
        format!(
            "The associations of these hostnames were not removed: {}. The reason: {}.",
            listed(names.iter()),
            whose(to, zone.as_str())
        ),
    )
}
