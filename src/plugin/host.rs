//! The services that the plugin host expects beside the provider's own.

use std::pin::Pin;

use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt, once, pending};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::wire::pb::health::health_check_response::ServingStatus;
use crate::wire::pb::health::health_server::Health;
use crate::wire::pb::health::{HealthCheckRequest, HealthCheckResponse};
use crate::wire::pb::plugin::grpc_broker_server::GrpcBroker;
use crate::wire::pb::plugin::grpc_controller_server::GrpcController;
use crate::wire::pb::plugin::grpc_stdio_server::GrpcStdio;
use crate::wire::pb::plugin::{ConnInfo, Empty, StdioData};

type Later<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The host's view of this process. The token ends it.
#[derive(Clone)]
pub(super) struct HostServices(pub(super) CancellationToken);

impl HostServices {
    /// A stream that says nothing and ends with the process, so that it does not
    /// hold up a graceful end.
    fn silence<T: Send + 'static>(&self) -> Later<T> {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<T, Status>>(1);
        let end = self.0.clone();
        tokio::spawn(async move {
            end.cancelled().await;
            drop(sender);
        });
        Box::pin(ReceiverStream::new(receiver))
    }
}

#[async_trait]
impl GrpcController for HostServices {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.0.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[async_trait]
impl GrpcStdio for HostServices {
    type StreamStdioStream = Later<StdioData>;

    async fn stream_stdio(
        &self,
        _: Request<()>,
    ) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(self.silence()))
    }
}

#[async_trait]
impl GrpcBroker for HostServices {
    type StartStreamStream = Later<ConnInfo>;

    async fn start_stream(
        &self,
        _: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        Ok(Response::new(self.silence()))
    }
}

#[async_trait]
impl Health for HostServices {
    type WatchStream = Later<HealthCheckResponse>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        health(&request.into_inner().service).map(Response::new)
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let now = health(&request.into_inner().service)?;
        Ok(Response::new(Box::pin(once(Ok(now)).chain(pending()))))
    }
}

fn health(service: &str) -> Result<HealthCheckResponse, Status> {
    match service {
        "" | "plugin" => Ok(HealthCheckResponse {
            status: ServingStatus::Serving.into(),
        }),
        _ => Err(Status::not_found("unknown service")),
    }
}
