//! The program: what the command line asks for, and the runtime.

use std::alloc::System;
use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use framework::Server;
use framework::plugin::{self, Handshake, Program};
use terraform_provider_aop::command;
use terraform_provider_aop::provider::Aop;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use zeroizing_alloc::ZeroAlloc;

/// The address that Terraform knows a local installation by.
const ADDRESS: &str = "terraform.local/aop/aop";

/// What the plugin says of itself.
const PROGRAM: Program = Program {
    name: "aop",
    about: "This program is a Terraform provider for Cloudflare Authenticated Origin Pulls.",
    crates: &["terraform_provider_aop", "cloudflare"],
};

const HELP: &str = "\
Terraform and OpenTofu provider for Cloudflare Authenticated Origin Pulls.

Terraform starts this program itself. By hand there is:

  export      write a zone as a configuration; see export --help
  doctor      say what is wrong with a zone; see doctor --help
  --debug     serve until interrupted, and print how to attach Terraform to it
  --version   print the version
  --help      print this text
";

/// Wipes what is freed, so that no copy of a key outlives its use, whichever library made it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    plugin::protect_memory();
    resolver::keep_to_files_and_dns();
    match run() {
        Ok(code) => code,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    if let Some(name) = first.as_ref().and_then(|first| first.to_str())
        && command::is_command(name)
    {
        return run_command(name, arguments.collect());
    }
    let mut debug = false;
    for argument in first.into_iter().chain(arguments) {
        match argument.to_string_lossy().as_ref() {
            // Go programs, and so the habit of users, take one hyphen as well.
            "--debug" | "-debug" => debug = true,
            "--version" | "-version" | "-V" => {
                answer(concat!(
                    "terraform-provider-aop ",
                    env!("CARGO_PKG_VERSION"),
                    "\n"
                ));
                return Ok(ExitCode::SUCCESS);
            }
            "--help" | "-help" | "-h" => {
                answer(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(format!("unknown argument {other:?}\n\n{HELP}").into()),
        }
    }
    let handshake = (!debug)
        .then(|| Handshake::from_env(&PROGRAM))
        .transpose()?;
    plugin::start_logging(&PROGRAM);
    plugin::install_crypto();
    let server = Server::new(provider(), plugin::now);
    let runtime = runtime()?;
    let outcome = match handshake {
        Some(handshake) => runtime.block_on(plugin::serve_plugin(server, handshake)),
        None => runtime.block_on(plugin::serve_debug(server, ADDRESS)),
    };
    // Nobody waits for what is still under way.
    runtime.shutdown_background();
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Carries out a command. Ctrl-C ends it.
fn run_command(name: &str, arguments: Vec<OsString>) -> Result<ExitCode, Box<dyn Error>> {
    plugin::install_crypto();
    let runtime = runtime()?;
    let cancel = CancellationToken::new();
    let ended = runtime.block_on(async {
        let provider = provider();
        let context = command::Context {
            provider: &provider,
            cancel: cancel.clone(),
            out: &mut std::io::stdout(),
        };
        let interrupted = async {
            stopped().await;
            cancel.cancel();
            std::future::pending().await
        };
        tokio::select! {
            ended = command::run(name, arguments, context) => ended,
            ended = interrupted => ended,
        }
    });
    runtime.shutdown_background();
    let (code, why) = ended;
    if let Some(why) = why {
        complain(why.trim_end());
    }
    Ok(ExitCode::from(code))
}

/// Answers what was asked for on the command line, where no host listens.
fn answer(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Says why it ends, to whoever still listens.
fn complain(why: &str) {
    let _ = writeln!(std::io::stderr(), "{why}");
}

/// Waits for Ctrl-C, or for another signal to end.
#[cfg(unix)]
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let mut signals: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| signal(kind).ok())
        .collect();
    std::future::poll_fn(|context| {
        let mut any = signals.iter_mut();
        match any.any(|signal| signal.poll_recv(context).is_ready()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

fn provider() -> Aop {
    Aop {
        // What is set but not text is malformed, not absent.
        env: |name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()),
        clock: plugin::now,
        seed: fastrand::u64(..),
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
