//! What the gateway tells of each flow, received by the client's router: verified, told apart, handled once.

use serde_json::json;
use stablelink::types::Trade;
use stablelink::webhook::{EventPayload, WebhookEvent};
use stablelink::{NewAbnormalPaymentRefund, NewRefund, NewTrade};
use stablelink_sandbox::{DeliveryState, WebhookData};

use crate::checkout::{made, paid};
use crate::inbox::Inbox;
use crate::scene::{order, settlement};
use crate::stage::{Stage, money, of};

/// An event in short.
fn short(event: &WebhookEvent) -> String {
    let word = |word: Option<&str>| word.unwrap_or("?").to_owned();
    match event.payload().unwrap() {
        EventPayload::CheckoutOrder(order) => {
            format!(
                "order {}",
                word(order.order_status.as_ref().map(|it| it.as_str()))
            )
        }
        EventPayload::RefundOrder(refund) => {
            format!(
                "refund {}",
                word(refund.refund_status.as_ref().map(|it| it.as_str()))
            )
        }
        EventPayload::SettlementOrder(settlement) => {
            let status = settlement.settlement_status.as_ref();
            format!("settlement {}", word(status.map(|it| it.as_str())))
        }
        EventPayload::AbnormalPayment(payment) => {
            format!("abnormal {}", payment.pending_amount.unwrap())
        }
        EventPayload::Trade(told) => trade_status(&told),
        // As a text in `data`, where nothing says that it is a trade: whoever waits for one reads it.
        EventPayload::Other(Some(data)) => trade_status(&data.parse().unwrap()),
        other => format!("{other:?}"),
    }
}

fn trade_status(trade: &Trade) -> String {
    format!(
        "trade {}",
        trade.status.as_ref().map_or("?", |it| it.as_str())
    )
}

async fn told(inbox: &Inbox, stage: &Stage) -> Vec<String> {
    inbox.take(stage).await.iter().map(short).collect()
}

async fn in_each_form() -> Vec<(Stage, Inbox)> {
    let mut all = Vec::new();
    for form in [WebhookData::Object, WebhookData::Text] {
        let stage = Stage::with(|settings| settings.webhook_data = form).await;
        let inbox = Inbox::of(&stage).await;
        all.push((stage, inbox));
    }
    all
}

#[tokio::test]
async fn each_change_of_a_trade_is_told() {
    for (stage, inbox) in in_each_form().await {
        let id = stage.sandbox.add_customer();
        let trade = NewTrade::on_ramp(id, "USD", "USDC", money("120"));
        let made = stage.client.trades().create(&trade).await.unwrap();
        let confirmation = of(json!({"txNo": made.tx_no}));
        stage.client.trades().confirm(confirmation).await.unwrap();
        assert_eq!(told(&inbox, &stage).await, ["trade Processing"]);
        stage.pass(60);
        let events = inbox.take(&stage).await;
        let [event] = events.as_slice() else {
            panic!("{events:?}")
        };
        let told: Trade = match event.payload().unwrap() {
            EventPayload::Trade(told) => *told,
            EventPayload::Other(data) => data.unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(trade_status(&told), "trade Completed");
        assert_eq!(told.request_id.as_deref(), Some(trade.request_id()));
        assert_eq!(told.amount.unwrap().get(), money("120"));
        stage.end();
    }
}

#[tokio::test]
async fn each_end_of_an_order_is_told() {
    for (stage, inbox) in in_each_form().await {
        paid(&stage).await;
        assert_eq!(told(&inbox, &stage).await, ["order PAID"]);
        let cancelled = made(&stage).await;
        stage
            .client
            .checkout_orders()
            .cancel(&cancelled)
            .await
            .unwrap();
        assert_eq!(told(&inbox, &stage).await, ["order CANCELLED"]);
        let late = order().expired_in(50);
        stage.client.checkout_orders().create(&late).await.unwrap();
        stage.pass(50);
        assert_eq!(told(&inbox, &stage).await, ["order TIMEOUT"]);
        stage.end();
    }
}

#[tokio::test]
async fn each_step_of_a_refund_is_told() {
    for (stage, inbox) in in_each_form().await {
        let order = paid(&stage).await;
        inbox.take(&stage).await;
        let refund = NewRefund::of_order(&order, money("1"));
        stage.client.refunds().create(&refund).await.unwrap();
        assert_eq!(
            told(&inbox, &stage).await,
            [""; 0],
            "its making is not told"
        );
        stage.pass(60);
        let mut first = told(&inbox, &stage).await;
        first.sort();
        assert_eq!(first, ["order REFUNDING", "refund REFUNDING"]);
        stage.pass(60);
        let mut second = told(&inbox, &stage).await;
        second.sort();
        assert_eq!(second, ["order PARTIAL_REFUNDED", "refund REFUNDED"]);
        stage.end();
    }
}

#[tokio::test]
async fn each_step_of_a_settlement_is_told() {
    for (stage, inbox) in in_each_form().await {
        let order = paid(&stage).await;
        inbox.take(&stage).await;
        let payout = settlement(&order, "3.03");
        stage.client.settlements().create(&payout).await.unwrap();
        for status in ["settlement SETTLING", "settlement SETTLED"] {
            stage.pass(60);
            assert_eq!(told(&inbox, &stage).await, [status]);
        }
        stage.end();
    }
}

#[tokio::test]
async fn an_abnormal_payment_is_told_when_it_comes_and_when_it_goes() {
    for (stage, inbox) in in_each_form().await {
        let order = made(&stage).await;
        stage
            .sandbox
            .pay_order(&order, money("3.5"), "0x07")
            .unwrap();
        let mut first = told(&inbox, &stage).await;
        first.sort();
        assert_eq!(first, ["abnormal 0.47", "order PAID"]);
        let refund = NewAbnormalPaymentRefund::new(&order, "ETH_USDT", "0x07");
        stage
            .client
            .refunds()
            .create_of_abnormal_payment(&refund)
            .await
            .unwrap();
        stage.pass(60);
        assert_eq!(told(&inbox, &stage).await, ["refund REFUNDING"]);
        stage.pass(60);
        let mut second = told(&inbox, &stage).await;
        second.sort();
        assert_eq!(second, ["abnormal 0.47", "refund REFUNDED"]);
        stage.end();
    }
}

#[tokio::test]
async fn a_simulated_event_comes() {
    for (stage, inbox) in in_each_form().await {
        let event = of(json!({
            "event": "new-kind", "remark": "r", "developClientId": "d",
            "paymentRequestDTO": {"txNo": "TR1", "amount": 1, "status": "Pending"},
        }));
        stage.client.webhook_events().simulate(event).await.unwrap();
        let events = inbox.take(&stage).await;
        let [event] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!(event.event_type(), Some("new-kind"));
        assert_eq!(short(event), "trade Pending");
        stage.end();
    }
}

/// A receiver that fails is asked again when the schedule says so, and what comes twice is handled once.
#[tokio::test]
async fn an_event_is_handled_once_however_often_it_comes() {
    let stage = Stage::start().await;
    let inbox = Inbox::of(&stage).await;
    inbox.fail(2);
    paid(&stage).await;
    assert_eq!(told(&inbox, &stage).await, [""; 0]);
    stage.pass(15);
    assert_eq!(told(&inbox, &stage).await, [""; 0]);
    stage.pass(15);
    assert_eq!(told(&inbox, &stage).await, ["order PAID"]);
    let [delivery] = stage.sandbox.deliveries().try_into().unwrap();
    assert_eq!(
        (delivery.attempts.len(), delivery.state),
        (3, DeliveryState::Delivered)
    );

    stage.sandbox.resend(delivery.number).unwrap();
    assert_eq!(told(&inbox, &stage).await, [""; 0], "it was handled before");
    let last = stage.sandbox.deliveries().pop().unwrap();
    assert_eq!(
        last.state,
        DeliveryState::Delivered,
        "and is acknowledged all the same"
    );
    stage.end();
}

/// What is signed with another key is refused and not handled, and comes once the right key is there.
#[tokio::test]
async fn an_event_with_the_wrong_key_is_refused() {
    let stage = Stage::start().await;
    let inbox = Inbox::of(&stage).await;
    let number = paid(&stage).await;
    assert_eq!(told(&inbox, &stage).await, ["order PAID"]);
    let other = stablelink_sandbox::Credentials::random().unwrap();
    stage.sandbox.rotate_credentials(other);
    stage.sandbox.set_order_status(&number, "REFUNDED").unwrap();
    assert_eq!(told(&inbox, &stage).await, [""; 0]);
    let last = stage.sandbox.deliveries().pop().unwrap();
    let statuses: Vec<_> = last.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(401)]);
    stage.end();
}
