//! Asking a zone that stands still what a decision has to know.

use super::Found;
use super::store::CertificateStore;
use super::view::{Question, Seen, View};
use cloudflare::{Error, Locked, Store};

/// Who is asked.
pub(super) struct Asked<'a> {
    pub(super) at: CertificateStore<'a>,
    pub(super) locked: &'a Locked<'a>,
    /// Whether no answer will do but the list of all hostnames.
    pub(super) must_be_listed: bool,
}

impl Asked<'_> {
    /// Asks the zone, and adds the answer to what is known.
    pub(super) async fn about(&self, question: Question, view: &mut View) -> Result<(), Error> {
        let (locked, scope) = (self.locked, self.at.scope);
        match question {
            Question::Hostnames => {
                let hostnames = match self.must_be_listed {
                    true => locked.hostnames(scope).await?,
                    false => locked.hostnames_or_own(scope).await?,
                };
                view.hostnames = Some(hostnames);
            }
            Question::Hostname(name) => {
                let seen = locked.hostname(scope, &name).await?;
                view.by_name.insert(name, seen);
            }
            Question::Certificate(id) => {
                let found = locked.certificate(scope, self.at.store, &id).await?;
                let seen = found.map(|found| self.seen(found));
                view.certificates.insert(id, seen);
            }
            Question::ZoneCertificates => {
                let list = locked.certificates(scope, Store::Zone).await?;
                let list = list.into_iter().map(|found| self.seen(found));
                view.zone_certificates = Some(list.collect());
            }
            Question::ZoneSetting => view.zone_setting = Some(locked.is_on(scope).await?),
        }
        Ok(())
    }

    fn seen(&self, found: Found) -> Seen {
        let key = self.at.key_of(&found.id);
        Seen {
            has_expired: self.at.zone.has_expired(&found),
            is_deleted: self.at.run().is_destroyed(&key),
            id: found.id,
            status: found.status,
        }
    }
}
