//! What a merchant is paid out.

use serde_json::json;
use stablelink::{NewFiatSettlement, NewRefund};
use stablelink_sandbox::{LedgerAccount, Operation};

use crate::checkout::paid;
use crate::scene::settlement;
use crate::stage::{Data as _, Stage, money, of, refused};

async fn status(stage: &Stage, number: &str) -> String {
    let settlement = stage.client.settlements().get(number).await.unwrap();
    settlement.unknown()["status"]
        .get()
        .trim_matches('"')
        .to_owned()
}

#[tokio::test]
async fn a_merchant_is_paid_out() {
    let stage = Stage::start().await;
    let order = paid(&stage).await;
    let payout = settlement(&order, "3.03");
    let number = payout.settlement_order_no();
    let made = stage.client.settlements().create(&payout).await.unwrap();
    assert_eq!(made.settlement_order_no.as_deref(), Some(number));
    assert_eq!(status(&stage, number).await, "PENDING_SETTLEMENT");
    stage.pass(60);
    assert_eq!(status(&stage, number).await, "SETTLING");
    let (code, _) = refused(stage.client.settlements().cancel(number).await);
    assert_eq!(code, "00908", "it is on its way");
    stage.holds(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    stage.pass(60);
    assert_eq!(status(&stage, number).await, "SETTLED");
    stage.holds(&[]);
    let again = stage
        .client
        .settlements()
        .create(&payout)
        .await
        .unwrap_err();
    assert!(again.is_duplicate(), "{again}");
    assert_eq!(stage.made(Operation::CreateSettlementOrder, number), 1);
    stage.end();
}

/// Cancelled, and more than there is: nothing moves.
#[tokio::test]
async fn what_is_not_settled_stays() {
    let stage = Stage::start().await;
    let order = paid(&stage).await;
    let cancelled = settlement(&order, "3.03");
    stage.client.settlements().create(&cancelled).await.unwrap();
    stage
        .client
        .settlements()
        .cancel(cancelled.settlement_order_no())
        .await
        .unwrap();
    let much = settlement(&order, "3.04");
    stage.client.settlements().create(&much).await.unwrap();
    stage.pass(120);
    assert_eq!(
        status(&stage, cancelled.settlement_order_no()).await,
        "CANCELLED"
    );
    assert_eq!(status(&stage, much.settlement_order_no()).await, "FAILED");
    stage.holds(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    stage.end();
}

/// The money of one order, asked for twice at the same time: one of the two gets it.
#[tokio::test]
async fn the_same_money_goes_one_way() {
    let stage = Stage::start().await;
    let order = paid(&stage).await;
    let payout = settlement(&order, "3.03");
    stage.client.settlements().create(&payout).await.unwrap();
    stage.pass(1);
    let refund = NewRefund::of_order(&order, money("3.03"));
    stage.client.refunds().create(&refund).await.unwrap();
    stage.pass(120);
    assert_eq!(
        status(&stage, payout.settlement_order_no()).await,
        "SETTLED"
    );
    let refund = stage
        .client
        .refunds()
        .get(refund.refund_order_no())
        .await
        .unwrap();
    assert_eq!(refund.unknown()["status"].get(), r#""FAILED""#);
    stage.holds(&[]);
    stage.end();
}

#[tokio::test]
async fn a_payout_in_fiat_is_made_and_listed() {
    let stage = Stage::start().await;
    let members = of(json!({"fiat": "USD", "bankAccountId": 7}));
    let payout = NewFiatSettlement::new(members);
    stage
        .client
        .settlements()
        .create_fiat(&payout)
        .await
        .unwrap();
    stage.pass(120);
    assert_eq!(
        status(&stage, payout.settlement_order_no()).await,
        "SETTLED"
    );
    let list = stage
        .client
        .settlements()
        .list(of(json!({})))
        .await
        .unwrap()
        .data();
    assert_eq!(
        list["records"][0]["settlementOrderNo"],
        payout.settlement_order_no()
    );
    assert_eq!(
        stage.made(
            Operation::CreateFiatSettlementOrder,
            payout.settlement_order_no()
        ),
        1
    );
    stage.holds(&[]);
    stage.end();
}
