//! Deliveries, from headers and bytes to an event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use secrecy::SecretString;
use serde::Deserialize;
use stablelink::ErrorKind;
use stablelink::testing::{SignedDelivery, TestDelivery};
use stablelink::webhook::WebhookVerifier;
use stablelink_signature::{SIGNATURE, TIMESTAMP, Timestamp, VerifyError};

const NOW: Timestamp = Timestamp::from_millis(1_779_846_460_000);

fn key() -> SecretString {
    "unit-test-sign-key-not-real-0001".into()
}

#[derive(Deserialize)]
struct Vectors {
    keys: Vec<Key>,
    signatures: Vec<Vector>,
    rejections: Vec<Rejection>,
}

#[derive(Deserialize)]
struct Key {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    key: String,
    timestamp: String,
    body: Option<String>,
    signature: String,
}

#[derive(Deserialize)]
struct Rejection {
    id: String,
    of: String,
    signature: Option<String>,
}

impl Vectors {
    fn read() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../spec/vectors/signatures.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn webhooks(&self) -> impl Iterator<Item = &Vector> {
        self.signatures.iter().filter(|one| one.kind == "webhook")
    }
}

fn headers(signature: Option<&str>, timestamp: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(signature) = signature {
        headers.insert(SIGNATURE, signature.parse().unwrap());
    }
    headers.insert(TIMESTAMP, timestamp.parse().unwrap());
    headers
}

#[test]
fn the_vectors_of_every_language_are_verified_and_read() {
    let vectors = Vectors::read();
    let mut seen = 0;
    for vector in vectors.webhooks() {
        // Those of bytes that are no text are the signature crate's; they are no events either.
        let Some(body) = &vector.body else { continue };
        let key = vectors.keys.iter().find(|key| key.name == vector.key);
        let webhooks = WebhookVerifier::new(&key.unwrap().value.as_str().into()).unwrap();
        let headers = headers(Some(&vector.signature), &vector.timestamp);
        let now: Timestamp = vector.timestamp.parse().unwrap();
        let verified = webhooks.verify(&headers, body.clone(), now).unwrap();
        assert_eq!(verified.signed_at(), now);
        assert_eq!(verified.body(), body.as_bytes(), "{}", vector.id);

        let event = verified.parse();
        let read = event
            .as_ref()
            .map(|event| (event.event_type(), event.id(), event.data()));
        let expected = match vector.id.as_str() {
            "calc-webhook-paid-minimal" => Some((
                Some("CHECKOUT_ORDER_CHANGED"),
                Some("evt_test1"),
                Some(r#"{"orderNo":"WCHK71779846400123aB3dE9","orderStatus":"PAID"}"#),
            )),
            "webhook-abnormal" => Some((
                Some("ABNORMAL_PAYMENT"),
                Some("evt_test2"),
                Some(
                    r#"{"orderNo":"WCHK71779846400123aB3dE9","amount":"818.89","pendingAmount":"739.00"}"#,
                ),
            )),
            "webhook-data-in-string" => Some((Some("X"), None, Some(r#"{"a":"1"}"#))),
            "webhook-non-ascii" => Some((None, Some("evt_test3"), None)),
            "webhook-key-non-ascii" => Some((None, None, None)),
            "webhook-empty" | "webhook-digits" => None,
            other => panic!("say here what {other} reads as"),
        };
        assert_eq!(read.ok(), expected, "{}", vector.id);
        seen += 1;
    }
    assert_eq!(seen, 7);
}

#[test]
fn forged_vectors_are_refused() {
    let vectors = Vectors::read();
    let mut seen = 0;
    for rejection in &vectors.rejections {
        let Some(of) = vectors.webhooks().find(|one| one.id == rejection.of) else {
            continue;
        };
        // As above: bytes that are no text are the signature crate's.
        let Some(body) = of.body.clone() else {
            continue;
        };
        let headers = headers(rejection.signature.as_deref(), &of.timestamp);
        let now: Timestamp = of.timestamp.parse().unwrap();
        let error = WebhookVerifier::new(&key())
            .unwrap()
            .verify(&headers, body, now)
            .unwrap_err();
        let mismatch = ErrorKind::Signature(VerifyError::Mismatch { keys: 1 });
        assert_eq!(
            format!("{:?}", error.kind()),
            format!("{mismatch:?}"),
            "{}",
            rejection.id
        );
        seen += 1;
    }
    assert_eq!(seen, 8);
}

#[test]
fn headers_are_found_in_any_case_and_missed_by_name() {
    let sent = TestDelivery::new("X").signed(&key(), NOW).unwrap();
    let webhooks = WebhookVerifier::new(&key()).unwrap();
    for name in ["signature", "Signature", "SIGNATURE"] {
        let mut headers = sent.headers.clone();
        let value = headers.remove(SIGNATURE).unwrap();
        let error = webhooks
            .verify(&headers, sent.body.clone(), NOW)
            .unwrap_err();
        assert_eq!(error.to_string(), "the header SIGNATURE is missing");
        headers.insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value,
        );
        assert!(webhooks.verify(&headers, sent.body.clone(), NOW).is_ok());
    }
}

#[test]
fn of_a_header_that_comes_twice_the_first_counts() {
    let sent = TestDelivery::new("X").signed(&key(), NOW).unwrap();
    let webhooks = WebhookVerifier::new(&key()).unwrap();
    let old: HeaderValue = "1779846100000".parse().unwrap();
    let wrong: HeaderValue = "bm90IHRoaXMgb25l".parse().unwrap();
    for (name, other) in [(SIGNATURE, wrong), (TIMESTAMP, old)] {
        let right = sent.headers[name].clone();
        for (values, good) in [
            ([&right, &other], true),
            ([&right, &right], true),
            ([&other, &right], false),
        ] {
            let mut headers = sent.headers.clone();
            headers.remove(name);
            for value in values {
                headers.append(name, value.clone());
            }
            let verified = webhooks.verify(&headers, sent.body.clone(), NOW);
            assert_eq!(verified.is_ok(), good, "{name} {values:?}");
        }
    }
}

#[test]
fn size_and_letters_of_a_body_do_not_matter() {
    let webhooks = WebhookVerifier::new(&key()).unwrap();
    for data in [
        format!("\"{}\"", "x".repeat(10 << 20)),
        r#"{"名":"ü\u0000\n"}"#.to_owned(),
        "[[[[]]]]".to_owned(),
        "null".to_owned(),
    ] {
        let delivery = TestDelivery::new("新しい").id("é\"1").data(data.as_str());
        let sent = delivery.signed(&key(), NOW).unwrap();
        let event = webhooks.verify(&sent.headers, sent.body, NOW).unwrap();
        let event = event.parse().unwrap();
        assert_eq!(
            (event.event_type(), event.id()),
            (Some("新しい"), Some("é\"1"))
        );
        let expected = (data != "null").then_some(data.as_str());
        assert!(event.data() == expected);
    }
}

#[test]
fn the_border_between_time_and_body_can_not_be_moved() {
    // Both are signed with nothing between them, so a digit may go over without a change of the signature.
    let sent = TestDelivery::new("X").signed(&key(), NOW).unwrap();
    let webhooks = WebhookVerifier::new(&key()).unwrap();
    let any_age = webhooks.clone().tolerance(std::time::Duration::MAX);
    let time = NOW.to_string();
    for border in 1..time.len() {
        let (time, digits) = time.split_at(border);
        let headers = headers(sent.headers[SIGNATURE].to_str().ok(), time);
        let body = [digits.as_bytes(), &sent.body].concat();
        let error = webhooks.verify(&headers, body.clone(), NOW).unwrap_err();
        let old = matches!(
            error.kind(),
            ErrorKind::Signature(VerifyError::TooOld { .. })
        );
        assert!(old, "{error}");
        // And what would pass is no event: those begin with a brace.
        assert!(
            any_age
                .verify(&headers, body, NOW)
                .unwrap()
                .parse()
                .is_err()
        );
    }
}

#[test]
fn nothing_shows_key_signature_or_body() {
    let sent = TestDelivery::new("ABNORMAL_PAYMENT")
        .id("evt_1")
        .data(r#"{"name":"Leo Secretive","amount":"Leo Secretive"}"#)
        .signed(&key(), NOW)
        .unwrap();
    let webhooks = WebhookVerifier::new(&key()).unwrap();
    let verified = webhooks
        .verify(&sent.headers, sent.body.clone(), NOW)
        .unwrap();
    let event = verified.parse().unwrap();
    let unreadable = event.payload().unwrap_err();
    let changed = Bytes::from_static(b"{\"name\":\"Leo Secretive\"}");
    let wrong = webhooks.verify(&sent.headers, changed, NOW).unwrap_err();
    let shown = format!(
        "{webhooks:?} {verified:?} {event:?} {unreadable} {unreadable:?} {wrong} {wrong:?} {sent:?}"
    );
    let signature = sent.headers[SIGNATURE].to_str().unwrap();
    for hidden in ["unit-test-sign-key", "Secretive", signature] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    // And it would be found.
    assert!(format!("{:?}", event.text()).contains("Secretive"));
}

fn delivery() -> impl Strategy<Value = SignedDelivery> {
    proptest::collection::vec(any::<u8>(), 1..200)
        .prop_map(|body| TestDelivery::raw(body).signed(&key(), NOW).unwrap())
}

/// Something that has the look of an event.
fn event_like() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "eventId",
        "eventType",
        "event",
        "type",
        "timestamp",
        "data",
        "paymentRequestDTO",
    ]);
    let value = prop_oneof![
        Just("\"ABNORMAL_PAYMENT\"".to_owned()),
        Just("null".to_owned()),
        Just(r#""{\"amount\":1}""#.to_owned()),
        Just(r#""\ud800""#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[0-9]{1,40}\\.[0-9]{1,40}",
        ".{0,8}".prop_map(|text| format!("{text:?}")),
        "[\\[\\]{}\":,0a\\\\]{0,12}",
        "[0-9.]{1,5}".prop_map(|amount| format!(r#"{{"amount":{amount},"token":"ETH"}}"#)),
    ];
    proptest::collection::vec((name, value), 0..6).prop_map(|members| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

fn read_all(body: Bytes) {
    let sent = TestDelivery::raw(body).signed(&key(), NOW).unwrap();
    let verified = WebhookVerifier::new(&key())
        .unwrap()
        .verify(&sent.headers, sent.body, NOW)
        .unwrap();
    let Ok(event) = verified.parse() else { return };
    let whole = event.text();
    for (name, text) in event.fields() {
        assert!(whole.contains(text));
        assert!(event.field(name).is_some());
    }
    let _ = (event.payload(), event.timestamp(), event.key(), event.id());
}

proptest! {
    #[test]
    fn one_turned_bit_is_never_verified(
        sent in delivery(), place in any::<prop::sample::Index>(), bit in 0..8u32, part in 0..3,
    ) {
        let webhooks = WebhookVerifier::new(&key()).unwrap().tolerance(std::time::Duration::MAX);
        prop_assert!(webhooks.verify(&sent.headers, sent.body.clone(), NOW).is_ok());
        let SignedDelivery { mut headers, mut body, .. } = sent;
        let turned = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            bytes
        };
        if part == 0 {
            body = turned(&body).into();
        } else {
            let name = [SIGNATURE, TIMESTAMP][part as usize - 1];
            // Some bytes can't stand in a header at all.
            let Ok(value) = HeaderValue::from_bytes(&turned(headers[name].as_bytes())) else {
                return Ok(());
            };
            headers.insert(name, value);
        }
        prop_assert!(webhooks.verify(&headers, body, NOW).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(body.into());
    }

    #[test]
    fn nothing_like_an_event_makes_it_panic(body in event_like()) {
        read_all(body.into());
    }

    #[test]
    fn amounts_are_exact(whole in "[1-9][0-9]{0,17}", cents in "[0-9]{1,8}", form in 0..4) {
        let amount = format!("{whole}.{cents}");
        let quoted = form % 2 == 1;
        let data = if quoted { format!("{{\"amount\":\"{amount}\"}}") } else { format!("{{\"amount\":{amount}}}") };
        let delivery = TestDelivery::new("ABNORMAL_PAYMENT").data(data);
        let delivery = if form > 1 { delivery.data_as_string() } else { delivery };
        let sent = delivery.signed(&key(), NOW).unwrap();
        let event = WebhookVerifier::new(&key()).unwrap().verify(&sent.headers, sent.body, NOW).unwrap().parse().unwrap();
        let stablelink::webhook::EventPayload::AbnormalPayment(payment) = event.payload().unwrap() else {
            panic!("another type");
        };
        prop_assert_eq!(payment.amount.unwrap().to_string(), amount);
    }
}
