//! Responses that are made from the document, for operations without a hand-written handler.
//!
//! A generator of samples is written here. The crate `fake` was considered: it makes values of Rust
//! types, and reads no JSON Schema.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::check::{SUCCESS, response_content};
use super::operation::SandboxOperation;
use super::schema::{MAX_DEPTH, resolve, validator};

/// A response that was made from the document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SampleResponse {
    /// Whether the document has an example of the response. Without one, the values are made from
    /// the schema.
    pub(crate) is_example: bool,
    /// Whether the response has the envelope.
    pub(crate) has_envelope: bool,
    /// The data of the envelope, or the whole response without an envelope.
    pub(crate) data: Option<Value>,
}

/// Makes the response of a success: an example of the document that matches its schema, or values
/// of the schema. A property with the name of a request field has the value of this field. The same
/// request gives the same response.
pub(crate) fn sample_response(
    operation: SandboxOperation,
    request: &Map<String, Value>,
) -> SampleResponse {
    let Some(content) = response_content(operation, &SUCCESS) else {
        return SampleResponse {
            is_example: false,
            has_envelope: true,
            data: None,
        };
    };
    let schema = &content["schema"];
    let has_envelope = property(schema, "retcode", 0).is_some();
    let (part, name) = if has_envelope {
        (property(schema, "retdata", 0), "/retdata")
    } else {
        (Some(schema), "")
    };
    let example = examples(content).find_map(|example| example.pointer(name));
    let Some(part) = part else {
        return SampleResponse {
            is_example: example.is_some(),
            has_envelope,
            data: example.cloned(),
        };
    };
    let matches = |value: &Value| validator(part).is_ok_and(|it| it.is_valid(value));
    let example = example.filter(|example| matches(example)).cloned();
    let digest = Sha256::digest(format!("{operation}{}", Value::Object(request.clone())));
    let sampler = Sampler {
        number: 1 + digest
            .iter()
            .take(3)
            .fold(0, |sum, byte| sum * 256 + i64::from(*byte)),
    };
    let is_example = example.is_some();
    let made = example.unwrap_or_else(|| sampler.value("value", part, 0));
    let mut repeated = repeat_fields(&made, request);
    // An example may lack the idempotency key, by which a client recognises its record.
    let key = operation.key_field();
    let key = key.filter(|key| property(part, key, 0).is_some());
    let sent = key.and_then(|key| request.get_key_value(key));
    if let (Some(fields), Some((key, value))) = (repeated.as_object_mut(), sent) {
        fields.entry(key).or_insert_with(|| value.clone());
    }
    SampleResponse {
        is_example,
        has_envelope,
        data: Some(if matches(&repeated) { repeated } else { made }),
    }
}

/// Replaces each field that the request has too by the value of the request, if the types allow it.
/// A client can check that a response is about the requested record.
fn repeat_fields(made: &Value, request: &Map<String, Value>) -> Value {
    match made {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, made)| {
                let sent = request.get(name).and_then(|sent| convert(sent, made));
                (
                    name.clone(),
                    sent.unwrap_or_else(|| repeat_fields(made, request)),
                )
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(|it| repeat_fields(it, request)).collect(),
        other => other.clone(),
    }
}

/// Converts a value of a request to the type of a value. Parameters in a query are strings.
fn convert(sent: &Value, made: &Value) -> Option<Value> {
    match (sent, made) {
        (Value::String(text), Value::Number(_)) => {
            let number = serde_json::from_str(text).ok();
            number.filter(Value::is_number)
        }
        (Value::Number(number), Value::String(_)) => Some(json!(number.to_string())),
        _ => (std::mem::discriminant(sent) == std::mem::discriminant(made)).then(|| sent.clone()),
    }
}

impl SandboxOperation {
    /// Returns the fields of a request that the document allows: the parameters of the path and the
    /// query, and the properties of the JSON body. The values are an example of the document, or
    /// they are made from the schemas. The parts of a form are omitted.
    ///
    /// A test can call an operation with it that it does not know.
    #[must_use]
    pub fn sample_request(self) -> Map<String, Value> {
        let sampler = Sampler { number: 1 };
        let sample = |name: &str, content: &Value| {
            let example = examples(content).next().cloned();
            example.unwrap_or_else(|| sampler.value(name, &content["schema"], 0))
        };
        let parameters = self.spec()["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.filter(|it| it["in"] == "path" || it["in"] == "query");
        let mut fields = Map::new();
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            fields.insert(name.to_owned(), sample(name, parameter));
        }
        let body = &self.spec()["requestBody"]["content"]["application/json"];
        if let Value::Object(body) = sample("body", body) {
            fields.extend(body);
        }
        fields
    }
}

/// Returns the examples of a parameter, a request or a response.
fn examples(content: &Value) -> impl Iterator<Item = &Value> {
    let examples = content["examples"].as_object().into_iter().flatten();
    let examples = examples.filter_map(|(_, example)| example.get("value"));
    content.get("example").into_iter().chain(examples)
}

/// Returns a property of a schema or of the schemas that it combines.
fn property<'a>(schema: &'a Value, name: &str, depth: usize) -> Option<&'a Value> {
    let schema = resolve(schema);
    let found = schema["properties"].get(name);
    found.or_else(|| {
        let combined = ["allOf", "oneOf", "anyOf"].map(|keyword| schema[keyword].as_array());
        let mut combined = combined.into_iter().flatten().flatten();
        combined.find_map(|it| property(it, name, depth + 1).filter(|_| depth < MAX_DEPTH))
    })
}

/// Makes values from schemas.
struct Sampler {
    /// A number that depends on the request.
    number: i64,
}

impl Sampler {
    /// Makes the value of the property `name`.
    fn value(&self, name: &str, schema: &Value, depth: usize) -> Value {
        let schema = resolve(schema);
        let listed = ["enum", "x-extensible-enum"].map(|it| schema[it].get(0));
        let given = ["example", "default"].map(|keyword| schema.get(keyword));
        if let Some(value) = given.into_iter().chain(listed).flatten().next() {
            return value.clone();
        }
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        let alternatives = ["oneOf", "anyOf"].map(|keyword| schema[keyword].as_array());
        let mut alternatives = alternatives.into_iter().flatten().flatten();
        if let Some(alternative) = alternatives.find(|it| it["type"] != "null") {
            return self.value(name, alternative, depth + 1);
        }
        match schema["type"].as_str() {
            Some("boolean") => json!(true),
            Some("integer") => json!(self.bounded(schema)),
            Some("number") => json!(number_within(schema)),
            Some("string") => json!(self.text(name, schema)),
            Some("array") => {
                let count = schema["minItems"].as_u64().unwrap_or(1);
                let item = || self.value(name, &schema["items"], depth + 1);
                (0..count.min(100)).map(|_| item()).collect()
            }
            _ => {
                let mut fields = Map::new();
                self.add_fields(&mut fields, schema, depth);
                Value::Object(fields)
            }
        }
    }

    /// Adds the properties of an object and of the schemas that it combines.
    fn add_fields(&self, fields: &mut Map<String, Value>, schema: &Value, depth: usize) {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            if depth < MAX_DEPTH {
                self.add_fields(fields, resolve(part), depth + 1);
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // A schema that contains itself ends here.
            if depth >= MAX_DEPTH / 4
                && schema["required"]
                    .as_array()
                    .is_none_or(|it| !it.contains(&json!(name)))
            {
                continue;
            }
            let value = self.value(name, property, depth + 1);
            fields.insert(name.clone(), value);
        }
    }

    /// Returns the number of the request, or the nearest integer within the limits of the schema.
    fn bounded(&self, schema: &Value) -> i64 {
        let bound = |name: &str| schema[name].as_i64();
        let above = bound("exclusiveMinimum").map(|it| it.saturating_add(1));
        let below = bound("exclusiveMaximum").map(|it| it.saturating_sub(1));
        let low = bound("minimum").max(above).unwrap_or(i64::MIN);
        let highs = [bound("maximum"), below].into_iter().flatten();
        self.number.max(low).min(highs.min().unwrap_or(i64::MAX))
    }

    fn text(&self, name: &str, schema: &Value) -> String {
        let number = self.number;
        match schema["format"].as_str() {
            Some("decimal") => "1.25".to_owned(),
            Some("date") => "2026-01-02".to_owned(),
            Some("date-time") => "2026-01-02T03:04:05Z".to_owned(),
            Some("email") => format!("{name}{number}@example.com"),
            Some("uri" | "url") => format!("https://example.com/{name}/{number}"),
            Some("uuid") => format!("00000000-0000-4000-8000-{number:012}"),
            _ => {
                let length = |name: &str| schema[name].as_u64().and_then(|it| it.try_into().ok());
                // Letters and digits match the usual patterns.
                let mut text: String = format!("{name}{number}");
                text.retain(|it| it.is_ascii_alphanumeric());
                let missing = length("minLength")
                    .unwrap_or(0_usize)
                    .saturating_sub(text.len());
                text.extend(std::iter::repeat_n('0', missing.min(10_000)));
                // The end of the text has the digits that depend on the request.
                text.split_off(
                    text.len() - text.len().min(length("maxLength").unwrap_or(usize::MAX)),
                )
            }
        }
    }
}

/// Returns a number within the limits of a schema: the middle of the range if it has two.
fn number_within(schema: &Value) -> f64 {
    let limits = |names: [&str; 2]| {
        names
            .map(|name| schema[name].as_f64())
            .into_iter()
            .flatten()
    };
    let low = limits(["minimum", "exclusiveMinimum"]).reduce(f64::max);
    let high = limits(["maximum", "exclusiveMaximum"]).reduce(f64::min);
    match (low, high) {
        (None, None) => 1.25,
        // The distance is relative, because a small one is lost next to a large limit.
        (Some(low), None) => low + low.abs().max(0.25),
        (None, Some(high)) => high - high.abs().max(0.25),
        (Some(low), Some(high)) => low / 2.0 + high / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SandboxSettings;
    use crate::document::check_response;

    fn sample(id: &str, request: &Value) -> SampleResponse {
        sample_response(id.parse().unwrap(), request.as_object().unwrap())
    }

    #[test]
    fn sample_of_every_operation_matches_the_document() {
        let request = json!({"orderNo": "A1", "clientId": 7, "amount": "not a number"});
        for operation in SandboxOperation::all() {
            let sample = sample_response(operation, request.as_object().unwrap());
            let data = sample.data.clone().unwrap_or_default();
            let body = match (sample.has_envelope, &sample.data) {
                (false, _) => data,
                (true, None) => json!({"retcode": "200", "success": true}),
                (true, Some(_)) => json!({"retcode": "200", "retdata": data}),
            };
            let body = body.to_string();
            let response = (http::StatusCode::OK, body.as_bytes());
            let mismatch = check_response(operation, response, &SandboxSettings::default());
            assert_eq!(mismatch, None, "{operation}: {body}");
            assert_eq!(
                sample,
                sample_response(operation, request.as_object().unwrap())
            );
        }
    }

    #[test]
    fn created_record_has_the_key_of_the_request() {
        for (id, key) in [
            ("createCheckoutOrder", "orderNo"),
            ("createSettlementOrder", "settlementOrderNo"),
            ("createAbnormalPaymentRefund", "refundOrderNo"),
            ("createTrade", "requestId"),
        ] {
            let record = sample(id, &json!({ key: "K1" })).data.unwrap();
            assert_eq!(record[key], "K1", "{id}");
        }
    }

    #[test]
    fn number_of_a_sample_keeps_the_limits() {
        let sampler = Sampler { number: 7 };
        for (schema, expected) in [
            (json!({"type": "number"}), json!(1.25)),
            (
                json!({"type": "number", "minimum": 0, "maximum": 0.1}),
                json!(0.05),
            ),
            (
                json!({"type": "number", "exclusiveMinimum": 0, "maximum": 9}),
                json!(4.5),
            ),
            (
                json!({"type": "number", "exclusiveMinimum": 1e300}),
                json!(2e300),
            ),
            (
                json!({"type": "number", "exclusiveMaximum": 0}),
                json!(-0.25),
            ),
            (
                json!({"type": "number", "minimum": 5, "exclusiveMinimum": 0, "maximum": 5}),
                json!(5.0),
            ),
            (json!({"type": "integer"}), json!(7)),
            (json!({"type": "integer", "maximum": 7}), json!(7)),
            (json!({"type": "integer", "exclusiveMaximum": 7}), json!(6)),
            (
                json!({"type": "integer", "exclusiveMaximum": 7, "maximum": 9}),
                json!(6),
            ),
            (json!({"type": "integer", "exclusiveMinimum": 7}), json!(8)),
            (
                json!({"type": "integer", "minimum": 10, "exclusiveMinimum": 7}),
                json!(10),
            ),
        ] {
            let value = sampler.value("n", &schema, 0);
            assert_eq!(value, expected, "{schema}");
            assert!(validator(&schema).unwrap().is_valid(&value), "{schema}");
        }
    }

    #[test]
    fn sample_is_the_example_or_follows_the_schema_and_the_request() {
        let order = sample("createCheckoutOrder", &json!({"orderNo": "A1"}));
        assert!(order.is_example && order.has_envelope);
        let note = sample(
            "createVaultNote",
            &json!({"vault": "v-1", "text": "hello", "stars": "x"}),
        );
        assert!(!note.is_example);
        let data = note.data.unwrap();
        assert_eq!(data["vault"], "v-1", "a field of the request");
        assert_eq!(data["text"], "hello");
        assert!(
            data["stars"].is_i64(),
            "a field of another type is not repeated: {data}"
        );
        assert_eq!(data["kind"], "PLAIN", "the first value of the enum");
        assert!(data["code"].as_str().unwrap().len() == 8, "{data}");
        assert_eq!(data["tags"].as_array().unwrap().len(), 2);
        let other = sample("createVaultNote", &json!({"vault": "v-2"}))
            .data
            .unwrap();
        assert_ne!(data["code"], other["code"]);
        let user = sample("getUser", &json!({"id": "7"})).data.unwrap();
        assert_eq!(user["id"], 7, "a parameter of a query");
        let list = sample("listVaultNotes", &json!({}));
        assert_eq!((list.is_example, list.has_envelope), (true, false));
        assert_eq!(list.data.unwrap(), json!([{"vault": "a"}]));
    }
}
