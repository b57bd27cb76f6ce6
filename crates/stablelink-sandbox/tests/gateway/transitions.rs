//! Tests of the status changes that the clock causes.

use std::time::Duration;

use rust_decimal::Decimal;
use stablelink_sandbox::{LedgerAccount, RecordOutcome, Sandbox};

use crate::caller::Caller;

fn wait(sandbox: &Sandbox, seconds: u64) {
    sandbox.clock().advance(Duration::from_secs(seconds));
}

async fn frozen() -> (Sandbox, Caller) {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let caller = Caller::new(&sandbox).await;
    (sandbox, caller)
}

#[tokio::test]
async fn kyb_is_reviewed_after_its_delay() {
    let (sandbox, caller) = frozen().await;
    sandbox
        .update_settings(|settings| (settings.delays.kyb, settings.require_kyb) = (Some(10), true));
    let id = sandbox.add_customer();
    let kyb = format!(r#"{{"clientId":{id}}}"#);
    let query = format!("clientId={id}");
    let status = || async {
        caller
            .get("/user/user-info", &query)
            .await
            .text("kybStatus")
    };
    let trade = format!(
        r#"{{"requestId":"r1","clientId":{id},"requestType":1,"fromCurrency":"USD","toCurrency":"USDC","amount":1}}"#
    );
    let rejection = caller.post("/trade/create-trade-request", &trade).await;
    assert!(rejection.rejected("00908").retmsg().contains("KYB"));
    for (outcome, expected) in [
        (RecordOutcome::Failure, "REJECTED"),
        (RecordOutcome::Success, "APPROVED"),
    ] {
        sandbox.update_settings(|settings| settings.delays.kyb_outcome = outcome);
        caller.post("/user/kyb/submit-info", &kyb).await.ok();
        wait(&sandbox, 9);
        assert_eq!(status().await, "PENDING");
        wait(&sandbox, 1);
        assert_eq!(status().await, expected);
    }
    caller
        .post("/trade/create-trade-request", &trade)
        .await
        .ok();
    sandbox.update_settings(|settings| settings.delays.kyb = None);
    caller.post("/user/kyb/submit-info", &kyb).await.ok();
    wait(&sandbox, 1_000_000);
    assert_eq!(
        Caller::new(&sandbox)
            .await
            .get("/user/user-info", &query)
            .await
            .text("kybStatus"),
        "PENDING"
    );
}

#[tokio::test]
async fn trade_completes_fails_or_expires_after_its_delay() {
    let (sandbox, caller) = frozen().await;
    let id = sandbox.add_customer();
    let fees = format!(r#"{{"clientId":{id},"developerFixAmount":0.5,"developerRate":0.01}}"#);
    caller.post("/trade/update-fee-config", &fees).await.ok();
    for (request_id, from, to, outcome, confirmed, last) in [
        (
            "r1",
            "USD",
            "USDC",
            RecordOutcome::Success,
            true,
            "Completed",
        ),
        (
            "r2",
            "USDC",
            "USD",
            RecordOutcome::Success,
            true,
            "Completed",
        ),
        ("r3", "USD", "USDC", RecordOutcome::Failure, true, "Failed"),
        (
            "r4",
            "USD",
            "USDC",
            RecordOutcome::Success,
            false,
            "Expired",
        ),
    ] {
        sandbox.update_settings(|settings| {
            settings.delays.trade_outcome = outcome;
            settings.delays.trade_expiry = Some(600);
        });
        let kind = if from == "USD" { 1 } else { 2 };
        let body = format!(
            r#"{{"requestId":"{request_id}","clientId":{id},"requestType":{kind},"fromCurrency":"{from}","toCurrency":"{to}","amount":120}}"#
        );
        let created = caller.post("/trade/create-trade-request", &body).await.ok();
        let confirm = format!(r#"{{"txNo":{}}}"#, created.field("txNo"));
        let query = format!("requestId={request_id}");
        let status = || async {
            let trade = caller.get("/trade/get-trade-request", &query).await;
            trade.ok().text("status")
        };
        wait(&sandbox, 599);
        assert_eq!(status().await, "Pending");
        if confirmed {
            caller
                .post("/trade/confirm-transaction", &confirm)
                .await
                .ok();
            wait(&sandbox, 59);
            assert_eq!(status().await, "Processing");
        }
        wait(&sandbox, 1);
        assert_eq!(status().await, last);
        caller
            .post("/trade/confirm-transaction", &confirm)
            .await
            .rejected("00908");
    }
    let balances = sandbox.balances();
    let held = |account, currency| balances.get(account, currency).unwrap().to_string();
    assert_eq!(held(LedgerAccount::Fees, "USD"), "1.7");
    assert_eq!(held(LedgerAccount::Fees, "USDC"), "1.7");
    assert_eq!(
        held(LedgerAccount::Exchange, "USD"),
        "0",
        "118.3 in both directions"
    );
    assert_eq!(held(LedgerAccount::External, "USD"), "-1.7");
    assert!(balances.is_balanced());
    assert_eq!(sandbox.mismatches(), []);
}

#[tokio::test]
async fn refunds_and_settlements_transfer_money_after_their_delays() {
    let (sandbox, caller) = frozen().await;
    for number in ["A", "B"] {
        let body = format!(
            r#"{{"orderNo":"{number}","orderAmount":100,"customerId":"6","merchantId":"1","token":"ETH_USDT"}}"#
        );
        caller.post("/checkout/order/create", &body).await.ok();
    }
    sandbox
        .pay_order("A", Decimal::new(1015, 1), "0x1")
        .unwrap();
    wait(&sandbox, 1800);
    let info = caller.get("/checkout/order/info", "orderNo=B").await.ok();
    assert_eq!(info.text("orderStatus"), "TIMEOUT");
    let refund = r#"{"refundOrderNo":"R1","orderNo":"A","amount":1.000001}"#;
    caller.post("/checkout/refund/create", refund).await.ok();
    let fine = refund.replace("1.000001", "1.0000001").replace("R1", "R2");
    caller
        .post("/checkout/refund/create", &fine)
        .await
        .rejected("00008");
    let settlement = |number: &str, amount: &str| {
        let body = format!(
            r#"{{"settlementOrderNo":"{number}","token":"ETH_USDT","address":"0x9f","amount":"{amount}"}}"#
        );
        let caller = &caller;
        async move { caller.post("/checkout/settlement/create", &body).await.ok() }
    };
    settlement("S1", "99.999999").await;
    settlement("S2", "0.000001").await;
    wait(&sandbox, 60);
    let status = |kind: &'static str, query: &'static str| {
        let caller = &caller;
        async move {
            caller
                .get(&format!("/checkout/{kind}/info"), query)
                .await
                .ok()
                .text("status")
        }
    };
    assert_eq!(status("refund", "refundOrderNo=R1").await, "REFUNDING");
    assert_eq!(
        status("settlement", "settlementOrderNo=S1").await,
        "SETTLING"
    );
    wait(&sandbox, 60);
    assert_eq!(status("refund", "refundOrderNo=R1").await, "REFUNDED");
    assert_eq!(
        status("settlement", "settlementOrderNo=S1").await,
        "SETTLED"
    );
    assert_eq!(
        status("settlement", "settlementOrderNo=S2").await,
        "FAILED",
        "no money is left"
    );
    let order = caller.get("/checkout/order/info", "orderNo=A").await.ok();
    assert_eq!(order.text("orderStatus"), "PARTIAL_REFUNDED");
    let balances = sandbox.balances();
    assert_eq!(
        balances.get(LedgerAccount::Merchant, "ETH_USDT"),
        Some(Decimal::ZERO)
    );
    assert_eq!(
        balances.get(LedgerAccount::AbnormalPayments, "ETH_USDT"),
        Some(Decimal::new(5, 1))
    );
    assert!(balances.is_balanced());
    assert_eq!(balances.iter().count(), 3);
}
