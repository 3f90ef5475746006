//! RPCs about list resources.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::convert::{decode, diagnostics, encode, encode_identity};
use super::pb::tfplugin6::{self as pb};
use crate::{Diagnostics, ListRequest, Listed, Provider, Server};
use text::visible_line;

/// How many objects wait for the host at most.
const AHEAD: usize = 16;

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_list_resource_config::Request,
) -> Result<pb::validate_list_resource_config::Response, Diagnostics> {
    let list = server.list_resource(&request.type_name)?;
    let config = decode("configuration", request.config, list.schema())?;
    Ok(pb::validate_list_resource_config::Response {
        diagnostics: diagnostics(list.validate(config)),
    })
}

/// Sends an event for each object, as soon as it is found, and at the end one with
/// what is to be said. Ends early when nobody listens any more.
pub(super) async fn list<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::list_resource::Request,
    events: mpsc::Sender<pb::list_resource::Event>,
) {
    let gone = CancellationToken::new();
    let work = find(server, request, &events, gone.clone());
    tokio::pin!(work);
    let outcome = tokio::select! {
        outcome = &mut work => outcome,
        () = events.closed() => {
            gone.cancel();
            work.await
        }
    };
    let report = outcome.unwrap_or_else(|errors| errors);
    if report.iter().next().is_some() {
        let last = pb::list_resource::Event {
            diagnostic: diagnostics(report),
            ..Default::default()
        };
        // A host that has enough does not listen to the end.
        let _ = events.send(last).await;
    }
}

async fn find<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::list_resource::Request,
    events: &mpsc::Sender<pb::list_resource::Event>,
    gone: CancellationToken,
) -> Result<Diagnostics, Diagnostics> {
    let name = request.type_name;
    let schema = server.list_resource(&name)?.schema();
    let asked = ListRequest {
        config: decode("configuration", request.config, schema)?,
        with_objects: request.include_resource_object,
        // Without a limit, or with a senseless one, there is none.
        limit: usize::try_from(request.limit)
            .ok()
            .filter(|limit| *limit > 0)
            .unwrap_or(usize::MAX),
    };
    let (sender, mut found) = mpsc::channel(AHEAD);
    let listing = server.list(&name, asked, sender, gone);
    let sending = async {
        while let Some(listed) = found.recv().await {
            if events.send(event(&server, &name, listed)?).await.is_err() {
                break;
            }
        }
        // Whoever lists learns from the closed channel that it is enough.
        drop(found);
        Ok::<_, Diagnostics>(())
    };
    let (report, sent) = tokio::join!(listing, sending);
    sent.and(report)
}

fn event<P: Provider>(
    server: &Server<P>,
    name: &str,
    listed: Listed,
) -> Result<pb::list_resource::Event, Diagnostics> {
    let resource = server.resource(name)?;
    let object = listed.object.map(|o| encode(&o, resource.schema()));
    Ok(pb::list_resource::Event {
        identity: encode_identity(&listed.identity, resource.identity_schema())?,
        display_name: visible_line(&listed.name),
        resource_object: object.transpose()?,
        diagnostic: Vec::new(),
    })
}
