//! A host's connection to the plugin, and the values that go over it.

use std::sync::Arc;
use std::time::Duration;

use framework::value::{Dynamic, Type, from_msgpack, to_msgpack};
use framework::wire::pb::tfplugin6 as pb;
use hyper_util::rt::TokioIo;
use prost::bytes::Buf;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// Connects to where the handshake line says, in plain without a TLS set-up.
pub async fn connect(
    (network, address): (String, String),
    tls: Option<ClientConfig>,
) -> Result<Client, String> {
    let connector = service_fn(move |_| {
        let (network, address, tls) = (network.clone(), address.clone(), tls.clone());
        async move {
            let stream: Box<dyn Stream> = match network.as_str() {
                "unix" => Box::new(UnixStream::connect(address).await?),
                _ => Box::new(TcpStream::connect(address).await?),
            };
            let stream: Box<dyn Stream> = match tls {
                None => stream,
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

    /// Calls an RPC that answers with a stream.
    pub async fn call_stream<Q, A>(
        &mut self,
        path: &'static str,
        request: Q,
    ) -> Result<tonic::Streaming<A>, Status>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready()
            .await
            .map_err(|error| Status::unknown(error.to_string()))?;
        let codec = tonic_prost::ProstCodec::<Q, A>::default();
        let path = PathAndQuery::from_static(path);
        let answer = grpc
            .server_streaming(tonic::Request::new(request), path, codec)
            .await?;
        Ok(answer.into_inner())
    }

    pub async fn health(&mut self, service: &str) -> Result<i32, Status> {
        use framework::wire::pb::health::{HealthCheckRequest, HealthCheckResponse};
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer: HealthCheckResponse = self
            .call_path("/grpc.health.v1.Health/Check", request)
            .await?;
        Ok(answer.status)
    }

    pub async fn shutdown(&mut self) {
        use framework::wire::pb::plugin::Empty;
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
                pb::schema::object::NestingMode::List => {
                    Type::List(Box::new(attributes_type(&nested.attributes)))
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
        Dynamic::Map(entries) => entries.get(name).unwrap(),
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
