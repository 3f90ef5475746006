//! RPCs about managed resources.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::convert::{
    attribute_path, decode, decode_identity, diagnostics, encode, encode_identity,
};
use super::pb::tfplugin6::{self as pb};
use crate::{
    Answer, ApplyRequest, Attributes, ClientCapabilities, Diagnostic, Diagnostics, Foreign,
    ImportRequest, PlanRequest, Private, Provider, Server,
};

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_resource_config::Request,
) -> Result<pb::validate_resource_config::Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let config = decode("configuration", request.config, resource.schema())?;
    let capabilities = request.client_capabilities.unwrap_or_default();
    let client = ClientCapabilities {
        write_only_attributes: capabilities.write_only_attributes_allowed,
    };
    let report = resource.validate(config, client);
    Ok(pb::validate_resource_config::Response {
        diagnostics: diagnostics(report),
    })
}

pub(super) async fn upgrade<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::upgrade_resource_state::Request,
) -> Result<pb::upgrade_resource_state::Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let raw = request.raw_state.unwrap_or_default();
    if raw.json.is_empty() {
        return Err(Diagnostic::error(
            "State is too old",
            "The state was written by Terraform 0.11 or older, or holds nothing. This provider \
             never wrote such state: check which provider the resource belongs to.",
        )
        .into());
    }
    let state = resource.upgrade(request.version, &raw.json)?;
    Ok(pb::upgrade_resource_state::Response {
        upgraded_state: Some(encode(&state, resource.schema())?),
        diagnostics: Vec::new(),
    })
}

pub(super) async fn upgrade_identity<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::upgrade_resource_identity::Request,
) -> Result<pb::upgrade_resource_identity::Response, Diagnostics> {
    let schema = server.resource(&request.type_name)?.identity_schema();
    let stored = pb::DynamicValue {
        msgpack: Vec::new(),
        json: request.raw_identity.unwrap_or_default().json,
    };
    let identity = decode("stored identity", Some(stored), schema)?;
    Ok(pb::upgrade_resource_identity::Response {
        upgraded_identity: encode_identity(&identity, schema)?,
        diagnostics: Vec::new(),
    })
}

pub(super) async fn plan<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::plan_resource_change::Request,
    cancelled: CancellationToken,
) -> Result<pb::plan_resource_change::Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let schema = resource.schema();
    let config = decode("configuration", request.config, schema)?;
    let prior = decode("prior state", request.prior_state, schema)?;
    let proposed = decode("proposed state", request.proposed_new_state, schema)?;
    let identity = decode_identity(request.prior_identity, resource.identity_schema())?;
    let private = Private::from_bytes(&request.prior_private);
    let plan = |now| PlanRequest {
        config,
        prior,
        proposed,
        private,
        identity,
        now,
    };
    let answer = server.plan(&request.type_name, plan, cancelled).await;
    let planned = answer.planned.map(|planned| encode(&planned, schema));
    let identity = answer.identity.unwrap_or(crate::value::Dynamic::Null);
    Ok(pb::plan_resource_change::Response {
        planned_state: planned.transpose()?,
        requires_replace: answer.replaces.iter().map(attribute_path).collect(),
        planned_private: answer.private.to_bytes(),
        planned_identity: encode_identity(&identity, resource.identity_schema())?,
        diagnostics: diagnostics(answer.diagnostics),
        ..Default::default()
    })
}

pub(super) async fn read<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::read_resource::Request,
    cancelled: CancellationToken,
) -> Result<pb::read_resource::Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let state = decode("state", request.current_state, resource.schema())?;
    let private = Private::from_bytes(&request.private);
    let answer = server
        .read(&request.type_name, state, private, cancelled)
        .await;
    let Answer {
        state,
        identity,
        private,
        diagnostics: report,
    } = answer;
    Ok(pb::read_resource::Response {
        new_state: Some(encode(&state, resource.schema())?),
        new_identity: encode_identity(&identity, resource.identity_schema())?,
        private: private.to_bytes(),
        diagnostics: diagnostics(report),
        deferred: None,
    })
}

pub(super) async fn apply<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::apply_resource_change::Request,
    cancelled: CancellationToken,
) -> Result<pb::apply_resource_change::Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let schema = resource.schema();
    let decoded = ApplyRequest {
        config: decode("configuration", request.config, schema)?,
        prior: decode("prior state", request.prior_state, schema)?,
        planned: decode("planned state", request.planned_state, schema)?,
        identity: decode_identity(request.planned_identity, resource.identity_schema())?,
        private: Private::from_bytes(&request.planned_private),
    };
    let answer = server.apply(&request.type_name, decoded, cancelled).await;
    Ok(pb::apply_resource_change::Response {
        new_state: Some(encode(&answer.state, schema)?),
        new_identity: encode_identity(&answer.identity, resource.identity_schema())?,
        private: answer.private.to_bytes(),
        diagnostics: diagnostics(answer.diagnostics),
        legacy_type_system: false,
    })
}

pub(super) async fn import<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::import_resource_state::Request,
    cancelled: CancellationToken,
) -> Result<pb::import_resource_state::Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let decoded = ImportRequest {
        id: request.id,
        identity: decode_identity(request.identity, resource.identity_schema())?,
    };
    let answer = server.import(&request.type_name, decoded, cancelled).await;
    let imported = match &answer.state {
        crate::value::Dynamic::Null => Vec::new(),
        state => vec![pb::import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: Some(encode(state, resource.schema())?),
            private: answer.private.to_bytes(),
            identity: encode_identity(&answer.identity, resource.identity_schema())?,
        }],
    };
    Ok(pb::import_resource_state::Response {
        imported_resources: imported,
        diagnostics: diagnostics(answer.diagnostics),
        deferred: None,
    })
}

pub(super) async fn move_state<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::move_resource_state::Request,
) -> Result<pb::move_resource_state::Response, Diagnostics> {
    let resource = server.resource(&request.target_type_name)?;
    let json = request.source_state.unwrap_or_default().json;
    let (type_name, version) = (request.source_type_name, request.source_schema_version);
    let answer = match type_name == request.target_type_name {
        // The provider has another address now, and the object is as it was.
        true => resource.returned(version, &json, Private::from_bytes(&request.source_private)),
        false => resource.moved(&Foreign {
            provider: request.source_provider_address,
            type_name,
            version,
            attributes: Attributes::from_json(&json)?,
        }),
    };
    let state = match &answer.state {
        crate::value::Dynamic::Null => None,
        state => Some(encode(state, resource.schema())?),
    };
    Ok(pb::move_resource_state::Response {
        target_state: state,
        target_identity: encode_identity(&answer.identity, resource.identity_schema())?,
        target_private: answer.private.to_bytes(),
        diagnostics: diagnostics(answer.diagnostics),
    })
}
