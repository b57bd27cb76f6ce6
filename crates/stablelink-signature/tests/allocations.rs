//! Heap allocations of signing and verifying, for bodies of any size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use allocation_counter::measure;
use stablelink_signature::{
    MessageKind, NO_BODY, QueryForm, RequestLine, SignatureHeaders, SigningKey, Timestamp, Verifier,
};

const BODY: &[u8] = &[b'x'; 1 << 18];
const SIZES: [usize; 5] = [0, 1, 1 << 10, 4 << 10, 1 << 18];
const NOW: Timestamp = Timestamp::from_millis(1_779_846_400_123);

fn key() -> SigningKey {
    SigningKey::new(&"unit-test-sign-key-not-real-0001".into()).unwrap()
}

#[test]
fn signing_allocates_only_its_text() {
    let key = key();
    let post = RequestLine::new("POST", "/checkout/order/create").query("name=John%20Doe");
    let messages = [
        MessageKind::Request(post),
        MessageKind::Request(post.query_form(QueryForm::DecodedWithMark)),
        MessageKind::Request(RequestLine::new("post", "/")),
        MessageKind::ResponseTo(post),
        MessageKind::Webhook,
        MessageKind::Response,
    ];
    for message in messages {
        for size in SIZES {
            let used = measure(|| {
                let body = BODY[..size].chunks(4096);
                let signature = key.sign(message, NOW, body).to_base64();
                assert_eq!(signature.len(), 88);
            });
            let text = (used.count_total, used.bytes_total);
            assert_eq!(text, (1, 88), "{message:?} {size}");
        }
    }
}

/// Sorting needs a list of the pairs; the body is not copied.
#[test]
fn sorted_query_allocates_one_list_of_pairs() {
    let key = key();
    let line = RequestLine::new("GET", "/").query("b=%20&a=1&c=3");
    let line = line.query_form(QueryForm::EncodedSorted);
    let measured = |body: &[u8]| measure(|| drop(key.sign(line, NOW, [body])));
    let (none, all) = (measured(b""), measured(BODY));
    assert_eq!(none.count_total, 1);
    assert!(none.bytes_total <= 200, "{none:?}");
    assert_eq!(all.bytes_total, none.bytes_total);
}

#[test]
fn verifying_allocates_only_for_further_keys() {
    let signature = key().sign(MessageKind::Webhook, NOW, [BODY]).to_base64();
    let timestamp = NOW.to_string();
    let one = Verifier::new(key());
    let two = Verifier::new(SigningKey::new(&"unit-test-new".into()).unwrap()).with_key(key());
    let three = two.clone().with_key(key());
    for (verifier, allocations) in [(one, 0), (two, 1), (three, 1)] {
        let verify = |body: &'static [u8]| {
            let received =
                SignatureHeaders::new(Some(signature.as_bytes()), Some(timestamp.as_bytes()));
            verifier.verify(MessageKind::Webhook, received, [body], NOW)
        };
        let good = measure(|| assert!(verify(BODY).is_ok()));
        let forged = measure(|| assert!(verify(b"{}").is_err()));
        assert_eq!(good.count_total, allocations, "{verifier:?}");
        assert_eq!(good.bytes_total, forged.bytes_total, "{verifier:?}");
    }
}

/// The size of a header value does not matter.
#[test]
fn rejecting_does_not_allocate() {
    let verifier = Verifier::new(key());
    let huge = vec![b'7'; 1 << 20];
    for (signature, timestamp) in [(&huge[..], &b"17"[..]), (&[b'A'; 88], &huge)] {
        let used = measure(|| {
            let received = SignatureHeaders::new(Some(signature), Some(timestamp));
            let result = verifier.verify(MessageKind::Webhook, received, NO_BODY, NOW);
            assert!(result.is_err());
        });
        assert_eq!(used.count_total, 0);
    }
}
