//! The sandbox's own implementation of the signature: short, apart from the client's on purpose,
//! and held to the project's vectors.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

use crate::settings::SandboxQueryForm;

/// What a request is signed over, joined with nothing between: method in upper case, timestamp,
/// path, query, body.
pub(crate) fn of_request(
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

/// What a webhook is signed over: timestamp and body.
pub(crate) fn of_webhook(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), body].concat()
}

/// The signature of a message, as its header has it.
pub(crate) fn sign(key: &str, message: &[u8]) -> String {
    STANDARD.encode(mac(key, message).finalize().into_bytes())
}

/// Whether the signature is that of the message.
pub(crate) fn matches(key: &str, message: &[u8], signature: &str) -> bool {
    STANDARD
        .decode(signature)
        .is_ok_and(|signature| mac(key, message).verify_slice(&signature).is_ok())
}

fn mac(key: &str, message: &[u8]) -> Hmac<Sha512> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC hashes long keys and pads short ones"
    )]
    let mac =
        Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.chain_update(message)
}

fn signed_query(query: &str, form: SandboxQueryForm) -> Cow<'_, [u8]> {
    if query.is_empty() {
        return Cow::Borrowed(&[]);
    }
    match form {
        SandboxQueryForm::Decoded => Cow::Owned(unescaped(query)),
        SandboxQueryForm::DecodedWithMark => {
            Cow::Owned([b"?", unescaped(query).as_slice()].concat())
        }
        SandboxQueryForm::EncodedSorted => Cow::Owned(escaped_and_sorted(query).into_bytes()),
    }
}

/// Each `%` with two hexadecimal digits becomes its byte; all else stays.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, after) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(digit(*high) << 4 | digit(*low));
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

const fn digit(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        _ => (hex | 0x20) - b'a' + 10,
    }
}

/// As Go's `url.Values.Encode` writes it.
fn escaped_and_sorted(query: &str) -> String {
    let part = |text: &str| unescaped(&text.replace('+', " "));
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (part(key), part(value)))
        .collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", escaped(key), escaped(value)))
        .collect();
    pairs.join("&")
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            b' ' => text.push('+'),
            // Writing to a String can't fail.
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

    fn keys(vectors: &Value) -> BTreeMap<&str, &str> {
        let keys = vectors["keys"].as_array().unwrap().iter();
        keys.map(|key| {
            (
                key["name"].as_str().unwrap(),
                key["value"].as_str().unwrap(),
            )
        })
        .collect()
    }

    fn bytes(vector: &Value, field: &str) -> Vec<u8> {
        match &vector[format!("{field}_base64")] {
            Value::String(base64) => STANDARD.decode(base64).unwrap(),
            _ => vector[field].as_str().unwrap().as_bytes().to_vec(),
        }
    }

    /// The message of a request or a webhook; `None` for other kinds.
    fn message(vector: &Value) -> Option<Vec<u8>> {
        let text = |field: &str| vector[field].as_str().unwrap();
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
                let query = (text("query"), form);
                Some(of_request(
                    text("method"),
                    text("timestamp"),
                    text("path"),
                    query,
                    &body,
                ))
            }
            "webhook" => Some(of_webhook(text("timestamp"), &body)),
            _ => None,
        }
    }

    #[test]
    fn agrees_with_the_vectors() {
        let vectors = vectors();
        let keys = keys(&vectors);
        let mut kinds = BTreeMap::<_, usize>::new();
        for vector in vectors["signatures"].as_array().unwrap() {
            let Some(message) = message(vector) else {
                continue;
            };
            *kinds.entry(vector["kind"].as_str().unwrap()).or_default() += 1;
            let id = &vector["id"];
            assert_eq!(message, bytes(vector, "string_to_sign"), "{id}");
            let key = keys[vector["key"].as_str().unwrap()];
            let signature = vector["signature"].as_str().unwrap();
            assert_eq!(sign(key, &message), signature, "{id}");
            assert!(matches(key, &message, signature), "{id}");
        }
        assert!(kinds["request"] >= 20 && kinds["webhook"] >= 3, "{kinds:?}");
    }

    proptest! {
        /// Two implementations that share no code agree on what the vectors don't have.
        #[test]
        fn agrees_with_the_signature_crate(
            key in "[ -~]{1,200}",
            query in "([a-c=&%+/?~ä-]|%[0-9a-fA-F]{2}){0,40}",
            body: Vec<u8>,
            millis: u64,
        ) {
            use stablelink_signature::{QueryForm as Theirs, RequestLine, SigningKey, MessageKind, Timestamp};

            let at = Timestamp::from_millis(millis);
            let timestamp = at.to_string();
            let theirs = SigningKey::new(&key.as_str().into()).unwrap();
            for (form, their_form) in [
                (SandboxQueryForm::Decoded, Theirs::Decoded),
                (SandboxQueryForm::DecodedWithMark, Theirs::DecodedWithMark),
                (SandboxQueryForm::EncodedSorted, Theirs::EncodedSorted),
            ] {
                let message = of_request("put", &timestamp, "/p/q", (&query, form), &body);
                let line = RequestLine::new("put", "/p/q").query(&query).query_form(their_form);
                let expected = theirs.sign(line, at, [&body]).to_base64();
                prop_assert_eq!(sign(&key, &message), expected.to_string());
            }
            let expected = theirs.sign(MessageKind::Webhook, at, [&body]).to_base64();
            prop_assert_eq!(sign(&key, &of_webhook(&timestamp, &body)), expected.to_string());
        }
    }

    #[test]
    fn refuses_the_forgeries_of_the_vectors() {
        let vectors = vectors();
        let keys = keys(&vectors);
        let mut tried = 0;
        for rejection in vectors["rejections"].as_array().unwrap() {
            let of = |vector: &&Value| vector["id"] == rejection["of"];
            let mut vector = vectors["signatures"]
                .as_array()
                .unwrap()
                .iter()
                .find(of)
                .unwrap()
                .clone();
            // No header, or no timestamp that can be read: refused before any signature is looked at.
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
            let key = keys[vector["key"].as_str().unwrap()];
            assert!(!matches(key, &message, signature), "{}", rejection["id"]);
        }
        assert!(tried >= 10, "{tried}");
    }
}
