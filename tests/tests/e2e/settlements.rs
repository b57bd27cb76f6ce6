//! Settlements: payouts to a merchant.

use serde_json::json;
use stablelink::{NewFiatSettlement, NewRefund};
use stablelink_sandbox::{LedgerAccount, SandboxOperation};

use crate::checkout::create_paid_order;
use crate::fixtures::settlement;
use crate::test_env::{RawData as _, TestEnv, money, of, rejection};

async fn status(env: &TestEnv, number: &str) -> String {
    let settlement = env.client.settlements().get(number).await.unwrap();
    settlement.unknown_fields()["status"]
        .get()
        .trim_matches('"')
        .to_owned()
}

#[tokio::test]
async fn settlement_pays_out_once() {
    let env = TestEnv::start().await;
    let order = create_paid_order(&env).await;
    let payout = settlement(&order, "3.03");
    let number = payout.settlement_order_no();
    let made = env.client.settlements().create(&payout).await.unwrap();
    assert_eq!(made.settlement_order_no.as_deref(), Some(number));
    assert_eq!(status(&env, number).await, "PENDING_SETTLEMENT");
    env.advance(60);
    assert_eq!(status(&env, number).await, "SETTLING");
    let (code, _) = rejection(env.client.settlements().cancel(number).await);
    assert_eq!(code, "00908", "the settlement is already being paid out");
    env.assert_balances(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    env.advance(60);
    assert_eq!(status(&env, number).await, "SETTLED");
    env.assert_balances(&[]);
    let again = env.client.settlements().create(&payout).await.unwrap_err();
    assert!(again.is_duplicate(), "{again}");
    assert_eq!(
        env.effect_count(SandboxOperation::CreateSettlementOrder, number),
        1
    );
    env.finish();
}

#[tokio::test]
async fn cancelled_or_uncovered_settlement_moves_no_money() {
    let env = TestEnv::start().await;
    let order = create_paid_order(&env).await;
    let cancelled = settlement(&order, "3.03");
    env.client.settlements().create(&cancelled).await.unwrap();
    env.client
        .settlements()
        .cancel(cancelled.settlement_order_no())
        .await
        .unwrap();
    let much = settlement(&order, "3.04");
    env.client.settlements().create(&much).await.unwrap();
    env.advance(120);
    assert_eq!(
        status(&env, cancelled.settlement_order_no()).await,
        "CANCELLED"
    );
    assert_eq!(status(&env, much.settlement_order_no()).await, "FAILED");
    env.assert_balances(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    env.finish();
}

#[tokio::test]
async fn settlement_and_refund_of_same_money_exclude_each_other() {
    let env = TestEnv::start().await;
    let order = create_paid_order(&env).await;
    let payout = settlement(&order, "3.03");
    env.client.settlements().create(&payout).await.unwrap();
    env.advance(1);
    let refund = NewRefund::of_order(&order, money("3.03"));
    env.client.refunds().create(&refund).await.unwrap();
    env.advance(120);
    assert_eq!(status(&env, payout.settlement_order_no()).await, "SETTLED");
    let refund = env
        .client
        .refunds()
        .get(refund.refund_order_no())
        .await
        .unwrap();
    assert_eq!(refund.unknown_fields()["status"].get(), r#""FAILED""#);
    env.assert_balances(&[]);
    env.finish();
}

#[tokio::test]
async fn fiat_settlement_is_created_and_listed() {
    let env = TestEnv::start().await;
    let members = of(json!({"fiat": "USD", "bankAccountId": 7}));
    let payout = NewFiatSettlement::new(members);
    env.client.settlements().create_fiat(&payout).await.unwrap();
    env.advance(120);
    assert_eq!(status(&env, payout.settlement_order_no()).await, "SETTLED");
    let list = env.client.settlements().list().await.unwrap().data();
    assert_eq!(
        list["records"][0]["settlementOrderNo"],
        payout.settlement_order_no()
    );
    assert_eq!(
        env.effect_count(
            SandboxOperation::CreateFiatSettlementOrder,
            payout.settlement_order_no()
        ),
        1
    );
    env.assert_balances(&[]);
    env.finish();
}
