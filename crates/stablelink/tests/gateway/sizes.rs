//! Responses that are too long, too deep or endless.

use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};

use crate::raw_server::Raw;
use crate::setup::{Call, builder, credentials, keyed, outcome, pair, quick, read};
use crate::watch::CheckedResult;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Only the start of an error body is read.
#[tokio::test]
async fn large_error_body_is_truncated() {
    let kept = 64 * 1024;
    let (sandbox, client) = pair().await;
    for size in [kept - 200, 10 * 1024 * 1024] {
        sandbox
            .faults()
            .add(Fault::large_error(size).on(SandboxOperation::CancelCheckoutOrder));
        let error = client.checkout_orders().cancel("7").await.checked_err();
        assert!(error.is_ambiguous(), "{error}");
        let body = error.raw_response().unwrap().body().clone();
        assert!(
            body.len() <= kept && body.len() >= kept - 200,
            "{}",
            body.len()
        );
        assert!(error.to_string().len() < 1_000);
    }

    let endless = Raw::start(|_| Raw::endless(500)).await;
    let client = stablelink::Client::builder()
        .environment(stablelink::Environment::at(&endless.url()).unwrap())
        .credentials(credentials(&sandbox.credentials()))
        .retry(quick())
        .build()
        .unwrap();
    for call in [read as Call, keyed as Call] {
        let error = call(&client).await.checked_err();
        assert_eq!(error.http_status(), Some(500), "{error:?}");
        assert!(!error.is_ambiguous(), "the token call failed: {error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn too_long_response_is_error() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).max_response_size(1_000).build().unwrap();
    for (size, expected) in [
        (900, "done"),
        (1_100, "ambiguous"),
        (5_000_000, "ambiguous"),
    ] {
        let body = format!(r#"{{"retcode":"200","retmsg":"{}"}}"#, "x".repeat(size));
        sandbox
            .faults()
            .add(Fault::custom(200, JSON, body).on(SandboxOperation::CancelCheckoutOrder));
        let result = client.checkout_orders().cancel("7").await;
        assert_eq!(outcome(&result), expected, "{size}: {result:?}");
        if let Err(error) = result {
            assert_eq!(error.raw_response().unwrap().body().len(), 1_000);
            assert!(
                error.to_string().contains("longer than 1000 bytes"),
                "{error}"
            );
        }
    }
}

/// Nested arrays cause a parse error, not a stack overflow.
#[tokio::test]
async fn deeply_nested_response_is_error() {
    let (sandbox, client) = pair().await;
    let deep = "[".repeat(200_000);
    let body = format!(r#"{{"retcode":"200","retdata":{deep}"#);
    sandbox
        .faults()
        .add(Fault::custom(200, JSON, body).on(SandboxOperation::CreateCheckoutOrder));
    assert_eq!(outcome(&keyed(&client).await), "ambiguous");
}
