//! Values that JSON alone does not hold exactly, or that the gateway writes in more than one form.
//!
//! Each keeps what came: a value that was read goes out with the same digits.

mod decimal_number;
mod decimal_string;
mod decimal_text;
mod integer_or_text;
mod local_date_time;
mod raw_json;
#[cfg(feature = "schemars")]
mod schema;
mod secret;

pub use decimal_number::DecimalNumber;
pub use decimal_string::DecimalString;
pub use decimal_text::DecimalError;
pub use integer_or_text::IntegerOrText;
pub use local_date_time::{LocalDateTime, LocalDateTimeError};
pub use raw_json::RawJson;
pub use secret::Secret;
