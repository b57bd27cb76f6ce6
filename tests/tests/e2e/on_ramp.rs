//! From dollars to a coin.

use serde_json::json;
use stablelink::types::Trade;
use stablelink::{Answer, ErrorKind, NewTrade};
use stablelink_sandbox::{LedgerAccount, Operation, RecordOutcome};

use crate::customers::{customer, set_fee, submit_kyb};
use crate::stage::{Data as _, Stage, money, of, refused};

pub(crate) fn status(trade: &Answer<Trade>) -> &str {
    trade.status.as_ref().map_or("", |status| status.as_str())
}

async fn confirm(stage: &Stage, trade: &Answer<Trade>) {
    let confirmation = of(json!({"txNo": trade.tx_no}));
    stage.client.trades().confirm(confirmation).await.unwrap();
}

/// Its record, once it will not change by itself any more.
async fn ended(stage: &Stage, trade: &NewTrade) -> Answer<Trade> {
    let wait = stage.client.trades().wait(trade.request_id());
    wait.until_final().await.unwrap()
}

/// All of it: customer, review, fee, rate, receipt, trade, confirmation, end.
#[tokio::test]
async fn it_goes_from_the_customer_to_the_coin() {
    let stage = Stage::with(|settings| settings.require_kyb = true).await;
    let id = customer(&stage).await;
    submit_kyb(&stage, id).await;
    stage.pass(60);
    set_fee(&stage, id, "1", "0.005").await;
    let quote = stage.client.exchange_rates().quote("USD", "USDC");
    let quote = quote.amount(money("120.5")).client_id(id).await.unwrap();
    assert_eq!(quote.developer_fee.unwrap().get(), money("1.6025"));
    let file = stage
        .client
        .files()
        .upload_bytes("receipt.pdf", &b"%PDF-1.7"[..]);
    let file = file.await.unwrap().file_id.clone().unwrap();

    let trade = NewTrade::on_ramp(id, "USD", "USDC", money("120.5")).receipt(file, "REFERENCE-1");
    let made = stage.client.trades().create(&trade).await.unwrap();
    assert_eq!(status(&made), "Pending");
    assert_eq!(made.total_fee.unwrap().get(), money("1.6025"));
    assert_eq!(made.really_amount.unwrap().get(), money("118.8975"));
    stage.holds(&[]);

    confirm(&stage, &made).await;
    let now = stage.client.trades().get(trade.request_id()).await.unwrap();
    assert_eq!(status(&now), "Processing");
    let confirmation = of(json!({"txNo": made.tx_no}));
    let (code, _) = refused(stage.client.trades().confirm(confirmation).await);
    assert_eq!(code, "00908", "once is enough");
    stage.holds(&[]);

    stage.pass(60);
    let done = ended(&stage, &trade).await;
    assert_eq!((status(&done), &done.tx_no), ("Completed", &made.tx_no));
    stage.holds(&[
        (LedgerAccount::Fees, "USD", "1.6025"),
        (LedgerAccount::Exchange, "USD", "118.8975"),
        (LedgerAccount::Exchange, "USDC", "-118.8975"),
    ]);
    let transaction = stage
        .client
        .trades()
        .transaction(made.tx_no.clone().unwrap());
    assert_eq!(transaction.await.unwrap().data()["status"], "Completed");
    let list = stage.client.trades().list(Some(id)).await.unwrap().data();
    assert_eq!(
        (&list["total"], &list["records"][0]["txNo"]),
        (&json!(1), &json!(made.tx_no))
    );
    assert_eq!(stage.made(Operation::CreateTrade, trade.request_id()), 1);
    assert_eq!(
        stage.made(Operation::ConfirmTransaction, &made.tx_no.clone().unwrap()),
        1
    );
    stage.end();
}

/// One that fails, and one that nobody confirms: no money moves.
#[tokio::test]
async fn what_does_not_complete_moves_nothing() {
    for (confirmed, seconds, end) in [(true, 60, "Failed"), (false, 86_400, "Expired")] {
        let stage =
            Stage::with(|settings| settings.delays.trade_outcome = RecordOutcome::Failure).await;
        let id = stage.sandbox.add_customer();
        let trade = NewTrade::on_ramp(id, "USD", "USDC", money("120"));
        let made = stage.client.trades().create(&trade).await.unwrap();
        if confirmed {
            confirm(&stage, &made).await;
        }
        stage.pass(seconds - 1);
        let now = stage.client.trades().get(trade.request_id()).await.unwrap();
        assert_ne!(status(&now), end);
        stage.pass(1);
        let done = ended(&stage, &trade).await;
        assert_eq!(status(&done), end);
        stage.holds(&[]);
        let again = stage.client.trades().create(&trade).await.unwrap_err();
        assert!(again.is_duplicate(), "its key stays used: {again}");
        stage.end();
    }
}

/// A day passes: the token has ended with it, and the trade goes on all the same.
#[tokio::test]
async fn it_outlives_its_token() {
    let stage = Stage::with(|settings| settings.delays.trade_expiry = None).await;
    let id = stage.sandbox.add_customer();
    let trade = NewTrade::on_ramp(id, "USD", "USDT", money("10"));
    let made = stage.client.trades().create(&trade).await.unwrap();
    stage.pass(86_400);
    confirm(&stage, &made).await;
    stage.pass(60);
    let done = ended(&stage, &trade).await;
    assert_eq!(status(&done), "Completed");
    let grants = stage.sandbox.token_grants();
    assert_eq!(
        (grants.granted(), grants.rejected),
        (2, 0),
        "it knew that its token had ended"
    );
    stage.end();
}

/// A status that no document knows is not taken for an end.
#[tokio::test]
async fn a_status_that_nobody_knows_is_waited_out() {
    let stage = Stage::start().await;
    let id = stage.sandbox.add_customer();
    let trade = NewTrade::on_ramp(id, "USD", "USDC", money("10"));
    stage.client.trades().create(&trade).await.unwrap();
    stage
        .sandbox
        .set_trade_status(trade.request_id(), "UnderReview")
        .unwrap();
    let wait = stage.client.trades().wait(trade.request_id()).until_final();
    let error = wait.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    stage
        .sandbox
        .set_trade_status(trade.request_id(), "Completed")
        .unwrap();
    ended(&stage, &trade).await;
    stage.end();
}
