//! Types for values that plain Rust or JSON types cannot hold exactly.
//!
//! Each type writes a value with the digits with which it was read.

mod decimal;
mod integer_or_text;
mod local_date_time;
mod raw_json;
#[cfg(feature = "schemars")]
mod schema;
mod secret;

pub use decimal::{DecimalError, DecimalNumber, DecimalString};
pub use integer_or_text::IntegerOrText;
pub use local_date_time::{LocalDateTime, LocalDateTimeError};
pub use raw_json::RawJson;
pub use secret::Secret;
