//! Which certificates of a zone are to be shown.

use jiff::Timestamp;

use super::super::check;
use super::{Found, leaf_of};
use cloudflare::Status;
use framework::{Attr, Diagnostic, Model, Walk};

/// The arguments.
#[derive(Clone, Default, PartialEq)]
pub struct Filter {
    pub(super) zone_id: Attr<String>,
    status: Attr<String>,
    expires_before: Attr<String>,
}

impl Model for Filter {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            zone_id,
            status,
            expires_before,
        } = self;
        walk.attr("zone_id", zone_id)
            .required()
            .doc("The zone's id, 32 hexadecimal digits.");
        walk.attr("status", status).optional().doc(
            "Only certificates with this deployment status, such as `active`. Without it, all that \
             are not deleted.",
        );
        walk.attr("expires_before", expires_before).optional().doc(
            "Only certificates that expire before this time, RFC 3339, such as \
             `2027-01-31T00:00:00Z`.",
        );
    }
}

/// The arguments, understood.
pub(super) struct Wanted {
    status: Option<Status>,
    expires_before: Option<Timestamp>,
}

impl Filter {
    /// Understands the arguments.
    pub(super) fn wanted(&self) -> Result<Wanted, Diagnostic> {
        let time = self.expires_before.known().map(|text| text.parse());
        let time = time.transpose().map_err(|_| {
            Diagnostic::error(
                "Invalid time",
                "The time must have the form 2027-01-31T00:00:00Z, as timestamp() and timeadd() \
                 give it.",
            )
            .at("expires_before")
        });
        Ok(Wanted {
            status: check::status(&self.status)?,
            expires_before: time?,
        })
    }
}

impl Wanted {
    /// Whether a certificate is to be shown.
    pub(super) fn admits(&self, found: &Found) -> bool {
        let has_status = match &self.status {
            Some(status) => found.status == *status,
            None => !found.status.is_tombstone(),
        };
        has_status
            && self.expires_before.is_none_or(|time| {
                // Of what the API does not show nothing can be said.
                leaf_of(found).is_some_and(|leaf| leaf.not_after().is_some_and(|end| end < time))
            })
    }

    /// What to say where nothing is shown. That nothing expires needs no word.
    pub(super) fn nothing(&self, zone: &str, all: &[Found]) -> Option<Diagnostic> {
        let status = self
            .status
            .as_ref()
            .filter(|_| self.expires_before.is_none())?;
        let mut there: Vec<&str> = all.iter().map(|found| found.status.as_str()).collect();
        there.sort_unstable();
        there.dedup();
        let there = match there.is_empty() {
            true => "has no certificates at all".to_owned(),
            false => format!("has certificates with the status {}", there.join(", ")),
        };
        Some(
            Diagnostic::warning(
                "No certificate matches",
                format!(
                    "No certificate is {status}; zone {zone} {there}. Without status, all that are \
                     not deleted are shown."
                ),
            )
            .at("status"),
        )
    }
}
