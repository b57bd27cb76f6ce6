//! Answers that are too long, too deep, or have no end.

use stablelink_sandbox::{Fault, Operation, Sandbox};

use crate::raw::Raw;
use crate::setup::{Call, builder, credentials, keyed, outcome, pair, quick, read};
use crate::watch::Told;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Of an error only the start is kept; and of one without an end no more is read.
#[tokio::test]
async fn a_huge_error_is_cut_and_an_endless_one_ends() {
    let kept = 64 * 1024;
    let (sandbox, client) = pair().await;
    for size in [kept - 200, 10 * 1024 * 1024] {
        sandbox
            .faults()
            .add(Fault::large_error(size).on(Operation::CancelCheckoutOrder));
        let error = client.checkout_orders().cancel("7").await.told_err();
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
        let error = call(&client).await.told_err();
        assert_eq!(error.http_status(), Some(500), "{error:?}");
        assert!(!error.is_ambiguous(), "the token call failed: {error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_kept() {
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
            .add(Fault::custom(200, JSON, body).on(Operation::CancelCheckoutOrder));
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

/// Lists in lists in lists: an error of the reader and not of the stack.
#[tokio::test]
async fn an_answer_of_great_depth_is_an_error() {
    let (sandbox, client) = pair().await;
    let deep = "[".repeat(200_000);
    let body = format!(r#"{{"retcode":"200","retdata":{deep}"#);
    sandbox
        .faults()
        .add(Fault::custom(200, JSON, body).on(Operation::CreateCheckoutOrder));
    assert_eq!(outcome(&keyed(&client).await), "ambiguous");
}
