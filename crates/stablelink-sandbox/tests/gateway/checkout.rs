//! Tests of orders, settlements and refunds.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use stablelink_sandbox::{IdForm, Sandbox, SandboxOperation, SandboxRecordKind};
use tokio::task::JoinSet;

use crate::caller::{Caller, HttpResponse};

fn order(number: &str, rest: &str) -> String {
    let fixed = r#""customerId":"6","merchantId":"1""#;
    format!(r#"{{"orderNo":"{number}",{fixed},{rest}}}"#)
}

const PLAIN: &str = r#""orderAmount":0.50,"token":"ETH_USDT","expiredIn":2000"#;

async fn create(caller: &Caller, number: &str) -> HttpResponse {
    caller
        .post("/checkout/order/create", &order(number, PLAIN))
        .await
}

async fn status(caller: &Caller, number: &str) -> String {
    let query = format!("orderNo={number}");
    caller
        .get("/checkout/order/info", &query)
        .await
        .ok()
        .text("orderStatus")
}

#[tokio::test]
async fn order_is_created_once_and_can_be_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let created = create(&caller, "A1").await.ok();
    for (field, value) in [
        ("orderNo", "\"A1\""),
        ("payingAmount", "0.505"),
        ("exchangeRate", "1.01"),
        ("token", "\"ETH_USDT\""),
        ("expiredIn", "2000"),
        ("customerId", "\"6\""),
    ] {
        assert_eq!(created.field(field), value);
    }
    let info = caller.get("/checkout/order/info", "orderNo=A1").await.ok();
    assert_eq!(info.field("orderAmount"), "0.50", "digits are preserved");
    assert_eq!(
        info.field("depositAddress"),
        created.field("depositAddress")
    );
    let again = create(&caller, "A1").await.rejected("00906");
    assert_eq!(again.retmsg(), "\"orderNo already exists\"");
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::CreateCheckoutOrder, "A1"),
        1
    );
    sandbox.update_settings(|settings| settings.reject_duplicates = false);
    create(&caller, "A1").await.ok();
    let effects = sandbox.effects();
    let repeated: Vec<_> = effects.repeated().map(|e| (e.key, e.count)).collect();
    assert_eq!(repeated, [("A1", 2)], "the repeat is counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_orders_with_same_number_create_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Arc::new(Caller::new(&sandbox).await);
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        let caller = Arc::clone(&caller);
        calls.spawn(async move { create(&caller, "A1").await.retcode() });
    }
    let codes = calls.join_all().await;
    let created = codes.iter().filter(|code| *code == "\"200\"").count();
    let rejection = codes.iter().filter(|code| *code == "\"00906\"").count();
    assert_eq!((created, rejection), (1, 63), "{codes:?}");
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::CreateCheckoutOrder, "A1"),
        1
    );
}

#[tokio::test]
async fn invalid_order_is_rejected_with_the_rule() {
    let sandbox = Sandbox::builder()
        .settings(|settings| _ = settings.disabled_tokens.insert("SOL_USDC".to_owned()))
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&sandbox).await;
    let create = |number: &str, rest: &str| {
        let body = order(number, rest);
        let caller = &caller;
        async move { caller.post("/checkout/order/create", &body).await }
    };
    let rule = "orderNo must contain only letters and numbers";
    for (number, rest, message) in [
        ("", PLAIN, rule),
        ("a-b", PLAIN, rule),
        ("ä", PLAIN, rule),
        (
            "A",
            r#""orderAmount":0,"token":"ETH_USDT""#,
            "orderAmount must be greater than 0",
        ),
        (
            "A",
            r#""orderAmount":-1,"token":"ETH_USDT""#,
            "orderAmount must be greater than 0",
        ),
        (
            "A",
            r#""orderAmount":79228162514264337593543950335,"token":"ETH_USDT""#,
            "orderAmount is too large",
        ),
        (
            "A",
            r#""orderAmount":1,"token":"DOGE""#,
            "token must be one of",
        ),
        (
            "A",
            r#""orderAmount":1,"token":"ETH_USDT","expiredIn":0"#,
            "expiredIn must be greater than 0",
        ),
    ] {
        let rejection = create(number, rest).await.rejected("00008");
        assert!(rejection.retmsg().contains(message), "{}", rejection.body);
    }
    let off = create("B", r#""orderAmount":1,"token":"SOL_USDC""#)
        .await
        .ok();
    assert_eq!(
        off.field("depositAddress"),
        "\"-1\"",
        "the response is a success"
    );
    caller
        .get("/checkout/order/info", "orderNo=B")
        .await
        .rejected("00907");
    assert_eq!(sandbox.effects().iter().count(), 0);
}

#[tokio::test]
async fn order_can_time_out_be_set_or_be_cancelled() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let caller = Caller::new(&sandbox).await;
    for number in ["A", "B", "C"] {
        create(&caller, number).await.ok();
    }
    caller.get("/checkout/order/cancel", "orderNo=B").await.ok();
    sandbox
        .set_status(SandboxRecordKind::Order, "C", "PAID")
        .unwrap();
    assert!(
        sandbox
            .set_status(SandboxRecordKind::Order, "D", "PAID")
            .is_err()
    );
    sandbox.clock().advance(Duration::from_secs(1999));
    assert_eq!(status(&caller, "A").await, "PAYING");
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(status(&caller, "A").await, "TIMEOUT");
    assert_eq!(status(&caller, "B").await, "CANCELLED");
    assert_eq!(status(&caller, "C").await, "PAID");
    for number in ["A", "B", "C"] {
        let query = format!("orderNo={number}");
        caller
            .get("/checkout/order/cancel", &query)
            .await
            .rejected("00908");
    }
    assert_eq!(
        sandbox
            .effects()
            .total(SandboxOperation::CancelCheckoutOrder),
        1
    );
}

#[tokio::test]
async fn payment_pays_order_or_becomes_abnormal() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let caller = Caller::new(&sandbox).await;
    for number in ["exact", "over", "under", "late"] {
        create(&caller, number).await.ok();
    }
    let amount = |text: &str| text.parse::<Decimal>().unwrap();
    assert_eq!(sandbox.pay_order("exact", amount("0.505"), "0x1"), Ok(None));
    let over = sandbox
        .pay_order("over", amount("0.600"), "0x2")
        .unwrap()
        .unwrap();
    sandbox
        .pay_order("under", amount("0.5"), "0x3")
        .unwrap()
        .unwrap();
    sandbox.clock().advance(Duration::from_secs(2000));
    sandbox
        .pay_order("late", amount("0.505"), "0x4")
        .unwrap()
        .unwrap();
    assert!(sandbox.pay_order("none", amount("1"), "0x5").is_err());
    assert_eq!(status(&caller, "exact").await, "PAID");
    assert_eq!(status(&caller, "over").await, "PAID");
    assert_eq!(status(&caller, "under").await, "TIMEOUT");

    let list = caller
        .post("/checkout/abnormal-payment/list", "{}")
        .await
        .ok();
    for part in [
        r#""amount":"0.600","pendingAmount":"0.095""#,
        r#""type":"OVER_PAID""#,
        r#""type":"UNDER_PAID""#,
        r#""type":"LATE_PAYMENT""#,
    ] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    let path = "/checkout/abnormal-payment/refund";
    let refund = |hash: &str| {
        format!(r#"{{"refundOrderNo":"R1","orderNo":"over","txHash":"{hash}","token":"ETH_USDT"}}"#)
    };
    caller.post(path, &refund("0x9")).await.rejected("00907");
    let refunded = caller.post(path, &refund("0x2")).await.ok();
    assert_eq!(refunded.field("amount"), "0.095");
    assert_eq!(refunded.text("abnormalPaymentNo"), over);
    caller.post(path, &refund("0x2")).await.rejected("00906");
    let effects = sandbox.effects();
    assert_eq!(
        effects.count(SandboxOperation::CreateAbnormalPaymentRefund, "R1"),
        1
    );
}

#[tokio::test]
async fn refunds_are_limited_to_the_paid_amount() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    create(&caller, "A").await.ok();
    let refund = |number: &str, amount: &str| {
        let body = format!(r#"{{"refundOrderNo":"{number}","orderNo":"A","amount":{amount}}}"#);
        let caller = &caller;
        async move { caller.post("/checkout/refund/create", &body).await }
    };
    refund("R1", "0.1").await.rejected("00908");
    sandbox.pay_order("A", Decimal::new(505, 3), "0x1").unwrap();
    refund("R1", "0.506").await.rejected("00008");
    refund("R1", "0.3").await.ok();
    refund("R1", "0.1").await.rejected("00906");
    let rejection = refund("R2", "0.3").await.rejected("00008");
    assert!(rejection.retmsg().contains("0.205"), "{}", rejection.body);
    caller
        .get("/checkout/refund/cancel", "refundOrderNo=R1")
        .await
        .ok();
    caller
        .get("/checkout/refund/cancel", "refundOrderNo=R1")
        .await
        .rejected("00908");
    refund("R2", "0.3").await.ok();
    sandbox
        .set_status(SandboxRecordKind::Refund, "R2", "REFUNDED")
        .unwrap();
    sandbox
        .set_status(SandboxRecordKind::Refund, "R2", "REFUNDED")
        .unwrap();
    let info = caller.get("/checkout/order/info", "orderNo=A").await.ok();
    assert_eq!(info.field("refundedAmount"), "0.3", "once");
    assert_eq!(info.text("orderStatus"), "PARTIAL_REFUNDED");
    refund("R3", "0.205").await.ok();
    sandbox
        .set_status(SandboxRecordKind::Refund, "R3", "REFUNDED")
        .unwrap();
    assert_eq!(status(&caller, "A").await, "REFUNDED");
    let info = caller
        .get("/checkout/refund/info", "refundOrderNo=R3")
        .await
        .ok();
    assert_eq!(info.text("status"), "REFUNDED");
    caller
        .get("/checkout/refund/info", "refundOrderNo=R9")
        .await
        .rejected("00907");
    let list = caller.post("/checkout/refund/list", "{}").await.ok();
    assert_eq!(list.field("total"), "3");
    let both = r#"{"refundOrderNo":"R4","orderNo":"A","abnormalPaymentNo":"B","amount":1}"#;
    caller
        .post("/checkout/refund/create", both)
        .await
        .rejected("00008");
}

#[tokio::test]
async fn settlement_is_created_read_and_cancelled() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    create(&caller, "A").await.ok();
    let path = "/checkout/settlement/create";
    let body = r#"{"settlementOrderNo":"25","merchantId":"2","token":"ETH_USDT","address":"0x9f","amount":"1000.233567","orderNos":["A"]}"#;
    caller
        .post(path, &body.replace("[\"A\"]", "[\"B\"]"))
        .await
        .rejected("00907");
    caller
        .post(path, &body.replace("1000.233567", "0"))
        .await
        .rejected("00008");
    caller.post(path, body).await.ok();
    caller.post(path, body).await.rejected("00906");
    let fiat = r#"{"settlementOrderNo":"26"}"#;
    caller
        .post("/checkout/fiat-settlement/create", fiat)
        .await
        .ok();
    let info = caller
        .get("/checkout/settlement/info", "settlementOrderNo=25")
        .await
        .ok();
    assert_eq!(info.field("amount"), "\"1000.233567\"");
    assert_eq!(info.text("status"), "PENDING_SETTLEMENT");
    sandbox
        .set_status(SandboxRecordKind::Settlement, "26", "SETTLED")
        .unwrap();
    let cancel = |number| caller.get("/checkout/settlement/cancel", number);
    cancel("settlementOrderNo=26").await.rejected("00908");
    cancel("settlementOrderNo=25").await.ok();
    let list = caller.post("/checkout/settlement/list", "{}").await.ok();
    assert_eq!(list.field("total"), "2");
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::CreateSettlementOrder, "25"),
        1
    );
}

#[tokio::test]
async fn lists_are_paged_with_the_newest_first() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for number in ["c", "a", "b"] {
        create(&caller, number).await.ok();
    }
    let numbers = |response: HttpResponse| {
        let records = response.ok().field("records");
        let parts = records.split("\"orderNo\":\"").skip(1);
        parts.map(|part| part[..1].to_owned()).collect::<String>()
    };
    for (request, expected) in [
        ("{}", "bac"),
        (r#"{"pageNum":1,"pageSize":2}"#, "ba"),
        (r#"{"pageNum":2,"pageSize":2}"#, "c"),
        (r#"{"pageNum":3,"pageSize":2}"#, ""),
        (r#"{"pageNum":18446744073709551615,"pageSize":100}"#, ""),
        (r#"{"unknown":true}"#, "bac"),
    ] {
        let response = caller.post("/checkout/order/list", request).await;
        assert_eq!(response.field("total"), "3");
        assert_eq!(numbers(response), expected, "{request}");
    }
    for request in [
        r#"{"pageNum":0}"#,
        r#"{"pageSize":0}"#,
        r#"{"pageSize":101}"#,
    ] {
        caller
            .post("/checkout/order/list", request)
            .await
            .rejected("00008");
    }
}

/// The types of the vendor's Go client, which decodes strictly: a number is not read as a string.
#[derive(Deserialize)]
struct StrictEnvelope<T> {
    retcode: String,
    #[allow(dead_code, reason = "only its type is tested")]
    retmsg: String,
    retdata: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only the types are tested")]
struct StrictCreatedOrder {
    sysid: String,
    order_no: String,
    paying_amount: Number,
    token: String,
    coin_address: String,
    exchange_rate: Number,
    deposit_address: String,
    payment_url: String,
    expired_in: i64,
    customer_id: String,
    merchant_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only the types are tested")]
struct StrictOrder {
    sysid: String,
    order_no: String,
    order_amount: Number,
    paying_amount: Number,
    customer_id: String,
    merchant_id: String,
    expired_in: i64,
    token: String,
    tx_hash: String,
    deposit_address: String,
    order_status: String,
    created_time: String,
    updated_time: String,
    refunded_amount: Number,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "only the types are tested")]
struct StrictToken {
    access_token: String,
    token_type: String,
    expires_in: i64,
    refresh_token: String,
    rt_expires_in: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only the types are tested")]
struct StrictRefund {
    sysid: String,
    refund_order_no: String,
    refund_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only the types are tested")]
struct StrictSettlement {
    sysid: String,
    settlement_order_no: String,
    merchant_id: Option<String>,
    token: Option<String>,
    address: Option<String>,
    amount: Option<String>,
}

#[derive(Deserialize)]
struct StrictPage<T> {
    records: Vec<T>,
}

fn strict<T: DeserializeOwned>(response: &HttpResponse) -> T {
    let envelope = serde_json::from_str::<StrictEnvelope<T>>(&response.body);
    let envelope = envelope.unwrap_or_else(|error| panic!("{error}: {}", response.body));
    assert_eq!(envelope.retcode, "200");
    envelope.retdata
}

#[tokio::test]
async fn checkout_responses_have_the_types_of_the_vendors_client() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = crate::caller::by_credentials(sandbox.url(), &sandbox.credentials()).await;
    strict::<StrictToken>(&token);
    let caller = Caller::with_token(&sandbox, &token.text("access_token"));
    let created: StrictCreatedOrder = strict(&create(&caller, "A1").await);
    assert!(created.sysid.starts_with("OR"), "{}", created.sysid);
    let over = Decimal::new(1, 0);
    sandbox.pay_order("A1", over, "0x1").unwrap();
    let get = |path: &'static str, query: &'static str| caller.get(path, query);
    let post = |path: &'static str, body: &'static str| caller.post(path, body);
    let order: StrictOrder = strict(&get("/checkout/order/info", "orderNo=A1").await);
    assert_eq!(order.sysid, created.sysid);
    let page: StrictPage<StrictOrder> = strict(&post("/checkout/order/list", "{}").await);
    assert_eq!(page.records.len(), 1);

    let body = r#"{"refundOrderNo":"R1","orderNo":"A1","amount":0.1}"#;
    let refund: StrictRefund = strict(&post("/checkout/refund/create", body).await);
    assert!(refund.sysid.starts_with("RF"), "{}", refund.sysid);
    let body = r#"{"refundOrderNo":"R2","orderNo":"A1","txHash":"0x1","token":"ETH_USDT"}"#;
    strict::<StrictRefund>(&post("/checkout/abnormal-payment/refund", body).await);
    strict::<StrictRefund>(&get("/checkout/refund/info", "refundOrderNo=R1").await);
    strict::<StrictPage<StrictRefund>>(&post("/checkout/refund/list", "{}").await);
    strict::<StrictPage<Value>>(&post("/checkout/abnormal-payment/list", "{}").await);

    let body = r#"{"settlementOrderNo":"25","merchantId":"2","token":"ETH_USDT","address":"0x9","amount":"0.2","orderNos":["A1"]}"#;
    let settlement: StrictSettlement = strict(&post("/checkout/settlement/create", body).await);
    assert!(settlement.sysid.starts_with("ST"), "{}", settlement.sysid);
    let body = r#"{"settlementOrderNo":"26"}"#;
    strict::<StrictSettlement>(&post("/checkout/fiat-settlement/create", body).await);
    strict::<StrictSettlement>(&get("/checkout/settlement/info", "settlementOrderNo=25").await);
    strict::<StrictPage<StrictSettlement>>(&post("/checkout/settlement/list", "{}").await);
    assert_eq!(sandbox.mismatches(), []);
}

#[tokio::test]
async fn checkout_ids_are_integers_as_configured() {
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.checkout_ids = IdForm::Integer)
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&sandbox).await;
    let created = create(&caller, "A1").await.ok();
    let info = caller.get("/checkout/order/info", "orderNo=A1").await.ok();
    for response in [created, info] {
        assert_eq!(response.field("customerId"), "6", "{}", response.body);
        assert_eq!(response.field("merchantId"), "1");
        assert!(response.field("sysid").parse::<i64>().is_ok());
        assert_eq!(response.field("expiredIn"), "2000");
    }
    let named = order("A2", PLAIN).replace("\"6\"", "\"c6\"");
    let created = caller.post("/checkout/order/create", &named).await.ok();
    assert_eq!(created.field("customerId"), "\"c6\"", "not a number");
    assert_eq!(sandbox.mismatches(), []);
}

#[tokio::test]
async fn merchant_id_is_required_as_configured() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let without = order("A1", PLAIN).replace(",\"merchantId\":\"1\"", "");
    let path = "/checkout/order/create";
    let rejection = caller.post(path, &without).await.rejected("00008");
    assert_eq!(rejection.retmsg(), "\"merchantId must not be empty\"");
    sandbox.update_settings(|settings| settings.require_merchant_id = false);
    let created = caller.post(path, &without).await.ok();
    assert_eq!(created.field("merchantId"), "");
    let empty = order("A2", PLAIN).replace("\"1\"", "\"\"");
    caller.post(path, &empty).await.rejected("00008");
    create(&caller, "A3").await.ok();
}
