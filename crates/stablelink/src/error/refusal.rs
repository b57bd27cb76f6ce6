//! A refusal of the gateway.

use std::fmt;

/// What the gateway said when it refused a call.
///
/// `Display` and `Debug` veil what may be an e-mail address, a telephone number or a token; [`message`](Self::message)
/// has the words as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    retcode: Option<String>,
    message: Option<String>,
}

/// Longer texts of the gateway are cut where they are shown.
const SHOWN: usize = 300;

impl Refusal {
    pub(crate) fn new(retcode: Option<String>, message: Option<String>) -> Self {
        Self {
            retcode,
            message: message.filter(|text| !text.is_empty()),
        }
    }

    /// The `retcode` as text, such as `00008`; `None` of an answer without an envelope. No list of codes is public.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        self.retcode.as_deref()
    }

    /// The `retmsg`, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Whether its words say that a request with this idempotency key came before. Inferred.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.says(&["duplicat", "repeated", "already exist", "already been used"])
    }

    /// Whether its words say that the TIMESTAMP was too far off. Inferred; "Missing header [TIMESTAMP]" is another thing.
    pub(crate) fn is_about_time(&self) -> bool {
        self.says(&["timestamp"]) && !self.says(&["missing"])
    }

    /// Observed live: `ip not matched: <ip>`.
    pub(crate) fn is_about_address(&self) -> bool {
        self.says(&["ip not matched"])
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.as_deref().unwrap_or_default().to_lowercase();
        words.iter().any(|word| message.contains(word))
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({self})")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.retcode, &self.message) {
            (None, None) => return write!(f, "no reason given"),
            (Some(code), None) => return write!(f, "{code}"),
            (Some(code), Some(_)) => write!(f, "{code} ")?,
            (None, Some(_)) => {}
        }
        let message = self.message.as_deref().unwrap_or_default();
        let mut shown: String = message.chars().take(SHOWN).collect();
        if shown.len() < message.len() {
            shown.push('…');
        }
        let words: Vec<&str> = shown.split(' ').map(veiled).collect();
        write!(f, "{:?}", words.join(" "))
    }
}

/// A gateway may repeat in its message what it was sent: an e-mail address, a telephone number, a token.
fn veiled(word: &str) -> &str {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let opaque = word.len() >= 20 && digits > 0 && letters > 0;
    let telephone = word.contains('+') && digits > 5 || digits > 7 && letters == 0;
    if word.contains('@') || opaque || telephone {
        "…"
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str) -> Refusal {
        Refusal::new(Some("00001".to_owned()), Some(message.to_owned()))
    }

    #[test]
    fn words_are_told_apart() {
        for (message, duplicate, time, address) in [
            ("orderNo already exists", true, false, false),
            ("Duplicate requestId", true, false, false),
            ("TIMESTAMP expired", false, true, false),
            (
                "Access denied: Missing header [TIMESTAMP]",
                false,
                false,
                false,
            ),
            ("ip not matched: 192.0.2.7", false, false, true),
            ("", false, false, false),
        ] {
            let refusal = refusal(message);
            assert_eq!(refusal.is_duplicate(), duplicate, "{message}");
            assert_eq!(refusal.is_about_time(), time, "{message}");
            assert_eq!(refusal.is_about_address(), address, "{message}");
        }
    }

    #[test]
    fn what_may_be_personal_or_secret_is_not_shown() {
        for (message, shown) in [
            ("mail leo@business.example is taken", "mail … is taken"),
            ("number +65 11918612760 is taken", "number +65 … is taken"),
            (
                "token Cji8NYO32ugrFJJkG7uCYiX2 has ended",
                "token … has ended",
            ),
            (
                "orderNo must contain only letters and numbers",
                "orderNo must contain only letters and numbers",
            ),
            ("ip not matched: 192.0.2.7", "ip not matched: 192.0.2.7"),
        ] {
            let refusal = refusal(message);
            assert_eq!(refusal.to_string(), format!("00001 {shown:?}"));
            assert_eq!(refusal.message(), Some(message));
        }
    }

    #[test]
    fn a_long_or_wild_message_stays_one_short_line() {
        let text = refusal(&format!("a\nb\u{1b}[31m{}", "x".repeat(5_000))).to_string();
        assert!(
            text.len() < 400 && !text.contains('\n') && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
