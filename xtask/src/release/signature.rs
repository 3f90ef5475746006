//! The signature of the checksums, made by GnuPG: registries hand it to CLIs, which check it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::{Outcome, Tool};

/// RSA and DSA, as OpenPGP numbers them: Terraform's registry takes no other kinds of keys.
const ACCEPTED_KINDS: [&str; 3] = ["1", "3", "17"];

/// A key that signs.
pub struct Signer {
    source: Source,
    passphrase: Option<String>,
    key_id: String,
}

/// Where the secret key is.
enum Source {
    /// In the user's keyring, by this name.
    Keyring(String),
    /// Here, in ASCII armor.
    Armor(String),
}

impl Signer {
    /// With a secret key of the user's keyring, named as `gpg --local-user` takes it.
    pub fn from_keyring(name: &str) -> Outcome<Self> {
        Self::tried(Source::Keyring(name.to_owned()), None)
    }

    /// With a secret key in ASCII armor, and its passphrase if it has one. It is on the disk
    /// only while something is signed, in a folder of its own.
    pub fn from_armor(key: &str, passphrase: Option<&str>) -> Outcome<Self> {
        Self::tried(Source::Armor(key.to_owned()), passphrase)
    }

    /// Signs something at once: a key that cannot is found before anything is built.
    fn tried(source: Source, passphrase: Option<&str>) -> Outcome<Self> {
        let mut signer = Self {
            source,
            passphrase: passphrase.map(str::to_owned),
            key_id: String::new(),
        };
        let keyring = signer.open()?;
        let scratch = tempfile::tempdir()?;
        let file = scratch.path().join("tried");
        fs::write(&file, "tried")?;
        keyring.sign(&file)?;
        let start = keyring.fingerprint.len().saturating_sub(16);
        signer.key_id = keyring
            .fingerprint
            .get(start..)
            .unwrap_or_default()
            .to_owned();
        Ok(signer)
    }

    /// The long id of the key, which registries show.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public key in ASCII armor, which registries want to have.
    pub fn public_key(&self) -> Outcome<String> {
        let keyring = self.open()?;
        let exported = keyring.run(&["--armor", "--export", &keyring.fingerprint], "")?;
        Ok(String::from_utf8(exported.stdout)?)
    }

    /// Writes the detached, binary signature of a file beside it.
    pub fn sign(&self, path: &Path) -> Outcome<()> {
        self.open()?.sign(path)
    }

    fn open(&self) -> Outcome<Keyring> {
        let mut keyring = Keyring {
            home: None,
            fingerprint: String::new(),
            passphrase: self.passphrase.clone(),
        };
        let name = match &self.source {
            Source::Keyring(name) => name.as_str(),
            Source::Armor(key) => {
                keyring.home = Some(private_folder()?);
                let imported = keyring.run(&["--import"], key)?;
                let said = String::from_utf8_lossy(&imported.stderr);
                if !imported.status.success() && !said.contains("secret key") {
                    return Err(UNREADABLE.into());
                }
                ""
            }
        };
        keyring.fingerprint = keyring.choose(name)?;
        Ok(keyring)
    }
}

const UNREADABLE: &str = "the signing key cannot be read: it has to be a secret OpenPGP key in ASCII \
                          armor, as `gpg --armor --export-secret-keys` writes it";

/// A folder that nobody else can read.
fn private_folder() -> Outcome<TempDir> {
    let folder = tempfile::tempdir()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
    }
    Ok(folder)
}

/// Makes a secret key for tests, of this kind (such as `rsa2048`) and for this use (such as
/// `sign`), and answers it in ASCII armor: its secret part, or its public part alone.
pub fn throwaway_key(kind: &str, usage: &str, passphrase: &str, secret: bool) -> Outcome<String> {
    let keyring = Keyring {
        home: Some(private_folder()?),
        fingerprint: String::new(),
        passphrase: None,
    };
    let unlock = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
    let run = |arguments: &[&str]| -> Outcome<String> {
        let made = keyring.run(&[&unlock[..], arguments].concat(), "")?;
        match made.status.success() {
            true => Ok(String::from_utf8(made.stdout)?),
            false => Err(String::from_utf8_lossy(&made.stderr).into_owned().into()),
        }
    };
    run(&["--quick-generate-key", "Release", kind, usage, "never"])?;
    let export = if secret {
        "--export-secret-keys"
    } else {
        "--export"
    };
    run(&["--armor", export])
}

/// A keyring of GnuPG, and the key in it that signs.
struct Keyring {
    /// Where it is; the user's own, if not said.
    home: Option<TempDir>,
    fingerprint: String,
    passphrase: Option<String>,
}

impl Keyring {
    /// The fingerprint of the one secret key by this name that may sign a release.
    fn choose(&self, name: &str) -> Outcome<String> {
        let mut arguments = vec!["--with-colons", "--list-secret-keys"];
        arguments.extend((!name.is_empty()).then_some(name));
        let listed = self.run(&arguments, "")?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let keys = Key::all(&listed);
        let owners = keys.iter().filter(|key| key.is_primary).count();
        match owners {
            0 if name.is_empty() => return Err(UNREADABLE.into()),
            0 => {
                return Err(format!(
                    "gpg has no secret key {name:?}: name one that `gpg --list-secret-keys` shows"
                )
                .into());
            }
            1 => {}
            many => {
                return Err(format!(
                    "gpg has {many} secret keys {name:?}: name one by its fingerprint"
                )
                .into());
            }
        }
        let usable = |key: &&Key| key.signs && key.is_valid && key.is_here;
        let mut signing = keys.iter().filter(usable).peekable();
        if signing.peek().is_none() {
            return Err(
                "the signing key cannot sign: it has expired, is revoked, is not meant for \
                        signing, or its secret part is not here"
                    .into(),
            );
        }
        let accepted = signing.find(|key| ACCEPTED_KINDS.contains(&key.kind.as_str()));
        let accepted = accepted.ok_or(
            "the signing key is neither RSA nor DSA, and Terraform's registry takes no other: make \
             one with `gpg --quick-generate-key NAME rsa4096 sign`",
        )?;
        Ok(accepted.fingerprint.clone())
    }

    fn sign(&self, path: &Path) -> Outcome<()> {
        let signature = PathBuf::from(format!("{}.sig", path.display()));
        let (path, output) = (path.display().to_string(), signature.display().to_string());
        // Exactly this key, which may be one of several of its owner.
        let key = format!("{}!", self.fingerprint);
        let mut arguments = vec!["--yes", "--no-armor", "--digest-algo", "SHA512"];
        match (&self.passphrase, &self.home) {
            (Some(_), _) => {
                arguments.extend(["--pinentry-mode", "loopback", "--passphrase-fd", "0"]);
            }
            (None, Some(_)) => arguments.extend(["--pinentry-mode", "error"]),
            // The user's agent asks as it always does.
            (None, None) => {}
        }
        arguments.extend(["--local-user", &key, "--output", &output]);
        arguments.extend(["--detach-sign", &path]);
        let secret = self.passphrase.as_deref().unwrap_or_default();
        let signed = self.run(&arguments, secret)?;
        if !signed.status.success() {
            let said = String::from_utf8_lossy(&signed.stderr).into_owned();
            let said = said.lines().last().unwrap_or_default();
            return Err(format!(
                "the signing key was not usable; is its passphrase right? gpg says: {said}"
            )
            .into());
        }
        let verified = self.run(&["--verify", &output, &path], "")?;
        match verified.status.success() {
            true => Ok(()),
            false => Err(format!("gpg does not verify {output}, which it has just made").into()),
        }
    }

    fn run(&self, arguments: &[&str], input: &str) -> Outcome<Output> {
        let agent = Tool::obtain("gpg-agent", "usr/bin/gpg-agent")?;
        let mut gpg = Tool::obtain("gpg", "usr/bin/gpg")?.command();
        if let Some(home) = &self.home {
            gpg.arg("--no-options").arg("--homedir").arg(home.path());
        }
        let child = gpg
            .args(["--batch", "--no-tty", "--quiet", "--agent-program"])
            .arg(agent.program())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| format!("gpg cannot be run: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may have ended already; what it says then counts.
            let _ = stdin.write_all(input.as_bytes());
        }
        Ok(child.wait_with_output()?)
    }
}

impl Drop for Keyring {
    /// Ends the agent that has seen an imported key. Where this cannot, it ends when it
    /// notices that its folder is gone.
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            let mut end = Command::new("gpgconf");
            end.arg("--homedir").arg(home.path());
            let _ = end.args(["--kill", "all"]).output();
        }
    }
}

/// A secret key, or one of its subkeys, as `--with-colons` lists it.
struct Key {
    is_primary: bool,
    is_valid: bool,
    /// Whether the secret part is there.
    is_here: bool,
    signs: bool,
    kind: String,
    fingerprint: String,
}

impl Key {
    fn all(listed: &str) -> Vec<Self> {
        let mut keys: Vec<Self> = Vec::new();
        for row in listed.lines() {
            let fields: Vec<&str> = row.split(':').collect();
            let field = |index: usize| fields.get(index).copied().unwrap_or_default();
            match (field(0), keys.last_mut()) {
                ("fpr", Some(key)) if key.fingerprint.is_empty() => {
                    key.fingerprint = field(9).to_owned();
                }
                ("sec" | "ssb", _) => keys.push(Self {
                    is_primary: field(0) == "sec",
                    is_valid: !matches!(field(1), "e" | "r" | "d" | "i"),
                    is_here: field(14) != "#",
                    signs: field(11).contains('s'),
                    kind: field(3).to_owned(),
                    fingerprint: String::new(),
                }),
                _ => {}
            }
        }
        keys
    }
}
