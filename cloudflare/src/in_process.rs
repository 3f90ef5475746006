//! A way to the simulator in the same process, for tests: with the clock standing still
//! unless everybody waits, minutes pass in milliseconds, and always the same way.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Reply, Settings, Simulator, TOKEN, ZONE_ID};
use jiff::Timestamp;
use text::Secret;
use tokio_util::sync::CancellationToken;

use crate::{
    Answer, Certificate, Client, Error, Hostname, Options, Request, Scope, SendError, Store,
    Transport, ZoneId,
};

/// Carries requests straight into the simulator.
pub struct InProcess(pub Simulator);

impl Transport for InProcess {
    fn send<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 'a>> {
        Box::pin(async move {
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let sent = aop_simulator::Request {
                method: request.method.to_string(),
                path: format!("/client/v4{path}"),
                query: query.to_owned(),
                authorization: Some(format!("Bearer {TOKEN}")),
                body: request
                    .body
                    .as_ref()
                    .map(|body| body.to_bytes().to_vec())
                    .unwrap_or_default(),
                ..Default::default()
            };
            let Reply::Answer(answer) = self.0.handle(sent).await else {
                let cause = "connection reset".to_owned();
                return Err(SendError::Lost { cause });
            };
            let header = |name: &str| {
                let mut headers = answer.headers.iter();
                let found = headers.find(|(header, _)| *header == name);
                found.map(|(_, value)| value.clone())
            };
            Ok(Answer {
                status: answer.status,
                content_type: header("content-type").unwrap_or_default(),
                retry_after: header("retry-after"),
                ratelimit: header("ratelimit"),
                date: header("date"),
                ray: None,
                body: answer.body.clone(),
            })
        })
    }
}

/// When tests take place.
pub fn date() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().expect("a date")
}

/// What tests configure.
pub fn options() -> Options {
    Options {
        requests_per_second: None,
        max_retries: None,
        propagation_delay: Duration::from_secs(2),
        seed: 7,
        clock: date,
    }
}

/// A simulator, and a client of it.
pub fn start(options: &Options) -> (Simulator, Arc<Client>) {
    let simulator = Simulator::new(Settings::default(), date());
    let client = client_of(&simulator, options);
    (simulator, client)
}

/// A new process of the provider.
pub fn client_of(simulator: &Simulator, options: &Options) -> Arc<Client> {
    Client::new(Box::new(InProcess(simulator.clone())), options)
}

/// The simulator's zone.
pub fn zone_id() -> ZoneId {
    ZoneId::parse(ZONE_ID).expect("a zone id")
}

/// A hostname.
pub fn hostname(text: &str) -> Hostname {
    Hostname::parse(text).expect("a hostname")
}

/// An operation that may take so many minutes.
pub fn minutes(count: u64) -> Scope {
    Scope::lasting(Duration::from_secs(60 * count), CancellationToken::new())
}

/// Uploads a new hostname certificate.
pub async fn upload(client: &Client, scope: &Scope) -> Result<Certificate, Error> {
    let made = Authority::new("CA").and_then(|ca| ca.client("shop", date()));
    let made = made.expect("a certificate");
    let key = Secret::new(made.private_key);
    let zone = client.zone(&zone_id());
    zone.upload(scope, Store::Hostname, made.certificate, key, |_| true)
        .await
}
