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
    build_in(root(), &target(), package, profile)
}

/// The same, of a copy of the repository and into a folder of its own.
pub fn build_in(source: &Path, target: &Path, package: &str, profile: Profile) -> Outcome<PathBuf> {
    let name = match profile {
        Profile::Dev => format!("Building {package}"),
        Profile::Dist => format!("Building {package} as it is shipped"),
    };
    phase(&name, || compile(source, target, package, profile))
}

fn compile(source: &Path, target: &Path, package: &str, profile: Profile) -> Outcome<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(source)
        .args([
            "build",
            "--locked",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--package", package, "--bins"])
        .arg("--target-dir")
        .arg(target)
        .stderr(std::process::Stdio::inherit());
    match profile {
        Profile::Dev => cargo.args(["--profile", "dev"]),
        Profile::Dist => reproducible(&mut cargo, source, target)?,
    };
    let built = cargo.output()?;
    if !built.status.success() {
        return Err(format!("building {package} failed").into());
    }
    let artifacts = built.stdout.split(|byte| *byte == b'\n').rev();
    artifacts
        .filter_map(|line| serde_json::from_slice::<Json>(line).ok())
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .ok_or_else(|| format!("building {package} gave no program").into())
}

/// Variables that change what is built; those that end with `_` are the beginnings of others.
const STRANGERS: [&str; 10] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_",
    "CARGO_TARGET_",
    "CARGO_PROFILE_",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CFLAGS_",
    "TARGET_CFLAGS",
    "HOST_CFLAGS",
];

/// Builds what is shipped: neither the folders of this machine nor the flags of its user's
/// environment show in it, nor does a signing key in that environment reach a build script.
fn reproducible<'c>(
    cargo: &'c mut Command,
    source: &Path,
    target: &Path,
) -> Outcome<&'c mut Command> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    // The last one that fits counts.
    let folders = [
        (Some(source), "/source"),
        (Some(target), "/target"),
        (home.as_deref(), "/cargo"),
    ];
    let folders = folders.into_iter();
    let folders: Vec<String> = folders
        .filter_map(|(folder, name)| Some(format!("{}={name}", folder?.display())))
        .collect();
    let remap = |folder: &String| format!("--remap-path-prefix={folder}");
    let rust: Vec<String> = folders.iter().map(remap).collect();
    let remap = |folder: &String| format!("'-ffile-prefix-map={folder}'");
    let c: Vec<String> = folders.iter().map(remap).collect();
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_strange = |strange: &&str| match strange.ends_with('_') {
            true => text.starts_with(*strange) && text != "CARGO_TARGET_DIR",
            false => text == **strange,
        };
        if STRANGERS.iter().any(is_strange) || text.starts_with("AOP_SIGNING_") {
            cargo.env_remove(&name);
        }
    }
    // Microsoft's compiler has no such flag, and writes no paths into what is stripped.
    if !cfg!(windows) {
        // A folder's name may hold spaces.
        cargo
            .env("CFLAGS", c.join(" "))
            .env("CC_SHELL_ESCAPED_FLAGS", "1");
    }
    Ok(cargo
        .args(["--profile", "dist", "--target", &host()?, "--config"])
        .arg(format!("target.'cfg(all())'.rustflags={rust:?}")))
}

/// This machine's platform as Rust spells it.
pub fn host() -> Outcome<String> {
    let asked = Command::new("rustc").arg("-vV").output()?;
    let said = String::from_utf8(asked.stdout)?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc -vV names no host")?.to_owned())
}
