//! What may stand between the provider and the API: TLS with an authority of one's own,
//! a proxy, a line that is cut after every answer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::scene::Scene;

/// Something that listens, and how often it was connected to.
pub struct Front {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Front {
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Handles each connection in a task of its own.
    fn listen<F>(scene: &Scene, handle: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        scene.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let connections = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&connections);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(handle(stream));
                }
            });
            Self {
                address,
                connections,
            }
        })
    }

    /// TLS before the simulator.
    pub fn tls(scene: &Scene, server: &Server, protocols: &[&str]) -> Self {
        let mut config = ServerConfig::clone(&server.config);
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let upstream = scene.address();
        Self::listen(scene, move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                let mut upstream = TcpStream::connect(upstream).await.ok()?;
                copy_bidirectional(&mut stream, &mut upstream).await.ok()?;
                Some(())
            }
        })
    }

    /// The files of a folder, over TLS, each as what its name says: JSON, or just bytes.
    pub fn files(scene: &Scene, server: &Server, folder: PathBuf) -> Self {
        let acceptor = TlsAcceptor::from(Arc::clone(&server.config));
        Self::listen(scene, move |stream| {
            let (acceptor, folder) = (acceptor.clone(), folder.clone());
            async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.ok()?);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1)?.trim_start_matches('/');
                let (status, body) = match std::fs::read(folder.join(path)) {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let kind = match path.ends_with(".json") {
                    true => "application/json",
                    false => "application/octet-stream",
                };
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
                     connection: close\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).await.ok()?;
                stream.write_all(&body).await.ok()?;
                stream.shutdown().await.ok()
            }
        })
    }

    /// A proxy that asks for this credential (the value of the header, if any is wanted)
    /// and leads every CONNECT to the same place.
    pub fn proxy(scene: &Scene, credential: Option<&'static str>, to: SocketAddr) -> Self {
        Self::listen(scene, move |mut stream| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.ok()?);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            assert!(head.starts_with("connect api.example.test:"), "{head}");
            let wanted = credential.map(str::to_lowercase);
            if wanted.is_some_and(|wanted| !head.contains(&wanted)) {
                let no = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(no).await.ok()?;
                return None;
            }
            let yes = b"HTTP/1.1 200 Connection established\r\n\r\n";
            stream.write_all(yes).await.ok()?;
            let mut upstream = TcpStream::connect(to).await.ok()?;
            copy_bidirectional(&mut stream, &mut upstream).await.ok()?;
            Some(())
        })
    }

    /// A line to the simulator that is cut, without a word, once it is quiet for a moment.
    pub fn cutting(scene: &Scene) -> Self {
        let upstream = scene.address();
        Self::listen(scene, move |mut stream| async move {
            let mut upstream = TcpStream::connect(upstream).await.ok()?;
            let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
            let mut is_answered = false;
            loop {
                tokio::select! {
                    read = stream.read(&mut request) => {
                        is_answered = false;
                        let count = read.ok().filter(|count| *count > 0)?;
                        upstream.write_all(&request[..count]).await.ok()?;
                    }
                    read = upstream.read(&mut answer) => {
                        is_answered = true;
                        let count = read.ok().filter(|count| *count > 0)?;
                        stream.write_all(&answer[..count]).await.ok()?;
                    }
                    () = tokio::time::sleep(Duration::from_millis(20)), if is_answered => {
                        return Some(());
                    }
                }
            }
        })
    }
}

/// A server certificate and the authority that a client has to trust.
pub struct Server {
    pub authority: String,
    config: Arc<ServerConfig>,
}

impl Server {
    /// For these names, valid until the end of a year.
    pub fn named(names: &[&str], until: i32) -> Self {
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = ca.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(ca, key);
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut leaf = CertificateParams::new(names).unwrap();
        leaf.not_after = date_time_ymd(until, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&key, &issuer).unwrap();
        let private_key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private_key)
            .unwrap();
        Self {
            authority,
            config: Arc::new(config),
        }
    }
}
