//! A response or a webhook delivery that cannot be read.

use std::fmt;

use crate::account::KnownSecrets;

/// The field of a response or a webhook delivery that cannot be read, and why. The bytes of a response are at
/// [`Error::raw_response`](super::Error::raw_response), those of a delivery at [`VerifiedDelivery::body`](crate::webhook::VerifiedDelivery::body).
#[derive(Clone, Debug)]
pub struct DecodeError {
    source: &'static str,
    path: String,
    problem: String,
}

impl DecodeError {
    /// Converts an error of serde. The message of serde may quote the value, so only the expected type is kept.
    pub(crate) fn of_json(path: impl Into<String>, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let problem = if error.is_eof() {
            "it ends too early".to_owned()
        } else if error.is_syntax() {
            "it is not JSON".to_owned()
        } else if let Some(rest) = text.strip_prefix("missing field `") {
            let name = rest.split('`').next().unwrap_or_default();
            format!("the field `{name}` is missing")
        } else if let Some((_, expected)) = split_expected(&text) {
            match expected.split(" at line ").next().unwrap_or_default() {
                // The name of a Rust type does not help a reader of JSON.
                expected if expected.starts_with("struct ") => "expected an object".to_owned(),
                expected => format!("expected {expected}"),
            }
        } else {
            "it does not have the documented form".to_owned()
        };
        Self::new(path, problem)
    }

    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            source: "the response",
            path: path.into(),
            problem: problem.into(),
        }
    }

    /// Marks this as an error of a webhook delivery.
    pub(crate) fn of_delivery(mut self) -> Self {
        self.source = "the delivery";
        self
    }

    /// Hides secrets in the path, which may contain the names of any fields.
    pub(crate) fn without(mut self, secrets: &KnownSecrets) -> Self {
        self.path = secrets.redact(&self.path);
        self
    }

    /// Returns the path in the JSON, such as `retdata.payingAmount`; `.` is the whole body.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the problem, without the value.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

/// Splits an error message at the last ", expected ", if serde wrote it. Other messages may quote a value at
/// any position.
fn split_expected(text: &str) -> Option<(&str, &str)> {
    let serde_prefixes = [
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
        "unknown variant ",
        "unknown field ",
    ];
    if serde_prefixes.iter().any(|start| text.starts_with(start)) {
        text.rsplit_once(", expected ")
    } else {
        None
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot read {} at `{}`: {}",
            self.source, self.path, self.problem
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    enum Choice {
        Yes,
        No,
    }

    #[test]
    fn value_is_not_displayed() {
        let value = r#"{"name":"Leo Secretive"}"#;
        let number = serde_json::from_str::<std::collections::BTreeMap<String, u8>>(value);
        let object = serde_json::from_str::<stablelink_api::types::AbnormalPayment>("7");
        let cases = [
            (object.unwrap_err(), "expected an object"),
            (number.unwrap_err(), "expected u8"),
            (
                serde_json::from_str::<u8>("").unwrap_err(),
                "it ends too early",
            ),
            (
                serde_json::from_str::<u8>("<html>").unwrap_err(),
                "it is not JSON",
            ),
            (
                serde::de::Error::custom("Leo Secretive is not a number"),
                "it does not have the documented form",
            ),
            (
                serde::de::Error::custom("1, expected Leo Secretive"),
                "it does not have the documented form",
            ),
            (
                serde_json::from_str::<u8>(r#""1, expected Leo Secretive""#).unwrap_err(),
                "expected u8",
            ),
            (
                serde_json::from_str::<Choice>(r#""Leo Secretive""#).unwrap_err(),
                "expected `Yes` or `No`",
            ),
            (
                serde_json::from_str::<[u8; 2]>(r#"[1]"#).unwrap_err(),
                "expected an array of length 2",
            ),
            (
                serde::de::Error::missing_field("amount"),
                "the field `amount` is missing",
            ),
        ];
        for (error, problem) in cases {
            let decode = DecodeError::of_json("retdata", &error);
            assert_eq!(decode.problem(), problem);
            assert!(!format!("{decode}{decode:?}").contains("Secretive"));
        }
    }
}
