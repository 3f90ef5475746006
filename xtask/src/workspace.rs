//! A folder in which a CLI runs with the provider as it was just built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::release::Platform;
use crate::{Cli, Outcome, target};

/// The address of a local installation, and the version it is installed as.
const ADDRESS: &str = "terraform.local/aop/aop";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A folder of its own below the target folder, emptied at the start.
pub struct Workspace {
    cli: Cli,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    /// For temporary files, which a killed provider leaves behind. Apart from the
    /// folder, because the path of a socket must be short.
    scratch: TempDir,
}

/// What a command printed and how it ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Both streams, for searching and for messages.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Workspace {
    /// A folder by this name, with the provider installed as from a mirror.
    pub fn new(name: &str, cli: &Cli, provider: &Path) -> Outcome<Self> {
        let directory = target().join("workspaces").join(name);
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        let mirror = directory.join(".mirror");
        install(&mirror, provider, ADDRESS, VERSION)?;
        let config = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n"
        );
        fs::write(directory.join(".cli.tfrc"), config)?;
        Ok(Self {
            cli: cli.clone(),
            directory,
            environment: Vec::new(),
            scratch: tempfile::tempdir()?,
        })
    }

    /// Installs the provider a second time under the address of another one, for a
    /// state that names that: the CLI starts it, asks for its schema and nothing else.
    pub fn stand_in(&self, provider: &Path, address: &str, version: &str) -> Outcome<()> {
        install(&self.directory.join(".mirror"), provider, address, version)
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Sets a variable of the environment for every command to come.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> Outcome<()> {
        Ok(fs::write(self.directory.join(name), text)?)
    }

    /// Copies all files of a folder.
    pub fn copy_from(&self, folder: &Path) -> Outcome<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            fs::copy(entry.path(), self.directory.join(entry.file_name()))?;
        }
        Ok(())
    }

    /// A command of the CLI, ready to run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cli.path);
        // What the user's own environment says about Terraform has no place here.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["TF_", "CLOUDFLARE_"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
            {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(&self.directory)
            .args(arguments)
            .env("TF_CLI_CONFIG_FILE", self.directory.join(".cli.tfrc"))
            .env("TMPDIR", self.scratch.path())
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("CHECKPOINT_DISABLE", "1")
            .env("NO_PROXY", "127.0.0.1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome<Ran> {
        let mut all = arguments.to_vec();
        if arguments.first() != Some(&"version") {
            all.push("-no-color");
        }
        let output = self.command(&all).output()?;
        Ok(Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The processes of the provider that run here, by their numbers. Linux only: there
    /// are none elsewhere.
    pub fn providers(&self) -> Vec<String> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let running = processes.filter(|process| {
            let link = |name| fs::read_link(process.path().join(name)).unwrap_or_default();
            let program = link("exe").to_string_lossy().into_owned();
            program.contains("terraform-provider-aop") && link("cwd") == self.directory
        });
        running
            .map(|process| process.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// Starts a command whose output is kept for [`Child::wait_with_output`], in a
    /// process group of its own, as a shell does.
    pub fn start(&self, arguments: &[&str]) -> Outcome<Child> {
        let mut command = self.command(arguments);
        // Elsewhere nothing sends signals to groups, and the tests that do are not run.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let started = command
            .arg("-no-color")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(started)
    }
}

/// Puts a provider into a mirror.
fn install(mirror: &Path, provider: &Path, address: &str, version: &str) -> Outcome<()> {
    let platform = Platform::here().to_string();
    let package = mirror.join(address).join(version).join(platform);
    fs::create_dir_all(&package)?;
    let name = address.rsplit('/').next().unwrap_or_default();
    let installed = package.join(format!(
        "terraform-provider-{name}_v{version}{}",
        std::env::consts::EXE_SUFFIX
    ));
    // A link spares the disk a copy for each test; across file systems it is copied.
    if !installed.exists() && fs::hard_link(provider, &installed).is_err() {
        fs::copy(provider, &installed)?;
    }
    Ok(())
}
