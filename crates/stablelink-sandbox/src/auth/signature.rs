//! The signature algorithm. This short implementation is deliberately separate from the client's,
//! so that one verifies the other. Both are tested against the project's vectors.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

use crate::settings::SandboxQueryForm;

/// Returns the signed message of a request: method in upper case, timestamp, path, query and body,
/// joined without separators.
pub(crate) fn request_message(
    method: &str,
    timestamp: &str,
    path: &str,
    (query, form): (&str, SandboxQueryForm),
    body: &[u8],
) -> Vec<u8> {
    [
        method.to_uppercase().as_bytes(),
        timestamp.as_bytes(),
        path.as_bytes(),
        &signed_query(query, form),
        body,
    ]
    .concat()
}

/// Returns the signed message of a webhook: timestamp and body.
pub(crate) fn webhook_message(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), body].concat()
}

/// Returns the signature of a message as the `SIGNATURE` header carries it.
pub(crate) fn sign(key: &str, message: &[u8]) -> String {
    STANDARD.encode(mac(key, message).finalize().into_bytes())
}

/// Returns true if the signature is valid for the message.
pub(crate) fn verify(key: &str, message: &[u8], signature: &str) -> bool {
    STANDARD
        .decode(signature)
        .is_ok_and(|signature| mac(key, message).verify_slice(&signature).is_ok())
}

fn mac(key: &str, message: &[u8]) -> Hmac<Sha512> {
    #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
    let mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("HMAC accepts any key");
    mac.chain_update(message)
}

/// Returns the query in the form in which it is signed.
pub(crate) fn signed_query(query: &str, form: SandboxQueryForm) -> Cow<'_, [u8]> {
    if query.is_empty() {
        return Cow::Borrowed(&[]);
    }
    match form {
        SandboxQueryForm::Decoded => Cow::Owned(percent_decode(query)),
        SandboxQueryForm::DecodedWithMark => Cow::Owned([b"?", &*percent_decode(query)].concat()),
        SandboxQueryForm::EncodedSorted => Cow::Owned(encode_sorted(query).into_bytes()),
    }
}

/// Replaces each `%` with two hexadecimal digits by its byte. Other bytes are not changed.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, after) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(hex_value(*high) << 4 | hex_value(*low));
                rest = tail;
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    bytes
}

const fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Encodes a query like Go's `url.Values.Encode`.
fn encode_sorted(query: &str) -> String {
    let part = |text: &str| percent_decode(&text.replace('+', " "));
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (part(key), part(value)))
        .collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect();
    pairs.join("&")
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            b' ' => text.push('+'),
            // Writing to a String cannot fail.
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{prop_assert_eq, proptest};
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../spec/vectors/signatures.json")).unwrap()
    }

    fn string<'a>(value: &'a Value, field: &str) -> &'a str {
        value[field].as_str().unwrap()
    }

    fn keys(vectors: &Value) -> BTreeMap<&str, &str> {
        let keys = vectors["keys"].as_array().unwrap().iter();
        keys.map(|key| (string(key, "name"), string(key, "value")))
            .collect()
    }

    fn bytes(vector: &Value, field: &str) -> Vec<u8> {
        match &vector[format!("{field}_base64")] {
            Value::String(base64) => STANDARD.decode(base64).unwrap(),
            _ => string(vector, field).as_bytes().to_vec(),
        }
    }

    /// Returns the message of a request or a webhook, or `None` for other kinds of vectors.
    fn message(vector: &Value) -> Option<Vec<u8>> {
        let text = |field: &str| string(vector, field);
        let body = if vector["body_signed"] == false {
            Vec::new()
        } else {
            bytes(vector, "body")
        };
        match text("kind") {
            "request" => {
                let form = match text("query_form") {
                    "decoded" => SandboxQueryForm::Decoded,
                    "decoded-with-mark" => SandboxQueryForm::DecodedWithMark,
                    "encoded-sorted" => SandboxQueryForm::EncodedSorted,
                    other => panic!("{other}"),
                };
                let (method, timestamp, path) = (text("method"), text("timestamp"), text("path"));
                let query = (text("query"), form);
                Some(request_message(method, timestamp, path, query, &body))
            }
            "webhook" => Some(webhook_message(text("timestamp"), &body)),
            _ => None,
        }
    }

    #[test]
    fn signatures_agree_with_vectors() {
        let vectors = vectors();
        let keys = keys(&vectors);
        let mut kinds = BTreeMap::<_, usize>::new();
        for vector in vectors["signatures"].as_array().unwrap() {
            let Some(message) = message(vector) else {
                continue;
            };
            *kinds.entry(string(vector, "kind")).or_default() += 1;
            let id = &vector["id"];
            assert_eq!(message, bytes(vector, "string_to_sign"), "{id}");
            let key = keys[string(vector, "key")];
            let signature = string(vector, "signature");
            assert_eq!(sign(key, &message), signature, "{id}");
            assert!(verify(key, &message, signature), "{id}");
        }
        assert!(kinds["request"] >= 20 && kinds["webhook"] >= 3, "{kinds:?}");
    }

    proptest! {
        /// The two implementations share no code. They agree on inputs that the vectors lack.
        #[test]
        fn signatures_agree_with_the_signature_crate(
            key in "[ -~]{1,200}",
            query in "([a-c=&%+/?~ä-]|%[0-9a-fA-F]{2}){0,40}",
            body: Vec<u8>,
            millis: u64,
        ) {
            use stablelink_signature::{QueryForm, RequestLine, SigningKey, MessageKind, Timestamp};

            let at = Timestamp::from_millis(millis);
            let timestamp = at.to_string();
            let sign_key = SigningKey::new(&key.as_str().into()).unwrap();
            for (form, other_form) in [
                (SandboxQueryForm::Decoded, QueryForm::Decoded),
                (SandboxQueryForm::DecodedWithMark, QueryForm::DecodedWithMark),
                (SandboxQueryForm::EncodedSorted, QueryForm::EncodedSorted),
            ] {
                let message = request_message("put", &timestamp, "/p/q", (&query, form), &body);
                let line = RequestLine::new("put", "/p/q").query(&query).query_form(other_form);
                let expected = sign_key.sign(line, at, [&body]).to_base64();
                prop_assert_eq!(sign(&key, &message), expected.to_string());
            }
            let expected = sign_key.sign(MessageKind::Webhook, at, [&body]).to_base64();
            prop_assert_eq!(sign(&key, &webhook_message(&timestamp, &body)), expected.to_string());
        }
    }

    #[test]
    fn forged_signatures_of_the_vectors_are_rejected() {
        let vectors = vectors();
        let keys = keys(&vectors);
        let mut tried = 0;
        for rejection in vectors["rejections"].as_array().unwrap() {
            let mut signatures = vectors["signatures"].as_array().unwrap().iter();
            let original = signatures.find(|vector| vector["id"] == rejection["of"]);
            let mut vector = original.unwrap().clone();
            // Without a signature or a readable timestamp, the signature is not verified at all.
            let Some(signature) = rejection["signature"].as_str() else {
                continue;
            };
            match rejection.get("timestamp") {
                Some(Value::Null) => continue,
                Some(timestamp) => vector["timestamp"] = timestamp.clone(),
                None => {}
            }
            let Some(message) = message(&vector) else {
                continue;
            };
            if rejection["error"] == "timestamp" {
                continue;
            }
            tried += 1;
            let key = keys[string(&vector, "key")];
            assert!(!verify(key, &message, signature), "{}", rejection["id"]);
        }
        assert!(tried >= 10, "{tried}");
    }
}
