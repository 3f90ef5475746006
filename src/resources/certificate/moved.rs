//! A certificate that comes from the official provider.

use super::super::check::certificate;
use super::super::official::{Object, Official};
use super::model::rfc3339;
use super::{Certificate, InStore};
use crate::framework::{Attr, Diagnostic, Diagnostics, Foreign, Moved};
use crate::secret::Secret;

/// The certificate with its key, which goes where keys are stored: a write-only one
/// cannot come out of a state.
pub(super) fn from_official<S: InStore>(
    source: &Foreign,
) -> Result<Moved<Certificate>, Diagnostics> {
    let official = Official::recognise(source)?;
    let stored = match &official.object {
        Object::Certificate(store, stored) if *store == S::STORE => stored,
        _ => return Err(official.is_no(S::NAME, source).into()),
    };
    let id = stored.text("certificate_id").or_else(|| stored.text("id"));
    let id = id.ok_or_else(|| {
        Diagnostic::error(
            "Stored state is incomplete",
            format!(
                "The stored {} has no id. Refresh it with its own provider, or remove the moved \
                 block and import the certificate.",
                source.type_name
            ),
        )
    })?;
    let text = |name| Attr::from(stored.text(name).map(str::to_owned));
    let mut model = Certificate {
        id: id.into(),
        certificate: text("certificate"),
        private_key: stored
            .text("private_key")
            .map(|key| Secret::new(key.to_owned()))
            .into(),
        status: text("status"),
        uploaded_on: stored.text("uploaded_on").map(rfc3339).into(),
        superseded_ids: Attr::Known(Vec::new()),
        zone_id: official.zone_id.as_str().into(),
        ..Certificate::default()
    };
    // What cannot be parsed, or is not there, the read that follows replaces.
    if let Ok(leaf) = certificate(&model.certificate) {
        model.facts = leaf.facts().into();
    }
    Ok(Moved {
        model,
        warning: None,
    })
}
