//! Which associations of a zone are to be shown.

use super::super::check;
use cloudflare::{Association as Found, CertificateId, Status};
use framework::{Attr, Diagnostic, Model, Walk};

/// The arguments.
#[derive(Clone, Default, PartialEq)]
pub struct Filter {
    pub(super) zone_id: Attr<String>,
    status: Attr<String>,
    certificate_id: Attr<String>,
    enabled: Attr<bool>,
}

impl Model for Filter {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            zone_id,
            status,
            certificate_id,
            enabled,
        } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("status", status).optional().doc(
            "Only associations with this deployment status, such as `active`. Without it, all that \
             are not removed.",
        );
        walk.attr("certificate_id", certificate_id)
            .optional()
            .doc("Only associations with this certificate.");
        walk.attr("enabled", enabled)
            .optional()
            .doc("Only associations that present their certificate, or only those that do not.");
    }
}

/// The arguments, understood.
pub(super) struct Wanted {
    status: Option<Status>,
    certificate_id: Option<CertificateId>,
    enabled: Option<bool>,
}

impl Filter {
    /// Understands the arguments.
    pub(super) fn wanted(&self) -> Result<Wanted, Diagnostic> {
        let certificate_id = self.certificate_id.known();
        let certificate_id = certificate_id.map(|_| check::certificate_id(&self.certificate_id));
        Ok(Wanted {
            status: check::status(&self.status)?,
            certificate_id: certificate_id.transpose()?,
            enabled: self.enabled.known().copied(),
        })
    }
}

impl Wanted {
    /// Whether an association is to be shown.
    pub(super) fn admits(&self, found: &Found) -> bool {
        let has_status = match &self.status {
            // What is voided is shown to who asks for it.
            Some(status) => {
                found.status == *status && (status.is_tombstone() || found.enabled.is_some())
            }
            None => !found.is_gone(),
        };
        let certificate = self.certificate_id.as_ref();
        has_status
            && certificate.is_none_or(|id| found.names(id))
            && self.enabled.is_none_or(|on| found.enabled == Some(on))
    }

    /// What to say where nothing is shown although something was asked for.
    pub(super) fn nothing(&self, zone: &str, all: &[Found]) -> Option<Diagnostic> {
        let asked = [
            self.status
                .as_ref()
                .map(|status| ("status", format!("status {status}"))),
            self.certificate_id
                .as_ref()
                .map(|id| ("certificate_id", format!("certificate {id}"))),
            self.enabled
                .map(|on| ("enabled", format!("enabled = {on}"))),
        ];
        let asked: Vec<(&str, String)> = asked.into_iter().flatten().collect();
        let (first, _) = asked.first()?;
        let what: Vec<&str> = asked.iter().map(|(_, what)| what.as_str()).collect();
        let alive = all.iter().filter(|found| !found.is_gone()).count();
        Some(
            Diagnostic::warning(
                "No association matches",
                format!(
                    "None of the {alive} associations of zone {zone} has {}. Take a filter away to \
                     see what there is.",
                    what.join(" and ")
                ),
            )
            .at(first),
        )
    }
}
