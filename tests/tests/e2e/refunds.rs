//! Refunds of orders and of abnormal payments.

use stablelink::{NewAbnormalPaymentRefund, NewRefund};
use stablelink_sandbox::{LedgerAccount, RecordOutcome, SandboxOperation};

use crate::checkout::{abnormal_payments, create_order, create_paid_order};
use crate::test_env::{RawData as _, TestEnv, money, rejection};

/// Returns the status of a refund, a field that no page documents.
async fn status(env: &TestEnv, number: &str) -> String {
    let refund = env.client.refunds().get(number).await.unwrap();
    refund.unknown_fields()["status"]
        .get()
        .trim_matches('"')
        .to_owned()
}

async fn order_status(env: &TestEnv, number: &str) -> String {
    let order = env.client.checkout_orders().get(number).await.unwrap();
    order.order_status.as_ref().unwrap().as_str().to_owned()
}

/// Two partial refunds, with each status change.
#[tokio::test]
async fn order_is_refunded_completely_in_two_parts() {
    let env = TestEnv::start().await;
    let order = create_paid_order(&env).await;
    for (amount, left, after) in [("1.03", "2", "PARTIAL_REFUNDED"), ("2", "0", "REFUNDED")] {
        let refund = NewRefund::of_order(&order, money(amount));
        env.client.refunds().create(&refund).await.unwrap();
        let number = refund.refund_order_no();
        assert_eq!(status(&env, number).await, "PENDING_REFUND");
        env.advance(60);
        assert_eq!(status(&env, number).await, "REFUNDING");
        assert_eq!(order_status(&env, &order).await, "REFUNDING");
        env.advance(60);
        assert_eq!(status(&env, number).await, "REFUNDED");
        assert_eq!(order_status(&env, &order).await, after);
        let held = env
            .sandbox
            .balances()
            .get(LedgerAccount::Merchant, "ETH_USDT");
        assert_eq!(held, Some(money(left)));
        let again = env.client.refunds().create(&refund).await.unwrap_err();
        assert!(again.is_duplicate(), "{again}");
        assert_eq!(
            env.effect_count(SandboxOperation::CreateRefundOrder, number),
            1
        );
    }
    let more = NewRefund::of_order(&order, money("0.000001"));
    assert_eq!(
        rejection(env.client.refunds().create(&more).await).0,
        "00008"
    );
    let list = env.client.refunds().list().await.unwrap().data();
    assert_eq!(list["total"], 2);
    env.assert_balances(&[]);
    env.finish();
}

#[tokio::test]
async fn cancelled_or_failed_refund_leaves_money_available() {
    let env =
        TestEnv::with_settings(|settings| settings.delays.refund_outcome = RecordOutcome::Failure)
            .await;
    let order = create_paid_order(&env).await;
    let cancelled = NewRefund::of_order(&order, money("3.03"));
    env.client.refunds().create(&cancelled).await.unwrap();
    let much = NewRefund::of_order(&order, money("1"));
    assert_eq!(
        rejection(env.client.refunds().create(&much).await).0,
        "00008",
        "the whole amount is pending"
    );
    env.client
        .refunds()
        .cancel(cancelled.refund_order_no())
        .await
        .unwrap();
    assert_eq!(status(&env, cancelled.refund_order_no()).await, "CANCELLED");
    // The refund that was rejected above is accepted now: the cancelled refund released its amount.
    env.client.refunds().create(&much).await.unwrap();
    env.advance(120);
    assert_eq!(status(&env, much.refund_order_no()).await, "FAILED");
    assert_eq!(order_status(&env, &order).await, "PAID");
    let (code, _) = rejection(env.client.refunds().cancel(much.refund_order_no()).await);
    assert_eq!(code, "00908");
    env.assert_balances(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    env.finish();
}

/// Both operations that refund an abnormal payment.
#[tokio::test]
async fn abnormal_payment_is_refunded_once() {
    for by_number in [false, true] {
        for (payment, waits, merchant) in [("4", "0.97", "3.03"), ("3", "3", "0")] {
            let env = TestEnv::start().await;
            let order = create_order(&env).await;
            let reported = env
                .sandbox
                .pay_order(&order, money(payment), "0x07")
                .unwrap();
            let [before] = abnormal_payments(&env).await.try_into().unwrap();
            assert_eq!(Some(&before[0]), reported.as_ref());
            let number = if by_number {
                let refund = NewRefund::of_abnormal_payment(&before[0], money(waits));
                env.client.refunds().create(&refund).await.unwrap();
                refund.refund_order_no().to_owned()
            } else {
                let refund = NewAbnormalPaymentRefund::new(
                    stablelink::OrderNo::from(&order),
                    "ETH_USDT",
                    "0x07",
                )
                .remark("back");
                let made = env
                    .client
                    .refunds()
                    .create_for_abnormal_payment(&refund)
                    .await
                    .unwrap();
                assert_eq!(
                    made.refund_order_no.as_deref(),
                    Some(refund.refund_order_no())
                );
                refund.refund_order_no().to_owned()
            };
            let second = NewAbnormalPaymentRefund::new(
                stablelink::OrderNo::from(&order),
                "ETH_USDT",
                "0x07",
            );
            let second = env
                .client
                .refunds()
                .create_for_abnormal_payment(&second)
                .await;
            assert_eq!(rejection(second).0, "00008", "the whole amount is pending");
            env.advance(120);
            assert_eq!(status(&env, &number).await, "REFUNDED");
            let [after] = abnormal_payments(&env).await.try_into().unwrap();
            assert_eq!(after[2], "HANDLED");
            let balances = env.sandbox.balances();
            assert_eq!(
                balances.get(LedgerAccount::AbnormalPayments, "ETH_USDT"),
                Some(money("0"))
            );
            assert_eq!(
                balances.get(LedgerAccount::Merchant, "ETH_USDT"),
                Some(money(merchant))
            );
            env.finish();
        }
    }
}
