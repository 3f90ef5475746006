//! The rules of associations.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::certificate::Store;
use crate::clock::Moment;
use crate::pem;
use crate::reply::Refusal;
use crate::settings::Settings;
use crate::status::Status;
use crate::zone::Zone;

/// The association of a hostname.
#[derive(Clone, Debug)]
pub struct Association {
    /// The certificate.
    pub certificate_id: String,
    /// The last value written; `None` voids.
    pub enabled: Option<bool>,
    previous: Option<bool>,
    /// What was in force before, and from when on; the last is in force by now or next.
    history: Vec<Binding>,
    settles_at: Duration,
    gives_up_at: Duration,
    shows_at: Duration,
    created_on: String,
    updated_on: String,
}

/// A certificate and its `enabled`, as the edge comes to hold them.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    from: Duration,
    pub(crate) certificate_id: String,
    pub(crate) enabled: Option<bool>,
}

/// A century.
const NEVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A hostname, its certificate, and the value to set.
type Write = (String, String, Option<bool>);

impl Association {
    /// What the edge holds at a time: the last write that has reached it.
    pub(crate) fn binding(&self, now: Duration) -> Option<&Binding> {
        let mut reached = self.history.iter().rev();
        reached.find(|binding| now >= binding.from)
    }

    /// Whether it still holds its certificate.
    pub fn holds(&self, now: Duration) -> bool {
        self.enabled.is_some() || now < self.settles_at
    }

    fn status(&self, now: Duration) -> Status {
        match (self.enabled, now >= self.settles_at) {
            (None, _) if now < self.shows_at => Status::Active,
            (None, false) => Status::PendingDeletion,
            (None, true) => Status::Deleted,
            (Some(_), true) => Status::Active,
            (Some(_), false) if now >= self.gives_up_at => Status::DeploymentTimedOut,
            (Some(_), false) => Status::PendingDeployment,
        }
    }

    fn shown(&self, now: Duration) -> Option<bool> {
        match self.enabled {
            None if now < self.shows_at => self.previous,
            enabled => enabled,
        }
    }
}

/// Which associations are listed.
pub(crate) struct PageQuery {
    /// Statuses with commas between them, or `all`.
    pub(crate) status: String,
    /// The first one is 1.
    pub(crate) page: usize,
    pub(crate) per_page: usize,
}

impl Zone {
    /// D: an upsert by hostname. G: all or nothing; the answer holds what was sent.
    pub(crate) fn associate(
        &mut self,
        items: &[Json],
        at: &Moment,
        settings: &Settings,
    ) -> Result<Json, Refusal> {
        if items.len() > settings.associations_per_write {
            return Err(Refusal(400, 1494, "Too many hostnames (simulated)."));
        }
        let now = at.since_start;
        let mut checked = Vec::new();
        for item in items {
            checked.push(self.check(item)?);
        }
        self.check_limit(&checked, settings)?;
        let mut shown = Vec::new();
        for (hostname, certificate_id, enabled) in checked {
            let before = self.associations.get(&hostname).cloned();
            let same = before.as_ref().is_some_and(|b| {
                let timed_out = b.status(now) == Status::DeploymentTimedOut;
                b.certificate_id == certificate_id && b.enabled == enabled && !timed_out
            });
            if !same {
                let (settles, shows) = match enabled {
                    None => (settings.void_lag + settings.void, settings.void_lag),
                    Some(_) => (settings.association.unwrap_or(NEVER), Duration::ZERO),
                };
                let gives_up_at = match settings.association {
                    Some(_) => NEVER,
                    None => now + settings.deployment_timeout,
                };
                let created_on = before
                    .as_ref()
                    .map_or(at.date.clone(), |b| b.created_on.clone());
                let previous = before.as_ref().and_then(|b| b.enabled);
                let mut history = before.map_or_else(Vec::new, |b| b.history);
                history.push(Binding {
                    from: now + settles,
                    certificate_id: certificate_id.clone(),
                    enabled,
                });
                let association = Association {
                    certificate_id,
                    enabled,
                    previous,
                    history,
                    settles_at: now + settles,
                    gives_up_at,
                    shows_at: now + shows,
                    created_on,
                    updated_on: at.date.clone(),
                };
                self.associations.insert(hostname.clone(), association);
            }
            shown.extend(self.show(&hostname, now));
        }
        Ok(shown.into())
    }

    /// D: the limit of associations for each certificate. G: status, code and text.
    fn check_limit(&self, writes: &[Write], settings: &Settings) -> Result<(), Refusal> {
        for (_, certificate_id, enabled) in writes {
            let added = |(_, id, enabled): &&Write| id == certificate_id && enabled.is_some();
            let stays = |name: &String| !writes.iter().any(|(written, ..)| written == name);
            let before = self.associations.iter().filter(|(name, association)| {
                stays(name)
                    && association.certificate_id == *certificate_id
                    && association.enabled.is_some()
            });
            let count = before.count() + writes.iter().filter(added).count();
            if enabled.is_some() && count > settings.associations {
                let text = "Too many hostnames for this certificate (simulated).";
                return Err(Refusal(400, 1492, text));
            }
        }
        Ok(())
    }

    fn check(&self, item: &Json) -> Result<Write, Refusal> {
        let text = |name: &str| item.get(name).and_then(Json::as_str).unwrap_or_default();
        // G: lower-cased; a trailing dot is not taken off.
        let hostname = text("hostname").to_lowercase();
        let certificate_id = text("cert_id").to_owned();
        if certificate_id.is_empty() {
            return Err(Refusal(400, 1404, "Certificate ID required"));
        }
        let inside = hostname == self.domain || hostname.ends_with(&format!(".{}", self.domain));
        if !inside || hostname.len() > 255 {
            // D: the hostname belongs to the zone. G: status, code and text.
            return Err(Refusal(
                400,
                1491,
                "Hostname is not in this zone (simulated).",
            ));
        }
        let usable = self
            .live(Store::Hostname)
            .iter()
            .any(|c| c.id == certificate_id);
        if !usable {
            // L: also for a void whose certificate is gone; I: also for a zone certificate.
            let text = "Certificate ID in request is either invalid or the certificate has been \
                        deleted";
            return Err(Refusal(400, 1415, text));
        }
        let enabled = match item.get("enabled") {
            Some(Json::Bool(enabled)) => Some(*enabled),
            Some(Json::Null) => None,
            // G: status, code and text.
            _ => {
                return Err(Refusal(
                    400,
                    1494,
                    "enabled must be true, false or null (simulated).",
                ));
            }
        };
        Ok((hostname, certificate_id, enabled))
    }

    /// L: never configured, or voided and settled: 404 with 1553.
    pub(crate) fn association(&self, hostname: &str, now: Duration) -> Result<Json, Refusal> {
        let found = self.associations.get(hostname);
        let settled = found.is_none_or(|a| a.enabled.is_none() && now >= a.settles_at);
        let gone = Refusal(
            404,
            1553,
            "Authenticated origin pull setting for this hostname not found",
        );
        match self.show(hostname, now) {
            Some(shown) if !settled => Ok(shown),
            _ => Err(gone),
        }
    }

    /// The association with what its certificate says.
    fn show(&self, hostname: &str, now: Duration) -> Option<Json> {
        let found = self.associations.get(hostname)?;
        let mut certificates = self.certificates.iter();
        let certificate = certificates.find(|c| c.id == found.certificate_id);
        let mut shown = summary(hostname, found, now);
        if let (Some(shown), Some(certificate)) = (shown.as_object_mut(), certificate) {
            shown.insert("cert_status".into(), certificate.status(now).name().into());
            shown.insert("certificate".into(), pem::stored(&certificate.pem).into());
            shown.insert(
                "expires_on".into(),
                certificate.parsed.expires_on.clone().into(),
            );
            shown.insert("issuer".into(), certificate.parsed.issuer.clone().into());
            let serial = certificate.parsed.serial_number.clone();
            shown.insert("serial_number".into(), serial.into());
            shown.insert(
                "signature".into(),
                certificate.parsed.signature.clone().into(),
            );
            shown.insert(
                "cert_uploaded_on".into(),
                certificate.uploaded_on.clone().into(),
            );
            shown.insert(
                "cert_updated_at".into(),
                certificate.uploaded_on.clone().into(),
            );
        }
        Some(shown)
    }

    /// D: filtered by status, `active` unless told, in pages.
    pub(crate) fn associations_page(&self, wanted: &PageQuery, now: Duration) -> (Json, Json) {
        let PageQuery {
            status,
            page,
            per_page,
        } = wanted;
        let (page, per_page) = (*page, *per_page);
        let wanted: Vec<&str> = status.split(',').collect();
        let all: Vec<Json> = self
            .associations
            .iter()
            .filter(|(_, a)| wanted.contains(&"all") || wanted.contains(&a.status(now).name()))
            .map(|(hostname, association)| summary(hostname, association, now))
            .collect();
        let total = all.len();
        let start = (page - 1).saturating_mul(per_page);
        let shown: Vec<Json> = all.into_iter().skip(start).take(per_page).collect();
        let info = json!({
            "page": page,
            "per_page": per_page,
            "count": shown.len(),
            "total_count": total,
            "total_pages": total.div_ceil(per_page),
        });
        (shown.into(), info)
    }
}

fn summary(hostname: &str, association: &Association, now: Duration) -> Json {
    json!({
        "hostname": hostname,
        "cert_id": association.certificate_id,
        "enabled": association.shown(now),
        "status": association.status(now).name(),
        "created_at": association.created_on,
        "updated_at": association.updated_on,
    })
}
