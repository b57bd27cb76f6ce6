//! Reads a value that has one of several forms.

use std::fmt::Write;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::value::RawValue;

/// A value of several forms, as text: numbers stay as they are written until a form reads them.
pub(crate) struct Union {
    name: &'static str,
    text: Box<RawValue>,
    problems: String,
}

impl Union {
    pub(crate) fn read<'de, D: Deserializer<'de>>(
        name: &'static str,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        Ok(Self {
            name,
            text: Box::<RawValue>::deserialize(deserializer)?,
            problems: String::new(),
        })
    }

    /// The value, if it has this form.
    pub(crate) fn branch<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        serde_json::from_str(self.text.get())
            .map_err(|error| {
                // Writing to a String does not fail.
                let _ = write!(self.problems, "; {name}: {error}");
            })
            .ok()
    }

    /// The error of a value that has none of the forms that were tried.
    pub(crate) fn none_fits<E: Error>(self) -> E {
        E::custom(format_args!(
            "no form of {} fits{}",
            self.name, self.problems
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

    /// As the generated code reads a union.
    fn read(text: &str) -> Result<String, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        let mut union = Union::read("Answer", &mut json)?;
        if let Some(Envelope { retcode, retdata }) = union.branch("Envelope") {
            return Ok(format!(
                "{retcode} {:?}",
                retdata.map(|bare| bare.amount.to_string())
            ));
        }
        if let Some(Bare { amount }) = union.branch("Bare") {
            return Ok(amount.to_string());
        }
        Err(union.none_fits())
    }

    #[test]
    fn the_first_form_that_fits_is_taken_to_the_digit() {
        let bare = r#"{"amount":12345678901234567890.120}"#;
        assert_eq!(read(bare).unwrap(), "12345678901234567890.120");
        let enveloped = format!(r#"{{"retcode":200,"retdata":{bare}}}"#);
        assert_eq!(
            read(&enveloped).unwrap(),
            r#"200 Some("12345678901234567890.120")"#
        );
    }

    #[test]
    fn an_error_says_why_of_each_form() {
        let error = read("{}").unwrap_err().to_string();
        for part in [
            "no form of Answer fits",
            "Envelope: missing field `retcode`",
            "Bare: missing field `amount`",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(read("{").is_err());
    }
}
