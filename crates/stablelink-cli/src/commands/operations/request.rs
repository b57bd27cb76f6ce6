//! Builds requests from flags and JSON.

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use stablelink::RawObject;
use stablelink::scalars::{DecimalNumber, IntegerOrText};

use crate::context::Context;
use crate::error::CliError;
use crate::input::InputArg;

/// A request: the flags of some of its fields, and `--json` for any field.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs<F: Args> {
    #[command(flatten)]
    pub(super) flags: F,
    /// Request as a JSON object: a literal text, @FILE, or @- for standard input; flags override its fields
    #[arg(long, value_name = "OBJECT|@FILE|@-")]
    pub(super) json: Option<InputArg>,
}

impl<F: Args + Serialize> RequestArgs<F> {
    pub(super) fn request<T: DeserializeOwned + Serialize>(&self) -> Result<T, CliError> {
        RequestBuilder::new(&self.json, &self.flags)?.build()
    }

    /// Returns the request with an idempotency key; see [`RequestBuilder::with_key`].
    pub(super) fn request_with_key<T: DeserializeOwned + Serialize>(
        &self,
        context: &Context,
        field: &str,
        generate: fn() -> String,
    ) -> Result<T, CliError> {
        let builder = RequestBuilder::new(&self.json, &self.flags)?;
        builder.with_key(context, field, generate).build()
    }
}

/// The flags of a list.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageArgs {
    /// Page number, starting at 1 (the field name pageNum is inferred)
    #[arg(long = "page", value_name = "N")]
    page_num: Option<u32>,
    /// Records per page (the field name pageSize is inferred)
    #[arg(long, value_name = "N")]
    page_size: Option<u32>,
}

/// A list; `--json` sets its filters.
pub(crate) type ListArgs = RequestArgs<PageArgs>;

/// The fields of a request. Each value is the JSON text that the user entered.
pub(super) struct RequestBuilder(Vec<(String, String)>);

impl RequestBuilder {
    pub(super) fn new(json: &Option<InputArg>, flags: &impl Serialize) -> Result<Self, CliError> {
        let mut builder = Self(Vec::new());
        if let Some(input) = json {
            let given = RawObject::parse(input.read_text()?.trim().as_bytes()).map_err(|_| {
                CliError::usage("--json is not a JSON object")
                    .next("write it as {\"name\":\"value\"}, or pass a file: @request.json")
            })?;
            for (name, value) in given.iter() {
                if builder.get(name).is_some() {
                    let problem = format!("--json has the field `{name}` twice");
                    return Err(CliError::usage(problem));
                }
                builder.set(name, value);
            }
        }
        let flags = serde_json::to_vec(flags)
            .map_err(|error| CliError::other(format!("cannot serialise the flags: {error}")))?;
        // Commands without flags serialise to null.
        if let Ok(flags) = RawObject::parse(&flags) {
            let set = flags.iter().filter(|(_, value)| *value != "null");
            set.for_each(|(name, value)| builder.set(name, value));
        }
        Ok(builder)
    }

    fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Sets a field to a JSON value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Generates the idempotency key if it is missing. Prints it before the request is sent, so that the user can look up the
    /// record after an interruption.
    pub(super) fn with_key(
        mut self,
        context: &Context,
        field: &str,
        generate: fn() -> String,
    ) -> Self {
        if self.get(field).is_none() {
            self.set(field, &serde_json::Value::from(generate()).to_string());
        }
        let key = self.get(field).unwrap_or_default();
        let key = serde_json::from_str(key).unwrap_or_else(|_| key.to_owned());
        context.out.note(format!("{field} {key}"));
        context.set_key(field, &key);
        self
    }

    /// Returns the request. Fails if a required field is missing, and if a number would change.
    pub(super) fn build<T: DeserializeOwned + Serialize>(self) -> Result<T, CliError> {
        let fields = self.0.iter();
        let fields = fields
            .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str())));
        let given = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
        let request: T = serde_json::from_str(&given).map_err(|error| {
            let text = error.to_string();
            // The line and the column of the error refer to the JSON that is built here, not to the user's input.
            let problem = text.split(" at line ").next().unwrap_or_default();
            CliError::usage(format!("invalid request: {problem}"))
                .next("set the field with its flag or in --json; --help lists the fields")
        })?;
        let sent = serde_json::to_string(&request)
            .map_err(|error| CliError::usage(format!("cannot serialise the request: {error}")))?;
        if let Some(number) = first_changed_number(&given, &sent) {
            return Err(CliError::usage(format!(
                "the number {number} would lose digits: its field is unknown to this version"
            ))
            .next("pass it as a string, or send the request unchanged with `stablelink api`"));
        }
        Ok(request)
    }
}

/// Returns the first number of `given` that is not in `sent` with the same digits. The generated types convert numbers in
/// unknown fields to floats.
fn first_changed_number(given: &str, sent: &str) -> Option<String> {
    let (mut numbers, mut sent_numbers) = (Vec::new(), Vec::new());
    collect_numbers(given, &mut numbers);
    collect_numbers(sent, &mut sent_numbers);
    numbers.into_iter().find(
        |number| match sent_numbers.iter().position(|other| other == number) {
            Some(index) => {
                sent_numbers.swap_remove(index);
                false
            }
            None => true,
        },
    )
}

/// Collects the numbers of a JSON text, without trailing zeros. Strings that are numbers count, because a type may convert
/// between the two.
fn collect_numbers(json: &str, numbers: &mut Vec<String>) {
    if let Ok(fields) = RawObject::parse(json.as_bytes()) {
        let values = fields.iter();
        values.for_each(|(_, value)| collect_numbers(value, numbers));
    } else if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(json) {
        list.iter()
            .for_each(|value| collect_numbers(value.get(), numbers));
    } else {
        let text = json.trim_matches('"');
        match text.parse::<DecimalNumber>() {
            Ok(number) => numbers.push(number.get().normalize().to_string()),
            Err(_) if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                numbers.push(text.to_owned());
            }
            Err(_) => {}
        }
    }
}

/// Generates a unique order number of letters and digits.
pub(super) fn unique_order_number() -> String {
    stablelink::request_id().replace('-', "")
}

/// Parses digits as a number and any other text as a string.
pub(super) fn integer_or_text(text: &str) -> Result<IntegerOrText, std::convert::Infallible> {
    let number = text.parse::<i64>();
    Ok(number.map_or_else(|_| text.into(), IntegerOrText::from))
}

#[cfg(test)]
mod tests {
    use stablelink::types::{CreateSettlementOrderRequest, CreateTradeRequest};

    use super::*;

    fn builder(json: &str) -> RequestBuilder {
        RequestBuilder::new(
            &Some(InputArg::Text(json.into())),
            &serde_json::json!({"amount": null}),
        )
        .unwrap()
    }

    #[test]
    fn flags_override_json() {
        let json = Some(InputArg::Text(
            r#"{"requestId":"a","amount":1.50,"clientId":7}"#.into(),
        ));
        let flags = serde_json::json!({"clientId": 8, "fileId": null});
        let request: CreateTradeRequest =
            RequestBuilder::new(&json, &flags).unwrap().build().unwrap();
        assert_eq!(request.client_id, Some(8));
        assert_eq!(request.amount.unwrap().to_string(), "1.50");
    }

    #[test]
    fn number_that_would_lose_digits_is_rejected() {
        // With the feature `arbitrary_precision` of serde_json, which another crate may enable, no number loses digits.
        let digits = "0.1000000000000000055";
        let number: serde_json::Value = serde_json::from_str(digits).unwrap();
        let exact = format!("{number}") == digits;
        for (json, changed) in [
            (
                r#"{"requestId":"a","amount":12345678901234567890.10}"#,
                None,
            ),
            (r#"{"requestId":"a","new":0.10}"#, None),
            (
                r#"{"requestId":"a","new":[{"b":12345678901234567890.10}]}"#,
                Some("12345678901234567890.1"),
            ),
            (
                r#"{"requestId":"a","new":0.1000000000000000055}"#,
                Some("0.1000000000000000055"),
            ),
            (r#"{"requestId":"a","new":"12345678901234567890.10"}"#, None),
            (r#"{"requestId":"a","amount":1,"new":1}"#, None),
        ] {
            let result = builder(json).build::<CreateTradeRequest>();
            match changed.filter(|_| !exact) {
                None => assert!(result.is_ok(), "{json}"),
                Some(number) => {
                    let error = result.unwrap_err().to_string();
                    assert!(
                        error.contains(&format!("number {number} ")),
                        "{json}: {error}"
                    );
                }
            }
        }
        let settlement: CreateSettlementOrderRequest =
            builder(r#"{"settlementOrderNo":"1","amount":1000.233567}"#)
                .build()
                .unwrap();
        assert_eq!(
            serde_json::to_string(&settlement.amount).unwrap(),
            r#""1000.233567""#
        );
    }

    #[test]
    fn missing_field_is_named() {
        let error = builder("{}")
            .build::<CreateTradeRequest>()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("requestId") && !error.contains("line"),
            "{error}"
        );
        for wrong in ["[]", "{", "7"] {
            assert!(
                RequestBuilder::new(&Some(InputArg::Text(wrong.into())), &()).is_err(),
                "{wrong}"
            );
        }
        assert!(
            RequestBuilder::new(&Some(InputArg::Text(r#"{"a":1,"a":2}"#.into())), &()).is_err()
        );
    }
}
