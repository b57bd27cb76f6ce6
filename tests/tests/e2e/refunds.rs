//! Money that goes back to its payer.

use serde_json::json;
use stablelink::{NewAbnormalPaymentRefund, NewRefund};
use stablelink_sandbox::{LedgerAccount, Operation, RecordOutcome};

use crate::checkout::{abnormal, made, paid};
use crate::stage::{Data as _, Stage, money, of, refused};

/// The status of a refund, which no page of its answers shows: kept as it came.
async fn status(stage: &Stage, number: &str) -> String {
    let refund = stage.client.refunds().get(number).await.unwrap();
    refund.unknown()["status"]
        .get()
        .trim_matches('"')
        .to_owned()
}

async fn order_status(stage: &Stage, number: &str) -> String {
    let order = stage.client.checkout_orders().get(number).await.unwrap();
    order.order_status.as_ref().unwrap().as_str().to_owned()
}

/// In two parts, each step by step.
#[tokio::test]
async fn an_order_is_refunded_to_its_last_digit() {
    let stage = Stage::start().await;
    let order = paid(&stage).await;
    for (amount, left, after) in [("1.03", "2", "PARTIAL_REFUNDED"), ("2", "0", "REFUNDED")] {
        let refund = NewRefund::of_order(&order, money(amount));
        stage.client.refunds().create(&refund).await.unwrap();
        let number = refund.refund_order_no();
        assert_eq!(status(&stage, number).await, "PENDING_REFUND");
        stage.pass(60);
        assert_eq!(status(&stage, number).await, "REFUNDING");
        assert_eq!(order_status(&stage, &order).await, "REFUNDING");
        stage.pass(60);
        assert_eq!(status(&stage, number).await, "REFUNDED");
        assert_eq!(order_status(&stage, &order).await, after);
        let held = stage
            .sandbox
            .balances()
            .get(LedgerAccount::Merchant, "ETH_USDT");
        assert_eq!(held, Some(money(left)));
        let again = stage.client.refunds().create(&refund).await.unwrap_err();
        assert!(again.is_duplicate(), "{again}");
        assert_eq!(stage.made(Operation::CreateRefundOrder, number), 1);
    }
    let more = NewRefund::of_order(&order, money("0.000001"));
    assert_eq!(
        refused(stage.client.refunds().create(&more).await).0,
        "00008"
    );
    let list = stage
        .client
        .refunds()
        .list(of(json!({})))
        .await
        .unwrap()
        .data();
    assert_eq!(list["total"], 2);
    stage.holds(&[]);
    stage.end();
}

/// Cancelled, and failed: the money stays, and may be asked for again.
#[tokio::test]
async fn what_is_not_refunded_stays() {
    let stage =
        Stage::with(|settings| settings.delays.refund_outcome = RecordOutcome::Failure).await;
    let order = paid(&stage).await;
    let cancelled = NewRefund::of_order(&order, money("3.03"));
    stage.client.refunds().create(&cancelled).await.unwrap();
    let much = NewRefund::of_order(&order, money("1"));
    assert_eq!(
        refused(stage.client.refunds().create(&much).await).0,
        "00008",
        "all is on its way"
    );
    stage
        .client
        .refunds()
        .cancel(cancelled.refund_order_no())
        .await
        .unwrap();
    assert_eq!(
        status(&stage, cancelled.refund_order_no()).await,
        "CANCELLED"
    );
    // The value that was refused, now that there is something left.
    stage.client.refunds().create(&much).await.unwrap();
    stage.pass(120);
    assert_eq!(status(&stage, much.refund_order_no()).await, "FAILED");
    assert_eq!(order_status(&stage, &order).await, "PAID");
    let (code, _) = refused(stage.client.refunds().cancel(much.refund_order_no()).await);
    assert_eq!(code, "00908");
    stage.holds(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    stage.end();
}

/// A payment that does not fit its order goes back, in either way to ask for it.
#[tokio::test]
async fn an_abnormal_payment_goes_back() {
    for by_number in [false, true] {
        for (payment, waits, merchant) in [("4", "0.97", "3.03"), ("3", "3", "0")] {
            let stage = Stage::start().await;
            let order = made(&stage).await;
            let told = stage
                .sandbox
                .pay_order(&order, money(payment), "0x07")
                .unwrap();
            let [before] = abnormal(&stage).await.try_into().unwrap();
            assert_eq!(Some(&before[0]), told.as_ref());
            let number = if by_number {
                let refund = NewRefund::of_abnormal_payment(&before[0], money(waits));
                stage.client.refunds().create(&refund).await.unwrap();
                refund.refund_order_no().to_owned()
            } else {
                let refund =
                    NewAbnormalPaymentRefund::new(&order, "ETH_USDT", "0x07").remark("back");
                let made = stage
                    .client
                    .refunds()
                    .create_of_abnormal_payment(&refund)
                    .await
                    .unwrap();
                assert_eq!(
                    made.refund_order_no.as_deref(),
                    Some(refund.refund_order_no())
                );
                refund.refund_order_no().to_owned()
            };
            let second = NewAbnormalPaymentRefund::new(&order, "ETH_USDT", "0x07");
            let second = stage
                .client
                .refunds()
                .create_of_abnormal_payment(&second)
                .await;
            assert_eq!(refused(second).0, "00008", "all of it is on its way");
            stage.pass(120);
            assert_eq!(status(&stage, &number).await, "REFUNDED");
            let [after] = abnormal(&stage).await.try_into().unwrap();
            assert_eq!(after[2], "HANDLED");
            let balances = stage.sandbox.balances();
            assert_eq!(
                balances.get(LedgerAccount::AbnormalPayments, "ETH_USDT"),
                Some(money("0"))
            );
            assert_eq!(
                balances.get(LedgerAccount::Merchant, "ETH_USDT"),
                Some(money(merchant))
            );
            stage.end();
        }
    }
}
