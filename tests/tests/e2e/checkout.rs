//! Orders that are paid on a chain.

use stablelink::open_enums::CheckoutOrderStatus;
use stablelink::types::CheckoutOrder;
use stablelink::{Answer, ErrorKind, NewCheckoutOrder};
use stablelink_sandbox::{LedgerAccount, Operation};

use crate::scene::order;
use crate::stage::{Data as _, Stage, money, of, refused};

/// Makes an order of 3.03 coins.
pub(crate) async fn made(stage: &Stage) -> String {
    let order = order();
    let made = stage.client.checkout_orders().create(&order).await.unwrap();
    assert_eq!(made.paying_amount.unwrap().get(), money("3.03"));
    assert!(made.deposit_address.as_ref().unwrap().starts_with("0x"));
    order.order_no().to_owned()
}

pub(crate) async fn paid(stage: &Stage) -> String {
    let number = made(stage).await;
    assert_eq!(
        stage.sandbox.pay_order(&number, money("3.03"), "0x01"),
        Ok(None)
    );
    number
}

/// Its status, once it will not change by itself any more.
async fn end(stage: &Stage, number: &str) -> (Answer<CheckoutOrder>, String) {
    let order = stage
        .client
        .checkout_orders()
        .wait(number)
        .until_final()
        .await
        .unwrap();
    let status = order.order_status.as_ref().unwrap().as_str().to_owned();
    (order, status)
}

/// The abnormal payments: number, type, status, and how much waits.
pub(crate) async fn abnormal(stage: &Stage) -> Vec<[String; 4]> {
    let list = stage
        .client
        .refunds()
        .list_abnormal_payments(of(serde_json::json!({})));
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
async fn an_order_is_paid() {
    let stage = Stage::start().await;
    let number = made(&stage).await;
    let waiting = stage.client.checkout_orders().get(&number).await.unwrap();
    assert_eq!(waiting.order_status, Some(CheckoutOrderStatus::Paying));
    stage
        .sandbox
        .pay_order(&number, money("3.03"), "0x01")
        .unwrap();
    let (order, status) = end(&stage, &number).await;
    assert_eq!(
        (status.as_str(), order.tx_hash.as_deref()),
        ("PAID", Some("0x01"))
    );
    stage.holds(&[(LedgerAccount::Merchant, "ETH_USDT", "3.03")]);
    let (code, _) = refused(stage.client.checkout_orders().cancel(&number).await);
    assert_eq!(code, "00908");
    // Its time passes; it is paid for good.
    stage.pass(3_600);
    assert_eq!(end(&stage, &number).await.1, "PAID");
    stage.end();
}

#[tokio::test]
async fn an_order_ends_by_its_time() {
    let stage = Stage::start().await;
    let order = order().expired_in(100);
    stage.client.checkout_orders().create(&order).await.unwrap();
    stage.pass(99);
    let waiting = stage
        .client
        .checkout_orders()
        .get(order.order_no())
        .await
        .unwrap();
    assert_eq!(waiting.order_status, Some(CheckoutOrderStatus::Paying));
    stage.pass(1);
    assert_eq!(end(&stage, order.order_no()).await.1, "TIMEOUT");
    // What comes now is too late, and all of it waits for a decision.
    stage
        .sandbox
        .pay_order(order.order_no(), money("3.03"), "0x01")
        .unwrap();
    assert_eq!(end(&stage, order.order_no()).await.1, "TIMEOUT");
    let [late] = abnormal(&stage).await.try_into().unwrap();
    assert_eq!(late[1..], ["LATE_PAYMENT", "PENDING", "3.03"]);
    stage.holds(&[(LedgerAccount::AbnormalPayments, "ETH_USDT", "3.03")]);
    stage.end();
}

#[tokio::test]
async fn an_order_is_cancelled() {
    let stage = Stage::start().await;
    let number = made(&stage).await;
    stage
        .client
        .checkout_orders()
        .cancel(&number)
        .await
        .unwrap();
    assert_eq!(end(&stage, &number).await.1, "CANCELLED");
    let (code, _) = refused(stage.client.checkout_orders().cancel(&number).await);
    assert_eq!(code, "00908");
    assert_eq!(stage.made(Operation::CancelCheckoutOrder, &number), 1);
    stage.holds(&[]);
    stage.end();
}

/// Too much, too little, and too little twice.
#[tokio::test]
async fn what_does_not_fit_waits_for_a_decision() {
    for (payments, status, waits, merchant) in [
        (&["4"][..], "PAID", &[("OVER_PAID", "0.97")][..], "3.03"),
        (&["3"], "PAYING", &[("UNDER_PAID", "3")], "0"),
        (&["1", "3.03"], "PAID", &[("UNDER_PAID", "1")], "3.03"),
        (&["3.03", "2"], "PAID", &[("LATE_PAYMENT", "2")], "3.03"),
    ] {
        let stage = Stage::start().await;
        let number = made(&stage).await;
        for (at, amount) in payments.iter().enumerate() {
            stage
                .sandbox
                .pay_order(&number, money(amount), &format!("0x{at}"))
                .unwrap();
        }
        let order = stage.client.checkout_orders().get(&number).await.unwrap();
        assert_eq!(
            order.order_status.as_ref().unwrap().as_str(),
            status,
            "{payments:?}"
        );
        let found = abnormal(&stage).await;
        let found: Vec<_> = found
            .iter()
            .map(|one| (one[1].as_str(), one[3].as_str()))
            .collect();
        assert_eq!(found, waits, "{payments:?}");
        let balances = stage.sandbox.balances();
        assert_eq!(
            balances.get(LedgerAccount::Merchant, "ETH_USDT"),
            Some(money(merchant))
        );
        let waiting: stablelink::Decimal = waits.iter().map(|(_, amount)| money(amount)).sum();
        assert_eq!(
            balances.get(LedgerAccount::AbnormalPayments, "ETH_USDT"),
            Some(waiting)
        );
        stage.end();
    }
}

/// An apparent success that must not be one: there is no address to pay to.
#[tokio::test]
async fn a_coin_that_is_off_makes_no_order() {
    let stage =
        Stage::with(|settings| _ = settings.disabled_tokens.insert("TRX_USDT".into())).await;
    let order = NewCheckoutOrder::usd(money("3"), "TRX_USDT", "6", "1");
    let error = stage
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
        stage.made(Operation::CreateCheckoutOrder, order.order_no()),
        0
    );
    stage.end();
}
