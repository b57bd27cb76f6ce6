//! Gateways on raw sockets that violate HTTP or JSON. Each call ends in time with a success or a typed error, and no payment is
//! reported as rejected or made without proof.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stablelink::{BoxFuture, CallPhase, Client, Credentials, Environment, Error, NewCheckoutOrder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::raw_server::{Raw, Say};
use crate::setup::{Call, never, nothing, order, outcome, quick, read};
use crate::watch::CheckedResult;

const SUCCESS: &str = r#"{"retcode":"200","retdata":{"orderNo":"7"},"success":true}"#;

/// Returns an order with the number that `SUCCESS` contains.
fn order_7() -> NewCheckoutOrder {
    order().with_order_no("7")
}

fn create_7(client: &Client) -> BoxFuture<'static, Result<(), Error>> {
    nothing(client.checkout_orders().create(&order_7()).into_future())
}

/// The deadline of calls whose response is unreadable.
const DEADLINE: Duration = Duration::from_secs(1);

/// The limit of a response, which is larger than each finite body of the table.
const MAX_SIZE: usize = 1_100_000;

/// The expected result of a call.
#[derive(Clone, Copy)]
enum Expected {
    /// The response is a success.
    Done,
    /// The response cannot be read, or it ends too early or too late.
    Unreadable,
}
use Expected::{Done, Unreadable};

fn bytes(text: &str) -> Say {
    Say::Bytes(text.as_bytes().to_vec())
}

/// Returns a success with these lines between the status line and the usual headers.
fn with_head(lines: &str) -> Say {
    bytes(&Raw::answer("200 OK", SUCCESS).replacen("\r\n", &format!("\r\n{lines}"), 1))
}

fn with_body(body: &[u8]) -> Say {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    Say::Bytes([head.as_bytes(), body].concat())
}

/// Returns a success whose `retdata` has a field with this value.
fn with_field(value: &str) -> Say {
    with_body(format!(r#"{{"retcode":"200","retdata":{{"orderNo":"7","a":{value}}}}}"#).as_bytes())
}

fn after_interim(status: &str, count: usize) -> Say {
    let interim = format!("HTTP/1.1 {status}\r\n\r\n").repeat(count);
    bytes(&(interim + &Raw::answer("200 OK", SUCCESS)))
}

fn utf16(text: &str, encode: fn(u16) -> [u8; 2]) -> Say {
    let body: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(encode)
        .collect();
    with_body(&body)
}

/// Returns the start of a gzip stream. The client asks for no compression and expands nothing, so that a small response cannot
/// fill the memory.
fn compressed() -> Say {
    let mut response =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n".to_vec();
    response.extend(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff");
    response.extend([0x18; 4_096]);
    Say::Bytes(response)
}

/// Sends a success in steps of this many bytes, with this pause in milliseconds between them.
fn drip(step: usize, pause: u64) -> Say {
    Say::Drip {
        bytes: Raw::answer("200 OK", SUCCESS).into_bytes(),
        step,
        pause: Duration::from_millis(pause),
    }
}

type Row = (&'static str, fn() -> Say, Expected);

const RESPONSES: &[Row] = &[
    // Interim responses.
    ("100", || after_interim("100 Continue", 1), Done),
    ("many 103", || after_interim("103 Early Hints", 200), Done),
    (
        "endless 103",
        || Say::Repeat(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".to_vec()),
        Unreadable,
    ),
    (
        "101 as the response",
        || bytes("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"),
        Unreadable,
    ),
    // Lengths.
    (
        "two equal lengths",
        || with_head("content-length: 58\r\n"),
        Done,
    ),
    (
        "two lengths",
        || with_head("content-length: 7\r\n"),
        Unreadable,
    ),
    (
        "list of two lengths",
        || {
            bytes(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 58, 7\r\n\r\n{SUCCESS}"
            ))
        },
        Unreadable,
    ),
    (
        "negative length",
        || with_head("content-length: -1\r\n"),
        Unreadable,
    ),
    (
        "huge length",
        || {
            bytes(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n{SUCCESS}"
            ))
        },
        Unreadable,
    ),
    (
        "short body",
        || {
            bytes(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 59\r\n\r\n{SUCCESS}"
            ))
        },
        Unreadable,
    ),
    (
        "no length",
        || {
            bytes(&format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{SUCCESS}"
            ))
        },
        Done,
    ),
    (
        "chunks",
        || {
            bytes(&format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3a\r\n{SUCCESS}\r\n0\r\n\r\n"
            ))
        },
        Done,
    ),
    (
        "length and chunks",
        || {
            bytes(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3a\r\n{SUCCESS}\r\n0\r\n\r\n"
            ))
        },
        Done,
    ),
    (
        "unfinished chunks",
        || {
            bytes(&format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3a\r\n{SUCCESS}\r\n"
            ))
        },
        Unreadable,
    ),
    (
        "huge chunk",
        || bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{"),
        Unreadable,
    ),
    // Heads.
    ("nothing", || bytes(""), Unreadable),
    ("not HTTP", || bytes("SSH-2.0-OpenSSH\r\n\r\n"), Unreadable),
    ("body only", || bytes(SUCCESS), Unreadable),
    (
        "status 000",
        || bytes(&Raw::answer("000 Zero", SUCCESS)),
        Unreadable,
    ),
    (
        "status 999",
        || bytes(&Raw::answer("999 High", SUCCESS)),
        Unreadable,
    ),
    (
        "status 204",
        || bytes("HTTP/1.1 204 No Content\r\n\r\n"),
        Unreadable,
    ),
    (
        "long header",
        || with_head(&format!("x: {}\r\n", "a".repeat(1_000_000))),
        Unreadable,
    ),
    (
        "many headers",
        || with_head(&"x: a\r\n".repeat(10_000)),
        Unreadable,
    ),
    (
        "zero byte in a header",
        || with_head("x: a\0b\r\n"),
        Unreadable,
    ),
    (
        "unreadable dates",
        || with_head("date: soon\r\ndate: \r\n"),
        Done,
    ),
    (
        "date in 1970",
        || with_head("date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"),
        Done,
    ),
    (
        "date in 9999",
        || with_head("date: Fri, 31 Dec 9999 23:59:59 GMT\r\n"),
        Done,
    ),
    // Bodies.
    ("compressed", compressed, Unreadable),
    ("endless body", || Raw::endless(200), Unreadable),
    (
        "byte order mark",
        || with_body(format!("\u{feff}{SUCCESS}").as_bytes()),
        Done,
    ),
    (
        "UTF-16, little-endian",
        || utf16(SUCCESS, u16::to_le_bytes),
        Unreadable,
    ),
    (
        "UTF-16, big-endian",
        || utf16(SUCCESS, u16::to_be_bytes),
        Unreadable,
    ),
    (
        "spaces after it",
        || with_body(format!("{SUCCESS}\r\n ").as_bytes()),
        Done,
    ),
    (
        "bytes after it",
        || with_body(format!("{SUCCESS}x").as_bytes()),
        Unreadable,
    ),
    (
        "two envelopes",
        || with_body(SUCCESS.repeat(2).as_bytes()),
        Unreadable,
    ),
    (
        "retcode twice",
        || with_body(br#"{"retcode":"00008","retdata":{},"retcode":"200"}"#),
        Unreadable,
    ),
    (
        "retcode twice, with an escape",
        || with_body(br#"{"retcode":"00008","retdata":{},"retcod\u0065":"200"}"#),
        Unreadable,
    ),
    (
        "retdata twice",
        || with_body(br#"{"retcode":"200","retdata":{},"retdata":{"orderNo":"A2"}}"#),
        Unreadable,
    ),
    (
        "success twice",
        || with_body(br#"{"retcode":"200","success":false,"retdata":{},"success":true}"#),
        Unreadable,
    ),
    (
        "invalid UTF-8",
        || with_body(b"{\"retcode\":\"200\xff\",\"retdata\":{}}"),
        Unreadable,
    ),
    (
        "10,000 levels",
        || with_field(&("[".repeat(10_000) + &"]".repeat(10_000))),
        Done,
    ),
    (
        "10,000 unfinished levels",
        || with_field(&"[".repeat(10_000)),
        Unreadable,
    ),
    (
        "number of 1,000,000 digits",
        || with_field(&"9".repeat(1_000_000)),
        Done,
    ),
    // Times.
    ("slow", || drip(8, 1), Done),
    (
        "a byte at a time until the deadline",
        || drip(1, 30),
        Unreadable,
    ),
];

/// A server that responds to calls as the current row of the table says, and its clients. Creating a client is slow.
struct HostileServer {
    raw: Raw,
    say: Arc<Mutex<fn() -> Say>>,
    requests: Arc<AtomicUsize>,
    /// The number of requests other than token requests since the start.
    calls: Arc<AtomicUsize>,
}

impl HostileServer {
    /// Starts a server that issues tokens, or one that responds to token requests as to calls.
    async fn start(issues_tokens: bool) -> Self {
        let say = Arc::new(Mutex::new((|| bytes("")) as fn() -> Say));
        let requests = Arc::<AtomicUsize>::default();
        let calls = Arc::<AtomicUsize>::default();
        let (current, counted) = (Arc::clone(&say), Arc::clone(&requests));
        let counted_calls = Arc::clone(&calls);
        let raw = Raw::start(move |line| {
            if issues_tokens && line.contains("/oauth2/token") {
                return Raw::token_or(line, "");
            }
            counted.fetch_add(1, Relaxed);
            if !line.contains("/oauth2/token") {
                counted_calls.fetch_add(1, Relaxed);
            }
            let say = *current.lock().unwrap();
            say()
        })
        .await;
        Self {
            raw,
            say,
            requests,
            calls,
        }
    }

    fn client(&self, deadline: Duration) -> Client {
        let client = self.raw.client().max_response_size(MAX_SIZE);
        let client = client.token_cooldown(Duration::ZERO).deadline(deadline);
        client.build().unwrap()
    }

    fn respond_with(&self, say: fn() -> Say) {
        *self.say.lock().unwrap() = say;
        self.requests.store(0, Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_response_ends_the_call_in_time() {
    let server = HostileServer::start(true).await;
    let patient = server.client(60 * DEADLINE);
    let impatient = server.client(DEADLINE);
    patient.token().await.unwrap();
    impatient.token().await.unwrap();
    for &(name, say, expected) in RESPONSES {
        let (client, deadline) = match expected {
            Done => (&patient, 60 * DEADLINE),
            Unreadable => (&impatient, DEADLINE),
        };
        for (call, unreadable, limit) in [
            (read as Call, &["decode", "transport", "timeout"][..], 3),
            (create_7 as Call, &["ambiguous"], 3),
            (never as Call, &["ambiguous"], 1),
        ] {
            server.respond_with(say);
            let start = Instant::now();
            let result = call(client).await;
            let elapsed = start.elapsed();
            assert!(elapsed < 2 * deadline, "{name}: {elapsed:?}");
            let expected = match expected {
                Done => &["done"][..],
                Unreadable => unreadable,
            };
            let outcome = outcome(&result);
            assert!(expected.contains(&outcome), "{name}: {result:?}");
            let requests = server.requests.load(Relaxed);
            assert!(
                (1..=limit).contains(&requests),
                "{name}: {requests} requests"
            );
        }
    }
}

#[tokio::test]
async fn hostile_token_response_sends_no_call() {
    let server = HostileServer::start(false).await;
    for &(name, say, _) in RESPONSES {
        // An unusable response starts a cooldown, so that the same client would send no request for the next one.
        let client = server.client(DEADLINE);
        server.respond_with(say);
        let error = never(&client).await.checked_err();
        let is_before_call = matches!(error.phase(), CallPhase::Preparing | CallPhase::Token);
        assert!(is_before_call, "{name}: {error:?}");
        assert!(!error.may_have_taken_effect(), "{name}: {error}");
        assert!(server.requests.load(Relaxed) > 0, "{name}");
        assert_eq!(server.calls.load(Relaxed), 0, "{name}");
    }
}

/// The server closes a connection of the pool when the payment arrives on it, before or after it has read the payment.
#[tokio::test]
async fn stale_connection_of_the_pool_loses_no_payment() {
    for reads_payment in [false, true] {
        for (call, expected, limit) in [
            // The second attempt uses a new connection.
            (create_7 as Call, &["done"][..], 2),
            (never as Call, &["done", "ambiguous"], 1),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let payments = Arc::<AtomicUsize>::default();
            let counted = Arc::clone(&payments);
            tokio::spawn(async move {
                for number in 0.. {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let counted = Arc::clone(&counted);
                    tokio::spawn(async move {
                        while let Some(head) = read_head(&mut stream).await {
                            let is_token = head.contains("/oauth2/token");
                            if !is_token {
                                counted.fetch_add(1, Relaxed);
                                if number == 0 {
                                    return;
                                }
                            }
                            let body = match is_token {
                                true => {
                                    r#"{"retcode":200,"retdata":{"access_token":"t","expires_in":21600}}"#
                                }
                                false => SUCCESS,
                            };
                            let length = body.len();
                            let response = format!(
                                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
                            );
                            if stream.write_all(response.as_bytes()).await.is_err() {
                                return;
                            }
                            if number == 0 && !reads_payment {
                                // The connection is closed after it was returned to the pool.
                                return;
                            }
                        }
                    });
                }
            });
            let client = stablelink::Client::builder()
                .environment(Environment::at(&url).unwrap())
                .credentials(Credentials::new("key", "secret", "sign"))
                .retry(quick())
                .build()
                .unwrap();
            client.token().await.unwrap();
            let result = call(&client).await;
            assert!(
                expected.contains(&outcome(&result)),
                "{reads_payment}: {result:?}"
            );
            assert!(
                (1..=limit).contains(&payments.load(Relaxed)),
                "{reads_payment}"
            );
        }
    }
}

/// Reads a request up to its body, which is in the same segment.
async fn read_head(stream: &mut tokio::net::TcpStream) -> Option<String> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&request).into_owned())
}

/// A response without a request is not used for the next call.
#[tokio::test]
async fn unrequested_response_is_not_used() {
    for pause in [0, 1, 20] {
        // Only the number shows that the response belongs to another request: it may arrive after the next request was sent.
        let evil = r#"{"retcode":"200","retdata":{"orderNo":"EVIL","orderStatus":"PAID"}}"#;
        let raw = Raw::start(move |line| {
            if line.contains("/oauth2/token") {
                return Raw::token_or(line, "");
            }
            let response =
                |body: &str| Raw::answer("200 OK", body).replace("connection: close\r\n", "");
            let mut both = response(SUCCESS).into_bytes();
            let step = both.len();
            both.extend(response(evil).into_bytes());
            Say::Drip {
                bytes: both,
                step,
                pause: Duration::from_millis(pause),
            }
        })
        .await;
        let client = raw.client().build().unwrap();
        for _ in 0..20 {
            let get = client.checkout_orders().get("7").await;
            match get {
                Ok(found) => assert_eq!(found.order_no.as_deref(), Some("7")),
                Err(error) => assert!(!error.is_ambiguous(), "{error}"),
            }
            let created = client.checkout_orders().create(&order_7()).await;
            assert!(
                ["done", "ambiguous"].contains(&outcome(&created)),
                "{created:?}"
            );
            if let Ok(created) = created {
                assert_eq!(created.order_no.as_deref(), Some("7"));
            }
        }
    }
}
