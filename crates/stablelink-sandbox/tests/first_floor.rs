//! A call from its token to its answer, and the faults that a client must survive.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod caller;

use caller::Caller;
use stablelink_sandbox::{Fault, Operation, Sandbox};

const ORDER: &str = r#"{"orderNo":"A1","orderAmount":0.50,"customerId":"6","merchantId":"1","token":"ETH_USDT","fiat":"USD","expiredIn":2000}"#;

#[tokio::test]
async fn an_order_is_made_and_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let created = caller.post("/checkout/order/create", ORDER).await;
    assert_eq!(created.status, 200);
    assert_eq!(created.retcode(), "\"200\"");
    assert_eq!(created.member("payingAmount"), "0.505");
    let info = caller.get("/checkout/order/info", "orderNo=A1").await;
    assert_eq!(info.member("orderStatus"), "\"PAYING\"");
    assert_eq!(info.member("orderAmount"), "0.50", "its digits are kept");
    sandbox.set_order_status("A1", "PAID").unwrap();
    let info = caller.get("/checkout/order/info", "orderNo=A1").await;
    assert_eq!(info.member("orderStatus"), "\"PAID\"");
    let again = caller.post("/checkout/order/create", ORDER).await;
    assert_eq!(again.retmsg(), "\"orderNo already exists\"");
    assert_eq!(
        sandbox.effects().of(Operation::CreateCheckoutOrder, "A1"),
        1
    );
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_rate_is_quoted() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let body =
        r#"{"sellCurrency":"USDT","buyCurrency":"USD","amount":358.79,"clientId":600002706}"#;
    let rate = caller.post("/trade/exchange-rate", body).await;
    assert_eq!(rate.member("channelRate"), "0.9900", "{}", rate.body);
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_effect() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (fault, effects) in [(Fault::reset(), 0), (Fault::reset().after_effect(), 1)] {
        let id = sandbox
            .faults()
            .add(fault.on(Operation::CreateCheckoutOrder));
        let error = caller
            .try_post("/checkout/order/create", ORDER)
            .await
            .unwrap_err();
        assert!(caller::is_reset(&error), "{error:?}");
        assert_eq!(sandbox.faults().strikes(id), 1);
        let made = sandbox.effects().of(Operation::CreateCheckoutOrder, "A1");
        assert_eq!(made, effects);
    }
}

#[tokio::test]
async fn answers_stand_in_for_the_gateways() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    sandbox.faults().add(Fault::status(503).retry_after(7));
    sandbox.faults().add(Fault::unauthorized());
    let unavailable = caller.post("/checkout/order/create", ORDER).await;
    assert_eq!(unavailable.status, 503);
    assert_eq!(unavailable.headers["retry-after"], "7");
    let unauthorized = caller.post("/checkout/order/create", ORDER).await;
    assert_eq!(unauthorized.status, 401);
    assert_eq!(sandbox.effects().iter().count(), 0);
    let made = caller.post("/checkout/order/create", ORDER).await;
    assert_eq!((made.status, made.retcode()), (200, "\"200\"".to_owned()));
}
