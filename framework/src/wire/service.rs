//! The provider's gRPC service: every RPC of the protocol, one line each.
//!
//! What goes wrong for the user is a diagnostic inside a good answer; a gRPC
//! status is left for RPCs that this provider does not have.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::convert::diagnostics;
use super::pb::tfplugin6::{self as pb};
use super::supervise::{Report, bug, supervise};
use super::{data, function, list, process, resource};
use crate::{Diagnostics, Provider, Server};

type Reply<T> = Result<Response<T>, Status>;
type Later<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves a provider.
pub struct Service<P: Provider> {
    server: Arc<Server<P>>,
}

impl<P: Provider> Service<P> {
    /// The service of this server.
    pub fn new(server: Arc<Server<P>>) -> Self {
        Self { server }
    }

    /// Runs a handler that ends quickly.
    async fn run<Q, A, F>(
        &self,
        request: Request<Q>,
        handler: fn(Arc<Server<P>>, Q) -> F,
    ) -> Reply<A>
    where
        A: Report + Send + 'static,
        F: Future<Output = Result<A, Diagnostics>> + Send + 'static,
    {
        supervise(handler(Arc::clone(&self.server), request.into_inner())).await
    }

    /// Runs a handler that may take long, and interrupts it when the caller goes away.
    async fn attend<Q, A, F>(
        &self,
        request: Request<Q>,
        handler: fn(Arc<Server<P>>, Q, CancellationToken) -> F,
    ) -> Reply<A>
    where
        A: Report + Send + 'static,
        F: Future<Output = Result<A, Diagnostics>> + Send + 'static,
    {
        let gone = CancellationToken::new();
        let _guard = gone.clone().drop_guard();
        supervise(handler(
            Arc::clone(&self.server),
            request.into_inner(),
            gone,
        ))
        .await
    }
}

fn missing<T>(what: &str) -> Result<T, Status> {
    Err(Status::unimplemented(format!(
        "this provider has no {what}"
    )))
}

#[async_trait]
impl<P: Provider> pb::provider_server::Provider for Service<P> {
    type ListResourceStream = Later<pb::list_resource::Event>;
    type InvokeActionStream = Later<pb::invoke_action::Event>;
    type ReadStateBytesStream = Later<pb::read_state_bytes::Response>;

    // === Process ===

    async fn get_metadata(
        &self,
        _: Request<pb::get_metadata::Request>,
    ) -> Reply<pb::get_metadata::Response> {
        Ok(Response::new(process::metadata(&self.server)))
    }

    async fn get_provider_schema(
        &self,
        _: Request<pb::get_provider_schema::Request>,
    ) -> Reply<pb::get_provider_schema::Response> {
        Ok(Response::new(process::provider_schema(&self.server)))
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<pb::get_resource_identity_schemas::Request>,
    ) -> Reply<pb::get_resource_identity_schemas::Response> {
        Ok(Response::new(process::identity_schemas(&self.server)))
    }

    async fn validate_provider_config(
        &self,
        request: Request<pb::validate_provider_config::Request>,
    ) -> Reply<pb::validate_provider_config::Response> {
        self.run(request, process::validate).await
    }

    async fn configure_provider(
        &self,
        request: Request<pb::configure_provider::Request>,
    ) -> Reply<pb::configure_provider::Response> {
        self.run(request, process::configure).await
    }

    async fn stop_provider(
        &self,
        _: Request<pb::stop_provider::Request>,
    ) -> Reply<pb::stop_provider::Response> {
        self.server.stop();
        Ok(Response::new(pb::stop_provider::Response::default()))
    }

    // === Managed resources ===

    async fn validate_resource_config(
        &self,
        request: Request<pb::validate_resource_config::Request>,
    ) -> Reply<pb::validate_resource_config::Response> {
        self.run(request, resource::validate).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<pb::upgrade_resource_state::Request>,
    ) -> Reply<pb::upgrade_resource_state::Response> {
        self.run(request, resource::upgrade).await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<pb::upgrade_resource_identity::Request>,
    ) -> Reply<pb::upgrade_resource_identity::Response> {
        self.run(request, resource::upgrade_identity).await
    }

    async fn read_resource(
        &self,
        request: Request<pb::read_resource::Request>,
    ) -> Reply<pb::read_resource::Response> {
        self.attend(request, resource::read).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<pb::plan_resource_change::Request>,
    ) -> Reply<pb::plan_resource_change::Response> {
        self.attend(request, resource::plan).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<pb::apply_resource_change::Request>,
    ) -> Reply<pb::apply_resource_change::Response> {
        self.attend(request, resource::apply).await
    }

    async fn import_resource_state(
        &self,
        request: Request<pb::import_resource_state::Request>,
    ) -> Reply<pb::import_resource_state::Response> {
        self.attend(request, resource::import).await
    }

    async fn move_resource_state(
        &self,
        request: Request<pb::move_resource_state::Request>,
    ) -> Reply<pb::move_resource_state::Response> {
        self.run(request, resource::move_state).await
    }

    async fn generate_resource_config(
        &self,
        _: Request<pb::generate_resource_config::Request>,
    ) -> Reply<pb::generate_resource_config::Response> {
        missing("generated configuration")
    }

    // === Data sources ===

    async fn validate_data_resource_config(
        &self,
        request: Request<pb::validate_data_resource_config::Request>,
    ) -> Reply<pb::validate_data_resource_config::Response> {
        self.run(request, data::validate).await
    }

    async fn read_data_source(
        &self,
        request: Request<pb::read_data_source::Request>,
    ) -> Reply<pb::read_data_source::Response> {
        self.attend(request, data::read).await
    }

    // === Ephemeral resources ===

    async fn validate_ephemeral_resource_config(
        &self,
        _: Request<pb::validate_ephemeral_resource_config::Request>,
    ) -> Reply<pb::validate_ephemeral_resource_config::Response> {
        missing("ephemeral resources")
    }

    async fn open_ephemeral_resource(
        &self,
        _: Request<pb::open_ephemeral_resource::Request>,
    ) -> Reply<pb::open_ephemeral_resource::Response> {
        missing("ephemeral resources")
    }

    async fn renew_ephemeral_resource(
        &self,
        _: Request<pb::renew_ephemeral_resource::Request>,
    ) -> Reply<pb::renew_ephemeral_resource::Response> {
        missing("ephemeral resources")
    }

    async fn close_ephemeral_resource(
        &self,
        _: Request<pb::close_ephemeral_resource::Request>,
    ) -> Reply<pb::close_ephemeral_resource::Response> {
        missing("ephemeral resources")
    }

    // === Functions ===

    async fn get_functions(
        &self,
        _: Request<pb::get_functions::Request>,
    ) -> Reply<pb::get_functions::Response> {
        Ok(Response::new(function::functions(&self.server)))
    }

    async fn call_function(
        &self,
        request: Request<pb::call_function::Request>,
    ) -> Reply<pb::call_function::Response> {
        let server = Arc::clone(&self.server);
        let call = tokio::spawn(async move { function::call(&server, request.into_inner()) });
        let answer = call.await.unwrap_or_else(|_| pb::call_function::Response {
            result: None,
            error: Some(pb::FunctionError {
                text: bug().detail,
                function_argument: None,
            }),
        });
        Ok(Response::new(answer))
    }

    // === List resources ===

    async fn list_resource(
        &self,
        request: Request<pb::list_resource::Request>,
    ) -> Reply<Self::ListResourceStream> {
        let (events, stream) = mpsc::channel(1);
        let last = events.clone();
        let work = list::list(Arc::clone(&self.server), request.into_inner(), events);
        tokio::spawn(async move {
            if tokio::spawn(work).await.is_err() {
                let event = pb::list_resource::Event {
                    diagnostic: diagnostics(bug().into()),
                    ..Default::default()
                };
                // A host that went away hears nothing.
                let _ = last.send(event).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream).map(Ok))))
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<pb::validate_list_resource_config::Request>,
    ) -> Reply<pb::validate_list_resource_config::Response> {
        self.run(request, list::validate).await
    }

    // === Actions ===

    async fn validate_action_config(
        &self,
        _: Request<pb::validate_action_config::Request>,
    ) -> Reply<pb::validate_action_config::Response> {
        missing("actions")
    }

    async fn plan_action(
        &self,
        _: Request<pb::plan_action::Request>,
    ) -> Reply<pb::plan_action::Response> {
        missing("actions")
    }

    async fn invoke_action(
        &self,
        _: Request<pb::invoke_action::Request>,
    ) -> Reply<Self::InvokeActionStream> {
        missing("actions")
    }

    // === State stores ===

    async fn validate_state_store_config(
        &self,
        _: Request<pb::validate_state_store::Request>,
    ) -> Reply<pb::validate_state_store::Response> {
        missing("state stores")
    }

    async fn configure_state_store(
        &self,
        _: Request<pb::configure_state_store::Request>,
    ) -> Reply<pb::configure_state_store::Response> {
        missing("state stores")
    }

    async fn read_state_bytes(
        &self,
        _: Request<pb::read_state_bytes::Request>,
    ) -> Reply<Self::ReadStateBytesStream> {
        missing("state stores")
    }

    async fn write_state_bytes(
        &self,
        _: Request<Streaming<pb::write_state_bytes::RequestChunk>>,
    ) -> Reply<pb::write_state_bytes::Response> {
        missing("state stores")
    }

    async fn lock_state(
        &self,
        _: Request<pb::lock_state::Request>,
    ) -> Reply<pb::lock_state::Response> {
        missing("state stores")
    }

    async fn unlock_state(
        &self,
        _: Request<pb::unlock_state::Request>,
    ) -> Reply<pb::unlock_state::Response> {
        missing("state stores")
    }

    async fn get_states(
        &self,
        _: Request<pb::get_states::Request>,
    ) -> Reply<pb::get_states::Response> {
        missing("state stores")
    }

    async fn delete_state(
        &self,
        _: Request<pb::delete_state::Request>,
    ) -> Reply<pb::delete_state::Response> {
        missing("state stores")
    }
}
