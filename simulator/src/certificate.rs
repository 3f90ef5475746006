//! The rules of the two certificate stores.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::clock::Moment;
use crate::pem::{self, Parsed};
use crate::reply::Refusal;
use crate::settings::{Settings, Shows};
use crate::status::Status;
use crate::zone::Zone;

/// One of the two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Store {
    /// Certificates for the whole zone.
    Zone,
    /// Certificates for hostnames.
    Hostname,
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
    pub(crate) uploaded_on: String,
    initialized_at: Duration,
    /// Until then it looks like the tombstone that it was.
    revived_at: Duration,
    active_at: Option<Duration>,
    gives_up_at: Duration,
    deleted: Option<Deletion>,
    pub(crate) parsed: Parsed,
}

/// A DELETE that was accepted.
#[derive(Clone, Copy, Debug)]
struct Deletion {
    accepted_at: Duration,
    /// When it is carried out, if ever.
    gone_at: Option<Duration>,
    gives_up_at: Duration,
}

impl Certificate {
    /// The status at a time.
    pub fn status(&self, now: Duration) -> Status {
        if let Some(deletion) = self.deleted {
            return match deletion.gone_at {
                Some(gone) if now >= gone => Status::Deleted,
                None if now >= deletion.gives_up_at => Status::DeletionTimedOut,
                _ => Status::PendingDeletion,
            };
        }
        match self.active_at {
            _ if now < self.revived_at => Status::PendingDeletion,
            Some(active) if now >= active => Status::Active,
            None if now >= self.gives_up_at => Status::DeploymentTimedOut,
            _ if now < self.initialized_at => Status::Initializing,
            _ => Status::PendingDeployment,
        }
    }

    /// L: the zone list leaves tombstones out. Taken to hold for both stores (I).
    fn is_listed(&self, now: Duration) -> bool {
        self.is_live() || self.status(now) == Status::DeletionTimedOut
    }

    /// Since when the edge can present it, if it can at this time. Once its deletion
    /// is accepted, it cannot (G: the strictest reading).
    pub(crate) fn deployed_at(&self, now: Duration) -> Option<Duration> {
        let deleted = self.deleted.is_some_and(|d| now >= d.accepted_at);
        self.active_at.filter(|active| now >= *active && !deleted)
    }

    pub(crate) fn is_live(&self) -> bool {
        self.deleted.is_none()
    }

    /// L: never the key, never `enabled`; the serial number in both stores.
    fn show(&self, now: Duration, settings: &Settings) -> Json {
        let status = match (self.status(now), &settings.pending_as) {
            (Status::PendingDeployment, Some(word)) => word,
            (status, _) => status.name(),
        };
        let certificate = match settings.shows {
            Shows::Everything => pem::stored(&self.pem),
            Shows::Leaf => pem::encode(&self.parsed.leaf),
            Shows::Reversed => pem::reversed(&self.pem),
            Shows::Little => return json!({ "id": self.id, "status": status, "issuer": null }),
        };
        json!({
            "id": self.id,
            "certificate": certificate,
            "issuer": self.parsed.issuer,
            "signature": self.parsed.signature,
            "serial_number": self.parsed.serial_number,
            "expires_on": self.parsed.expires_on,
            "uploaded_on": self.uploaded_on,
            "status": status,
        })
    }
}

/// The body of an upload.
pub(crate) struct Uploaded<'a> {
    pub(crate) certificate: &'a str,
    pub(crate) private_key: &'a str,
}

impl Zone {
    pub(crate) fn list(&self, store: Store, now: Duration, settings: &Settings) -> Json {
        let shown = self.certificates.iter().filter(|c| c.store == store);
        let shown = shown.filter(|c| now >= c.uploaded + settings.list_lag);
        let list: Vec<Json> = shown
            .filter(|c| c.is_listed(now))
            .map(|c| c.show(now, settings))
            .collect();
        if list.is_empty() && store == Store::Zone {
            // L: an empty zone store lists as null.
            return Json::Null;
        }
        list.into()
    }

    pub(crate) fn upload(
        &mut self,
        store: Store,
        sent: &Uploaded<'_>,
        at: &Moment,
        settings: &Settings,
    ) -> Result<Json, Refusal> {
        // L: the text of the real message starts like this.
        let now = at.since_start;
        let parsed = pem::parse(sent.certificate, sent.private_key).ok_or(Refusal(
            400,
            1408,
            "Unable to parse certificate",
        ))?;
        let twin = self
            .certificates
            .iter()
            .rposition(|c| c.store == store && c.parsed.leaf == parsed.leaf);
        let gone = |c: &Certificate| c.status(now) == Status::Deleted;
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
        let counts = |c: &&Certificate| {
            let pending =
                settings.pending_deletions_count && c.status(now) == Status::PendingDeletion;
            c.store == store && (c.is_live() || pending)
        };
        let count = self.certificates.iter().filter(counts).count();
        if store == Store::Hostname && count >= settings.hostname_certificates {
            // D: the limit. G: status, code and text.
            return Err(Refusal(
                400,
                1490,
                "Too many client certificates for this zone (simulated).",
            ));
        }
        // L: a twin that was deleted comes back under its old id.
        let resurrected = twin.map(|at| self.certificates.remove(at).id);
        let revival = match resurrected {
            Some(_) => settings.revival,
            None => Duration::ZERO,
        };
        let uploaded = Certificate {
            id: resurrected.unwrap_or_else(|| uuid(store, self.certificates.len(), &parsed.leaf)),
            store,
            pem: sent.certificate.to_owned(),
            private_key: sent.private_key.to_owned(),
            uploaded: now,
            uploaded_on: at.date.clone(),
            initialized_at: now + settings.initializing,
            revived_at: now + revival,
            active_at: settings.activation.map(|delay| now + revival + delay),
            gives_up_at: now + settings.deployment_timeout,
            deleted: None,
            parsed,
        };
        let shown = uploaded.show(now, settings);
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
        if found.status(now) == Status::Deleted && !settings.tombstones {
            return Err(not_found(store));
        }
        Ok(found.show(now, settings))
    }

    pub(crate) fn delete(
        &mut self,
        store: Store,
        id: &str,
        now: Duration,
        settings: &Settings,
    ) -> Result<Json, Refusal> {
        let found = self.find(store, id)?;
        if !found.is_listed(now) {
            return Err(match store {
                // L: the text; G: the code.
                Store::Zone => Refusal(400, 1405, "Certificate is already deleted."),
                Store::Hostname => Refusal(400, 1414, "Certificate is pending deletion."),
            });
        }
        if found.status(now) == Status::PendingDeployment {
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
        found.deleted = Some(Deletion {
            accepted_at: now,
            gone_at: settings.deletion.map(|delay| now + delay),
            gives_up_at: now + settings.deployment_timeout,
        });
        Ok(found.show(now, settings))
    }

    fn find(&self, store: Store, id: &str) -> Result<&Certificate, Refusal> {
        let mut all = self.certificates.iter();
        let found = all.find(|c| c.store == store && c.id == id);
        found.ok_or_else(|| not_found(store))
    }
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
