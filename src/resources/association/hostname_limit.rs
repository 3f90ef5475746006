//! A certificate that has all the hostnames that it may have.

use cloudflare::{CertificateId, Error, Fresh, HOSTNAMES_PER_CERTIFICATE as MOST, Scope, Zone};
use framework::Diagnostic;

/// Adds to a refusal that the certificate has all that it may have, where that is so.
/// Cloudflare's own words for it are not documented.
pub(in super::super) async fn explain_hostname_limit(
    zone: &Zone<'_>,
    scope: &Scope,
    certificate: &CertificateId,
    (error, mut diagnostic): (&Error, Diagnostic),
) -> Diagnostic {
    if !error.is_about_content() {
        return diagnostic;
    }
    let Ok(listed) = zone.associations_as_of(scope, Fresh::Recent).await else {
        return diagnostic;
    };
    let holders = listed.list.iter();
    let count = holders
        .filter(|a| a.names(certificate) && !a.is_gone())
        .count();
    if count >= MOST {
        diagnostic.detail.push_str(&format!(
            "\n\nCertificate {certificate} has {count} hostnames already, and Cloudflare takes \
             {MOST} for each. Upload another certificate of the same CA for the others."
        ));
    }
    diagnostic
}
