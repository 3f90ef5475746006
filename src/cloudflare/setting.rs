//! The two switches of a zone.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::client::{share, take};
use super::{Body, Error, Method, Scope, Zone};

/// A switch of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Zone-level Authenticated Origin Pulls: the zone's own certificate is presented.
    Zone,
}

#[derive(Deserialize)]
struct Enabled {
    enabled: bool,
}

const ZONE_PATH: &str = "/origin_tls_client_auth/settings";

impl Zone<'_> {
    /// Whether the switch is on.
    pub async fn switch(&self, scope: &Scope, switch: Switch) -> Result<bool, Error> {
        let _turn = share(scope, &self.turns.switches).await?;
        self.read_switch(scope, switch).await
    }

    /// Whether the switch is on, for who has the turn already.
    pub(super) async fn read_switch(&self, scope: &Scope, switch: Switch) -> Result<bool, Error> {
        match switch {
            Switch::Zone => {
                let enabled: Enabled = self.request(scope, Method::Get, ZONE_PATH, None).await?;
                Ok(enabled.enabled)
            }
        }
    }

    /// Sets the switch, unless `wanted`, asked at the last moment, says no. Answers
    /// whether it was set.
    pub async fn set_switch(
        &self,
        scope: &Scope,
        switch: Switch,
        on: bool,
        wanted: impl Fn() -> bool,
    ) -> Result<bool, Error> {
        let _turn = take(scope, &self.turns.switches).await?;
        if !wanted() {
            return Ok(false);
        }
        match switch {
            Switch::Zone => {
                let body = Body::Json(json!({ "enabled": on }));
                // Accepted is accepted, whatever the answer repeats.
                self.request::<Json>(scope, Method::Put, ZONE_PATH, Some(body))
                    .await?;
                Ok(true)
            }
        }
    }
}
