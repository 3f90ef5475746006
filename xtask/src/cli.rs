//! The real CLIs: Terraform and OpenTofu, found or made.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::Outcome;
use crate::go::{GoProgram, OPENTOFU};

/// Which CLI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// `terraform`.
    Terraform,
    /// `tofu`.
    OpenTofu,
}

/// A CLI on this machine.
#[derive(Clone, Debug)]
pub struct Cli {
    /// Which one.
    pub product: Product,
    /// Where it is.
    pub path: PathBuf,
    /// Its version, such as `1.12.6`.
    pub version: String,
}

impl Cli {
    /// Terraform, if `TERRAFORM_PATH` names it or it is on the PATH.
    pub fn terraform() -> Outcome<Option<Self>> {
        Self::find(Product::Terraform, "TERRAFORM_PATH", "terraform")
    }

    /// OpenTofu 1.12: named by `TOFU_PATH`, on the PATH, made before, or made now.
    pub fn opentofu() -> Outcome<Self> {
        let found = Self::find(Product::OpenTofu, "TOFU_PATH", "tofu")?;
        match found.filter(|cli| cli.version.starts_with("1.12.")) {
            Some(cli) => Ok(cli),
            None => Self::of(&OPENTOFU),
        }
    }

    /// A CLI that is built from its module, now if it was not before.
    pub fn of(program: &GoProgram) -> Outcome<Self> {
        let product = match program.name {
            "terraform" => Product::Terraform,
            _ => Product::OpenTofu,
        };
        Self::at(product, &program.obtain()?)
    }

    /// Every CLI that is there, for tests. `cargo xtask test` has made OpenTofu
    /// before; without any an error that says so.
    pub fn present() -> Outcome<Vec<Self>> {
        let mut present: Vec<Self> = Self::terraform()?.into_iter().collect();
        let opentofu = match OPENTOFU.made() {
            Some(path) => Some(Self::at(Product::OpenTofu, &path)?),
            None => Self::find(Product::OpenTofu, "TOFU_PATH", "tofu")?,
        };
        present.extend(opentofu);
        if present.is_empty() {
            return Err("no CLI: install Terraform or OpenTofu, or run `cargo xtask test`".into());
        }
        Ok(present)
    }

    /// Any CLI, the quickest to have.
    pub fn any() -> Outcome<Self> {
        if let Some(terraform) = Self::terraform()? {
            return Ok(terraform);
        }
        match Self::find(Product::OpenTofu, "TOFU_PATH", "tofu")? {
            Some(opentofu) => Ok(opentofu),
            None => Self::opentofu(),
        }
    }

    /// What people call it.
    pub fn name(&self) -> String {
        let product = match self.product {
            Product::Terraform => "Terraform",
            Product::OpenTofu => "OpenTofu",
        };
        format!("{product} {}", self.version)
    }

    fn find(product: Product, variable: &str, program: &str) -> Outcome<Option<Self>> {
        if let Some(named) = std::env::var_os(variable) {
            let cli = Self::at(product, Path::new(&named));
            return cli
                .map(Some)
                .map_err(|error| format!("{variable}: {error}").into());
        }
        match on_path(program) {
            Some(path) => Self::at(product, &path).map(Some),
            None => Ok(None),
        }
    }

    fn at(product: Product, path: &Path) -> Outcome<Self> {
        let asked = Command::new(path)
            .args(["version", "-json"])
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_CLI_CONFIG_FILE")
            .output()
            .map_err(|error| format!("{} cannot be run: {error}", path.display()))?;
        let answer: Json = serde_json::from_slice(&asked.stdout).unwrap_or_default();
        let version = answer.get("terraform_version").and_then(Json::as_str);
        let version = version.ok_or_else(|| format!("{} tells no version", path.display()))?;
        Ok(Self {
            product,
            path: path.to_owned(),
            version: version.to_owned(),
        })
    }
}

/// A program on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(|directory| directory.join(&name))
        .find(|candidate| candidate.is_file())
}
