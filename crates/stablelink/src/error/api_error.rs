//! A refusal of the gateway.

use std::fmt;

use super::redact::redact;

/// What the gateway said when it refused a call.
///
/// `Display` and `Debug` veil what stands in quotes and what may be an e-mail address, a number of a telephone or an account, or a
/// token; [`message`](Self::message) has the words as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    retcode: Option<String>,
    message: Option<String>,
}

/// Longer texts of the gateway are cut where they are shown.
const SHOWN: usize = 300;
const CODE_SHOWN: usize = 40;

impl ApiError {
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

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiError({self})")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(message) = &self.message else {
            return match &self.retcode {
                Some(code) => f.write_str(&code_shown(code)),
                None => f.write_str("no reason given"),
            };
        };
        if let Some(code) = &self.retcode {
            write!(f, "{} ", code_shown(code))?;
        }
        write!(f, "{:?}", cut(&redact(message)))
    }
}

/// Codes are short; what else stands in their place may be anything.
fn code_shown(code: &str) -> String {
    redact(code).escape_debug().take(CODE_SHOWN).collect()
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api_error(message: &str) -> ApiError {
        ApiError::new(Some("00001".to_owned()), Some(message.to_owned()))
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
            let refusal = api_error(message);
            assert_eq!(refusal.is_duplicate(), duplicate, "{message}");
            assert_eq!(refusal.is_about_time(), time, "{message}");
            assert_eq!(refusal.is_about_address(), address, "{message}");
        }
    }

    #[test]
    fn what_may_be_personal_is_not_shown_but_kept() {
        let message = "mail leo@business.example is taken";
        let refusal = ApiError::new(Some("no 12345678".to_owned()), Some(message.to_owned()));
        for shown in [refusal.to_string(), format!("{refusal:?}")] {
            assert!(shown.contains(r#"no … "mail … is taken""#), "{shown}");
        }
        assert_eq!(refusal.message(), Some(message));
        assert_eq!(refusal.retcode(), Some("no 12345678"));
    }

    #[test]
    fn a_long_or_wild_message_stays_one_short_line() {
        let text = api_error(&format!("a\nb\u{1b}[31m{}", "x".repeat(5_000))).to_string();
        assert!(
            text.len() < 400 && !text.contains('\n') && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
