//! The simulator as a program: prints one JSON line when it is ready.

use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aop_simulator::{Edge, Origin, Settings, Simulator, TOKEN, ZONE_ID};
use lexopt::prelude::*;
use serde_json::json;

const HELP: &str = "\
aop-simulator: a stand-in for Cloudflare's Authenticated Origin Pulls API.

  --listen ADDRESS       where to listen (127.0.0.1:0: any free port)
  --activation SECONDS   from an upload to active; \"never\" for no activation (2)
  --association SECONDS  from the write of an association to active (1)
  --void SECONDS         from a void to its end (1)
  --void-lag SECONDS     how long a void still shows the old value (0)
  --deletion SECONDS     from a DELETE to deleted (1)
  --latency SECONDS      how long every request takes (0)
  --rate-limit COUNT     requests in five minutes (1200)
  --token TOKEN          the token that may do everything; needed where others can connect
  --read-only-token T    a token that may only read
  --edge                 send requests for the zone's hostnames to an origin that demands
                         client certificates, many in a second, and print each second
                         how many there were and how many it refused
  --origin-ca FILE       the edge's origin is one of its own, which trusts this CA
  --origin ADDRESS       the edge's origin is this one
  --edge-lag SECONDS     how long after active some points of presence lag behind (0)
  --zone ID[=DOMAIN]     a further zone (may be given again); example.com without a domain
  --help                 this text

When it is ready it prints one line of JSON on standard output: url, token and
zone_id. It ends on SIGTERM and on Ctrl-C.
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("aop-simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

#[allow(
    clippy::print_stdout,
    reason = "the line on standard output is the interface"
)]
async fn run() -> Result<(), Box<dyn Error>> {
    let seconds = Duration::from_secs_f64;
    let mut address = "127.0.0.1:0".to_owned();
    let mut token = TOKEN.to_owned();
    let mut read_only = None;
    let mut zones = Vec::new();
    let mut edge = EdgeOptions::default();
    let mut settings = Settings {
        activation: Some(seconds(2.0)),
        association: Some(seconds(1.0)),
        void: seconds(1.0),
        deletion: Some(seconds(1.0)),
        ..Settings::default()
    };
    let mut arguments = lexopt::Parser::from_env();
    let delay = |value: std::ffi::OsString| -> Result<Duration, lexopt::Error> {
        value.parse_with(|text| {
            let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
            Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
        })
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("listen") => address = arguments.value()?.string()?,
            Long("activation") => {
                let value = arguments.value()?;
                settings.activation = match value == "never" {
                    true => None,
                    false => Some(delay(value)?),
                };
            }
            Long("association") => settings.association = Some(delay(arguments.value()?)?),
            Long("void") => settings.void = delay(arguments.value()?)?,
            Long("void-lag") => settings.void_lag = delay(arguments.value()?)?,
            Long("deletion") => settings.deletion = Some(delay(arguments.value()?)?),
            Long("latency") => settings.latency = delay(arguments.value()?)?,
            Long("rate-limit") => {
                let count = arguments.value()?.parse()?;
                settings.rate_limit = Some((count, Duration::from_secs(300)));
            }
            Long("token") => token = arguments.value()?.string()?,
            Long("read-only-token") => read_only = Some(arguments.value()?.string()?),
            Long("edge") => edge.wanted = true,
            Long("origin-ca") => edge.authority = Some(arguments.value()?.into()),
            Long("origin") => edge.origin = Some(arguments.value()?.parse()?),
            Long("edge-lag") => settings.edge_lag = delay(arguments.value()?)?,
            Long("zone") => zones.push(arguments.value()?.string()?),
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if edge.wanted && edge.authority.is_none() && edge.origin.is_none() {
        return Err("--edge needs --origin-ca or --origin".into());
    }
    if token == TOKEN && !is_loopback(&address)? {
        return Err(format!(
            "{address} can be reached by others, and everybody knows the usual token: give one of \
             your own with --token"
        )
        .into());
    }
    let simulator = Simulator::new(settings, now());
    simulator.set_token(&token);
    if let Some(token) = read_only {
        simulator.set_read_only_token(&token);
    }
    for zone in &zones {
        let (id, domain) = zone.split_once('=').unwrap_or((zone, "example.com"));
        simulator.add_zone(id, domain);
    }
    let listening = simulator.listen(&address).await?;
    let ready = json!({ "url": listening.url(), "token": token, "zone_id": ZONE_ID });
    println!("{ready}");
    tokio::select! {
        ended = until_told_to_end() => Ok(ended?),
        ended = edge.run(&simulator) => ended,
    }
}

/// Whether nobody but this machine can connect to an address.
fn is_loopback(address: &str) -> std::io::Result<bool> {
    let mut addresses = address.to_socket_addrs()?;
    Ok(addresses.all(|address| address.ip().is_loopback()))
}

/// What the edge is to do.
#[derive(Default)]
struct EdgeOptions {
    wanted: bool,
    authority: Option<PathBuf>,
    origin: Option<SocketAddr>,
}

impl EdgeOptions {
    /// Drives traffic and reports it, without end; nothing if it is not wanted.
    #[allow(
        clippy::print_stdout,
        reason = "the lines on standard output are the interface"
    )]
    async fn run(&self, simulator: &Simulator) -> Result<(), Box<dyn Error>> {
        if !self.wanted {
            return std::future::pending().await;
        }
        // Kept: dropped, it would stop listening.
        let mut own = match &self.authority {
            Some(path) => {
                let authority = std::fs::read_to_string(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                Some(Origin::trusting(&authority).map_err(plain)?)
            }
            None => None,
        };
        let address = match (self.origin, &mut own) {
            (None, Some(own)) => own.listen().await?,
            (origin, _) => origin.ok_or("there is no origin")?,
        };
        let edge = Arc::new(Edge::reaching(simulator, ZONE_ID, address));
        let traffic = edge.drive(&[]);
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let tally = traffic.tally();
            let first = tally.first_refusal.map(|(at, hostname, why)| {
                json!({ "at": at.as_secs_f64(), "hostname": hostname, "why": why })
            });
            println!(
                "{}",
                json!({
                    "handshakes": tally.handshakes,
                    "refused": tally.refused,
                    "first_refusal": first,
                })
            );
        }
    }
}

fn plain(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error> {
    error
}

#[allow(
    clippy::disallowed_methods,
    reason = "the program's one look at the clock"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[cfg(unix)]
async fn until_told_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// Windows ends a process without asking it; only Ctrl-C is heard.
#[cfg(not(unix))]
async fn until_told_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
