//! `certificate_info(pem)`: what a certificate says about itself.

use super::{certificate, text};
use framework::value::{Dynamic, Type};
use framework::{ArgumentError, Attr, Function, Model, Parameter, Walk, write_model};

/// The function.
pub(super) struct CertificateInfo;

/// What it gives.
#[derive(Clone, Default, PartialEq)]
struct Info {
    subject: Attr<String>,
    issuer: Attr<String>,
    serial_number: Attr<String>,
    signature: Attr<String>,
    not_before: Attr<String>,
    expires_on: Attr<String>,
    fingerprint_sha256: Attr<String>,
    is_authority: Attr<bool>,
    client_auth: Attr<bool>,
}

impl Model for Info {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            subject,
            issuer,
            serial_number,
            signature,
            not_before,
            expires_on,
            fingerprint_sha256,
            is_authority,
            client_auth,
        } = self;
        walk.attr("subject", subject);
        walk.attr("issuer", issuer);
        walk.attr("serial_number", serial_number);
        walk.attr("signature", signature);
        walk.attr("not_before", not_before);
        walk.attr("expires_on", expires_on);
        walk.attr("fingerprint_sha256", fingerprint_sha256);
        walk.attr("is_ca", is_authority);
        walk.attr("client_auth", client_auth);
    }
}

const PARAMETERS: &[Parameter] = &[text(
    "pem",
    "The certificate in PEM form, the leaf first; what issued it may follow.",
)];

impl Function for CertificateInfo {
    fn name(&self) -> &'static str {
        "certificate_info"
    }

    fn summary(&self) -> &'static str {
        "What a certificate says about itself"
    }

    fn doc(&self) -> &'static str {
        "Reads the leaf of a PEM text: `subject`, `issuer` (RFC 2253), `serial_number` (decimal), \
         `signature`, `not_before`, `expires_on` (RFC 3339), `fingerprint_sha256` (of the DER), \
         `is_ca` and `client_auth` (whether it may be used by clients). It has no clock: compare \
         times with `timecmp`."
    }

    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    fn result(&self) -> Type {
        Info::schema(0, "").ty
    }

    fn call(&self, arguments: &[Dynamic]) -> Result<Dynamic, ArgumentError> {
        let certificate = certificate(arguments, 0)?;
        let facts = certificate.facts();
        Ok(write_model(&Info {
            subject: certificate.subject().into(),
            issuer: facts.issuer.clone().into(),
            serial_number: facts.serial_number.clone().into(),
            signature: facts.signature.clone().into(),
            not_before: certificate.not_before().to_string().into(),
            expires_on: facts.expires_on.clone().into(),
            fingerprint_sha256: facts.fingerprint_sha256.clone().into(),
            is_authority: certificate.is_authority().into(),
            client_auth: certificate.serves_clients().into(),
        }))
    }
}
