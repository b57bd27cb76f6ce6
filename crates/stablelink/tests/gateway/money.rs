//! Amounts keep all digits on the way to the gateway and back.

use proptest::prelude::*;
use stablelink::types::{CheckoutOrder, ExchangeRate};
use stablelink::{Client, Decimal, Method, NewCheckoutOrder, NewSettlement, Response};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};

use crate::setup::{pair, sent};
use crate::watch::CheckedResult;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn body_of(sandbox: &Sandbox, operation: SandboxOperation) -> String {
    let requests = sandbox.requests();
    let last = requests
        .iter()
        .rfind(|request| request.operation == Some(operation));
    String::from_utf8(last.unwrap().body.to_vec()).unwrap()
}

/// An amount is sent as a number in an order and as a string in a settlement, and is returned unchanged.
async fn travels(sandbox: &Sandbox, client: &Client, digits: &str) {
    let amount: Decimal = digits.parse().unwrap();
    let order = NewCheckoutOrder::usd(amount, "ETH_USDT", "6".into(), "1".into());
    client.checkout_orders().create(&order).await.unwrap();
    let body = body_of(sandbox, SandboxOperation::CreateCheckoutOrder);
    assert!(
        body.contains(&format!(r#""orderAmount":{digits},"#))
            || body.contains(&format!(r#""orderAmount":{digits}}}"#)),
        "{body}"
    );
    let found = client
        .checkout_orders()
        .get(order.order_no())
        .await
        .unwrap();
    let back = found.order_amount.unwrap().get();
    assert_eq!(back, amount);
    assert_eq!(found.raw_field("orderAmount").unwrap().get(), digits);

    let settlement = NewSettlement::new(amount, "ETH_USDT", "0x0", "1".into(), [order.order_no()]);
    // The gateway decides whether to accept the settlement.
    let _ = client.settlements().create(&settlement).await;
    let body = body_of(sandbox, SandboxOperation::CreateSettlementOrder);
    assert!(body.contains(&format!(r#""amount":"{digits}""#)), "{body}");
}

#[tokio::test]
async fn known_amounts_keep_all_digits() {
    let (sandbox, client) = pair().await;
    for digits in [
        "12345678901234567890.12",
        "1000.233567",
        "0.1",
        "0.50",
        "0.30000000000000004",
        "9007199254740993",
        "0.0000000000000000000000000001",
        "792281625142643375935439.50",
    ] {
        travels(&sandbox, &client, digits).await;
    }
    assert_eq!(sandbox.token_grants().granted(), 1);
}

/// The gateway writes a number or a string, in a field of either type.
async fn comes(sandbox: &Sandbox, client: &Client, digits: &str) {
    let amount: Decimal = digits.parse().unwrap();
    for json in [digits.to_owned(), format!(r#""{digits}""#)] {
        let body = format!(
            r#"{{"retcode":"200","retdata":{{"orderNo":"7","orderAmount":{json},"payingAmount":{json},"more":{json}}}}}"#
        );
        let info = SandboxOperation::GetCheckoutOrder;
        sandbox
            .faults()
            .add(Fault::custom(200, JSON, body).on(info).times(2));
        let typed = client.checkout_orders().get("7").await.unwrap();
        let by_hand: Response<CheckoutOrder> = client
            .request(Method::GET, "/checkout/order/info?orderNo=7")
            .fetch()
            .await
            .unwrap();
        for found in [typed, by_hand] {
            assert_eq!(found.order_amount.unwrap().get(), amount, "{json}");
            assert_eq!(found.paying_amount.unwrap().get().to_string(), digits);
            assert_eq!(found.unknown_fields()["more"].get(), json);
        }
        let body = format!(
            r#"{{"retcode":"200","retdata":{{"channelRate":{json},"rate":{json},"sellBalance":{json}}}}}"#
        );
        let quote = SandboxOperation::GetExchangeRate;
        sandbox
            .faults()
            .add(Fault::custom(200, JSON, body).on(quote));
        let rate: Response<ExchangeRate> =
            client.exchange_rates().quote("USDT", "USD").await.unwrap();
        assert_eq!(rate.channel_rate.unwrap().get(), amount, "{json}");
        assert_eq!(rate.rate.as_ref().unwrap().get(), amount, "{json}");
        assert_eq!(
            rate.sell_balance.as_ref().unwrap().get().to_string(),
            digits
        );
    }
}

#[tokio::test]
async fn amounts_are_parsed_from_number_and_string() {
    let (sandbox, client) = pair().await;
    for digits in ["12345678901234567890.12", "1000.233567", "0.9900", "-0.01"] {
        comes(&sandbox, &client, digits).await;
    }
}

/// An amount with too many digits is an error that names the field, never another amount.
#[tokio::test]
async fn unrepresentable_amount_is_error() {
    let (sandbox, client) = pair().await;
    for json in [
        "123456789012345678901234567890.12",
        "0.12345678901234567890123456789",
        "1e40",
        r#""123456789012345678901234567890""#,
        r#""1,000.00""#,
        r#""NaN""#,
    ] {
        let body =
            format!(r#"{{"retcode":"200","retdata":{{"orderNo":"7","orderAmount":{json}}}}}"#);
        sandbox
            .faults()
            .add(Fault::custom(200, JSON, body).on(SandboxOperation::GetCheckoutOrder));
        let error = client.checkout_orders().get("7").await.checked_err();
        assert_eq!(error.kind().name(), "decode", "{json}: {error}");
        assert!(error.to_string().contains("retdata.orderAmount"), "{error}");
    }
    assert_eq!(sent(&sandbox, SandboxOperation::GetCheckoutOrder), 6);
}

fn amounts() -> impl Strategy<Value = String> {
    (1..=9_999_999_999_999_999_999_999_999i128, 0..=20u32)
        .prop_map(|(digits, scale)| Decimal::from_i128_with_scale(digits, scale).to_string())
}

#[test]
fn any_amount_keeps_all_digits() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (sandbox, client) = runtime.block_on(pair());
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(digits in amounts())| {
        runtime.block_on(travels(&sandbox, &client, &digits));
        runtime.block_on(comes(&sandbox, &client, &digits));
    });
}

/// A program stores a request before it sends it, and sends it again after a restart.
#[tokio::test]
async fn stored_request_keeps_its_number_and_all_digits() {
    let (sandbox, client) = pair().await;
    let amount: Decimal = "12345678901234567890.120".parse().unwrap();
    let order = NewCheckoutOrder::usd(amount, "ETH_USDT", "6".into(), "1".into());
    client.checkout_orders().create(&order).await.unwrap();
    let text = serde_json::to_string(&order).unwrap();
    assert_eq!(
        text,
        body_of(&sandbox, SandboxOperation::CreateCheckoutOrder)
    );
    let stored: NewCheckoutOrder = serde_json::from_str(&text).unwrap();
    assert_eq!(stored.order_no(), order.order_no());
    let existing = client.checkout_orders().create(&stored).or_existing().await;
    assert_eq!(
        existing.unwrap().order_no.as_deref(),
        Some(order.order_no())
    );

    let settlement = NewSettlement::new(amount, "ETH_USDT", "0x0", "1".into(), [order.order_no()]);
    let text = serde_json::to_string(&settlement).unwrap();
    assert!(
        text.contains(r#""amount":"12345678901234567890.120""#),
        "{text}"
    );
    let stored: NewSettlement = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&stored).unwrap(), text);
    assert_eq!(
        stored.settlement_order_no(),
        settlement.settlement_order_no()
    );
}

#[cfg(feature = "provisional")]
#[test]
fn stored_refund_trade_and_settlement_keep_number_and_all_digits() {
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use stablelink::{NewAbnormalPaymentRefund, NewFiatSettlement, NewRefund, NewTrade};

    fn restored<T: Serialize + DeserializeOwned>(value: &T) -> (String, T) {
        let text = serde_json::to_string(value).unwrap();
        let stored: T = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&stored).unwrap(), text);
        (text, stored)
    }

    let amount: Decimal = "12345678901234567890.120".parse().unwrap();
    let refund = NewRefund::of_order("7", amount);
    let (text, stored) = restored(&refund);
    assert!(text.contains("12345678901234567890.120"), "{text}");
    assert_eq!(stored.refund_order_no(), refund.refund_order_no());

    let trade = NewTrade::on_ramp(6, "USD", "USDC", amount);
    let (text, stored) = restored(&trade);
    assert!(text.contains("12345678901234567890.120"), "{text}");
    assert_eq!(stored.request_id(), trade.request_id());

    let refund = NewAbnormalPaymentRefund::new("7".into(), "ETH_USDT", "0x1");
    let (_, stored) = restored(&refund);
    assert_eq!(stored.refund_order_no(), refund.refund_order_no());

    let fields = serde_json::json!({ "amount": "12345678901234567890.120" });
    let settlement = NewFiatSettlement::new(fields.as_object().unwrap().clone());
    let (text, stored) = restored(&settlement);
    assert!(text.contains(r#""12345678901234567890.120""#), "{text}");
    assert_eq!(
        stored.settlement_order_no(),
        settlement.settlement_order_no()
    );
}
