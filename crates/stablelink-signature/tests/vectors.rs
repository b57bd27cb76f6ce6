//! The language-neutral test vectors of `spec/vectors`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use stablelink_signature::{
    MessageKind, NO_BODY, QueryForm, RequestLine, SignatureError, SignatureHeaders, SigningKey,
    Timestamp, Verifier, VerifyError,
};

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[derive(Deserialize)]
struct Vectors {
    keys: Vec<Key>,
    signatures: Vec<Vector>,
    rejections: Vec<Rejection>,
    timestamps: Vec<TimestampText>,
    freshness: Freshness,
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
    method: Option<String>,
    timestamp: String,
    path: Option<String>,
    query: Option<String>,
    query_form: Option<String>,
    body: Option<String>,
    body_base64: Option<String>,
    body_signed: Option<bool>,
    string_to_sign: Option<String>,
    string_to_sign_base64: Option<String>,
    signature: String,
}

#[derive(Deserialize)]
struct Rejection {
    id: String,
    of: String,
    /// Absent: the timestamp of the vector. Null: no header.
    #[serde(default, deserialize_with = "present")]
    timestamp: Option<Option<String>>,
    signature: Option<String>,
    error: String,
}

fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct TimestampText {
    text: String,
    valid: bool,
}

#[derive(Deserialize)]
struct Freshness {
    tolerance_ms: u64,
    cases: Vec<Age>,
}

#[derive(Deserialize)]
struct Age {
    timestamp: String,
    now: String,
    result: String,
}

/// Returns the bytes of a field that is either text or Base64.
fn bytes(text: Option<&String>, base64: Option<&String>) -> Vec<u8> {
    match (text, base64) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(base64)) => STANDARD.decode(base64).unwrap(),
        _ => panic!("expected exactly one of text and Base64"),
    }
}

impl Vectors {
    fn read() -> Self {
        serde_json::from_str(&read("signatures.json")).unwrap()
    }

    fn key(&self, name: &str) -> SigningKey {
        let key = self.keys.iter().find(|key| key.name == name).unwrap();
        SigningKey::new(&key.value.as_str().into()).unwrap()
    }

    fn vector(&self, id: &str) -> &Vector {
        self.signatures.iter().find(|v| v.id == id).unwrap()
    }
}

impl Vector {
    fn message(&self) -> MessageKind<'_> {
        let line = || {
            let form: QueryForm = self.query_form.as_ref().unwrap().parse().unwrap();
            let (method, path) = (self.method.as_ref().unwrap(), self.path.as_ref().unwrap());
            RequestLine::new(method, path)
                .query(self.query.as_ref().unwrap())
                .query_form(form)
        };
        match self.kind.as_str() {
            "request" => MessageKind::Request(line()),
            "webhook" => MessageKind::Webhook,
            "response-to" => MessageKind::ResponseTo(line()),
            "response" => MessageKind::Response,
            other => panic!("unknown kind {other}"),
        }
    }

    fn timestamp(&self) -> Timestamp {
        self.timestamp.parse().unwrap()
    }

    /// Returns the part of the body that is signed.
    fn signed_body(&self) -> Vec<u8> {
        if self.body_signed == Some(false) {
            return NO_BODY.concat();
        }
        bytes(self.body.as_ref(), self.body_base64.as_ref())
    }

    fn headers(&self) -> SignatureHeaders<'_> {
        SignatureHeaders::new(
            Some(self.signature.as_bytes()),
            Some(self.timestamp.as_bytes()),
        )
    }
}

#[test]
fn ids_are_unique_and_keys_are_used() {
    let vectors = Vectors::read();
    let ids = vectors.signatures.iter().map(|v| &v.id);
    let ids: Vec<_> = ids
        .chain(vectors.rejections.iter().map(|v| &v.id))
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let used: BTreeSet<_> = vectors.signatures.iter().map(|v| &v.key).collect();
    let keys: BTreeSet<_> = vectors.keys.iter().map(|key| &key.name).collect();
    assert_eq!(used, keys);
    assert_eq!(vectors.keys.len(), keys.len());
}

/// The published vectors and the first calculated ones. This separate list ensures that none of them
/// is removed from the file or changed by accident.
#[test]
fn first_vectors_are_unchanged() {
    let vectors = Vectors::read();
    let unchanged = [
        ("pub-1", "request", "MxrYnCm9Q7JOAvOr"),
        ("pub-2-with-qmark", "request", "KDlQhhUfc4U+kPCl"),
        ("pub-2-no-qmark", "request", "ZzFOTZDXLTD8Oihw"),
        ("calc-post-create", "request", "Jz9WsuEZ0IcZqjxe"),
        ("calc-webhook-paid-minimal", "webhook", "xtdFz/A7EdzRrm4Q"),
    ];
    for (id, kind, signature) in unchanged {
        let vector = vectors.vector(id);
        assert_eq!(vector.kind, kind, "{id}");
        assert!(vector.signature.starts_with(signature), "{id}");
    }
    // Each one is verified against the request of `pub-1`: rebuilding its wrong string to sign would
    // prove nothing.
    let rejected = [
        ("neg-hmac-sha256", "urBT8/quTTknaWhp"),
        ("neg-hex", "331ad89c29bd43b2"),
        ("neg-base64-decoded-key", "NnUsfTmtn2KwIO5J"),
        ("neg-space-in-json", "Ru585aUbxdvZ5S/X"),
        ("neg-ts-first", "cQ9S12559JugQAJ5"),
    ];
    for (id, signature) in rejected {
        let rejection = vectors.rejections.iter().find(|one| one.id == id).unwrap();
        assert_eq!(rejection.of, "pub-1", "{id}");
        let forged = rejection.signature.as_ref().unwrap();
        assert!(forged.starts_with(signature), "{id}");
        assert!(rejection.timestamp.is_none(), "{id}");
    }
}

/// The difficult cases that an implementation in another language must handle.
#[test]
fn each_difficult_case_has_vectors() {
    let vectors = Vectors::read();
    let count = |is: &dyn Fn(&Vector) -> bool| vectors.signatures.iter().filter(|v| is(v)).count();
    let query = |v: &Vector| v.query.clone().unwrap_or_default();
    let body = |v: &Vector| bytes(v.body.as_ref(), v.body_base64.as_ref());
    let difficult: [(&str, usize); 12] = [
        ("escaped query", count(&|v| query(v).contains('%'))),
        ("query that is not ASCII", count(&|v| !query(v).is_ascii())),
        ("body that is not ASCII", count(&|v| !body(v).is_ascii())),
        ("no body", count(&|v| body(v).is_empty())),
        (
            "binary body",
            count(&|v| String::from_utf8(body(v)).is_err()),
        ),
        ("body that is not signed", {
            count(&|v| v.body_signed == Some(false))
        }),
        ("webhook", count(&|v| v.kind == "webhook")),
        ("response with request", count(&|v| v.kind == "response-to")),
        ("response alone", count(&|v| v.kind == "response")),
        ("escaped path", {
            count(&|v| v.path.as_ref().is_some_and(|path| path.contains('%')))
        }),
        ("method in lower case", {
            count(&|v| v.method.as_ref().is_some_and(|m| m.as_str() == "get"))
        }),
        ("key that is not ASCII", {
            count(&|v| v.key == "made-up-non-ascii")
        }),
    ];
    for (case, count) in difficult {
        assert!(count > 0, "{case}");
    }
    for form in QueryForm::ALL {
        let of = |v: &Vector| v.query_form.as_deref() == Some(form.name());
        assert!(count(&of) > 10, "{form}");
    }
}

#[test]
fn signatures_are_reproduced_and_verified() {
    let vectors = Vectors::read();
    for vector in &vectors.signatures {
        let (id, key) = (&vector.id, vectors.key(&vector.key));
        let (message, timestamp) = (vector.message(), vector.timestamp());
        let body = vector.signed_body();

        let expected = bytes(
            vector.string_to_sign.as_ref(),
            vector.string_to_sign_base64.as_ref(),
        );
        assert_eq!(message.string_to_sign(timestamp, [&body]), expected, "{id}");
        let signature = key.sign(message, timestamp, [&body]);
        assert_eq!(signature.to_base64(), vector.signature, "{id}");
        let parts = key.sign(message, timestamp, body.chunks(7));
        assert_eq!(parts.to_base64(), vector.signature, "{id}");

        let verified = Verifier::new(key).verify(message, vector.headers(), [&body], timestamp);
        assert_eq!(verified.map(|v| v.key_index), Ok(0), "{id}");
    }
}

#[test]
fn different_messages_have_different_signatures() {
    let vectors = Vectors::read();
    let mut seen = BTreeMap::new();
    for vector in &vectors.signatures {
        let string = bytes(
            vector.string_to_sign.as_ref(),
            vector.string_to_sign_base64.as_ref(),
        );
        // Signatures are equal only if the strings to sign are equal, as for some forms of a query.
        let signed = seen.insert(vector.signature.clone(), (string.clone(), &vector.key));
        if let Some(other) = signed {
            assert_eq!(other, (string, &vector.key), "{}", vector.id);
        }
    }
    assert!(seen.len() > 50);
}

#[test]
fn forged_message_is_rejected_with_expected_reason() {
    let vectors = Vectors::read();
    for rejection in &vectors.rejections {
        let id = &rejection.id;
        let of = vectors.vector(&rejection.of);
        let timestamp = match &rejection.timestamp {
            None => Some(&of.timestamp),
            Some(header) => header.as_ref(),
        };
        let received = SignatureHeaders::new(
            rejection.signature.as_ref().map(String::as_bytes),
            timestamp.map(String::as_bytes),
        );
        let verifier = Verifier::new(vectors.key(&of.key));
        let body = of.signed_body();
        let error = verifier
            .verify(of.message(), received, [&body], of.timestamp())
            .expect_err(id);
        let name = match error {
            VerifyError::Mismatch { .. } => "mismatch",
            VerifyError::MissingHeader {
                header: "SIGNATURE",
            } => "missing-signature",
            VerifyError::MissingHeader {
                header: "TIMESTAMP",
            } => "missing-timestamp",
            VerifyError::Timestamp(_) => "timestamp",
            VerifyError::Signature {
                reason: SignatureError::Length { .. },
                ..
            } => "signature-length",
            VerifyError::Signature {
                reason: SignatureError::NotBase64,
                ..
            } => "signature-not-base64",
            ref other => panic!("{id}: {other}"),
        };
        assert_eq!(name, rejection.error, "{id}");
        // The error contains neither the key nor the expected signature.
        let text = format!("{error} {error:?}");
        let key = vectors.keys.iter().find(|key| key.name == of.key).unwrap();
        assert!(!text.contains(&key.value), "{id}: {text}");
        assert!(!text.contains(&of.signature[..16]), "{id}: {text}");
    }
}

#[test]
fn timestamp_texts_are_accepted_or_rejected() {
    for case in Vectors::read().timestamps {
        let read = Timestamp::parse(case.text.as_bytes());
        assert_eq!(read.is_ok(), case.valid, "{:?}", case.text);
        if let Ok(read) = read {
            assert_eq!(read.to_string(), case.text);
        }
    }
}

#[test]
fn freshness_cases_have_expected_result() {
    let vectors = Vectors::read();
    let default = u64::try_from(Verifier::TOLERANCE.as_millis()).unwrap();
    assert_eq!(vectors.freshness.tolerance_ms, default);
    let key = vectors.key("made-up");
    let verifier = Verifier::new(key.clone());
    for case in &vectors.freshness.cases {
        let signature = key
            .sign(
                MessageKind::Webhook,
                case.timestamp.parse().unwrap(),
                NO_BODY,
            )
            .to_base64();
        let received =
            SignatureHeaders::new(Some(signature.as_bytes()), Some(case.timestamp.as_bytes()));
        let now = case.now.parse().unwrap();
        let result = match verifier.verify(MessageKind::Webhook, received, NO_BODY, now) {
            Ok(_) => "fresh",
            Err(VerifyError::TooOld { .. }) => "too-old",
            Err(VerifyError::TooNew { .. }) => "too-new",
            Err(other) => panic!("{other}"),
        };
        assert_eq!(result, case.result, "{}", case.timestamp);
    }
}
