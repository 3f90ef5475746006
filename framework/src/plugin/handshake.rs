//! What the host says through the environment, and the one line it gets back.

#[cfg(unix)]
use std::collections::HashSet;
use std::env;
use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;

use super::Program;

/// The value that tells a plugin's start by a host from a start by hand. It is
/// the same for Terraform and OpenTofu and guards nothing.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);
/// The version of the handshake line itself.
const CORE_PROTOCOL: u8 = 1;
/// The major version of the provider protocol. A host that does not speak it
/// says so itself when it reads the line.
pub(super) const PROTOCOL: u8 = 6;

/// What the host asked for.
pub struct Handshake {
    /// The only certificate a client may present, PEM. Without it there is no TLS.
    pub(super) client_certificate: Option<String>,
    /// Whether the host knows the seventh field of the line.
    pub(super) multiplex: bool,
    /// Where the socket goes, and who may use it.
    pub(super) place: Place,
}

/// Where the listener goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The directory that the host wants the socket in; otherwise the system's for temporary
    /// files.
    #[cfg_attr(
        not(unix),
        expect(dead_code, reason = "only UNIX sockets stand in a directory")
    )]
    pub(super) directory: Option<PathBuf>,
    /// The group, by name or number, that may use the socket.
    #[cfg_attr(
        not(unix),
        expect(dead_code, reason = "only UNIX sockets belong to a group")
    )]
    pub(super) group: Option<String>,
    /// Ports to try where there can be no socket in the file system.
    pub(super) ports: (u16, u16),
}

impl Place {
    /// Where a socket may go, in the order of trying.
    #[cfg(unix)]
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let asked = self.directory.clone();
        let usual = [
            env::temp_dir(),
            "/tmp".into(),
            "/var/tmp".into(),
            "/dev/shm".into(),
        ];
        let own = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let mut folders: Vec<PathBuf> = asked.into_iter().chain(usual).chain(own).collect();
        folders.retain(|folder| folder.is_absolute());
        let mut seen = HashSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders
    }
}

/// The program was started by hand.
#[derive(Debug)]
pub struct NotAPlugin {
    about: &'static str,
}

impl std::error::Error for NotAPlugin {}

impl fmt::Display for NotAPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\nIt is not meant to be run by hand: Terraform and OpenTofu start it themselves.\n\
             Run `terraform plan` or `tofu plan` in a configuration that requires it, or see --help.",
            self.about
        )
    }
}

impl Handshake {
    /// Reads the environment.
    pub fn from_env(program: &Program) -> Result<Self, NotAPlugin> {
        if env::var(COOKIE.0).as_deref() != Ok(COOKIE.1) {
            return Err(NotAPlugin {
                about: program.about,
            });
        }
        // What is set but not text must not count as absent: without a client
        // certificate there would be no TLS. It fails as what it is not.
        let set = |name: &str| {
            let value = env::var_os(name).filter(|value| !value.is_empty())?;
            Some(value.to_string_lossy().into_owned())
        };
        let port = |name| set(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Self {
            client_certificate: set("PLUGIN_CLIENT_CERT"),
            multiplex: set("PLUGIN_MULTIPLEX_GRPC").is_some(),
            place: Place {
                directory: env::var_os("PLUGIN_UNIX_SOCKET_DIR")
                    .filter(|value| !value.is_empty())
                    .map(PathBuf::from),
                group: set("PLUGIN_UNIX_SOCKET_GROUP"),
                ports: (port("PLUGIN_MIN_PORT"), port("PLUGIN_MAX_PORT")),
            },
        })
    }

    /// The line for standard output, without its end. An old host would take a
    /// seventh field for a part of the certificate, so it goes only to one that asked.
    pub(super) fn line(
        &self,
        network: &str,
        address: &str,
        certificate: Option<&CertificateDer<'_>>,
    ) -> String {
        let certificate = certificate.map_or(String::new(), |der| STANDARD_NO_PAD.encode(der));
        let multiplex = if self.multiplex { "|false" } else { "" };
        format!("{CORE_PROTOCOL}|{PROTOCOL}|{network}|{address}|grpc|{certificate}{multiplex}")
    }
}
