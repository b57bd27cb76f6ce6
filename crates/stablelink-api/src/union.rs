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
