//! The fields of a request, from arguments and `--json`.

use clap::ArgMatches;
use stablelink::operations::FieldType;
use stablelink::{RawObject, closest};

use super::command_spec::{ABNORMAL_PAYMENT, CommandSpec, JSON, ORDER, arg_id, key_of};
use super::field_parser::is_negative_number;
use crate::context::Context;
use crate::error::{CallSubject, CliError};
use crate::input::InputArg;

/// A name with at most this many wrong, missing, added or exchanged letters is taken for a mistyped one.
const MAX_TYPING_ERRORS: usize = 2;

/// The fields of a request: names and JSON texts.
pub(super) struct RequestFields(Vec<(String, String)>);

impl RequestFields {
    /// Reads the fields of `--json`, and overrides them by those of the other arguments.
    pub(super) fn read(spec: &CommandSpec, matches: &ArgMatches) -> Result<Self, CliError> {
        let mut fields = Self(Vec::new());
        if let Some(input) = matches.get_one::<InputArg>(JSON) {
            let given = RawObject::parse(input.read_text()?.trim().as_bytes()).map_err(|_| {
                CliError::usage("--json is not a JSON object")
                    .next("write it as {\"name\":\"value\"}, or pass a file: @request.json")
            })?;
            for (name, value) in given.iter() {
                if fields.0.iter().any(|(known, _)| known == name) {
                    let problem = format!("--json has the field `{name}` twice");
                    return Err(CliError::usage(problem));
                }
                fields.set(name, value);
            }
        }
        for field in &spec.fields {
            let Some(values) = matches.get_many::<String>(&arg_id(&field.name)) else {
                continue;
            };
            let values: Vec<&str> = values.map(String::as_str).collect();
            match field.value_type {
                FieldType::TextList => fields.set(&field.name, &format!("[{}]", values.join(","))),
                _ => fields.set(&field.name, values.last().unwrap_or(&"null")),
            }
        }
        Ok(fields)
    }

    /// Returns the JSON text of a field that is not null.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(known, _)| known == name);
        field
            .map(|(_, value)| value.as_str())
            .filter(|value| *value != "null")
    }

    /// Returns a string without its quotation marks, and any other value as JSON.
    pub(super) fn get_text(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        Some(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()))
    }

    fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Adds the fields that have a default, among them a generated idempotency key.
    pub(super) fn complete(&mut self, spec: &CommandSpec) {
        let operation = spec.operation;
        if operation.operation_id == "createCheckoutOrder" && self.get("fiat").is_none() {
            // The only documented currency.
            self.set("fiat", "\"USD\"");
        }
        let intermediary = "isIntermediaryRequired";
        let has_intermediary = spec.fields.iter().any(|field| field.name == intermediary);
        if has_intermediary && self.get(intermediary).is_none() {
            let is_set = self.get("intermediaryBankName").is_some();
            self.set(intermediary, &is_set.to_string());
        }
        let key = key_of(operation);
        if !key.is_empty() && self.get(key).is_none() {
            // The gateway accepts letters and digits in every key.
            let number = stablelink::request_id().replace('-', "");
            self.set(key, &format!("\"{number}\""));
        }
    }

    /// Returns the field that identifies the record, and its value: the idempotency key, or the first number or ID.
    pub(super) fn identity<'a>(&self, spec: &'a CommandSpec) -> Option<(&'a str, String)> {
        let key = key_of(spec.operation);
        if !key.is_empty() {
            return Some((key, self.get_text(key)?));
        }
        let is_number = |name: &&str| name.ends_with("No") || name.ends_with("Id") || *name == "id";
        let names = spec.fields.iter().map(|field| field.name.as_str());
        let mut names = names.filter(is_number);
        names.find_map(|name| Some((name, self.get_text(name)?)))
    }

    /// Fails if a required field is missing, if an amount is negative, or if two fields exclude each other. A name that looks
    /// mistyped is an error for a call that may change something, and a note for other calls. Must be called before
    /// [`complete`](Self::complete), which adds a key if none is set.
    pub(super) fn check(&self, spec: &CommandSpec, context: &Context) -> Result<(), CliError> {
        let missing = spec
            .fields
            .iter()
            .find(|field| field.is_required && self.get(&field.name).is_none());
        if let Some(field) = missing {
            let how = match field.is_positional {
                true => "as an argument".to_owned(),
                false => format!("with --{}", field.flag),
            };
            let problem = format!("missing field `{}`", field.name);
            return Err(CliError::usage(problem).next(format!("set it {how} or in --json")));
        }
        if spec.excludes_order_and_payment()
            && let (Some(_), Some(_)) = (self.get(ORDER), self.get(ABNORMAL_PAYMENT))
        {
            let problem = format!("both `{ORDER}` and `{ABNORMAL_PAYMENT}` are set");
            return Err(CliError::usage(problem)
                .next("a refund is of an order or of an abnormal payment: set one of them"));
        }
        for field in &spec.fields {
            let text = self.get_text(&field.name).unwrap_or_default();
            if is_negative_number(field.value_type, &text) {
                let problem = format!("`{}` is negative", field.name);
                return Err(CliError::usage(problem).next("set a number of at least 0"));
            }
        }
        let key = key_of(spec.operation);
        // A key that is set is not suggested: the value of the unknown field would replace it.
        let is_key_set = self.get(key).is_some();
        let has_key = !key.is_empty();
        if has_key && !is_key_set && self.0.iter().any(|(name, _)| name == key) {
            return Err(CliError::usage(format!("`{key}` is null"))
                .next("set it, or leave it out to have one generated"));
        }
        for (name, _) in &self.0 {
            let known = spec.fields.iter().map(|field| field.name.as_str());
            if known.clone().any(|known| known == name) {
                continue;
            }
            let known = known.filter(|known| !is_key_set || *known != key);
            let Some(other) = closest(name, known) else {
                // The field may be the key under another name. With a generated key, each run would be another payment.
                if has_key && !is_key_set {
                    let problem = format!("the document has no field `{name}`");
                    return Err(CliError::usage(problem)
                        .next(format!("to send it nevertheless, set `{key}` too")));
                }
                continue;
            };
            let is_mistyped = other == key
                || (has_key && !is_key_set)
                || strsim::osa_distance(name, other) <= MAX_TYPING_ERRORS;
            if is_mistyped && CallSubject::may_write(spec.operation) {
                let problem = format!("the document has no field `{name}`");
                return Err(CliError::usage(problem).next(format!(
                    "did you mean `{other}`? `stablelink api` sends any field"
                )));
            }
            context.out.note(format!(
                "the document has no field `{name}`, which is sent unchanged; did you mean `{other}`?"
            ));
        }
        Ok(())
    }

    pub(super) fn to_json(&self) -> String {
        let fields = self.0.iter();
        let fields = fields
            .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str())));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    }
}
