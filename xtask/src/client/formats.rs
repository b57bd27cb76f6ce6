//! Texts that are something else in Rust.

use progenitor::TypeImpl;

/// What a value that is a text can do.
pub(super) const TEXT: &[TypeImpl] = &[TypeImpl::Display, TypeImpl::FromStr];

/// String formats that have a Rust type of their own, and what it can do.
///
/// Local times and decimals are read without loss of a digit; their text is kept as it came. A secret
/// shows itself to nobody, so it is no part of an address either.
pub(super) const FORMATS: &[(&str, &str, &[TypeImpl])] = &[
    ("date", "::jiff::civil::Date", TEXT),
    ("date-time", "::jiff::Timestamp", TEXT),
    ("date-time-local", "crate::scalars::LocalDateTime", TEXT),
    ("decimal", "crate::scalars::DecimalString", TEXT),
    ("decimal-number", "crate::scalars::DecimalNumber", TEXT),
    ("secret", "crate::scalars::Secret", &[]),
];

/// Whether a string of this format becomes a type of its own.
pub(super) fn has_type(format: &str) -> bool {
    FORMATS.iter().any(|(name, ..)| *name == format)
}
