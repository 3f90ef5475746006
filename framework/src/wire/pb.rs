//! The messages and server stubs generated from `proto/`, and nothing else.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated code; proto/ documents it"
)]

/// The provider's own service.
pub mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// The services of the plugin host.
pub mod plugin {
    tonic::include_proto!("plugin");
}

/// The standard health service.
pub mod health {
    tonic::include_proto!("grpc.health.v1");
}
