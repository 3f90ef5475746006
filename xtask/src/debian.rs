//! Servers that the tests set up: from the PATH, or out of the distribution's
//! packages into the target folder, without root and without installing anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Outcome;
use crate::build::target;
use crate::cli::on_path;
use crate::wheel::Wheel;

/// A program that a test runs.
#[derive(Clone, Debug)]
pub struct Tool {
    program: PathBuf,
    /// Where its libraries are, if it was taken out of a package.
    libraries: Vec<PathBuf>,
}

impl Tool {
    /// A program of a package, named by its place in it, such as `usr/sbin/nginx`.
    pub fn obtain(package: &str, place: &str) -> Outcome<Self> {
        let name = place.rsplit('/').next().unwrap_or(place);
        if let Some(program) = on_path(name) {
            return Ok(Self {
                program,
                libraries: Vec::new(),
            });
        }
        let root = target().join("tools/packages").join(package);
        if !root.join(place).is_file() {
            unpack(package, &root).map_err(|why| {
                format!("{name} is missing: install the package {package} ({why})")
            })?;
        }
        if !root.join(place).is_file() {
            return Err(format!(
                "{name} is missing: the package {package} of this distribution holds no {place}, so \
                 install {name}"
            )
            .into());
        }
        let libraries = ["usr/lib", "lib"].map(|folder| root.join(folder));
        let libraries = libraries.iter().flat_map(|folder| architectures(folder));
        Ok(Self {
            program: root.join(place),
            libraries: libraries.collect(),
        })
    }

    /// A program of a wheel.
    pub fn of_wheel(wheel: &Wheel) -> Outcome<Self> {
        let program = on_path(wheel.name).map_or_else(|| wheel.obtain(), Ok);
        Ok(Self {
            program: program?,
            libraries: Vec::new(),
        })
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A command that runs it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Ok(paths) = std::env::join_paths(&self.libraries)
            && !paths.is_empty()
        {
            command.env("LD_LIBRARY_PATH", paths);
        }
        command
    }
}

/// Who has the fewest rights: user and group.
const NOBODY: u32 = 65534;

impl Tool {
    /// A command that runs it without the rights of root, which some servers refuse.
    pub fn unprivileged(&self) -> Command {
        let own = self.command();
        if !is_root() {
            return own;
        }
        let mut command = Command::new("setpriv");
        let nobody = NOBODY.to_string();
        command.args([
            "--reuid",
            &nobody,
            "--regid",
            &nobody,
            "--clear-groups",
            "--",
        ]);
        command.arg(own.get_program());
        for (name, value) in own.get_envs() {
            value.map(|value| command.env(name, value));
        }
        command
    }

    /// Makes a folder belong to who runs [`Self::unprivileged`] commands.
    pub fn give_to_unprivileged(folder: &Path) -> Outcome<()> {
        #[cfg(unix)]
        if is_root() {
            std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY))?;
        }
        Ok(())
    }
}

/// Whether this process may do everything.
pub fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
    }
    // There is no root, and nothing here needs to know who else may do everything.
    #[cfg(not(unix))]
    {
        false
    }
}

/// The folders of a package's libraries, such as `lib/x86_64-linux-gnu`.
fn architectures(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.to_string_lossy().contains("-linux-"))
        .collect()
}

/// Puts the files of a package and of its libraries into a folder.
fn unpack(package: &str, root: &Path) -> Outcome<()> {
    let tools = target().join("tools");
    fs::create_dir_all(root.parent().unwrap_or(&tools))?;
    let scratch = tempfile::tempdir_in(&tools)?;
    let (debs, part) = (scratch.path().join("debs"), scratch.path().join("root"));
    fs::create_dir_all(&debs)?;
    fs::create_dir_all(&part)?;
    // The lists of packages that the machine has may be missing or old.
    let mut options = Vec::new();
    if fetch(package, &options, &debs).is_err() {
        for folder in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(scratch.path().join(folder))?;
        }
        let at = |folder: &str| scratch.path().join(folder).display().to_string();
        options = vec![
            "-o".to_owned(),
            format!("Dir::State::Lists={}", at("lists")),
            "-o".to_owned(),
            format!("Dir::Cache={}", at("cache")),
        ];
        let mut update = Command::new("apt-get");
        done(update.args(["-qq"]).args(&options).arg("update"))?;
        fetch(package, &options, &debs)?;
    }
    for deb in fs::read_dir(&debs)? {
        let mut extract = Command::new("dpkg-deb");
        done(extract.arg("-x").arg(deb?.path()).arg(&part))?;
    }
    // Another test may have been quicker.
    if fs::rename(&part, root).is_err() && !root.is_dir() {
        return Err(format!("{} cannot be made", root.display()).into());
    }
    Ok(())
}

/// Downloads a package and the libraries that it needs, but for the C library, which
/// is part of the machine.
fn fetch(package: &str, options: &[String], debs: &Path) -> Outcome<()> {
    let mut depends = Command::new("apt-cache");
    let left_out = [
        "recommends",
        "suggests",
        "conflicts",
        "breaks",
        "replaces",
        "enhances",
    ];
    depends.args(options).args(["depends", "--recurse"]);
    depends.args(left_out.map(|kind| format!("--no-{kind}")));
    let listed = done(depends.arg(package))?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let is_library = |name: &&str| {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
        let library = name.starts_with("lib") || name.starts_with("zlib");
        plain && library && !name.starts_with("libc6") && !name.starts_with("libc-")
    };
    let mut download = Command::new("apt-get");
    download
        .current_dir(debs)
        .args(["-qq", "-o", "APT::Sandbox::User=root"]);
    download.args(options).args(["download", package]);
    done(download.args(listed.lines().filter(is_library)))?;
    Ok(())
}

/// Runs a command that must succeed.
fn done(command: &mut Command) -> Outcome<Output> {
    let output = command.output().map_err(|error| {
        format!(
            "{} cannot be run: {error}",
            command.get_program().to_string_lossy()
        )
    })?;
    match output.status.success() {
        true => Ok(output),
        false => Err(String::from_utf8_lossy(&output.stderr)
            .trim()
            .to_owned()
            .into()),
    }
}
