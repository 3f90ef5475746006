//! Requests about associations: lists, single ones, writes.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::json;

use super::association::{MOST_ROWS, Rows};
use super::envelope::PageInfo;
use super::id::Segment;
use super::locks::read_lock;
use super::outcome::Effect;
use super::{
    AsOf, Association, AssociationWrite, Associations, Body, Error, Fresh, Hostname, Key, Method,
    Scope, Switch, Trust, Zone,
};

const PATH: &str = "/origin_tls_client_auth/hostnames";
/// The largest page that the API gives.
const PER_PAGE: u64 = 1000;
/// How many associations Cloudflare takes for each certificate, as documented.
pub const HOSTNAMES_PER_CERTIFICATE: usize = 100;

impl Zone<'_> {
    /// All associations of the zone, whatever their status.
    pub async fn associations(&self, scope: &Scope) -> Result<Vec<Association>, Error> {
        let mut pages = self.association_pages();
        let mut all = Vec::new();
        while let Some(page) = pages.next(scope).await? {
            all.extend(page);
        }
        Ok(all)
    }

    /// The same, page by page.
    pub fn association_pages(&self) -> Pages<'_> {
        Pages {
            zone: self,
            page: 0,
            rows: 0,
            bytes: 0,
            seen: HashSet::new(),
            is_over: false,
        }
    }

    /// What it means that there is no list: where the zone has no settings either, it is
    /// the zone that is not there.
    async fn not_listed(&self, scope: &Scope, error: Error) -> Error {
        if !error.is_no_route() {
            return error;
        }
        match (error, self.read_switch(scope, Switch::Zone).await) {
            (Error::Refused(refusal), Ok(_)) => Error::Unlisted(refusal),
            (error, Ok(_)) | (_, Err(error)) => error,
        }
    }

    /// All associations, from a list that others ask for too. Waits for an association
    /// write of this process, so that it never shows the time before.
    pub async fn associations_as_of(
        &self,
        scope: &Scope,
        fresh: Fresh,
    ) -> Result<AsOf<Associations>, Error> {
        let _lock = read_lock(scope, &self.common.locks.associations).await?;
        let ask = async { self.associations(scope).await.map(Associations::new) };
        self.common.associations.get(scope, fresh, ask).await
    }

    /// One association, from that list; by a request of its own where the list does not
    /// show it alive, or not as this run has written it, or is not offered. Never
    /// configured: 1553.
    pub async fn association_as_of(
        &self,
        scope: &Scope,
        hostname: &Hostname,
        fresh: Fresh,
    ) -> Result<Association, Error> {
        self.association_if(scope, hostname, fresh, |_| true).await
    }

    /// The same; by a request of its own also where the list shows something that is not
    /// `expected`: a list that is old is no drift.
    pub async fn association_if(
        &self,
        scope: &Scope,
        hostname: &Hostname,
        fresh: Fresh,
        expected: impl Fn(&Association) -> bool,
    ) -> Result<Association, Error> {
        let listed = match self.associations_as_of(scope, fresh).await {
            Ok(listed) => listed,
            Err(Error::Unlisted(_)) => return self.association(scope, hostname).await,
            Err(error) => return Err(error),
        };
        let is_believed = |found: &&Association| {
            let trust = self.observe((*found).clone()).trust;
            !found.is_gone() && trust == Trust::Shown && expected(found)
        };
        match listed.list.get(hostname).filter(is_believed) {
            Some(found) => Ok(found.clone()),
            None => self.association(scope, hostname).await,
        }
    }

    /// The live association of a hostname that is to get one. That there is none is taken
    /// from a list, which all creates of this moment share; anything else is asked for by
    /// name, and so is what this run has written.
    pub async fn association_before(
        &self,
        scope: &Scope,
        hostname: &Hostname,
    ) -> Result<Option<Association>, Error> {
        let key = Key::Association(self.id().clone(), hostname.clone());
        let listed = self.associations_as_of(scope, Fresh::Unwritten).await;
        let is_listed = match listed {
            Ok(listed) => listed
                .list
                .get(hostname)
                .is_some_and(|found| !found.is_gone()),
            Err(Error::Unlisted(_)) => true,
            Err(error) => return Err(error),
        };
        if !is_listed && self.run().written(&key).is_none() {
            return Ok(None);
        }
        self.live_association(scope, hostname).await
    }

    /// The association of a hostname, if there is one.
    pub async fn live_association(
        &self,
        scope: &Scope,
        hostname: &Hostname,
    ) -> Result<Option<Association>, Error> {
        match self.association(scope, hostname).await {
            Ok(found) => Ok(Some(found).filter(|found| !found.is_gone())),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All associations, or none where the API does not offer their list.
    pub async fn associations_if_listed(&self, scope: &Scope) -> Result<Vec<Association>, Error> {
        match self.associations(scope).await {
            Err(Error::Unlisted(_)) => {
                tracing::warn!("this API does not list associations");
                Ok(Vec::new())
            }
            other => other,
        }
    }

    /// One association. Never configured: 1553. Waits for an association write of
    /// this process, so that it never shows the time before.
    pub async fn association(
        &self,
        scope: &Scope,
        hostname: &Hostname,
    ) -> Result<Association, Error> {
        let _lock = read_lock(scope, &self.common.locks.associations).await?;
        self.read_association(scope, hostname).await
    }

    /// The same, for who holds the lock already.
    pub(super) async fn read_association(
        &self,
        scope: &Scope,
        hostname: &Hostname,
    ) -> Result<Association, Error> {
        let path = format!("{PATH}/{}", hostname.segment());
        let accepted = self.send(scope, Method::Get, &path, None, &|| true).await?;
        accepted.result_about(hostname, |found: &Association| &found.hostname)
    }

    /// The associations of these hostnames, from that list; one by one where the API does
    /// not offer it. Hostnames that were never configured are missing.
    pub async fn associations_of(
        &self,
        scope: &Scope,
        hostnames: impl Iterator<Item = &Hostname>,
        fresh: Fresh,
    ) -> Result<HashMap<Hostname, Association>, Error> {
        let mut found = HashMap::new();
        match self.associations_as_of(scope, fresh).await {
            Ok(listed) => {
                found.extend(hostnames.filter_map(|name| {
                    let association = listed.list.get(name)?;
                    Some((name.clone(), association.clone()))
                }));
            }
            Err(Error::Unlisted(_)) => {
                for hostname in hostnames {
                    match self.association(scope, hostname).await {
                        Ok(association) => {
                            found.insert(hostname.clone(), association);
                        }
                        Err(error) if error.is_gone() => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(found)
    }

    /// Whether this is what this run wrote last for its hostname.
    pub fn has_written(&self, write: &AssociationWrite) -> bool {
        self.run().written(&write.key(self.id())).as_ref() == Some(write)
    }

    /// Writes, for who holds the lock already, as long as it is `wanted`, which is asked
    /// before every try. From now on this run wants it so.
    pub(super) async fn put(
        &self,
        scope: &Scope,
        writes: &[AssociationWrite],
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Association>, Error> {
        let found = self.put_for_others(scope, writes, wanted).await?;
        for write in writes {
            self.run().wrote(write.key(self.id()), write.clone());
        }
        Ok(found)
    }

    /// The same without this run's wanting it so.
    pub(super) async fn put_for_others(
        &self,
        scope: &Scope,
        writes: &[AssociationWrite],
        wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Association>, Error> {
        self.common.associations.forget();
        self.run().begin_writes(self.id(), writes);
        let body = Some(Body::Json(json!({ "config": writes })));
        let sent = self.send_and_tell(scope, Method::Put, PATH, body, wanted);
        let sent = sent.await;
        if !matches!(sent, Err((_, Effect::Possible))) {
            self.run().end_writes(self.id(), writes);
        }
        let accepted = sent.map_err(|(error, _)| error)?;
        // Accepted is accepted, however odd the answer's rows look.
        let rows = accepted.result::<Rows>().unwrap_or_default();
        Ok(rows.0.into_iter().filter_map(|row| row.0).collect())
    }
}

/// The associations of a zone, page by page.
pub struct Pages<'a> {
    zone: &'a Zone<'a>,
    page: u64,
    rows: u64,
    bytes: usize,
    /// The rows that were on pages before.
    seen: HashSet<u64>,
    is_over: bool,
}

/// No zone has so many pages, however few rows the server puts on one.
const MOST_PAGES: u64 = 2000;
/// What fifty thousand rows take.
const MOST_BYTES: usize = 8 << 20;

fn hash(found: &Association) -> u64 {
    let mut hasher = DefaultHasher::new();
    found.hash(&mut hasher);
    hasher.finish()
}

/// What a row takes, in bytes.
fn size(found: &Association) -> usize {
    size_of::<Association>() + found.hostname.as_str().len() + found.certificate().len()
}

impl Pages<'_> {
    /// What the next page brings that was on none before; none after the last one.
    pub async fn next(&mut self, scope: &Scope) -> Result<Option<Vec<Association>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        self.page += 1;
        let path = format!("{PATH}?status=all&per_page={PER_PAGE}&page={}", self.page);
        let listed = self.zone.send(scope, Method::Get, &path, None, &|| true);
        let accepted = match listed.await {
            Err(error) => return Err(self.zone.not_listed(scope, error).await),
            Ok(accepted) => accepted,
        };
        let rows = accepted.result::<Rows>()?.0;
        let count = rows.len() as u64;
        let listed = rows.into_iter().filter_map(|row| row.0);
        let listed: Vec<Association> = listed.collect();
        let nameless = count - listed.len() as u64;
        let is_new = |found: &Association| self.seen.insert(hash(found));
        let associations: Vec<Association> = listed.into_iter().filter(is_new).collect();
        self.bytes += associations.iter().map(size).sum::<usize>();
        self.rows += count;
        // Whatever the counts say, a server that sends the same again has no more.
        let brings_new = !associations.is_empty() || nameless > 0;
        self.is_over = !brings_new || !self.continues(count, &accepted.page);
        let is_endless = self.rows > MOST_ROWS as u64 || self.bytes > MOST_BYTES;
        if !self.is_over && (self.page == MOST_PAGES || is_endless) {
            return Err(accepted.unreadable(&format!(
                "the list of associations has no end: {} pages with {} rows so far",
                self.page, self.rows
            )));
        }
        Ok(Some(associations))
    }

    /// Whether there is a page after one of so many rows.
    fn continues(&self, count: u64, page: &PageInfo) -> bool {
        let more_pages = page.total_pages().map(|pages| self.page < pages);
        let more_rows = page.total_count().map(|rows| self.rows < rows);
        let full = page.per_page().map_or(PER_PAGE, |rows| rows.min(PER_PAGE));
        match (more_pages, more_rows) {
            (None, None) => count >= full.max(1),
            (pages, rows) => pages == Some(true) || rows == Some(true),
        }
    }
}
