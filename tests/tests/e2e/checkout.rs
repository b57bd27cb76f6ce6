//! Checkout orders that are paid on a chain.

use stablelink::open_enums::CheckoutOrderStatus;
use stablelink::types::CheckoutOrder;
use stablelink::{ErrorKind, NewCheckoutOrder, Response};
use stablelink_sandbox::{LedgerAccount, SandboxOperation};

use crate::fixtures::order;
use crate::test_env::{RawData as _, TestEnv, money, rejection};

/// Creates an order of 3.03 coins, and returns its number.
pub(crate) async fn create_order(env: &TestEnv) -> String {
    let order = order();
    let made = env.client.checkout_orders().create(&order).await.unwrap();
    assert_eq!(made.paying_amount.unwrap().get(), money("3.03"));
    assert!(made.deposit_address.as_ref().unwrap().starts_with("0x"));
    order.order_no().to_owned()
}

/// Creates and pays an order, and returns its number.
pub(crate) async fn create_paid_order(env: &TestEnv) -> String {
    let number = create_order(env).await;
    assert_eq!(
        env.sandbox.pay_order(&number, money("3.03"), "0x01"),
        Ok(None)
    );
    number
}

/// Polls an order until its status is final, and returns the order and the status.
async fn wait_until_final(env: &TestEnv, number: &str) -> (Response<CheckoutOrder>, String) {
    let order = env
        .client
        .checkout_orders()
        .wait(number)
        .until_final()
        .await
        .unwrap();
    let status = order.order_status.as_ref().unwrap().as_str().to_owned();
    (order, status)
}

/// Returns number, type, status and pending amount of each abnormal payment.
pub(crate) async fn abnormal_payments(env: &TestEnv) -> Vec<[String; 4]> {
    let list = env.client.refunds().list_abnormal_payments();
    let list = list.await.unwrap().data();
    let records = list["records"].as_array().unwrap().iter();
    let text = |record: &serde_json::Value, name: &str| record[name].as_str().unwrap().to_owned();
    records
        .map(|record| {
            ["abnormalPaymentNo", "type", "status", "pendingAmount"].map(|name| text(record, name))
        })
        .collect()
}

#[tokio::test]
async fn exact_payment_pays_order_for_good() {
    let env = TestEnv::start().await;
    let number = create_order(&env).await;
    let waiting = env.client.checkout_orders().get(&number).await.unwrap();
    assert_eq!(waiting.order_status, Some(CheckoutOrderStatus::Paying));
    env.sandbox
        .pay_order(&number, money("3.03"), "0x01")
        .unwrap();
    let (order, status) = wait_until_final(&env, &number).await;
    assert_eq!(
        (status.as_str(), order.tx_hash.as_deref()),
        ("PAID", Some("0x01"))
    );
    env.assert_balances(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    let (code, _) = rejection(env.client.checkout_orders().cancel(&number).await);
    assert_eq!(code, "00908");
    // A paid order does not expire.
    env.advance(3_600);
    assert_eq!(wait_until_final(&env, &number).await.1, "PAID");
    env.finish();
}

#[tokio::test]
async fn unpaid_order_times_out() {
    let env = TestEnv::start().await;
    let order = order().expired_in(100);
    env.client.checkout_orders().create(&order).await.unwrap();
    env.advance(99);
    let waiting = env
        .client
        .checkout_orders()
        .get(order.order_no())
        .await
        .unwrap();
    assert_eq!(waiting.order_status, Some(CheckoutOrderStatus::Paying));
    env.advance(1);
    assert_eq!(wait_until_final(&env, order.order_no()).await.1, "TIMEOUT");
    // A payment after the expiry is abnormal as a whole.
    env.sandbox
        .pay_order(order.order_no(), money("3.03"), "0x01")
        .unwrap();
    assert_eq!(wait_until_final(&env, order.order_no()).await.1, "TIMEOUT");
    let [late] = abnormal_payments(&env).await.try_into().unwrap();
    assert_eq!(late[1..], ["LATE_PAYMENT", "PENDING", "3.03"]);
    env.assert_balances(&[(LedgerAccount::AbnormalPayments, "ETH_USDT", "3.03")]);
    env.finish();
}

#[tokio::test]
async fn cancelled_order_rejects_payment_and_second_cancel() {
    let env = TestEnv::start().await;
    let number = create_order(&env).await;
    env.client.checkout_orders().cancel(&number).await.unwrap();
    assert_eq!(wait_until_final(&env, &number).await.1, "CANCELLED");
    let (code, _) = rejection(env.client.checkout_orders().cancel(&number).await);
    assert_eq!(code, "00908");
    assert_eq!(
        env.effect_count(SandboxOperation::CancelCheckoutOrder, &number),
        1
    );
    env.assert_balances(&[]);
    env.finish();
}

/// Overpayment, underpayment, and two underpayments.
#[tokio::test]
async fn inexact_payment_becomes_abnormal() {
    for (payments, status, waits, merchant) in [
        (&["4"][..], "PAID", &[("OVER_PAID", "0.97")][..], "3.03"),
        (&["3"], "PAYING", &[("UNDER_PAID", "3")], "0"),
        (&["1", "3.03"], "PAID", &[("UNDER_PAID", "1")], "3.03"),
        (&["3.03", "2"], "PAID", &[("LATE_PAYMENT", "2")], "3.03"),
    ] {
        let env = TestEnv::start().await;
        let number = create_order(&env).await;
        for (at, amount) in payments.iter().enumerate() {
            env.sandbox
                .pay_order(&number, money(amount), &format!("0x{at}"))
                .unwrap();
        }
        let order = env.client.checkout_orders().get(&number).await.unwrap();
        assert_eq!(
            order.order_status.as_ref().unwrap().as_str(),
            status,
            "{payments:?}"
        );
        let found = abnormal_payments(&env).await;
        let found: Vec<_> = found
            .iter()
            .map(|one| (one[1].as_str(), one[3].as_str()))
            .collect();
        assert_eq!(found, waits, "{payments:?}");
        let balances = env.sandbox.balances();
        assert_eq!(
            balances.get(LedgerAccount::Merchant, "ETH_USDT"),
            Some(money(merchant))
        );
        let waiting: stablelink::Decimal = waits.iter().map(|(_, amount)| money(amount)).sum();
        assert_eq!(
            balances.get(LedgerAccount::AbnormalPayments, "ETH_USDT"),
            Some(waiting)
        );
        env.finish();
    }
}

/// A response without a deposit address must not look like a created order.
#[tokio::test]
async fn disabled_coin_creates_no_order() {
    let env =
        TestEnv::with_settings(|settings| _ = settings.disabled_tokens.insert("TRX_USDT".into()))
            .await;
    let order = NewCheckoutOrder::usd(money("3"), "TRX_USDT", "6".into(), "1".into());
    let error = env
        .client
        .checkout_orders()
        .create(&order)
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::NotEnabled { .. }),
        "{error:?}"
    );
    assert_eq!(
        env.effect_count(SandboxOperation::CreateCheckoutOrder, order.order_no()),
        0
    );
    env.finish();
}
