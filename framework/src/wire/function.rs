//! RPCs about functions.

use super::convert::{decode_as, encode_as};
use super::pb::tfplugin6::{self as pb};
use crate::{ArgumentError, Function, Provider, Server};
use text::visible;

pub(super) fn functions<P: Provider>(server: &Server<P>) -> pb::get_functions::Response {
    let functions = server.functions().iter();
    pb::get_functions::Response {
        functions: functions
            .map(|function| (function.name().to_owned(), signature(&**function)))
            .collect(),
        diagnostics: Vec::new(),
    }
}

/// A function as the schema shows it.
pub(super) fn signature(function: &dyn Function) -> pb::Function {
    let parameters = function.parameters().iter();
    pb::Function {
        parameters: parameters
            .map(|parameter| pb::function::Parameter {
                name: parameter.name.to_owned(),
                r#type: parameter.ty.to_json().into_bytes(),
                description: parameter.doc.to_owned(),
                description_kind: pb::StringKind::Markdown.into(),
                ..Default::default()
            })
            .collect(),
        r#return: Some(pb::function::Return {
            r#type: function.result().to_json().into_bytes(),
        }),
        summary: function.summary().to_owned(),
        description: function.doc().to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        ..Default::default()
    }
}

pub(super) fn call<P: Provider>(
    server: &Server<P>,
    request: pb::call_function::Request,
) -> pb::call_function::Response {
    let result = run(server, request);
    let (result, error) = match result {
        Ok(result) => (Some(result), None),
        Err(error) => (None, Some(error)),
    };
    pb::call_function::Response { result, error }
}

fn run<P: Provider>(
    server: &Server<P>,
    request: pb::call_function::Request,
) -> Result<pb::DynamicValue, pb::FunctionError> {
    let whole = |text: String| pb::FunctionError {
        text: unended(text),
        function_argument: None,
    };
    let functions = server.functions().iter();
    let function = functions.into_iter().find(|f| f.name() == request.name);
    let function = function
        .ok_or_else(|| whole(format!("This provider has no function {:?}.", request.name)))?;
    let parameters = function.parameters();
    if request.arguments.len() != parameters.len() {
        return Err(whole(format!(
            "{} takes {} arguments, not {}.",
            request.name,
            parameters.len(),
            request.arguments.len()
        )));
    }
    let mut arguments = Vec::new();
    for (index, (value, parameter)) in request.arguments.into_iter().zip(parameters).enumerate() {
        let wrong = |text: String| {
            at(ArgumentError {
                argument: index,
                text,
            })
        };
        let value = decode_as(Some(value), &parameter.ty);
        let value = value.map_err(|error| wrong(format!("The value cannot be read: {error}.")))?;
        if value.is_null() || !value.is_wholly_known() {
            return Err(wrong(format!("{} must be set and known.", parameter.name)));
        }
        arguments.push(value);
    }
    let result = function.call(&arguments).map_err(at)?;
    encode_as(&result, &function.result()).map_err(|error| {
        whole(format!(
            "The provider's result does not fit its type: {error}."
        ))
    })
}

fn at(error: ArgumentError) -> pb::FunctionError {
    pb::FunctionError {
        text: unended(visible(&error.text).into_owned()),
        function_argument: i64::try_from(error.argument).ok(),
    }
}

/// A message without its full stop: the host puts one behind it.
fn unended(text: String) -> String {
    text.trim_end_matches('.').to_owned()
}
