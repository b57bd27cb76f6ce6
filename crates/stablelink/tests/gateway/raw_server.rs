//! A server that sends the bytes that a test specifies.

use std::sync::Arc;
use std::time::Duration;

use stablelink::{ClientBuilder, Credentials, Environment};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The response to a request.
pub(crate) enum Say {
    /// Sends these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// Sends this head and a body that ends only when the client closes the connection.
    Endless(Vec<u8>),
    /// Sends these bytes again and again until the client closes the connection.
    Repeat(Vec<u8>),
    /// Sends these bytes in steps with pauses between them, and closes the connection.
    Drip {
        bytes: Vec<u8>,
        step: usize,
        pause: Duration,
    },
}

/// A server on its own port.
pub(crate) struct Raw {
    url: String,
    accepting: JoinHandle<()>,
}

impl Raw {
    /// Responds to each request with the result of `say` for its first line.
    pub(crate) async fn start(say: impl Fn(&str) -> Say + Send + Sync + 'static) -> Self {
        let say: Arc<dyn Fn(&str) -> Say + Send + Sync> = Arc::new(say);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&say)));
            }
        });
        Self { url, accepting }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Returns a client of this server.
    pub(crate) fn client(&self) -> ClientBuilder {
        stablelink::Client::builder()
            .environment(Environment::at(&self.url).unwrap())
            .credentials(Credentials::new("key", "secret", "sign"))
            .retry(crate::setup::quick())
    }

    /// Sends a token to token requests, and these bytes to all others.
    pub(crate) fn token_or(first_line: &str, bytes: &str) -> Say {
        const TOKEN: &str = r#"{"retcode":200,"retdata":{"access_token":"t","expires_in":21600}}"#;
        if first_line.contains("/oauth2/token") {
            return Say::Bytes(Self::answer("200 OK", TOKEN).into_bytes());
        }
        Say::Bytes(bytes.as_bytes().to_vec())
    }

    /// Returns a complete response.
    pub(crate) fn answer(status: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }

    /// Returns an error whose body never ends.
    pub(crate) fn endless(status: u16) -> Say {
        let head = format!("HTTP/1.1 {status} Endless\r\nconnection: close\r\n\r\n");
        Say::Endless(head.into_bytes())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, say: Arc<dyn Fn(&str) -> Say + Send + Sync>) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    match say(text.lines().next().unwrap_or_default()) {
        Say::Bytes(bytes) => _ = stream.write_all(&bytes).await,
        Say::Endless(head) => {
            let mut sent = stream.write_all(&head).await;
            while sent.is_ok() {
                sent = stream.write_all(&[b'x'; 8 * 1024]).await;
            }
        }
        Say::Repeat(bytes) => while stream.write_all(&bytes).await.is_ok() {},
        Say::Drip { bytes, step, pause } => {
            for part in bytes.chunks(step) {
                if stream.write_all(part).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
}
