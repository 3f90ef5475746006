//! The fifteen operations: who may, what for, and which rule answers.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::association::PageQuery;
use crate::certificate::{Store, Uploaded};
use crate::clock::Moment;
use crate::reply::{Answer, Refusal};
use crate::state::{Request, State, Window};
use crate::status::Status;

/// An operation on a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    zone: String,
    operation: Operation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operation {
    ListCertificates(Store),
    Upload(Store),
    ReadCertificate(Store, String),
    DeleteCertificate(Store, String),
    ReadSetting,
    WriteSetting,
    ListAssociations,
    WriteAssociations,
    ReadAssociation(String),
    ReadGlobalSetting,
    WriteGlobalSetting,
}

impl Operation {
    /// The routing table. Static segments win over parameters.
    fn route(method: &str, path: &[&str]) -> Option<Self> {
        const ROOT: &str = "origin_tls_client_auth";
        Some(match (method, path) {
            ("GET", [ROOT]) => Self::ListCertificates(Store::Zone),
            ("POST", [ROOT]) => Self::Upload(Store::Zone),
            ("GET", [ROOT, "settings"]) => Self::ReadSetting,
            ("PUT", [ROOT, "settings"]) => Self::WriteSetting,
            ("GET", [ROOT, "hostnames"]) => Self::ListAssociations,
            ("PUT", [ROOT, "hostnames"]) => Self::WriteAssociations,
            ("GET", [ROOT, "hostnames", "certificates"]) => Self::ListCertificates(Store::Hostname),
            ("POST", [ROOT, "hostnames", "certificates"]) => Self::Upload(Store::Hostname),
            ("GET", [ROOT, "hostnames", "certificates", id]) => {
                Self::ReadCertificate(Store::Hostname, (*id).to_owned())
            }
            ("DELETE", [ROOT, "hostnames", "certificates", id]) => {
                Self::DeleteCertificate(Store::Hostname, (*id).to_owned())
            }
            ("GET", [ROOT, "hostnames", hostname]) => Self::ReadAssociation((*hostname).to_owned()),
            ("GET", [ROOT, id]) => Self::ReadCertificate(Store::Zone, (*id).to_owned()),
            ("DELETE", [ROOT, id]) => Self::DeleteCertificate(Store::Zone, (*id).to_owned()),
            ("GET", ["settings", "tls_client_auth"]) => Self::ReadGlobalSetting,
            ("PATCH", ["settings", "tls_client_auth"]) => Self::WriteGlobalSetting,
            _ => return None,
        })
    }

    /// Whether it is a write of the certificate stores, of which a zone takes one at a time.
    fn is_certificate_write(&self) -> bool {
        matches!(self, Self::Upload(_) | Self::DeleteCertificate(..))
    }
}

/// Checks a request and begins it.
pub(crate) fn begin(state: &mut State, request: &Request, now: Duration) -> Result<Call, Answer> {
    let refuse = |refusal: &Refusal| Answer::refusal(refusal);
    take_from_limit(state, now)?;
    let may_write = authorize(state, request).map_err(|refusal| refuse(&refusal))?;
    if request.method != "GET" && !may_write {
        return Err(refuse(&Refusal(403, 10000, "Authentication error")));
    }
    let Some(path) = request.path.strip_prefix("/client/v4") else {
        return Err(Answer::html(404, "Not Found"));
    };
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let no_route = || {
        Answer::error(
            400,
            7003,
            &format!("Could not route to {path}, perhaps your object identifier is invalid?"),
        )
    };
    let ["zones", zone, rest @ ..] = segments.as_slice() else {
        return Err(no_route());
    };
    if !(zone.len() == 32 && zone.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(no_route());
    }
    let operation = Operation::route(&request.method, rest).ok_or_else(no_route)?;
    if operation == Operation::ListAssociations && !state.settings.lists_associations {
        return Err(no_route());
    }
    let Some(found) = state.zones.get_mut(*zone) else {
        return Err(Answer {
            status: 404,
            ..no_route()
        });
    };
    if operation.is_certificate_write() {
        if found.busy > 0 {
            // L: 409; the code and the text were not recorded.
            let text = "Another certificate operation is in progress (simulated).";
            return Err(refuse(&Refusal(409, 1493, text)));
        }
        found.busy += 1;
    }
    Ok(Call {
        zone: (*zone).to_owned(),
        operation,
    })
}

/// Carries out what was begun.
pub(crate) fn finish(state: &mut State, call: Call, request: &Request, at: &Moment) -> Answer {
    let settings = state.settings.clone();
    let now = at.since_start;
    let Some(zone) = state.zones.get_mut(&call.zone) else {
        return Answer::refusal(&Refusal(404, 7003, "The zone is gone."));
    };
    if call.operation.is_certificate_write() {
        zone.busy -= 1;
    }
    let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default();
    let malformed = Refusal(400, 1400, "Malformed request body (simulated).");
    let result = match call.operation {
        Operation::ListCertificates(store) => Ok(zone.list(store, now, &settings)),
        Operation::Upload(store) => {
            let sent = Uploaded {
                certificate: text("certificate"),
                private_key: text("private_key"),
            };
            zone.upload(store, &sent, at, &settings)
        }
        Operation::ReadCertificate(store, id) => zone.certificate(store, &id, now, &settings),
        Operation::DeleteCertificate(store, id) => zone.delete(store, &id, now, &settings),
        Operation::ReadSetting => Ok(json!({ "enabled": zone.enabled })),
        Operation::WriteSetting => match body.get("enabled").and_then(Json::as_bool) {
            Some(enabled) => {
                zone.enabled = enabled;
                zone.was_enabled |= enabled;
                Ok(json!({ "enabled": enabled }))
            }
            None => Err(malformed),
        },
        Operation::ListAssociations => {
            return match page(&request.query) {
                Some(wanted) => {
                    let (list, info) = zone.associations_page(&wanted, now);
                    Answer::page(&list, &info)
                }
                None => Answer::refusal(&malformed),
            };
        }
        Operation::WriteAssociations => match body.get("config").and_then(Json::as_array) {
            Some(items) => zone.associate(items, at, &settings),
            None => Err(malformed),
        },
        Operation::ReadAssociation(hostname) => zone.association(&hostname.to_lowercase(), now),
        Operation::ReadGlobalSetting => Ok(global_setting(zone.tls_client_auth)),
        Operation::WriteGlobalSetting => match text("value") {
            value @ ("on" | "off") => {
                zone.tls_client_auth = value == "on";
                Ok(global_setting(zone.tls_client_auth))
            }
            _ => Err(malformed),
        },
    };
    match result {
        Ok(result) => Answer::success(&result),
        Err(refusal) => Answer::refusal(&refusal),
    }
}

fn global_setting(on: bool) -> Json {
    json!({
        "id": "tls_client_auth",
        "value": if on { "on" } else { "off" },
        "editable": true,
        "modified_on": null,
    })
}

/// Status, page and page size of a list; `None` where they are out of bounds (D).
fn page(query: &str) -> Option<PageQuery> {
    let mut wanted = PageQuery {
        status: Status::Active.name().to_owned(),
        page: 1,
        per_page: 50,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=')? {
            ("status", value) => wanted.status = value.replace("%2C", ","),
            ("page", value) => wanted.page = value.parse().ok().filter(|page| *page >= 1)?,
            ("per_page", value) => {
                wanted.per_page = value
                    .parse()
                    .ok()
                    .filter(|count| (1..=1000).contains(count))?;
            }
            _ => {}
        }
    }
    Some(wanted)
}

/// Whether the credential may write.
fn authorize(state: &State, request: &Request) -> Result<bool, Refusal> {
    if let Some((email, key)) = &request.key {
        let known = email.contains('@') && *key == state.token;
        return match known {
            true => Ok(true),
            false => Err(Refusal(403, 9103, "Unknown X-Auth-Key or X-Auth-Email")),
        };
    }
    let header = request.authorization.as_deref().unwrap_or_default();
    let Some(token) = header.strip_prefix("Bearer ") else {
        return Err(Refusal(400, 6003, "Invalid request headers"));
    };
    if token == state.token {
        Ok(true)
    } else if state.read_only_token.as_deref() == Some(token) {
        Ok(false)
    } else {
        Err(Refusal(403, 10001, "Unable to authenticate request"))
    }
}

/// D: beyond the limit everything is blocked, until the window is over (G: a fixed window).
fn take_from_limit(state: &mut State, now: Duration) -> Result<(), Answer> {
    let Some((most, length)) = state.settings.rate_limit else {
        return Ok(());
    };
    if now >= state.window.begins_at + length {
        state.window = Window {
            begins_at: now,
            requests: 0,
        };
    }
    if state.window.requests >= most {
        let wait = (state.window.begins_at + length - now).as_secs() + 1;
        let text = "Please wait and consider throttling your request speed";
        return Err(Answer::error(429, 971, text).with("retry-after", &wait.to_string()));
    }
    state.window.requests += 1;
    Ok(())
}

/// D: every answer says what is left.
pub(crate) fn with_limit(state: &State, answer: Answer, now: Duration) -> Answer {
    let Some((most, length)) = state.settings.rate_limit else {
        return answer;
    };
    let left = most.saturating_sub(state.window.requests);
    let reset = (state.window.begins_at + length)
        .saturating_sub(now)
        .as_secs();
    answer
        .with("ratelimit", &format!("\"default\";r={left};t={reset}"))
        .with(
            "ratelimit-policy",
            &format!("\"default\";q={most};w={}", length.as_secs()),
        )
}
