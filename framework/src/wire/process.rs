//! RPCs about the process: schemas, configuration, stopping.

use std::sync::Arc;

use super::convert::{decode, diagnostics};
use super::pb::tfplugin6::{self as pb};
use super::{function, schema};
use crate::{Diagnostics, Host, Provider, Server};

/// What this provider can do beyond the basics. Its schema depends on nothing,
/// so core may ask for it once a run; a destroy is planned like any change.
fn capabilities() -> Option<pb::ServerCapabilities> {
    Some(pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: false,
    })
}

pub(super) fn metadata<P: Provider>(server: &Server<P>) -> pb::get_metadata::Response {
    use pb::get_metadata::{
        DataSourceMetadata, FunctionMetadata, ListResourceMetadata, ResourceMetadata,
    };
    let resources = server.resources().iter().map(|r| r.name().to_owned());
    let data_sources = server.data_sources().iter().map(|d| d.name().to_owned());
    let list_resources = server.list_resources().iter().map(|l| l.name().to_owned());
    let functions = server.functions().iter().map(|f| f.name().to_owned());
    pb::get_metadata::Response {
        server_capabilities: capabilities(),
        resources: resources
            .map(|type_name| ResourceMetadata { type_name })
            .collect(),
        data_sources: data_sources
            .map(|type_name| DataSourceMetadata { type_name })
            .collect(),
        list_resources: list_resources
            .map(|type_name| ListResourceMetadata { type_name })
            .collect(),
        functions: functions.map(|name| FunctionMetadata { name }).collect(),
        ..Default::default()
    }
}

pub(super) fn provider_schema<P: Provider>(
    server: &Server<P>,
) -> pb::get_provider_schema::Response {
    let named = |name: &str, schema| (name.to_owned(), schema::schema(schema));
    let resources = server.resources().iter();
    let data_sources = server.data_sources().iter();
    let list_resources = server.list_resources().iter();
    pb::get_provider_schema::Response {
        provider: Some(schema::schema(server.schema())),
        resource_schemas: resources.map(|r| named(r.name(), r.schema())).collect(),
        data_source_schemas: data_sources.map(|d| named(d.name(), d.schema())).collect(),
        list_resource_schemas: list_resources
            .map(|l| named(l.name(), l.schema()))
            .collect(),
        functions: function::functions(server).functions,
        server_capabilities: capabilities(),
        ..Default::default()
    }
}

pub(super) fn identity_schemas<P: Provider>(
    server: &Server<P>,
) -> pb::get_resource_identity_schemas::Response {
    let resources = server.resources().iter();
    pb::get_resource_identity_schemas::Response {
        identity_schemas: resources
            .map(|resource| {
                let identity = schema::identity(resource.identity_schema());
                (resource.name().to_owned(), identity)
            })
            .collect(),
        diagnostics: Vec::new(),
    }
}

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_provider_config::Request,
) -> Result<pb::validate_provider_config::Response, Diagnostics> {
    let config = decode("provider configuration", request.config, server.schema())?;
    Ok(pb::validate_provider_config::Response {
        diagnostics: diagnostics(server.validate(config)),
    })
}

pub(super) async fn configure<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::configure_provider::Request,
) -> Result<pb::configure_provider::Response, Diagnostics> {
    let config = decode("provider configuration", request.config, server.schema())?;
    let host = Host {
        version: request.terraform_version,
    };
    Ok(pb::configure_provider::Response {
        diagnostics: diagnostics(server.configure(config, &host)),
    })
}
