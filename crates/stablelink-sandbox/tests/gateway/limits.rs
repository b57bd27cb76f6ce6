//! Tests of the limits of the server, with real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use stablelink_sandbox::{Sandbox, SandboxSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::caller::{Caller, by_credentials};

async fn start(change: impl FnOnce(&mut SandboxSettings)) -> Sandbox {
    Sandbox::builder().settings(change).start().await.unwrap()
}

/// Sends bytes, and reads until the server closes the connection.
pub(crate) async fn exchange(address: SocketAddr, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Both can fail if the server closed the connection already.
    let _ = stream.write_all(sent).await;
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    String::from_utf8_lossy(&response).into_owned()
}

async fn still_serves(sandbox: &Sandbox) {
    let token = by_credentials(sandbox.url(), &sandbox.credentials()).await;
    assert_eq!(token.status, 200);
}

const HEAD: &str = "POST /checkout/order/list HTTP/1.1\r\nhost: sandbox\r\n";

#[tokio::test]
async fn slow_head_closes_the_connection() {
    let sandbox = start(|settings| settings.header_timeout = Duration::from_millis(50)).await;
    for sent in ["", "P", HEAD] {
        let response = exchange(sandbox.address(), sent.as_bytes()).await;
        assert!(
            response.is_empty() || response.starts_with("HTTP/1.1 408"),
            "{response}"
        );
    }
    assert_eq!(sandbox.request_count(), 0);
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn slow_body_is_rejected() {
    let sandbox = start(|settings| settings.body_timeout = Duration::from_millis(50)).await;
    let sent = format!("{HEAD}content-length: 10\r\n\r\n{{");
    let response = exchange(sandbox.address(), sent.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");
    assert!(response.contains("00911"), "{response}");
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn too_large_content_length_is_rejected_at_once() {
    let sandbox = Sandbox::start().await.unwrap();
    // hyper rejects a length beyond its own maximum as an invalid header.
    for (length, status) in [("33554433", "413"), ("18446744073709551615", "431")] {
        let sent = format!("{HEAD}content-length: {length}\r\n\r\n{{}}");
        let response = exchange(sandbox.address(), sent.as_bytes()).await;
        assert_eq!(response.get(9..12), Some(status), "{response}");
    }
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn invalid_http_closes_the_connection() {
    let sandbox = Sandbox::start().await.unwrap();
    let long = format!("{HEAD}x: {}\r\n\r\n", "x".repeat(1_000_000));
    let many = format!("{HEAD}{}\r\n", "x: y\r\n".repeat(1000));
    for sent in ["\u{16}\u{3}\u{1} TLS\r\n\r\n", &long, &many] {
        let response = exchange(sandbox.address(), sent.as_bytes()).await;
        assert!(
            response.is_empty() || response.starts_with("HTTP/1.1 4"),
            "{response}"
        );
    }
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn connection_beyond_the_limit_is_rejected() {
    let sandbox = start(|settings| settings.max_connections = 3).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        // The response shows that the server accepted the connection.
        let sent = "GET /nothing HTTP/1.1\r\nhost: sandbox\r\n\r\n";
        stream.write_all(sent.as_bytes()).await.unwrap();
        assert_ne!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        open.push(stream);
    }
    for _ in 0..20 {
        let response = exchange(sandbox.address(), b"").await;
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
    }
    drop(open);
    let request = "GET /nothing HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n";
    // Repeats until the server noticed that they were closed.
    while !exchange(sandbox.address(), request.as_bytes())
        .await
        .starts_with("HTTP/1.1 404")
    {}
    still_serves(&sandbox).await;
}

/// A body is kept as a whole only for a valid token. Without one it is read and dropped.
#[tokio::test]
async fn body_without_a_valid_token_is_read_but_not_kept() {
    let sandbox = start(|settings| {
        settings.logged_body_bytes = 10;
        settings.total_body_limit = 1_000;
    })
    .await;
    let body = format!("{{}}{}", " ".repeat(100_000));
    for token in ["unknown", ""] {
        let caller = Caller::with_token(&sandbox, token);
        let rejection = caller.post("/checkout/order/list", &body).await;
        assert_eq!(rejection.status, 401, "{}", rejection.body);
        let record = sandbox.requests().pop().unwrap();
        assert_eq!((record.body.len(), record.body_length), (10, body.len()));
    }
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn bodies_beyond_the_limit_of_their_sum_are_rejected() {
    let sandbox = start(|settings| settings.total_body_limit = 100_000).await;
    let caller = Caller::new(&sandbox).await;
    let list = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
    // The body of a request that is still being received.
    let mut open = TcpStream::connect(sandbox.address()).await.unwrap();
    let token = &caller.token;
    let head = format!("{HEAD}authorization: bearer {token}\r\ncontent-length: 99999\r\n\r\n");
    open.write_all(head.as_bytes()).await.unwrap();
    open.write_all(list(60_000).as_bytes()).await.unwrap();
    let path = "/checkout/order/list";
    let rejection = loop {
        let response = caller.post(path, &list(50_000)).await;
        // The server has not received the open body yet.
        if response.status != 200 {
            break response;
        }
    };
    assert_eq!(rejection.status, 503);
    rejection.rejected("00912");
    caller.post(path, &list(30_000)).await.ok();
    drop(open);
    while caller.post(path, &list(50_000)).await.status != 200 {}
}

/// Heads and bodies in the log have a limit of their sum, so that requests cannot fill the memory.
#[tokio::test]
async fn request_log_has_a_limit_in_bytes() {
    let sandbox = start(|settings| settings.request_log_bytes = 10_000).await;
    let url = format!("{}/nowhere", sandbox.url());
    let client = crate::caller::http();
    for _ in 0..20 {
        let request = client.post(&url).header("x-a", "y".repeat(1_000));
        let response = request.body("z".repeat(1_000)).send().await.unwrap();
        assert_eq!(response.status(), 404);
    }
    assert_eq!(sandbox.request_count(), 20);
    let log = sandbox.requests();
    assert_eq!(log.last().map(|it| it.number), Some(19));
    assert_eq!(log.len(), 4, "of more than 2,000 bytes each");
}

/// The timeout of a body starts with its first byte, so that sending single bytes does not extend it.
#[tokio::test]
async fn body_in_single_bytes_is_rejected() {
    let sandbox = start(|settings| settings.body_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let head = format!("{HEAD}content-length: 33554432\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut response = [0; 12];
    let drip = async {
        // The loop ends with an error when the server closes the connection.
        while writing.write_all(b" ").await.is_ok() {
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        read = reading.read_exact(&mut response) => assert_eq!(read.unwrap(), 12),
        () = drip => {}
    }
    assert_eq!(&response, b"HTTP/1.1 408");
    still_serves(&sandbox).await;
}

/// A body without a length is rejected when it exceeds the limit, before its end.
#[tokio::test]
async fn endless_body_is_rejected() {
    let sandbox = start(|settings| settings.body_limit = 10_000).await;
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let chunk = format!("3e8\r\n{}\r\n", " ".repeat(1000));
    let mut response = [0; 12];
    let endless = async {
        while writing.write_all(chunk.as_bytes()).await.is_ok() {
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        read = reading.read_exact(&mut response) => assert_eq!(read.unwrap(), 12),
        () = endless => {}
    }
    assert_eq!(&response, b"HTTP/1.1 413");
    still_serves(&sandbox).await;
}

/// Slow heads on all connections block new ones only until the timeout of the heads.
#[tokio::test]
async fn slow_heads_block_connections_only_until_the_timeout() {
    let sandbox = start(|settings| {
        settings.max_connections = 8;
        settings.header_timeout = Duration::from_millis(500);
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let request = "GET /nothing HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n";
    let mut rejected = 0;
    while !exchange(sandbox.address(), request.as_bytes())
        .await
        .starts_with("HTTP/1.1 404")
    {
        rejected += 1;
    }
    assert!(rejected > 0, "all connections were in use");
    still_serves(&sandbox).await;
}

/// Each of many connections beyond the limit is served or rejected, and the server continues.
#[tokio::test]
async fn server_survives_many_connections_at_once() {
    let sandbox = start(|settings| settings.max_connections = 16).await;
    let request = "GET /nothing HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n";
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..400 {
        flood.spawn(exchange_of(sandbox.address(), request));
    }
    let mut served = 0;
    while let Some(response) = flood.join_next().await {
        let response = response.unwrap();
        // Data that was sent on a rejected connection causes a reset, which can overtake the response.
        let rejected = response.is_empty() || response.starts_with("HTTP/1.1 503");
        assert!(
            rejected || response.starts_with("HTTP/1.1 404"),
            "{response}"
        );
        served += usize::from(!rejected);
    }
    assert!(served >= 16, "{served}");
    still_serves(&sandbox).await;
}

async fn exchange_of(address: SocketAddr, sent: &'static str) -> String {
    exchange(address, sent.as_bytes()).await
}
