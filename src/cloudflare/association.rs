//! Associations: which certificate Cloudflare presents for a hostname.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value as Json, json};

use super::client::{segment, share, take};
use super::{Body, Error, Hostname, Method, Scope, Status, Zone};

/// An association as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Association {
    /// The hostname.
    #[serde(default, deserialize_with = "or_empty")]
    pub hostname: String,
    /// The certificate of the hostname store.
    #[serde(default, deserialize_with = "or_empty")]
    pub cert_id: String,
    /// Whether the certificate is presented. `false` pins "none"; null means that
    /// there is no association any more.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Where the edge stands with it.
    #[serde(default)]
    pub status: Status,
}

/// Tombstones may have null in place of a text.
fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Association {
    /// Whether there is no association any more, whatever its old value says.
    pub fn is_gone(&self) -> bool {
        self.enabled.is_none() || self.status.is_tombstone()
    }
}

/// One hostname's part of a write.
#[derive(Clone, Debug, Serialize)]
pub struct AssociationWrite {
    /// The hostname.
    pub hostname: String,
    /// The certificate; needed even to void.
    pub cert_id: String,
    /// `None` voids: the hostname goes back to what the zone says.
    pub enabled: Option<bool>,
}

const PATH: &str = "/origin_tls_client_auth/hostnames";
/// The largest page that the API gives.
const PER_PAGE: usize = 1000;

impl Zone<'_> {
    /// All associations of the zone, whatever their status.
    pub async fn associations(&self, scope: &Scope) -> Result<Vec<Association>, Error> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("{PATH}?status=all&per_page={PER_PAGE}&page={page}");
            let (list, info) = self.page::<Option<Vec<Association>>>(scope, &path).await?;
            let list = list.unwrap_or_default();
            let (full, empty) = (list.len() >= PER_PAGE, list.is_empty());
            all.extend(list);
            // A page may be cut shorter than asked for: then the count of pages tells.
            let last = info.total_pages.map_or(!full, |pages| page >= pages);
            if last || empty {
                break;
            }
        }
        Ok(all)
    }

    /// All associations, or none where the API does not offer their list.
    pub async fn associations_if_listed(&self, scope: &Scope) -> Result<Vec<Association>, Error> {
        match self.associations(scope).await {
            Err(Error::Refused(refusal)) if matches!(refusal.status, 400 | 404 | 405) => {
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
        let _turn = share(scope, &self.turns.associations).await?;
        let path = format!("{PATH}/{}", segment(hostname.as_str()));
        self.request(scope, Method::Get, &path, None).await
    }

    /// Writes associations, unless `wanted`, asked when no other write is under
    /// way, says no; then `None`.
    pub async fn write_associations(
        &self,
        scope: &Scope,
        writes: &[AssociationWrite],
        wanted: impl Fn() -> bool,
    ) -> Result<Option<Vec<Association>>, Error> {
        let _turn = take(scope, &self.turns.associations).await?;
        if !wanted() {
            return Ok(None);
        }
        let body = Body::Json(json!({ "config": writes }));
        // Accepted is accepted, however odd the answer's items look.
        let answer: Json = self.request(scope, Method::Put, PATH, Some(body)).await?;
        let items = answer.as_array().into_iter().flatten();
        let readable = items.filter_map(|item| serde_json::from_value(item.clone()).ok());
        Ok(Some(readable.collect()))
    }
}
