//! Properties that hold for any input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::collection::vec;
use proptest::prelude::*;
use stablelink_signature::{
    MessageKind, QueryForm, RequestLine, SignatureHeaders, SigningKey, Timestamp,
    VerifiedSignature, Verifier, VerifyError,
};

fn key() -> SigningKey {
    SigningKey::new(&"unit-test-sign-key-not-real-0001".into()).unwrap()
}

/// A request and its signature, as bytes that a test can change.
#[derive(Clone, Debug)]
struct Message {
    method: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    form: QueryForm,
    timestamp: Vec<u8>,
    body: Vec<u8>,
    signature: Vec<u8>,
}

impl Message {
    fn line(&self) -> RequestLine<'_> {
        RequestLine::new(&self.method, &self.path)
            .query(&self.query)
            .query_form(self.form)
    }

    fn signed(mut self) -> Self {
        let timestamp = Timestamp::parse(&self.timestamp).unwrap();
        let signature = key().sign(self.line(), timestamp, [&self.body]);
        self.signature = signature.to_base64().into_bytes();
        self
    }

    fn verify(&self, now: Timestamp) -> Result<VerifiedSignature, VerifyError> {
        // The age must not be the reason for a rejection.
        let verifier = Verifier::new(key()).tolerance(std::time::Duration::MAX);
        let received = SignatureHeaders::new(Some(&self.signature), Some(&self.timestamp));
        verifier.verify(self.line(), received, [&self.body], now)
    }
}

/// Queries with valid and invalid escapes.
fn query() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        "([a-c]=?(%[0-9A-Fa-f]{2}|%|[+]|[a-z])*&?){0,4}".prop_map(String::into_bytes),
    ]
}

fn form() -> impl Strategy<Value = QueryForm> {
    proptest::sample::select(&QueryForm::ALL)
}

prop_compose! {
    fn message(query_of: impl Strategy<Value = Vec<u8>>)(
        method in "GET|POST|PUT|DELETE|get|Patch",
        path in "/[ -~]{0,20}",
        query in query_of,
        form in form(),
        timestamp in any::<u64>(),
        body in vec(any::<u8>(), 0..300),
    ) -> Message {
        Message {
            method: method.into_bytes(),
            path: path.into_bytes(),
            query,
            form,
            timestamp: timestamp.to_string().into_bytes(),
            body,
            signature: Vec::new(),
        }
        .signed()
    }
}

/// The field in which a bit is flipped.
#[derive(Clone, Copy, Debug)]
enum Field {
    Method,
    Path,
    Query,
    Timestamp,
    Body,
    Signature,
}

const FIELDS: [Field; 6] = [
    Field::Method,
    Field::Path,
    Field::Query,
    Field::Timestamp,
    Field::Body,
    Field::Signature,
];

impl Field {
    fn of(self, message: &mut Message) -> &mut Vec<u8> {
        match self {
            Self::Method => &mut message.method,
            Self::Path => &mut message.path,
            Self::Query => &mut message.query,
            Self::Timestamp => &mut message.timestamp,
            Self::Body => &mut message.body,
            Self::Signature => &mut message.signature,
        }
    }
}

/// Flips every bit of every field, one at a time. Returns the flips that changed the string to sign
/// and were not detected.
fn undetected_flips(message: &Message) -> Vec<(Field, usize, u8)> {
    let mut found = Vec::new();
    for field in FIELDS {
        for at in 0..field.of(&mut message.clone()).len() {
            for bit in 0..8 {
                let mut changed = message.clone();
                field.of(&mut changed)[at] ^= 1 << bit;
                let same = match field {
                    // These do not change the string to sign: `get` is signed as `GET`, and `%4a`
                    // and `%4A` are the same byte.
                    Field::Method => changed.method.eq_ignore_ascii_case(&message.method),
                    Field::Query => {
                        let form = message.form;
                        form.canonical(&changed.query) == form.canonical(&message.query)
                    }
                    _ => false,
                };
                if changed.verify(Timestamp::from_millis(0)).is_ok() != same {
                    found.push((field, at, bit));
                }
            }
        }
    }
    found
}

proptest! {
    #[test]
    fn signed_message_verifies(message in message(query())) {
        let verified = message.verify(Timestamp::from_millis(0)).unwrap();
        prop_assert_eq!(verified.timestamp.to_string().into_bytes(), message.timestamp);
    }

    #[test]
    fn splitting_the_body_does_not_change_the_signature(
        message in message(query()),
        cuts in vec(any::<prop::sample::Index>(), 0..6),
        index in 0usize..4,
    ) {
        let line = message.line();
        let kind = [MessageKind::Request(line), MessageKind::Webhook, MessageKind::ResponseTo(line), MessageKind::Response][index];
        let timestamp = Timestamp::parse(&message.timestamp).unwrap();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(message.body.len() + 1)).collect();
        cuts.extend([0, message.body.len()]);
        cuts.sort_unstable();
        let parts: Vec<_> = cuts.windows(2).map(|cut| &message.body[cut[0]..cut[1]]).collect();

        let whole = key().sign(kind, timestamp, [&message.body]).to_base64();
        prop_assert_eq!(&key().sign(kind, timestamp, &parts).to_base64(), &whole);
        let mut signer = key().signer(kind, timestamp);
        for part in &parts {
            signer.update(part);
        }
        prop_assert_eq!(signer.finish().to_base64(), whole.clone());

        // A plain HMAC over the string to sign gives the same signature.
        let string = kind.string_to_sign(timestamp, &parts);
        prop_assert_eq!(plain_hmac(&string), whole.clone());

        let text = timestamp.to_string();
        let received = SignatureHeaders::new(Some(whole.as_bytes()), Some(text.as_bytes()));
        prop_assert!(Verifier::new(key()).verify(kind, received, &parts, timestamp).is_ok());
    }

    #[test]
    fn canonical_accepts_any_bytes(query in query(), form in form()) {
        let canonical = form.canonical(&query);
        match form {
            QueryForm::EncodedSorted => {
                // The result is a query with the same meaning.
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%+=&".contains(byte);
                prop_assert!(canonical.iter().all(plain));
                prop_assert_eq!(&form.canonical(&canonical), &canonical);
            }
            QueryForm::DecodedWithMark => {
                let plain = QueryForm::Decoded.canonical(&query);
                prop_assert_eq!(canonical.strip_prefix(b"?").unwrap_or_default(), &*plain);
            }
            _ => {
                prop_assert!(canonical.len() <= query.len());
                if !query.contains(&b'%') {
                    prop_assert_eq!(&*canonical, &query);
                }
            }
        }
    }

    #[test]
    fn arbitrary_headers_are_rejected_without_panic(
        signature in proptest::option::of(vec(any::<u8>(), 0..140)),
        timestamp in proptest::option::of(vec(any::<u8>(), 0..30)),
        now in any::<u64>(),
    ) {
        let received = SignatureHeaders::new(signature.as_deref(), timestamp.as_deref());
        let error = Verifier::new(key())
            .verify(MessageKind::Webhook, received, [b"{}"], Timestamp::from_millis(now))
            .unwrap_err();
        prop_assert!(!error.to_string().is_empty());
    }
}

proptest! {
    // Each case computes thousands of signatures.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_bit_flip_is_detected(message in message(query())) {
        prop_assert_eq!(undetected_flips(&message).len(), 0, "{:?}", undetected_flips(&message));
    }
}

/// Without escapes and lower-case letters, every bit flip changes the signature.
#[test]
fn every_bit_flip_of_a_plain_request_is_detected() {
    let message = Message {
        method: b"POST".to_vec(),
        path: b"/checkout/order/create".to_vec(),
        query: b"a=1&b=2".to_vec(),
        form: QueryForm::Decoded,
        timestamp: b"1779846400123".to_vec(),
        body: br#"{"a":"124"}"#.to_vec(),
        signature: Vec::new(),
    }
    .signed();
    assert_eq!(undetected_flips(&message).len(), 0);
    // The case bit of a method letter is the only exception.
    let mut lower = message.clone();
    lower.method[0] ^= 0x20;
    assert!(lower.verify(Timestamp::from_millis(0)).is_ok());
    for at in 0..message.query.len() {
        for bit in 0..8 {
            let mut changed = message.clone();
            changed.query[at] ^= 1 << bit;
            let error = changed.verify(Timestamp::from_millis(0)).unwrap_err();
            assert_eq!(error, VerifyError::Mismatch { keys: 1 });
        }
    }
}

fn plain_hmac(string: &[u8]) -> String {
    use base64::Engine;
    use hmac::{KeyInit, Mac};
    let mut mac =
        hmac::Hmac::<sha2::Sha512>::new_from_slice(b"unit-test-sign-key-not-real-0001").unwrap();
    mac.update(string);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}
