//! What a certificate says about itself, as attributes: always from our own reading of
//! its PEM, never in the API's words.

use crate::x509;
use framework::{Attr, Model, Walk};

/// The attributes, part of the resource and of the data sources.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Facts {
    issuer: Attr<String>,
    serial_number: Attr<String>,
    signature: Attr<String>,
    expires_on: Attr<String>,
    fingerprint_sha256: Attr<String>,
}

impl Model for Facts {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            issuer,
            serial_number,
            signature,
            expires_on,
            fingerprint_sha256,
        } = self;
        walk.attr("issuer", issuer)
            .computed()
            .doc("The leaf's issuer, RFC 2253, the most specific part first.");
        walk.attr("serial_number", serial_number)
            .computed()
            .doc("The leaf's serial number, decimal.");
        walk.attr("signature", signature)
            .computed()
            .doc("The leaf's signature algorithm, such as `SHA256-RSA`.");
        walk.attr("expires_on", expires_on)
            .computed()
            .doc("When the leaf expires, RFC 3339.");
        walk.attr("fingerprint_sha256", fingerprint_sha256)
            .computed()
            .doc("SHA-256 of the leaf's DER, lower-case hexadecimal.");
    }
}

impl Facts {
    /// Those of a certificate that will be known only at apply.
    pub(super) fn unknown() -> Self {
        Self {
            issuer: Attr::unknown(),
            serial_number: Attr::unknown(),
            signature: Attr::unknown(),
            expires_on: Attr::unknown(),
            fingerprint_sha256: Attr::unknown(),
        }
    }

    /// When the leaf expires, where it is known.
    pub(super) fn expires_on(&self) -> Option<&str> {
        self.expires_on.known().map(String::as_str)
    }

    /// The leaf's serial number, where it is known.
    pub(super) fn serial_number(&self) -> Option<&str> {
        self.serial_number.known().map(String::as_str)
    }

    /// The leaf's fingerprint, where it is known.
    pub(super) fn fingerprint(&self) -> Option<&str> {
        let known = self.fingerprint_sha256.known();
        known.map(String::as_str).filter(|known| !known.is_empty())
    }
}

impl From<&x509::Facts> for Facts {
    fn from(facts: &x509::Facts) -> Self {
        Self {
            issuer: facts.issuer.clone().into(),
            serial_number: facts.serial_number.clone().into(),
            signature: facts.signature.clone().into(),
            expires_on: facts.expires_on.clone().into(),
            fingerprint_sha256: facts.fingerprint_sha256.clone().into(),
        }
    }
}
