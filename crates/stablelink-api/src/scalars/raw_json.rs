//! Any JSON value, kept as text.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// The text of a JSON value that the documentation does not describe: every digit and field is kept.
///
/// Two values are equal if their JSON texts are equal, whitespace included. If a value is read from
/// a `serde_json::Value`, its numbers have already lost digits unless the feature
/// `arbitrary_precision` of serde_json is on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Serialises a value.
    ///
    /// # Errors
    /// Fails if JSON cannot represent the value, such as a map whose keys are not strings.
    pub fn from_serialize(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Deserialises the value as a type of the caller.
    ///
    /// # Errors
    /// Fails if the value does not have the structure of the type.
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
    fn text_round_trips_unchanged() {
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
    fn parse_keeps_every_digit() {
        let amount: DecimalNumber = RawJson::from_serialize(&12).unwrap().parse().unwrap();
        assert_eq!(amount.to_string(), "12");
        let raw: RawJson = serde_json::from_str("12345678901234567890.120").unwrap();
        let amount: DecimalNumber = raw.parse().unwrap();
        assert_eq!(amount.to_string(), "12345678901234567890.120");
        assert!(raw.parse::<bool>().is_err());
    }
}
