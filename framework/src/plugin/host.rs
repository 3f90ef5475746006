//! The services that the plugin host expects beside the provider's own.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_stream::{Stream, StreamExt, once};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
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
        Box::pin(Silence {
            end: Box::pin(self.0.clone().cancelled_owned()),
            item: PhantomData,
        })
    }
}

struct Silence<T> {
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    item: PhantomData<fn() -> T>,
}

impl<T> Stream for Silence<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.end.as_mut().poll(cx).map(|()| None)
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
        Ok(Response::new(Box::pin(once(Ok(now)).chain(self.silence()))))
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
