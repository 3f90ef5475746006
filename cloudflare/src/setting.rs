//! The two switches of a zone.

use serde::Deserialize;
use serde_json::json;

use super::locks::{read_lock, write_lock};
use super::shared_list::SharedList;
use super::{Body, Error, Fresh, Method, Scope, Zone};

/// A switch of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Zone-level Authenticated Origin Pulls: the zone's own certificate is presented.
    Zone,
    /// Global Authenticated Origin Pulls: the certificate that all of Cloudflare's
    /// customers share is presented. One of the zone's general settings.
    Global,
}

#[derive(Deserialize)]
struct Enabled {
    enabled: bool,
}

#[derive(Deserialize)]
struct Setting {
    value: Value,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Value {
    On,
    Off,
}

const ZONE_PATH: &str = "/origin_tls_client_auth/settings";
const GLOBAL_PATH: &str = "/settings/tls_client_auth";

impl Zone<'_> {
    /// Whether the switch is on.
    pub async fn switch(&self, scope: &Scope, switch: Switch) -> Result<bool, Error> {
        let _lock = read_lock(scope, &self.common.locks.switches).await?;
        self.read_switch(scope, switch).await
    }

    /// Whether the switch is on, from an answer that others ask for too.
    pub async fn switch_as_of(
        &self,
        scope: &Scope,
        switch: Switch,
        fresh: Fresh,
    ) -> Result<bool, Error> {
        let _lock = read_lock(scope, &self.common.locks.switches).await?;
        let ask = self.read_switch(scope, switch);
        let shown = self.switch_shown(switch).get(scope, fresh, ask).await?;
        Ok(*shown.list)
    }

    /// What has been shown of a switch.
    fn switch_shown(&self, switch: Switch) -> &SharedList<bool> {
        match switch {
            Switch::Zone => &self.common.zone_switch,
            Switch::Global => &self.common.global_switch,
        }
    }

    /// Whether the switch is on, for who holds the lock already.
    pub(super) async fn read_switch(&self, scope: &Scope, switch: Switch) -> Result<bool, Error> {
        match switch {
            Switch::Zone => {
                let enabled: Enabled = self.request(scope, Method::Get, ZONE_PATH, None).await?;
                Ok(enabled.enabled)
            }
            Switch::Global => {
                let setting: Setting = self.request(scope, Method::Get, GLOBAL_PATH, None).await?;
                Ok(setting.value == Value::On)
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
        wanted: impl Fn() -> bool + Sync,
    ) -> Result<bool, Error> {
        let _lock = write_lock(scope, &self.common.locks.switches).await?;
        self.switch_shown(switch).forget();
        let (method, path, body) = match switch {
            Switch::Zone => (Method::Put, ZONE_PATH, json!({ "enabled": on })),
            Switch::Global => {
                let value = if on { "on" } else { "off" };
                (Method::Patch, GLOBAL_PATH, json!({ "value": value }))
            }
        };
        // Accepted is accepted, whatever the answer repeats.
        let body = Some(Body::Json(body));
        match self.send(scope, method, path, body, &wanted).await {
            Ok(_) => Ok(true),
            Err(Error::Withdrawn) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
