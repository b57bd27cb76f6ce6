//! Tests of webhooks with a real receiver.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_decimal::Decimal;
use stablelink_sandbox::{
    DeliveryState, Sandbox, SandboxCredentials, SandboxRecordKind, WebhookAcknowledgement,
    WebhookData,
};
use stablelink_signature::{MessageKind, SigningKey, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::caller::Caller;

/// A request that a receiver got.
#[derive(Clone, Debug)]
struct ReceivedWebhook {
    head: String,
    body: String,
}

impl ReceivedWebhook {
    fn header(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.unwrap().1.to_owned()
    }

    fn assert_signed(&self, key: &SigningKey) {
        let timestamp: Timestamp = self.header("TIMESTAMP").parse().unwrap();
        let signature = key.sign(MessageKind::Webhook, timestamp, [self.body.as_bytes()]);
        assert_eq!(self.header("SIGNATURE"), signature.to_base64().to_string());
    }
}

/// Responds with these statuses in order, then with 200. It does not respond for 0.
struct TestReceiver {
    body: Arc<Mutex<String>>,
    url: String,
    got: Arc<Mutex<Vec<ReceivedWebhook>>>,
    count: watch::Sender<usize>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
}

impl TestReceiver {
    async fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/hooks?a=b", listener.local_addr().unwrap()),
            body: Arc::new(Mutex::new("SUCCESS".to_owned())),
            got: Arc::default(),
            count: watch::Sender::default(),
            statuses: Arc::new(Mutex::new(statuses.iter().copied().collect())),
        };
        let (got, statuses) = (Arc::clone(&receiver.got), Arc::clone(&receiver.statuses));
        let (count, body) = (receiver.count.clone(), Arc::clone(&receiver.body));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (got, statuses) = (Arc::clone(&got), Arc::clone(&statuses));
                let (count, body) = (count.clone(), Arc::clone(&body));
                tokio::spawn(async move {
                    let read = read(&mut stream).await;
                    got.lock().unwrap().push(read);
                    count.send_modify(|count| *count += 1);
                    let status = statuses.lock().unwrap().pop_front().unwrap_or(200);
                    if status == 0 {
                        std::future::pending::<()>().await;
                    }
                    let body = body.lock().unwrap().clone();
                    let length = body.len();
                    let response =
                        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
                    let _ = stream.write_all(response.as_bytes()).await;
                });
            }
        });
        receiver
    }

    fn got(&self) -> Vec<ReceivedWebhook> {
        self.got.lock().unwrap().clone()
    }

    fn bodies(&self) -> Vec<String> {
        self.got().into_iter().map(|got| got.body).collect()
    }
}

async fn read(stream: &mut TcpStream) -> ReceivedWebhook {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let got = ReceivedWebhook {
                head: head.to_owned(),
                body: body.to_owned(),
            };
            if got.body.len() >= got.header("content-length").parse().unwrap() {
                return got;
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
}

async fn frozen(receiver: &TestReceiver) -> (Sandbox, Caller) {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    sandbox.set_webhook_url(&receiver.url).unwrap();
    let caller = Caller::new(&sandbox).await;
    (sandbox, caller)
}

async fn order(caller: &Caller, number: &str) {
    let body = format!(
        r#"{{"orderNo":"{number}","orderAmount":0.5,"customerId":"6","merchantId":"1","token":"ETH_USDT"}}"#
    );
    caller.post("/checkout/order/create", &body).await.ok();
}

#[tokio::test]
async fn delivery_names_the_request_that_caused_it() {
    let receiver = TestReceiver::start(&[]).await;
    let (sandbox, caller) = frozen(&receiver).await;
    order(&caller, "A").await;
    order(&caller, "B").await;
    caller.get("/checkout/order/cancel", "orderNo=A").await.ok();
    // A test causes the next event, and the clock the one after it.
    sandbox.pay_order("B", Decimal::new(505, 3), "0x1").unwrap();
    order(&caller, "C").await;
    sandbox.clock().advance(Duration::from_secs(1800));
    sandbox.wait_for_deliveries().await;
    let deliveries = sandbox.deliveries();
    let causes: Vec<_> = deliveries.iter().map(|it| it.request).collect();
    assert_eq!(causes, [Some(3), None, None]);
    let cancelled = &sandbox.requests()[3];
    assert_eq!(cancelled.path, "/checkout/order/cancel");
    assert!(cancelled.response_body.starts_with(b"{\"retcode\":\"200\""));
    assert_eq!(
        cancelled.response_headers["content-type"],
        "application/json"
    );
}

#[tokio::test]
async fn checkout_webhooks_have_the_documented_form() {
    let receiver = TestReceiver::start(&[]).await;
    let (sandbox, caller) = frozen(&receiver).await;
    let key = SigningKey::new(sandbox.credentials().sign_key()).unwrap();
    order(&caller, "A").await;
    sandbox.pay_order("A", Decimal::new(600, 3), "0x1").unwrap();
    sandbox.wait_for_deliveries().await;
    let refund = r#"{"refundOrderNo":"R1","orderNo":"A","amount":0.1}"#;
    caller.post("/checkout/refund/create", refund).await.ok();
    sandbox.clock().advance(Duration::from_secs(60));
    sandbox.wait_for_deliveries().await;
    let fiat = r#"{"settlementOrderNo":"S1"}"#;
    caller
        .post("/checkout/fiat-settlement/create", fiat)
        .await
        .ok();
    sandbox.clock().advance(Duration::from_secs(60));
    sandbox.wait_for_deliveries().await;
    let mut bodies = receiver.bodies();
    assert_eq!(bodies.len(), 7, "{bodies:#?}");
    let seconds = sandbox.clock().now_millis() / 1000 - 120;
    bodies.sort();
    let all = bodies.join("\n");
    for part in [
        r#""data":{"orderNo":"A","orderStatus":"PAID"}"#.to_owned(),
        r#""data":{"orderNo":"A","orderStatus":"REFUNDING"}"#.to_owned(),
        r#""data":{"orderNo":"A","orderStatus":"PARTIAL_REFUNDED"}"#.to_owned(),
        r#""data":{"refundOrderNo":"R1","refundStatus":"REFUNDING"}"#.to_owned(),
        r#""data":{"refundOrderNo":"R1","refundStatus":"REFUNDED"}"#.to_owned(),
        r#""data":{"settlementOrderNo":"S1","settlementStatus":"SETTLING"}"#.to_owned(),
        format!(
            r#""eventType":"ABNORMAL_PAYMENT","timestamp":{seconds},"data":{{"abnormalPaymentNo":"#
        ),
        r#""amount":"0.600","pendingAmount":"0.095""#.to_owned(),
    ] {
        assert!(all.contains(&part), "{part}: {all}");
    }
    for got in receiver.got() {
        got.assert_signed(&key);
        assert!(got.head.starts_with("POST /hooks?a=b HTTP/1.1"));
        assert_eq!(
            got.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
    let ids: std::collections::BTreeSet<_> = sandbox
        .deliveries()
        .into_iter()
        .map(|d| d.event_id)
        .collect();
    assert_eq!(ids.len(), 7);
    let events = caller
        .post("/base/notification/event-page", "{}")
        .await
        .ok();
    assert_eq!(events.field("total"), "7");
}

#[tokio::test]
async fn trade_and_simulated_webhooks_have_the_inferred_form() {
    let receiver = TestReceiver::start(&[]).await;
    let (sandbox, caller) = frozen(&receiver).await;
    let customer = sandbox.add_customer();
    let trade = format!(
        r#"{{"requestId":"r1","clientId":{customer},"requestType":1,"fromCurrency":"USD","toCurrency":"USDC","amount":1.10}}"#
    );
    caller
        .post("/trade/create-trade-request", &trade)
        .await
        .ok();
    sandbox
        .set_status(SandboxRecordKind::Trade, "r1", "Completed")
        .unwrap();
    sandbox.wait_for_deliveries().await;
    let body = receiver.bodies().pop().unwrap();
    assert!(
        body.starts_with(r#"{"event":"PAYMENT_REQUEST_CHANGED","eventId":"EV"#),
        "{body}"
    );
    for part in [
        r#""paymentRequestDTO":{"id":"#,
        r#""amount":1.10,"#,
        r#""status":"Completed""#,
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    let simulated =
        r#"{"event":"e1","paymentRequestDTO":{"amount":0.00},"remark":"x","developClientId":"d"}"#;
    for (form, part) in [
        (
            WebhookData::Object,
            r#""paymentRequestDTO":{"amount":0.00},"remark":"x","developClientId":"d"}"#,
        ),
        (
            WebhookData::String,
            r#""data":"{\"amount\":0.00}","remark":"x""#,
        ),
    ] {
        sandbox.update_settings(|settings| settings.webhook_data = form);
        caller
            .post("/base/notification/simulate", simulated)
            .await
            .ok();
        sandbox.wait_for_deliveries().await;
        let body = receiver.bodies().pop().unwrap();
        assert!(body.contains(part), "{part}: {body}");
    }
    order(&caller, "A").await;
    caller.get("/checkout/order/cancel", "orderNo=A").await.ok();
    sandbox.wait_for_deliveries().await;
    let body = receiver.bodies().pop().unwrap();
    assert!(
        body.contains(r#""data":"{\"orderNo\":\"A\",\"orderStatus\":\"CANCELLED\"}"}"#),
        "{body}"
    );
}

#[tokio::test]
async fn failed_delivery_is_retried_on_the_documented_schedule() {
    let receiver = TestReceiver::start(&[500; 20]).await;
    let (sandbox, caller) = frozen(&receiver).await;
    sandbox.update_settings(|settings| settings.webhook_retry_speed = 5);
    let key = SigningKey::new(sandbox.credentials().sign_key()).unwrap();
    caller
        .post("/base/notification/simulate", r#"{"event":"e"}"#)
        .await
        .ok();
    sandbox.wait_for_deliveries().await;
    let retries = [
        15, 15, 30, 180, 600, 1200, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
    ];
    for (sent, seconds) in retries.into_iter().enumerate() {
        assert_eq!(receiver.got().len(), sent + 1);
        let wait = Duration::from_secs(seconds / 5);
        sandbox
            .clock()
            .advance(wait.checked_sub(Duration::from_millis(1)).unwrap());
        sandbox.wait_for_deliveries().await;
        assert_eq!(receiver.got().len(), sent + 1, "before the retry is due");
        sandbox.clock().advance(Duration::from_millis(1));
        sandbox.wait_for_deliveries().await;
    }
    sandbox.clock().advance(Duration::from_secs(1_000_000));
    sandbox.wait_for_deliveries().await;
    let got = receiver.got();
    assert_eq!(got.len(), 15, "14 retries");
    let log = sandbox.deliveries();
    assert_eq!((log.len(), log[0].state), (1, DeliveryState::Abandoned));
    for (got, attempt) in got.iter().zip(&log[0].attempts) {
        got.assert_signed(&key);
        assert_eq!(got.body.as_bytes(), log[0].body);
        assert_eq!(attempt.status, Some(500));
        assert_eq!(attempt.signature, got.header("SIGNATURE"));
        assert_eq!(attempt.timestamp, got.header("TIMESTAMP"));
    }
    assert_ne!(got[0].header("SIGNATURE"), got[1].header("SIGNATURE"));
    let text = format!("{log:?}");
    assert!(!text.contains("\"event\""), "{text}");
    receiver.statuses.lock().unwrap().clear();
    let again = sandbox.resend(0).unwrap();
    sandbox.wait_for_deliveries().await;
    let log = sandbox.deliveries();
    let last = log.last().unwrap();
    assert_eq!((last.number, last.state), (again, DeliveryState::Delivered));
    assert_eq!(
        (&last.event_id, &last.body),
        (&log[0].event_id, &log[0].body)
    );
    assert!(sandbox.resend(9).is_err());
}

#[tokio::test]
async fn delivery_without_2xx_response_fails() {
    let receiver = TestReceiver::start(&[0, 302]).await;
    let (sandbox, caller) = frozen(&receiver).await;
    sandbox.update_settings(|settings| settings.webhook_timeout = Duration::from_millis(100));
    let event = || caller.post("/base/notification/simulate", r#"{"event":"e"}"#);
    event().await.ok();
    sandbox.wait_for_deliveries().await;
    event().await.ok();
    sandbox.wait_for_deliveries().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    sandbox
        .set_webhook_url(&format!("http://{address}"))
        .unwrap();
    event().await.ok();
    sandbox.wait_for_deliveries().await;
    let now = sandbox.clock().now_millis();
    let log = sandbox.deliveries();
    let failures: Vec<_> = log
        .iter()
        .map(|delivery| {
            assert_eq!(
                delivery.state,
                DeliveryState::Pending {
                    due_at: now + 15_000
                }
            );
            let attempt = &delivery.attempts[0];
            let error = attempt.error.as_deref().unwrap_or_default();
            (attempt.status, error.split(':').next().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        failures,
        [
            (None, "no response in time"),
            (Some(302), ""),
            (None, "no connection")
        ]
    );
    sandbox.set_client_webhook_url(0, None).unwrap();
    event().await.ok();
    sandbox.wait_for_deliveries().await;
    assert_eq!(
        sandbox.deliveries().len(),
        3,
        "without a receiver, no delivery is created"
    );
    assert!(sandbox.resend(0).is_err());
    assert!(
        sandbox
            .set_webhook_url("https://receiver.invalid/")
            .is_err()
    );
}

#[tokio::test]
async fn retcode_of_the_receiver_decides_as_configured() {
    let receiver = TestReceiver::start(&[]).await;
    let (sandbox, caller) = frozen(&receiver).await;
    for (body, by_retcode) in [
        (r#"{"retcode":200,"retmsg":"SUCCESS"}"#, None),
        (r#"{"retcode":"200"}"#, None),
        ("", None),
        ("[500]", None),
        ("{}", None),
        (r#"{"retcode":500,"retmsg":"failed"}"#, Some("retcode 500")),
        (r#"{"retcode":"00999"}"#, Some("retcode \"00999\"")),
        (r#"{"retcode":null}"#, Some("retcode null")),
    ] {
        body.clone_into(&mut receiver.body.lock().unwrap());
        for (acknowledgement, error) in [
            (WebhookAcknowledgement::Retcode, by_retcode),
            (WebhookAcknowledgement::HttpStatus, None),
        ] {
            sandbox.update_settings(|it| it.webhook_acknowledgement = acknowledgement);
            let event = caller.post("/base/notification/simulate", r#"{"event":"e"}"#);
            event.await.ok();
            sandbox.wait_for_deliveries().await;
            let delivery = sandbox.deliveries().pop().unwrap();
            assert_eq!(delivery.attempts[0].status, Some(200));
            assert_eq!(delivery.attempts[0].error.as_deref(), error, "{body}");
            let is_delivered = delivery.state == DeliveryState::Delivered;
            assert_eq!(is_delivered, error.is_none(), "{body}");
        }
    }
}

#[tokio::test]
async fn webhooks_use_the_receiver_and_key_of_each_client() {
    let (one, two) = (
        TestReceiver::start(&[]).await,
        TestReceiver::start(&[]).await,
    );
    let credentials = [(); 2].map(|()| SandboxCredentials::random().unwrap());
    let sandbox = Sandbox::builder()
        .client(credentials[0].clone())
        .client(credentials[1].clone())
        .start()
        .await
        .unwrap();
    for (index, receiver) in [&one, &two].into_iter().enumerate() {
        sandbox
            .set_client_webhook_url(index, Some(&receiver.url))
            .unwrap();
        let caller = Caller::with(&sandbox, &credentials[index]).await;
        caller
            .post("/base/notification/simulate", r#"{"event":"e"}"#)
            .await
            .ok();
    }
    sandbox.wait_for_deliveries().await;
    for (receiver, credentials) in [(&one, &credentials[0]), (&two, &credentials[1])] {
        let got = receiver.got();
        assert_eq!(got.len(), 1);
        got[0].assert_signed(&SigningKey::new(credentials.sign_key()).unwrap());
    }
}

/// The running clock causes the transition, without a call or a change of the clock.
#[tokio::test]
async fn due_transition_sends_a_webhook_without_a_call() {
    let receiver = TestReceiver::start(&[500]).await;
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.set_webhook_url(&receiver.url).unwrap();
    let caller = Caller::new(&sandbox).await;
    let body = r#"{"orderNo":"A","orderAmount":0.5,"customerId":"6","merchantId":"1","token":"ETH_USDT","expiredIn":1}"#;
    sandbox.update_settings(|settings| settings.webhook_retry_speed = 15_000);
    caller.post("/checkout/order/create", body).await.ok();
    sandbox.clock().advance(Duration::from_millis(995));
    let mut count = receiver.count.subscribe();
    count.wait_for(|count| *count == 2).await.unwrap();
    assert!(receiver.bodies()[1].contains("TIMEOUT"));
}
