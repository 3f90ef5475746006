//! RPCs about data sources.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::convert::{decode, diagnostics, encode};
use super::pb::tfplugin6::{self as pb};
use crate::{Diagnostics, Provider, Server};

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_data_resource_config::Request,
) -> Result<pb::validate_data_resource_config::Response, Diagnostics> {
    let source = server.data_source(&request.type_name)?;
    let config = decode("configuration", request.config, source.schema())?;
    Ok(pb::validate_data_resource_config::Response {
        diagnostics: diagnostics(source.validate(config)),
    })
}

pub(super) async fn read<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::read_data_source::Request,
    cancelled: CancellationToken,
) -> Result<pb::read_data_source::Response, Diagnostics> {
    let schema = server.data_source(&request.type_name)?.schema();
    let config = decode("configuration", request.config, schema)?;
    let answer = server.read_data(&request.type_name, config, cancelled);
    let answer = answer.await?;
    Ok(pb::read_data_source::Response {
        state: Some(encode(&answer.state, schema)?),
        diagnostics: diagnostics(answer.diagnostics),
        deferred: None,
    })
}
