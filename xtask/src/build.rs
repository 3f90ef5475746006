//! Where things are, and how they are built.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::Outcome;
use crate::phase::phase;

/// The repository's folder.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The folder for everything that is made.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// How thoroughly a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quickly, for tests and the demo.
    Dev,
    /// As it is shipped.
    Dist,
}

/// Builds a program of the workspace and answers where it is. Cargo shows how far it is.
pub fn build(package: &str, profile: Profile) -> Outcome<PathBuf> {
    let (name, profile) = match profile {
        Profile::Dev => (format!("Building {package}"), "dev"),
        Profile::Dist => (format!("Building {package} as it is shipped"), "dist"),
    };
    phase(&name, || compile(package, profile))
}

fn compile(package: &str, profile: &str) -> Outcome<PathBuf> {
    let built = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(["--package", package, "--profile", profile, "--bins"])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err(format!("building {package} failed").into());
    }
    let artifacts = built.stdout.split(|byte| *byte == b'\n').rev();
    artifacts
        .filter_map(|line| serde_json::from_slice::<Json>(line).ok())
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .ok_or_else(|| format!("building {package} gave no program").into())
}
