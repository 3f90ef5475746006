//! The API over HTTP on a loopback address.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::reply::{Answer, Reply};
use crate::simulator::Simulator;
use crate::state::Request;

/// A simulator that listens. Dropped, it stops.
pub struct Listening {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Listening {
    /// The base URL for clients, with `/client/v4`.
    pub fn url(&self) -> String {
        format!("http://{}/client/v4", self.address)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Simulator {
    /// Listens on an address such as `127.0.0.1:0`.
    pub async fn listen(&self, address: &str) -> io::Result<Listening> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let simulator = self.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let simulator = simulator.clone();
                connections.spawn(async move {
                    let service = service_fn(|request| serve(simulator.clone(), request));
                    // A connection that ends badly is the client's affair, or a fault on order.
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Listening { address, task })
    }
}

/// Ends a connection without an answer.
#[derive(Debug)]
struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reset on order")
    }
}

impl std::error::Error for Reset {}

async fn serve(
    simulator: Simulator,
    request: HttpRequest<Incoming>,
) -> Result<Response<Full<Bytes>>, Reset> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Reset)?.to_bytes();
    let header = |headers: &HeaderMap, name: &str| {
        let value = headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let key = header(&parts.headers, "x-auth-email").zip(header(&parts.headers, "x-auth-key"));
    let request = Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: header(&parts.headers, "authorization"),
        key,
        user_agent: header(&parts.headers, "user-agent").unwrap_or_default(),
        body: body.to_vec(),
    };
    match simulator.handle(request).await {
        Reply::Reset => Err(Reset),
        Reply::Answer(answer) => Ok(respond(answer).unwrap_or_else(|never| match never {})),
    }
}

fn respond(answer: Answer) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut builder = Response::builder().status(answer.status);
    if !answer
        .headers
        .iter()
        .any(|(name, _)| *name == "content-type")
    {
        builder = builder.header("content-type", "application/json");
    }
    // L: Cloudflare names every request.
    builder = builder.header("cf-ray", "8f1c5a7b9d2e4f60-SIM");
    for (name, value) in answer.headers {
        builder = builder.header(name, value);
    }
    let body = Full::new(Bytes::from(answer.body));
    Ok(builder.body(body).unwrap_or_default())
}
