//! Letting hostnames go: to another resource of the run, or back to what the zone says.

use std::collections::BTreeSet;

use super::super::association::void;
use super::super::problem::problem;
use super::target::Targets;
use super::write::{Work, listed};
use crate::cloudflare::{AssociationWrite, Hostname, Key, Verdict};
use crate::framework::{Diagnostic, Diagnostics};

/// What was let go.
#[derive(Default)]
pub(super) struct Released {
    /// The hostnames that this resource has no more.
    pub(super) gone: BTreeSet<Hostname>,
    /// Why it still has others.
    pub(super) errors: Diagnostics,
}

impl Work<'_> {
    /// Voids hostnames, but for those that another resource of this run takes over.
    pub(super) async fn release(&self, targets: &Targets) -> Released {
        let run = self.zone.run();
        let mut released = Released::default();
        let mut left: BTreeSet<&Hostname> = targets.keys().collect();
        let mut taken = BTreeSet::new();
        let destructions = targets
            .keys()
            .map(|name| (name, run.destroy(self.key(name))));
        let destructions: Vec<_> = destructions.collect();
        while !left.is_empty() {
            let keys: Vec<Key> = left.iter().map(|name| self.key(name)).collect();
            let keys: Vec<&Key> = keys.iter().collect();
            let doing = format!("Waiting to void {}", listed(left.iter().copied()));
            if let Err(why) = run.give_way(&keys, &self.scope).await {
                released.errors.push(problem(&why.into(), &doing));
                break;
            }
            let owned = |name: &&Hostname| run.verdict(&self.key(name)) == Verdict::Owned;
            taken.extend(left.iter().copied().filter(owned));
            left.retain(|name| !taken.contains(name));
            if let Err(error) = self.void_all(&mut left, targets).await {
                released.errors.push(error);
                break;
            }
        }
        for (name, destruction) in destructions {
            if left.contains(name) {
                continue;
            }
            released.gone.insert(name.clone());
            if !taken.contains(name) {
                destruction.done();
            }
        }
        if !taken.is_empty() {
            self.ctx.warn(taken_over(&taken));
        }
        released
    }

    /// Voids what nobody else has come to want, and takes it off the list.
    async fn void_all(
        &self,
        left: &mut BTreeSet<&Hostname>,
        targets: &Targets,
    ) -> Result<(), Diagnostic> {
        let run = self.zone.run();
        let certificate = |name: &Hostname| {
            let written = run.written(&self.key(name)).map(|written| written.cert_id);
            let known = || targets.get(name).map(|t| t.certificate_id.clone());
            written.or_else(known).unwrap_or_default()
        };
        let writes: Vec<_> = left
            .iter()
            .map(|name| AssociationWrite {
                hostname: name.as_str().to_owned(),
                cert_id: certificate(name),
                enabled: None,
            })
            .collect();
        let is_free = |write: &AssociationWrite| {
            let name = Hostname::parse(&write.hostname);
            name.is_ok_and(|name| run.verdict(&self.key(&name)) == Verdict::Free)
        };
        let batch = self.zone.write_many(&self.scope, &writes, is_free).await;
        let accepted = batch.accepted.iter().map(|write| write.hostname.as_str());
        let accepted: BTreeSet<&str> = accepted.collect();
        left.retain(|name| !accepted.contains(name.as_str()));
        for (write, error) in &batch.refused {
            if !error.is_about_content() {
                return Err(problem(
                    error,
                    &format!("Voiding {}", listed(left.iter().copied())),
                ));
            }
            let refused = left.iter().find(|name| name.as_str() == write.hostname);
            if let Some(name) = refused.copied()
                && void(&self.zone, &self.scope, name, &write.cert_id).await?
            {
                left.remove(name);
            }
        }
        Ok(())
    }
}

fn taken_over(names: &BTreeSet<&Hostname>) -> Diagnostic {
    Diagnostic::warning(
        "Associations are left as they are",
        format!(
            "Other resources took over these hostnames in this run, so they were not voided: {}.",
            listed(names.iter().copied())
        ),
    )
}
