//! The facts of a document as short lines, which a test compares.

use serde_json::Value;

/// Returns the facts of all operations.
pub fn facts(document: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let paths = document["paths"].as_object().expect("paths").iter();
    let webhooks = document["x-webhooks"].as_object().into_iter().flatten();
    for (path, item) in paths.chain(webhooks) {
        for (method, operation) in item.as_object().expect("a path item") {
            lines.push(format!("{} {path}", method.to_uppercase()));
            operation_facts(document, operation, &mut lines);
        }
    }
    lines
}

fn operation_facts(document: &Value, operation: &Value, lines: &mut Vec<String>) {
    for word in [
        "summary",
        "description",
        "operationId",
        "tags",
        "callbacks",
        "servers",
    ] {
        let value = &operation[word];
        match (word, value) {
            (_, Value::Null) => {}
            ("callbacks", Value::Object(names)) => {
                lines.push(format!("callbacks {:?}", names.keys().collect::<Vec<_>>()));
            }
            (_, Value::String(text)) => lines.push(format!("{word} {}", text.replace('\n', " "))),
            (_, value) => lines.push(format!("{word} {value}")),
        }
    }
    for set in operation["security"].as_array().into_iter().flatten() {
        for name in set.as_object().expect("a requirement").keys() {
            let scheme = &document["components"]["securitySchemes"][name];
            let word = scheme["scheme"].as_str().or(scheme["name"].as_str());
            lines.push(format!("security {}", word.unwrap_or(name)));
        }
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place = parameter["in"].as_str().unwrap_or_default();
        let mut schema = parameter["schema"].clone();
        schema["description"] = parameter["description"].clone();
        let required = parameter["required"] == true;
        let mut line = format!("{place} {}", value(name, &schema, required));
        for word in ["style", "explode"] {
            if let Some(value) = parameter.get(word) {
                line.push_str(&format!(" {word}={value}"));
            }
        }
        lines.push(line);
    }
    let body = &operation["requestBody"];
    content(document, "body", &body["content"], lines);
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let name = response["description"].as_str().unwrap_or_default();
        lines.push(format!("{status} {name}"));
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let mut schema = header["schema"].clone();
            schema["description"] = header["description"].clone();
            lines.push(format!("{status} header {}", value(name, &schema, false)));
        }
        content(document, status, &response["content"], lines);
    }
}

fn content(document: &Value, start: &str, content: &Value, lines: &mut Vec<String>) {
    for (media_type, content) in content.as_object().into_iter().flatten() {
        let shown = if content["examples"].is_object() {
            " with an example"
        } else {
            ""
        };
        lines.push(format!("{start} {media_type}{shown}"));
        properties(document, start, "", &content["schema"], lines);
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([one]) => one,
        _ => schema,
    };
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).expect("a target"),
        None => schema,
    }
}

fn properties(document: &Value, start: &str, path: &str, schema: &Value, lines: &mut Vec<String>) {
    let schema = resolved(document, schema);
    if let Some(items) = schema.get("items") {
        let path = format!("{path}[]");
        let inner = resolved(document, items);
        if inner.get("properties").is_none() {
            lines.push(format!("{start} {}", value(&path, inner, false)));
        }
        properties(document, start, &path, items, lines);
    }
    for branch in schema["oneOf"].as_array().into_iter().flatten() {
        properties(document, start, path, branch, lines);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let required = schema["required"].as_array().into_iter().flatten();
        let required = required.into_iter().any(|known| known == name);
        let mut own = resolved(document, property).clone();
        if property["nullable"] == true {
            own["nullable"] = Value::Bool(true);
        }
        lines.push(format!("{start} {}", value(&path, &own, required)));
        properties(document, start, &path, property, lines);
    }
}

/// `name string required <format> (description) enum=… default=… example=… null`
fn value(name: &str, schema: &Value, required: bool) -> String {
    let mut line = format!("{name} {}", schema["type"].as_str().unwrap_or("any"));
    if required {
        line.push_str(" required");
    }
    if let Some(format) = schema["format"]
        .as_str()
        .filter(|format| *format != "int64")
    {
        line.push_str(&format!(" <{format}>"));
    }
    if let Some(text) = schema["description"].as_str() {
        line.push_str(&format!(" ({})", text.replace('\n', " ")));
    }
    for word in [
        "enum",
        "default",
        "example",
        "maxLength",
        "minimum",
        "exclusiveMinimum",
        "pattern",
        "discriminator",
    ] {
        if let Some(value) = schema.get(word) {
            line.push_str(&format!(" {word}={value}"));
        }
    }
    for word in ["nullable", "deprecated", "readOnly"] {
        if schema[word] == true {
            line.push_str(&format!(" {word}"));
        }
    }
    line
}
