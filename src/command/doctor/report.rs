//! The report: what was seen and found, for a person or, as JSON, for a program.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::provider::Connection;
use cloudflare::{CertificateId, Status, Store, ZoneId};
use framework::Diagnostic;

/// The version of the JSON: another one means that a member has gone or means something else.
const VERSION: u32 = 1;

/// What the doctor says.
pub(super) struct Report {
    pub(super) api: Result<Api, Diagnostic>,
    pub(super) zones: Vec<ZoneReport>,
}

/// How the API was reached.
pub(super) struct Api {
    pub(super) base_url: String,
    /// Without its user and password.
    pub(super) proxy: Option<String>,
    pub(super) credential: &'static str,
}

/// One zone.
pub(super) struct ZoneReport {
    pub(super) id: ZoneId,
    /// An error where it could not be looked at.
    pub(super) looked: Result<Looked, Diagnostic>,
}

/// What was seen of a zone.
pub(super) struct Looked {
    pub(super) access: Access,
    /// How far Cloudflare's clock is ahead, where they differ by more than five minutes.
    pub(super) clock_ahead: Option<SignedDuration>,
    pub(super) is_on: bool,
    /// None where the credential may not read it.
    pub(super) global: Option<bool>,
    pub(super) hostnames: Hostnames,
    pub(super) certificates: Vec<Seen>,
    pub(super) findings: Vec<Finding>,
}

/// How many hostnames have an association.
#[derive(Clone, Copy)]
pub(super) struct Hostnames {
    pub(super) all: usize,
    /// Of these, how many are not active.
    pub(super) not_active: usize,
    /// Of these, how many present none because `enabled` is false.
    pub(super) disabled: usize,
}

/// What the credential may do with certificates.
pub(super) enum Access {
    Read,
    Edit,
    /// It may read; whether it may write could not be found.
    Unknown(Diagnostic),
}

impl Access {
    /// The permission; none where it is not known.
    pub(super) fn as_str(&self) -> Option<&'static str> {
        match self {
            Self::Read => Some("Read"),
            Self::Edit => Some("Edit"),
            Self::Unknown(_) => None,
        }
    }
}

/// A certificate.
pub(super) struct Seen {
    pub(super) id: CertificateId,
    pub(super) store: Store,
    pub(super) status: Status,
    pub(super) subject: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) serial_number: Option<String>,
    pub(super) expires: Option<Timestamp>,
    /// Whole days; negative after the end.
    pub(super) days_left: Option<i64>,
    /// How many hostnames it is presented for.
    pub(super) hostnames: usize,
    pub(super) is_presented: bool,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// A name that stays, for programs.
    pub(super) code: &'static str,
    pub(super) object: String,
    pub(super) message: String,
    pub(super) advice: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Requests are refused, or will be.
    Error,
    /// Nothing is broken yet.
    Warning,
}

impl Severity {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// The word for a store.
pub(super) fn store_name(store: Store) -> &'static str {
    match store {
        Store::Zone => "zone",
        Store::Hostname => "hostname",
    }
}

impl Report {
    /// Nothing could be asked.
    pub(super) fn unconnected(why: Diagnostic) -> Self {
        Self {
            api: Err(why),
            zones: Vec::new(),
        }
    }

    pub(super) fn of(connection: &Connection, mut zones: Vec<ZoneReport>) -> Self {
        for zone in &mut zones {
            if let Ok(looked) = &mut zone.looked {
                looked.findings.extend(looked.clock_ahead.map(of_clock));
            }
        }
        Self {
            api: Ok(Api {
                base_url: connection.base_url.clone(),
                proxy: connection.proxy.clone(),
                credential: connection.credential,
            }),
            zones,
        }
    }

    /// 0 healthy, 1 findings, 2 could not look.
    pub(super) fn exit_code(&self) -> u8 {
        let is_blind = self.api.is_err() || self.zones.iter().any(|zone| zone.looked.is_err());
        let mut looked = self
            .zones
            .iter()
            .filter_map(|zone| zone.looked.as_ref().ok());
        match is_blind {
            true => 2,
            false => u8::from(looked.any(|looked| !looked.findings.is_empty())),
        }
    }

    /// The report as JSON, with a line feed at its end.
    pub(super) fn to_json(&self) -> String {
        let (api, error) = match &self.api {
            Ok(api) => (
                json!({
                    "base_url": api.base_url,
                    "proxy": api.proxy,
                    "credential": api.credential,
                }),
                Value::Null,
            ),
            Err(why) => (Value::Null, error(why)),
        };
        let zones: Vec<Value> = self.zones.iter().map(ZoneReport::to_json).collect();
        let report = json!({
            "version": VERSION,
            "exit_code": self.exit_code(),
            "api": api,
            "error": error,
            "zones": zones,
        });
        format!("{report:#}\n")
    }
}

fn of_clock(ahead: SignedDuration) -> Finding {
    let minutes = ahead.as_mins().abs();
    let way = if ahead.is_negative() {
        "ahead of"
    } else {
        "behind"
    };
    Finding {
        severity: Severity::Warning,
        code: "clock",
        object: "this machine".to_owned(),
        message: format!("Its clock is {minutes} minutes {way} Cloudflare's."),
        advice: "Set it, for example with NTP: certificates are valid by the clock.".to_owned(),
    }
}

fn error(why: &Diagnostic) -> Value {
    json!({ "summary": why.summary, "detail": why.detail })
}

impl ZoneReport {
    fn to_json(&self) -> Value {
        let looked = match &self.looked {
            Ok(looked) => looked,
            Err(why) => return json!({ "zone_id": self.id.as_str(), "error": error(why) }),
        };
        let certificates: Vec<Value> = looked.certificates.iter().map(Seen::to_json).collect();
        let findings = looked.findings.iter().map(|finding| {
            json!({
                "severity": finding.severity.as_str(),
                "code": finding.code,
                "object": finding.object,
                "message": finding.message,
                "advice": finding.advice,
            })
        });
        let findings: Vec<Value> = findings.collect();
        json!({
            "zone_id": self.id.as_str(),
            "error": null,
            "permission": looked.access.as_str(),
            "zone_setting": looked.is_on,
            "global_setting": looked.global,
            "hostnames": {
                "all": looked.hostnames.all,
                "not_active": looked.hostnames.not_active,
                "disabled": looked.hostnames.disabled,
            },
            "certificates": certificates,
            "findings": findings,
        })
    }
}

impl Seen {
    fn to_json(&self) -> Value {
        json!({
            "certificate_id": self.id.as_str(),
            "store": store_name(self.store),
            "status": self.status.as_str(),
            "subject": self.subject,
            "issuer": self.issuer,
            "serial_number": self.serial_number,
            "expires_on": self.expires.map(|at| at.to_string()),
            "days_left": self.days_left,
            "hostnames": self.hostnames,
            "is_presented": self.is_presented,
        })
    }
}
