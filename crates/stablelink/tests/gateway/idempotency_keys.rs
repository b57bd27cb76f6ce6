//! Idempotency keys: invalid ones are rejected before anything is sent, and a used one leads to the existing record.

use std::future::IntoFuture;
use std::time::Duration;

use serde_json::json;
use stablelink::{
    BoxFuture, Client, Decimal, Error, ErrorKind, Method, NewAbnormalPaymentRefund,
    NewCheckoutOrder, NewSettlement,
};
use stablelink_sandbox::{Fault, SandboxOperation};

use crate::setup::{clocked, effects, nothing, order, outcome, pair, sent, when};
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
            let settlement = NewSettlement::new(1, "ETH_USDT", "0x0", "1".into(), ["7"]);
            let settlement = settlement.with_settlement_order_no(key);
            nothing(client.settlements().create(&settlement).into_future())
        }),
        ("refundOrderNo", |client, key| {
            let refund = NewAbnormalPaymentRefund::new("7".into(), "ETH_USDT", "0x0");
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

#[tokio::test]
async fn used_number_returns_the_existing_order_if_requested() {
    let (sandbox, client) = pair().await;
    let orders = client.checkout_orders();
    let order = order();
    let created = orders.create(&order).or_existing().await.unwrap();
    let existing = orders.create(&order).or_existing().await.unwrap();
    assert_eq!(existing.order_no, created.order_no);
    assert_eq!(existing.deposit_address, created.deposit_address);
    assert_eq!(existing.paying_amount, created.paying_amount);
    assert_eq!(created.existing_status(), None);
    assert_eq!(existing.existing_status(), Some("PAYING".into()));
    // Without the option, the rejection is returned.
    let duplicate = orders.create(&order).await.checked_err();
    assert!(duplicate.is_duplicate() && duplicate.may_have_taken_effect());
    assert_eq!(effects(&sandbox, &order), 1);
    assert_eq!(sent(&sandbox, SandboxOperation::GetCheckoutOrder), 1);
}

/// An existing order that cannot be paid any more must not look like a new one.
#[tokio::test]
async fn existing_order_has_its_status() {
    for status in ["PAID", "CANCELLED", "TIMEOUT"] {
        let (sandbox, client) = pair().await;
        let order = order();
        client.checkout_orders().create(&order).await.unwrap();
        let status = format!("{status:?}");
        let get = SandboxOperation::GetCheckoutOrder;
        let fault = Fault::replace_field("retdata.orderStatus", &status).unwrap();
        sandbox.faults().add(fault.on(get));
        let create = client.checkout_orders().create(&order).or_existing();
        let found = create.await.unwrap().existing_status().unwrap();
        assert_eq!(format!("{:?}", found.as_str()), status);
        // Without a readable status, the order is not returned.
        for json in ["null", "7"] {
            let fault = Fault::replace_field("retdata.orderStatus", json).unwrap();
            sandbox.faults().add(fault.on(get));
            let create = client.checkout_orders().create(&order).or_existing();
            let error = create.await.checked_err();
            assert!(error.is_duplicate(), "{json}: {error}");
        }
    }
}

#[tokio::test]
async fn used_number_of_another_order_is_a_conflict() {
    let (sandbox, client) = pair().await;
    let orders = client.checkout_orders();
    let order = order().with_order_no("A1");
    orders.create(&order).await.unwrap();
    let usd = |amount, token: &str, customer: &str, merchant: &str| {
        NewCheckoutOrder::usd(
            Decimal::new(amount, 2),
            token,
            customer.into(),
            merchant.into(),
        )
        .with_order_no("A1")
    };
    let customer = crate::watch::CUSTOMER;
    for (other, field, requested, existing) in [
        (
            usd(51, "ETH_USDT", customer, "1"),
            "orderAmount",
            "0.51",
            "0.50",
        ),
        (
            usd(50, "TRX_USDT", customer, "1"),
            "token",
            "TRX_USDT",
            "ETH_USDT",
        ),
        (usd(50, "ETH_USDT", "7", "1"), "customerId", "7", customer),
        (usd(50, "ETH_USDT", customer, "2"), "merchantId", "2", "1"),
    ] {
        let error = orders.create(&other).or_existing().await.checked_err();
        let ErrorKind::Conflict(conflict) = error.kind() else {
            panic!("{field}: {error}");
        };
        assert_eq!(conflict.field(), field);
        assert_eq!(conflict.requested(), requested);
        assert_eq!(conflict.existing(), Some(existing));
        assert!(!error.is_retryable() && error.may_have_taken_effect());
        let text = format!(
            "create checkout order: this number is used, and the `{field}` of its record is not the requested one"
        );
        assert!(error.to_string().starts_with(&text), "{error}");
    }
    assert_eq!(effects(&sandbox, &order), 1);
}

/// If the existing order cannot be looked up, its number is used but nothing else is known.
#[tokio::test]
async fn failed_lookup_returns_the_rejection() {
    for (fault, source) in [
        (Fault::status(503).always(), "transport"),
        (Fault::stall(), "timeout"),
        (
            Fault::custom(200, [("content-type", "text/html")], "<html>"),
            "decode",
        ),
        (
            Fault::replace_field("retdata.orderNo", r#""EVIL""#).unwrap(),
            "decode",
        ),
        (Fault::null("retdata.orderAmount").unwrap(), "decode"),
        (Fault::null("retdata.orderStatus").unwrap(), "decode"),
    ] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        let order = order();
        client.checkout_orders().create(&order).await.unwrap();
        let fault = fault.on(SandboxOperation::GetCheckoutOrder);
        let fault = sandbox.faults().add(fault);
        let limit = Duration::from_secs(10);
        let create = client.checkout_orders().create(&order).or_existing();
        let create = tokio::spawn(create.deadline(limit).into_future());
        when(|| sandbox.faults().injections(fault) > 0).await;
        if source == "timeout" {
            clock.advance(limit);
        }
        let error = create.await.unwrap().checked_err();
        assert!(
            error.is_duplicate() && error.may_have_taken_effect(),
            "{error}"
        );
        let cause = std::error::Error::source(&error).unwrap();
        let cause = cause.downcast_ref::<Error>().unwrap();
        assert_eq!(cause.kind().name(), source);
        assert!(!error.is_retryable() && !error.is_ambiguous(), "{error}");
        assert_eq!(effects(&sandbox, &order), 1);
    }
}

/// The first attempt took effect, and its response was lost.
#[tokio::test]
async fn lost_creation_is_resolved_by_the_existing_order() {
    let (sandbox, client) = pair().await;
    let create = SandboxOperation::CreateCheckoutOrder;
    let lost = Fault::reset().on(create).after_effect();
    sandbox.faults().add(lost);
    let order = order();
    let result = client.checkout_orders().create(&order).or_existing().await;
    assert_eq!(outcome(&result), "done", "{result:?}");
    assert_eq!(effects(&sandbox, &order), 1);
}

#[cfg(feature = "provisional")]
#[tokio::test]
async fn existing_payouts_refunds_and_trades_are_returned_if_requested() {
    use stablelink::{NewRefund, NewTrade};

    let (sandbox, client) = pair().await;
    let customer = sandbox.add_customer();
    let trade = NewTrade::on_ramp(customer, "USD", "USDC", 120).with_request_id("T1");
    let trades = client.trades();
    let created = trades.create(&trade).or_existing().await.unwrap();
    let existing = trades.create(&trade).or_existing().await.unwrap();
    assert_eq!(existing.tx_no, created.tx_no);
    let other = NewTrade::on_ramp(customer, "USD", "USDC", 121).with_request_id("T1");
    let error = trades.create(&other).or_existing().await.checked_err();
    assert_eq!(error.kind().name(), "conflict", "{error}");
    let total = sandbox.effects().total(SandboxOperation::CreateTrade);
    assert_eq!(total, 1);

    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    sandbox
        .pay_order(order.order_no(), Decimal::ONE, "0x1")
        .unwrap();
    let refund = NewRefund::of_order(order.order_no(), Decimal::new(1, 1));
    let refunds = client.refunds();
    let created = refunds.create(&refund).or_existing().await.unwrap();
    let existing = refunds.create(&refund).or_existing().await.unwrap();
    assert_eq!(existing.sysid, created.sysid);
    let total = sandbox.effects().total(SandboxOperation::CreateRefundOrder);
    assert_eq!(total, 1);

    let settlement = |amount| {
        let address = "0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C";
        let orders: [&str; 0] = [];
        NewSettlement::new(
            Decimal::new(amount, 1),
            "ETH_USDT",
            address,
            "1".into(),
            orders,
        )
        .with_settlement_order_no("S1")
    };
    let settlements = client.settlements();
    let created = settlements
        .create(&settlement(1))
        .or_existing()
        .await
        .unwrap();
    let existing = settlements
        .create(&settlement(1))
        .or_existing()
        .await
        .unwrap();
    assert_eq!(existing.sysid, created.sysid);
    let error = settlements
        .create(&settlement(2))
        .or_existing()
        .await
        .checked_err();
    assert_eq!(error.kind().name(), "conflict", "{error}");
}

#[tokio::test]
async fn missing_order_is_not_found() {
    let (_sandbox, client) = pair().await;
    let error = client.checkout_orders().get("0").await.checked_err();
    assert!(error.is_not_found() && !error.is_duplicate(), "{error}");
    let duplicate = {
        let order = order();
        client.checkout_orders().create(&order).await.unwrap();
        client.checkout_orders().create(&order).await.checked_err()
    };
    assert!(!duplicate.is_not_found(), "{duplicate}");
}
