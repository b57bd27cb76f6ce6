//! A small HTTP server with one request and one thread for each connection.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use flate2::{Compression, read::GzEncoder};

/// The path of the request that stops the server.
const STOP: &str = "/-stop-";

/// A received request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers with lower-case names.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// How a reply ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// The connection closes after half of the body.
    Cut,
    /// The body is complete, but there is no length.
    Unmeasured,
    /// The server stops after half of the body until the client closes.
    Stalled,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    end: End,
}

impl Reply {
    /// Creates a reply with a body.
    pub fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            body: body.into(),
            end: End::Whole,
        }
    }

    /// Creates a reply with a status and a short body.
    pub fn status(status: u16) -> Self {
        Self::new(status, "text/plain", format!("{status}\n"))
    }

    /// Creates a Markdown reply.
    pub fn markdown(text: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/markdown; charset=utf-8", text)
    }

    /// Creates a published JSON reply: the data in its envelope.
    pub fn json(data: serde_json::Value) -> Self {
        let body = serde_json::json!({"success": true, "data": data}).to_string();
        Self::new(200, "application/json", body)
    }

    /// Creates an error response in the format of the published JSON.
    pub fn refused(status: u16, code: u32, message: &str) -> Self {
        let body =
            serde_json::json!({"success": false, "errorCode": code, "errorMessage": message});
        Self::new(status, "application/json", body.to_string())
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Compresses the body with gzip.
    #[must_use]
    pub fn gzipped(mut self) -> Self {
        let mut body = Vec::new();
        let mut encoder = GzEncoder::new(self.body.as_slice(), Compression::fast());
        // Reading from memory does not fail.
        let _ = encoder.read_to_end(&mut body);
        self.body = body;
        self.with_header("Content-Encoding", "gzip")
    }

    /// Truncates the body; the length is that of the whole body.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.end = End::Cut;
        self
    }

    /// Omits the length; the body ends with the connection.
    #[must_use]
    pub fn unmeasured(mut self) -> Self {
        self.end = End::Unmeasured;
        self
    }

    /// Makes the reply never end.
    #[must_use]
    pub fn stalled(mut self) -> Self {
        self.end = End::Stalled;
        self
    }
}

/// Serves on its own threads until [`stop`].
pub(super) fn start(
    handler: impl Fn(Request) -> Reply + Send + Sync + 'static,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let handler = Arc::new(handler);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(Some(request)) = read(&stream) else {
                continue;
            };
            if request.target == STOP {
                return;
            }
            let handler = Arc::clone(&handler);
            thread::spawn(move || write(stream, &handler(request)));
        }
    });
    Ok(address)
}

/// Stops a server. Running requests are completed.
pub(super) fn stop(address: SocketAddr) {
    if let Ok(mut stream) = TcpStream::connect(address) {
        let _ = write!(stream, "GET {STOP} HTTP/1.1\r\n\r\n");
    }
}

fn read(stream: &TcpStream) -> io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut parts = first.split(' ');
    let (Some(method), Some(target)) = (parts.next(), parts.next()) else {
        return Ok(None);
    };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None => break,
        }
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    let mut body = String::new();
    reader.take(length.unwrap_or(0)).read_to_string(&mut body)?;
    Ok(Some(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body,
    }))
}

fn write(mut stream: TcpStream, reply: &Reply) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} -\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.end != End::Unmeasured {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if matches!(reply.end, End::Whole | End::Unmeasured) {
        return stream.write_all(&reply.body);
    }
    stream.write_all(&reply.body[..reply.body.len() / 2])?;
    stream.flush()?;
    if reply.end == End::Stalled {
        // Returns when the client closes the connection.
        stream.read_to_end(&mut Vec::new())?;
    }
    Ok(())
}
