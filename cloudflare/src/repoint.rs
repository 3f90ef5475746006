//! Giving the hostnames of one certificate to another: the switch of a rotation.

use super::association::PER_WRITE;
use super::locks::write_lock;
use super::{AssociationWrite, CertificateId, Error, Hostname, Observed, Scope, Zone};

/// What became of hostnames that were to get another certificate.
#[derive(Debug, Default)]
pub struct Repointed {
    /// Those that have it.
    pub moved: Vec<Hostname>,
    /// Those for which it was refused.
    pub refused: Vec<(Hostname, Error)>,
    /// What kept the others from being tried.
    pub stopped: Option<Error>,
}

impl Zone<'_> {
    /// Points the hostnames of the certificate `from` at `to`, each with its own `enabled`,
    /// and once more those whose deployment with `to` timed out. A request that is
    /// refused for what it says is halved, so that only the culprits stay. Nothing is left
    /// where the answer is empty; an error means that nothing was sent.
    pub async fn repoint(
        &self,
        scope: &Scope,
        from: &CertificateId,
        to: &CertificateId,
    ) -> Result<Repointed, Error> {
        let _lock = write_lock(scope, &self.common.locks.associations).await?;
        let list = self.associations(scope).await?;
        let hostnames = list
            .into_iter()
            .map(|association| self.observe(association));
        let moving = hostnames.filter(|seen| seen.is_left_on(from) || seen.is_timed_out_on(to));
        let writes = writes_of(moving, to);
        let mut repointed = Repointed::default();
        let mut left: Vec<_> = writes.chunks(PER_WRITE).rev().collect();
        while let Some(writes) = left.pop() {
            match self.put(scope, writes, &|| true).await {
                Ok(_) => {
                    let names = names_of(writes);
                    tracing::info!(
                        count = names.len(),
                        ?names,
                        from = from.as_str(),
                        to = to.as_str(),
                        "hostnames given another certificate"
                    );
                    repointed.moved.extend(names);
                }
                // That the certificate cannot be used holds for every hostname.
                Err(error) if !error.is_about_content() || error.has_code(1415) => {
                    repointed.stopped = Some(error);
                    break;
                }
                Err(error) => match writes {
                    [only] => repointed.refused.push((only.hostname.clone(), error)),
                    many => {
                        let (first, second) = many.split_at(many.len() / 2);
                        left.extend([second, first]);
                    }
                },
            }
        }
        Ok(repointed)
    }

    /// Writes once more, as they are, the hostnames whose deployment with a certificate
    /// timed out: as long as there are any, nothing can be deleted, and so a used-up quota
    /// gets no free slot. An error means that nothing was sent; one that is refused
    /// stays as it is.
    pub async fn redeploy(&self, scope: &Scope, certificate: &CertificateId) -> Result<(), Error> {
        let _lock = write_lock(scope, &self.common.locks.associations).await?;
        let list = self.associations(scope).await?;
        let hostnames = list
            .into_iter()
            .map(|association| self.observe(association));
        let timed_out = hostnames.filter(|seen| seen.is_timed_out_on(certificate));
        for writes in writes_of(timed_out, certificate).chunks(PER_WRITE) {
            // They stay where a rotation finds them: this is not what anybody wants of them.
            if let Err(error) = self.put_for_others(scope, writes, &|| true).await {
                tracing::warn!(%error, %certificate, "hostnames could not be deployed again");
            }
        }
        Ok(())
    }
}

/// What gives the hostnames this certificate, each with its own `enabled`.
fn writes_of(
    hostnames: impl Iterator<Item = Observed>,
    to: &CertificateId,
) -> Vec<AssociationWrite> {
    let write = |seen: Observed| AssociationWrite {
        hostname: seen.association.hostname,
        cert_id: to.clone(),
        enabled: seen.association.enabled,
    };
    hostnames.map(write).collect()
}

fn names_of(writes: &[AssociationWrite]) -> Vec<Hostname> {
    writes.iter().map(|write| write.hostname.clone()).collect()
}
