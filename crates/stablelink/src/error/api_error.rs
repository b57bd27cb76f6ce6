//! A rejection of the gateway.

use std::fmt;

use super::redact::redact;

/// The retcode and the message with which the gateway rejected a call.
///
/// `Display` and `Debug` redact quoted values and anything that may be an email address, a telephone or account number, or a
/// token; [`message`](Self::message) returns the unredacted message.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    retcode: Option<String>,
    message: Option<String>,
}

/// The maximum number of characters of a message that are displayed.
const MAX_MESSAGE: usize = 300;
const MAX_RETCODE: usize = 40;

impl ApiError {
    pub(crate) fn new(retcode: Option<String>, message: Option<String>) -> Self {
        Self {
            retcode,
            message: message.filter(|text| !text.is_empty()),
        }
    }

    /// Returns the `retcode` as a string, such as `00008`; `None` without an envelope. No list of retcodes is public.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        self.retcode.as_deref()
    }

    /// Returns the `retmsg`, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns whether the message says that the idempotency key was used before. Inferred.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.mentions(&["duplicat", "repeated", "already exist", "already been used"])
    }

    /// Returns whether the message says that the TIMESTAMP was too far off. Inferred. "Missing header [TIMESTAMP]" is another
    /// problem.
    pub(crate) fn is_about_timestamp(&self) -> bool {
        self.mentions(&["timestamp"]) && !self.mentions(&["missing"])
    }

    /// Observed live: `ip not matched: <ip>`.
    pub(crate) fn is_about_address(&self) -> bool {
        self.mentions(&["ip not matched"])
    }

    fn mentions(&self, words: &[&str]) -> bool {
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
                Some(code) => f.write_str(&redact_retcode(code)),
                None => f.write_str("no reason given"),
            };
        };
        if let Some(code) = &self.retcode {
            write!(f, "{} ", redact_retcode(code))?;
        }
        write!(f, "{:?}", truncate(&redact(message)))
    }
}

/// Retcodes are short; a longer value may be anything.
fn redact_retcode(code: &str) -> String {
    redact(code).escape_debug().take(MAX_RETCODE).collect()
}

fn truncate(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_MESSAGE).collect();
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
    fn message_is_classified_by_its_words() {
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
            let error = api_error(message);
            assert_eq!(error.is_duplicate(), duplicate, "{message}");
            assert_eq!(error.is_about_timestamp(), time, "{message}");
            assert_eq!(error.is_about_address(), address, "{message}");
        }
    }

    #[test]
    fn personal_data_is_redacted_but_kept() {
        let message = "mail leo@business.example is taken";
        let error = ApiError::new(Some("no 12345678".to_owned()), Some(message.to_owned()));
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(shown.contains(r#"no … "mail … is taken""#), "{shown}");
        }
        assert_eq!(error.message(), Some(message));
        assert_eq!(error.retcode(), Some("no 12345678"));
    }

    #[test]
    fn long_message_is_displayed_as_one_short_line() {
        let text = api_error(&format!("a\nb\u{1b}[31m{}", "x".repeat(5_000))).to_string();
        assert!(
            text.len() < 400 && !text.contains('\n') && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
