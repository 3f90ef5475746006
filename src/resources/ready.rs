//! Waiting before a write: nothing is pointed at a certificate, and no switch is
//! turned on, before the certificate can be presented.

use super::problem::problem;
use cloudflare::{Certificate, CertificateId, Error, Fresh, Scope, Status, Store, Wait, Zone};
use framework::Diagnostic;

/// Waits until a certificate of the hostname store is active. At the deadline an
/// error: nothing was written.
pub(super) async fn wait_for_certificate(
    zone: &Zone<'_>,
    scope: &Scope,
    id: &CertificateId,
) -> Result<(), Diagnostic> {
    let doing = format!("Waiting for certificate {id} to become active");
    let mut wait = Wait::for_others();
    // Everybody who waits looks at the same lists.
    let mut fresh = Fresh::Recent;
    loop {
        let certificate = find(zone, scope, id, fresh).await?;
        match certificate.status {
            Status::Active | Status::DeletionTimedOut => return Ok(()),
            Status::PendingDeletion | Status::Deleted => {
                return Err(Diagnostic::error(
                    "Certificate is deleted",
                    format!(
                        "Certificate {id} of zone {} has been deleted, so no hostname can use it. \
                         Run terraform plan again: its resource will be planned as a create.",
                        zone.id()
                    ),
                )
                .at("certificate_id"));
            }
            Status::DeploymentTimedOut => {
                return Err(Diagnostic::error(
                    "Certificate was not deployed",
                    format!(
                        "The deployment of certificate {id} of zone {} timed out \
                         (deployment_timed_out), so no hostname can use it. Plan again: its \
                         aop_hostname_certificate uploads it once more.",
                        zone.id()
                    ),
                )
                .at("certificate_id"));
            }
            Status::Initializing | Status::PendingDeployment | Status::Other(_) => {}
        }
        let paused = wait.pause(scope).await;
        fresh = Fresh::shared();
        paused.map_err(|why| {
            let status = certificate.status;
            let mut error = problem(&why.into(), &doing);
            error.detail.push_str(&format!(
                " The certificate is {status}. Raise timeouts if deployment needs longer."
            ));
            error
        })?;
    }
}

async fn find(
    zone: &Zone<'_>,
    scope: &Scope,
    id: &CertificateId,
    fresh: Fresh,
) -> Result<Certificate, Diagnostic> {
    let fail = |error: Error| problem(&error, &format!("Reading certificate {id}"));
    let listed = zone.certificates_as_of(scope, Store::Hostname, fresh);
    let list = listed.await.map_err(fail)?.list;
    if let Some(found) = list.iter().find(|certificate| certificate.id == *id) {
        return Ok(found.clone());
    }
    // A new certificate can be missing from the list for a while, a tombstone always.
    match zone.certificate(scope, Store::Hostname, id).await {
        Err(error) if error.is_gone() => {}
        Err(error) => return Err(fail(error)),
        Ok(certificate) => return Ok(certificate),
    }
    let usable = list.iter().filter(|c| c.status == Status::Active);
    let usable: Vec<&str> = usable.map(|c| c.id.as_str()).collect();
    let usable = match usable.is_empty() {
        true => "The zone has none that is active.".to_owned(),
        false => format!("Active ones: {}.", usable.join(", ")),
    };
    let elsewhere = zone.certificate(scope, Store::Zone, id).await.is_ok();
    let (summary, detail) = if elsewhere {
        (
            "Certificate serves the whole zone",
            format!(
                "{id} is the id of a zone certificate. Hostnames have certificates of their own: \
                 upload it as an aop_hostname_certificate and use that id, or turn on \
                 aop_zone_setting to present the zone certificate for every hostname. {usable}"
            ),
        )
    } else {
        (
            "Certificate not found",
            format!(
                "Zone {} has no hostname certificate {id}. Use the id of an \
                 aop_hostname_certificate of this zone. {usable}",
                zone.id()
            ),
        )
    };
    Err(Diagnostic::error(summary, detail).at("certificate_id"))
}

/// Waits while the zone's only certificates are on their way. Answers how many
/// can be presented. At the deadline an error: nothing was written.
pub(super) async fn wait_for_zone_certificate(
    zone: &Zone<'_>,
    scope: &Scope,
) -> Result<usize, Diagnostic> {
    let doing = format!(
        "Waiting for a certificate of zone {} to become active",
        zone.id()
    );
    let mut wait = Wait::for_others();
    loop {
        let list = zone.certificates_with_own(scope, Store::Zone).await;
        let list = list.map_err(|error| problem(&error, "Reading the zone's certificates"))?;
        let active = list.iter().filter(|c| c.status == Status::Active).count();
        if active > 0 || !list.iter().any(|c| c.status.is_pending()) {
            return Ok(active);
        }
        let paused = wait.pause(scope).await;
        paused.map_err(|why| problem(&why.into(), &doing))?;
    }
}
