//! The simulator as a program: prints one JSON line when it is ready.

use std::error::Error;
use std::time::Duration;

use aop_simulator::{Settings, Simulator, TOKEN, ZONE_ID};
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
  --token TOKEN          the token that may do everything
  --read-only-token T    a token that may only read
  --zone ID[=DOMAIN]     a further zone (may be given again); example.com without a domain
  --help                 this text

When it is ready it prints one line of JSON on standard output: url, token and
zone_id. It ends on SIGTERM and on Ctrl-C.
";

#[tokio::main(flavor = "current_thread")]
#[allow(
    clippy::print_stdout,
    reason = "the line on standard output is the interface"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let seconds = Duration::from_secs_f64;
    let mut address = "127.0.0.1:0".to_owned();
    let mut token = TOKEN.to_owned();
    let mut read_only = None;
    let mut zones = Vec::new();
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
            Long("zone") => zones.push(arguments.value()?.string()?),
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
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
    until_told_to_end().await?;
    Ok(())
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

#[cfg(not(unix))]
async fn until_told_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
