//! The plugin process, started as a host starts it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::client::{Client, connect};

pub const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// A host's one-time certificate, on P-521 as go-plugin makes it.
pub struct HostIdentity {
    pub pem: String,
    der: CertificateDer<'static>,
    key: Vec<u8>,
}

impl HostIdentity {
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            key: key.serialize_der(),
        }
    }

    /// A TLS client that trusts exactly this server.
    fn client(&self, server: &str) -> ClientConfig {
        let builder = trusting(server);
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let mut config = builder
            .with_client_auth_cert(vec![self.der.clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

fn trusting(server: &str) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let der = STANDARD_NO_PAD.decode(server).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(der)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
}

/// A plugin process that has said its line.
pub struct Plugin {
    pub child: Child,
    pub line: Vec<String>,
    pub identity: Option<HostIdentity>,
    stdout: BufReader<std::process::ChildStdout>,
    /// Holds the socket of a plugin that is killed.
    _directory: tempfile::TempDir,
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The provider that was built with the tests, or the one that is named, for benches.
pub fn program() -> PathBuf {
    let named = std::env::var_os("AOP_PROVIDER").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_terraform-provider-aop")))
}

/// The command that a host runs, with the cookie.
pub fn command() -> Command {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["TF_", "CLOUDFLARE_", "PLUGIN_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
    command
        .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Plugin {
    /// Starts it with mutual TLS, as hosts do.
    pub fn start() -> Self {
        Self::start_for(HostIdentity::new())
    }

    /// Starts it for this host.
    pub fn start_for(identity: HostIdentity) -> Self {
        let mut command = command();
        command.env("PLUGIN_CLIENT_CERT", &identity.pem);
        Self::run(command, Some(identity))
    }

    /// Runs a prepared command up to its line.
    pub fn run(mut command: Command, identity: Option<HostIdentity>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = "PLUGIN_UNIX_SOCKET_DIR";
        if !command.get_envs().any(|(name, _)| name == place) {
            command.env(place, directory.path());
        }
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let line = line.trim_end().split('|').map(str::to_owned).collect();
        Self {
            child,
            line,
            identity,
            stdout,
            _directory: directory,
        }
    }

    /// The network and the address of the line.
    fn address(&self) -> (String, String) {
        (self.line[2].clone(), self.line[3].clone())
    }

    pub fn socket(&self) -> PathBuf {
        PathBuf::from(&self.line[3])
    }

    /// Connects as the host.
    pub async fn connect(&self) -> Client {
        let config = self
            .identity
            .as_ref()
            .map(|identity| identity.client(&self.line[5]));
        connect(self.address(), config).await.unwrap()
    }

    /// Connects with another certificate, or with none.
    pub async fn connect_as(&self, other: Option<&HostIdentity>) -> Result<Client, String> {
        let config = match other {
            Some(other) => other.client(&self.line[5]),
            None => {
                let mut config = trusting(&self.line[5]).with_no_client_auth();
                config.alpn_protocols = vec![b"h2".to_vec()];
                config
            }
        };
        connect(self.address(), Some(config)).await
    }

    /// Waits for the end; answers the exit code and what came on both streams
    /// after the line.
    pub fn finish(mut self) -> (Option<i32>, String, String) {
        let status = self.child.wait().unwrap();
        let mut out = String::new();
        self.stdout.read_to_string(&mut out).unwrap();
        let mut err = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        (status.code(), out, err)
    }
}
