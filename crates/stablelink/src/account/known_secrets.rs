//! The secrets of a client, which are hidden in everything that the gateway sends and that is displayed or logged.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

/// The api keys, api secrets, sign keys and tokens that a client used last.
///
/// The gateway, or a proxy in front of it, may repeat parts of a request. A token has no recognisable form, so responses are
/// searched for the secrets themselves: unchanged, percent-encoded and in Base64, without regard to case.
#[derive(Default)]
pub(crate) struct KnownSecrets(RwLock<VecDeque<SecretForms>>);

/// The forms in which a secret may be repeated, in lower case. The first form is the secret itself.
struct SecretForms(Vec<SecretString>);

/// A shorter secret is not hidden: it would hide parts of words.
const MIN_LENGTH: usize = 8;

/// The three credentials and the tokens before and after a refresh or a rotation.
const MAX_SECRETS: usize = 16;

impl KnownSecrets {
    pub(crate) fn remember(&self, secret: &SecretString) {
        let secret = secret.expose_secret();
        if secret.len() < MIN_LENGTH {
            return;
        }
        let forms = SecretForms::of(secret);
        let mut secrets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        secrets.retain(|known| known.secret() != forms.secret());
        secrets.push_front(forms);
        secrets.truncate(MAX_SECRETS);
    }

    /// Replaces each known secret with `…`.
    pub(crate) fn redact(&self, text: &str) -> String {
        let lower_case = text.to_ascii_lowercase();
        let mut found: Vec<Range<usize>> = Vec::new();
        for secret in &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            for form in &secret.0 {
                let matches = lower_case.match_indices(form.expose_secret());
                found.extend(matches.map(|(start, part)| start..start + part.len()));
            }
        }
        found.sort_by_key(|range| range.start);
        let mut redacted = String::with_capacity(text.len());
        let mut end = 0;
        for range in found {
            if range.start >= end {
                redacted.push_str(&text[end..range.start]);
                redacted.push('…');
            }
            end = end.max(range.end);
        }
        redacted.push_str(&text[end..]);
        redacted
    }
}

impl SecretForms {
    fn of(secret: &str) -> Self {
        let form_encoded: String = byte_serialize(secret.as_bytes()).collect();
        let mut forms = vec![secret.to_ascii_lowercase().into()];
        let encoded = [
            form_encoded.replace('+', "%20"),
            form_encoded,
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
        ];
        for form in encoded {
            if form != secret {
                forms.push(form.to_ascii_lowercase().into());
            }
        }
        Self(forms)
    }

    fn secret(&self) -> &str {
        self.0.first().map_or("", |form| form.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(secrets: &[&str]) -> KnownSecrets {
        let known = KnownSecrets::default();
        for secret in secrets {
            known.remember(&(*secret).into());
        }
        known
    }

    #[test]
    fn secret_is_hidden_in_each_form() {
        for secret in [
            "9f86d081884c7d65",
            "aB3dE5gH7jK9mN1pQ2r",
            "QwErTyUiOpAsDfGhJkLzXcVb",
            "aB3=dE5=gH7=jK9=",
            "correct horse-battery (staple",
        ] {
            let known = secrets(&[secret]);
            let form_encoded: String = byte_serialize(secret.as_bytes()).collect();
            for form in [
                secret.to_owned(),
                secret.to_uppercase(),
                form_encoded.replace('+', "%20"),
                form_encoded,
                STANDARD_NO_PAD.encode(secret),
                URL_SAFE_NO_PAD.encode(secret),
            ] {
                let text = format!("key {form} of {form}é");
                assert_eq!(known.redact(&text), "key … of …é", "{form}");
            }
        }
    }

    #[test]
    fn overlapping_secrets_are_hidden_together() {
        let known = secrets(&["abcdefghij", "fghijklmno", "short"]);
        assert_eq!(known.redact("<abcdefghijklmno>short"), "<…>short");
        assert_eq!(known.redact("abcdefghijabcdefghij"), "……");
        assert_eq!(known.redact("é"), "é");
    }

    #[test]
    fn newest_secrets_are_kept() {
        let known = KnownSecrets::default();
        for number in 0..100 {
            known.remember(&format!("token-{number:08}").into());
            known.remember(&"the-api-secret".into());
        }
        assert_eq!(known.redact("the-api-secret token-00000099"), "… …");
        assert_eq!(known.redact("token-00000001"), "token-00000001");
    }
}
