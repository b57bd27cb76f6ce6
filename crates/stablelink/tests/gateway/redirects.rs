//! Redirects are not followed: they would send token, signature and body to another host.

use std::io::ErrorKind;
use std::net::TcpListener;

use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};

use crate::setup::{Call, builder, keyed, never, outcome, read, sent};
use crate::watch::CheckedResult;

/// Another host, which must not be called.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}/steal?a=b", self.0.local_addr().unwrap())
    }

    /// A connection would be pending in the accept queue.
    fn was_called(&self) -> bool {
        match self.0.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let sandbox = Sandbox::start().await.unwrap();
    let elsewhere = Elsewhere::new();
    let home = format!("{}/checkout/order/info?orderNo=1", sandbox.url());
    let clients = [
        builder(&sandbox).build().unwrap(),
        // Redirects stay off even if the caller enables them.
        builder(&sandbox)
            .configure_http(|http| {
                http.redirect(reqwest::redirect::Policy::limited(5))
                    .referer(true)
            })
            .build()
            .unwrap(),
    ];
    for client in &clients {
        client.token().await.unwrap();
        for status in [301, 302, 303, 307, 308, 300, 304] {
            for location in [
                elsewhere.url(),
                home.clone(),
                "/elsewhere".into(),
                String::new(),
            ] {
                for (call, operation, expected) in [
                    (read as Call, SandboxOperation::GetExchangeRate, "transport"),
                    (
                        keyed as Call,
                        SandboxOperation::CreateCheckoutOrder,
                        "ambiguous",
                    ),
                    (
                        never as Call,
                        SandboxOperation::CancelCheckoutOrder,
                        "ambiguous",
                    ),
                ] {
                    let before = (sent(&sandbox, operation), sandbox.request_count());
                    let id = sandbox
                        .faults()
                        .add(Fault::redirect(status, &location).on(operation).always());
                    let result = call(client).await;
                    let label = format!("{status} {location} {operation}");
                    assert_eq!(outcome(&result), expected, "{label}: {result:?}");
                    let error = result.checked_err();
                    assert_eq!(error.http_status(), Some(status), "{label}");
                    assert!(!error.is_retryable(), "{label}");
                    let after = (sent(&sandbox, operation), sandbox.request_count());
                    assert_eq!(after, (before.0 + 1, before.1 + 1), "{label}");
                    sandbox.faults().remove(id);
                }
            }
        }
    }
    assert!(!elsewhere.was_called());
    for request in sandbox.requests() {
        assert!(!request.headers.contains_key("referer"), "{request:?}");
    }
}

/// The URL of a token request contains the secrets.
#[tokio::test]
async fn redirected_token_request_is_not_repeated() {
    let sandbox = Sandbox::start().await.unwrap();
    let elsewhere = Elsewhere::new();
    for status in [302, 307, 308] {
        let client = builder(&sandbox).build().unwrap();
        let before = sent(&sandbox, SandboxOperation::IssueAccessToken);
        let id = sandbox.faults().add(
            Fault::redirect(status, &elsewhere.url())
                .on_token()
                .always(),
        );
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), "transport", "{result:?}");
        let error = result.checked_err();
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(error.http_status(), Some(status));
        assert_eq!(
            sent(&sandbox, SandboxOperation::IssueAccessToken) - before,
            1
        );
        sandbox.faults().remove(id);
    }
    assert!(!elsewhere.was_called());
    // Proves that a call would be detected.
    std::net::TcpStream::connect(elsewhere.0.local_addr().unwrap()).unwrap();
    assert!(elsewhere.was_called());
}
