//! The provider's functions: pure, offline, and without a configuration.

mod certificate_info;
mod private_key_matches;

use crate::x509::{Certificate, Problem};
use framework::value::{Dynamic, Type};
use framework::{ArgumentError, Function, Parameter};

/// All functions of the provider.
pub fn all() -> Vec<Box<dyn Function>> {
    vec![
        Box::new(certificate_info::CertificateInfo),
        Box::new(private_key_matches::PrivateKeyMatches),
    ]
}

/// A parameter that takes a text.
const fn text(name: &'static str, doc: &'static str) -> Parameter {
    Parameter {
        name,
        ty: Type::String,
        doc,
    }
}

/// The text of an argument.
fn argument(arguments: &[Dynamic], index: usize) -> Result<&str, ArgumentError> {
    match arguments.get(index) {
        Some(Dynamic::String(text)) => Ok(text),
        _ => Err(ArgumentError {
            argument: index,
            text: "The argument must be a text.".to_owned(),
        }),
    }
}

/// The certificate in an argument.
fn certificate(arguments: &[Dynamic], index: usize) -> Result<Certificate, ArgumentError> {
    Certificate::parse(argument(arguments, index)?).map_err(|problem| refused(index, &problem))
}

fn refused(argument: usize, problem: &Problem) -> ArgumentError {
    ArgumentError {
        argument,
        text: format!("{}: {}", problem.summary, problem.detail),
    }
}
