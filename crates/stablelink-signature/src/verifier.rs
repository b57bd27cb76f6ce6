//! Verification of received messages.

use std::time::Duration;

use hmac::Mac;

use crate::signature::{self, ReceivedSignature};
use crate::signature_headers::{SignatureHeaders, TIMESTAMP};
use crate::{MessageKind, SignatureError, SigningKey, Timestamp, TimestampError};

/// Verifies signatures with one or more keys. Rejects a signature whose timestamp differs from the
/// current time by more than the tolerance.
///
/// Each key costs one pass over the message. A verifier with several keys allocates once per call.
///
/// Page: <https://developer.en.wcheckout.app/8061103m0>
#[derive(Clone, Debug)]
pub struct Verifier {
    first: SigningKey,
    others: Vec<SigningKey>,
    tolerance: Duration,
}

/// The result of a successful verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedSignature {
    /// Index of the key that matches: 0 for the key of [`Verifier::new`], then in the order in
    /// which the keys were added.
    pub key_index: usize,
    /// The signing time by the signer's clock.
    pub timestamp: Timestamp,
}

/// The reason why a message failed verification. It never contains a key or the expected signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header is missing.
    #[error("header {header} is missing")]
    MissingHeader {
        /// The name of the header, or the accepted names.
        header: &'static str,
    },
    /// The value of `TIMESTAMP` is not a timestamp.
    #[error("invalid header {TIMESTAMP}: {0}")]
    Timestamp(#[source] TimestampError),
    /// The value of the signature header is not a well-formed signature.
    #[error("invalid header {header}: {reason}")]
    Signature {
        /// The name of the header, or the accepted names.
        header: &'static str,
        /// The reason why the value is not well-formed.
        #[source]
        reason: SignatureError,
    },
    /// The signature matches none of the keys.
    #[error(
        "the signature matches none of the {keys} sign key(s): a different key was used, or method, timestamp, path, query or body differ from the signed bytes (pass the body as received, before any parsing)"
    )]
    Mismatch {
        /// Number of keys tried.
        keys: usize,
    },
    /// The signature is valid but too old: a replay or a late delivery.
    #[error(
        "the signature is valid but {} old (tolerance {}){}",
        DisplayDuration(*.age),
        DisplayDuration(*.tolerance),
        likely_unit(*.age, "seconds instead of milliseconds")
    )]
    TooOld {
        /// Age of the signature.
        age: Duration,
        /// The tolerance of the verifier.
        tolerance: Duration,
    },
    /// The signature is valid but its timestamp is in the future: one of the clocks is wrong.
    #[error(
        "the signature is valid but {} ahead of this clock (tolerance {}){}",
        DisplayDuration(*.ahead),
        DisplayDuration(*.tolerance),
        likely_unit(*.ahead, "microseconds, or `now` in seconds")
    )]
    TooNew {
        /// Distance from this clock.
        ahead: Duration,
        /// The tolerance of the verifier.
        tolerance: Duration,
    },
}

impl Verifier {
    /// The default tolerance, in both directions: 2 minutes, like the gateway's.
    pub const TOLERANCE: Duration = Duration::from_secs(2 * 60);

    /// Creates a verifier with one key.
    #[must_use]
    pub const fn new(key: SigningKey) -> Self {
        Self {
            first: key,
            others: Vec::new(),
            tolerance: Self::TOLERANCE,
        }
    }

    /// Adds a key. During a key rotation both the old and the new key are in use.
    #[must_use]
    pub fn with_key(mut self, key: SigningKey) -> Self {
        self.others.push(key);
        self
    }

    /// Sets the largest accepted difference between timestamp and `now`, in both directions
    /// (inclusive). Default: 2 minutes. `Duration::ZERO` accepts only the same millisecond.
    /// `Duration::MAX` accepts any age: then only deduplication by the caller prevents replays.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a request, webhook or response. Pass the body as received, before any parsing, in
    /// any number of parts, or [`NO_BODY`](crate::NO_BODY).
    ///
    /// Pass `Timestamp::try_from(SystemTime::now())` as `now`, or a fixed time in tests. All keys
    /// are always tried, so the duration does not reveal which key matches.
    ///
    /// A valid message can be replayed within the tolerance: the caller has to deduplicate.
    ///
    /// # Errors
    ///
    /// Returns the reason as a [`VerifyError`]. The age is checked last: after
    /// [`VerifyError::TooOld`] and [`VerifyError::TooNew`] everything else is valid.
    pub fn verify<'a, B: AsRef<[u8]>>(
        &self,
        message: impl Into<MessageKind<'a>>,
        headers: SignatureHeaders<'_>,
        body: impl IntoIterator<Item = B>,
        now: Timestamp,
    ) -> Result<VerifiedSignature, VerifyError> {
        let header = headers.signature_header;
        let missing = |header| VerifyError::MissingHeader { header };
        let signature = headers.signature.ok_or_else(|| missing(header))?;
        let timestamp = headers.timestamp.ok_or_else(|| missing(TIMESTAMP))?;
        let timestamp = Timestamp::parse(timestamp).map_err(VerifyError::Timestamp)?;
        let signature = signature::parse(signature)
            .map_err(|reason| VerifyError::Signature { header, reason })?;
        let key_index = self.matching_key(&message.into(), timestamp, body, signature)?;
        self.check_age(timestamp, now)?;
        Ok(VerifiedSignature {
            key_index,
            timestamp,
        })
    }

    fn matching_key<B: AsRef<[u8]>>(
        &self,
        message: &MessageKind<'_>,
        timestamp: Timestamp,
        body: impl IntoIterator<Item = B>,
        signature: ReceivedSignature,
    ) -> Result<usize, VerifyError> {
        let start = |key: &SigningKey| key.start_mac(message, timestamp);
        let mut first = start(&self.first);
        let mut others: Vec<_> = self.others.iter().map(start).collect();
        for part in body {
            first.update(part.as_ref());
            for mac in &mut others {
                mac.update(part.as_ref());
            }
        }
        let keys = 1 + others.len();
        let macs = std::iter::once(first).chain(others);
        first_true(macs.map(|mac| signature.matches(mac))).ok_or(VerifyError::Mismatch { keys })
    }

    fn check_age(&self, timestamp: Timestamp, now: Timestamp) -> Result<(), VerifyError> {
        let tolerance = self.tolerance;
        let (now, then) = (now.as_millis(), timestamp.as_millis());
        let distance = Duration::from_millis(now.abs_diff(then));
        if distance <= tolerance {
            Ok(())
        } else if then < now {
            let age = distance;
            Err(VerifyError::TooOld { age, tolerance })
        } else {
            let ahead = distance;
            Err(VerifyError::TooNew { ahead, tolerance })
        }
    }
}

/// Returns the index of the first `true`. Consumes the whole iterator, so the duration does not
/// reveal which key matches.
fn first_true(results: impl Iterator<Item = bool>) -> Option<usize> {
    results.enumerate().fold(None, |found, (index, result)| {
        found.or(result.then_some(index))
    })
}

/// Displays a duration in its two largest non-zero units.
struct DisplayDuration(Duration);

impl std::fmt::Display for DisplayDuration {
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
                let space = if shown > 0 { " " } else { "" };
                write!(f, "{space}{count} {name}")?;
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

/// Returns a hint at a wrong time unit if the difference is larger than a wrongly set clock explains.
/// Seconds read as milliseconds are in January 1970, microseconds are millennia in the future.
fn likely_unit(difference: Duration, unit: &str) -> String {
    const TWENTY_YEARS: Duration = Duration::from_secs(20 * 365 * 86_400);
    if difference > TWENTY_YEARS {
        format!(": is the timestamp in {unit}?")
    } else {
        String::new()
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
        let headers = SignatureHeaders::new(Some(signature.as_bytes()), Some(text.as_bytes()));
        verifier.verify(MessageKind::Webhook, headers, ["{", "}"], NOW)
    }

    #[test]
    fn verify_returns_index_of_matching_key() {
        let keys = ["unit-test-a", "unit-test-b", "unit-test-c"].map(key);
        let [a, b, c] = keys.clone();
        let verifier = Verifier::new(a).with_key(b).with_key(c);
        for (index, by) in keys.iter().enumerate() {
            let verified = check(&verifier, by, NOW.as_millis()).unwrap();
            assert_eq!((verified.key_index, verified.timestamp), (index, NOW));
        }
        let stranger = check(&verifier, &key("unit-test-d"), NOW.as_millis());
        assert_eq!(stranger, Err(VerifyError::Mismatch { keys: 3 }));
        // Of two equal keys the first one matches.
        let twice = Verifier::new(key("unit-test-a")).with_key(key("unit-test-a"));
        let verified = check(&twice, &keys[0], NOW.as_millis()).unwrap();
        assert_eq!(verified.key_index, 0);
    }

    #[test]
    fn tolerance_is_inclusive_in_both_directions() {
        let key = key("unit-test-a");
        let default = Verifier::new(key.clone());
        let narrow = default.clone().tolerance(Duration::from_millis(1));
        let none = default.clone().tolerance(Duration::ZERO);
        let all = default.clone().tolerance(Duration::MAX);
        let cases = [
            (&default, 0, ""),
            (&default, -120_000, ""),
            (&default, 120_000, ""),
            (&default, -120_001, "2 min 1 ms old (tolerance 2 min)"),
            (&default, -200_500, "3 min 20 s old (tolerance 2 min)"),
            (
                &default,
                120_001,
                "2 min 1 ms ahead of this clock (tolerance 2 min)",
            ),
            (&narrow, 1, ""),
            (&narrow, -2, "2 ms old (tolerance 1 ms)"),
            (&none, 0, ""),
            (&none, 1, "1 ms ahead of this clock (tolerance 0 ms)"),
            (&all, -1_779_846_460_000, ""),
        ];
        for (verifier, offset, expected) in cases {
            let at = NOW.as_millis().checked_add_signed(offset).unwrap();
            let error = check(verifier, &key, at).err().map(|e| e.to_string());
            let expected = format!("the signature is valid but {expected}");
            let expected = (!expected.ends_with("but ")).then_some(expected);
            assert_eq!(error, expected, "{offset}");
        }
    }

    #[test]
    fn difference_over_twenty_years_hints_at_wrong_unit() {
        let now = NOW.as_millis();
        let twenty = 20 * 365 * 86_400_000;
        let (seconds, microseconds) = (
            ": is the timestamp in seconds instead of milliseconds?",
            ": is the timestamp in microseconds, or `now` in seconds?",
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
        for (at, how, hint) in cases {
            let error = check(&Verifier::new(key.clone()), &key, at).unwrap_err();
            assert_eq!(matches!(error, VerifyError::TooOld { .. }), at < now);
            let end = format!(" {how} (tolerance 2 min){hint}");
            assert!(error.to_string().ends_with(&end), "{at}: {error}");
        }
    }

    #[test]
    fn extreme_timestamps_do_not_panic() {
        let key = key("unit-test-a");
        for tolerance in [Duration::ZERO, Verifier::TOLERANCE, Duration::MAX] {
            let verifier = Verifier::new(key.clone()).tolerance(tolerance);
            for (at, now) in [(0, 0), (0, u64::MAX), (u64::MAX, 0), (u64::MAX, u64::MAX)] {
                let timestamp = Timestamp::from_millis(at);
                let signature = key
                    .sign(MessageKind::Webhook, timestamp, NO_BODY)
                    .to_base64();
                let text = timestamp.to_string();
                let headers =
                    SignatureHeaders::new(Some(signature.as_bytes()), Some(text.as_bytes()));
                let now = Timestamp::from_millis(now);
                let result = verifier.verify(MessageKind::Webhook, headers, NO_BODY, now);
                let fresh = timestamp == now || tolerance == Duration::MAX;
                assert_eq!(result.is_ok(), fresh, "{timestamp} {now}: {result:?}");
            }
        }
    }

    #[test]
    fn tolerance_below_a_millisecond_is_zero() {
        let key = key("unit-test-a");
        let verifier = Verifier::new(key.clone()).tolerance(Duration::from_nanos(999_999));
        assert!(check(&verifier, &key, NOW.as_millis()).is_ok());
        assert!(check(&verifier, &key, NOW.as_millis() - 1).is_err());
    }

    #[test]
    fn all_keys_are_tried_whichever_matches() {
        let cases: &[(&[bool], Option<usize>)] = &[
            (&[], None),
            (&[false, false], None),
            (&[true, false, false], Some(0)),
            (&[false, true, true], Some(1)),
            (&[false, false, true], Some(2)),
        ];
        for (results, expected) in cases {
            let mut tried = 0;
            let counted = results.iter().copied().inspect(|_| tried += 1);
            assert_eq!(first_true(counted), *expected, "{results:?}");
            assert_eq!(tried, results.len(), "{results:?}");
        }
    }

    #[test]
    fn debug_redacts_keys() {
        let verifier = Verifier::new(key("unit-test-a")).with_key(key("unit-test-b"));
        assert_eq!(
            format!("{verifier:?}"),
            "Verifier { first: SigningKey([REDACTED]), others: [SigningKey([REDACTED])], tolerance: 120s }"
        );
    }

    #[test]
    fn error_names_invalid_header() {
        let key = key("unit-test-a");
        let good = key.sign(MessageKind::Response, NOW, NO_BODY).to_base64();
        let (good, now) = (Some(good.as_bytes()), NOW.to_string());
        let now = Some(now.as_bytes());
        let cases: &[(SignatureHeaders<'_>, &str)] = &[
            (
                SignatureHeaders::new(None, now),
                "header SIGNATURE is missing",
            ),
            (
                SignatureHeaders::new(good, None),
                "header TIMESTAMP is missing",
            ),
            (
                SignatureHeaders::from_response_headers(|_| None),
                "header D-Signature or SIGNATURE is missing",
            ),
            (
                SignatureHeaders::new(good, Some(b"soon")),
                "invalid header TIMESTAMP: not a number: expected milliseconds since the epoch in decimal digits, without sign, spaces or decimal point",
            ),
            (
                SignatureHeaders::new(Some(&[b'0'; 128]), now),
                "invalid header SIGNATURE: expected 88 characters (Base64 of an HMAC-SHA512), found 128 (is it hexadecimal?)",
            ),
            (
                SignatureHeaders::new(Some(&[b'!'; 88]), now),
                "invalid header SIGNATURE: expected Base64 of 64 bytes (standard alphabet with + and /, padded with ==)",
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
    fn wrong_signature_is_reported_before_age() {
        let verifier = Verifier::new(key("unit-test-a"));
        let error = check(&verifier, &key("unit-test-b"), 17).unwrap_err();
        assert_eq!(error, VerifyError::Mismatch { keys: 1 });
    }
}
