//! Any JSON value, kept as it came.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// JSON that no page describes, in the text that came: no digit and no member is lost.
///
/// Equal are equal texts; blanks count. It can be read from JSON text and from a `serde_json::Value`, whose
/// numbers have lost their digits already unless that crate's `arbitrary_precision` is on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The JSON text of a value.
    ///
    /// # Errors
    /// The value has no form in JSON, such as a map with keys that are no texts.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// The JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Reads the value as a type that the caller knows.
    ///
    /// # Errors
    /// The value does not have the form of the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for RawJson {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalars::DecimalNumber;

    #[derive(Debug, Serialize, Deserialize)]
    struct Envelope {
        #[serde(skip_serializing_if = "Option::is_none")]
        retdata: Option<RawJson>,
    }

    #[test]
    fn what_came_goes_out() {
        for data in [
            r#"{"b":1,"a":12345678901234567890.120}"#,
            r#"[1e400,"\u0041",null]"#,
            "0.00",
            r#""text""#,
        ] {
            let text = format!(r#"{{"retdata":{data}}}"#);
            let envelope: Envelope = serde_json::from_str(&text).unwrap();
            assert_eq!(envelope.retdata.as_ref().unwrap().get(), data);
            assert_eq!(serde_json::to_string(&envelope).unwrap(), text);
        }
        for text in ["{}", r#"{"retdata":null}"#] {
            let envelope: Envelope = serde_json::from_str(text).unwrap();
            assert!(envelope.retdata.is_none(), "{text}");
        }
        assert!(serde_json::from_str::<Envelope>(r#"{"retdata":{"cut""#).is_err());
    }

    #[test]
    fn a_type_reads_it_to_the_digit() {
        let amount: DecimalNumber = RawJson::of(&12).unwrap().parse().unwrap();
        assert_eq!(amount.to_string(), "12");
        let raw: RawJson = serde_json::from_str("12345678901234567890.120").unwrap();
        let amount: DecimalNumber = raw.parse().unwrap();
        assert_eq!(amount.to_string(), "12345678901234567890.120");
        assert!(raw.parse::<bool>().is_err());
    }
}
