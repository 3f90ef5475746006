//! One process from its start to its end.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server as Grpc;

use super::handshake::{Handshake, PROTOCOL, Place};
use super::host::HostServices;
use super::identity::Identity;
use super::listener::{Connection, Listener, Peer};
use crate::wire::Service;
use crate::wire::pb::health::health_server::HealthServer;
use crate::wire::pb::plugin::grpc_broker_server::GrpcBrokerServer;
use crate::wire::pb::plugin::grpc_controller_server::GrpcControllerServer;
use crate::wire::pb::plugin::grpc_stdio_server::GrpcStdioServer;
use crate::wire::pb::tfplugin6::provider_server::ProviderServer;
use crate::{Provider, Server};

/// The largest message in either direction, as the host's side has it.
const LARGEST_MESSAGE: usize = 256 << 20;
/// How long connections may take to close once the host has said goodbye. The
/// host itself waits two seconds before it kills.
const FAREWELL: Duration = Duration::from_millis(1200);
/// How long a host may take to connect; its own limit for a start is the same.
const ARRIVAL: Duration = Duration::from_secs(60);
/// How long the process outlives its last connection, in case the host dials again.
const ALONE: Duration = Duration::from_secs(2);

type Outcome = Result<(), Box<dyn Error>>;

/// Serves the host that started this process, until it says goodbye or is gone.
pub async fn serve_plugin<P: Provider>(server: Arc<Server<P>>, handshake: Handshake) -> Outcome {
    ignore_interrupts()?;
    let identity = handshake.client_certificate.as_deref();
    let identity = identity.map(Identity::pinned_to).transpose()?;
    let peer = match identity {
        Some(_) => Peer::Pinned,
        None => Peer::Anybody,
    };
    let listener = Listener::bind(&handshake.place, peer).inspect_err(|error| {
        // Hosts keep standard error for their logs, but show a line that is no handshake.
        let _ = say(&error.to_string());
    })?;
    let certificate = identity.as_ref().map(|identity| &identity.certificate);
    let line = handshake.line(listener.network, &listener.address, certificate);

    let end = CancellationToken::new();
    let (open, watched) = watch::channel(0);
    let tls = identity.map(|identity| identity.config);
    let (connections, _directory) = listener.connections(tls, open);
    tokio::spawn(end_when_alone(watched, end.clone()));
    end_when_told(end.clone())?;
    say(&line)?;
    serve(server, connections, end).await
}

/// Serves any host that is told where, until it is interrupted. There is no TLS:
/// whoever can reach the socket is trusted.
pub async fn serve_debug<P: Provider>(server: Arc<Server<P>>, address: &str) -> Outcome {
    let listener = Listener::bind(&Place::default(), Peer::Anybody)?;
    let reattach = json!({ address: {
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL,
        "Pid": std::process::id(),
        // Without it core would take the process for its own and end it.
        "Test": true,
        "Addr": { "Network": listener.network, "String": listener.address },
    }});
    let end = CancellationToken::new();
    let (open, watched) = watch::channel(0);
    server.may_be_shared(watched);
    let (connections, _directory) = listener.connections(None, open);
    tokio::spawn({
        let end = end.clone();
        async move {
            // Without a signal handler the default action ends the process as well.
            let _ = tokio::signal::ctrl_c().await;
            end.cancel();
        }
    });
    end_when_told(end.clone())?;
    say("Provider started. To attach Terraform or OpenTofu to it, set:\n")?;
    say(&format!("\tTF_REATTACH_PROVIDERS='{reattach}'\n"))?;
    say("It serves until it is interrupted (Ctrl-C).")?;
    serve(server, connections, end).await
}

async fn serve<P: Provider>(
    server: Arc<Server<P>>,
    connections: impl Stream<Item = std::io::Result<Connection>>,
    end: CancellationToken,
) -> Outcome {
    let host = HostServices(end.clone());
    let provider = ProviderServer::new(Service::new(Arc::clone(&server)))
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE);
    let served = Grpc::builder()
        .add_service(provider)
        .add_service(GrpcControllerServer::new(host.clone()))
        .add_service(GrpcStdioServer::new(host.clone()))
        .add_service(GrpcBrokerServer::new(host.clone()))
        .add_service(HealthServer::new(host))
        .serve_with_incoming_shutdown(connections, end.clone().cancelled_owned());
    tokio::select! {
        outcome = served => outcome?,
        () = async {
            end.cancelled().await;
            // What is under way may still come to a true answer.
            server.stop();
            tokio::time::sleep(FAREWELL).await;
        } => {}
    }
    Ok(())
}

/// Ends the process after its last connection: a host that was killed cannot say goodbye.
async fn end_when_alone(mut open: watch::Receiver<usize>, end: CancellationToken) {
    let gone = async {
        let arrival = open.wait_for(|count| *count > 0);
        match tokio::time::timeout(ARRIVAL, arrival).await {
            Ok(connected) => drop(connected?),
            Err(_) => return Ok(()),
        }
        loop {
            open.wait_for(|count| *count == 0).await?;
            let again = open.wait_for(|count| *count > 0);
            match tokio::time::timeout(ALONE, again).await {
                Ok(connected) => drop(connected?),
                Err(_) => return Ok::<_, watch::error::RecvError>(()),
            }
        }
    };
    // Without a listener there is nothing to wait for either.
    let _ = gone.await;
    end.cancel();
}

/// Ends the process in good order when the system asks for it, so that the socket's folder
/// goes too. From here on it is heard.
#[cfg(unix)]
fn end_when_told(end: CancellationToken) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        end.cancel();
    });
    Ok(())
}

/// Windows ends a process without asking it. What that leaves is a port, which goes with it.
#[cfg(not(unix))]
fn end_when_told(_: CancellationToken) -> std::io::Result<()> {
    Ok(())
}

/// Ctrl-C reaches the whole process group; what it means is for the host to say.
#[cfg(unix)]
fn ignore_interrupts() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupts = signal(SignalKind::interrupt())?;
    tokio::spawn(async move { while interrupts.recv().await.is_some() {} });
    Ok(())
}

/// Windows sends Ctrl-C to every process of a console; one that hears it goes on.
#[cfg(not(unix))]
fn ignore_interrupts() -> std::io::Result<()> {
    let mut interrupts = tokio::signal::windows::ctrl_c()?;
    tokio::spawn(async move { while interrupts.recv().await.is_some() {} });
    Ok(())
}

/// One line to whoever started the process.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
