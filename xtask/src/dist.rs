//! `cargo xtask dist`: builds what a release consists of, or says in one sentence why not and
//! leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lexopt::{Arg, Parser, ValueExt};
use xtask::release::{self, Archive, Platform, Signer};
use xtask::{Outcome, Profile, build_in, host, root, target};

const PACKAGE: &str = "terraform-provider-aop";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The address under which a mirror is tried out.
const ADDRESS: &str = "terraform.local/aop/aop";

const KEY: &str = "AOP_SIGNING_KEY";
const PASSPHRASE: &str = "AOP_SIGNING_PASSPHRASE";

const HELP: &str = "\
cargo xtask dist [OPTION …]       builds this platform's program, and a release of it
cargo xtask dist --assemble FOLDER [OPTION …]
                                  a release of the archives in FOLDER, built elsewhere
cargo xtask dist --check          builds twice, in two folders, and compares every byte

  --output FOLDER     where to (default: dist-VERSION in the target folder); has to be empty
  --tag vVERSION      fails where Cargo.toml has another version
  --address ADDRESS   HOST/NAMESPACE/TYPE of the mirror (default: terraform.local/aop/aop)
  --sign KEY          signs with this secret key of gpg's keyring
  --allow-dirty       also builds what is not committed

AOP_SIGNING_KEY in the environment is a secret key in ASCII armor to sign with instead, and
AOP_SIGNING_PASSPHRASE its passphrase.
";

/// What is asked for.
struct Wanted {
    output: PathBuf,
    address: String,
    key: Option<String>,
    tag: Option<String>,
    allow_dirty: bool,
    assemble: Option<PathBuf>,
    check: bool,
}

/// Makes a release, or checks that it is made the same everywhere.
pub(crate) fn dist(arguments: &[&str]) -> Outcome<()> {
    let Some(wanted) = Wanted::read(arguments)? else {
        print!("{HELP}");
        return Ok(());
    };
    wanted.fits_the_tree()?;
    if wanted.check {
        return match arguments {
            ["--check"] => check(),
            _ => Err("--check takes no other option".into()),
        };
    }
    release::check_address(&wanted.address)?;
    let signer = wanted.signer()?;
    make_free(&wanted.output)?;
    let built = match &wanted.assemble {
        Some(folder) => Built::Elsewhere(folder),
        None => Built::Here(build_in(root(), &target(), PACKAGE, Profile::Dist)?),
    };
    // From here on it takes a second: Ctrl-C in a long build leaves nothing half-written.
    let staged = Staged::beside(&wanted.output)?;
    let archives = match built {
        Built::Elsewhere(folder) => gather(folder, staged.path())?,
        Built::Here(program) => vec![pack(root(), &program, staged.path())?],
    };
    release::seal(staged.path(), VERSION, signer.as_ref())?;
    let mirror = staged.path().join("mirror");
    release::mirror(&mirror, &wanted.address, VERSION, &archives)?;
    staged.put(&wanted.output)?;
    tell(&wanted, &archives, signer.as_ref());
    Ok(())
}

/// Where the programs come from.
enum Built<'a> {
    /// This one, which was built now.
    Here(PathBuf),
    /// From the archives in a folder.
    Elsewhere(&'a Path),
}

impl Wanted {
    /// Reads the command line; nothing if it asks for help.
    fn read(arguments: &[&str]) -> Outcome<Option<Self>> {
        let mut wanted = Self {
            output: target().join(format!("dist-{VERSION}")),
            address: ADDRESS.to_owned(),
            key: None,
            tag: None,
            allow_dirty: false,
            assemble: None,
            check: false,
        };
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("output") => wanted.output = std::path::absolute(parser.value()?)?,
                Arg::Long("address") => wanted.address = parser.value()?.string()?,
                Arg::Long("sign") => wanted.key = Some(parser.value()?.string()?),
                Arg::Long("tag") => wanted.tag = Some(parser.value()?.string()?),
                Arg::Long("allow-dirty") => wanted.allow_dirty = true,
                Arg::Long("assemble") => wanted.assemble = Some(parser.value()?.into()),
                Arg::Long("check") => wanted.check = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(wanted))
    }

    /// A release is of a commit, and is called what the commit calls it.
    fn fits_the_tree(&self) -> Outcome<()> {
        let tag = format!("v{VERSION}");
        if let Some(given) = self.tag.as_ref().filter(|given| **given != tag) {
            return Err(format!("the tag {given} is not {tag}, the version in Cargo.toml").into());
        }
        let git = Command::new("git")
            .current_dir(root())
            .args(["status", "--porcelain", "--untracked-files=normal"])
            .output();
        let git = git.ok().filter(|git| git.status.success());
        let Some(git) = git.filter(|_| !self.allow_dirty) else {
            return match self.allow_dirty {
                true => Ok(()),
                false => Err(
                    "git knows no commit of this folder: say --allow-dirty to build what \
                              is in it"
                        .into(),
                ),
            };
        };
        let changed = String::from_utf8_lossy(&git.stdout).into_owned();
        let changed: Vec<&str> = changed.lines().filter_map(|line| line.get(3..)).collect();
        match changed.as_slice() {
            [] => Ok(()),
            [first, rest @ ..] => Err(format!(
                "{first} and {} other files are not committed: commit them, or say --allow-dirty",
                rest.len()
            )
            .into()),
        }
    }

    fn signer(&self) -> Outcome<Option<Signer>> {
        let armor = match std::env::var_os(KEY) {
            Some(armor) => Some(
                armor
                    .into_string()
                    .map_err(|_| format!("{KEY} is no text"))?,
            ),
            None => None,
        };
        match (&self.key, armor) {
            (Some(_), Some(_)) => {
                Err(format!("--sign and {KEY} both name a key: give one of them").into())
            }
            (Some(key), None) => Signer::from_keyring(key).map(Some),
            (None, Some(armor)) if armor.trim().is_empty() => {
                Err(format!("{KEY} is empty: put the signing key into it, or unset it").into())
            }
            (None, Some(armor)) => {
                let passphrase = std::env::var(PASSPHRASE).ok();
                Signer::from_armor(&armor, passphrase.as_deref()).map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

/// Puts this platform's archive and its bill of materials into a folder.
fn pack(source: &Path, program: &Path, folder: &Path) -> Outcome<Archive> {
    let archive = Archive::pack(folder, VERSION, &Platform::here(), program, source)?;
    let bill = archive.path.with_extension("cdx.json");
    release::sbom(&bill, source, &host()?)?;
    Ok(archive)
}

/// Copies archives that were built elsewhere, with their bills of materials.
fn gather(built: &Path, folder: &Path) -> Outcome<Vec<Archive>> {
    let archives = Archive::all_in(built, VERSION)?;
    if archives.is_empty() {
        let built = built.display();
        return Err(format!("{built} holds no archive of version {VERSION}").into());
    }
    for archive in &archives {
        archive.check(VERSION)?;
        let bill = archive.path.with_extension("cdx.json");
        for path in [&archive.path, &bill] {
            let name = path.file_name().unwrap_or_default();
            let copied = fs::copy(path, folder.join(name));
            copied.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        }
    }
    Archive::all_in(folder, VERSION)
}

/// Sees to it that there is nothing where everything is to be.
fn make_free(output: &Path) -> Outcome<()> {
    let shown = output.display();
    match fs::read_dir(output).map(Iterator::count) {
        Ok(0) => {
            let removed = fs::remove_dir(output);
            removed.map_err(|error| format!("{shown} cannot be replaced: {error}").into())
        }
        Ok(_) => Err(format!("{shown} is not empty: remove it, or name another --output").into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{shown} cannot be written to: {error}").into()),
    }
}

/// Everything that is made, beside the place where it is to be.
struct Staged(tempfile::TempDir);

impl Staged {
    fn beside(output: &Path) -> Outcome<Self> {
        let parent = output.parent().unwrap_or(output);
        let staged = fs::create_dir_all(parent).and_then(|()| tempfile::tempdir_in(parent));
        let unusable = |error| format!("{} cannot be written to: {error}", parent.display());
        Ok(Self(staged.map_err(unusable)?))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Moves it there, all at once.
    fn put(self, output: &Path) -> Outcome<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(self.path(), fs::Permissions::from_mode(0o755))?;
        }
        fs::rename(self.path(), output)?;
        // It is where it belongs; nothing is left to remove.
        let _ = self.0.keep();
        Ok(())
    }
}

/// Builds twice, in two folders, and compares.
fn check() -> Outcome<()> {
    let scratch = tempfile::tempdir_in(target())?;
    let mut made = Vec::new();
    for name in ["one", "the-other-one"] {
        let folder = scratch.path().join(name);
        let (source, output) = (folder.join("source"), folder.join("output"));
        fs::create_dir_all(&output)?;
        let cloned = Command::new("git")
            .args(["clone", "--quiet"])
            .args([root(), source.as_path()])
            .status()?;
        if !cloned.success() {
            return Err("the repository cannot be cloned".into());
        }
        let program = build_in(&source, &folder.join("target"), PACKAGE, Profile::Dist)?;
        pack(&source, &program, &output)?;
        release::seal(&output, VERSION, None)?;
        made.push(fs::read_to_string(
            output.join(format!("{PACKAGE}_{VERSION}_SHA256SUMS")),
        )?);
    }
    match made.as_slice() {
        [one, other] if one == other => {
            print!("Both builds are the same:\n\n{one}");
            Ok(())
        }
        _ => {
            let kept = scratch.keep();
            let sums = made.join("\n");
            Err(format!(
                "the builds differ; they are in {}:\n\n{sums}",
                kept.display()
            )
            .into())
        }
    }
}

fn tell(wanted: &Wanted, archives: &[Archive], signer: Option<&Signer>) {
    let platforms: Vec<String> = archives
        .iter()
        .map(|made| made.platform.to_string())
        .collect();
    // Forward slashes, also on Windows: it is to stand in a configuration.
    let output = wanted.output.display().to_string().replace('\\', "/");
    let address = &wanted.address;
    println!(
        "\nVersion {VERSION} for {} is in {output}",
        platforms.join(", ")
    );
    match signer {
        Some(signer) => println!(
            "It is signed with the key {}, so registries take it: upload the files to a\nrelease called v{VERSION}, and give the registry the public key.",
            signer.key_id()
        ),
        None => {
            println!("It is not signed: mirrors do without, registries do not (--sign, or {KEY}).")
        }
    }
    println!(
        "\nTo install it from here, put this into ~/.terraformrc or ~/.tofurc:\n\n\
         provider_installation {{\n  filesystem_mirror {{\n    path    = \"{output}/mirror\"\n    \
         include = [\"{address}\"]\n  }}\n  direct {{\n    exclude = [\"{address}\"]\n  }}\n}}\n\n\
         and this into the configuration:\n\n\
         terraform {{\n  required_providers {{\n    aop = {{\n      source  = \"{address}\"\n      \
         version = \"{VERSION}\"\n    }}\n  }}\n}}\n\n\
         Any web server makes a network mirror of the same folder: network_mirror {{ url = … }}"
    );
}
