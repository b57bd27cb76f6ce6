//! What the server refuses, with real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use stablelink_sandbox::{Sandbox, SandboxSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::caller::by_credentials;

async fn start(change: impl FnOnce(&mut SandboxSettings)) -> Sandbox {
    Sandbox::builder().settings(change).start().await.unwrap()
}

/// Sends this and reads until the server closes the connection.
async fn exchange(address: SocketAddr, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Both may meet a connection that is closed already.
    let _ = stream.write_all(sent).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn still_serves(sandbox: &Sandbox) {
    let token = by_credentials(sandbox.url(), &sandbox.credentials()).await;
    assert_eq!(token.status, 200);
}

const HEAD: &str = "POST /checkout/order/list HTTP/1.1\r\nhost: sandbox\r\n";

#[tokio::test]
async fn a_slow_head_ends_the_connection() {
    let sandbox = start(|settings| settings.header_timeout = Duration::from_millis(50)).await;
    for sent in ["", "P", HEAD] {
        let answer = exchange(sandbox.address(), sent.as_bytes()).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
    assert_eq!(sandbox.request_count(), 0);
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn a_slow_body_is_refused() {
    let sandbox = start(|settings| settings.body_timeout = Duration::from_millis(50)).await;
    let sent = format!("{HEAD}content-length: 10\r\n\r\n{{");
    let answer = exchange(sandbox.address(), sent.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("00911"), "{answer}");
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn a_body_that_says_it_is_too_long_is_not_waited_for() {
    let sandbox = Sandbox::start().await.unwrap();
    // Above what hyper itself believes, it is refused as a header.
    for (length, status) in [("33554433", "413"), ("18446744073709551615", "431")] {
        let sent = format!("{HEAD}content-length: {length}\r\n\r\n{{}}");
        let answer = exchange(sandbox.address(), sent.as_bytes()).await;
        assert_eq!(answer.get(9..12), Some(status), "{answer}");
    }
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn what_is_no_http_ends_the_connection() {
    let sandbox = Sandbox::start().await.unwrap();
    let long = format!("{HEAD}x: {}\r\n\r\n", "x".repeat(1_000_000));
    let many = format!("{HEAD}{}\r\n", "x: y\r\n".repeat(1000));
    for sent in ["\u{16}\u{3}\u{1} TLS\r\n\r\n", &long, &many] {
        let answer = exchange(sandbox.address(), sent.as_bytes()).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    still_serves(&sandbox).await;
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away() {
    let sandbox = start(|settings| settings.max_connections = 3).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        // Answered: it is one of those that are served.
        let sent = "GET /nothing HTTP/1.1\r\nhost: sandbox\r\n\r\n";
        stream.write_all(sent.as_bytes()).await.unwrap();
        assert_ne!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        open.push(stream);
    }
    for _ in 0..20 {
        let answer = exchange(sandbox.address(), b"").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    drop(open);
    let request = "GET /nothing HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n";
    // Until the server has seen them close.
    while !exchange(sandbox.address(), request.as_bytes())
        .await
        .starts_with("HTTP/1.1 404")
    {}
    still_serves(&sandbox).await;
}

/// A body may not come byte by byte for ever: its time counts from its start, not from its last byte.
#[tokio::test]
async fn a_body_that_drips_is_refused() {
    let sandbox = start(|settings| settings.body_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let head = format!("{HEAD}content-length: 33554432\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut answer = [0; 12];
    let drip = async {
        // Ends by an error when the server closes the connection, if not by the answer before.
        while writing.write_all(b" ").await.is_ok() {
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        read = reading.read_exact(&mut answer) => assert_eq!(read.unwrap(), 12),
        () = drip => {}
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
    still_serves(&sandbox).await;
}

/// One without a length is refused where it goes beyond the limit, and not read to its end, which never comes.
#[tokio::test]
async fn a_body_without_an_end_is_refused() {
    let sandbox = start(|settings| settings.body_limit = 10_000).await;
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let chunk = format!("3e8\r\n{}\r\n", " ".repeat(1000));
    let mut answer = [0; 12];
    let endless = async {
        while writing.write_all(chunk.as_bytes()).await.is_ok() {
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        read = reading.read_exact(&mut answer) => assert_eq!(read.unwrap(), 12),
        () = endless => {}
    }
    assert_eq!(&answer, b"HTTP/1.1 413");
    still_serves(&sandbox).await;
}

/// Slow heads on all connections keep others out for as long as a head may take, and no longer.
#[tokio::test]
async fn slow_heads_keep_nobody_out_for_long() {
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
    let mut turned_away = 0;
    while !exchange(sandbox.address(), request.as_bytes())
        .await
        .starts_with("HTTP/1.1 404")
    {
        turned_away += 1;
    }
    assert!(turned_away > 0, "all connections were taken");
    still_serves(&sandbox).await;
}

/// Far more connections at once than there is room for: each is served or turned away, and the server goes on.
#[tokio::test]
async fn a_flood_of_connections_passes() {
    let sandbox = start(|settings| settings.max_connections = 16).await;
    let request = "GET /nothing HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n";
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..400 {
        flood.spawn(exchange_of(sandbox.address(), request));
    }
    let mut served = 0;
    while let Some(answer) = flood.join_next().await {
        let answer = answer.unwrap();
        // What was sent to a connection that was turned away makes it end by a reset, which may overtake the answer.
        let turned_away = answer.is_empty() || answer.starts_with("HTTP/1.1 503");
        assert!(
            turned_away || answer.starts_with("HTTP/1.1 404"),
            "{answer}"
        );
        served += usize::from(!turned_away);
    }
    assert!(served >= 16, "{served}");
    still_serves(&sandbox).await;
}

async fn exchange_of(address: SocketAddr, sent: &'static str) -> String {
    exchange(address, sent.as_bytes()).await
}
