//! Checking what was received.

use std::time::Duration;

use hmac::Mac;

use crate::received::{Received, TIMESTAMP};
use crate::{SignKey, SignatureError, Subject, Timestamp, TimestampError, signature};

/// Checks signatures with one key or several, and how old they are.
#[derive(Clone, Debug)]
pub struct Verifier {
    first: SignKey,
    others: Vec<SignKey>,
    tolerance: Duration,
}

/// A signature that is right and fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
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
        "the signature is right but {} ahead of this clock, and {} are allowed",
        Plain(*.ahead),
        Plain(*.tolerance)
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
    pub const fn new(key: SignKey) -> Self {
        Self {
            first: key,
            others: Vec::new(),
            tolerance: Self::TOLERANCE,
        }
    }

    /// Accepts one more key: while a key is being changed, the old and the new one are in use.
    #[must_use]
    pub fn or(mut self, key: SignKey) -> Self {
        self.others.push(key);
        self
    }

    /// Sets how far a timestamp may be off, in both directions. Exactly that much is accepted.
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
        subject: impl Into<Subject<'a>>,
        received: Received<'_>,
        body: impl IntoIterator<Item = B>,
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
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
        let key_index = self.matching_key(&subject.into(), timestamp, body, &signature)?;
        self.check_age(timestamp, now)?;
        Ok(Verified {
            key_index,
            timestamp,
        })
    }

    fn matching_key<B: AsRef<[u8]>>(
        &self,
        subject: &Subject<'_>,
        timestamp: Timestamp,
        body: impl IntoIterator<Item = B>,
        signature: &[u8],
    ) -> Result<usize, VerifyError> {
        let begin = |key: &SignKey| key.begin(subject, timestamp);
        let mut first = begin(&self.first);
        let mut others: Vec<_> = self.others.iter().map(begin).collect();
        for part in body {
            first.update(part.as_ref());
            for mac in &mut others {
                mac.update(part.as_ref());
            }
        }
        let keys = 1 + others.len();
        std::iter::once(first)
            .chain(others)
            .enumerate()
            // `verify_slice` takes the same time wherever the bytes differ; the fold goes on after
            // a match.
            .fold(None, |matched, (index, mac)| {
                let matches = mac.verify_slice(signature).is_ok();
                matched.or(matches.then_some(index))
            })
            .ok_or(VerifyError::Mismatch { keys })
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

/// Seconds taken for milliseconds lie in January 1970.
fn seconds_suspicion(age: Duration) -> &'static str {
    const TWENTY_YEARS: Duration = Duration::from_secs(20 * 365 * 86_400);
    if age > TWENTY_YEARS {
        ": is the timestamp in seconds instead of milliseconds?"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NO_BODY;

    const NOW: Timestamp = Timestamp::from_millis(1_779_846_460_000);

    fn key(text: &str) -> SignKey {
        SignKey::new(&text.into()).unwrap()
    }

    fn check(verifier: &Verifier, by: &SignKey, at: u64) -> Result<Verified, VerifyError> {
        let timestamp = Timestamp::from_millis(at);
        let signature = by.sign(Subject::Webhook, timestamp, [b"{}"]).to_base64();
        let text = timestamp.to_string();
        let received = Received::new(Some(signature.as_bytes()), Some(text.as_bytes()));
        verifier.verify(Subject::Webhook, received, ["{", "}"], NOW)
    }

    #[test]
    fn says_which_key_matched() {
        let keys = ["unit-test-a", "unit-test-b", "unit-test-c"].map(key);
        let [a, b, c] = keys.clone();
        let verifier = Verifier::new(a).or(b).or(c);
        for (index, by) in keys.iter().enumerate() {
            let verified = check(&verifier, by, NOW.as_millis()).unwrap();
            assert_eq!((verified.key_index, verified.timestamp), (index, NOW));
        }
        let stranger = check(&verifier, &key("unit-test-d"), NOW.as_millis());
        assert_eq!(stranger, Err(VerifyError::Mismatch { keys: 3 }));
        // The first of two equal keys.
        let twice = Verifier::new(key("unit-test-a")).or(key("unit-test-a"));
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
        let far = check(&default, &key, u64::MAX);
        assert!(matches!(far, Err(VerifyError::TooNew { .. })), "{far:?}");
        let seconds = check(&default, &key, NOW.as_millis() / 1000).unwrap_err();
        assert!(seconds.to_string().contains("in seconds"), "{seconds}");
    }

    #[test]
    fn says_which_header_is_wrong() {
        let key = key("unit-test-a");
        let good = key.sign(Subject::Response, NOW, NO_BODY).to_base64();
        let (good, now) = (Some(good.as_bytes()), NOW.to_string());
        let now = Some(now.as_bytes());
        let cases: &[(Received<'_>, &str)] = &[
            (Received::new(None, now), "the header SIGNATURE is missing"),
            (Received::new(good, None), "the header TIMESTAMP is missing"),
            (
                Received::from_response_headers(|_| None),
                "the header D-Signature or SIGNATURE is missing",
            ),
            (
                Received::new(good, Some(b"soon")),
                "the header TIMESTAMP can't be read: it is not a number; milliseconds since the epoch in decimal digits are needed, without a sign, blanks or a point",
            ),
            (
                Received::new(Some(&[b'0'; 128]), now),
                "the header SIGNATURE can't be read: it is 128 characters long, and the Base64 of an HMAC-SHA512 is 88: was it written in hexadecimal?",
            ),
            (
                Received::new(Some(&[b'!'; 88]), now),
                "the header SIGNATURE can't be read: it is not the Base64 of 64 bytes (standard alphabet with + and /, padded with ==)",
            ),
        ];
        let verifier = Verifier::new(key.clone());
        for (received, expected) in cases {
            let error = verifier.verify(Subject::Response, *received, NO_BODY, NOW);
            assert_eq!(error.unwrap_err().to_string(), *expected);
        }
        let received = Received::new(good, now);
        assert!(
            verifier
                .verify(Subject::Response, received, NO_BODY, NOW)
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
