//! The parsed document and its operations.

use std::sync::OnceLock;

use http::Method;
use serde_json::{Value, json};

/// The text of the embedded document, which includes the provisional operations.
pub(crate) const TEXT: &str = include_str!("../../../../spec/openapi.provisional.json");

/// Operations that only the tests of this crate add to the document. No handler is written for
/// them.
#[cfg(test)]
const TEST_PATHS: &str = include_str!("../../tests/new_operations.json");

/// An operation in the document.
pub(super) struct OperationEntry {
    pub(super) id: &'static str,
    pub(super) method: Method,
    /// The path, which can have parameters in braces.
    pub(super) path: &'static str,
    /// The operation object.
    pub(super) spec: &'static Value,
}

/// Returns the document. Its components are converted to JSON Schema.
pub(super) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        #[expect(
            clippy::expect_used,
            reason = "the text is embedded, and tests parse it"
        )]
        let mut document: Value = serde_json::from_str(TEXT).expect("the document is JSON");
        #[cfg(test)]
        if let Some(paths) = document["paths"].as_object_mut() {
            paths.extend(
                serde_json::from_str::<serde_json::Map<String, Value>>(TEST_PATHS).unwrap(),
            );
        }
        let components = document["components"].take();
        document["components"] = json_schema(components);
        document
    })
}

/// Returns the operations in the order of the document.
pub(super) fn entries() -> &'static [OperationEntry] {
    static ENTRIES: OnceLock<Vec<OperationEntry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let paths = document()["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, spec)| (path, method, spec))
        });
        let entry = |(path, method, spec): (&'static String, &'static String, &'static Value)| {
            Some(OperationEntry {
                id: spec["operationId"].as_str()?,
                method: Method::from_bytes(method.to_uppercase().as_bytes()).ok()?,
                path,
                spec,
            })
        };
        let mut entries: Vec<_> = operations.filter_map(entry).collect();
        // A path without parameters takes precedence.
        entries.sort_by_key(|entry| entry.path.contains('{'));
        entries
    })
}

/// Returns the entry of an operation. An operation that was removed from the document has no path,
/// so no request reaches it.
pub(super) fn entry(id: &str) -> &'static OperationEntry {
    static REMOVED: OperationEntry = OperationEntry {
        id: "",
        method: Method::GET,
        path: "",
        spec: &Value::Null,
    };
    let entry = entries().iter().find(|entry| entry.id == id);
    entry.unwrap_or(&REMOVED)
}

/// Returns the values of the parameters in a path, or `None` if the path does not match.
pub(super) fn match_path<'a>(
    template: &'static str,
    path: &'a str,
) -> Option<Vec<(&'static str, &'a str)>> {
    if !template.contains('{') {
        return (template == path).then(Vec::new);
    }
    let (mut names, mut values) = (template.split('/'), path.split('/'));
    let mut parameters = Vec::new();
    loop {
        match (names.next(), values.next()) {
            (None, None) => return Some(parameters),
            (Some(name), Some(value)) => {
                match name.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                    Some(name) if !value.is_empty() => parameters.push((name, value)),
                    None if name == value => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

/// Keyword for 64-bit integers. `minimum` and `maximum` do not work: a number outside of the range
/// is parsed as a float, which can round to a value inside.
pub(super) const INT64: &str = "x-int64";

/// Converts an OpenAPI 3.0 schema to JSON Schema: `nullable`, which is also allowed next to a
/// `$ref`, becomes the type `null`, exclusive limits become numbers, and the format `int64` becomes
/// a keyword.
pub(super) fn json_schema(schema: Value) -> Value {
    match schema {
        Value::Object(mut fields) => {
            let nullable = fields.remove("nullable") == Some(Value::Bool(true));
            if fields.get("type") == Some(&json!("integer"))
                && fields.get("format") == Some(&json!("int64"))
            {
                fields.insert(INT64.to_owned(), Value::Bool(true));
            }
            // In OpenAPI 3.0 these are flags of the limits.
            for (flag, limit) in [
                ("exclusiveMinimum", "minimum"),
                ("exclusiveMaximum", "maximum"),
            ] {
                let Some(Value::Bool(is_exclusive)) = fields.get(flag) else {
                    continue;
                };
                let limit = if *is_exclusive {
                    fields.remove(limit)
                } else {
                    None
                };
                fields.remove(flag);
                fields.extend(limit.map(|limit| (flag.to_owned(), limit)));
            }
            let fields = fields.into_iter().map(|(name, it)| (name, json_schema(it)));
            let schema = Value::Object(fields.collect());
            if nullable {
                json!({"anyOf": [{"type": "null"}, schema]})
            } else {
                schema
            }
        }
        Value::Array(items) => items.into_iter().map(json_schema).collect(),
        other => other,
    }
}
