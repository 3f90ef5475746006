//! A certificate that comes from the official provider.

use jiff::Timestamp;

use super::super::official::{Object, Official};
use super::{Certificate, CertificateIn, InStore};
use crate::x509::{Existing, without_keys};
use cloudflare::{CertificateId, Status};
use framework::{Attr, Diagnostic, Diagnostics, Foreign, Moved};
use text::Secret;

/// The certificate with its key, which goes where keys are stored: a write-only one
/// cannot come out of a state.
pub(super) fn from_official<S: InStore>(
    source: &Foreign,
) -> Result<Moved<CertificateIn<S>>, Diagnostics> {
    let official = Official::recognise(source)?;
    let stored = match &official.object {
        Object::Certificate(store, stored) if *store == S::STORE => stored,
        _ => return Err(official.mismatch(S::NAME, source).into()),
    };
    let id = stored.text("certificate_id").or_else(|| stored.text("id"));
    let id = id.and_then(|id| CertificateId::parse(id).ok());
    let id = id.ok_or_else(|| {
        Diagnostic::error(
            "Stored state is incomplete",
            format!(
                "The stored {} has no id, or none of the right form. Refresh it with its own \
                 provider, or remove the moved block and import the certificate.",
                source.type_name
            ),
        )
    })?;
    let mut model = Certificate {
        id: id.as_str().into(),
        certificate: stored.text("certificate").map(without_keys).into(),
        private_key: stored
            .text("private_key")
            .map(|key| Secret::new(key.to_owned()))
            .into(),
        status: stored.text("status").map(word).into(),
        uploaded_on: stored.text("uploaded_on").and_then(moment).into(),
        superseded_ids: Attr::Known(Vec::new()),
        zone_id: official.zone_id.as_str().into(),
        ..Certificate::default()
    };
    // What is not there the read that follows brings.
    if let Some(leaf) = Existing::find(model.certificate.text()) {
        model.facts = leaf.facts().into();
    }
    Ok(Moved {
        model: model.into(),
        warning: None,
    })
}

fn word(status: &str) -> String {
    Status::parse(status).to_string()
}

/// One spelling for each moment.
fn moment(text: &str) -> Option<String> {
    let moment: Timestamp = text.parse().ok()?;
    Some(moment.to_string())
}
