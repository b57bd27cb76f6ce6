//! Checking what was received.

use std::time::Duration;

use hmac::Mac;

use crate::signature::{self, Claimed};
use crate::signature_headers::{SignatureHeaders, TIMESTAMP};
use crate::{MessageKind, SignatureError, SigningKey, Timestamp, TimestampError};

/// Checks signatures with one key or several, and how old they are.
///
/// Each key costs a pass over the message, and all keys after the first together one allocation.
/// Page: <https://developer.en.wcheckout.app/8061103m0>
#[derive(Clone, Debug)]
pub struct Verifier {
    first: SigningKey,
    others: Vec<SigningKey>,
    tolerance: Duration,
}

/// A signature that is right and fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedSignature {
    /// Which key it was made with: 0 for the one of [`Verifier::new`], then as they were added.
    pub key_index: usize,
    /// When it was signed, by the signer's clock.
    pub timestamp: Timestamp,
}

/// Why a message is not to be trusted. Never holds a key or the signature that would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header did not come.
    #[error("the header {header} is missing")]
    MissingHeader {
        /// Its name, or the names that would do.
        header: &'static str,
    },
    /// The value of `TIMESTAMP` is not one.
    #[error("the header {TIMESTAMP} can't be read: {0}")]
    Timestamp(#[source] TimestampError),
    /// The value of the signature header can't be a signature of anything.
    #[error("the header {header} can't be read: {reason}")]
    Signature {
        /// Its name, or the names that would do.
        header: &'static str,
        /// What is wrong.
        #[source]
        reason: SignatureError,
    },
    /// No key makes this signature of what came.
    #[error(
        "the signature matches none of the {keys} sign key(s): another key, or not the bytes that were signed (method, timestamp, path, query and the body as it came, before any parsing)"
    )]
    Mismatch {
        /// How many keys were tried.
        keys: usize,
    },
    /// The signature is right but was made too long ago. It may be a replay, or a late delivery.
    #[error(
        "the signature is right but {} old, and {} are allowed{}",
        Plain(*.age),
        Plain(*.tolerance),
        seconds_suspicion(*.age)
    )]
    TooOld {
        /// How long ago.
        age: Duration,
        /// What is allowed.
        tolerance: Duration,
    },
    /// The signature is right but from the future: one of the two clocks is wrong.
    #[error(
        "the signature is right but {} ahead of this clock, and {} are allowed{}",
        Plain(*.ahead),
        Plain(*.tolerance),
        fraction_suspicion(*.ahead)
    )]
    TooNew {
        /// How far ahead.
        ahead: Duration,
        /// What is allowed.
        tolerance: Duration,
    },
}

impl Verifier {
    /// How far a timestamp may be off by default, in both directions: the gateway's own rule.
    pub const TOLERANCE: Duration = Duration::from_secs(2 * 60);

    /// Checks with one key.
    #[must_use]
    pub const fn new(key: SigningKey) -> Self {
        Self {
            first: key,
            others: Vec::new(),
            tolerance: Self::TOLERANCE,
        }
    }

    /// Accepts one more key: while a key is being changed, the old and the new one are in use.
    #[must_use]
    pub fn with_key(mut self, key: SigningKey) -> Self {
        self.others.push(key);
        self
    }

    /// Sets how far a timestamp may be off, in both directions; 2 minutes by default. Exactly that
    /// much is accepted, `Duration::ZERO` accepts the very millisecond only, and `Duration::MAX`
    /// any age: then nothing but your own memory stops a replay.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks a request, webhook or response. The body comes as it was received, before any
    /// parsing, in any number of parts; [`NO_BODY`](crate::NO_BODY) where there is none.
    ///
    /// `now` is the caller's: `Timestamp::try_from(SystemTime::now())`, or of a test. Every key is
    /// tried to the end, so that the duration doesn't tell which one matched, or how nearly.
    ///
    /// A right signature can be sent again within the tolerance: remember what was handled.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`] that says what is wrong. The age comes last: [`VerifyError::TooOld`] and
    /// [`VerifyError::TooNew`] mean that everything else is right.
    pub fn verify<'a, B: AsRef<[u8]>>(
        &self,
        subject: impl Into<MessageKind<'a>>,
        received: SignatureHeaders<'_>,
        body: impl IntoIterator<Item = B>,
        now: Timestamp,
    ) -> Result<VerifiedSignature, VerifyError> {
        let header = received.signature_header;
        let signature = received
            .signature
            .ok_or(VerifyError::MissingHeader { header })?;
        let timestamp = received
            .timestamp
            .ok_or(VerifyError::MissingHeader { header: TIMESTAMP })?;
        let timestamp = Timestamp::parse(timestamp).map_err(VerifyError::Timestamp)?;
        let signature = signature::parse(signature)
            .map_err(|reason| VerifyError::Signature { header, reason })?;
        let key_index = self.matching_key(&subject.into(), timestamp, body, signature)?;
        self.check_age(timestamp, now)?;
        Ok(VerifiedSignature {
            key_index,
            timestamp,
        })
    }

    fn matching_key<B: AsRef<[u8]>>(
        &self,
        subject: &MessageKind<'_>,
        timestamp: Timestamp,
        body: impl IntoIterator<Item = B>,
        signature: Claimed,
    ) -> Result<usize, VerifyError> {
        let begin = |key: &SigningKey| key.begin(subject, timestamp);
        let mut first = begin(&self.first);
        let mut others: Vec<_> = self.others.iter().map(begin).collect();
        for part in body {
            first.update(part.as_ref());
            for mac in &mut others {
                mac.update(part.as_ref());
            }
        }
        let keys = 1 + others.len();
        let macs = std::iter::once(first).chain(others);
        first_true(macs.map(|mac| signature.is_of(mac))).ok_or(VerifyError::Mismatch { keys })
    }

    fn check_age(&self, timestamp: Timestamp, now: Timestamp) -> Result<(), VerifyError> {
        let tolerance = self.tolerance;
        let (now, then) = (now.as_millis(), timestamp.as_millis());
        let off = Duration::from_millis(now.abs_diff(then));
        if off <= tolerance {
            Ok(())
        } else if then < now {
            Err(VerifyError::TooOld {
                age: off,
                tolerance,
            })
        } else {
            Err(VerifyError::TooNew {
                ahead: off,
                tolerance,
            })
        }
    }
}

/// The place of the first `true`. Asks for all of them, also after it: the duration must not tell
/// which key it was.
fn first_true(answers: impl Iterator<Item = bool>) -> Option<usize> {
    answers.enumerate().fold(None, |found, (place, answer)| {
        found.or(answer.then_some(place))
    })
}

/// A duration in its two largest units that are not zero.
struct Plain(Duration);

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const UNITS: [(&str, u128); 5] = [
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("min", 60_000),
            ("s", 1_000),
            ("ms", 1),
        ];
        let mut rest = self.0.as_millis();
        let mut shown = 0;
        for (name, unit) in UNITS {
            let count = rest / unit;
            rest %= unit;
            if count > 0 && shown < 2 {
                let blank = if shown > 0 { " " } else { "" };
                write!(f, "{blank}{count} {name}")?;
                shown += 1;
            }
        }
        if shown == 0 {
            f.write_str("0 ms")
        } else {
            Ok(())
        }
    }
}

/// More than a clock that is set wrong is off by.
const TWENTY_YEARS: Duration = Duration::from_secs(20 * 365 * 86_400);

/// Seconds taken for milliseconds lie in January 1970.
fn seconds_suspicion(age: Duration) -> &'static str {
    if age > TWENTY_YEARS {
        ": is the timestamp in seconds instead of milliseconds?"
    } else {
        ""
    }
}

/// Microseconds taken for milliseconds lie tens of thousands of years ahead.
fn fraction_suspicion(ahead: Duration) -> &'static str {
    if ahead > TWENTY_YEARS {
        ": is the timestamp in microseconds, or now in seconds?"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NO_BODY;

    const NOW: Timestamp = Timestamp::from_millis(1_779_846_460_000);

    fn key(text: &str) -> SigningKey {
        SigningKey::new(&text.into()).unwrap()
    }

    fn check(
        verifier: &Verifier,
        by: &SigningKey,
        at: u64,
    ) -> Result<VerifiedSignature, VerifyError> {
        let timestamp = Timestamp::from_millis(at);
        let signature = by
            .sign(MessageKind::Webhook, timestamp, [b"{}"])
            .to_base64();
        let text = timestamp.to_string();
        let received = SignatureHeaders::new(Some(signature.as_bytes()), Some(text.as_bytes()));
        verifier.verify(MessageKind::Webhook, received, ["{", "}"], NOW)
    }

    #[test]
    fn says_which_key_matched() {
        let keys = ["unit-test-a", "unit-test-b", "unit-test-c"].map(key);
        let [a, b, c] = keys.clone();
        let verifier = Verifier::new(a).with_key(b).with_key(c);
        for (index, by) in keys.iter().enumerate() {
            let verified = check(&verifier, by, NOW.as_millis()).unwrap();
            assert_eq!((verified.key_index, verified.timestamp), (index, NOW));
        }
        let stranger = check(&verifier, &key("unit-test-d"), NOW.as_millis());
        assert_eq!(stranger, Err(VerifyError::Mismatch { keys: 3 }));
        // The first of two equal keys.
        let twice = Verifier::new(key("unit-test-a")).with_key(key("unit-test-a"));
        let verified = check(&twice, &keys[0], NOW.as_millis()).unwrap();
        assert_eq!(verified.key_index, 0);
    }

    #[test]
    fn tolerance_ends_on_the_millisecond_both_ways() {
        let key = key("unit-test-a");
        let default = Verifier::new(key.clone());
        let narrow = default.clone().tolerance(Duration::from_millis(1));
        let none = default.clone().tolerance(Duration::ZERO);
        let all = default.clone().tolerance(Duration::MAX);
        let cases: &[(&Verifier, i64, Option<&str>)] = &[
            (&default, 0, None),
            (&default, -120_000, None),
            (&default, 120_000, None),
            (
                &default,
                -120_001,
                Some("the signature is right but 2 min 1 ms old, and 2 min are allowed"),
            ),
            (
                &default,
                -200_500,
                Some("the signature is right but 3 min 20 s old, and 2 min are allowed"),
            ),
            (
                &default,
                120_001,
                Some(
                    "the signature is right but 2 min 1 ms ahead of this clock, and 2 min are allowed",
                ),
            ),
            (&narrow, 1, None),
            (
                &narrow,
                -2,
                Some("the signature is right but 2 ms old, and 1 ms are allowed"),
            ),
            (&none, 0, None),
            (
                &none,
                1,
                Some("the signature is right but 1 ms ahead of this clock, and 0 ms are allowed"),
            ),
            (&all, -1_779_846_460_000, None),
        ];
        for (verifier, off, expected) in cases {
            let at = NOW.as_millis().checked_add_signed(*off).unwrap();
            let error = check(verifier, &key, at).err().map(|e| e.to_string());
            assert_eq!(error.as_deref(), *expected, "{off}");
        }
    }

    #[test]
    fn another_unit_is_suspected_from_twenty_years_on() {
        let now = NOW.as_millis();
        let twenty = 20 * 365 * 86_400_000;
        let (seconds, microseconds) = (
            ": is the timestamp in seconds instead of milliseconds?",
            ": is the timestamp in microseconds, or now in seconds?",
        );
        let cases = [
            (now / 1000, "old", seconds),
            (0, "old", seconds),
            (now - twenty - 1, "old", seconds),
            (now - twenty, "old", ""),
            (now + twenty, "ahead of this clock", ""),
            (now + twenty + 1, "ahead of this clock", microseconds),
            (now * 1000, "ahead of this clock", microseconds),
            (u64::MAX, "ahead of this clock", microseconds),
        ];
        let key = key("unit-test-a");
        for (at, how, suspicion) in cases {
            let error = check(&Verifier::new(key.clone()), &key, at).unwrap_err();
            assert_eq!(matches!(error, VerifyError::TooOld { .. }), at < now);
            let end = format!(" {how}, and 2 min are allowed{suspicion}");
            assert!(error.to_string().ends_with(&end), "{at}: {error}");
        }
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        let key = key("unit-test-a");
        for tolerance in [Duration::ZERO, Verifier::TOLERANCE, Duration::MAX] {
            let verifier = Verifier::new(key.clone()).tolerance(tolerance);
            for (at, now) in [(0, 0), (0, u64::MAX), (u64::MAX, 0), (u64::MAX, u64::MAX)] {
                let timestamp = Timestamp::from_millis(at);
                let signature = key
                    .sign(MessageKind::Webhook, timestamp, NO_BODY)
                    .to_base64();
                let text = timestamp.to_string();
                let received =
                    SignatureHeaders::new(Some(signature.as_bytes()), Some(text.as_bytes()));
                let now = Timestamp::from_millis(now);
                let result = verifier.verify(MessageKind::Webhook, received, NO_BODY, now);
                let fresh = timestamp == now || tolerance == Duration::MAX;
                assert_eq!(result.is_ok(), fresh, "{timestamp} {now}: {result:?}");
            }
        }
    }

    #[test]
    fn a_part_of_a_millisecond_of_tolerance_allows_none() {
        let key = key("unit-test-a");
        let verifier = Verifier::new(key.clone()).tolerance(Duration::from_nanos(999_999));
        assert!(check(&verifier, &key, NOW.as_millis()).is_ok());
        assert!(check(&verifier, &key, NOW.as_millis() - 1).is_err());
    }

    #[test]
    fn all_keys_are_asked_whichever_matches() {
        let cases: &[(&[bool], Option<usize>)] = &[
            (&[], None),
            (&[false, false], None),
            (&[true, false, false], Some(0)),
            (&[false, true, true], Some(1)),
            (&[false, false, true], Some(2)),
        ];
        for (answers, expected) in cases {
            let mut asked = 0;
            let counted = answers.iter().copied().inspect(|_| asked += 1);
            assert_eq!(first_true(counted), *expected, "{answers:?}");
            assert_eq!(asked, answers.len(), "{answers:?}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let verifier = Verifier::new(key("unit-test-a")).with_key(key("unit-test-b"));
        assert_eq!(
            format!("{verifier:?}"),
            "Verifier { first: SigningKey([REDACTED]), others: [SigningKey([REDACTED])], tolerance: 120s }"
        );
    }

    #[test]
    fn says_which_header_is_wrong() {
        let key = key("unit-test-a");
        let good = key.sign(MessageKind::Response, NOW, NO_BODY).to_base64();
        let (good, now) = (Some(good.as_bytes()), NOW.to_string());
        let now = Some(now.as_bytes());
        let cases: &[(SignatureHeaders<'_>, &str)] = &[
            (
                SignatureHeaders::new(None, now),
                "the header SIGNATURE is missing",
            ),
            (
                SignatureHeaders::new(good, None),
                "the header TIMESTAMP is missing",
            ),
            (
                SignatureHeaders::from_response_headers(|_| None),
                "the header D-Signature or SIGNATURE is missing",
            ),
            (
                SignatureHeaders::new(good, Some(b"soon")),
                "the header TIMESTAMP can't be read: it is not a number; milliseconds since the epoch in decimal digits are needed, without a sign, blanks or a point",
            ),
            (
                SignatureHeaders::new(Some(&[b'0'; 128]), now),
                "the header SIGNATURE can't be read: it is 128 characters long, and the Base64 of an HMAC-SHA512 is 88: was it written in hexadecimal?",
            ),
            (
                SignatureHeaders::new(Some(&[b'!'; 88]), now),
                "the header SIGNATURE can't be read: it is not the Base64 of 64 bytes (standard alphabet with + and /, padded with ==)",
            ),
        ];
        let verifier = Verifier::new(key.clone());
        for (received, expected) in cases {
            let error = verifier.verify(MessageKind::Response, *received, NO_BODY, NOW);
            assert_eq!(error.unwrap_err().to_string(), *expected);
        }
        let received = SignatureHeaders::new(good, now);
        assert!(
            verifier
                .verify(MessageKind::Response, received, NO_BODY, NOW)
                .is_ok()
        );
    }

    #[test]
    fn a_wrong_signature_is_not_called_old() {
        let verifier = Verifier::new(key("unit-test-a"));
        let error = check(&verifier, &key("unit-test-b"), 17).unwrap_err();
        assert_eq!(error, VerifyError::Mismatch { keys: 1 });
    }
}
