//! One zone: its two certificate stores, its associations and its switches.
//!
//! Nothing runs in the background: every status is a function of what was done,
//! when, and of the time now.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::pem::{self, Parsed};
use crate::reply::Refusal;
use crate::settings::Settings;

/// One of the two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Store {
    /// Certificates for the whole zone.
    Zone,
    /// Certificates for hostnames.
    Hostname,
}

/// The state of one zone.
#[derive(Debug)]
pub struct Zone {
    domain: String,
    certificates: Vec<Certificate>,
    associations: BTreeMap<String, Association>,
    /// The zone-level switch; D: off by default.
    pub enabled: bool,
    /// The global switch; D: off by default.
    pub tls_client_auth: bool,
    /// Certificate uploads and deletions under way (L: a second one gets 409).
    pub(crate) busy: u32,
}

/// A certificate in a store.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// L: a UUID.
    pub id: String,
    /// Which store it is in.
    pub store: Store,
    /// As it was sent.
    pub pem: String,
    /// Never given out.
    pub private_key: String,
    uploaded: Duration,
    uploaded_on: String,
    active_at: Option<Duration>,
    gives_up_at: Duration,
    deleted: Option<(Duration, Duration)>,
    parsed: Parsed,
}

/// The association of a hostname.
#[derive(Clone, Debug)]
pub struct Association {
    /// The certificate.
    pub certificate_id: String,
    /// The last value written; `None` voids.
    pub enabled: Option<bool>,
    previous: Option<bool>,
    settles_at: Duration,
    shows_at: Duration,
    created_on: String,
    updated_on: String,
}

const ACTIVE: &str = "active";
const PENDING_DEPLOYMENT: &str = "pending_deployment";
const PENDING_DELETION: &str = "pending_deletion";
const DELETED: &str = "deleted";

impl Certificate {
    /// The status at a time.
    pub fn status(&self, now: Duration) -> &'static str {
        match (self.deleted, self.active_at) {
            (Some((_, gone)), _) if now >= gone => DELETED,
            (Some(_), _) => PENDING_DELETION,
            (None, Some(active)) if now >= active => ACTIVE,
            (None, None) if now >= self.gives_up_at => "deployment_timed_out",
            // L: seen instead of `initializing` right after an upload.
            (None, _) => PENDING_DEPLOYMENT,
        }
    }

    /// When it became active, if it is.
    pub fn active_since(&self, now: Duration) -> Option<Duration> {
        self.active_at
            .filter(|at| *at <= now && self.deleted.is_none())
    }

    fn is_live(&self) -> bool {
        self.deleted.is_none()
    }

    /// L: never the key, never `enabled`; the serial number in both stores.
    fn show(&self, now: Duration) -> Json {
        json!({
            "id": self.id,
            "certificate": pem::stored(&self.pem),
            "issuer": self.parsed.issuer,
            "signature": self.parsed.signature,
            "serial_number": self.parsed.serial_number,
            "expires_on": self.parsed.expires_on,
            "uploaded_on": self.uploaded_on,
            "status": self.status(now),
        })
    }
}

impl Association {
    /// Whether it still holds its certificate.
    pub fn holds(&self, now: Duration) -> bool {
        self.enabled.is_some() || now < self.settles_at
    }

    fn status(&self, now: Duration) -> &'static str {
        match (self.enabled, now >= self.settles_at) {
            (None, _) if now < self.shows_at => ACTIVE,
            (None, false) => PENDING_DELETION,
            (None, true) => DELETED,
            (Some(_), true) => ACTIVE,
            (Some(_), false) => PENDING_DEPLOYMENT,
        }
    }

    fn shown(&self, now: Duration) -> Option<bool> {
        match self.enabled {
            None if now < self.shows_at => self.previous,
            enabled => enabled,
        }
    }
}

impl Zone {
    /// An empty zone for this domain.
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            certificates: Vec::new(),
            associations: BTreeMap::new(),
            enabled: false,
            tls_client_auth: false,
            busy: 0,
        }
    }

    /// All certificates ever uploaded, tombstones included.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The certificates of a store that are neither deleted nor on their way out.
    pub fn live(&self, store: Store) -> Vec<&Certificate> {
        let live = self.certificates.iter();
        live.filter(|c| c.store == store && c.is_live()).collect()
    }

    /// The associations that are not voided, by hostname.
    pub fn associations(&self) -> BTreeMap<&str, &Association> {
        let live = self.associations.iter();
        live.filter(|(_, association)| association.enabled.is_some())
            .map(|(hostname, association)| (hostname.as_str(), association))
            .collect()
    }

    pub(crate) fn list(&self, store: Store, now: Duration, settings: &Settings) -> Json {
        let shown = self.certificates.iter().filter(|c| c.store == store);
        let shown = shown.filter(|c| now >= c.uploaded + settings.list_lag);
        // L: the zone list leaves tombstones out. Taken to hold for both (I).
        let list: Vec<Json> = shown.filter(|c| c.is_live()).map(|c| c.show(now)).collect();
        if list.is_empty() && store == Store::Zone {
            // L: an empty zone store lists as null.
            return Json::Null;
        }
        list.into()
    }

    pub(crate) fn upload(
        &mut self,
        store: Store,
        (certificate, private_key): (&str, &str),
        (now, date): (Duration, String),
        settings: &Settings,
    ) -> Result<Json, Refusal> {
        // L: the text of the real message starts like this.
        let parsed = pem::parse(certificate, private_key).ok_or(Refusal(
            400,
            1408,
            "Unable to parse certificate",
        ))?;
        let twin = self
            .certificates
            .iter()
            .rposition(|c| c.store == store && c.parsed.leaf == parsed.leaf);
        let gone = |c: &Certificate| c.status(now) == DELETED;
        if twin
            .and_then(|at| self.certificates.get(at))
            .is_some_and(|c| !gone(c))
        {
            // L: also while the twin is a tombstone that has not settled.
            return Err(Refusal(
                400,
                1406,
                "This certificate already exists for this zone.",
            ));
        }
        let full = self.live(store).len() >= settings.hostname_certificates;
        if store == Store::Hostname && full {
            // D: the limit. G: status, code and text.
            return Err(Refusal(
                400,
                1490,
                "Too many client certificates for this zone (simulated).",
            ));
        }
        // L: a twin that was deleted comes back under its old id.
        let resurrected = twin.map(|at| self.certificates.remove(at).id);
        let uploaded = Certificate {
            id: resurrected.unwrap_or_else(|| uuid(store, self.certificates.len(), &parsed.leaf)),
            store,
            pem: certificate.to_owned(),
            private_key: private_key.to_owned(),
            uploaded: now,
            uploaded_on: date,
            active_at: settings.activation.map(|delay| now + delay),
            gives_up_at: now + settings.deployment_timeout,
            deleted: None,
            parsed,
        };
        let shown = uploaded.show(now);
        self.certificates.push(uploaded);
        Ok(shown)
    }

    pub(crate) fn certificate(
        &self,
        store: Store,
        id: &str,
        now: Duration,
        settings: &Settings,
    ) -> Result<Json, Refusal> {
        let found = self.find(store, id)?;
        if found.status(now) == DELETED && !settings.tombstones {
            return Err(not_found(store));
        }
        Ok(found.show(now))
    }

    pub(crate) fn delete(
        &mut self,
        store: Store,
        id: &str,
        now: Duration,
        settings: &Settings,
    ) -> Result<Json, Refusal> {
        let found = self.find(store, id)?;
        if !found.is_live() {
            return Err(match store {
                // L: the text; G: the code.
                Store::Zone => Refusal(400, 1405, "Certificate is already deleted."),
                Store::Hostname => Refusal(400, 1414, "Certificate is pending deletion."),
            });
        }
        if found.status(now) == PENDING_DEPLOYMENT {
            let text = "Cannot delete resource while in pending deployment state.";
            return Err(Refusal(400, 1434, text));
        }
        let mut holders = self.associations.values();
        if store == Store::Hostname && holders.any(|a| a.certificate_id == id && a.holds(now)) {
            return Err(Refusal(
                400,
                1433,
                "Certificate is in use by one or more hostnames.",
            ));
        }
        let mut all = self.certificates.iter_mut();
        let found = all.find(|c| c.store == store && c.id == id);
        let found = found.ok_or_else(|| not_found(store))?;
        found.deleted = Some((now, now + settings.deletion));
        Ok(found.show(now))
    }

    /// D: an upsert by hostname. G: all or nothing; the answer holds what was sent.
    pub(crate) fn associate(
        &mut self,
        items: &[Json],
        (now, date): (Duration, String),
        settings: &Settings,
    ) -> Result<Json, Refusal> {
        let mut checked = Vec::new();
        for item in items {
            checked.push(self.check(item, settings)?);
        }
        let mut shown = Vec::new();
        for (hostname, certificate_id, enabled) in checked {
            let before = self.associations.get(&hostname).cloned();
            let same = before
                .as_ref()
                .is_some_and(|b| b.certificate_id == certificate_id && b.enabled == enabled);
            if !same {
                let (settles, shows) = match enabled {
                    None => (settings.void_lag + settings.void, settings.void_lag),
                    Some(_) => (settings.association, Duration::ZERO),
                };
                let created_on = before
                    .as_ref()
                    .map_or(date.clone(), |b| b.created_on.clone());
                let association = Association {
                    certificate_id,
                    enabled,
                    previous: before.and_then(|b| b.enabled),
                    settles_at: now + settles,
                    shows_at: now + shows,
                    created_on,
                    updated_on: date.clone(),
                };
                self.associations.insert(hostname.clone(), association);
            }
            shown.push(self.association(&hostname, now).unwrap_or_default());
        }
        Ok(shown.into())
    }

    fn check(
        &self,
        item: &Json,
        settings: &Settings,
    ) -> Result<(String, String, Option<bool>), Refusal> {
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
        let enabled = item.get("enabled").and_then(Json::as_bool);
        let mut others = self.associations.iter();
        let count = others.by_ref().filter(|(name, association)| {
            **name != hostname
                && association.certificate_id == certificate_id
                && association.enabled.is_some()
        });
        if enabled.is_some() && count.count() >= settings.associations {
            // D: the limit. G: status, code and text.
            return Err(Refusal(
                400,
                1492,
                "Too many hostnames for this certificate (simulated).",
            ));
        }
        Ok((hostname, certificate_id, enabled))
    }

    /// L: never configured, or voided and settled: 404 with 1553.
    pub(crate) fn association(&self, hostname: &str, now: Duration) -> Result<Json, Refusal> {
        let gone = Refusal(
            404,
            1553,
            "Authenticated origin pull setting for this hostname not found",
        );
        let found = self
            .associations
            .get(hostname)
            .ok_or_else(|| gone.clone())?;
        if found.enabled.is_none() && now >= found.settles_at {
            return Err(gone);
        }
        let mut certificates = self.certificates.iter();
        let certificate = certificates.find(|c| c.id == found.certificate_id);
        let mut shown = summary(hostname, found, now);
        if let (Some(shown), Some(certificate)) = (shown.as_object_mut(), certificate) {
            shown.insert("cert_status".into(), certificate.status(now).into());
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
        Ok(shown)
    }

    /// D: filtered by status, `active` unless told, in pages.
    pub(crate) fn associations_page(
        &self,
        (status, page, per_page): (&str, usize, usize),
        now: Duration,
    ) -> (Json, Json) {
        let wanted: Vec<&str> = status.split(',').collect();
        let all: Vec<Json> = self
            .associations
            .iter()
            .filter(|(_, a)| wanted.contains(&"all") || wanted.contains(&a.status(now)))
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

    fn find(&self, store: Store, id: &str) -> Result<&Certificate, Refusal> {
        let mut all = self.certificates.iter();
        let found = all.find(|c| c.store == store && c.id == id);
        found.ok_or_else(|| not_found(store))
    }
}

fn summary(hostname: &str, association: &Association, now: Duration) -> Json {
    json!({
        "hostname": hostname,
        "cert_id": association.certificate_id,
        "enabled": association.shown(now),
        "status": association.status(now),
        "created_at": association.created_on,
        "updated_at": association.updated_on,
    })
}

fn not_found(store: Store) -> Refusal {
    match store {
        Store::Zone => Refusal(404, 1552, "Client certificate not found"),
        // L: the code; G: the text.
        Store::Hostname => Refusal(404, 1551, "Hostname client certificate not found"),
    }
}

/// A UUID that depends on nothing but what came before, so that runs can be compared.
fn uuid(store: Store, count: usize, leaf: &[u8]) -> String {
    // FNV-1a, twice with different starts.
    let hash = |start: u64| {
        leaf.iter()
            .chain(&[count.to_le_bytes()[0], store as u8])
            .fold(start, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            })
    };
    let (high, low) = (hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4));
    let text = format!("{high:016x}{low:016x}");
    let parts = [(0, 8), (8, 12), (13, 16), (17, 20), (20, 32)];
    let mut parts = parts
        .iter()
        .map(|(from, to)| text.get(*from..*to).unwrap_or_default());
    let mut next = || parts.next().unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", next(), next(), next(), next(), next())
}
