//! The command line: `export` writes a zone as a configuration, `doctor` says what is wrong.
//!
//! ```text
//! arguments ─► provider (credential, limiter, retries) ─► Inventory of a zone
//!                                                            ├─► export: HCL, import blocks, PEM files
//!                                                            └─► doctor: findings, as a table or as JSON
//! ```
//!
//! Neither changes anything at Cloudflare, and neither sees a private key. Messages are those of
//! the provider.

mod doctor;
mod export;
mod inventory;

use std::ffi::OsString;
use std::io::{self, Write};

use tokio_util::sync::CancellationToken;

use crate::provider::Aop;
use cloudflare::ZoneId;
use framework::Diagnostic;
use inventory::Unread;

/// A command could not do what it was asked to.
const FAILED: u8 = 2;
/// It was interrupted.
const INTERRUPTED: u8 = 130;

/// What a command works with.
pub struct Context<'a> {
    /// The provider, whose environment and limits the command shares.
    pub provider: &'a Aop,
    /// Ends the command.
    pub cancel: CancellationToken,
    /// Where its answer goes.
    pub out: &'a mut dyn Write,
}

/// Why a command ends without having done what it was asked to, in words.
struct Failed(String);

impl From<Diagnostic> for Failed {
    fn from(said: Diagnostic) -> Self {
        Self(format!("{}\n\n{}", said.summary, said.detail))
    }
}

impl From<Unread> for Failed {
    fn from(unread: Unread) -> Self {
        unread.why.into()
    }
}

impl From<lexopt::Error> for Failed {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

/// Whether a word is the name of a command.
pub fn is_command(word: &str) -> bool {
    ["doctor", "export"].contains(&word)
}

/// Carries out a command. Answers its exit code, and what there is to say of a failure.
pub async fn run(
    name: &str,
    arguments: Vec<OsString>,
    mut context: Context<'_>,
) -> (u8, Option<String>) {
    let ended = match name {
        "export" => export::run(arguments, &mut context).await,
        _ => doctor::run(arguments, &mut context).await,
    };
    match ended {
        Ok(code) => (code, None),
        Err(Failed(_)) if context.cancel.is_cancelled() => {
            (INTERRUPTED, Some("Interrupted.".to_owned()))
        }
        Err(Failed(why)) => (FAILED, Some(why)),
    }
}

/// Writes an answer. Whoever reads it may have seen enough.
fn answer(context: &mut Context<'_>, text: &str) -> Result<(), Failed> {
    let written = context
        .out
        .write_all(text.as_bytes())
        .and_then(|()| context.out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failed(format!("The answer could not be written: {error}.")))
        }
        _ => Ok(()),
    }
}

/// A number of things, in words.
fn counted(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// A zone's id from the command line.
fn zone_id(value: &OsString) -> Result<ZoneId, Failed> {
    let text = value.to_string_lossy();
    ZoneId::parse(&text).map_err(|problem| Failed(format!("--zone-id: {}", problem.0)))
}

/// The zone of the environment, for a command line that names none.
fn usual_zone(provider: &Aop) -> Result<ZoneId, Failed> {
    const VARIABLE: &str = "CLOUDFLARE_ZONE_ID";
    let text = (provider.env)(VARIABLE).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        Failed(format!(
            "No zone: give --zone-id ID, or set {VARIABLE}. The id is on the zone's overview page \
             in Cloudflare's dashboard."
        ))
    })?;
    ZoneId::parse(&text).map_err(|problem| Failed(format!("{VARIABLE}: {}", problem.0)))
}
