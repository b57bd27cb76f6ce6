//! Requests out of flags and JSON.

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use stablelink::scalars::DecimalNumber;

use crate::failure::Failure;
use crate::input::Input;
use crate::output::{Members, Out, plain};

/// A request as JSON, which flags add to.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Json {
    /// The request, or a part of it, as a JSON object: a text, @FILE, or @- for standard input; flags go before it
    #[arg(long, value_name = "OBJECT|@FILE|@-")]
    pub(super) json: Option<Input>,
}

/// Which page of a list.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    /// Which page, from 1 (the name of the field, pageNum, is inferred)
    #[arg(long = "page", value_name = "N")]
    page_num: Option<u32>,
    /// How many records a page has (pageSize, inferred too)
    #[arg(long, value_name = "N")]
    page_size: Option<u32>,
    /// Filters, or the whole request, as a JSON object: a text, @FILE, or @- for standard input
    #[arg(long, value_name = "OBJECT|@FILE|@-")]
    #[serde(skip)]
    json: Option<Input>,
}

impl Page {
    pub(super) fn request<T: DeserializeOwned + Serialize>(&self) -> Result<T, Failure> {
        Draft::new(&self.json, self)?.finish()
    }
}

/// A request in the making: the members of an object, each as it was given.
pub(super) struct Draft(Vec<(String, Box<RawValue>)>);

impl Draft {
    /// The JSON that was given, with the members of the flags in it.
    pub(super) fn new(json: &Option<Input>, flags: &impl Serialize) -> Result<Self, Failure> {
        let mut draft = Self(Vec::new());
        if let Some(input) = json {
            let text = input.read_text()?;
            let members = Members::read(text.trim()).ok_or_else(|| {
                Failure::usage("--json is no JSON object")
                    .next("write it as {\"name\":\"value\"}, or name a file: @request.json")
            })?;
            for (name, value) in members.0 {
                if draft.0.iter().any(|(known, _)| *known == name) {
                    return Err(Failure::usage(format!(
                        "--json has `{}` twice",
                        plain(&name)
                    )));
                }
                draft.0.push((name, value.to_owned()));
            }
        }
        let flags = serde_json::to_string(flags)
            .map_err(|error| Failure::other(format!("the flags can't be written: {error}")))?;
        for (name, value) in Members::read(&flags)
            .map(|members| members.0)
            .unwrap_or_default()
        {
            if value.get() != "null" {
                draft.set(&name, value.to_owned());
            }
        }
        Ok(draft)
    }

    fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Sees to it that there is an idempotency key, and shows it before anything is sent: whoever is cut off looks the record
    /// up by it.
    pub(super) fn keyed(
        mut self,
        out: &Out,
        field: &str,
        make: impl FnOnce() -> String,
    ) -> Result<Self, Failure> {
        let given = self.0.iter().find(|(name, _)| name == field);
        let shown = match given {
            Some((_, value)) => value.get().to_owned(),
            None => {
                let value = RawValue::from_string(serde_json::Value::from(make()).to_string())
                    .map_err(|error| Failure::other(error.to_string()))?;
                let shown = value.get().to_owned();
                self.0.push((field.to_owned(), value));
                shown
            }
        };
        out.note(format!("{field} {}", plain(shown.trim_matches('"'))));
        Ok(self)
    }

    /// The request, if it has what it needs and no number of it is lost.
    pub(super) fn finish<T: DeserializeOwned + Serialize>(self) -> Result<T, Failure> {
        let members: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| {
                format!("{}:{}", serde_json::Value::from(name.as_str()), value.get())
            })
            .collect();
        let given = format!("{{{}}}", members.join(","));
        let request: T = serde_json::from_str(&given).map_err(|error| {
            let text = error.to_string();
            // Line and column are of a text that nobody wrote.
            let problem = text.split(" at line ").next().unwrap_or_default();
            Failure::usage(format!(
                "the request is not as it should be: {}",
                plain(problem)
            ))
            .next("give it by its flag or in --json; --help names the fields")
        })?;
        let sent = serde_json::to_string(&request)
            .map_err(|error| Failure::usage(format!("the request can't be written: {error}")))?;
        if let Some(lost) = first_lost(&given, &sent) {
            return Err(Failure::usage(format!(
                "the number {lost} would change on its way: its field is not known"
            ))
            .next("write it as a string, or send the request as it is with `stablelink api`"));
        }
        Ok(request)
    }
}

/// The first number that was given and is not sent to the digit: fields that no type knows pass a float.
fn first_lost(given: &str, sent: &str) -> Option<String> {
    let mut sent = numbers(sent);
    numbers(given).into_iter().find_map(|number| {
        let at = sent.iter().position(|other| *other == number);
        match at {
            Some(at) => {
                sent.swap_remove(at);
                None
            }
            None => Some(number),
        }
    })
}

/// The numbers of a JSON text, and texts that are numbers: fields may turn one into the other. Zeros at the end don't count.
fn numbers(json: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(json, &mut found);
    found
}

fn collect(json: &str, found: &mut Vec<String>) {
    if let Some(members) = Members::read(json) {
        members
            .0
            .iter()
            .for_each(|(_, value)| collect(value.get(), found));
    } else if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(json) {
        list.iter().for_each(|value| collect(value.get(), found));
    } else {
        let text = json.trim_matches('"');
        let exact = text.parse::<DecimalNumber>();
        match exact {
            Ok(number) => found.push(number.get().normalize().to_string()),
            Err(_) if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                found.push(text.to_owned());
            }
            Err(_) => {}
        }
    }
}

/// A number that is unique for an order: letters and digits alone.
pub(super) fn unique_number() -> String {
    stablelink::request_id().replace('-', "")
}

#[cfg(test)]
mod tests {
    use stablelink::types::{CreateSettlementOrderRequest, CreateTradeRequest};

    use super::*;

    fn draft(json: &str) -> Draft {
        Draft::new(
            &Some(Input::Text(json.into())),
            &serde_json::json!({"amount": null}),
        )
        .unwrap()
    }

    #[test]
    fn flags_go_before_json() {
        let json = Some(Input::Text(
            r#"{"requestId":"a","amount":1.50,"clientId":7}"#.into(),
        ));
        let flags = serde_json::json!({"clientId": 8, "fileId": null});
        let request: CreateTradeRequest = Draft::new(&json, &flags).unwrap().finish().unwrap();
        assert_eq!(request.client_id, Some(8));
        assert_eq!(request.amount.unwrap().to_string(), "1.50");
    }

    #[test]
    fn no_number_changes_on_its_way() {
        // Another crate may have turned `serde_json/arbitrary_precision` on: then no number is lost at all.
        let digits = "0.1000000000000000055";
        let number: serde_json::Value = serde_json::from_str(digits).unwrap();
        let exact = format!("{number}") == digits;
        for (json, lost) in [
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
            let outcome = draft(json).finish::<CreateTradeRequest>();
            match lost.filter(|_| !exact) {
                None => assert!(outcome.is_ok(), "{json}"),
                Some(lost) => {
                    let failure = outcome.unwrap_err().to_string();
                    assert!(
                        failure.contains(&format!("number {lost} ")),
                        "{json}: {failure}"
                    );
                }
            }
        }
        let settlement: CreateSettlementOrderRequest =
            draft(r#"{"settlementOrderNo":"1","amount":1000.233567}"#)
                .finish()
                .unwrap();
        assert_eq!(
            serde_json::to_string(&settlement.amount).unwrap(),
            r#""1000.233567""#
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let failure = draft("{}")
            .finish::<CreateTradeRequest>()
            .unwrap_err()
            .to_string();
        assert!(
            failure.contains("requestId") && !failure.contains("line"),
            "{failure}"
        );
        for wrong in ["[]", "{", "7"] {
            assert!(
                Draft::new(&Some(Input::Text(wrong.into())), &()).is_err(),
                "{wrong}"
            );
        }
        assert!(Draft::new(&Some(Input::Text(r#"{"a":1,"a":2}"#.into())), &()).is_err());
    }
}
