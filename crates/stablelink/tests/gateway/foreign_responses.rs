//! Responses that belong to another request or come from another sender, and responses that repeat secrets.

use std::error::Error as _;

use serde_json::{Value, json};
use stablelink::scalars::RawJson;
use stablelink::testing::ManualClock;
use stablelink::{
    CallPhase, Client, Credentials, Decimal, Environment, Error, ErrorKind, Method,
    NewAbnormalPaymentRefund, NewCheckoutOrder,
};
#[cfg(feature = "provisional")]
use stablelink::{NewFiatSettlement, NewRefund, NewTrade};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::raw_server::Raw;
use crate::setup::{Call, keyed, never, nothing, outcome, read};
use crate::watch::CheckedResult;

/// Returns a server that responds to all calls with this record.
async fn server(record: Value) -> (Raw, Client) {
    let body = json!({"retcode": "200", "retdata": record}).to_string();
    let raw = Raw::start(move |line| Raw::token_or(line, &Raw::answer("200 OK", &body))).await;
    let client = raw.client().build().unwrap();
    (raw, client)
}

fn new_order() -> NewCheckoutOrder {
    NewCheckoutOrder::usd(Decimal::ONE, "ETH_USDT", "6".into(), "1".into()).with_order_no("A1")
}

/// Calls that only read, and a field of their response that identifies the record.
fn reads() -> Vec<(&'static str, Value, Value, Call)> {
    #[cfg_attr(not(feature = "provisional"), expect(unused_mut))]
    let mut reads: Vec<(_, _, _, Call)> = vec![
        ("orderNo", "A1".into(), "EVIL".into(), |client| {
            nothing(client.checkout_orders().get("A1").into_future())
        }),
        ("orderNo", "A1".into(), "EVIL".into(), |client| {
            let poller = client.checkout_orders().wait("A1");
            nothing(async move { poller.until(|_| true).await })
        }),
        ("sellCurrency", "USDT".into(), "USDC".into(), |client| {
            nothing(client.exchange_rates().quote("USDT", "USD").into_future())
        }),
        ("buyCurrency", "usd".into(), "EUR".into(), |client| {
            nothing(client.exchange_rates().quote("USDT", "USD").into_future())
        }),
    ];
    #[cfg(feature = "provisional")]
    reads.extend::<[(_, _, _, Call); 8]>([
        ("settlementOrderNo", "S1".into(), "S2".into(), |client| {
            nothing(client.settlements().get("S1").into_future())
        }),
        ("refundOrderNo", "R1".into(), "R2".into(), |client| {
            nothing(client.refunds().get("R1").into_future())
        }),
        ("requestId", "T1".into(), "T2".into(), |client| {
            nothing(client.trades().get("T1").into_future())
        }),
        ("requestId", "T1".into(), "T2".into(), |client| {
            let poller = client.trades().wait("T1");
            nothing(async move { poller.until(|_| true).await })
        }),
        ("txNo", "7".into(), json!(8), |client| {
            nothing(client.trades().transaction("7").into_future())
        }),
        ("network", "Ethereum".into(), "tron".into(), |client| {
            let address = client.trades().deposit_address(7, "USDC", "ethereum");
            nothing(address.into_future())
        }),
        ("id", "7".into(), json!(8), |client| {
            nothing(client.trades().receive_transaction(7).into_future())
        }),
        ("id", json!(7), json!(-7), |client| {
            nothing(client.remits().get(7).into_future())
        }),
    ]);
    reads
}

/// Calls that change something, and whose response need not contain a record.
fn other_writes() -> Vec<(&'static str, Value, Value, Call)> {
    #[cfg_attr(not(feature = "provisional"), expect(unused_mut))]
    let mut writes: Vec<(_, _, _, Call)> = vec![
        ("orderNo", "A1".into(), "a1".into(), |client| {
            nothing(client.checkout_orders().cancel("A1").into_future())
        }),
        ("orderNo", json!(7), json!(70), |client| {
            let request = client
                .request(Method::POST, "/pay")
                .json(&json!({"orderNo": 7}));
            nothing(request.idempotency_key("orderNo", "7").into_future())
        }),
    ];
    #[cfg(feature = "provisional")]
    writes.extend::<[(_, _, _, Call); 2]>([
        ("settlementOrderNo", "S1".into(), "S2".into(), |client| {
            nothing(client.settlements().cancel("S1").into_future())
        }),
        ("refundOrderNo", "R1".into(), "R2".into(), |client| {
            nothing(client.refunds().cancel("R1").into_future())
        }),
    ]);
    writes
}

/// Calls that create a record with an idempotency key, which the documented response contains.
fn creates() -> Vec<(&'static str, Value, Value, Call)> {
    #[cfg_attr(not(feature = "provisional"), expect(unused_mut))]
    let mut creates: Vec<(_, _, _, Call)> = vec![
        ("orderNo", "A1".into(), "EVIL".into(), |client| {
            nothing(client.checkout_orders().create(&new_order()).into_future())
        }),
        ("orderNo", "7".into(), json!(8), |client| {
            let order = json!({
                "orderNo": "7", "orderAmount": 1, "customerId": "6", "merchantId": "1", "token": "ETH_USDT",
            });
            let create = client.operation("createCheckoutOrder").json(&order);
            nothing(create.into_future())
        }),
        ("settlementOrderNo", "S1".into(), "S2".into(), |client| {
            let order =
                stablelink::NewSettlement::new(Decimal::ONE, "ETH_USDT", "0x", "1".into(), ["A1"]);
            let order = order.with_settlement_order_no("S1");
            nothing(client.settlements().create(&order).into_future())
        }),
        ("refundOrderNo", "R1".into(), "R2".into(), |client| {
            let refund = NewAbnormalPaymentRefund::new("A1".into(), "ETH_USDT", "0x");
            let refund = refund.with_refund_order_no("R1");
            nothing(
                client
                    .refunds()
                    .create_for_abnormal_payment(&refund)
                    .into_future(),
            )
        }),
    ];
    #[cfg(feature = "provisional")]
    creates.extend::<[(_, _, _, Call); 3]>([
        ("settlementOrderNo", "S1".into(), "S2".into(), |client| {
            let order = json!({"settlementOrderNo": "S1"});
            let order: NewFiatSettlement = serde_json::from_value(order).unwrap();
            nothing(client.settlements().create_fiat(&order).into_future())
        }),
        ("refundOrderNo", "R1".into(), "R2".into(), |client| {
            let refund = json!({"refundOrderNo": "R1", "orderNo": "A1", "amount": 1});
            let refund: NewRefund = serde_json::from_value(refund).unwrap();
            nothing(client.refunds().create(&refund).into_future())
        }),
        ("requestId", "T1".into(), "T2".into(), |client| {
            let trade = NewTrade::on_ramp(7, "USD", "USDC", Decimal::ONE).with_request_id("T1");
            nothing(client.trades().create(&trade).into_future())
        }),
    ]);
    creates
}

#[tokio::test]
async fn record_of_another_request_is_never_returned() {
    for (writing, calls) in [(false, reads()), (true, other_writes()), (true, creates())] {
        for (field, right, wrong, call) in calls {
            let (_raw, client) = server(json!({field: right})).await;
            let result = call(&client).await;
            assert_eq!(outcome(&result), "done", "{field}: {result:?}");
            let (_raw, client) = server(json!({field: wrong, "orderStatus": "PAID"})).await;
            let result = call(&client).await;
            assert_eq!(
                outcome(&result),
                if writing { "ambiguous" } else { "decode" },
                "{field}"
            );
            let error = result.checked_err();
            assert!(!error.is_retryable(), "{error}");
            let phase = if writing {
                CallPhase::Write
            } else {
                CallPhase::Read
            };
            assert_eq!(
                (error.phase(), error.may_have_taken_effect()),
                (phase, writing)
            );
            let problem = format!("`retdata.{field}`: it belongs to another record");
            assert!(error.to_string().contains(&problem), "{error}");
        }
    }
}

/// The record of a create must have its idempotency key, and that of a documented read the requested value, because the
/// response may be that of another request.
#[tokio::test]
async fn record_without_a_number_is_accepted_unless_it_was_created_or_is_documented() {
    let documented = ["orderNo"];
    for (creating, documented, calls) in [
        (false, &documented[..], reads()),
        (false, &[], other_writes()),
        (true, &[], creates()),
    ] {
        for (field, right, _, call) in calls {
            for record in [
                json!({}),
                json!({field: null}),
                json!({field: {"a": right}}),
                json!({"sellCurrency": null, "channelRate": 1}),
                json!({"orderStatus": "PAID", "orderAmount": 50}),
            ] {
                let (_raw, client) = server(record.clone()).await;
                let result = call(&client).await;
                let is_required = documented.contains(&field);
                let expected = match creating {
                    true => "ambiguous",
                    false if is_required => "decode",
                    false => "done",
                };
                assert_eq!(outcome(&result), expected, "{field} {record}: {result:?}");
                if creating {
                    let error = result.checked_err();
                    assert_eq!(error.attempts(), 1, "{error}");
                    assert_eq!(error.idempotency_key(), right.as_str(), "{error}");
                    let problem = format!("`retdata.{field}`: it is missing or has another type");
                    assert!(error.to_string().contains(&problem), "{error}");
                } else if is_required {
                    let error = result.checked_err().to_string();
                    assert!(
                        error.contains("it is missing or has another type"),
                        "{error}"
                    );
                }
            }
        }
    }
    // A number in the response cannot be the text that was requested.
    let (_raw, client) = server(json!({"orderNo": 7})).await;
    let error = client.checkout_orders().create(&new_order()).await;
    let error = error.checked_err();
    assert!(error.is_ambiguous(), "{error}");
    assert!(error.to_string().contains("has another type"), "{error}");
    // A record that is only read is not lost to the form of its number.
    client.checkout_orders().get("A1").await.unwrap();
    client.checkout_orders().get("7").await.unwrap();
    let error = client.checkout_orders().get("8").await;
    assert_eq!(outcome(&error), "decode");
    // A request that names no operation is compared if its method and path are those of a create.
    let pay = |path: &str| {
        let pay = client.request(Method::POST, path);
        let pay = pay.json(&json!({"orderNo": "A1"}));
        pay.idempotency_key("orderNo", "A1")
    };
    let error = pay("/checkout/order/create").await;
    assert!(error.checked_err().is_ambiguous());
    pay("/pay").await.unwrap();
}

/// Without an object in `retdata`, the record is missing, also for a type that accepts null or a list. The response to a create
/// may then be that of a cancellation.
#[tokio::test]
async fn missing_record_is_an_error_whatever_the_type() {
    for retdata in [
        "",
        r#","retdata":[]"#,
        r#","retdata":[{},{}]"#,
        r#","retdata":"ok""#,
    ] {
        missing_record_is_an_error(retdata).await;
    }
    let body = r#"{"retcode":"200","success":true}"#;
    let raw = Raw::start(move |line| Raw::token_or(line, &Raw::answer("200 OK", body))).await;
    let client = raw.client().build().unwrap();
    // No page shows a record of this operation.
    let cancel = client
        .operation("cancelCheckoutOrder")
        .json(&json!({"orderNo": "A1"}));
    assert!(cancel.await.unwrap().is_none());
    let cancel = client
        .operation("cancelCheckoutOrder")
        .json(&json!({"orderNo": "A1"}));
    cancel.fetch::<()>().await.unwrap();
}

async fn missing_record_is_an_error(retdata: &str) {
    let body = format!(r#"{{"retcode":"200","success":true{retdata}}}"#);
    let raw = Raw::start(move |line| Raw::token_or(line, &Raw::answer("200 OK", &body))).await;
    let client = raw.client().build().unwrap();
    let order = json!({
        "orderNo": "A1", "orderAmount": 1, "customerId": "6", "merchantId": "1", "token": "ETH_USDT",
    });
    let refund = NewAbnormalPaymentRefund::new("A1".into(), "ETH_USDT", "0x1");
    let create = || client.operation("createCheckoutOrder").json(&order);
    let get = || {
        client
            .operation("getCheckoutOrder")
            .json(&json!({"orderNo": "A1"}))
    };
    for (result, writing) in [
        (create().await.map(drop), true),
        (create().fetch::<()>().await.map(drop), true),
        (create().fetch::<Value>().await.map(drop), true),
        (create().fetch::<RawJson>().await.map(drop), true),
        (create().fetch::<Option<Value>>().await.map(drop), true),
        (
            client
                .checkout_orders()
                .create(&new_order())
                .await
                .map(drop),
            true,
        ),
        (
            client
                .refunds()
                .create_for_abnormal_payment(&refund)
                .await
                .map(drop),
            true,
        ),
        (
            client
                .request(Method::POST, "/checkout/order/create")
                .json(&order)
                .idempotency_key("orderNo", "A1")
                .await
                .map(drop),
            true,
        ),
        (get().await.map(drop), false),
        (get().fetch::<Value>().await.map(drop), false),
        (client.checkout_orders().get("A1").await.map(drop), false),
    ] {
        let expected = if writing { "ambiguous" } else { "decode" };
        assert_eq!(outcome(&result), expected, "{retdata}: {result:?}");
        let error = result.checked_err();
        assert_eq!(error.may_have_taken_effect(), writing);
        assert!(!error.is_retryable(), "{error}");
    }
}

/// The earlier form of a quote, which may be the live one, has neither currencies nor the customer.
#[tokio::test]
async fn earlier_form_of_a_quote_is_accepted() {
    let (_raw, client) = server(json!({"quoteId": "1", "channelRate": 1})).await;
    let fields = json!({"sellCurrency": "USDT", "buyCurrency": "USD", "clientId": 6});
    let quote = client.operation("getExchangeRate").json(&fields);
    assert!(quote.await.unwrap().is_some());
}

/// Reads the head and the body of a request. Returns `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

/// A server that sends one response too many on a connection that is kept alive. The client takes it for that of the next
/// request if it arrives after that request was sent.
#[tokio::test]
async fn stray_response_is_not_the_record_of_the_next_create() {
    let stray = r#"{"retcode":"200","retdata":{"sellCurrency":"USDT","channelRate":1}}"#;
    for is_late in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let answer =
                        |body: &str| Raw::answer("200 OK", body).replace("close", "keep-alive");
                    let mut is_owed = false;
                    while let Some(request) = read_request(&mut stream).await {
                        let mut sent = String::new();
                        if is_owed {
                            sent += &answer(stray);
                        }
                        if request.contains("/oauth2/token") {
                            sent += &answer(
                                r#"{"retcode":200,"retdata":{"access_token":"t","expires_in":21600}}"#,
                            );
                        } else if request.contains("/checkout/order/info") {
                            sent += &answer(r#"{"retcode":"200","retdata":{"orderNo":"B1"}}"#);
                            is_owed = is_late;
                            if !is_late {
                                sent += &answer(stray);
                            }
                        } else {
                            sent += &answer(r#"{"retcode":"200","retdata":{"orderNo":"A1"}}"#);
                        }
                        if stream.write_all(sent.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        let client = Client::builder()
            .environment(Environment::at(&url).unwrap())
            .credentials(Credentials::new("key", "secret", "sign"))
            .build()
            .unwrap();
        client.checkout_orders().get("B1").await.unwrap();
        let created = client.checkout_orders().create(&new_order()).await;
        match created {
            // The connection was closed because of the additional response.
            Ok(order) if !is_late => assert_eq!(order.order_no.as_deref(), Some("A1")),
            created => assert!(created.checked_err().is_ambiguous(), "{is_late}"),
        }
        server.abort();
    }
}

/// The first record may be the wrong one even if the last one is right: parsers disagree on which one counts.
#[tokio::test]
async fn repeated_identity_is_compared_each_time() {
    let body = r#"{"retcode":"200","retdata":{"orderNo":"EVIL","orderNo":"A1"}}"#;
    let raw = Raw::start(|line| Raw::token_or(line, &Raw::answer("200 OK", body))).await;
    let client = raw.client().build().unwrap();
    let error = client.checkout_orders().cancel("A1").await.checked_err();
    assert!(error.is_ambiguous(), "{error}");
}

/// A proxy may send such a page after the gateway has processed the request.
#[tokio::test]
async fn error_page_of_a_proxy_does_not_prove_a_rejection() {
    for (status, proves) in [
        ("400 Bad Request", true),
        ("405 Method Not Allowed", true),
        ("413 Content Too Large", true),
        ("431 Request Header Fields Too Large", true),
        ("403 Forbidden", false),
        ("404 Not Found", false),
        ("406 Not Acceptable", false),
        ("409 Conflict", false),
        ("460 Client Closed", false),
        ("499 Client Closed Request", false),
    ] {
        for body in ["<html>blocked</html>", "", r#"{"retmsg":"no"}"#] {
            let page = Raw::answer(status, body);
            let raw = Raw::start(move |line| Raw::token_or(line, &page)).await;
            let client = raw.client().build().unwrap();
            for (call, unproven) in [
                (read as Call, "transport"),
                (keyed as Call, "ambiguous"),
                (never as Call, "ambiguous"),
            ] {
                let result = call(&client).await;
                let expected = if proves { "api" } else { unproven };
                assert_eq!(outcome(&result), expected, "{status} {body}: {result:?}");
                assert_eq!(result.checked_err().attempts(), 1, "{status} {body}");
            }
        }
        // The gateway's own envelope proves it with any status.
        let rejection = Raw::answer(status, r#"{"retcode":"00008","retmsg":"amount"}"#);
        let raw = Raw::start(move |line| Raw::token_or(line, &rejection)).await;
        let result = keyed(&raw.client().build().unwrap()).await;
        assert_eq!(outcome(&result), "api", "{status}: {result:?}");
    }
}

fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {:?}", error.retcode());
    let message = error.api_error().and_then(|error| error.message());
    shown += message.unwrap_or_default();
    let mut source = error.source();
    while let Some(cause) = source {
        shown += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    shown
}

#[tokio::test]
async fn secrets_that_the_gateway_repeats_are_not_displayed() {
    let [api_key, api_secret, sign_key] = [
        "planted-api-key",
        "aB3=dE5 gH7|jK9=",
        "correct-horse-battery-staple",
    ];
    let [token, refresh] = ["QwErTyUiOpAsDfGhJkLzXcVb", "9f86d081884c7d65"];
    let encoded = "aB3%3DdE5%20gH7%7CjK9%3D";
    let repeated = [api_key, api_secret, encoded, sign_key, token, refresh];
    for secret in repeated {
        for on_token in [true, false] {
            // The refresh token and the token are not known before they were issued.
            if on_token && [token, refresh].contains(&secret) {
                continue;
            }
            let echo = json!({"retcode": secret, "retmsg": format!("key {secret} is not ({secret}) known")});
            let echo = Raw::answer("200 OK", &echo.to_string());
            let issued = json!({"access_token": token, "refresh_token": refresh});
            let issued = Raw::answer(
                "200 OK",
                &json!({"retcode": 200, "retdata": issued}).to_string(),
            );
            let raw = Raw::start(move |line| {
                if line.contains("/oauth2/token") && !on_token {
                    return Raw::token_or("", &issued);
                }
                Raw::token_or("", &echo)
            })
            .await;
            let credentials = Credentials::new(api_key, api_secret, sign_key);
            let client = raw.client().credentials(credentials).build().unwrap();
            for call in [read as Call, keyed as Call] {
                let error = call(&client).await.checked_err();
                // A string with whitespace is not a retcode: nothing of it is displayed.
                let shown = shown(&error);
                assert!(!shown.contains(secret), "{on_token} {secret}: {shown}");
            }
        }
    }
}

/// Ten calls, one after the other, against a token endpoint that never issues a token.
#[tokio::test]
async fn unusable_token_responses_cause_few_requests() {
    for page in [
        Raw::answer("200 OK", "<html>sign in</html>"),
        Raw::answer("302 Found", ""),
        Raw::answer("403 Forbidden", "<html>"),
        Raw::answer("429 Too Many Requests", ""),
        Raw::answer("500 Internal Server Error", ""),
        Raw::answer("200 OK", r#"{"retcode":200,"retdata":{"access_token":""}}"#),
    ] {
        let requests = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let counted = std::sync::Arc::clone(&requests);
        let sent = page.clone();
        let raw = Raw::start(move |_| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Raw::token_or("", &sent)
        })
        .await;
        let clock = ManualClock::new(std::time::SystemTime::now());
        let client = raw.client().clock(clock).build().unwrap();
        for _ in 0..10 {
            let error = keyed(&client).await.checked_err();
            assert_eq!(error.operation(), Some("issue_access_token"), "{error}");
            assert_eq!(error.phase(), CallPhase::Token, "{error}");
            assert!(!error.may_have_taken_effect(), "{error}");
            assert!(
                error.to_string().ends_with("; nothing else was sent"),
                "{error}"
            );
        }
        let requests = requests.load(std::sync::atomic::Ordering::Relaxed);
        assert!((1..=3).contains(&requests), "{requests} {page}");
    }
}

#[tokio::test]
async fn token_failure_after_sending_does_not_hide_the_call() {
    for refreshed in [
        Raw::answer("500 Internal Server Error", ""),
        // The envelope of the token request proves nothing about the call.
        Raw::answer("200 OK", r#"{"retcode":"200","success":false}"#),
        Raw::answer("400 Bad Request", r#"{"retcode":"200"}"#),
    ] {
        let tokens = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let raw = Raw::start(move |line| {
            let unauthorized = Raw::answer("401 Unauthorized", "");
            let is_first = !line.contains("/oauth2/token")
                || tokens.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            match is_first {
                true => Raw::token_or(line, &unauthorized),
                false => Raw::token_or("", &refreshed),
            }
        })
        .await;
        let client = raw.client().build().unwrap();
        let error = keyed(&client).await.checked_err();
        assert_eq!(error.phase(), CallPhase::Write, "{error}");
        assert!(!error.may_have_taken_effect(), "{error}");
        assert!(!error.to_string().contains("nothing else"), "{error}");
    }
}

#[tokio::test]
async fn phase_says_what_was_sent() {
    let (_raw, client) = server(json!("not an object")).await;
    for (call, kind, phase) in [
        (read as Call, "decode", CallPhase::Read),
        (keyed as Call, "ambiguous", CallPhase::Write),
    ] {
        let error = call(&client).await.checked_err();
        assert_eq!(
            (error.kind().name(), error.phase()),
            (kind, phase),
            "{error}"
        );
        assert_eq!(error.may_have_taken_effect(), phase == CallPhase::Write);
    }
    let invalid = new_order().with_order_no("A-1");
    let error = client
        .checkout_orders()
        .create(&invalid)
        .await
        .checked_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidArgument { .. }));
    assert_eq!(error.phase(), CallPhase::Preparing);
}
