//! A date and time without a time zone.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// A date and time whose time zone the documentation does not state: `2025-05-14 17:46:00`.
///
/// The time is local to the gateway. To compare it with the current time, convert it with
/// [`to_timestamp`](Self::to_timestamp): as UTC it would be wrong by eight hours. The separator may
/// be a space or a `T`, and the seconds may have up to nine decimal places; the value is written in
/// the notation in which it was read. Two values are equal if they are the same time, even if their
/// notations differ.
#[derive(Clone, Copy, Debug)]
pub struct LocalDateTime {
    at: DateTime,
    separator: Separator,
    /// Number of decimal places of the seconds.
    digits: u8,
}

#[derive(Clone, Copy, Debug)]
enum Separator {
    Space,
    T,
}

impl LocalDateTime {
    /// The offset from UTC that the gateway presumably uses: 8 hours.
    ///
    /// This value is inferred; no page states it. An order in the documentation has a `sysid` that
    /// contains its time of creation in UTC, 8 hours before its `createdTime`.
    pub const INFERRED_OFFSET: Offset = Offset::constant(8);

    /// Returns the date and time.
    #[must_use]
    pub const fn get(self) -> DateTime {
        self.at
    }

    /// Returns the point in time if the gateway's offset from UTC is `offset`.
    ///
    /// The offset is inferred; see [`INFERRED_OFFSET`](Self::INFERRED_OFFSET).
    ///
    /// ```
    /// use stablelink_api::scalars::LocalDateTime;
    ///
    /// let expiry: LocalDateTime = "2025-05-14 17:46:00".parse()?;
    /// let at = expiry.to_timestamp(LocalDateTime::INFERRED_OFFSET)?;
    /// assert_eq!(at.to_string(), "2025-05-14T09:46:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the result is outside the range of [`Timestamp`], which ends on the last day of the
    /// year 9999.
    pub fn to_timestamp(self, offset: Offset) -> Result<Timestamp, jiff::Error> {
        offset.to_timestamp(self.at)
    }
}

/// Uses a space as the separator and only the decimal places that the value has.
impl From<DateTime> for LocalDateTime {
    fn from(at: DateTime) -> Self {
        let mut digits = 9;
        let mut rest = at.subsec_nanosecond();
        while digits > 0 && rest % 10 == 0 {
            rest /= 10;
            digits -= 1;
        }
        Self {
            at,
            separator: Separator::Space,
            digits,
        }
    }
}

impl From<LocalDateTime> for DateTime {
    fn from(value: LocalDateTime) -> Self {
        value.at
    }
}

/// The reason why a string is not a [`LocalDateTime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalDateTimeError {
    /// The string is not `yyyy-MM-dd HH:mm:ss` with a space or a `T` and at most nine decimal
    /// places.
    Format,
    /// The date or the time does not exist.
    OutOfRange,
}

impl fmt::Display for LocalDateTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => {
                "not a date and time in the format yyyy-MM-dd HH:mm:ss[.fraction], without a time zone"
            }
            Self::OutOfRange => "a date or time that does not exist",
        })
    }
}

impl std::error::Error for LocalDateTimeError {}

impl FromStr for LocalDateTime {
    type Err = LocalDateTimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (fields, separator, fraction) = split(text).ok_or(LocalDateTimeError::Format)?;
        let [year, month, day, hour, minute, second] = fields;
        let small = |value: i16| i8::try_from(value).map_err(|_| LocalDateTimeError::OutOfRange);
        // Padded to nine digits, the fraction is a number of nanoseconds.
        let nanoseconds = format!("{fraction:0<9}")
            .parse()
            .map_err(|_| LocalDateTimeError::Format)?;
        let at = DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            nanoseconds,
        )
        .map_err(|_| LocalDateTimeError::OutOfRange)?;
        let digits = u8::try_from(fraction.len()).map_err(|_| LocalDateTimeError::Format)?;
        Ok(Self {
            at,
            separator,
            digits,
        })
    }
}

/// Splits the text into the fields from year to second, the separator, and the decimal places.
fn split(text: &str) -> Option<([i16; 6], Separator, &str)> {
    let whole = text.get(..19)?;
    let rest = &text[19..];
    let fraction = match rest.strip_prefix('.') {
        Some(digits) => (1..=9).contains(&digits.len()).then_some(digits)?,
        None => rest.is_empty().then_some("")?,
    };
    let separator = match whole.as_bytes()[10] {
        b' ' => Separator::Space,
        b'T' => Separator::T,
        _ => return None,
    };
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    marks
        .iter()
        .all(|(at, mark)| whole.as_bytes()[*at] == *mark)
        .then_some(())?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    digits(fraction).then_some(())?;
    let mut fields = [0; 6];
    for (field, range) in fields
        .iter_mut()
        .zip([0..4, 5..7, 8..10, 11..13, 14..16, 17..19])
    {
        let text = whole.get(range).filter(|text| digits(text))?;
        *field = text.parse().ok()?;
    }
    Some((fields, separator, fraction))
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        let separator = match self.separator {
            Separator::Space => ' ',
            Separator::T => 'T',
        };
        write!(
            f,
            "{:04}-{:02}-{:02}{separator}{:02}:{:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
        )?;
        if self.digits > 0 {
            let fraction = format!("{:09}", at.subsec_nanosecond());
            write!(f, ".{}", &fraction[..self.digits.into()])?;
        }
        Ok(())
    }
}

impl PartialEq for LocalDateTime {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for LocalDateTime {}

impl PartialOrd for LocalDateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for LocalDateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

impl Hash for LocalDateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.at.hash(state);
    }
}

impl Serialize for LocalDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalDateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn notation_round_trips() {
        for text in [
            "2025-05-14 17:46:00",
            "2025-09-26T14:49:09.294114",
            "2025-09-26 14:49:09.100",
            "2024-02-29 00:00:00.000000000",
            "0001-01-01T23:59:59.9",
        ] {
            let json = format!("\"{text}\"");
            let read: LocalDateTime = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }

    #[test]
    fn conversion_from_date_time_uses_shortest_notation() {
        let at = jiff::civil::date(2025, 5, 14).at(17, 46, 0, 120_000_000);
        assert_eq!(
            LocalDateTime::from(at).to_string(),
            "2025-05-14 17:46:00.12"
        );
        let at = jiff::civil::date(2025, 5, 14).at(17, 46, 0, 0);
        assert_eq!(LocalDateTime::from(at).to_string(), "2025-05-14 17:46:00");
    }

    #[test]
    fn values_compare_by_time() {
        let read = |text: &str| text.parse::<LocalDateTime>().unwrap();
        assert_eq!(read("2025-05-14 17:46:00"), read("2025-05-14T17:46:00.000"));
        assert!(read("2025-05-14 17:46:00") < read("2025-05-14T17:46:00.001"));
    }

    #[test]
    fn invalid_text_is_rejected_with_reason() {
        let forms = [
            "",
            "2025-05-14",
            "2025-05-14 17:46",
            "2025-05-14 17:46:00Z",
            "2025-05-14 17:46:00+08:00",
            "2025-05-14  17:46:00",
            "2025-05-14t17:46:00",
            "2025-05-14 17:46:00.",
            "2025-05-14 17:46:00.1234567890",
            "2025-05-14 17:46:00.1Z",
            "25-05-14 17:46:00",
            "+025-05-14 17:46:00",
            "2025-05-14 17:46:0é",
            "2025/05/14 17:46:00",
            "２２25-05-14 17:46",
        ];
        for text in forms {
            assert_eq!(
                text.parse::<LocalDateTime>(),
                Err(LocalDateTimeError::Format),
                "of {text:?}"
            );
        }
        for text in [
            "2025-02-29 00:00:00",
            "2025-13-01 00:00:00",
            "2025-01-01 24:00:00",
            "2025-01-01 23:59:60",
            "2025-00-01 00:00:00",
        ] {
            assert_eq!(
                text.parse::<LocalDateTime>(),
                Err(LocalDateTimeError::OutOfRange),
                "of {text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_date_and_time_round_trips(
            (year, month, day) in (0_i16..=9999, 1_i8..=12, 1_i8..=28),
            (hour, minute, second) in (0_i8..24, 0_i8..60, 0_i8..60),
            fraction in "(\\.[0-9]{1,9})?",
            separator in "[ T]",
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}{fraction}");
            let read: LocalDateTime = text.parse().unwrap();
            prop_assert_eq!(read.to_string(), text);
            prop_assert_eq!(LocalDateTime::from(read.get()), read);
        }

        #[test]
        fn any_string_parses_or_fails(text in ".{0,40}", digits in "[-0-9 T:.]{0,32}") {
            let _ = text.parse::<LocalDateTime>();
            let _ = digits.parse::<LocalDateTime>();
        }
    }
}
