//! Deliveries: from headers and bytes to an event.
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
struct SignatureVectors {
    keys: Vec<VectorKey>,
    signatures: Vec<SignatureVector>,
    rejections: Vec<RejectedVector>,
}

#[derive(Deserialize)]
struct VectorKey {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct SignatureVector {
    id: String,
    kind: String,
    key: String,
    timestamp: String,
    body: Option<String>,
    signature: String,
}

#[derive(Deserialize)]
struct RejectedVector {
    id: String,
    of: String,
    signature: Option<String>,
}

impl SignatureVectors {
    fn read() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../spec/vectors/signatures.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn webhooks(&self) -> impl Iterator<Item = &SignatureVector> {
        self.signatures
            .iter()
            .filter(|vector| vector.kind == "webhook")
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
fn shared_vectors_are_verified_and_parsed() {
    let vectors = SignatureVectors::read();
    let mut checked = 0;
    for vector in vectors.webhooks() {
        // The signature crate tests bodies that are not UTF-8; they are not events.
        let Some(body) = &vector.body else { continue };
        let key = vectors.keys.iter().find(|key| key.name == vector.key);
        let verifier = WebhookVerifier::new(&key.unwrap().value.as_str().into()).unwrap();
        let headers = headers(Some(&vector.signature), &vector.timestamp);
        let now: Timestamp = vector.timestamp.parse().unwrap();
        let verified = verifier.verify(&headers, body.clone(), now).unwrap();
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
            other => panic!("add the expected event of {other}"),
        };
        assert_eq!(read.ok(), expected, "{}", vector.id);
        checked += 1;
    }
    assert_eq!(checked, 7);
}

#[test]
fn forged_vectors_are_rejected() {
    let vectors = SignatureVectors::read();
    let mut checked = 0;
    for rejection in &vectors.rejections {
        let Some(of) = vectors.webhooks().find(|vector| vector.id == rejection.of) else {
            continue;
        };
        // The signature crate tests bodies that are not UTF-8.
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
        checked += 1;
    }
    assert_eq!(checked, 8);
}

#[test]
fn headers_are_case_insensitive_and_required() {
    let sent = TestDelivery::new("X").signed(&key(), NOW).unwrap();
    let verifier = WebhookVerifier::new(&key()).unwrap();
    for name in ["signature", "Signature", "SIGNATURE"] {
        let mut headers = sent.headers.clone();
        let value = headers.remove(SIGNATURE).unwrap();
        let error = verifier
            .verify(&headers, sent.body.clone(), NOW)
            .unwrap_err();
        assert_eq!(error.to_string(), "header SIGNATURE is missing");
        headers.insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value,
        );
        assert!(verifier.verify(&headers, sent.body.clone(), NOW).is_ok());
    }
}

#[test]
fn first_value_of_a_repeated_header_is_used() {
    let sent = TestDelivery::new("X").signed(&key(), NOW).unwrap();
    let verifier = WebhookVerifier::new(&key()).unwrap();
    let old: HeaderValue = "1779846100000".parse().unwrap();
    let wrong: HeaderValue = "bm90IHRoaXMgb25l".parse().unwrap();
    for (name, other) in [(SIGNATURE, wrong), (TIMESTAMP, old)] {
        let right = sent.headers[name].clone();
        for (values, valid) in [
            ([&right, &other], true),
            ([&right, &right], true),
            ([&other, &right], false),
        ] {
            let mut headers = sent.headers.clone();
            headers.remove(name);
            for value in values {
                headers.append(name, value.clone());
            }
            let verified = verifier.verify(&headers, sent.body.clone(), NOW);
            assert_eq!(verified.is_ok(), valid, "{name} {values:?}");
        }
    }
}

#[test]
fn body_may_be_large_and_non_ascii() {
    let verifier = WebhookVerifier::new(&key()).unwrap();
    for data in [
        format!("\"{}\"", "x".repeat(10 << 20)),
        r#"{"名":"ü\u0000\n"}"#.to_owned(),
        "[[[[]]]]".to_owned(),
        "null".to_owned(),
    ] {
        let delivery = TestDelivery::new("新しい").id("é\"1").data(data.as_str());
        let sent = delivery.signed(&key(), NOW).unwrap();
        let event = verifier.verify(&sent.headers, sent.body, NOW).unwrap();
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
fn digits_cannot_move_between_timestamp_and_body() {
    // Timestamp and body are signed without a separator, so moving a digit between them keeps the signature.
    let sent = TestDelivery::new("X").signed(&key(), NOW).unwrap();
    let verifier = WebhookVerifier::new(&key()).unwrap();
    let any_age = verifier.clone().tolerance(std::time::Duration::MAX);
    let time = NOW.to_string();
    for split in 1..time.len() {
        let (time, digits) = time.split_at(split);
        let headers = headers(sent.headers[SIGNATURE].to_str().ok(), time);
        let body = [digits.as_bytes(), &sent.body].concat();
        let error = verifier.verify(&headers, body.clone(), NOW).unwrap_err();
        let old = matches!(
            error.kind(),
            ErrorKind::Signature(VerifyError::TooOld { .. })
        );
        assert!(old, "{error}");
        // With any allowed age the body is still not an event, because it begins with a digit.
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
fn debug_and_errors_show_no_key_signature_or_body() {
    let sent = TestDelivery::new("ABNORMAL_PAYMENT")
        .id("evt_1")
        .data(r#"{"name":"Leo Secretive","amount":"Leo Secretive"}"#)
        .signed(&key(), NOW)
        .unwrap();
    let verifier = WebhookVerifier::new(&key()).unwrap();
    let verified = verifier
        .verify(&sent.headers, sent.body.clone(), NOW)
        .unwrap();
    let event = verified.parse().unwrap();
    let malformed = event.payload().unwrap_err();
    let changed = Bytes::from_static(b"{\"name\":\"Leo Secretive\"}");
    let wrong = verifier.verify(&sent.headers, changed, NOW).unwrap_err();
    let shown = format!(
        "{verifier:?} {verified:?} {event:?} {malformed} {malformed:?} {wrong} {wrong:?} {sent:?}"
    );
    let signature = sent.headers[SIGNATURE].to_str().unwrap();
    for hidden in ["unit-test-sign-key", "Secretive", signature] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    // The check would find the secret.
    assert!(format!("{:?}", event.text()).contains("Secretive"));
}

fn delivery() -> impl Strategy<Value = SignedDelivery> {
    proptest::collection::vec(any::<u8>(), 1..200)
        .prop_map(|body| TestDelivery::raw(body).signed(&key(), NOW).unwrap())
}

/// Generates JSON that resembles an event.
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
    proptest::collection::vec((name, value), 0..6).prop_map(|fields| {
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
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
    fn flipped_bit_is_never_verified(
        sent in delivery(), place in any::<prop::sample::Index>(), bit in 0..8u32, part in 0..3,
    ) {
        let verifier = WebhookVerifier::new(&key()).unwrap().tolerance(std::time::Duration::MAX);
        prop_assert!(verifier.verify(&sent.headers, sent.body.clone(), NOW).is_ok());
        let SignedDelivery { mut headers, mut body, .. } = sent;
        let flip = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            bytes
        };
        if part == 0 {
            body = flip(&body).into();
        } else {
            let name = [SIGNATURE, TIMESTAMP][part as usize - 1];
            // Some bytes are not allowed in a header.
            let Ok(value) = HeaderValue::from_bytes(&flip(headers[name].as_bytes())) else {
                return Ok(());
            };
            headers.insert(name, value);
        }
        prop_assert!(verifier.verify(&headers, body, NOW).is_err());
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(body.into());
    }

    #[test]
    fn event_like_json_does_not_panic(body in event_like()) {
        read_all(body.into());
    }

    #[test]
    fn amounts_are_exact(whole in "[1-9][0-9]{0,17}", cents in "[0-9]{1,8}", form in 0..4) {
        let amount = format!("{whole}.{cents}");
        let quoted = form % 2 == 1;
        let data = if quoted { format!("{{\"amount\":\"{amount}\"}}") } else { format!("{{\"amount\":{amount}}}") };
        let data = if form > 1 { serde_json::Value::from(data).to_string() } else { data };
        let delivery = TestDelivery::new("ABNORMAL_PAYMENT").data(data);
        let sent = delivery.signed(&key(), NOW).unwrap();
        let event = WebhookVerifier::new(&key()).unwrap().verify(&sent.headers, sent.body, NOW).unwrap().parse().unwrap();
        let stablelink::webhook::EventPayload::AbnormalPayment(payment) = event.payload().unwrap() else {
            panic!("another type");
        };
        prop_assert_eq!(payment.amount.unwrap().to_string(), amount);
    }
}
