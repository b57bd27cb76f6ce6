//! Deserialises a `oneOf`: a value of one of several types.

use std::fmt::Write;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::value::RawValue;

/// The raw JSON of a `oneOf` value.
///
/// serde's untagged enums buffer the value, which turns numbers into floats. Here each variant is
/// read from the text.
pub(crate) struct UnionReader {
    name: &'static str,
    text: Box<RawValue>,
    errors: String,
}

impl UnionReader {
    pub(crate) fn read<'de, D: Deserializer<'de>>(
        name: &'static str,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        Ok(Self {
            name,
            text: Box::<RawValue>::deserialize(deserializer)?,
            errors: String::new(),
        })
    }

    /// Returns the value if it deserialises as `T`.
    pub(crate) fn variant<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        serde_json::from_str(self.text.get())
            .map_err(|error| {
                // Writing to a `String` cannot fail.
                let _ = write!(self.errors, "; {name}: {error}");
            })
            .ok()
    }

    /// Returns the error for a value that no tried variant could read.
    pub(crate) fn into_error<E: Error>(self) -> E {
        E::custom(format_args!(
            "no variant of {} matches{}",
            self.name, self.errors
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::scalars::DecimalNumber;

    #[derive(Debug, Deserialize)]
    struct Envelope {
        retcode: i64,
        retdata: Option<Bare>,
    }

    #[derive(Debug, Deserialize)]
    struct Bare {
        amount: DecimalNumber,
    }

    /// Reads a union as the generated code does.
    fn read(text: &str) -> Result<String, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        let mut union = UnionReader::read("Answer", &mut json)?;
        if let Some(Envelope { retcode, retdata }) = union.variant("Envelope") {
            return Ok(format!(
                "{retcode} {:?}",
                retdata.map(|bare| bare.amount.to_string())
            ));
        }
        if let Some(Bare { amount }) = union.variant("Bare") {
            return Ok(amount.to_string());
        }
        Err(union.into_error())
    }

    #[test]
    fn first_matching_variant_keeps_every_digit() {
        let bare = r#"{"amount":12345678901234567890.120}"#;
        assert_eq!(read(bare).unwrap(), "12345678901234567890.120");
        let enveloped = format!(r#"{{"retcode":200,"retdata":{bare}}}"#);
        assert_eq!(
            read(&enveloped).unwrap(),
            r#"200 Some("12345678901234567890.120")"#
        );
    }

    #[test]
    fn error_gives_reason_for_each_variant() {
        let error = read("{}").unwrap_err().to_string();
        for part in [
            "no variant of Answer matches",
            "Envelope: missing field `retcode`",
            "Bare: missing field `amount`",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(read("{").is_err());
    }
}
