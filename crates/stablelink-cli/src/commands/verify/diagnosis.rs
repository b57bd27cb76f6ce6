//! Searches for the mistakes that explain a signature mismatch.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Sha256, Sha512};

use super::variants::{self, SignedVariant};
use crate::commands::sign::MessageParts;

/// The parts of a message, each with the variants that may have been signed instead.
pub(super) struct Diagnosis {
    key: Vec<SignedVariant>,
    /// Method, time, path, query and body, joined to the string to sign.
    parts: [Vec<SignedVariant>; 5],
    is_webhook: bool,
}

/// Returns the maximum number of mistakes that are tried in combination. More than three mistakes would explain
/// almost any signature, and with a long body each attempt is slow.
const fn max_mistakes(body_length: usize) -> usize {
    match body_length {
        0..=512 => 3,
        513..=65_536 => 2,
        _ => 1,
    }
}

impl Diagnosis {
    pub(super) fn new(
        parts: &MessageParts,
        key: &SecretString,
        other_secrets: &[(&str, String)],
    ) -> Self {
        let absent = || vec![SignedVariant::default()];
        let (method, path, query) = match &parts.target {
            Some(target) => (
                variants::of_method(&target.method),
                variants::of_path(&target.path),
                variants::of_query(target),
            ),
            None => (absent(), absent(), absent()),
        };
        Self {
            key: variants::of_key(key.expose_secret(), other_secrets),
            parts: [
                method,
                absent(),
                path,
                query,
                variants::of_body(&parts.body),
            ],
            is_webhook: parts.target.is_none(),
        }
    }

    /// Describes the difference. Returns `None` if no tried mistake explains the signature.
    pub(super) fn find(mut self, signature: &[u8], timestamp: &str) -> Option<String> {
        self.parts[1] = variants::of_time(timestamp);
        let text = std::str::from_utf8(signature).ok()?;
        let (encoding_problem, mac) = decode(text)?;
        if !self.is_webhook && self.matches_webhook(timestamp, &mac) {
            let found = "it is the signature of a webhook or a response: only timestamp and body (--webhook)";
            return Some(found.to_owned());
        }
        let body_length = self.parts[4][0].bytes.len();
        for mistakes in 0..=max_mistakes(body_length) {
            let mut chosen = [0; 6];
            if let Some(found) = self.search(&mut chosen, 0, mistakes, &mac) {
                let problems = encoding_problem.map(str::to_owned).into_iter();
                let problems: Vec<String> = problems.chain(found).collect();
                return Some(problems.join("; and ")).filter(|text| !text.is_empty());
            }
        }
        None
    }

    /// Returns whether only the timestamp and the body were signed.
    fn matches_webhook(&self, timestamp: &str, mac: &[u8]) -> bool {
        let message = [timestamp.as_bytes(), &self.parts[4][0].bytes].concat();
        is_hmac(&self.key[0].bytes, &message, mac)
    }

    /// Tries all combinations of this number of mistakes in the parts from index `part` on.
    fn search(
        &self,
        chosen: &mut [usize; 6],
        part: usize,
        mistakes: usize,
        mac: &[u8],
    ) -> Option<Vec<String>> {
        if mistakes == 0 || part == chosen.len() {
            return (mistakes == 0 && self.matches(chosen, mac)).then(|| self.describe(chosen));
        }
        let count = self.variants(part).len();
        // Most variants of the time differ by milliseconds. They are tried only as a single mistake.
        let count = if mistakes + chosen.iter().filter(|index| **index > 0).count() > 1 {
            count.min(16)
        } else {
            count
        };
        for index in 0..count {
            chosen[part] = index;
            let left = mistakes - usize::from(index > 0);
            if let Some(found) = self.search(chosen, part + 1, left, mac) {
                return Some(found);
            }
        }
        chosen[part] = 0;
        None
    }

    fn variants(&self, part: usize) -> &[SignedVariant] {
        match part {
            5 => &self.key,
            part => &self.parts[part],
        }
    }

    fn matches(&self, chosen: &[usize; 6], mac: &[u8]) -> bool {
        let message: Vec<&[u8]> = (0..5)
            .map(|part| self.variants(part)[chosen[part]].bytes.as_slice())
            .collect();
        is_hmac(&self.key[chosen[5]].bytes, &message.concat(), mac)
    }

    fn describe(&self, chosen: &[usize; 6]) -> Vec<String> {
        (0..6)
            .filter(|part| chosen[*part] > 0)
            .map(|part| self.variants(part)[chosen[part]].description.clone())
            .collect()
    }
}

/// A function that decodes a text to bytes.
type TextDecoder = fn(&str) -> Option<Vec<u8>>;

/// Decodes a signature in any known encoding. Returns the problem of the encoding, if any, and the bytes.
fn decode(text: &str) -> Option<(Option<&'static str>, Vec<u8>)> {
    let trimmed = text.trim();
    let encodings: [(_, TextDecoder); 5] = [
        (None, |text| STANDARD.decode(text).ok()),
        (Some("the signature has no padding (==)"), |text| {
            STANDARD_NO_PAD.decode(text).ok()
        }),
        (
            Some("the signature uses the URL-safe Base64 alphabet instead of + and /"),
            |text| URL_SAFE.decode(text).ok(),
        ),
        (
            Some(
                "the signature uses the URL-safe Base64 alphabet instead of + and /, without padding",
            ),
            |text| URL_SAFE_NO_PAD.decode(text).ok(),
        ),
        (
            Some("the signature is hexadecimal instead of Base64"),
            variants::decode_hex,
        ),
    ];
    let is_padded = trimmed.len() < text.len();
    encodings.into_iter().find_map(|(problem, decode)| {
        // Other lengths are no HMAC: 64 hexadecimal digits, for example, are also valid Base64 of 48 bytes.
        let bytes = decode(trimmed).filter(|bytes| matches!(bytes.len(), 32 | 64))?;
        let problem = match problem {
            _ if bytes.len() == 32 => Some("it was created with SHA-256 instead of SHA-512"),
            None if is_padded => Some("the signature has whitespace around it"),
            problem => problem,
        };
        Some((problem, bytes))
    })
}

/// Returns whether `mac` is the HMAC-SHA256 or HMAC-SHA512 of the message.
fn is_hmac(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    fn verify<M: Mac + KeyInit>(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
        M::new_from_slice(key)
            .is_ok_and(|hmac| hmac.chain_update(message).verify_slice(mac).is_ok())
    }
    if mac.len() == 32 {
        verify::<Hmac<Sha256>>(key, message, mac)
    } else {
        verify::<Hmac<Sha512>>(key, message, mac)
    }
}

#[cfg(test)]
mod tests {
    use stablelink_signature::QueryForm;

    use super::*;
    use crate::commands::sign::SignedTarget;

    const KEY: &str = "unit-test-sign-key-not-real-0001";
    const TIME: &str = "1779846400123";

    fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
        Hmac::<Sha512>::new_from_slice(key)
            .unwrap()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec()
    }

    fn parts(method: &str, path: &str, query: &str, body: &str) -> MessageParts {
        let target = SignedTarget {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            form: QueryForm::Decoded,
        };
        MessageParts {
            target: Some(target),
            body: body.into(),
        }
    }

    fn diagnose(parts: &MessageParts, key: &str, message: &str) -> Option<String> {
        let signature = STANDARD.encode(mac(key.as_bytes(), message.as_bytes()));
        let others = [("STABLELINK_API_SECRET", "other-secret".to_owned())];
        Diagnosis::new(parts, &KEY.into(), &others).find(signature.as_bytes(), TIME)
    }

    #[test]
    fn differing_part_is_named() {
        let body = r#"{"x": 1, "y":"p q"}"#;
        let post = parts("post", "/a/b", "", body);
        let get = parts("GET", "/a", "b=c%20d&a=1", "");
        // `{T}` is the timestamp and `{B}` the body of the message.
        for (parts, signed, words) in [
            (
                &post,
                r#"POST{T}/a/b{"x":1,"y":"p q"}"#,
                "the body has 2 more spaces than the signed one (sign compact JSON)",
            ),
            (
                &post,
                r#"POST{T}/a/b{"x": 1, "y": "p q"}"#,
                "as Python writes JSON",
            ),
            (&post, "POST{T}/a/b{B}\n", "had a trailing line break"),
            (
                &post,
                "POST{T}/a/b",
                "the signature does not cover the body",
            ),
            (&post, "PUT{T}/a/b{B}", "PUT was signed instead of POST"),
            (&post, "post{T}/a/b{B}", "in lower case"),
            (&post, "POST1779846400/a/b{B}", "signed in seconds"),
            (&post, "POST1779846400125/a/b{B}", "2 ms after"),
            (&post, "POST{T}/a/b/{B}", "with a trailing slash"),
            (
                &post,
                "POST{T}https://openapi.dev.stablelink.app/a/b{B}",
                "with the host",
            ),
            (&post, "{T}{B}", "only timestamp and body"),
            (&get, "GET{T}/a?b=c d&a=1", "in the form decoded-with-mark"),
            (&get, "GET{T}/aa=1&b=c+d", "in the form encoded-sorted"),
            (&get, "GET{T}/ab=c%20d&a=1", "with its escapes"),
            (&get, "GET{T}/a", "the signature does not cover the query"),
            (&get, "GET{T}/aa=1&b=c d", "signed sorted"),
        ] {
            let signed = signed.replace("{T}", TIME).replace("{B}", body);
            let found = diagnose(parts, KEY, &signed);
            let found = found.unwrap_or_else(|| panic!("nothing for {signed}"));
            assert!(found.contains(words), "{signed}: {found}");
            assert!(!found.contains("; and "), "{signed}: {found}");
        }
        for (key, words) in [
            ("other-secret", "STABLELINK_API_SECRET was used"),
            ("unit-test-sign-key-not-real-0001\n", "trailing whitespace"),
        ] {
            let found = diagnose(&post, key, &format!("POST{TIME}/a/b{body}")).unwrap();
            assert!(found.contains(words), "{key}: {found}");
            assert!(!found.contains("; and "), "{key}: {found}");
        }
    }

    #[test]
    fn two_mistakes_are_both_named() {
        let post = parts("POST", "/a", "", "{\"x\": 1}");
        let found = diagnose(&post, KEY, "POST1779846400/a{\"x\":1}").unwrap();
        assert!(
            found.contains("in seconds") && found.contains("1 more space"),
            "{found}"
        );
    }

    #[test]
    fn unexplained_signature_has_no_diagnosis() {
        let post = parts("POST", "/a", "", "{\"x\": 1}");
        assert_eq!(
            diagnose(
                &post,
                "another key altogether",
                "POST1779846400123/a{\"x\": 1}"
            ),
            None
        );
        assert_eq!(diagnose(&post, KEY, "something else"), None);
        for odd in ["", "x", "=", "\u{e9}"] {
            assert_eq!(
                Diagnosis::new(&post, &KEY.into(), &[]).find(odd.as_bytes(), TIME),
                None,
                "{odd}"
            );
        }
    }

    #[test]
    fn wrong_encoding_of_valid_signature_is_named() {
        let get = parts("GET", "/a", "", "");
        let expected = mac(KEY.as_bytes(), b"GET1779846400123/a");
        let hex: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        for (text, words) in [
            (hex, "hexadecimal"),
            (STANDARD_NO_PAD.encode(&expected), "padding"),
            (
                format!(" {}\n", STANDARD.encode(&expected)),
                "whitespace around",
            ),
        ] {
            let found = Diagnosis::new(&get, &KEY.into(), &[])
                .find(text.as_bytes(), TIME)
                .unwrap();
            assert!(found.contains(words), "{text}: {found}");
        }
    }
}
