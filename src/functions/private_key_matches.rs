//! `private_key_matches(certificate, private_key)`: whether they belong together.

use super::{argument, certificate, refused, text};
use crate::x509::PrivateKey;
use framework::value::{Dynamic, Type};
use framework::{ArgumentError, Function, Parameter};
use text::Secret;

/// The function.
pub(super) struct PrivateKeyMatches;

const PARAMETERS: &[Parameter] = &[
    text(
        "certificate",
        "The certificate in PEM form, the leaf first; what issued it may follow.",
    ),
    text("private_key", "The private key in PEM form, unencrypted."),
];

impl Function for PrivateKeyMatches {
    fn name(&self) -> &'static str {
        "private_key_matches"
    }

    fn summary(&self) -> &'static str {
        "Whether a private key belongs to a certificate"
    }

    fn doc(&self) -> &'static str {
        "Answers `true` if the private key belongs to the leaf of the certificate, `false` if it \
         belongs to another one. A text that is no certificate, or no private key, is an error. \
         The key is shown in no message."
    }

    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    fn result(&self) -> Type {
        Type::Bool
    }

    fn call(&self, arguments: &[Dynamic]) -> Result<Dynamic, ArgumentError> {
        let certificate = certificate(arguments, 0)?;
        let key = Secret::new(argument(arguments, 1)?.to_owned());
        let matches = PrivateKey::parse(&key).map(|key| key.matches(&certificate));
        matches
            .map(Dynamic::Bool)
            .map_err(|problem| refused(1, &problem))
    }
}
