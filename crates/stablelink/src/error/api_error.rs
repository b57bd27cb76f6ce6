//! The retcode and the message of a call that the gateway rejected.

use std::fmt;

use super::redact_message::redact;
use crate::account::KnownSecrets;

/// The retcode and the message with which the gateway rejected a call.
///
/// The secrets of the client are hidden in it. `Display` and `Debug` also redact quoted values and anything that may be an email
/// address, a telephone or account number, or a token; [`message`](Self::message) does not.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    retcode: Option<String>,
    message: Option<String>,
}

/// The maximum number of characters of a message that are displayed.
const MAX_DISPLAYED_MESSAGE: usize = 300;
/// The maximum number of bytes of a message that are kept: redacting a whole response takes seconds.
const MAX_MESSAGE: usize = 4_096;
/// The maximum number of bytes of a secret. A secret that starts within [`MAX_MESSAGE`] bytes is redacted completely.
const MAX_SECRET: usize = 4_096;
const MAX_RETCODE: usize = 40;
/// Nouns that name a record, and fields with its number, in lower case.
const RECORDS: [&str; 25] = [
    "order",
    "orderno",
    "settlement",
    "settlementorderno",
    "refund",
    "refundorderno",
    "trade",
    "requestid",
    "transaction",
    "txno",
    "payment",
    "abnormalpaymentno",
    "record",
    "customer",
    "customerid",
    "clientid",
    "userid",
    "remit",
    "payee",
    "event",
    "eventid",
    "webhook",
    "webhookid",
    "file",
    "fileid",
];
/// Words of messages about authentication or a path. Such a rejection does not prove that a record is missing.
const NOT_RECORDS: [&str; 6] = ["header", "token", "api key", "signature", "permission", "/"];

impl ApiError {
    pub(crate) fn new(retcode: Option<String>, message: Option<String>) -> Self {
        Self {
            retcode,
            message: message.filter(|text| !text.is_empty()),
        }
    }

    /// Creates a rejection from the retcode and the message of the gateway. Secrets are redacted, and a long message is
    /// truncated.
    pub(crate) fn received(
        retcode: Option<&str>,
        message: Option<&str>,
        secrets: &KnownSecrets,
    ) -> Self {
        let message = message.map(|message| {
            let head = start_of(message, MAX_MESSAGE + MAX_SECRET);
            let redacted = secrets.redact(head);
            let start = start_of(&redacted, MAX_MESSAGE);
            if head.len() == message.len() && start.len() == redacted.len() {
                return redacted;
            }
            // A truncated word may be private but no longer have a form that is redacted.
            let words = start.rsplit_once(' ').map_or(start, |(words, _)| words);
            format!("{words} …")
        });
        Self::new(retcode.map(|code| secrets.redact(code)), message)
    }

    /// Returns the `retcode` as a string, such as `00008`; `None` without an envelope. No list of retcodes is public.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        self.retcode.as_deref()
    }

    /// Returns the `retmsg`, which is meant for people. A message of more than 4,096 bytes is truncated.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns whether the message says that the idempotency key was used before. Inferred.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.mentions(&["duplicat", "repeated", "already exist", "already been used"])
    }

    /// Returns the noun of a record, in lower case, if the message says that the record does not exist: the noun before "not
    /// found" or "does not exist" is one of [`RECORDS`], as in "order not found", "API order 7 not found" or "refundOrderNo does
    /// not exist". Inferred.
    ///
    /// "payment method not found" and "order service not found" end with another noun, and a bare "Not Found" may be that of a
    /// router. A caller may pay again after this result, so that a message in doubt is not of this kind.
    pub(crate) fn missing_record(&self) -> Option<String> {
        let message = self.message.as_deref().unwrap_or_default();
        let lowercase = message.to_ascii_lowercase();
        let phrases = ["not found", "not exist", "doesn't exist"];
        let start = phrases.iter().find_map(|phrase| lowercase.find(phrase));
        let start = start.filter(|_| !self.mentions(&NOT_RECORDS))?;
        record_noun(&message[..start])
    }

    /// Returns whether the message says that the TIMESTAMP was too far off. Inferred. "Missing header [TIMESTAMP]" is another
    /// problem.
    pub(crate) fn is_about_timestamp(&self) -> bool {
        self.mentions(&["timestamp"]) && !self.mentions(&["missing"])
    }

    /// Returns whether the message says that the network address is not allowed. The live gateway sent `ip not matched:
    /// <ip>`.
    pub(crate) fn is_about_address(&self) -> bool {
        self.mentions(&["ip not matched"])
    }

    fn mentions(&self, words: &[&str]) -> bool {
        let message = self.message.as_deref().unwrap_or_default().to_lowercase();
        words.iter().any(|word| message.contains(word))
    }
}

/// Returns the noun of this subject of a message, such as `refundOrderNo` or `The order 7 does`, if it is one of [`RECORDS`].
fn record_noun(subject: &str) -> Option<String> {
    let subject = subject.to_lowercase().replace('_', "");
    // In "merchant of the order", the merchant is missing, and in "record of the order", the order.
    let subject = match subject.split_once(" of ") {
        Some((record, owner)) if record.ends_with("record") => owner,
        Some((subject, _)) => subject,
        None => &subject,
    };
    let words = subject.split(|c: char| c.is_whitespace() || "[](){}:;,.'\"`".contains(c));
    // A word with a digit is the number of a record, not a noun.
    let fillers = ["the", "this", "is", "was", "does", "do", "did"];
    let is_noun = |word: &&str| {
        !word.is_empty() && !word.contains(char::is_numeric) && !fillers.contains(word)
    };
    let mut nouns = words.filter(is_noun).rev();
    // "order: 404 Not Found" may be the status of another server, whose name is before the colon.
    subject
        .rsplit(':')
        .next()?
        .split_whitespace()
        .find(is_noun)?;
    let noun = match (nouns.next()?, nouns.next()) {
        // An "API user" is the caller, and so may be any other kind of user.
        ("user", before) => return before.is_none().then(|| "user".to_owned()),
        ("id", Some(noun)) => format!("{noun}id"),
        // In "customer record", the customer is missing.
        ("record", Some(noun)) => noun.to_owned(),
        ("no" | "number", Some(noun)) => format!("{noun}no"),
        (noun, _) => noun.to_owned(),
    };
    RECORDS.contains(&&*noun).then_some(noun)
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

/// Retcodes are short. A longer value may contain private data.
fn redact_retcode(code: &str) -> String {
    redact(code).escape_debug().take(MAX_RETCODE).collect()
}

/// Returns at most `max` bytes from the start of the text.
fn start_of(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn truncate(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_DISPLAYED_MESSAGE).collect();
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
    fn missing_record_is_recognised_by_the_message() {
        for (message, missing) in [
            ("order does not exist", true),
            ("Order Not Found", true),
            ("orderNo 7 doesn't exist", true),
            ("orderNo already exists", false),
            ("access token not found", false),
            ("Not Found", false),
            ("developer account not found", false),
            ("merchant does not exist", false),
            ("merchant of the order does not exist", false),
            ("no route: path /checkout/order/info not found", false),
            ("resource not found", false),
            ("refundOrderNo does not exist", true),
            ("customer 6 not found", true),
            ("header [SIGNATURE] not found", false),
            ("GET /checkout/order/info not found", false),
            ("order-service not found", false),
            ("payment method not found", false),
            ("user profile not found", false),
            ("API user not found", false),
            ("order endpoint does not exist", false),
            ("order not found", true),
            ("API order not found", true),
            ("API order 7 not found", true),
            ("The order is not found", true),
            ("order number A1 does not exist", true),
            ("order [A1] not found", true),
            ("merchant order does not exist", true),
            ("order not found for merchant 7", true),
            ("requestId does not exist", true),
            ("clientId 7 does not exist", true),
            ("client_id 7 does not exist", true),
            ("TXNO not found", true),
            ("orderno does not exist", true),
            ("order no A1 does not exist", true),
            ("request id 7 does not exist", true),
            ("request number 7 does not exist", false),
            ("user does not exist", true),
            ("user 7 does not exist", true),
            ("user id 7 does not exist", true),
            ("settlementOrderNo 7 does not exist", true),
            ("client not found", false),
            ("request not found", false),
            ("developer user not found", false),
            ("record of the order does not exist", true),
            ("record of the merchant not found", false),
            ("record not found", true),
            ("order record 7 not found", true),
            ("merchant record not found", false),
            ("permission of the user does not exist", false),
            ("order API not found", false),
            ("order url not found", false),
            ("orderType does not exist", false),
            ("orderService not found", false),
            ("invalid token: order not found", false),
            ("not found: order 7", false),
            ("order: 404 Not Found", false),
            ("order: 404 not found", false),
            ("order 7: 404 not found", false),
            ("order:404 Not Found", false),
            ("order: A1 does not exist", false),
            ("order: Not Found", false),
            ("error: order 7 not found", true),
            ("API: user not found", false),
            ("7 not found", false),
            ("", false),
        ] {
            let noun = api_error(message).missing_record();
            assert_eq!(noun.is_some(), missing, "{message}");
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
    fn long_message_is_cut_without_revealing_a_secret() {
        let secrets = KnownSecrets::default();
        secrets.remember(&"9f86d081884c7d65".into());
        for start in [MAX_MESSAGE - 20, MAX_MESSAGE - 8, MAX_MESSAGE] {
            let message = format!(
                "{} 9f86d081884c7d65 {}",
                "x".repeat(start),
                "+1 ".repeat(9_999)
            );
            let error = ApiError::received(Some("9F86D081884C7D65"), Some(&message), &secrets);
            let kept = error.message().unwrap();
            assert!(
                kept.len() <= MAX_MESSAGE + " …".len() && !kept.contains("9f86"),
                "{}",
                kept.len()
            );
            assert_eq!(error.retcode(), Some("…"));
        }
        let whole = "+1 ".repeat(9);
        let error = ApiError::received(None, Some(&whole), &secrets);
        assert_eq!(error.message(), Some(&*whole));
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
