//! One connection to an origin, and the answer to one request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::{Address, host_header};
use super::answer::{Method, outcome};
use super::tls::Handshake;
use super::verdict::{Outcome, Refusal, Seen};
use crate::x509::ClientIdentity;

/// The most that is read of an answer.
const LONGEST: usize = 16 * 1024;
/// So much later than the one before is each address of a name tried.
const STAGGER: Duration = Duration::from_millis(300);

/// A connection that is to be made.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Where to.
    pub address: Address,
    /// The name in the server name indication and in the request.
    pub server_name: String,
    /// What to present to a server that asks for a certificate, whatever issuers it lists.
    pub identity: Option<ClientIdentity>,
    /// How long it may take.
    pub timeout: Duration,
}

/// Why nothing was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable(pub String);

impl Probe {
    /// Connects and looks. nginx refuses with a page that a HEAD does not show, so a bare 400
    /// is asked for again with GET.
    pub async fn look(&self) -> Result<Seen, Unreachable> {
        let deadline = Instant::now() + self.timeout;
        let seen = self.ask(Method::Head, deadline).await?;
        if seen.outcome != Outcome::Answered(400) {
            return Ok(seen);
        }
        Ok(match self.ask(Method::Get, deadline).await {
            Ok(again) if matches!(again.outcome, Outcome::Refused(_)) => again,
            _ => seen,
        })
    }

    async fn ask(&self, method: Method, deadline: Instant) -> Result<Seen, Unreachable> {
        let failed = |error: io::Error| Unreachable(error.to_string());
        let handshake = Handshake::presenting(self.identity.clone());
        let connected = timeout_at(deadline, self.connect(&handshake)).await;
        let connected = connected.map_err(|_| self.too_late())?;
        let outcome = match connected {
            Ok(stream) => self.request(method, stream, &handshake, deadline).await?,
            Err(error) => handshake.ended(&error).ok_or_else(|| failed(error))?,
        };
        Ok(Seen {
            asked: handshake.asked(),
            server_certificate: handshake.server_certificate(),
            outcome,
        })
    }

    fn too_late(&self) -> Unreachable {
        let seconds = self.timeout.as_secs_f32();
        Unreachable(format!("it did not answer within {seconds} s"))
    }

    async fn connect(&self, handshake: &Arc<Handshake>) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.server_name.clone()).map_err(io::Error::other)?;
        let config = handshake.client().map_err(io::Error::other)?;
        let stream = self.dial().await?;
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// The first connection to any of its addresses: one of them may lead nowhere.
    async fn dial(&self) -> io::Result<TcpStream> {
        let addresses = lookup_host((self.address.host(), self.address.port)).await?;
        let mut dials = JoinSet::new();
        for (before, address) in (0..).zip(addresses) {
            dials.spawn(async move {
                tokio::time::sleep(STAGGER * before).await;
                TcpStream::connect(address).await
            });
        }
        let mut failed = io::Error::other("its name has no address");
        while let Some(dialed) = dials.join_next().await {
            match dialed {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failed = error,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    /// Sends the request; TLS 1.3 tells only now that it refuses. What has come by the
    /// deadline counts.
    async fn request(
        &self,
        method: Method,
        mut stream: TlsStream<TcpStream>,
        handshake: &Handshake,
        deadline: Instant,
    ) -> Result<Outcome, Unreachable> {
        let request = format!(
            "{method} / HTTP/1.1\r\nhost: {}\r\nuser-agent: terraform-provider-aop\r\n\
             accept: */*\r\nconnection: close\r\n\r\n",
            host_header(&self.server_name, self.address.port)
        );
        let mut answer = Vec::new();
        let talking = async {
            stream.write_all(request.as_bytes()).await?;
            let mut limited = stream.take(LONGEST as u64);
            while !method.is_answered_by(&answer) && limited.read_buf(&mut answer).await? > 0 {}
            Ok(())
        };
        let ended: Result<io::Result<()>, _> = timeout_at(deadline, talking).await;
        if let Some(outcome) = outcome(&answer) {
            return Ok(outcome);
        }
        match ended {
            Err(_) => Err(self.too_late()),
            Ok(Err(error)) => Ok(handshake
                .ended(&error)
                .unwrap_or_else(|| Outcome::Unclear(error.to_string()))),
            Ok(Ok(())) if answer.is_empty() && handshake.asked().is_some() => {
                Ok(Outcome::Refused(Refusal::Closed))
            }
            Ok(Ok(())) => Ok(Outcome::NotHttp),
        }
    }
}
