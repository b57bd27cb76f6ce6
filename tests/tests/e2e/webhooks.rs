//! Webhooks of each flow, received by the library's router: verified, parsed, handled once.

use serde_json::json;
use stablelink::types::Trade;
use stablelink::webhook::{EventPayload, WebhookEvent};
use stablelink::{NewAbnormalPaymentRefund, NewRefund, NewTrade};
use stablelink_sandbox::{DeliveryState, SandboxRecordKind, WebhookData};

use crate::checkout::{create_order, create_paid_order};
use crate::fixtures::{order, settlement};
use crate::test_env::{TestEnv, money, of};
use crate::webhook_receiver::WebhookReceiver;

/// Returns an event as `type status`.
fn summary(event: &WebhookEvent) -> String {
    let text = |text: Option<&str>| text.unwrap_or("?").to_owned();
    match event.payload().unwrap() {
        EventPayload::CheckoutOrder(order) => {
            format!(
                "order {}",
                text(order.order_status.as_ref().map(|it| it.as_str()))
            )
        }
        EventPayload::RefundOrder(refund) => {
            format!(
                "refund {}",
                text(refund.refund_status.as_ref().map(|it| it.as_str()))
            )
        }
        EventPayload::SettlementOrder(settlement) => {
            let status = settlement.settlement_status.as_ref();
            format!("settlement {}", text(status.map(|it| it.as_str())))
        }
        EventPayload::AbnormalPayment(payment) => {
            format!("abnormal {}", payment.pending_amount.unwrap())
        }
        EventPayload::Trade(trade) => trade_status(&trade),
        // `data` as a string has no type that marks it as a trade: the handler parses it as what it expects.
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

async fn received(receiver: &WebhookReceiver, env: &TestEnv) -> Vec<String> {
    receiver
        .take_events(env)
        .await
        .iter()
        .map(summary)
        .collect()
}

async fn envs_with_each_data_form() -> Vec<(TestEnv, WebhookReceiver)> {
    let mut all = Vec::new();
    for form in [WebhookData::Object, WebhookData::String] {
        let env = TestEnv::with_settings(|settings| settings.webhook_data = form).await;
        let receiver = WebhookReceiver::start(&env).await;
        all.push((env, receiver));
    }
    all
}

#[tokio::test]
async fn trade_changes_send_webhooks() {
    for (env, receiver) in envs_with_each_data_form().await {
        let id = env.sandbox.add_customer();
        let trade = NewTrade::on_ramp(id, "USD", "USDC", money("120"));
        let made = env.client.trades().create(&trade).await.unwrap();
        let confirmation = of(json!({"txNo": made.tx_no}));
        env.client.trades().confirm(confirmation).await.unwrap();
        assert_eq!(received(&receiver, &env).await, ["trade Processing"]);
        env.advance(60);
        let events = receiver.take_events(&env).await;
        let [event] = events.as_slice() else {
            panic!("{events:?}")
        };
        let record: Trade = match event.payload().unwrap() {
            EventPayload::Trade(record) => *record,
            EventPayload::Other(data) => data.unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(trade_status(&record), "trade Completed");
        assert_eq!(record.request_id.as_deref(), Some(trade.request_id()));
        assert_eq!(record.amount.unwrap().get(), money("120"));
        env.finish();
    }
}

#[tokio::test]
async fn final_order_statuses_send_webhooks() {
    for (env, receiver) in envs_with_each_data_form().await {
        create_paid_order(&env).await;
        assert_eq!(received(&receiver, &env).await, ["order PAID"]);
        let cancelled = create_order(&env).await;
        env.client
            .checkout_orders()
            .cancel(&cancelled)
            .await
            .unwrap();
        assert_eq!(received(&receiver, &env).await, ["order CANCELLED"]);
        let late = order().expired_in(50);
        env.client.checkout_orders().create(&late).await.unwrap();
        env.advance(50);
        assert_eq!(received(&receiver, &env).await, ["order TIMEOUT"]);
        env.finish();
    }
}

#[tokio::test]
async fn refund_steps_send_webhooks() {
    for (env, receiver) in envs_with_each_data_form().await {
        let order = create_paid_order(&env).await;
        receiver.take_events(&env).await;
        let refund = NewRefund::of_order(&order, money("1"));
        env.client.refunds().create(&refund).await.unwrap();
        assert_eq!(
            received(&receiver, &env).await,
            [""; 0],
            "creation sends no webhook"
        );
        env.advance(60);
        let mut first = received(&receiver, &env).await;
        first.sort();
        assert_eq!(first, ["order REFUNDING", "refund REFUNDING"]);
        env.advance(60);
        let mut second = received(&receiver, &env).await;
        second.sort();
        assert_eq!(second, ["order PARTIAL_REFUNDED", "refund REFUNDED"]);
        env.finish();
    }
}

#[tokio::test]
async fn settlement_steps_send_webhooks() {
    for (env, receiver) in envs_with_each_data_form().await {
        let order = create_paid_order(&env).await;
        receiver.take_events(&env).await;
        let payout = settlement(&order, "3.03");
        env.client.settlements().create(&payout).await.unwrap();
        for status in ["settlement SETTLING", "settlement SETTLED"] {
            env.advance(60);
            assert_eq!(received(&receiver, &env).await, [status]);
        }
        env.finish();
    }
}

#[tokio::test]
async fn abnormal_payment_sends_webhooks_on_receipt_and_refund() {
    for (env, receiver) in envs_with_each_data_form().await {
        let order = create_order(&env).await;
        env.sandbox.pay_order(&order, money("3.5"), "0x07").unwrap();
        let mut first = received(&receiver, &env).await;
        first.sort();
        assert_eq!(first, ["abnormal 0.47", "order PAID"]);
        let refund =
            NewAbnormalPaymentRefund::new(stablelink::OrderNo::from(&order), "ETH_USDT", "0x07");
        env.client
            .refunds()
            .create_for_abnormal_payment(&refund)
            .await
            .unwrap();
        env.advance(60);
        assert_eq!(received(&receiver, &env).await, ["refund REFUNDING"]);
        env.advance(60);
        let mut second = received(&receiver, &env).await;
        second.sort();
        assert_eq!(second, ["abnormal 0.47", "refund REFUNDED"]);
        env.finish();
    }
}

#[tokio::test]
async fn simulated_event_is_delivered() {
    for (env, receiver) in envs_with_each_data_form().await {
        let event = of(json!({
            "event": "new-kind", "remark": "r", "developClientId": "d",
            "paymentRequestDTO": {"txNo": "TR1", "amount": 1, "status": "Pending"},
        }));
        env.client.webhook_events().simulate(event).await.unwrap();
        let events = receiver.take_events(&env).await;
        let [event] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!(event.event_type(), Some("new-kind"));
        assert_eq!(summary(event), "trade Pending");
        env.finish();
    }
}

/// A failed delivery is retried on schedule, and a repeated delivery is handled once.
#[tokio::test]
async fn event_is_handled_once_despite_repeated_deliveries() {
    let env = TestEnv::start().await;
    let receiver = WebhookReceiver::start(&env).await;
    receiver.fail_next(2);
    create_paid_order(&env).await;
    assert_eq!(received(&receiver, &env).await, [""; 0]);
    env.advance(15);
    assert_eq!(received(&receiver, &env).await, [""; 0]);
    env.advance(15);
    assert_eq!(received(&receiver, &env).await, ["order PAID"]);
    let [delivery] = env.sandbox.deliveries().try_into().unwrap();
    assert_eq!(
        (delivery.attempts.len(), delivery.state),
        (3, DeliveryState::Delivered)
    );

    env.sandbox.resend(delivery.number).unwrap();
    assert_eq!(
        received(&receiver, &env).await,
        [""; 0],
        "the event was handled before"
    );
    let last = env.sandbox.deliveries().pop().unwrap();
    assert_eq!(
        last.state,
        DeliveryState::Delivered,
        "a repeated delivery is acknowledged"
    );
    env.finish();
}

#[tokio::test]
async fn event_signed_with_wrong_key_is_rejected() {
    let env = TestEnv::start().await;
    let receiver = WebhookReceiver::start(&env).await;
    let number = create_paid_order(&env).await;
    assert_eq!(received(&receiver, &env).await, ["order PAID"]);
    let other = stablelink_sandbox::SandboxCredentials::random().unwrap();
    env.sandbox.rotate_credentials(other);
    env.sandbox
        .set_status(SandboxRecordKind::Order, &number, "REFUNDED")
        .unwrap();
    assert_eq!(received(&receiver, &env).await, [""; 0]);
    let last = env.sandbox.deliveries().pop().unwrap();
    let statuses: Vec<_> = last.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(401)]);
    env.finish();
}
