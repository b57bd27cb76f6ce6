//! Checks whether a document is valid OpenAPI 3.0.3, as far as the importer could write it wrongly.

use std::collections::HashSet;

use serde_json::Value;

const PREFIX: &str = "#/components/schemas/";

/// Returns all problems of a document.
pub fn faults(document: &Value) -> Vec<String> {
    let mut check = Check {
        document,
        faults: Vec::new(),
    };
    check.document();
    check.faults
}

struct Check<'a> {
    document: &'a Value,
    faults: Vec<String>,
}

impl<'a> Check<'a> {
    fn fault(&mut self, place: &str, what: &str) {
        self.faults.push(format!("{place}: {what}"));
    }

    fn document(&mut self) {
        let document = self.document;
        if document["openapi"] != "3.0.3" || !document["info"]["title"].is_string() {
            self.fault("", "no version or title");
        }
        for (path, item) in members(&document["paths"]) {
            if !path.starts_with('/') {
                self.fault(path, "no leading slash");
            }
            for (method, operation) in members(item) {
                self.operation(&format!("{method} {path}"), Some(path), operation);
            }
        }
        for (name, item) in members(&document["x-webhooks"]) {
            self.operation(name, None, &item["post"]);
        }
        for (name, schema) in members(&document["components"]["schemas"]) {
            let fine = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if name.is_empty() || !name.chars().all(fine) {
                self.fault(name, "not allowed as a name");
            }
            for marker in ["x-apifox-at", "x-apifox-pages"] {
                if schema.get(marker).is_none() {
                    self.fault(name, marker);
                }
            }
            self.schema(name, schema);
        }
    }

    fn operation(&mut self, place: &str, path: Option<&str>, operation: &'a Value) {
        for marker in ["x-apifox-at", "x-apifox-pages"] {
            if operation.get(marker).is_none() {
                self.fault(place, marker);
            }
        }
        // An operation without a title on its page has no summary.
        if operation
            .get("summary")
            .is_some_and(|summary| summary == "")
        {
            self.fault(place, "summary");
        }
        let mut seen = HashSet::new();
        let mut in_path = HashSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, at) = (text(&parameter["name"]), text(&parameter["in"]));
            if !seen.insert((name, at)) {
                self.fault(place, "a parameter twice");
            }
            if at == "path" {
                in_path.insert(name);
                if parameter["required"] != true {
                    self.fault(place, "a path parameter that is not required");
                }
            }
            let here = format!("{place} {name}");
            self.schema(&here, &parameter["schema"]);
            self.examples(&here, "json", parameter);
        }
        if let Some(path) = path {
            let names: HashSet<&str> = path
                .split('{')
                .skip(1)
                .filter_map(|part| part.split('}').next())
                .collect();
            if names != in_path {
                self.fault(place, "path and parameters differ");
            }
        }
        if let Some(body) = operation.get("requestBody") {
            if members(&body["content"]).next().is_none() {
                self.fault(place, "a body without content");
            }
            self.contents(place, &body["content"]);
        }
        if members(&operation["responses"]).next().is_none() {
            self.fault(place, "no response");
        }
        for (status, response) in members(&operation["responses"]) {
            let here = format!("{place} {status}");
            if !response["description"].is_string() {
                self.fault(&here, "no description");
            }
            self.contents(&here, &response["content"]);
            for (_, header) in members(&response["headers"]) {
                self.schema(&here, &header["schema"]);
            }
        }
    }

    fn contents(&mut self, place: &str, content: &'a Value) {
        for (media, object) in members(content) {
            let here = format!("{place} {media}");
            if let Some(schema) = object.get("schema") {
                self.schema(&here, schema);
                self.examples(&here, media, object);
            }
        }
    }

    fn examples(&mut self, place: &str, media: &str, object: &'a Value) {
        for (key, example) in members(&object["examples"]) {
            // An example that is not JSON is a text, whatever the schema says about its fields.
            let text = !media.ends_with("json") && example["value"].is_string();
            if !text && !self.fits(&object["schema"], &example["value"]) {
                self.fault(place, &format!("the example {key} does not fit"));
            }
        }
    }

    fn schema(&mut self, place: &str, schema: &'a Value) {
        let Some(object) = schema.as_object() else {
            return self.fault(place, "no schema");
        };
        if let Some(reference) = object.get("$ref") {
            if object.len() > 1 {
                self.fault(place, "something beside a reference");
            }
            if self.target(reference).is_none() {
                self.fault(place, &format!("no target for {reference}"));
            }
            return;
        }
        if let Some(kind) = object.get("type") {
            let known = ["object", "array", "string", "number", "integer", "boolean"];
            if !known.contains(&text(kind)) {
                self.fault(place, &format!("the type {kind}"));
            }
            if kind == "array" && object.get("items").is_none() {
                self.fault(place, "an array without items");
            }
        }
        for (name, property) in members(&schema["properties"]) {
            self.schema(&format!("{place}.{name}"), property);
        }
        if let Some(items) = object.get("items") {
            self.schema(&format!("{place}[]"), items);
        }
        for word in ["oneOf", "allOf"] {
            for branch in schema[word].as_array().into_iter().flatten() {
                self.schema(place, branch);
            }
        }
    }

    fn target(&self, reference: &Value) -> Option<&'a Value> {
        let name = reference.as_str()?.strip_prefix(PREFIX)?;
        self.document["components"]["schemas"].get(name)
    }

    /// Returns whether a value matches a schema, as far as the importer writes schemas.
    fn fits(&self, schema: &Value, value: &Value) -> bool {
        self.fits_behind(schema, value, 0)
    }

    /// Returns whether a value matches a schema. `hops` counts the references and branches that
    /// were followed for this value. After more than 50, the schema is assumed to refer to itself,
    /// and any value matches.
    fn fits_behind(&self, schema: &Value, value: &Value, hops: usize) -> bool {
        if hops > 50 {
            return true;
        }
        if let Some(reference) = schema.get("$ref") {
            return self
                .target(reference)
                .is_some_and(|schema| self.fits_behind(schema, value, hops + 1));
        }
        if value.is_null() {
            return schema["nullable"] == true || schema.get("type").is_none();
        }
        let kind = match text(&schema["type"]) {
            "" => true,
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_number() && !value.to_string().contains(['.', 'e', 'E']),
            _ => false,
        };
        let required = schema["required"].as_array().into_iter().flatten();
        let longest = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
        let branches = |word: &str| schema[word].as_array().cloned().unwrap_or_default();
        let one_of = branches("oneOf");
        kind && required
            .into_iter()
            .all(|name| value.get(text(name)).is_some())
            && value
                .as_str()
                .is_none_or(|text| text.chars().count() as u64 <= longest)
            && (schema.get("enum").is_none() || branches("enum").contains(value))
            && members(value).all(|(name, value)| {
                schema["properties"]
                    .get(name)
                    .is_none_or(|schema| self.fits(schema, value))
            })
            && value.as_array().into_iter().flatten().all(|item| {
                schema
                    .get("items")
                    .is_none_or(|schema| self.fits(schema, item))
            })
            && branches("allOf")
                .iter()
                .all(|schema| self.fits_behind(schema, value, hops + 1))
            && (one_of.is_empty()
                || one_of
                    .iter()
                    .any(|schema| self.fits_behind(schema, value, hops + 1)))
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
