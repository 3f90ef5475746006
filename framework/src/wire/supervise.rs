//! Handlers run as tasks of their own: a panic in one ends that RPC alone, with a
//! diagnostic, and an apply goes on to save its state when the caller goes away.

use tonic::{Response, Status};

use super::convert::diagnostics;
use super::pb::tfplugin6 as pb;
use crate::{Diagnostic, Diagnostics};

/// Runs a handler to its end; what it could not do is told in a good answer.
pub(super) async fn supervise<A: Report + Send + 'static>(
    handler: impl Future<Output = Result<A, Diagnostics>> + Send + 'static,
) -> Result<Response<A>, Status> {
    let answer = match tokio::spawn(handler).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(errors)) => A::report(diagnostics(errors)),
        Err(_) => A::report(diagnostics(bug().into())),
    };
    Ok(Response::new(answer))
}

/// What is said where a handler panicked.
pub(super) fn bug() -> Diagnostic {
    Diagnostic::error(
        "Bug in the provider",
        "The provider came to a point that it should never reach. Other operations go on, and \
         what this one may have created is found by the next apply. The log at TF_LOG=ERROR names \
         the place; please report it, with the version that the CLI's version command shows.",
    )
}

/// An answer that consists of nothing but diagnostics.
pub(super) trait Report {
    fn report(diagnostics: Vec<pb::Diagnostic>) -> Self;
}

macro_rules! reports {
    ($($rpc:ident)*) => {$(
        #[allow(clippy::needless_update, reason = "some answers hold nothing else")]
        impl Report for pb::$rpc::Response {
            fn report(diagnostics: Vec<pb::Diagnostic>) -> Self {
                Self { diagnostics, ..Default::default() }
            }
        }
    )*};
}

reports! {
    validate_provider_config configure_provider validate_resource_config upgrade_resource_state
    upgrade_resource_identity read_resource plan_resource_change apply_resource_change
    import_resource_state move_resource_state validate_data_resource_config read_data_source
    validate_list_resource_config
}
