//! Finds out what a signature that does not match was made of.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Sha256, Sha512};

use super::variants::{self, Variant};
use crate::commands::sign::Parts;

/// The parts of a message, and how else each of them may have been signed.
pub(super) struct Diagnosis {
    key: Vec<Variant>,
    /// Method, time, path, query, body: joined, they are the string to sign.
    parts: [Vec<Variant>; 5],
    webhook: bool,
}

/// How many mistakes at once are tried of a body of this length: one more is no explanation any more, and many ways to sign
/// a long body take long to try.
const fn mistakes(body: usize) -> usize {
    match body {
        0..=512 => 3,
        513..=65_536 => 2,
        _ => 1,
    }
}

impl Diagnosis {
    pub(super) fn new(parts: &Parts, key: &SecretString, others: &[(&str, String)]) -> Self {
        let nothing = || {
            vec![Variant {
                told: String::new(),
                bytes: Vec::new(),
            }]
        };
        let (method, path, query) = match &parts.line {
            Some(line) => (
                variants::of_method(&line.method),
                variants::of_path(&line.path),
                variants::of_query(line),
            ),
            None => (nothing(), nothing(), nothing()),
        };
        Self {
            key: variants::of_key(key.expose_secret(), others),
            parts: [
                method,
                nothing(),
                path,
                query,
                variants::of_body(&parts.body),
            ],
            webhook: parts.line.is_none(),
        }
    }

    /// What differs, in words; `None` where nothing that is tried fits.
    pub(super) fn find(mut self, signature: &[u8], timestamp: &str) -> Option<String> {
        self.parts[1] = variants::of_time(timestamp);
        let text = std::str::from_utf8(signature).ok()?;
        let (spelt, made) = read(text)?;
        if !self.webhook && self.is_of_webhook(timestamp, &made) {
            return Some("it is the signature of a webhook or an answer: timestamp and body alone (--webhook)".to_owned());
        }
        let body = self.parts[4][0].bytes.len();
        for mistakes in 0..=mistakes(body) {
            let mut chosen = [0; 6];
            if let Some(found) = self.choose(&mut chosen, 0, mistakes, &made) {
                let all: Vec<String> = spelt.map(str::to_owned).into_iter().chain(found).collect();
                return Some(all.join("; and ")).filter(|text| !text.is_empty());
            }
        }
        None
    }

    /// Whether timestamp and body alone were signed.
    fn is_of_webhook(&self, timestamp: &str, made: &[u8]) -> bool {
        let message = [timestamp.as_bytes(), &self.parts[4][0].bytes].concat();
        signed(&self.key[0].bytes, &message, made)
    }

    /// Tries all ways to make so many mistakes from this part on.
    fn choose(
        &self,
        chosen: &mut [usize; 6],
        at: usize,
        mistakes: usize,
        made: &[u8],
    ) -> Option<Vec<String>> {
        if mistakes == 0 || at == chosen.len() {
            return (mistakes == 0 && self.fits(chosen, made)).then(|| self.told(chosen));
        }
        let ways = self.ways(at).len();
        // Most of the ways of the time are a millisecond each: they are tried as the only mistake.
        let ways = if mistakes + chosen.iter().filter(|way| **way > 0).count() > 1 {
            ways.min(16)
        } else {
            ways
        };
        for way in 0..ways {
            chosen[at] = way;
            let left = mistakes - usize::from(way > 0);
            if let Some(found) = self.choose(chosen, at + 1, left, made) {
                return Some(found);
            }
        }
        chosen[at] = 0;
        None
    }

    fn ways(&self, at: usize) -> &[Variant] {
        match at {
            5 => &self.key,
            part => &self.parts[part],
        }
    }

    fn fits(&self, chosen: &[usize; 6], made: &[u8]) -> bool {
        let message: Vec<&[u8]> = (0..5)
            .map(|at| self.ways(at)[chosen[at]].bytes.as_slice())
            .collect();
        signed(&self.key[chosen[5]].bytes, &message.concat(), made)
    }

    fn told(&self, chosen: &[usize; 6]) -> Vec<String> {
        (0..6)
            .filter(|at| chosen[*at] > 0)
            .map(|at| self.ways(at)[chosen[at]].told.clone())
            .collect()
    }
}

/// How a text spells bytes.
type Spelling = fn(&str) -> Option<Vec<u8>>;

/// The bytes of a signature however it is spelt, and what is odd about the spelling.
fn read(text: &str) -> Option<(Option<&'static str>, Vec<u8>)> {
    let trimmed = text.trim();
    let spellings: [(_, Spelling); 5] = [
        (None, |text| STANDARD.decode(text).ok()),
        (Some("the signature lacks its padding (==)"), |text| {
            STANDARD_NO_PAD.decode(text).ok()
        }),
        (
            Some("the signature is in the alphabet of Base64 for URLs (it takes + and /)"),
            |text| URL_SAFE.decode(text).ok(),
        ),
        (
            Some(
                "the signature is in the alphabet of Base64 for URLs (it takes + and /), without padding",
            ),
            |text| URL_SAFE_NO_PAD.decode(text).ok(),
        ),
        (
            Some("the signature is in hexadecimal (it takes Base64)"),
            variants::of_hex,
        ),
    ];
    spellings.into_iter().find_map(|(told, read)| {
        let bytes = read(trimmed).filter(|bytes| matches!(bytes.len(), 32 | 64))?;
        // The Base64 of 48 bytes looks like the hexadecimal of 32.
        let told = told
            .or((trimmed.len() < text.len()).then_some("the signature has white space around it"));
        let told = if bytes.len() == 32 {
            Some("it was made with SHA-256 (it takes SHA-512)")
        } else {
            told
        };
        Some((told, bytes))
    })
}

/// Whether this is the HMAC of the message, by either hash.
fn signed(key: &[u8], message: &[u8], made: &[u8]) -> bool {
    fn is<M: Mac + KeyInit>(key: &[u8], message: &[u8], made: &[u8]) -> bool {
        M::new_from_slice(key).is_ok_and(|mac| mac.chain_update(message).verify_slice(made).is_ok())
    }
    if made.len() == 32 {
        is::<Hmac<Sha256>>(key, message, made)
    } else {
        is::<Hmac<Sha512>>(key, message, made)
    }
}

#[cfg(test)]
mod tests {
    use stablelink_signature::QueryForm;

    use super::*;
    use crate::commands::sign::Line;

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

    fn parts(method: &str, path: &str, query: &str, body: &str) -> Parts {
        let line = Line {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            form: QueryForm::Decoded,
        };
        Parts {
            line: Some(line),
            body: body.into(),
        }
    }

    fn told(parts: &Parts, key: &str, message: &str) -> Option<String> {
        let signature = STANDARD.encode(mac(key.as_bytes(), message.as_bytes()));
        let others = [("STABLELINK_API_SECRET", "other-secret".to_owned())];
        Diagnosis::new(parts, &KEY.into(), &others).find(signature.as_bytes(), TIME)
    }

    #[test]
    fn the_part_that_differs_is_named() {
        let post = parts("post", "/a/b", "", "{\"x\": 1, \"y\":\"p q\"}");
        let get = parts("GET", "/a", "b=c%20d&a=1", "");
        for (parts, key, signed, words) in [
            (
                &post,
                KEY,
                "POST1779846400123/a/b{\"x\":1,\"y\":\"p q\"}",
                "the body has 2 blanks more than the signed one (sign compact JSON)",
            ),
            (
                &post,
                KEY,
                "POST1779846400123/a/b{\"x\": 1, \"y\": \"p q\"}",
                "as Python writes JSON",
            ),
            (
                &post,
                KEY,
                "POST1779846400123/a/b{\"x\": 1, \"y\":\"p q\"}\n",
                "had a line end at its end",
            ),
            (&post, KEY, "POST1779846400123/a/b", "the body was left out"),
            (
                &post,
                KEY,
                "PUT1779846400123/a/b{\"x\": 1, \"y\":\"p q\"}",
                "PUT was signed, not POST",
            ),
            (
                &post,
                KEY,
                "post1779846400123/a/b{\"x\": 1, \"y\":\"p q\"}",
                "in lower case",
            ),
            (
                &post,
                KEY,
                "POST1779846400/a/b{\"x\": 1, \"y\":\"p q\"}",
                "signed in seconds",
            ),
            (
                &post,
                KEY,
                "POST1779846400125/a/b{\"x\": 1, \"y\":\"p q\"}",
                "2 ms after",
            ),
            (
                &post,
                KEY,
                "POST1779846400123/a/b/{\"x\": 1, \"y\":\"p q\"}",
                "a slash at its end",
            ),
            (
                &post,
                KEY,
                "POST1779846400123https://openapi.dev.stablelink.app/a/b{\"x\": 1, \"y\":\"p q\"}",
                "the host before it",
            ),
            (
                &post,
                "other-secret",
                "POST1779846400123/a/b{\"x\": 1, \"y\":\"p q\"}",
                "that of STABLELINK_API_SECRET",
            ),
            (
                &post,
                "unit-test-sign-key-not-real-0001\n",
                "POST1779846400123/a/b{\"x\": 1, \"y\":\"p q\"}",
                "white space at its end",
            ),
            (
                &post,
                KEY,
                "1779846400123{\"x\": 1, \"y\":\"p q\"}",
                "timestamp and body alone",
            ),
            (
                &get,
                KEY,
                "GET1779846400123/a?b=c d&a=1",
                "in the form decoded-with-mark",
            ),
            (
                &get,
                KEY,
                "GET1779846400123/aa=1&b=c+d",
                "in the form encoded-sorted",
            ),
            (
                &get,
                KEY,
                "GET1779846400123/ab=c%20d&a=1",
                "with its escapes",
            ),
            (&get, KEY, "GET1779846400123/a", "the query was left out"),
            (&get, KEY, "GET1779846400123/aa=1&b=c d", "signed sorted"),
        ] {
            let found = told(parts, key, signed).unwrap_or_else(|| panic!("nothing for {signed}"));
            assert!(found.contains(words), "{signed}: {found}");
            assert!(!found.contains("; and "), "{signed}: {found}");
        }
    }

    #[test]
    fn two_mistakes_are_both_named() {
        let post = parts("POST", "/a", "", "{\"x\": 1}");
        let found = told(&post, KEY, "POST1779846400/a{\"x\":1}").unwrap();
        assert!(
            found.contains("in seconds") && found.contains("1 blank more"),
            "{found}"
        );
    }

    #[test]
    fn nothing_is_made_up() {
        let post = parts("POST", "/a", "", "{\"x\": 1}");
        assert_eq!(
            told(
                &post,
                "another key altogether",
                "POST1779846400123/a{\"x\": 1}"
            ),
            None
        );
        assert_eq!(told(&post, KEY, "something else"), None);
        for odd in ["", "x", "=", "\u{e9}"] {
            assert_eq!(
                Diagnosis::new(&post, &KEY.into(), &[]).find(odd.as_bytes(), TIME),
                None,
                "{odd}"
            );
        }
    }

    #[test]
    fn odd_spellings_of_a_right_signature_are_named() {
        let get = parts("GET", "/a", "", "");
        let made = mac(KEY.as_bytes(), b"GET1779846400123/a");
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        for (text, words) in [
            (hex, "hexadecimal"),
            (STANDARD_NO_PAD.encode(&made), "padding"),
            (
                format!(" {}\n", STANDARD.encode(&made)),
                "white space around",
            ),
        ] {
            let found = Diagnosis::new(&get, &KEY.into(), &[])
                .find(text.as_bytes(), TIME)
                .unwrap();
            assert!(found.contains(words), "{text}: {found}");
        }
    }
}
