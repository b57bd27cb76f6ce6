//! Invalid idempotency keys are rejected before anything is sent.

use std::future::IntoFuture;

use serde_json::json;
use stablelink::{
    BoxFuture, Client, Error, ErrorKind, Method, NewAbnormalPaymentRefund, NewSettlement,
};

use crate::setup::{nothing, order, pair};
use crate::watch::CheckedResult;

type Make = fn(&Client, &str) -> BoxFuture<'static, Result<(), Error>>;

/// Returns each operation with a key, and the field of the key.
fn keyed() -> Vec<(&'static str, Make)> {
    vec![
        ("orderNo", |client, key| {
            let order = order().with_order_no(key);
            nothing(client.checkout_orders().create(&order).into_future())
        }),
        ("settlementOrderNo", |client, key| {
            let settlement = NewSettlement::new(1, "ETH_USDT", "0x0", "1", ["7"]);
            let settlement = settlement.with_settlement_order_no(key);
            nothing(client.settlements().create(&settlement).into_future())
        }),
        ("refundOrderNo", |client, key| {
            let refund = NewAbnormalPaymentRefund::new("7", "ETH_USDT", "0x0");
            let refund = refund.with_refund_order_no(key);
            let call = client.refunds().create_for_abnormal_payment(&refund);
            nothing(call.into_future())
        }),
        ("requestId", |client, key| {
            let call = client.request(Method::POST, "/trade/new");
            let call = call.json(&json!({"requestId": key}));
            nothing(call.idempotency_key("requestId", key).into_future())
        }),
        #[cfg(feature = "provisional")]
        ("requestId", |client, key| {
            let trade = stablelink::NewTrade::on_ramp(7, "USD", "USDC", 1).with_request_id(key);
            nothing(client.trades().create(&trade).into_future())
        }),
    ]
}

#[tokio::test]
async fn invalid_idempotency_key_is_not_sent() {
    let (sandbox, client) = pair().await;
    for (field, make) in keyed() {
        for key in ["", " ", "\t\n\u{3000}"] {
            let error = make(&client, key).await.checked_err();
            let ErrorKind::InvalidArgument { argument, .. } = error.kind() else {
                panic!("{field} {key:?}: {error}");
            };
            assert_eq!(argument, field);
            assert!(!error.is_ambiguous() && !error.is_retryable());
        }
    }
    let longest = "é".repeat(64);
    for (field, make) in keyed() {
        if field == "requestId" {
            let error = make(&client, &format!("{longest}1")).await.checked_err();
            let invalid = matches!(error.kind(), ErrorKind::InvalidArgument { .. });
            assert!(invalid, "{error}");
        }
    }
    assert_eq!(sandbox.request_count(), 0);
    // 64 characters are accepted, whatever their size in bytes.
    let (_, make) = keyed().pop().unwrap();
    let _ = make(&client, &longest).await;
    assert!(sandbox.request_count() > 0);
}
