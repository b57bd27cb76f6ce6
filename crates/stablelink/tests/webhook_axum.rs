//! The axum router and the extractor, over HTTP on the loopback interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/watch.rs"]
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use stablelink::BoxFuture;
use stablelink::testing::{ManualClock, SignedDelivery, TestDelivery};
use stablelink::webhook::axum::{DeliveryReceiver, VerifiedEvent, router};
use stablelink::webhook::{
    Acknowledgement, ClaimResult, Deduplicator, DeduplicatorError, EventClaim, EventKey,
    MemoryDeduplicator, WebhookEvent, WebhookVerifier,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const KEY: &str = "unit-test-sign-key-not-real-0001";

fn key() -> SecretString {
    KEY.into()
}

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_779_846_460)
}

/// A running server with a receiver, and its clock.
struct TestServer {
    address: String,
    clock: ManualClock,
    client: reqwest::Client,
}

impl TestServer {
    async fn start(app: impl FnOnce(DeliveryReceiver) -> Router) -> Self {
        watch::listen();
        let clock = ManualClock::new(start());
        let verifier = WebhookVerifier::new(&key()).unwrap();
        let app = app(DeliveryReceiver::new(verifier).clock(Arc::new(clock.clone())));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            address,
            clock,
            client,
        }
    }

    /// Starts a server with this handler and an in-memory deduplicator.
    async fn with_handler<A, E>(
        handler: impl Fn(WebhookEvent) -> A + Clone + Send + Sync + 'static,
    ) -> Self
    where
        A: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + 'static,
    {
        let deduplicator = Arc::new(MemoryDeduplicator::default());
        Self::start(|receiver| Router::new().nest("/hook", router(receiver, deduplicator, handler)))
            .await
    }

    async fn send(&self, headers: HeaderMap, body: impl Into<Bytes>) -> (StatusCode, String) {
        let response = self
            .client
            .post(format!("http://{}/hook", self.address))
            .headers(headers)
            .body(body.into())
            .send()
            .await
            .unwrap();
        let status = response.status();
        if status == StatusCode::OK {
            assert_eq!(response.headers()["content-type"], "application/json");
        }
        (status, response.text().await.unwrap())
    }

    async fn deliver(&self, sent: SignedDelivery) -> (StatusCode, String) {
        self.send(sent.headers, sent.body).await
    }
}

fn sent(id: &str) -> SignedDelivery {
    TestDelivery::new("X")
        .id(id)
        .signed(&key(), start())
        .unwrap()
}

fn acknowledged() -> (StatusCode, String) {
    (StatusCode::OK, Acknowledgement.to_string())
}

#[tokio::test]
async fn event_is_handled_once_and_acknowledged_twice() {
    let runs = Arc::new(AtomicUsize::new(0));
    let server = TestServer::with_handler({
        let runs = runs.clone();
        move |event| {
            let runs = runs.clone();
            async move {
                assert_eq!(event.data(), Some(r#"{"amount":1000.233567}"#));
                runs.fetch_add(1, Ordering::SeqCst);
                Ok::<_, ()>(())
            }
        }
    })
    .await;
    let event = TestDelivery::new("NEW").id("1");
    for form in [
        event.clone().data(r#"{"amount":1000.233567}"#),
        event.data(r#""{\"amount\":1000.233567}""#),
        TestDelivery::raw(r#"{"eventId":"1","type":"NEW","data":{"amount":1000.233567}}"#),
    ] {
        let sent = form.signed(&key(), start()).unwrap();
        assert_eq!(server.deliver(sent.clone()).await, acknowledged());
        assert_eq!(server.deliver(sent).await, acknowledged());
    }
    assert_eq!(
        runs.load(Ordering::SeqCst),
        1,
        "all deliveries have the same id"
    );
}

#[tokio::test]
async fn rejected_delivery_reaches_no_handler_and_gets_a_constant_text() {
    let server = TestServer::with_handler(|_| async {
        panic!("the handler must not run") as Result<(), ()>
    })
    .await;
    let good = sent("1");
    let other_key = TestDelivery::new("X")
        .id("1")
        .signed(&"unit-test-other".into(), start())
        .unwrap();
    let old = TestDelivery::new("X")
        .signed(&key(), start() - Duration::from_secs(121))
        .unwrap();
    let new = TestDelivery::new("X")
        .signed(&key(), start() + Duration::from_secs(121))
        .unwrap();
    let mut no_time = good.clone();
    no_time.headers.remove("TIMESTAMP");
    let mut changed = good.clone();
    changed.body = Bytes::from_static(br#"{"eventId":"2"}"#);
    let large = TestDelivery::raw(vec![b' '; (1 << 20) + 1])
        .signed(&key(), start())
        .unwrap();
    let raw = |body: &'static [u8]| TestDelivery::raw(body).signed(&key(), start()).unwrap();
    let unverified = "the signature is missing, invalid, too old or too new";
    for (sent, status, text) in [
        (other_key, 401, unverified),
        (old, 401, unverified),
        (new, 401, unverified),
        (no_time, 401, unverified),
        (changed, 401, unverified),
        (raw(b"<html>"), 400, "the body is not a JSON object"),
        (raw(b"\xff"), 400, "the body is not a JSON object"),
        (raw(b"[]"), 400, "the body is not a JSON object"),
        (raw(b""), 400, "the body is not a JSON object"),
        (large, 413, "the body is too large"),
    ] {
        let (actual, body) = server.deliver(sent).await;
        assert_eq!((actual.as_u16(), body.as_str()), (status, text));
    }
    // An unverified body is not parsed, so its error is 401 and not 400.
    let mut unread = raw(b"<html>");
    unread.body = Bytes::from_static(b"<htm>");
    assert_eq!(server.deliver(unread).await.0, StatusCode::UNAUTHORIZED);
    let response = server
        .client
        .get(format!("http://{}/hook", server.address))
        .send();
    assert_eq!(
        response.await.unwrap().status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn other_methods_and_paths_are_rejected() {
    let server = TestServer::with_handler(|_| async {
        panic!("the handler must not run") as Result<(), ()>
    })
    .await;
    for (method, path, status) in [
        ("GET", "/hook", 405),
        ("HEAD", "/hook", 405),
        ("PUT", "/hook", 405),
        ("PATCH", "/hook", 405),
        ("DELETE", "/hook", 405),
        ("OPTIONS", "/hook", 405),
        ("NONSENSE", "/hook", 405),
        ("POST", "/hook/", 404),
        ("POST", "/hook/more", 404),
        ("POST", "/", 404),
    ] {
        let sent = sent("1");
        let url = format!("http://{}{path}", server.address);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = server.client.request(method.clone(), url);
        let response = request.headers(sent.headers).body(sent.body).send().await;
        let response = response.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        if status == 405 {
            assert_eq!(response.headers()["allow"], "POST", "{method}");
        }
    }
}

#[tokio::test]
async fn chunked_body_has_the_same_limit() {
    let server = TestServer::with_handler(|_| async { Ok::<_, ()>(()) }).await;
    let limit = 1 << 20;
    for (size, status) in [(limit, "200"), (limit + 1, "413")] {
        let mut body = br#"{"eventId":"1"}"#.to_vec();
        body.resize(size, b' ');
        let sent = TestDelivery::raw(body).signed(&key(), start()).unwrap();
        let head = head(&server, &sent, 0);
        let head = head.replace("Content-Length: 0", "Transfer-Encoding: chunked");
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = vec![0; 12];
        let write = async {
            for chunk in sent.body.chunks(1 << 16) {
                let chunk = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
                if stream.write_all(&chunk).await.is_err() {
                    return;
                }
            }
            // The server rejects a large body before its end.
            if status == "200" {
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            }
        };
        write.await;
        stream.read_exact(&mut response).await.unwrap();
        let response = String::from_utf8(response).unwrap();
        assert_eq!(response, format!("HTTP/1.1 {status}"));
    }
}

#[tokio::test]
async fn routers_with_one_deduplicator_handle_an_event_once() {
    let runs = Arc::new(AtomicUsize::new(0));
    let deduplicator = Arc::new(MemoryDeduplicator::default());
    for server in 0..3 {
        let (runs, deduplicator) = (runs.clone(), deduplicator.clone());
        let handler = move |_| {
            runs.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, ()>(()) }
        };
        let here = TestServer::start(|receiver| {
            Router::new().nest("/hook", router(receiver, deduplicator, handler))
        });
        assert_eq!(
            here.await.deliver(sent("1")).await,
            acknowledged(),
            "{server}"
        );
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn largest_allowed_body_is_accepted() {
    let server = TestServer::with_handler(|_| async { Ok::<_, ()>(()) }).await;
    let mut body = br#"{"eventId":"1"}"#.to_vec();
    body.resize(1 << 20, b' ');
    let sent = TestDelivery::raw(body).signed(&key(), start()).unwrap();
    assert_eq!(server.deliver(sent).await, acknowledged());
}

#[tokio::test]
async fn failed_or_panicked_handler_runs_again() {
    let runs = Arc::new(AtomicUsize::new(0));
    let server = TestServer::with_handler({
        let runs = runs.clone();
        move |_| {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            async move {
                match run {
                    0 => Err("Leo Secretive is not in the table"),
                    1 => panic!("Leo Secretive"),
                    _ => Ok(()),
                }
            }
        }
    })
    .await;
    for _ in 0..2 {
        let (status, body) = server.deliver(sent("1")).await;
        assert_eq!(
            (status.as_u16(), body.as_str()),
            (500, "the handler failed")
        );
    }
    // After the panic a task releases the claim; until then the response is 409.
    let response = loop {
        let response = server.deliver(sent("1")).await;
        if response.0 != StatusCode::CONFLICT {
            break response;
        }
    };
    assert_eq!(response, acknowledged());
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn concurrent_delivery_gets_409() {
    let (started, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = TestServer::with_handler({
        let (started, finish) = (started.clone(), finish.clone());
        move |_| {
            let (started, finish) = (started.clone(), finish.clone());
            async move {
                started.notify_one();
                finish.notified().await;
                Ok::<_, ()>(())
            }
        }
    })
    .await;
    let server = Arc::new(server);
    let first = tokio::spawn({
        let server = server.clone();
        async move { server.deliver(sent("1")).await }
    });
    started.notified().await;
    let (status, body) = server.deliver(sent("1")).await;
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (409, "the event is being handled")
    );
    finish.notify_one();
    assert_eq!(first.await.unwrap(), acknowledged());
    assert_eq!(server.deliver(sent("1")).await, acknowledged());
}

#[tokio::test]
async fn timed_out_handler_releases_the_event() {
    let started = Arc::new(Notify::new());
    let runs = Arc::new(AtomicUsize::new(0));
    let dropped = Arc::new(AtomicUsize::new(0));
    let server = TestServer::with_handler({
        let (started, runs, dropped) = (started.clone(), runs.clone(), dropped.clone());
        move |_| {
            let (started, run) = (started.clone(), runs.fetch_add(1, Ordering::SeqCst));
            let count_drop = CountDrop(dropped.clone());
            async move {
                let _count_drop = count_drop;
                if run == 0 {
                    started.notify_one();
                    std::future::pending::<()>().await;
                }
                Ok::<_, ()>(())
            }
        }
    })
    .await;
    let server = Arc::new(server);
    let first = tokio::spawn({
        let server = server.clone();
        async move { server.deliver(sent("1")).await }
    });
    started.notified().await;
    // Read timeout and handler timeout are together below the 15 s that the gateway waits.
    server.clock.advance(Duration::from_secs(10));
    let (status, body) = first.await.unwrap();
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (503, "the handler timed out")
    );
    // The handler was dropped, and does not run concurrently with the next one.
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(server.deliver(sent("1")).await, acknowledged());
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

/// Counts its drops.
struct CountDrop(Arc<AtomicUsize>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn disconnected_client_does_not_stop_the_handler() {
    let (started, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (runs, finished) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = TestServer::with_handler({
        let (started, finish) = (started.clone(), finish.clone());
        let (runs, finished) = (runs.clone(), finished.clone());
        move |_| {
            let (started, finish, finished) = (started.clone(), finish.clone(), finished.clone());
            let run = runs.fetch_add(1, Ordering::SeqCst);
            async move {
                if run == 0 {
                    started.notify_one();
                    finish.notified().await;
                }
                finished.fetch_add(1, Ordering::SeqCst);
                Ok::<_, ()>(())
            }
        }
    })
    .await;
    let sent = sent("1");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = head(&server, &sent, sent.body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&sent.body).await.unwrap();
    started.notified().await;
    drop(stream);
    // The server notices the disconnect during these deliveries, and nothing changes.
    for _ in 0..20 {
        let (status, _) = server.deliver(sent.clone()).await;
        assert_eq!(status, StatusCode::CONFLICT, "the handler is still running");
    }
    finish.notify_one();
    let response = loop {
        let response = server.deliver(sent.clone()).await;
        if response.0 != StatusCode::CONFLICT {
            break response;
        }
    };
    assert_eq!(response, acknowledged());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(finished.load(Ordering::SeqCst), 1);
}

fn head(server: &TestServer, sent: &SignedDelivery, length: usize) -> String {
    format!(
        "POST /hook HTTP/1.1\r\nHost: {}\r\nSIGNATURE: {}\r\nTIMESTAMP: {}\r\nContent-Length: {length}\r\n\r\n",
        server.address,
        sent.headers["SIGNATURE"].to_str().unwrap(),
        sent.headers["TIMESTAMP"].to_str().unwrap(),
    )
}

#[tokio::test]
async fn incomplete_body_times_out() {
    let server = TestServer::with_handler(|_| async {
        panic!("the handler must not run") as Result<(), ()>
    })
    .await;
    let sent = sent("1");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = head(&server, &sent, sent.body.len() + 1);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&sent.body).await.unwrap();
    let mut response = Vec::new();
    // The clock advances until the server, which starts to wait at an unknown time, has timed out.
    loop {
        server.clock.advance(Duration::from_secs(3));
        tokio::select! {
            biased;
            read = stream.read_buf(&mut response) => {
                read.unwrap();
                break;
            }
            () = tokio::task::yield_now() => {}
        }
    }
    let response = String::from_utf8(response).unwrap();
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");
}

/// A deduplicator whose storage fails.
struct FailingDeduplicator;

impl Deduplicator for FailingDeduplicator {
    fn claim<'a>(
        &'a self,
        _: &'a EventKey,
    ) -> BoxFuture<'a, Result<ClaimResult, DeduplicatorError>> {
        Box::pin(async { Err("no table: password hidden-password".into()) })
    }

    fn commit<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<bool, DeduplicatorError>> {
        Box::pin(async { unreachable!() })
    }

    fn release<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<(), DeduplicatorError>> {
        Box::pin(async { unreachable!() })
    }
}

#[tokio::test]
async fn failing_deduplicator_prevents_handling() {
    let deduplicator: Arc<dyn Deduplicator> = Arc::new(FailingDeduplicator);
    let handler = |_| async { panic!("the handler must not run") as Result<(), ()> };
    let server = TestServer::start(|receiver| {
        Router::new().nest("/hook", router(receiver, deduplicator, handler))
    })
    .await;
    let (status, body) = server.deliver(sent("1")).await;
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (503, "the event could not be claimed")
    );
}

/// A deduplicator that cannot record handled events.
struct FailingCommit;

impl Deduplicator for FailingCommit {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
    ) -> BoxFuture<'a, Result<ClaimResult, DeduplicatorError>> {
        Box::pin(async { Ok(ClaimResult::Claimed(EventClaim::new(key.clone()))) })
    }

    fn commit<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<bool, DeduplicatorError>> {
        Box::pin(async { Err("no table".into()) })
    }

    fn release<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<(), DeduplicatorError>> {
        Box::pin(async { unreachable!("the event was handled") })
    }
}

#[tokio::test]
async fn handled_event_is_acknowledged_if_it_cannot_be_recorded() {
    let handler = |_| async { Ok::<_, ()>(()) };
    let deduplicator = Arc::new(FailingCommit);
    let server = TestServer::start(|receiver| {
        Router::new().nest("/hook", router(receiver, deduplicator, handler))
    })
    .await;
    assert_eq!(server.deliver(sent("1")).await, acknowledged());
}

#[tokio::test]
async fn extractor_returns_verified_events() {
    async fn receive(delivery: VerifiedEvent) -> String {
        format!(
            "{:?} {:?}",
            delivery.event.event_type(),
            delivery.event.id()
        )
    }
    let server = TestServer::start(|receiver| {
        Router::new()
            .route("/hook", post(receive))
            .with_state(receiver.body_limit(100))
    })
    .await;
    let send = async |delivery: TestDelivery| {
        let sent = delivery.signed(&key(), start()).unwrap();
        let response = server
            .client
            .post(format!("http://{}/hook", server.address))
            .headers(sent.headers)
            .body(sent.body)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let good = send(TestDelivery::new("X").id("1")).await;
    assert_eq!(good, (200, r#"Some("X") Some("1")"#.to_owned()));
    let forged = server.send(HeaderMap::new(), "{}").await;
    assert_eq!(forged.0, StatusCode::UNAUTHORIZED);
    let large = send(TestDelivery::raw(vec![b' '; 101])).await;
    assert_eq!(large, (413, "the body is too large".to_owned()));
    let raw = send(TestDelivery::raw("no JSON")).await;
    assert_eq!(raw, (400, "the body is not a JSON object".to_owned()));
}
