//! Tests of fees, rates, trades, deposits and events.

use rust_decimal::Decimal;
use stablelink_sandbox::{RateForm, Sandbox, SandboxOperation, SandboxRecordKind};

use crate::caller::{Caller, HttpResponse};

fn trade(request_id: &str, client_id: i64, rest: &str) -> String {
    let fixed = r#""requestType":1,"fromCurrency":"USD","toCurrency":"USDC""#;
    format!(r#"{{"requestId":"{request_id}","clientId":{client_id},{fixed},{rest}}}"#)
}

async fn create(caller: &Caller, body: &str) -> HttpResponse {
    caller.post("/trade/create-trade-request", body).await
}

#[tokio::test]
async fn exchange_rate_supports_both_published_forms() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let customer = sandbox.add_customer();
    let fees =
        format!(r#"{{"clientId":{customer},"developerFixAmount":1.5,"developerRate":0.01}}"#);
    caller.post("/trade/update-fee-config", &fees).await.ok();
    let request = format!(
        r#"{{"sellCurrency":"USDT","buyCurrency":"USD","amount":358.79,"clientId":{customer}}}"#
    );
    let rate = || caller.post("/trade/exchange-rate", &request);
    let current = rate().await.ok();
    assert_eq!(current.field("channelRate"), "0.9900");
    assert_eq!(current.field("developerFee"), "5.0879");
    assert_eq!(current.field("clientId"), customer.to_string());
    sandbox.update_settings(|settings| settings.rate_form = RateForm::QuoteId);
    let previous = rate().await.ok();
    assert_eq!(previous.field("rate"), "\"0.9900\"");
    assert_eq!(previous.field("channelRate"), "");
    assert_ne!(previous.field("quoteId"), rate().await.field("quoteId"));
    // The document does not require an amount. Without one, there is no fee for this trade.
    let request = r#"{"sellCurrency":"USDT","buyCurrency":"USD"}"#;
    let without_amount = || caller.post("/trade/exchange-rate", request);
    assert_ne!(without_amount().await.ok().field("quoteId"), "");
    sandbox.update_settings(|settings| settings.rate_form = RateForm::ChannelRate);
    let current = without_amount().await.ok();
    assert_eq!(current.field("channelRate"), "0.9900");
    assert_eq!(current.field("developerFee"), "");
    let zero = request.replace('}', ",\"amount\":0}");
    caller
        .post("/trade/exchange-rate", &zero)
        .await
        .rejected("00008");
    let wrong = r#"{"sellCurrency":"EUR","buyCurrency":"USD","amount":1}"#;
    caller
        .post("/trade/exchange-rate", wrong)
        .await
        .rejected("00008");
}

#[tokio::test]
async fn trade_requires_a_customer_and_a_fee_config() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    create(&caller, &trade("r1", 1, r#""amount":120"#))
        .await
        .rejected("00907");
    let user = r#"{"email":"a@example.com","fullName":"A","country":"VGB"}"#;
    let user = caller.post("/user/create-user", user).await.ok();
    let id: i64 = user.field("id").parse().unwrap();
    let body = trade("r1", id, r#""amount":120"#);
    create(&caller, &body).await.rejected("00908");
    let fees = format!(r#"{{"clientId":{id},"developerFixAmount":0.5,"developerRate":0.01}}"#);
    caller.post("/trade/create-fee-config", &fees).await.ok();
    caller
        .post("/trade/create-fee-config", &fees)
        .await
        .rejected("00906");
    let config = caller
        .get("/trade/get-fee-config", &format!("clientId={id}"))
        .await
        .ok();
    assert_eq!(config.field("developerRate"), "0.01");
    let created = create(&caller, &body).await.ok();
    for (field, value) in [
        ("amount", "120"),
        ("totalFee", "1.7"),
        ("reallyAmount", "118.3"),
        ("requestType", "\"OnRamp\""),
        ("status", "\"Pending\""),
    ] {
        assert_eq!(created.field(field), value);
    }
    assert!(created.text("txNo").starts_with("TR20"), "{}", created.body);
    create(&caller, &body).await.rejected("00906");
    assert_eq!(
        sandbox.effects().count(SandboxOperation::CreateTrade, "r1"),
        1
    );
}

#[tokio::test]
async fn invalid_trade_is_rejected_with_the_rule() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let id = sandbox.add_customer();
    let long = "x".repeat(65);
    for (body, needle) in [
        (
            trade("", id, r#""amount":1"#),
            "requestId must not be empty",
        ),
        (trade(&long, id, r#""amount":1"#), "at most 64"),
        (
            trade("r", id, r#""amount":0"#),
            "amount must be greater than 0",
        ),
        (
            trade("r", id, r#""amount":true"#),
            "amount must be a number",
        ),
        (
            trade("r", id, r#""amount":1,"greenLinkVA":"Yes""#),
            "fileId must not be empty",
        ),
        (
            trade("r", id, r#""amount":1,"greenLinkVA":"yes""#),
            "greenLinkVA must be Yes or No",
        ),
        (
            trade("r", id, r#""amount":1"#).replace("USDC", "USD"),
            "toCurrency must be another",
        ),
        (
            trade("r", id, r#""amount":1"#).replace(":1,\"from", ":9,\"from"),
            "requestType must be",
        ),
    ] {
        let rejection = create(&caller, &body).await.rejected("00008");
        assert!(
            rejection.retmsg().contains(needle),
            "{needle}: {}",
            rejection.body
        );
    }
    assert_eq!(sandbox.effects().total(SandboxOperation::CreateTrade), 0);
}

#[tokio::test]
async fn trade_is_found_confirmed_and_listed() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let (one, two) = (sandbox.add_customer(), sandbox.add_customer());
    let created = create(&caller, &trade("r1", one, r#""amount":1"#))
        .await
        .ok();
    create(&caller, &trade("r2", two, r#""amount":2"#))
        .await
        .ok();
    let tx_no = created.text("txNo");
    let by_id = || caller.get("/trade/get-trade-request", "requestId=r1");
    assert_eq!(by_id().await.ok().text("txNo"), tx_no);
    let by_number = caller
        .get("/trade/get-transaction", &format!("txNo={tx_no}"))
        .await;
    assert_eq!(by_number.ok().text("requestId"), "r1");
    caller
        .get("/trade/get-trade-request", "requestId=r9")
        .await
        .rejected("00907");

    let confirm = format!(r#"{{"txNo":"{tx_no}"}}"#);
    caller
        .post("/trade/confirm-transaction", &confirm)
        .await
        .ok();
    caller
        .post("/trade/confirm-transaction", &confirm)
        .await
        .rejected("00908");
    assert_eq!(by_id().await.text("status"), "Processing");
    sandbox
        .set_status(SandboxRecordKind::Trade, "r1", "Completed")
        .unwrap();
    assert_eq!(by_id().await.text("status"), "Completed");
    assert!(
        sandbox
            .set_status(SandboxRecordKind::Trade, "r9", "Completed")
            .is_err()
    );

    for (query, total) in [
        (String::new(), "2"),
        (format!("clientId={one}"), "1"),
        ("clientId=5".to_owned(), "0"),
        ("pageNum=2&pageSize=1".to_owned(), "2"),
    ] {
        let list = caller.get("/trade/get-trade-list", &query).await.ok();
        assert_eq!(list.field("total"), total, "{query}");
    }
    caller
        .get("/trade/get-trade-list", "clientId=x")
        .await
        .rejected("00008");
}

#[tokio::test]
async fn deposits_are_listed_and_the_address_is_stable() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let id = sandbox.add_customer();
    let query = format!("clientId={id}&currency=USDC&network=ethereum");
    let address = || caller.get("/trade/get-deposit-address", &query);
    let first = address().await.ok().text("address");
    assert_eq!(
        (first.len(), &first),
        (42, &address().await.text("address"))
    );
    let list = || caller.get("/trade/get-receive-transactions", &query);
    assert_eq!(list().await.ok().field("total"), "0");
    let amount = Decimal::new(12_345, 2);
    let received = sandbox.deposit(id, ("USDC", "ethereum"), amount).unwrap();
    assert_eq!(list().await.ok().field("total"), "1");
    let one = caller
        .get("/trade/get-receive-transaction", &format!("id={received}"))
        .await
        .ok();
    assert_eq!(
        (one.field("amount"), one.text("address")),
        ("123.45".to_owned(), first)
    );
    assert!(sandbox.deposit(1, ("USDC", "ethereum"), amount).is_err());
}

#[tokio::test]
async fn simulated_event_is_recorded_unchanged() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let body = r#"{"event":"e1","paymentRequestDTO":{"amount":0.00}}"#;
    caller.post("/base/notification/simulate", body).await.ok();
    let events = caller
        .post("/base/notification/event-page", "{}")
        .await
        .ok();
    assert!(
        events
            .body
            .contains(r#""event":"e1","request":{"event":"e1""#),
        "{}",
        events.body
    );
    assert!(events.body.contains(r#"{"amount":0.00}"#), "unchanged");
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::SimulateEvent, "e1"),
        1
    );
}
