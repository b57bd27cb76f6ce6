//! Successful calls.

use serde_json::json;
use stablelink::{Decimal, ErrorKind, Method};
use stablelink_sandbox::{Fault, RateForm, Sandbox, SandboxOperation};

use crate::setup::{builder, order, pair};
use crate::watch::CheckedResult;

#[tokio::test]
async fn exchange_rate_of_both_page_versions_is_parsed() {
    for (version, new) in [(RateForm::ChannelRate, true), (RateForm::QuoteId, false)] {
        let sandbox = Sandbox::builder().rate_form(version).start().await.unwrap();
        let client = builder(&sandbox).build().unwrap();
        let rate = client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(Decimal::new(35_879, 2))
            .await
            .unwrap();
        assert_eq!(rate.channel_rate.is_some(), new);
        assert_eq!(rate.rate.is_some(), !new);
        assert_eq!(sandbox.token_grants().granted(), 1);
    }
}

#[tokio::test]
async fn order_is_created_returned_and_cancelled() {
    let (sandbox, client) = pair().await;
    let order = order();
    let made = client.checkout_orders().create(&order).await.unwrap();
    assert_eq!(made.order_no.as_deref(), Some(order.order_no()));
    assert_eq!(made.raw_response().retcode(), Some("200"));
    let found = client
        .checkout_orders()
        .get(order.order_no())
        .await
        .unwrap();
    assert_eq!(
        found.order_amount.map(|amount| amount.get()),
        Some(Decimal::new(50, 2))
    );
    client
        .checkout_orders()
        .cancel(order.order_no())
        .await
        .unwrap();
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::CreateCheckoutOrder, order.order_no()),
        1
    );
    assert_eq!(sandbox.token_grants().granted(), 1);
}

#[tokio::test]
async fn same_value_sent_twice_creates_one_order() {
    let (sandbox, client) = pair().await;
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    let error = client.checkout_orders().create(&order).await.checked_err();
    assert!(matches!(error.kind(), ErrorKind::Api(_)), "{error}");
    assert!(error.is_duplicate() && !error.is_ambiguous() && !error.is_retryable());
    assert!(error.may_have_taken_effect());
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::CreateCheckoutOrder, order.order_no()),
        1
    );
}

#[tokio::test]
async fn invalid_order_number_is_not_sent() {
    let (sandbox, client) = pair().await;
    let error = client
        .checkout_orders()
        .create(&order().with_order_no("a-1"))
        .await
        .checked_err();
    assert!(
        matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
        "{error}"
    );
    assert_eq!(sandbox.request_count(), 0);
}

#[tokio::test]
async fn raw_request_reaches_any_operation() {
    let (_sandbox, client) = pair().await;
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    let path = "/checkout/order/info";
    let found = client
        .request(Method::GET, path)
        .query("orderNo", order.order_no())
        .await
        .unwrap();
    assert!(found.as_ref().unwrap().get().contains(order.order_no()));
    let found: stablelink::Response<stablelink::types::CheckoutOrder> = client
        .request(Method::GET, format!("{path}?orderNo={}", order.order_no()))
        .fetch()
        .await
        .unwrap();
    assert_eq!(found.order_no.as_deref(), Some(order.order_no()));
}

#[tokio::test]
async fn invalid_raw_request_is_not_sent() {
    let (sandbox, client) = pair().await;
    let endless = std::collections::BTreeMap::from([((1, 2), 3)]);
    for (name, call) in [
        ("method", client.request(Method::CONNECT, "/a")),
        ("body", client.request(Method::POST, "/a").json(&endless)),
    ] {
        let error = call.await.checked_err();
        let ErrorKind::InvalidArgument { argument, .. } = error.kind() else {
            panic!("{name}: {error:?}");
        };
        assert_eq!(argument, name);
        assert!(!error.is_retryable(), "{name}");
    }
    assert_eq!(sandbox.request_count(), 0);
}

/// Sent once unless the caller allows retries; with a key, the error contains it.
#[tokio::test]
async fn raw_request_is_retried_only_if_allowed() {
    for (name, arrange, attempts, key) in [
        ("as it is", None, 1, None),
        ("safe", Some(true), 3, None),
        ("keyed", Some(false), 3, Some("k-7")),
    ] {
        let (sandbox, client) = pair().await;
        client.token().await.unwrap();
        sandbox.faults().add(Fault::reset().on_calls().always());
        let before = sandbox.request_count();
        let call = client.request(Method::POST, "/checkout/order/create");
        let call = match arrange {
            None => call,
            Some(true) => call.safe_to_retry(),
            Some(false) => call.idempotency_key("orderNo", "k-7"),
        };
        let error = call.json(&json!({"orderNo": "k-7"})).await.checked_err();
        assert_eq!(error.is_ambiguous(), name != "safe", "{name}: {error:?}");
        assert_eq!(error.is_retryable(), name == "safe", "{name}");
        assert_eq!(error.idempotency_key(), key, "{name}");
        assert_eq!(error.attempts(), attempts, "{name}");
        assert_eq!(
            sandbox.request_count() - before,
            u64::from(attempts),
            "{name}"
        );
    }
}

/// Without the key in the request, each retry would be another payment.
#[tokio::test]
async fn raw_request_without_its_key_is_not_sent() {
    let (sandbox, client) = pair().await;
    let call = || client.request(Method::POST, "/checkout/order/create");
    for call in [
        call(),
        call().json(&json!({"orderNo": "k-8"})),
        call().json(&json!({"requestId": "k-7"})),
        call().query("orderNo", "k-8"),
    ] {
        let error = call.idempotency_key("orderNo", "k-7").await.checked_err();
        let ErrorKind::InvalidArgument { argument, .. } = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(argument, "orderNo");
    }
    assert_eq!(sandbox.request_count(), 0);
}

#[tokio::test]
async fn path_to_other_origin_is_not_sent() {
    let (sandbox, client) = pair().await;
    for path in [
        "//127.0.0.1:9/a",
        "/%2e%2e/a",
        "/a/.%2E/b",
        "//host",
        "\\\\host",
        "https://host",
        "/a/../b",
        "@host",
        "/\\host",
        "/a#b",
    ] {
        let error = client.request(Method::GET, path).await.checked_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
            "{path}: {error}"
        );
    }
    assert_eq!(sandbox.request_count(), 0);
}
