//! From a coin to dollars.

use serde_json::json;
use stablelink::NewTrade;
use stablelink::scalars::IntegerOrText;
use stablelink_sandbox::LedgerAccount;

use crate::customers::set_fee;
use crate::on_ramp::status;
use crate::scene::remit;
use crate::stage::{Data as _, Stage, money, of};

/// Bank account, deposit, trade, confirmation, end; in each form of its `requestType`.
#[tokio::test]
async fn it_goes_from_the_deposit_to_the_bank() {
    for kind in [
        IntegerOrText::from(2),
        IntegerOrText::from("2"),
        IntegerOrText::from("OffRamp"),
    ] {
        let stage = Stage::start().await;
        let user = of(json!({"email": "a@example.com", "fullName": "A", "country": "VGB"}));
        let user = stage.client.users().create(user).await.unwrap().data();
        let id = user["id"].as_i64().unwrap();
        set_fee(&stage, id, "0.5", "0").await;
        stage.client.remits().create(&remit()).await.unwrap();

        let trades = stage.client.trades();
        let address = trades
            .deposit_address(id, "USDC", "ethereum")
            .await
            .unwrap()
            .data();
        let received = || async { trades.receive_transactions(Some(id)).await.unwrap().data() };
        assert_eq!(received().await["total"], 0);
        let coins = ("USDC", "ethereum");
        let deposit = stage.sandbox.deposit(id, coins, money("50.25")).unwrap();
        let list = received().await;
        assert_eq!(
            (&list["total"], &list["records"][0]["id"]),
            (&json!(1), &json!(deposit))
        );
        let one = trades.receive_transaction(deposit).await.unwrap();
        // A number of JSON, to the digit.
        assert_eq!(one.member("amount").unwrap().get(), "50.25");
        assert_eq!(one.data()["address"], address["address"]);
        stage.holds(&[(LedgerAccount::Customers, "USDC", "50.25")]);

        let trade = NewTrade::new(id, "USDC", "USD", money("50.25")).request_type(kind);
        let made = trades.create(&trade).await.unwrap();
        assert_eq!(made.request_type.as_ref().unwrap().to_string(), "OffRamp");
        let confirmation = of(json!({"txNo": made.tx_no}));
        trades.confirm(confirmation).await.unwrap();
        stage.pass(60);
        let done = trades.wait(trade.request_id()).until_final().await.unwrap();
        assert_eq!(status(&done), "Completed");
        assert_eq!(done.really_amount.unwrap().get(), money("49.75"));
        stage.holds(&[
            (LedgerAccount::Customers, "USDC", "50.25"),
            (LedgerAccount::Fees, "USDC", "0.5"),
            (LedgerAccount::Exchange, "USD", "-49.75"),
            (LedgerAccount::Exchange, "USDC", "49.75"),
        ]);
        stage.end();
    }
}
