//! Off-ramp trades: from a coin to dollars.

use serde_json::json;
use stablelink::NewTrade;
use stablelink::scalars::IntegerOrText;
use stablelink_sandbox::LedgerAccount;

use crate::customers::set_fee;
use crate::fixtures::remit;
use crate::on_ramp::status;
use crate::test_env::{RawData as _, TestEnv, money, of};

/// Bank account, deposit, trade, confirmation and completion, with each form of `requestType`.
#[tokio::test]
async fn off_ramp_completes_from_deposit_to_payout() {
    for kind in [
        IntegerOrText::from(2),
        IntegerOrText::from("2"),
        IntegerOrText::from("OffRamp"),
    ] {
        let env = TestEnv::start().await;
        let user = of(json!({"email": "a@example.com", "fullName": "A", "country": "VGB"}));
        let user = env.client.users().create(user).await.unwrap().data();
        let id = user["id"].as_i64().unwrap();
        set_fee(&env, id, "0.5", "0").await;
        env.client.remits().create(&remit()).await.unwrap();

        let trades = env.client.trades();
        let address = trades
            .deposit_address(id, "USDC", "ethereum")
            .await
            .unwrap()
            .data();
        let received = || async {
            trades
                .receive_transactions()
                .client_id(id)
                .await
                .unwrap()
                .data()
        };
        assert_eq!(received().await["total"], 0);
        let coins = ("USDC", "ethereum");
        let deposit = env.sandbox.deposit(id, coins, money("50.25")).unwrap();
        let list = received().await;
        assert_eq!(
            (&list["total"], &list["records"][0]["id"]),
            (&json!(1), &json!(deposit))
        );
        let one = trades.receive_transaction(deposit).await.unwrap();
        // The amount is a JSON number, read exactly.
        assert_eq!(one.raw_field("amount").unwrap().get(), "50.25");
        assert_eq!(one.data()["address"], address["address"]);
        env.assert_balances(&[(LedgerAccount::Customers, "USDC", "50.25")]);

        let trade = NewTrade::off_ramp(id, "USDC", "USD", money("50.25")).request_type(kind);
        let made = trades.create(&trade).await.unwrap();
        assert_eq!(made.request_type.as_ref().unwrap().to_string(), "OffRamp");
        let confirmation = of(json!({"txNo": made.tx_no}));
        trades.confirm(confirmation).await.unwrap();
        env.advance(60);
        let done = trades.wait(trade.request_id()).until_final().await.unwrap();
        assert_eq!(status(&done), "Completed");
        assert_eq!(done.really_amount.unwrap().get(), money("49.75"));
        env.assert_balances(&[
            (LedgerAccount::Customers, "USDC", "50.25"),
            (LedgerAccount::Fees, "USDC", "0.5"),
            (LedgerAccount::Exchange, "USD", "-49.75"),
            (LedgerAccount::Exchange, "USDC", "49.75"),
        ]);
        env.finish();
    }
}
