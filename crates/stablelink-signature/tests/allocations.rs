//! What signing and verifying take from the heap, whatever the size of the body.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use allocation_counter::measure;
use stablelink_signature::{Received, RequestLine, SignKey, Subject, Timestamp, Verifier};

const BODY: &[u8] = &[b'x'; 1 << 20];
const NOW: Timestamp = Timestamp::from_millis(1_779_846_400_123);

fn key() -> SignKey {
    SignKey::new(&"unit-test-sign-key-not-real-0001".into()).unwrap()
}

#[test]
fn signing_takes_its_text_only() {
    let key = key();
    let line = RequestLine::new("POST", "/checkout/order/create").query("name=John%20Doe");
    let used = measure(|| {
        let signature = key.sign(line, NOW, BODY.chunks(4096)).to_base64();
        assert_eq!(signature.len(), 88);
    });
    assert_eq!((used.count_total, used.bytes_total), (1, 88));
}

#[test]
fn verifying_with_one_key_takes_nothing() {
    let verifier = Verifier::new(key());
    let signature = key().sign(Subject::Webhook, NOW, [BODY]).to_base64();
    let timestamp = NOW.to_string();
    let used = measure(|| {
        let received = Received::new(Some(signature.as_bytes()), Some(timestamp.as_bytes()));
        assert!(
            verifier
                .verify(Subject::Webhook, received, [BODY], NOW)
                .is_ok()
        );
    });
    assert_eq!(used.count_total, 0);
}
