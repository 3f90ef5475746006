//! The other side: starts the plugin as a host does and calls it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use prost::bytes::Buf;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use terraform_provider_aop::value::{Dynamic, Type, from_msgpack, to_msgpack};
use terraform_provider_aop::wire::pb::tfplugin6 as pb;
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

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

    pub fn socket(&self) -> PathBuf {
        PathBuf::from(&self.line[3])
    }

    /// Connects as the host.
    pub async fn connect(&self) -> Client {
        let config = self
            .identity
            .as_ref()
            .map(|identity| identity.client(&self.line[5]));
        connect(self.socket(), config).await.unwrap()
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
        connect(self.socket(), Some(config)).await
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

/// Connects to a socket, in plain without a TLS set-up.
pub async fn connect(socket: PathBuf, tls: Option<ClientConfig>) -> Result<Client, String> {
    let connector = service_fn(move |_| {
        let (socket, tls) = (socket.clone(), tls.clone());
        async move {
            let stream = UnixStream::connect(socket).await?;
            let stream: Box<dyn Stream> = match tls {
                None => Box::new(stream),
                Some(config) => {
                    let name = ServerName::try_from("localhost").unwrap();
                    let connector = TlsConnector::from(Arc::new(config));
                    let stream = connector.connect(name, stream).await?;
                    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
                    Box::new(stream)
                }
            };
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    let endpoint = Endpoint::from_static("http://localhost").timeout(Duration::from_secs(60));
    let channel = endpoint.connect_with_connector(connector).await;
    let channel = channel.map_err(|error| error.to_string())?;
    let mut client = Client { channel };
    // TLS 1.3 refuses a client certificate only after the client has finished.
    client
        .health("plugin")
        .await
        .map_err(|error| error.to_string())?;
    Ok(client)
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

/// Sends an empty message and leaves the answer as it is.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = ();
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = ();
    type Error = Status;

    fn encode(&mut self, (): (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

/// A connection to the plugin.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
}

impl Client {
    /// Calls a unary RPC of any service.
    pub async fn call_path<Q, A>(&mut self, path: &'static str, request: Q) -> Result<A, Status>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone())
            .max_decoding_message_size(256 << 20)
            .max_encoding_message_size(256 << 20);
        grpc.ready()
            .await
            .map_err(|error| Status::unknown(error.to_string()))?;
        let codec = tonic_prost::ProstCodec::<Q, A>::default();
        let path = PathAndQuery::from_static(path);
        let answer = grpc
            .unary(tonic::Request::new(request), path, codec)
            .await?;
        Ok(answer.into_inner())
    }

    pub async fn health(&mut self, service: &str) -> Result<i32, Status> {
        use terraform_provider_aop::wire::pb::health::{HealthCheckRequest, HealthCheckResponse};
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer: HealthCheckResponse = self
            .call_path("/grpc.health.v1.Health/Check", request)
            .await?;
        Ok(answer.status)
    }

    pub async fn shutdown(&mut self) {
        use terraform_provider_aop::wire::pb::plugin::Empty;
        // The answer may be lost, as hosts know.
        let _ = self
            .call_path::<_, Empty>("/plugin.GRPCController/Shutdown", Empty {})
            .await;
    }

    pub async fn schema(&mut self) -> pb::get_provider_schema::Response {
        let request = pb::get_provider_schema::Request {};
        self.call_path("/tfplugin6.Provider/GetProviderSchema", request)
            .await
            .unwrap()
    }

    /// The schema as it comes over the wire, unread.
    pub async fn schema_bytes(&mut self) -> Vec<u8> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static("/tfplugin6.Provider/GetProviderSchema");
        let answer = grpc.unary(tonic::Request::new(()), path, Raw).await;
        answer.unwrap().into_inner()
    }

    pub async fn configure(&mut self, values: &[(&str, Dynamic)]) -> Vec<pb::Diagnostic> {
        let schema = self.schema().await;
        let ty = block_type(&schema.provider.unwrap());
        let request = pb::configure_provider::Request {
            terraform_version: "1.14.0".to_owned(),
            config: Some(encode(&object(&ty, values), &ty)),
            ..Default::default()
        };
        let answer: pb::configure_provider::Response = self
            .call_path("/tfplugin6.Provider/ConfigureProvider", request)
            .await
            .unwrap();
        answer.diagnostics
    }
}

/// The type of a schema's block, made from the answer alone.
pub fn block_type(schema: &pb::Schema) -> Type {
    attributes_type(&schema.block.as_ref().unwrap().attributes)
}

fn attributes_type(attributes: &[pb::schema::Attribute]) -> Type {
    let typed = attributes.iter().map(|attribute| {
        let ty = match &attribute.nested_type {
            None => Type::from_json(&attribute.r#type).unwrap(),
            Some(nested) => match nested.nesting() {
                pb::schema::object::NestingMode::Single => attributes_type(&nested.attributes),
                pb::schema::object::NestingMode::Map => {
                    Type::Map(Box::new(attributes_type(&nested.attributes)))
                }
                other => unreachable!("{other:?} is not used"),
            },
        };
        (attribute.name.clone(), ty)
    });
    Type::Object(typed.collect())
}

/// An object of this type with these attributes and nulls.
pub fn object(ty: &Type, values: &[(&str, Dynamic)]) -> Dynamic {
    let Type::Object(attributes) = ty else {
        unreachable!("blocks are objects")
    };
    let entries = attributes.keys().map(|name| {
        let value = values.iter().find(|(given, _)| given == name);
        (
            name.clone(),
            value.map_or(Dynamic::Null, |(_, value)| value.clone()),
        )
    });
    Dynamic::Map(entries.collect())
}

pub fn encode(value: &Dynamic, ty: &Type) -> pb::DynamicValue {
    pb::DynamicValue {
        msgpack: to_msgpack(value, ty).unwrap(),
        json: Vec::new(),
    }
}

pub fn decode(value: Option<pb::DynamicValue>, ty: &Type) -> Dynamic {
    let bytes = value.unwrap_or_default().msgpack;
    if bytes.is_empty() {
        return Dynamic::Null;
    }
    from_msgpack(&bytes, ty).unwrap()
}

/// An attribute of an object.
pub fn get<'v>(value: &'v Dynamic, name: &str) -> &'v Dynamic {
    match value {
        Dynamic::Map(entries) => &entries[name],
        other => unreachable!("{other:?} is no object"),
    }
}

/// The attribute that a diagnostic points at.
pub fn attribute(diagnostic: &pb::Diagnostic) -> String {
    use pb::attribute_path::step::Selector;
    let steps = diagnostic.attribute.iter().flat_map(|path| &path.steps);
    let names = steps.map(|step| match step.selector.as_ref().unwrap() {
        Selector::AttributeName(name) => name.clone(),
        Selector::ElementKeyString(key) => format!("[{key}]"),
        Selector::ElementKeyInt(index) => format!("[{index}]"),
    });
    names.collect::<Vec<_>>().join(".")
}
