//! What each call gives when all goes well.

use serde_json::json;
use stablelink::{Decimal, ErrorKind, Method};
use stablelink_sandbox::{Fault, Operation, RateVersion, Sandbox};

use crate::setup::{builder, order, pair};
use crate::watch::Told;

#[tokio::test]
async fn a_rate_of_either_version_is_read() {
    for (version, new) in [(RateVersion::Current, true), (RateVersion::Previous, false)] {
        let sandbox = Sandbox::builder()
            .rate_version(version)
            .start()
            .await
            .unwrap();
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
async fn an_order_is_made_found_and_cancelled() {
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
            .count(Operation::CreateCheckoutOrder, order.order_no()),
        1
    );
    assert_eq!(sandbox.token_grants().granted(), 1);
}

#[tokio::test]
async fn the_same_value_twice_is_one_order() {
    let (sandbox, client) = pair().await;
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    let error = client.checkout_orders().create(&order).await.told_err();
    assert!(matches!(error.kind(), ErrorKind::Api(_)), "{error}");
    assert!(error.is_duplicate() && !error.is_ambiguous() && !error.is_retryable());
    assert!(error.may_have_taken_effect());
    assert_eq!(
        sandbox
            .effects()
            .count(Operation::CreateCheckoutOrder, order.order_no()),
        1
    );
}

#[tokio::test]
async fn a_number_that_the_gateway_refuses_is_not_sent() {
    let (sandbox, client) = pair().await;
    let error = client
        .checkout_orders()
        .create(&order().with_order_no("a-1"))
        .await
        .told_err();
    assert!(
        matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
        "{error}"
    );
    assert_eq!(sandbox.request_count(), 0);
}

#[tokio::test]
async fn any_call_can_be_made_by_hand() {
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
async fn a_call_by_hand_that_can_not_be_sent_is_refused_before() {
    let (sandbox, client) = pair().await;
    let endless = std::collections::BTreeMap::from([((1, 2), 3)]);
    for (name, call) in [
        ("method", client.request(Method::CONNECT, "/a")),
        ("body", client.request(Method::POST, "/a").json(&endless)),
    ] {
        let error = call.await.told_err();
        let ErrorKind::InvalidArgument { argument, .. } = error.kind() else {
            panic!("{name}: {error:?}");
        };
        assert_eq!(argument, name);
        assert!(!error.is_retryable(), "{name}");
    }
    assert_eq!(sandbox.request_count(), 0);
}

/// Sent once unless the caller says otherwise; with a key the error names it.
#[tokio::test]
async fn a_call_by_hand_is_repeated_only_where_the_caller_says_so() {
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
        let error = call.json(&json!({"orderNo": "k-7"})).await.told_err();
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

/// Without it in what is sent, each repeat would be another payment.
#[tokio::test]
async fn a_key_that_is_not_sent_lets_nothing_be_sent() {
    let (sandbox, client) = pair().await;
    let call = || client.request(Method::POST, "/checkout/order/create");
    for call in [
        call(),
        call().json(&json!({"orderNo": "k-8"})),
        call().json(&json!({"requestId": "k-7"})),
        call().query("orderNo", "k-8"),
    ] {
        let error = call.idempotency_key("orderNo", "k-7").await.told_err();
        let ErrorKind::InvalidArgument { argument, .. } = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(argument, "orderNo");
    }
    assert_eq!(sandbox.request_count(), 0);
}

#[tokio::test]
async fn no_path_leaves_the_origin() {
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
        let error = client.request(Method::GET, path).await.told_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
            "{path}: {error}"
        );
    }
    assert_eq!(sandbox.request_count(), 0);
}
