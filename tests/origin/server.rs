//! Real servers, from the PATH or out of the distribution's packages.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aop_simulator::pki::Authority;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use xtask::Tool;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Haproxy,
    Apache,
    Caddy,
}

/// The one version of TLS that it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Tls12,
    Tls13,
}

/// Whether it asks for a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    Always,
    Optionally,
    Never,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Nginx, Self::Haproxy, Self::Apache, Self::Caddy];

    fn tool(self) -> Tool {
        let (package, program) = match self {
            Self::Nginx => ("nginx", "usr/sbin/nginx"),
            Self::Haproxy => ("haproxy", "usr/sbin/haproxy"),
            Self::Apache => ("apache2-bin", "usr/sbin/apache2"),
            Self::Caddy => ("caddy", "usr/bin/caddy"),
        };
        Tool::obtain(package, program).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A server that runs. Dropped, it ends.
pub struct Server {
    /// The one whose certificates it accepts.
    pub authority: Authority,
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts it, and waits until it listens.
    pub fn start(kind: Kind, version: Version, asks: Asks) -> Self {
        Self::start_with(kind, version, asks, "")
    }

    /// The same, with this in its configuration of TLS.
    pub fn start_with(kind: Kind, version: Version, asks: Asks, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("Example origin CA").unwrap();
        fs::write(folder.path().join("ca.pem"), authority.certificate()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["app.example.com".to_owned()]).unwrap();
        let own = own.self_signed(&key).unwrap();
        let both = format!("{}{}", own.pem(), key.serialize_pem());
        fs::write(folder.path().join("own.pem"), both).unwrap();
        fs::write(folder.path().join("index.html"), "hello\n").unwrap();
        let port = free_port();
        let mut command = command(
            kind,
            folder.path(),
            &config(kind, folder.path(), port, version, asks)
                .replace("root ", &format!("{more}root ")),
        );
        command.current_dir(folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = Self {
            authority,
            child: command.spawn().unwrap(),
            port,
            _folder: folder,
        };
        server.wait();
        server
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a server that starts tells nobody when it listens"
    )]
    fn wait(&mut self) {
        for _ in 0..200 {
            if self.child.try_wait().unwrap().is_some() {
                let mut said = String::new();
                let _ = self.child.stderr.take().unwrap().read_to_string(&mut said);
                panic!("the server ended: {said}");
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not listen");
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn config(kind: Kind, folder: &Path, port: u16, version: Version, asks: Asks) -> String {
    let at = folder.display();
    let tls13 = version == Version::Tls13;
    match kind {
        Kind::Nginx => {
            let verify = match asks {
                Asks::Always => "on",
                Asks::Optionally => "optional",
                Asks::Never => "off",
            };
            let protocol = if tls13 { "TLSv1.3" } else { "TLSv1.2" };
            let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let places = places
                .map(|name| format!("{name}_temp_path {at}/{name};\n"))
                .concat();
            format!(
                "daemon off;\npid {at}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{places}server {{\n\
                 listen 127.0.0.1:{port} ssl;\nssl_certificate {at}/own.pem;\nssl_certificate_key \
                 {at}/own.pem;\nssl_protocols {protocol};\nssl_client_certificate {at}/ca.pem;\n\
                 ssl_verify_client {verify};\nroot {at};\n}}\n}}\n"
            )
        }
        Kind::Haproxy => {
            let verify = match asks {
                Asks::Always => "verify required ca-file ca.pem",
                Asks::Optionally => "verify optional ca-file ca.pem",
                Asks::Never => "",
            };
            let protocol = if tls13 { "TLSv1.3" } else { "TLSv1.2" };
            format!(
                "defaults\nmode http\ntimeout client 5s\ntimeout connect 5s\ntimeout server 5s\nfrontend \
                 f\nbind 127.0.0.1:{port} ssl crt own.pem {verify} ssl-min-ver {protocol} ssl-max-ver \
                 {protocol}\nhttp-request return status 200\n"
            )
        }
        Kind::Apache => {
            let verify = match asks {
                Asks::Always => "require",
                Asks::Optionally => "optional",
                Asks::Never => "none",
            };
            let protocol = if tls13 { "TLSv1.3" } else { "TLSv1.2" };
            let program = Kind::Apache.tool().program().display().to_string();
            let root = program
                .strip_suffix("usr/sbin/apache2")
                .unwrap_or("/")
                .to_owned();
            let module = |name: &str| {
                format!("LoadModule {name}_module {root}usr/lib/apache2/modules/mod_{name}.so\n")
            };
            let modules = [
                "mpm_event",
                "authz_core",
                "socache_shmcb",
                "ssl",
                "dir",
                "mime",
            ];
            let modules = modules.map(module).concat();
            format!(
                "ServerRoot {at}\nPidFile {at}/pid\nErrorLog {at}/log\nServerName app.example.com\n\
                 {modules}TypesConfig /dev/null\nListen 127.0.0.1:{port}\nDocumentRoot {at}\n\
                 DirectoryIndex index.html\nSSLEngine on\nSSLProtocol {protocol}\nSSLCertificateFile \
                 {at}/own.pem\nSSLCACertificateFile {at}/ca.pem\nSSLVerifyClient {verify}\nSSLVerifyDepth 2\n"
            )
        }
        Kind::Caddy => {
            let mode = match asks {
                Asks::Always => "require_and_verify",
                Asks::Optionally => "verify_if_given",
                Asks::Never => "",
            };
            let auth = match asks {
                Asks::Never => String::new(),
                _ => format!("client_auth {{\nmode {mode}\ntrusted_ca_cert_file {at}/ca.pem\n}}\n"),
            };
            let protocol = if tls13 { "tls1.3" } else { "tls1.2" };
            format!(
                "{{\nadmin off\nauto_https off\nstorage file_system {at}/caddy\n}}\nhttps://app.example.com:{port} \
                 {{\nbind 127.0.0.1\ntls {at}/own.pem {at}/own.pem {{\nprotocols {protocol} {protocol}\n\
                 {auth}}}\nrespond 200\n}}\n"
            )
        }
    }
}

fn command(kind: Kind, folder: &Path, config: &str) -> Command {
    let file = folder.join("config");
    fs::write(&file, config).unwrap();
    let (at, file) = (folder.display().to_string(), file.display().to_string());
    let mut command = kind.tool().command();
    match kind {
        Kind::Nginx => command.args(["-p", &at, "-e", "stderr", "-c", &file]),
        Kind::Haproxy => command.args(["-db", "-f", &file]),
        Kind::Apache => command.args(["-X", "-f", &file]),
        Kind::Caddy => command
            .args(["run", "--adapter", "caddyfile", "--config", &file])
            .env("HOME", &at)
            .env("XDG_CONFIG_HOME", &at),
    };
    command
}
