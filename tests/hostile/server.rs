//! An HTTP server that answers whatever a test wants, well-formed or not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a request gets.
pub enum Reply {
    /// JSON with this status.
    Json(u16, String),
    /// JSON with this status and these headers.
    With(u16, Vec<(&'static str, String)>, String),
    /// These bytes, and then these again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, one every so often.
    Slowly(Vec<u8>, Duration),
}

/// A request, as far as anybody looks at it.
pub struct Asked {
    /// Such as `GET /client/v4/zones/…`.
    pub line: String,
    /// How many came before it.
    pub number: usize,
    /// The whole head, with the credential.
    pub head: String,
}

/// A server that is listening.
pub struct Hostile {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hostile {
    /// Answers every request with what `reply` says.
    pub async fn serve(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/client/v4", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (reply, log) = (Arc::new(reply), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, log) = (Arc::clone(&reply), Arc::clone(&log));
                // A client that goes away is no mistake.
                tokio::spawn(async move { answer(stream, &*reply, &log).await.ok() });
            }
        });
        Self { url, asked }
    }

    /// The requests so far, by method and path.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    mut stream: TcpStream,
    reply: &(dyn Fn(&Asked) -> Reply + Send + Sync),
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some(end) = buffer.windows(4).position(|part| part == b"\r\n\r\n") else {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().unwrap())
        });
        let whole = end + 4 + length.unwrap_or(0);
        while buffer.len() < whole {
            stream.read_buf(&mut buffer).await?;
        }
        buffer.drain(..whole);
        let line = head.lines().next().unwrap().replace(" HTTP/1.1", "");
        let number = {
            let mut log = log.lock().unwrap();
            log.push(line.clone());
            log.len() - 1
        };
        let asked = Asked { line, number, head };
        match reply(&asked) {
            Reply::Json(status, body) => send(&mut stream, status, &[], &body).await?,
            Reply::With(status, headers, body) => {
                send(&mut stream, status, &headers, &body).await?;
            }
            Reply::Endless(first, again) => {
                stream.write_all(&first).await?;
                loop {
                    stream.write_all(&again).await?;
                }
            }
            Reply::Slowly(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

async fn send(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(&'static str, String)],
    body: &str,
) -> std::io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {status} Odd\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}
