//! The value of the `TIMESTAMP` header.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch (UTC), from 0 to 2^64 - 1. In the header and in the string to
/// sign, the number is written in decimal digits.
///
/// Seconds are not detected: read as milliseconds, they are a time in January 1970, which
/// verification reports as too old.
///
/// This crate never reads a clock, because some targets have none. With the standard library,
/// `Timestamp::try_from(SystemTime::now())` is the current time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The reason why a text or a time is not a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The text is empty.
    #[error("empty value: expected milliseconds since the epoch in decimal digits")]
    Empty,
    /// The text has a character other than the digits 0 to 9, such as a sign, a space or a point.
    #[error(
        "not a number: expected milliseconds since the epoch in decimal digits, without sign, spaces or decimal point"
    )]
    NotDigits,
    /// The text starts with a zero and has more digits. Each number has only one valid text, because
    /// the text is signed.
    #[error("leading zero: milliseconds since the epoch are written without one")]
    LeadingZero,
    /// The number does not fit in 64 bits.
    #[error("too large: milliseconds since the epoch must fit in 64 bits")]
    TooLarge,
    /// The time is before 1970.
    #[error("time before 1970 (is the clock set?)")]
    BeforeEpoch,
}

/// Number of digits of the largest `u64`.
const DIGITS: usize = 20;

impl Timestamp {
    /// Creates a timestamp from milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Parses the value of a `TIMESTAMP` header.
    ///
    /// # Errors
    ///
    /// Fails unless the text has only digits, no leading zero, and fits in 64 bits. Each accepted
    /// number has one text, so the signed text can be recreated from the number.
    pub fn parse(text: &[u8]) -> Result<Self, TimestampError> {
        match text {
            [] => return Err(TimestampError::Empty),
            _ if !text.iter().all(u8::is_ascii_digit) => return Err(TimestampError::NotDigits),
            [b'0', _, ..] => return Err(TimestampError::LeadingZero),
            _ => {}
        }
        text.iter()
            .try_fold(0u64, |sum, digit| {
                sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
            })
            .map(Self)
            .ok_or(TimestampError::TooLarge)
    }

    /// Passes the decimal text to `sink` without an allocation.
    pub(crate) fn write(self, sink: &mut impl FnMut(&[u8])) {
        let mut text = [b'0'; DIGITS];
        let mut start = DIGITS;
        let mut rest = self.0;
        loop {
            start -= 1;
            // A remainder of ten is one digit.
            text[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        sink(&text[start..]);
    }
}

/// Writes the header value.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Parses like [`Timestamp::parse`].
impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

/// Converts the time, truncated to milliseconds.
impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampError;

    fn try_from(time: SystemTime) -> Result<Self, Self::Error> {
        let since = time
            .duration_since(UNIX_EPOCH)
            .map_err(|_| TimestampError::BeforeEpoch)?;
        Self::try_from(since)
    }
}

/// Converts the duration since the epoch, truncated to milliseconds.
impl TryFrom<Duration> for Timestamp {
    type Error = TimestampError;

    fn try_from(since: Duration) -> Result<Self, Self::Error> {
        u64::try_from(since.as_millis())
            .map(Self)
            .map_err(|_| TimestampError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_accepts_one_text_per_number() {
        use TimestampError::*;
        let cases: &[(&[u8], Result<u64, TimestampError>)] = &[
            (b"0", Ok(0)),
            (b"1636360661729", Ok(1_636_360_661_729)),
            (b"18446744073709551615", Ok(u64::MAX)),
            (b"18446744073709551616", Err(TooLarge)),
            (b"99999999999999999999999999", Err(TooLarge)),
            (b"", Err(Empty)),
            (b"+1", Err(NotDigits)),
            (b"-1", Err(NotDigits)),
            (b" 1", Err(NotDigits)),
            (b"1 ", Err(NotDigits)),
            (b"1.5", Err(NotDigits)),
            (b"1e3", Err(NotDigits)),
            (b"0x1", Err(NotDigits)),
            (b"\xff", Err(NotDigits)),
            ("١٢".as_bytes(), Err(NotDigits)),
            (b"00", Err(LeadingZero)),
            (b"01", Err(LeadingZero)),
        ];
        for (text, expected) in cases {
            let read = Timestamp::parse(text).map(Timestamp::as_millis);
            assert_eq!(read, *expected, "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn signed_text_equals_display() {
        for millis in [0, 9, 10, 1_636_360_661_729, u64::MAX] {
            let mut text = Vec::new();
            Timestamp::from_millis(millis).write(&mut |piece| text.extend_from_slice(piece));
            assert_eq!(String::from_utf8(text).unwrap(), millis.to_string());
        }
    }

    #[test]
    fn system_time_is_truncated_to_milliseconds() {
        let time = UNIX_EPOCH + Duration::from_micros(1_999);
        assert_eq!(Timestamp::try_from(time), Ok(Timestamp(1)));
        let before = UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(
            Timestamp::try_from(before),
            Err(TimestampError::BeforeEpoch)
        );
        assert_eq!(
            Timestamp::try_from(Duration::MAX),
            Err(TimestampError::TooLarge)
        );
        let last = Duration::from_millis(u64::MAX) + Duration::from_nanos(999_999);
        assert_eq!(Timestamp::try_from(last), Ok(Timestamp(u64::MAX)));
        let one_more = last + Duration::from_nanos(1);
        assert_eq!(Timestamp::try_from(one_more), Err(TimestampError::TooLarge));
        assert_eq!(Timestamp::try_from(UNIX_EPOCH), Ok(Timestamp(0)));
    }

    #[test]
    fn error_names_expected_text() {
        let cases: [(&[u8], &str); 4] = [
            (
                b"",
                "empty value: expected milliseconds since the epoch in decimal digits",
            ),
            (
                b"-1",
                "not a number: expected milliseconds since the epoch in decimal digits, without sign, spaces or decimal point",
            ),
            (
                b"01",
                "leading zero: milliseconds since the epoch are written without one",
            ),
            (
                b"18446744073709551616",
                "too large: milliseconds since the epoch must fit in 64 bits",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Timestamp::parse(text).unwrap_err().to_string(), expected);
        }
        let early = TimestampError::BeforeEpoch.to_string();
        assert_eq!(early, "time before 1970 (is the clock set?)");
    }
}
