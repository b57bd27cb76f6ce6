//! The ready router and the extractor, over HTTP on loopback.
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
use stablelink::webhook::axum::{VerifiedEvent, WebhookReceiver, router};
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

/// A receiver that listens, and its clock.
struct Site {
    address: String,
    clock: ManualClock,
    client: reqwest::Client,
}

impl Site {
    async fn of(app: impl FnOnce(WebhookReceiver) -> Router) -> Self {
        watch::listen();
        let clock = ManualClock::new(start());
        let webhooks = WebhookVerifier::new(&key()).unwrap();
        let app = app(WebhookReceiver::new(webhooks).clock(Arc::new(clock.clone())));
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

    /// With this handler and a guard in memory.
    async fn handled<A, E>(
        handler: impl Fn(WebhookEvent) -> A + Clone + Send + Sync + 'static,
    ) -> Self
    where
        A: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + 'static,
    {
        let guard = Arc::new(MemoryDeduplicator::default());
        Self::of(|receiver| Router::new().nest("/hook", router(receiver, guard, handler))).await
    }

    async fn send(&self, headers: HeaderMap, body: impl Into<Bytes>) -> (StatusCode, String) {
        let answer = self
            .client
            .post(format!("http://{}/hook", self.address))
            .headers(headers)
            .body(body.into())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        if status == StatusCode::OK {
            assert_eq!(answer.headers()["content-type"], "application/json");
        }
        (status, answer.text().await.unwrap())
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
    (StatusCode::OK, Acknowledgement::BODY.to_owned())
}

#[tokio::test]
async fn an_event_is_handled_once_and_acknowledged_twice() {
    let runs = Arc::new(AtomicUsize::new(0));
    let site = Site::handled({
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
        event
            .clone()
            .data(r#"{"amount":1000.233567}"#)
            .data_as_string(),
        event.type_field("type").data(r#"{"amount":1000.233567}"#),
    ] {
        let sent = form.signed(&key(), start()).unwrap();
        assert_eq!(site.deliver(sent.clone()).await, acknowledged());
        assert_eq!(site.deliver(sent).await, acknowledged());
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1, "all have one id");
}

#[tokio::test]
async fn what_is_not_proved_reaches_no_handler_and_learns_nothing() {
    let site = Site::handled(|_| async { panic!("not to be handled") as Result<(), ()> }).await;
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
    let unproven = "the signature is missing, wrong or out of time";
    for (sent, status, words) in [
        (other_key, 401, unproven),
        (old, 401, unproven),
        (new, 401, unproven),
        (no_time, 401, unproven),
        (changed, 401, unproven),
        (raw(b"<html>"), 400, "the body is not a JSON object"),
        (raw(b"\xff"), 400, "the body is not a JSON object"),
        (raw(b"[]"), 400, "the body is not a JSON object"),
        (raw(b""), 400, "the body is not a JSON object"),
        (large, 413, "the body is too large"),
    ] {
        let (answered, body) = site.deliver(sent).await;
        assert_eq!((answered.as_u16(), body.as_str()), (status, words));
    }
    // What is not proved is not read: it may be as wrong as it likes.
    let mut unread = raw(b"<html>");
    unread.body = Bytes::from_static(b"<htm>");
    assert_eq!(site.deliver(unread).await.0, StatusCode::UNAUTHORIZED);
    let answer = site
        .client
        .get(format!("http://{}/hook", site.address))
        .send();
    assert_eq!(
        answer.await.unwrap().status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn other_methods_and_places_are_not_taken() {
    let site = Site::handled(|_| async { panic!("not to be handled") as Result<(), ()> }).await;
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
        let url = format!("http://{}{path}", site.address);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = site.client.request(method.clone(), url);
        let answer = request.headers(sent.headers).body(sent.body).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        if status == 405 {
            assert_eq!(answer.headers()["allow"], "POST", "{method}");
        }
    }
}

#[tokio::test]
async fn a_body_that_says_no_length_has_the_same_limit() {
    let site = Site::handled(|_| async { Ok::<_, ()>(()) }).await;
    let limit = 1 << 20;
    for (size, status) in [(limit, "200"), (limit + 1, "413")] {
        let mut body = br#"{"eventId":"1"}"#.to_vec();
        body.resize(size, b' ');
        let sent = TestDelivery::raw(body).signed(&key(), start()).unwrap();
        let head = head(&site, &sent, 0);
        let head = head.replace("Content-Length: 0", "Transfer-Encoding: chunked");
        let mut line = TcpStream::connect(&site.address).await.unwrap();
        line.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        let write = async {
            for chunk in sent.body.chunks(1 << 16) {
                let chunk = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
                if line.write_all(&chunk).await.is_err() {
                    return;
                }
            }
            // One that is refused is answered before its end.
            if status == "200" {
                line.write_all(b"0\r\n\r\n").await.unwrap();
            }
        };
        write.await;
        line.read_exact(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(answer, format!("HTTP/1.1 {status}"));
    }
}

#[tokio::test]
async fn routers_that_share_a_guard_handle_an_event_once() {
    let runs = Arc::new(AtomicUsize::new(0));
    let guard = Arc::new(MemoryDeduplicator::default());
    for site in 0..3 {
        let (runs, guard) = (runs.clone(), guard.clone());
        let handler = move |_| {
            runs.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, ()>(()) }
        };
        let here =
            Site::of(|receiver| Router::new().nest("/hook", router(receiver, guard, handler)));
        assert_eq!(
            here.await.deliver(sent("1")).await,
            acknowledged(),
            "{site}"
        );
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_largest_body_is_taken() {
    let site = Site::handled(|_| async { Ok::<_, ()>(()) }).await;
    let mut body = br#"{"eventId":"1"}"#.to_vec();
    body.resize(1 << 20, b' ');
    let sent = TestDelivery::raw(body).signed(&key(), start()).unwrap();
    assert_eq!(site.deliver(sent).await, acknowledged());
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_runs_again() {
    let runs = Arc::new(AtomicUsize::new(0));
    let site = Site::handled({
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
        let (status, body) = site.deliver(sent("1")).await;
        assert_eq!(
            (status.as_u16(), body.as_str()),
            (500, "the handler failed")
        );
    }
    // After the panic a task gives the event back; until it ran, another delivery is told to come again.
    let answer = loop {
        let answer = site.deliver(sent("1")).await;
        if answer.0 != StatusCode::CONFLICT {
            break answer;
        }
    };
    assert_eq!(answer, acknowledged());
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn while_one_handles_it_another_is_told_to_come_again() {
    let (began, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let site = Site::handled({
        let (began, end) = (began.clone(), end.clone());
        move |_| {
            let (began, end) = (began.clone(), end.clone());
            async move {
                began.notify_one();
                end.notified().await;
                Ok::<_, ()>(())
            }
        }
    })
    .await;
    let site = Arc::new(site);
    let first = tokio::spawn({
        let site = site.clone();
        async move { site.deliver(sent("1")).await }
    });
    began.notified().await;
    let (status, body) = site.deliver(sent("1")).await;
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (409, "the event is being handled")
    );
    end.notify_one();
    assert_eq!(first.await.unwrap(), acknowledged());
    assert_eq!(site.deliver(sent("1")).await, acknowledged());
}

#[tokio::test]
async fn a_handler_whose_time_is_up_gives_the_event_back() {
    let began = Arc::new(Notify::new());
    let runs = Arc::new(AtomicUsize::new(0));
    let dropped = Arc::new(AtomicUsize::new(0));
    let site = Site::handled({
        let (began, runs, dropped) = (began.clone(), runs.clone(), dropped.clone());
        move |_| {
            let (began, run) = (began.clone(), runs.fetch_add(1, Ordering::SeqCst));
            let ends = Ends(dropped.clone());
            async move {
                let _ends = ends;
                if run == 0 {
                    began.notify_one();
                    std::future::pending::<()>().await;
                }
                Ok::<_, ()>(())
            }
        }
    })
    .await;
    let site = Arc::new(site);
    let first = tokio::spawn({
        let site = site.clone();
        async move { site.deliver(sent("1")).await }
    });
    began.notified().await;
    // Below the 15 s that the gateway waits, body and handler together.
    site.clock.advance(Duration::from_secs(10));
    let (status, body) = first.await.unwrap();
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (503, "the handler took too long")
    );
    // It is over, and not left to run beside the one that follows.
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(site.deliver(sent("1")).await, acknowledged());
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

/// Counts when it goes.
struct Ends(Arc<AtomicUsize>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_sender_that_hangs_up_does_not_end_the_handler() {
    let (began, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (runs, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let site = Site::handled({
        let (began, end) = (began.clone(), end.clone());
        let (runs, ends) = (runs.clone(), ends.clone());
        move |_| {
            let (began, end, ends) = (began.clone(), end.clone(), ends.clone());
            let run = runs.fetch_add(1, Ordering::SeqCst);
            async move {
                if run == 0 {
                    began.notify_one();
                    end.notified().await;
                }
                ends.fetch_add(1, Ordering::SeqCst);
                Ok::<_, ()>(())
            }
        }
    })
    .await;
    let sent = sent("1");
    let mut line = TcpStream::connect(&site.address).await.unwrap();
    let head = head(&site, &sent, sent.body.len());
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&sent.body).await.unwrap();
    began.notified().await;
    drop(line);
    // The server sees the end of the line between these, and nothing changes.
    for _ in 0..20 {
        let (status, _) = site.deliver(sent.clone()).await;
        assert_eq!(status, StatusCode::CONFLICT, "it goes on");
    }
    end.notify_one();
    let answer = loop {
        let answer = site.deliver(sent.clone()).await;
        if answer.0 != StatusCode::CONFLICT {
            break answer;
        }
    };
    assert_eq!(answer, acknowledged());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(ends.load(Ordering::SeqCst), 1);
}

fn head(site: &Site, sent: &SignedDelivery, length: usize) -> String {
    format!(
        "POST /hook HTTP/1.1\r\nHost: {}\r\nSIGNATURE: {}\r\nTIMESTAMP: {}\r\nContent-Length: {length}\r\n\r\n",
        site.address,
        sent.headers["SIGNATURE"].to_str().unwrap(),
        sent.headers["TIMESTAMP"].to_str().unwrap(),
    )
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let site = Site::handled(|_| async { panic!("not to be handled") as Result<(), ()> }).await;
    let sent = sent("1");
    let mut line = TcpStream::connect(&site.address).await.unwrap();
    let head = head(&site, &sent, sent.body.len() + 1);
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&sent.body).await.unwrap();
    let mut answer = Vec::new();
    // The clock goes on until the server, which began to wait at some time of it, has given up.
    loop {
        site.clock.advance(Duration::from_secs(3));
        tokio::select! {
            biased;
            read = line.read_buf(&mut answer) => {
                read.unwrap();
                break;
            }
            () = tokio::task::yield_now() => {}
        }
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// A guard whose place is gone.
struct Gone;

impl Deduplicator for Gone {
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
async fn without_its_guard_nothing_is_handled() {
    let guard: Arc<dyn Deduplicator> = Arc::new(Gone);
    let handler = |_| async { panic!("not to be handled") as Result<(), ()> };
    let site =
        Site::of(|receiver| Router::new().nest("/hook", router(receiver, guard, handler))).await;
    let (status, body) = site.deliver(sent("1")).await;
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (503, "no place to remember the event")
    );
}

/// A guard that forgets what it is told.
struct Forgetful;

impl Deduplicator for Forgetful {
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
        Box::pin(async { unreachable!("it was handled") })
    }
}

#[tokio::test]
async fn what_was_handled_is_acknowledged_though_the_guard_forgets_it() {
    let handler = |_| async { Ok::<_, ()>(()) };
    let guard = Arc::new(Forgetful);
    let site =
        Site::of(|receiver| Router::new().nest("/hook", router(receiver, guard, handler))).await;
    assert_eq!(site.deliver(sent("1")).await, acknowledged());
}

#[tokio::test]
async fn the_extractor_gives_what_is_proved() {
    async fn receive(delivery: VerifiedEvent) -> String {
        format!(
            "{:?} {:?}",
            delivery.event.event_type(),
            delivery.event.id()
        )
    }
    let site = Site::of(|receiver| {
        Router::new()
            .route("/hook", post(receive))
            .with_state(receiver.body_limit(100))
    })
    .await;
    let send = async |delivery: TestDelivery| {
        let sent = delivery.signed(&key(), start()).unwrap();
        let answer = site
            .client
            .post(format!("http://{}/hook", site.address))
            .headers(sent.headers)
            .body(sent.body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let good = send(TestDelivery::new("X").id("1")).await;
    assert_eq!(good, (200, r#"Some("X") Some("1")"#.to_owned()));
    let forged = site.send(HeaderMap::new(), "{}").await;
    assert_eq!(forged.0, StatusCode::UNAUTHORIZED);
    let large = send(TestDelivery::raw(vec![b' '; 101])).await;
    assert_eq!(large, (413, "the body is too large".to_owned()));
    let raw = send(TestDelivery::raw("no JSON")).await;
    assert_eq!(raw, (400, "the body is not a JSON object".to_owned()));
}
