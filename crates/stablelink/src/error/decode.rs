//! An answer or a delivery that could not be read.

use std::fmt;

/// Which field of an answer, or of the delivery of a webhook, could not be read, and why. The bytes of an answer are at
/// [`Error::raw_response`](super::Error::raw_response), those of a delivery at [`Verified::body`](crate::webhook::Verified::body).
#[derive(Clone, Debug)]
pub struct DecodeError {
    what: &'static str,
    path: String,
    problem: String,
}

impl DecodeError {
    /// From an error of serde, whose text may quote the value: only what was expected is kept.
    pub(crate) fn of_json(path: impl Into<String>, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let problem = if error.is_eof() {
            "it ends too early".to_owned()
        } else if error.is_syntax() {
            "it is not JSON".to_owned()
        } else if let Some(rest) = text.strip_prefix("missing field `") {
            let name = rest.split('`').next().unwrap_or_default();
            format!("the field `{name}` is missing")
        } else if let Some((_, expected)) = says_what_is_expected(&text) {
            match expected.split(" at line ").next().unwrap_or_default() {
                // The name of a type of ours says nothing to who reads JSON.
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
            what: "the answer",
            path: path.into(),
            problem: problem.into(),
        }
    }

    /// Of the delivery of a webhook, and not of an answer.
    pub(crate) fn of_delivery(mut self) -> Self {
        self.what = "the delivery";
        self
    }

    /// Where in the JSON, such as `retdata.payingAmount`; `.` is the whole body.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there, without the value.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

/// What stands before and behind the last ", expected " of an error that serde words itself. Others may quote a value anywhere.
fn says_what_is_expected(text: &str) -> Option<(&str, &str)> {
    let worded_by_serde = [
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
        "unknown variant ",
        "unknown field ",
    ];
    if worded_by_serde.iter().any(|start| text.starts_with(start)) {
        text.rsplit_once(", expected ")
    } else {
        None
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} can't be read at `{}`: {}",
            self.what, self.path, self.problem
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    enum Word {
        Yes,
        No,
    }

    #[test]
    fn the_value_is_not_told() {
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
                serde_json::from_str::<Word>(r#""Leo Secretive""#).unwrap_err(),
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
