//! The effects of builder settings on requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stablelink::{Client, Credentials, Environment, ErrorKind, MemoryStore};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::raw_server::Raw;
use crate::setup::{Call, builder, keyed, never, outcome, quick, read, sent};
use crate::watch::CheckedResult;

#[tokio::test]
async fn user_agent_is_sent() {
    let own = concat!("stablelink-rust/", env!("CARGO_PKG_VERSION"));
    for (name, expected) in [
        (None, own.to_owned()),
        (Some("shop/1.2"), format!("shop/1.2 {own}")),
    ] {
        let sandbox = Sandbox::start().await.unwrap();
        let mut builder = builder(&sandbox);
        if let Some(name) = name {
            builder = builder.user_agent(name);
        }
        read(&builder.build().unwrap()).await.unwrap();
        for request in sandbox.requests() {
            assert_eq!(
                request.headers["user-agent"],
                expected.as_str(),
                "{}",
                request.path
            );
        }
    }
    let sandbox = Sandbox::start().await.unwrap();
    let error = builder(&sandbox)
        .user_agent("shop\n1")
        .build()
        .checked_err();
    assert!(
        matches!(error.kind(), ErrorKind::Configuration { .. }),
        "{error}"
    );
}

/// The function can change the HTTP client, but not the headers that a call needs.
#[tokio::test]
async fn http_function_adjusts_the_http_client() {
    let sandbox = Sandbox::start().await.unwrap();
    let adjusted = builder(&sandbox)
        .configure_http(|http| {
            let own = [
                ("x-shop", "7"),
                ("authorization", "Basic x"),
                ("signature", "x"),
                ("timestamp", "1"),
            ];
            let headers = own.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            http.default_headers(headers.into_iter().collect())
        })
        .build()
        .unwrap();
    read(&adjusted).await.unwrap();
    let requests = sandbox.requests();
    let call = requests.last().unwrap();
    assert_eq!(call.headers["x-shop"], "7");
    for name in ["authorization", "signature", "timestamp"] {
        assert_eq!(call.headers.get_all(name).iter().count(), 1, "{name}");
    }
    assert_eq!(call.status, Some(200));
}

/// Retries of the HTTP client are disabled, because they know neither idempotency keys nor signatures.
#[tokio::test]
async fn retries_of_the_http_client_are_disabled() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox)
        .configure_http(|http| {
            let every_failure = reqwest::retry::for_host("127.0.0.1")
                .no_budget()
                .max_retries_per_request(5)
                .classify_fn(|response| match response.status() {
                    Some(status) if status.is_success() => response.success(),
                    _ => response.retryable(),
                });
            http.retry(every_failure)
        })
        .build()
        .unwrap();
    client.token().await.unwrap();
    let cancel = SandboxOperation::CancelCheckoutOrder;
    for fault in [Fault::status(503), Fault::reset()] {
        let before = sent(&sandbox, cancel);
        let id = sandbox.faults().add(fault.on(cancel).always());
        let result = never(&client).await;
        assert_eq!(outcome(&result), "ambiguous", "{result:?}");
        assert_eq!(sent(&sandbox, cancel) - before, 1);
        sandbox.faults().remove(id);
    }
}

/// A timeout of reqwest is reported like a timeout of this crate.
#[tokio::test]
async fn timeout_of_the_http_client_is_a_timeout_error() {
    let sandbox = Sandbox::start().await.unwrap();
    // Another client requests the token, without the short timeout.
    let store = MemoryStore::default();
    let first = builder(&sandbox)
        .token_store(store.clone())
        .build()
        .unwrap();
    first.token().await.unwrap();
    let client = builder(&sandbox)
        .token_store(store)
        .configure_http(|http| http.read_timeout(Duration::from_millis(1)))
        .build()
        .unwrap();
    sandbox.faults().add(
        Fault::stall()
            .on(SandboxOperation::GetExchangeRate)
            .always(),
    );
    sandbox.faults().add(
        Fault::stall()
            .on(SandboxOperation::CreateCheckoutOrder)
            .always(),
    );
    let result = read(&client).await;
    assert_eq!(outcome(&result), "timeout", "{result:?}");
    let result = keyed(&client).await;
    assert_eq!(outcome(&result), "ambiguous", "{result:?}");
    assert!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder) <= 3);
}

/// The accept queue of the port is full, so Linux ignores new connections. The connect timeout ends before that of the attempt, and
/// nothing was sent.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn connect_timeout_is_not_ambiguous() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // The system chooses the length of the queue: usually one more than requested.
    let mut queue = Vec::new();
    let connect = || tokio::net::TcpStream::connect(address);
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), connect()).await {
        queue.push(stream.unwrap());
        assert!(queue.len() < 100, "the queue does not fill");
    }
    let client = Client::builder()
        .environment(Environment::at(&format!("http://{address}")).unwrap())
        .credentials(Credentials::new("key", "secret", "sign"))
        .configure_http(|http| http.connect_timeout(Duration::from_millis(10)))
        .retry(quick())
        .build()
        .unwrap();
    let result = keyed(&client).await;
    assert_eq!(outcome(&result), "transport", "{result:?}");
    let error = result.checked_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("cannot connect"), "{error}");
    drop(queue);
}

/// All requests go through the proxy, with the host of the gateway.
#[tokio::test]
async fn proxy_receives_every_call() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&lines);
    let proxy = Raw::start(move |line| {
        seen.lock().unwrap().push(line.to_owned());
        Raw::token_or(
            line,
            &Raw::answer("200 OK", r#"{"retcode":"200","retdata":{}}"#),
        )
    })
    .await;
    let client = Client::builder()
        .environment(Environment::at("http://gateway.example").unwrap())
        .allow_plain_http()
        .credentials(Credentials::new("key", "secret", "sign"))
        .proxy(reqwest::Proxy::all(proxy.url()).unwrap())
        .build()
        .unwrap();
    client.request(stablelink::Method::GET, "/a").await.unwrap();
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("POST http://gateway.example/user/auth/oauth2/token?"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "GET http://gateway.example/a HTTP/1.1");
}

#[test]
fn missing_or_unsafe_settings_fail_the_build() {
    let secrets = || Credentials::new("key", "secret", "sign");
    for (name, builder, text) in [
        ("nothing", Client::builder(), "no environment"),
        (
            "no environment",
            Client::builder().credentials(secrets()),
            "no environment",
        ),
        (
            "no credentials",
            Client::builder().environment(Environment::Sandbox),
            "no credentials",
        ),
        (
            "plain http",
            Client::builder()
                .environment(Environment::at("http://gateway.example").unwrap())
                .credentials(secrets()),
            "allow_plain_http",
        ),
    ] {
        let error = builder.build().checked_err();
        assert!(
            matches!(error.kind(), ErrorKind::Configuration { .. }),
            "{name}"
        );
        assert!(error.to_string().contains(text), "{name}: {error}");
        assert!(!error.is_retryable() && error.attempts() == 0, "{name}");
    }
    for environment in [
        Environment::Sandbox,
        Environment::Staging,
        Environment::Production,
    ] {
        let origin = environment.origin();
        let client = Client::builder()
            .environment(environment)
            .credentials(secrets());
        let client = client.build().unwrap();
        assert!(
            format!("{client:?}").contains(origin.as_str()),
            "{client:?}"
        );
        assert!(origin.as_str().starts_with("https://openapi."), "{origin}");
    }
}

/// Starts a gateway that keeps its connections open, and counts them.
async fn keep_alive_gateway() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while let Ok(1..) = stream.read(&mut request).await {
                    let token = request.starts_with(b"POST /user/auth");
                    let data = if token {
                        r#"{"access_token":"t"}"#
                    } else {
                        "{}"
                    };
                    let body = format!(r#"{{"retcode":200,"retdata":{data}}}"#);
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    stream.write_all((head + &body).as_bytes()).await.unwrap();
                }
            });
        }
    });
    (url, connections)
}

/// A server that closes an idle connection may do so while a request is on its way. The outcome of a call that is never retried
/// would be unknown.
#[tokio::test]
async fn idle_connection_is_not_used_by_calls_that_are_never_retried() {
    let (url, connections) = keep_alive_gateway().await;
    let client = |idle: Option<Duration>| {
        let client = Client::builder()
            .environment(Environment::at(&url).unwrap())
            .credentials(Credentials::new("key", "secret", "sign"));
        let client = match idle {
            Some(idle) => client.idle_timeout(idle),
            None => client,
        };
        client.build().unwrap()
    };
    // The idle timeout, the call, the pause before its second use, and the connections: one for the token.
    for (idle, call, pause, expected) in [
        (None, never as Call, 0, 2),
        (None, never as Call, 3_500, 3),
        (None, read as Call, 3_500, 1),
        (Some(Duration::from_secs(1)), read as Call, 1_500, 2),
    ] {
        let client = client(idle);
        let before = connections.load(Ordering::Relaxed);
        call(&client).await.unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        call(&client).await.unwrap();
        let opened = connections.load(Ordering::Relaxed) - before;
        assert_eq!(opened, expected, "{idle:?} {pause}");
    }
}
