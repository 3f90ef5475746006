//! Looking at the association of one hostname, and taking it away.

use super::super::problem::problem;
use cloudflare::{
    Association, AssociationWrite, CertificateId, Hostname, Key, Scope, Wanted, Zone,
};
use framework::Diagnostic;

/// The live association, if there is one.
pub(in super::super) async fn look(
    zone: &Zone<'_>,
    scope: &Scope,
    name: &Hostname,
) -> Result<Option<Association>, Diagnostic> {
    let found = zone.live_association(scope, name).await;
    found.map_err(|error| problem(&error, &format!("Reading {name}")))
}

/// Voids an association. `false`: another resource of this run has come to want the
/// hostname, and nothing was sent. What is gone, or whose certificate is, is void.
pub(in super::super) async fn void(
    zone: &Zone<'_>,
    scope: &Scope,
    name: &Hostname,
    last_known: &CertificateId,
) -> Result<bool, Diagnostic> {
    let (run, key) = (
        zone.run(),
        Key::Association(zone.id().clone(), name.clone()),
    );
    // A rotation may have moved the hostname since the state was read.
    let written = run.written(&key).map(|written| written.cert_id);
    let mut certificate = written.unwrap_or_else(|| last_known.clone());
    loop {
        let write = [AssociationWrite {
            hostname: name.clone(),
            cert_id: certificate.clone(),
            enabled: None,
        }];
        let written = zone.write_associations(scope, &write, Wanted::WhileFree);
        match written.await.only() {
            Ok(written) => return Ok(written.is_some()),
            Err(error) if error.is_gone() => return Ok(true),
            // Its certificate is gone: either nothing is presented, or another is.
            Err(error) if error.has_code(1415) => {
                let found = look(zone, scope, name).await?;
                match found.and_then(|found| found.cert_id) {
                    Some(other) if other != certificate => certificate = other,
                    _ => return Ok(true),
                }
            }
            Err(error) => {
                let doing = format!("Voiding the association of {name}");
                return Err(problem(&error, &doing));
            }
        }
    }
}
