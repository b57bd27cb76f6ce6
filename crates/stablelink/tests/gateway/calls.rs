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
async fn operation_is_called_like_its_method() {
    let (sandbox, client) = pair().await;
    let order = json!({
        "orderNo": "7", "orderAmount": "0.50", "customerId": "6", "merchantId": "1", "token": "ETH_USDT",
    });
    let created = client
        .operation("createCheckoutOrder")
        .json(&order)
        .await
        .unwrap();
    assert!(
        created
            .as_ref()
            .unwrap()
            .get()
            .contains(r#""payingAmount":0.505"#)
    );
    let sent = sandbox.requests().pop().unwrap();
    assert!(
        sent.body.ends_with(br#""token":"ETH_USDT"}"#),
        "{:?}",
        sent.body
    );
    assert!(String::from_utf8_lossy(&sent.body).contains(r#""orderAmount":0.50,"#));
    let found = client
        .operation("getCheckoutOrder")
        .json(&json!({"orderNo": "7"}));
    let found: stablelink::Response<stablelink::types::CheckoutOrder> =
        found.fetch().await.unwrap();
    assert_eq!(found.order_amount.unwrap().to_string(), "0.50");
    let again = client
        .operation("createCheckoutOrder")
        .json(&order)
        .await
        .checked_err();
    assert!(again.is_duplicate(), "{again}");
    assert_eq!(again.operation(), Some("create_checkout_order"));
}

#[tokio::test]
async fn invalid_operation_is_not_sent() {
    let (sandbox, client) = pair().await;
    let endless = std::collections::BTreeMap::from([((1, 2), 3)]);
    for (argument, call) in [
        ("operation", client.operation("getOrder")),
        ("orderNo", client.operation("getCheckoutOrder")),
        ("json", client.operation("getCheckoutOrder").json(&endless)),
        ("json", client.operation("getCheckoutOrder").json(&7)),
    ] {
        let error = call.await.checked_err();
        let ErrorKind::InvalidArgument {
            argument: named, ..
        } = error.kind()
        else {
            panic!("{argument}: {error:?}");
        };
        assert_eq!(named, argument);
    }
    assert_eq!(sandbox.request_count(), 0);
}

/// The retry rule is that of the document: a read is repeated, a keyed operation with its key, any other is sent once.
#[tokio::test]
async fn lost_operation_follows_its_retry_rule() {
    let order = json!({
        "orderNo": "k7", "orderAmount": 1, "customerId": "6", "merchantId": "1", "token": "ETH_USDT",
    });
    for (id, fields, attempts, key) in [
        ("getCheckoutOrder", json!({"orderNo": "7"}), 3, None),
        ("createCheckoutOrder", order, 3, Some("k7")),
        ("cancelCheckoutOrder", json!({"orderNo": "7"}), 1, None),
    ] {
        let (sandbox, client) = pair().await;
        client.token().await.unwrap();
        sandbox.faults().add(Fault::reset().on_calls().always());
        let error = client.operation(id).json(&fields).await.checked_err();
        assert_eq!(
            error.is_ambiguous(),
            id != "getCheckoutOrder",
            "{id}: {error:?}"
        );
        assert_eq!(error.attempts(), attempts, "{id}");
        assert_eq!(error.idempotency_key(), key, "{id}");
    }
}

#[tokio::test]
async fn operation_rejects_the_record_of_another_request() {
    let (sandbox, client) = pair().await;
    let other = r#"{"retcode":"200","retdata":{"orderNo":"8","orderStatus":"PAID"}}"#;
    let fault = Fault::custom(200, [("content-type", "application/json")], other);
    sandbox.faults().add(fault.on_calls().always());
    let call = client
        .operation("getCheckoutOrder")
        .json(&json!({"orderNo": "7"}));
    let error = call.await.checked_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
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
