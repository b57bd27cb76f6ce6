//! On-ramp trades: from dollars to a coin.

use serde_json::json;
use stablelink::types::Trade;
use stablelink::{ErrorKind, NewTrade, Response};
use stablelink_sandbox::{LedgerAccount, RecordOutcome, SandboxOperation, SandboxRecordKind};

use crate::customers::{create_customer, set_fee, submit_kyb};
use crate::test_env::{RawData as _, TestEnv, money, of, rejection};

pub(crate) fn status(trade: &Response<Trade>) -> &str {
    trade.status.as_ref().map_or("", |status| status.as_str())
}

async fn confirm(env: &TestEnv, trade: &Response<Trade>) {
    let confirmation = of(json!({"txNo": trade.tx_no}));
    env.client.trades().confirm(confirmation).await.unwrap();
}

/// Polls a trade until its status is final.
async fn wait_until_final(env: &TestEnv, trade: &NewTrade) -> Response<Trade> {
    let wait = env.client.trades().wait(trade.request_id());
    wait.until_final().await.unwrap()
}

/// Customer, KYB review, fee, rate, receipt, trade, confirmation and completion.
#[tokio::test]
async fn on_ramp_completes_from_registration_to_payout() {
    let env = TestEnv::with_settings(|settings| settings.require_kyb = true).await;
    let id = create_customer(&env).await;
    submit_kyb(&env, id).await;
    env.advance(60);
    set_fee(&env, id, "1", "0.005").await;
    let quote = env.client.exchange_rates().quote("USD", "USDC");
    let quote = quote.amount(money("120.5")).client_id(id).await.unwrap();
    assert_eq!(quote.developer_fee.unwrap().get(), money("1.6025"));
    let file = env
        .client
        .files()
        .upload_bytes("receipt.pdf", &b"%PDF-1.7"[..]);
    let file = file.await.unwrap().file_id.clone().unwrap();

    let trade = NewTrade::on_ramp(id, "USD", "USDC", money("120.5")).receipt(file, "REFERENCE-1");
    let made = env.client.trades().create(&trade).await.unwrap();
    assert_eq!(status(&made), "Pending");
    assert_eq!(made.total_fee.unwrap().get(), money("1.6025"));
    assert_eq!(made.really_amount.unwrap().get(), money("118.8975"));
    env.assert_balances(&[]);

    confirm(&env, &made).await;
    let now = env.client.trades().get(trade.request_id()).await.unwrap();
    assert_eq!(status(&now), "Processing");
    let confirmation = of(json!({"txNo": made.tx_no}));
    let (code, _) = rejection(env.client.trades().confirm(confirmation).await);
    assert_eq!(code, "00908", "a second confirmation is rejected");
    env.assert_balances(&[]);

    env.advance(60);
    let done = wait_until_final(&env, &trade).await;
    assert_eq!((status(&done), &done.tx_no), ("Completed", &made.tx_no));
    env.assert_balances(&[
        (LedgerAccount::Fees, "USD", "1.6025"),
        (LedgerAccount::Exchange, "USD", "118.8975"),
        (LedgerAccount::Exchange, "USDC", "-118.8975"),
    ]);
    let transaction = env.client.trades().transaction(made.tx_no.clone().unwrap());
    assert_eq!(transaction.await.unwrap().data()["status"], "Completed");
    let list = env
        .client
        .trades()
        .list()
        .client_id(id)
        .await
        .unwrap()
        .data();
    assert_eq!(
        (&list["total"], &list["records"][0]["txNo"]),
        (&json!(1), &json!(made.tx_no))
    );
    assert_eq!(
        env.effect_count(SandboxOperation::CreateTrade, trade.request_id()),
        1
    );
    assert_eq!(
        env.effect_count(
            SandboxOperation::ConfirmTransaction,
            &made.tx_no.clone().unwrap()
        ),
        1
    );
    env.finish();
}

#[tokio::test]
async fn failed_or_unconfirmed_trade_moves_no_money() {
    for (confirmed, seconds, end) in [(true, 60, "Failed"), (false, 86_400, "Expired")] {
        let env = TestEnv::with_settings(|settings| {
            settings.delays.trade_outcome = RecordOutcome::Failure
        })
        .await;
        let id = env.sandbox.add_customer();
        let trade = NewTrade::on_ramp(id, "USD", "USDC", money("120"));
        let made = env.client.trades().create(&trade).await.unwrap();
        if confirmed {
            confirm(&env, &made).await;
        }
        env.advance(seconds - 1);
        let now = env.client.trades().get(trade.request_id()).await.unwrap();
        assert_ne!(status(&now), end);
        env.advance(1);
        let done = wait_until_final(&env, &trade).await;
        assert_eq!(status(&done), end);
        env.assert_balances(&[]);
        let again = env.client.trades().create(&trade).await.unwrap_err();
        assert!(
            again.is_duplicate(),
            "the key of a failed trade stays used: {again}"
        );
        env.finish();
    }
}

#[tokio::test]
async fn trade_completes_after_token_expiry() {
    let env = TestEnv::with_settings(|settings| settings.delays.trade_expiry = None).await;
    let id = env.sandbox.add_customer();
    let trade = NewTrade::on_ramp(id, "USD", "USDT", money("10"));
    let made = env.client.trades().create(&trade).await.unwrap();
    env.advance(86_400);
    confirm(&env, &made).await;
    env.advance(60);
    let done = wait_until_final(&env, &trade).await;
    assert_eq!(status(&done), "Completed");
    let grants = env.sandbox.token_grants();
    assert_eq!(
        (grants.granted(), grants.rejected),
        (2, 0),
        "the client did not send an expired token"
    );
    env.finish();
}

#[tokio::test]
async fn poller_does_not_treat_unknown_status_as_final() {
    let env = TestEnv::start().await;
    let id = env.sandbox.add_customer();
    let trade = NewTrade::on_ramp(id, "USD", "USDC", money("10"));
    env.client.trades().create(&trade).await.unwrap();
    env.sandbox
        .set_status(SandboxRecordKind::Trade, trade.request_id(), "UnderReview")
        .unwrap();
    let wait = env.client.trades().wait(trade.request_id()).until_final();
    let error = wait.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    env.sandbox
        .set_status(SandboxRecordKind::Trade, trade.request_id(), "Completed")
        .unwrap();
    wait_until_final(&env, &trade).await;
    env.finish();
}
