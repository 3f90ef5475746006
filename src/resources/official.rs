//! State of the official provider, `cloudflare/cloudflare`, versions 4 and 5: what
//! its objects are here.
//!
//! Its types were renamed and reshaped between versions while the numbers of their
//! shapes were not counted on, so a shape is known by the attributes that are there.

use cloudflare::{CertificateId, Hostname as Name, Store, Switch, ZoneId};
use framework::{Attributes, Diagnostic, Foreign};

use super::names;
use super::problem::listed;

const ASSOCIATION: &str = "cloudflare_authenticated_origin_pulls";
const CERTIFICATE: &str = "cloudflare_authenticated_origin_pulls_certificate";
const HOSTNAME_CERTIFICATE: &str = "cloudflare_authenticated_origin_pulls_hostname_certificate";
const SETTINGS: &str = "cloudflare_authenticated_origin_pulls_settings";
const ZONE_SETTING: &str = "cloudflare_zone_setting";

/// The numbers of shapes that versions 4 and 5 (up to 5.22) have stored.
const VERSIONS: [i64; 3] = [0, 1, 500];

/// What an object of the official provider is here.
pub(super) struct Official {
    /// The zone that it belongs to.
    pub(super) zone_id: ZoneId,
    /// What it is.
    pub(super) object: Object,
}

/// The objects of the official provider that have a place here.
pub(super) enum Object {
    /// A certificate of one of the stores.
    Certificate(Store, Attributes),
    /// The associations of these hostnames, one or several.
    Associations(Vec<Hostname>),
    /// A switch. `whole_zone`: the user asked for a hostname, and the official provider
    /// has switched the zone.
    Switch {
        /// Which switch.
        switch: Switch,
        /// Whether it was on, as far as is known.
        enabled: Option<bool>,
        /// Whether the user may not know that it is this switch.
        whole_zone: bool,
    },
}

/// The association of one hostname. What is not known is read from the API.
pub(super) struct Hostname {
    pub(super) hostname: Name,
    pub(super) certificate_id: Option<CertificateId>,
    pub(super) enabled: Option<bool>,
}

impl Official {
    /// Recognises an object.
    pub(super) fn recognise(source: &Foreign) -> Result<Self, Diagnostic> {
        let segments: Vec<&str> = source.provider.rsplit('/').take(2).collect();
        // Hosts differ between mirrors. OpenTofu up to 1.11.11 and 1.12.3 sends nothing but
        // the beginning of the type's name; and any OpenTofu that has moved one instance
        // of a resource may name the new provider for the others.
        let is_known = matches!(
            segments[..],
            ["cloudflare", "cloudflare"] | ["cloudflare"] | ["aop", _]
        );
        if !is_known && !source.type_name.starts_with("aop_") {
            return Err(unknown_provider(source));
        }
        if !VERSIONS.contains(&source.version) {
            return Err(unknown_version(source));
        }
        let stored = &source.attributes;
        let object = match source.type_name.as_str() {
            ASSOCIATION if stored.has("authenticated_origin_pulls_certificate") => {
                version_4(source)?
            }
            ASSOCIATION => version_5(source)?,
            CERTIFICATE if stored.text("type") == Some("per-hostname") => {
                Object::Certificate(Store::Hostname, stored.clone())
            }
            CERTIFICATE => Object::Certificate(Store::Zone, stored.clone()),
            HOSTNAME_CERTIFICATE => Object::Certificate(Store::Hostname, stored.clone()),
            SETTINGS => Object::Switch {
                switch: Switch::Zone,
                enabled: stored.flag("enabled"),
                whole_zone: false,
            },
            ZONE_SETTING if stored.text("setting_id") == Some("tls_client_auth") => {
                // A value of any type is stored together with its type.
                let wrapped = stored.object("value");
                let value = wrapped.as_ref().unwrap_or(stored).text("value");
                Object::Switch {
                    switch: Switch::Global,
                    enabled: value.map(|value| value == "on"),
                    whole_zone: false,
                }
            }
            ZONE_SETTING => return Err(other_setting(stored)),
            own if own.starts_with("aop_") => return Err(own_type(source)),
            _ => return Err(unknown_type(source)),
        };
        let zone_id = stored.text("zone_id").and_then(|id| ZoneId::parse(id).ok());
        Ok(Self {
            zone_id: zone_id.ok_or_else(|| lacks(source, "zone_id"))?,
            object,
        })
    }

    /// The type that it moves to.
    fn target(&self) -> &'static str {
        match &self.object {
            Object::Certificate(Store::Zone, _) => names::ZONE_CERTIFICATE,
            Object::Certificate(Store::Hostname, _) => names::HOSTNAME_CERTIFICATE,
            Object::Associations(hostnames) if hostnames.len() == 1 => names::HOSTNAME_ASSOCIATION,
            Object::Associations(_) => names::HOSTNAME_ASSOCIATIONS,
            Object::Switch { switch, .. } => match switch {
                Switch::Zone => names::ZONE_SETTING,
                Switch::Global => names::GLOBAL_SETTING,
            },
        }
    }

    /// It was to become something that it is not.
    pub(super) fn mismatch(&self, wanted: &str, source: &Foreign) -> Diagnostic {
        let target = self.target();
        let what = match &self.object {
            Object::Certificate(Store::Zone, _) => "a certificate of the zone".to_owned(),
            Object::Certificate(Store::Hostname, _) => "a certificate for hostnames".to_owned(),
            Object::Associations(hostnames) => {
                let names = hostnames.iter().map(|h| &h.hostname);
                format!("the association of {}", listed(names))
            }
            Object::Switch {
                switch: Switch::Zone,
                ..
            } => "the zone-level setting".to_owned(),
            Object::Switch {
                whole_zone: true, ..
            } => {
                "the zone's global setting, although it names a hostname: without a certificate of \
                 its own, version 4 of the official provider has turned it on for the whole zone"
                    .to_owned()
            }
            Object::Switch { .. } => "the global setting".to_owned(),
        };
        Diagnostic::error(
            "Wrong target of a move",
            format!(
                "This {} of zone {} is {what}, so it cannot become an {wanted}. Write a resource \
                 \"{target}\" and let the moved block end in it: to = {target}.NAME.",
                source.type_name, self.zone_id
            ),
        )
    }
}

/// One type for three things.
fn version_4(source: &Foreign) -> Result<Object, Diagnostic> {
    let stored = &source.attributes;
    let certificate = stored.text("authenticated_origin_pulls_certificate");
    let enabled = stored.flag("enabled");
    let switch = |switch, whole_zone| Object::Switch {
        switch,
        enabled,
        whole_zone,
    };
    Ok(match (stored.text("hostname"), certificate) {
        (Some(hostname), Some(certificate)) => Object::Associations(vec![Hostname {
            hostname: Name::parse(hostname).map_err(|_| lacks(source, "hostname"))?,
            certificate_id: CertificateId::parse(certificate).ok(),
            enabled,
        }]),
        (None, Some(_)) => switch(Switch::Zone, false),
        (hostname, None) => switch(Switch::Global, hostname.is_some()),
    })
}

/// A list of hostnames, or what an import has left: the top-level attributes alone.
fn version_5(source: &Foreign) -> Result<Object, Diagnostic> {
    let stored = &source.attributes;
    let elements = stored.list("config");
    let (elements, only) = match elements.len() {
        0 => (vec![stored.clone()], true),
        1 => (elements, true),
        _ => (elements, false),
    };
    let hostnames = elements.iter().map(|element| {
        // Only where there is one hostname do the top-level attributes speak of it.
        let beside = only.then_some(stored);
        let text = |name| element.text(name).or_else(|| beside?.text(name));
        let hostname = text("hostname").or_else(|| beside?.text("id"));
        Some(Hostname {
            hostname: Name::parse(hostname?).ok()?,
            certificate_id: text("cert_id").and_then(|id| CertificateId::parse(id).ok()),
            enabled: element.flag("enabled").or_else(|| beside?.flag("enabled")),
        })
    });
    let hostnames: Option<Vec<_>> = hostnames.collect();
    let hostnames = hostnames.ok_or_else(|| lacks(source, "hostname"))?;
    Ok(Object::Associations(hostnames))
}

fn unknown_provider(source: &Foreign) -> Diagnostic {
    Diagnostic::error(
        "Move from an unknown provider",
        format!(
            "{} of {} cannot be moved here: what can be are objects of cloudflare/cloudflare. \
             Remove the moved block and import the object.",
            source.type_name, source.provider
        ),
    )
}

fn unknown_version(source: &Foreign) -> Diagnostic {
    Diagnostic::error(
        "Move from an unknown version",
        format!(
            "The {} was stored in shape {}, which no version of the official provider up to 5.22 \
             has written. Look for a newer version of this provider, or remove the moved block and \
             import the object.",
            source.type_name, source.version
        ),
    )
}

fn unknown_type(source: &Foreign) -> Diagnostic {
    let known = [
        ASSOCIATION,
        CERTIFICATE,
        HOSTNAME_CERTIFICATE,
        SETTINGS,
        ZONE_SETTING,
    ];
    Diagnostic::error(
        "Move from an unknown type",
        format!(
            "{} is not supported here. These are: {}. Keep it with its provider.",
            source.type_name,
            known.join(", ")
        ),
    )
}

fn own_type(source: &Foreign) -> Diagnostic {
    Diagnostic::error(
        "Move between types of this provider",
        format!(
            "An {} cannot become another type by a moved block. Write the other resource with the \
             same values and leave this one out: within one apply it takes over what is there.",
            source.type_name
        ),
    )
}

fn other_setting(stored: &Attributes) -> Diagnostic {
    Diagnostic::error(
        "Move of another setting",
        format!(
            "This cloudflare_zone_setting is {}. Only tls_client_auth is supported here, as {}. \
             Keep the others with their provider.",
            stored.text("setting_id").unwrap_or("without a setting_id"),
            names::GLOBAL_SETTING
        ),
    )
}

fn lacks(source: &Foreign, attribute: &str) -> Diagnostic {
    Diagnostic::error(
        "Stored state is incomplete",
        format!(
            "The stored {} has no {attribute}, or none of the right form, so it cannot be told what \
             it is. Refresh it with its own provider, or remove the moved block and import the \
             object.",
            source.type_name
        ),
    )
}
