//! What an answer shows of itself, without what it says.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use stablelink_signature::Timestamp;

use crate::output::Members;

/// An answer as it came.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The middle between asking and hearing.
    pub(super) at: SystemTime,
    /// From asking to hearing.
    pub(super) took: Duration,
    /// What the request was signed with.
    pub(super) signed: Option<Timestamp>,
}

/// How a retcode is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Number,
    Text,
}

impl Written {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
        }
    }
}

impl Answer {
    fn member(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(&self.body).ok()?;
        let members = Members::read(text)?.0;
        members
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.get())
    }

    /// The retcode and how it is written.
    pub(super) fn retcode(&self) -> Option<(Written, String)> {
        let text = self.member("retcode")?;
        match serde_json::from_str::<String>(text) {
            Ok(code) => Some((Written::Text, code)),
            Err(_) => Some((Written::Number, text.to_owned())),
        }
    }

    pub(super) fn is_success(&self) -> bool {
        let code = self.retcode().map(|(_, code)| code);
        (200..300).contains(&self.status) && code.is_none_or(|code| code == "200")
    }

    /// The `retmsg`, which is a text of the gateway: shown only [veiled].
    pub(super) fn message(&self) -> Option<String> {
        serde_json::from_str(self.member("retmsg")?).ok()
    }

    /// The members of `retdata`, or of the whole body where there is none.
    pub(super) fn data(&self) -> Option<Members<'_>> {
        let text = std::str::from_utf8(&self.body).ok()?;
        match self.member("retdata") {
            // It borrows from the body: read it again, in one go.
            Some(_) => crate::output::retdata(&self.body).and_then(Members::read),
            None => Members::read(text),
        }
    }

    pub(super) fn has_envelope(&self) -> bool {
        self.member("retcode").is_some()
    }

    /// What tells refusals apart.
    pub(super) fn signature(&self) -> (u16, Option<String>, Option<String>) {
        (
            self.status,
            self.retcode().map(|(_, code)| code),
            self.message(),
        )
    }

    /// Status, retcode and message in short, fit for a report.
    pub(super) fn short(&self) -> String {
        let code = match self.retcode() {
            Some((Written::Number, code)) => format!("retcode {}", veiled(&code)),
            Some((Written::Text, code)) => format!("retcode \"{}\"", code_shown(&code)),
            None => "no retcode".to_owned(),
        };
        let message = self
            .message()
            .filter(|text| !text.is_empty() && !self.is_success());
        let message = message
            .map(|text| format!(", {}", veiled(&text)))
            .unwrap_or_default();
        format!("HTTP {}, {code}{message}", self.status)
    }
}

/// A retcode, if it is short and of letters and digits.
fn code_shown(code: &str) -> &str {
    let fit = code.len() <= 12 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fit { code } else { "…" }
}

/// Plain words of a message; what may be a number, an address, a name in quotes or a token becomes `…`.
pub(super) fn veiled(text: &str) -> String {
    let fit = |word: &str| {
        let known = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
        known
            || (word.len() <= 20
                && word
                    .chars()
                    .all(|letter| letter.is_ascii_alphabetic() || ":,.;[]()-_".contains(letter)))
    };
    let mut words: Vec<&str> = text
        .split_whitespace()
        .take(16)
        .map(|word| if fit(word) { word } else { "…" })
        .collect();
    words.dedup_by(|one, other| one == other && *one == "…");
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_words_that_may_be_somebodys_are_shown() {
        for (text, shown) in [
            (
                "Access denied: Missing header [SIGNATURE]",
                "Access denied: Missing header [SIGNATURE]",
            ),
            ("ip not matched: 203.0.113.7", "ip not matched: …"),
            ("user a@b.example has 'x y'", "user … has …"),
            ("order 1759988038609 is gone", "order … is gone"),
            ("Cji8NYO32ugrFJJkG7uCYiX2", "…"),
            ("abcdefghijklmnopqrstuvwxyz", "…"),
        ] {
            assert_eq!(veiled(text), shown);
        }
    }
}
