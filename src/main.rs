//! The program: what the command line asks for, and the runtime.

use std::alloc::System;
use std::error::Error;
use std::process::ExitCode;

use framework::Server;
use framework::plugin::{self, Handshake, Program};
use terraform_provider_aop::provider::Aop;
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

Terraform starts this program itself; there is nothing to run by hand, except:

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
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[allow(
    clippy::print_stdout,
    reason = "asked for on the command line, where no host listens"
)]
fn run() -> Result<(), Box<dyn Error>> {
    let mut debug = false;
    for argument in std::env::args_os().skip(1) {
        match argument.to_string_lossy().as_ref() {
            // Go programs, and so the habit of users, take one hyphen as well.
            "--debug" | "-debug" => debug = true,
            "--version" | "-version" | "-V" => {
                println!("terraform-provider-aop {}", env!("CARGO_PKG_VERSION"));
                return Ok(());
            }
            "--help" | "-help" | "-h" => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(format!("unknown argument {other:?}\n\n{HELP}").into()),
        }
    }
    let handshake = (!debug)
        .then(|| Handshake::from_env(&PROGRAM))
        .transpose()?;
    plugin::start_logging(&PROGRAM);
    plugin::install_crypto();
    let server = Server::new(
        Aop {
            // What is set but not text is malformed, not absent.
            env: |name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()),
            clock: plugin::now,
            seed: fastrand::u64(..),
        },
        plugin::now,
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = match handshake {
        Some(handshake) => runtime.block_on(plugin::serve_plugin(server, handshake)),
        None => runtime.block_on(plugin::serve_debug(server, ADDRESS)),
    };
    // Nobody waits for what is still under way.
    runtime.shutdown_background();
    outcome
}
