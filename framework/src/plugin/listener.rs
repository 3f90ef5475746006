//! The socket, and the connections that come through it.
//!
//! A UNIX socket in a directory of its own; where there can be none, a loopback port,
//! which asks for the host's certificate. TLS handshakes run beside each other and have a
//! deadline, so that a client that stalls in one keeps nobody else out.

use std::io;
#[cfg(unix)]
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::handshake::Place;

/// How long to wait when no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a client may take to show its certificate.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// Who shows the certificate that the host has named.
    Pinned,
    /// Whoever can reach the socket.
    Anybody,
}

/// A bound listener.
pub(super) struct Listener {
    socket: Socket,
    /// What the handshake line calls the network.
    pub(super) network: &'static str,
    /// Where clients find it.
    pub(super) address: String,
    /// Holds the socket.
    directory: Option<TempDir>,
}

/// What is listened on.
enum Socket {
    // Windows has such sockets too, but neither tokio nor core uses them there: there, go-plugin
    // itself listens on a loopback port.
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(TcpListener),
}

impl Socket {
    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(socket) => Box::new(socket.accept().await?.0),
            Self::Tcp(socket) => Box::new(socket.accept().await?.0),
        })
    }
}

impl Listener {
    /// Binds a socket that nobody but this user (and the group asked for) can use, in the
    /// first folder that takes one; where none does, a loopback port if a `peer` has to
    /// show its certificate there. Otherwise says what failed at each place.
    pub(super) fn bind(place: &Place, peer: Peer) -> io::Result<Self> {
        let mut failed = Vec::new();
        // Elsewhere it is a port, for which core always asks for mutual TLS.
        #[cfg(unix)]
        for folder in place.folders() {
            match Self::bind_in(&folder, place.group.as_deref()) {
                Ok(listener) => return Ok(listener),
                Err(error) => failed.push(format!("{}: {error}", folder.display())),
            }
        }
        match peer {
            Peer::Pinned => match Self::bind_port(place.ports) {
                Ok(listener) => return Ok(listener),
                Err(error) => failed.push(format!("a port of this machine: {error}")),
            },
            // Any user of this machine could connect to a port, and be sent the credential.
            Peer::Anybody => failed.push(
                "a port of this machine is not used, because the host did not ask for mutual TLS"
                    .to_owned(),
            ),
        }
        Err(io::Error::other(format!(
            "the provider has no place for its socket. Set TMPDIR to a folder that can be written \
             to and has a short name. Tried: {}",
            failed.join("; ")
        )))
    }

    #[cfg(unix)]
    fn bind_in(parent: &Path, group: Option<&str>) -> io::Result<Self> {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::{PermissionsExt, chown};

        // A socket's path has room for about a hundred bytes.
        let directory = tempfile::Builder::new()
            .prefix("tfp")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        let path = directory.path().join("s");
        let socket = tokio::net::UnixListener::bind(&path)?;
        let mode = match group {
            None => 0o600,
            Some(group) => {
                let group = Some(group_id(group)?);
                chown(directory.path(), None, group)?;
                set_permissions(directory.path(), Permissions::from_mode(0o750))?;
                chown(&path, None, group)?;
                0o660
            }
        };
        set_permissions(&path, Permissions::from_mode(mode))?;
        Ok(Self {
            socket: Socket::Unix(socket),
            network: "unix",
            address: path.to_string_lossy().into_owned(),
            directory: Some(directory),
        })
    }

    /// Binds the first free loopback port of those the host allows.
    fn bind_port((first, last): (u16, u16)) -> io::Result<Self> {
        let mut outcome = Err(io::Error::other("PLUGIN_MIN_PORT is above PLUGIN_MAX_PORT"));
        for port in first..=last {
            outcome = std::net::TcpListener::bind(("127.0.0.1", port));
            if outcome.is_ok() {
                break;
            }
        }
        let listener = outcome?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            network: "tcp",
            address: listener.local_addr()?.to_string(),
            socket: Socket::Tcp(TcpListener::from_std(listener)?),
            directory: None,
        })
    }

    /// All connections, authenticated where there is a TLS set-up, and the socket's
    /// folder, to be held as long as there may be more. The counter tells how many
    /// are open.
    pub(super) fn connections(
        self,
        tls: Option<Arc<ServerConfig>>,
        open: watch::Sender<usize>,
    ) -> (ReceiverStream<io::Result<Connection>>, Option<TempDir>) {
        let (sender, receiver) = mpsc::channel(16);
        let acceptor = tls.map(TlsAcceptor::from);
        tokio::spawn(async move {
            loop {
                let stream = match self.socket.accept().await {
                    Ok(stream) => stream,
                    Err(error) => {
                        // Out of file descriptors, perhaps; the connections there are go on.
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                };
                let (sender, acceptor, open) = (sender.clone(), acceptor.clone(), open.clone());
                tokio::spawn(async move {
                    let stream: Box<dyn Stream> = match acceptor {
                        None => stream,
                        Some(acceptor) => {
                            let accepted = timeout(HANDSHAKE, acceptor.accept(stream)).await;
                            let accepted = accepted.map_err(io::Error::from);
                            match accepted.and_then(|accepted| accepted) {
                                Ok(stream) => Box::new(stream),
                                Err(error) => {
                                    tracing::warn!(%error, "refused a connection");
                                    return;
                                }
                            }
                        }
                    };
                    open.send_modify(|count| *count += 1);
                    // The server is gone only when the process ends.
                    let _ = sender.send(Ok(Connection { stream, open })).await;
                });
            }
        });
        (ReceiverStream::new(receiver), self.directory)
    }
}

/// The number of a group given by number or by name.
#[cfg(unix)]
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let groups = std::fs::read_to_string("/etc/group")?;
    groups
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find_map(|fields| match fields.as_slice() {
            [name, _, id, ..] if *name == group => id.parse().ok(),
            _ => None,
        })
        .ok_or_else(|| io::Error::other(format!("PLUGIN_UNIX_SOCKET_GROUP: no group {group:?}")))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection of the host, plain or encrypted.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    open: watch::Sender<usize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.send_modify(|count| *count -= 1);
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
