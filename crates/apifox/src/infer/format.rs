//! String formats that a schema can name.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// A format that all observed values of a string have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    /// Digits with one decimal point.
    Decimal,
    /// `yyyy-MM-dd`
    Date,
    /// A date and time with a time zone.
    DateTime,
    /// A date and time without a time zone.
    DateTimeLocal,
    Uuid,
    Email,
    Uri,
}

impl Format {
    /// Returns the value of `format` in a schema.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::DateTimeLocal => "date-time-local",
            Self::Uuid => "uuid",
            Self::Email => "email",
            Self::Uri => "uri",
        }
    }

    /// Parses a page's name for the format.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim() {
            "decimal" => Self::Decimal,
            "date" => Self::Date,
            "date-time" => Self::DateTime,
            "date-time-local" => Self::DateTimeLocal,
            "uuid" => Self::Uuid,
            "email" => Self::Email,
            "uri" | "url" => Self::Uri,
            _ => return None,
        })
    }

    /// Detects the format of a string.
    pub(crate) fn of(text: &str) -> Option<Self> {
        // Other formats are short, and a long URL adds no information.
        if text.len() > 2000 || !text.is_ascii() {
            return None;
        }
        let fits: &[(Self, Check)] = &[
            (Self::Decimal, is_decimal),
            (Self::Date, is_date),
            (Self::DateTimeLocal, is_local),
            (Self::DateTime, is_zoned),
            (Self::Uuid, is_uuid),
            (Self::Email, is_email),
            (Self::Uri, is_uri),
        ];
        let format = fits.iter().find(|(_, fits)| fits(text));
        format.map(|(format, _)| *format)
    }
}

/// Returns whether a string has the format.
type Check = fn(&str) -> bool;

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    text.split_once('.')
        .is_some_and(|(whole, part)| digits(whole) && digits(part))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Date::strptime("%Y-%m-%d", text).is_ok()
}

/// Returns whether a text is `yyyy-MM-dd HH:mm:ss`, with a space or a `T`, and optionally with a
/// fraction.
fn is_local(text: &str) -> bool {
    let (Some(head), Some(rest)) = (text.get(..19), text.get(19..)) else {
        return false;
    };
    let fraction = rest.is_empty()
        || rest
            .strip_prefix('.')
            .is_some_and(|part| digits(part) && part.len() <= 9);
    fraction
        && (DateTime::strptime("%Y-%m-%d %H:%M:%S", head).is_ok()
            || DateTime::strptime("%Y-%m-%dT%H:%M:%S", head).is_ok())
}

fn is_zoned(text: &str) -> bool {
    (20..=40).contains(&text.len())
        && text.as_bytes().get(10) == Some(&b'T')
        && !text.contains('[')
        && text.parse::<Timestamp>().is_ok()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn is_email(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(&b))
    };
    text.split_once('@').is_some_and(|(name, host)| {
        word(name)
            && host.contains('.')
            && host
                .split('.')
                .all(|label| word(label) && !label.contains(['_', '%', '+']))
    })
}

fn is_uri(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && rest
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_formats_are_detected() {
        for (text, format) in [
            ("4.7500", Some(Format::Decimal)),
            ("-1.5", Some(Format::Decimal)),
            ("12", None),
            (".5", None),
            ("1.", None),
            ("1.2.3", None),
            ("1971-03-09", Some(Format::Date)),
            ("1971-02-30", None),
            ("1971-8-5", None),
            ("2024-10-02 07:15:00", Some(Format::DateTimeLocal)),
            ("2024-11-30T06:20:41.118302", Some(Format::DateTimeLocal)),
            ("2024-11-30T06:20:41.", None),
            ("2024-10-02 25:15:00", None),
            ("2024-11-30T06:20:41Z", Some(Format::DateTime)),
            ("2024-11-30T06:20:41.5+08:00", Some(Format::DateTime)),
            ("1f0c2b7e-93ad-4c58-8e21-6ab4d7f9c3e1", Some(Format::Uuid)),
            ("1f0c2b7e-93ad-4c58-8e21-6ab4d7f9c3ex", None),
            ("reader@harbour.example", Some(Format::Email)),
            ("reader@harbour", None),
            ("@harbour.example", None),
            ("https://harbour.example/a?b=c", Some(Format::Uri)),
            ("https://", None),
            ("https://a b", None),
            ("", None),
            ("text", None),
        ] {
            assert_eq!(Format::of(text), format, "{text}");
        }
    }
}
