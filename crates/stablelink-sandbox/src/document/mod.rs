//! The embedded OpenAPI document: the operations, and the schema checks of requests and responses.
//!
//! The document is parsed once per process. The validators of an operation are built when it is
//! first called. Read this file first, then `check`.

mod check;

use std::sync::OnceLock;

use http::Method;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Keyword, ValidationError, Validator};
use serde_json::{Value, json};

pub use check::SchemaMismatch;
pub(crate) use check::{check_request, check_response};

use crate::SandboxOperation;

/// The text of the embedded document, which includes the provisional operations.
pub(crate) const TEXT: &str = include_str!("../../../../spec/openapi.provisional.json");

/// An operation in the document.
pub(crate) struct OperationEntry {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// The operation object.
    pub(crate) spec: &'static Value,
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        #[expect(
            clippy::expect_used,
            reason = "the text is embedded, and tests parse it"
        )]
        let mut document: Value = serde_json::from_str(TEXT).expect("the document is JSON");
        let components = document["components"].take();
        document["components"] = json_schema(components);
        document
    })
}

/// Returns the entry of an operation.
pub(crate) fn entry(operation: SandboxOperation) -> &'static OperationEntry {
    static ENTRIES: OnceLock<Vec<OperationEntry>> = OnceLock::new();
    let entries = ENTRIES.get_or_init(|| {
        SandboxOperation::ALL
            .iter()
            .map(|it| find_entry(*it))
            .collect()
    });
    // `ALL` has the order of the variants.
    &entries[operation as usize]
}

fn find_entry(operation: SandboxOperation) -> OperationEntry {
    let paths = document()["paths"].as_object().into_iter().flatten();
    let mut entries = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, spec)| (path, method, spec))
    });
    #[expect(clippy::expect_used, reason = "a test finds every operation")]
    let (path, method, spec) = entries
        .find(|(_, _, spec)| spec["operationId"] == operation.id())
        .expect("the document has every operation");
    OperationEntry {
        method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap_or_default(),
        path,
        spec,
    }
}

/// Builds the validator of a schema of the document.
fn validator(schema: &Value) -> Result<Validator, String> {
    let root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "allOf": [json_schema(schema.clone())],
        "components": document()["components"],
    });
    jsonschema::options()
        .with_keyword(INT64, |_, _, _| Ok(Box::new(Int64Keyword)))
        .build(&root)
        .map_err(|error| error.to_string())
}

/// Keyword for 64-bit integers. `minimum` and `maximum` do not work: a number outside of the range
/// is parsed as a float, which can round to a value inside.
const INT64: &str = "x-int64";

struct Int64Keyword;

impl<'i> Keyword<'i> for Int64Keyword {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(value) {
            Ok(())
        } else {
            Err(ValidationError::custom("must be a whole number of 64 bits"))
        }
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        !value.is_number() || value.is_i64()
    }
}

/// Converts an OpenAPI 3.0 schema to JSON Schema: `nullable`, which is also allowed next to a
/// `$ref`, becomes the type `null`, and the format `int64` becomes a keyword.
fn json_schema(schema: Value) -> Value {
    match schema {
        Value::Object(mut fields) => {
            let nullable = fields.remove("nullable") == Some(Value::Bool(true));
            if fields.get("type") == Some(&json!("integer"))
                && fields.get("format") == Some(&json!("int64"))
            {
                fields.insert(INT64.to_owned(), Value::Bool(true));
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

/// Returns true if responses of an operation can have a field at this path, such as
/// `retdata.records.0.status`. Only the names in the path are checked, because many responses are
/// documented in part.
pub(crate) fn response_has_field(operation: SandboxOperation, path: &str) -> bool {
    let responses = &entry(operation).spec["responses"]["200"];
    // Nothing in this response is documented, so any documented field can be in it.
    let is_unseen = has_property(responses, UNSEEN, 0);
    let is_index = |name: &str| name.parse::<usize>().is_ok();
    // An empty path is the whole response.
    let mut names = path.split('.').filter(|_| !path.is_empty());
    names.all(|name| {
        is_index(name)
            || UNDOCUMENTED_FIELDS.contains(&name)
            || has_property(responses, name, 0)
            || is_unseen && has_property(&document()["components"]["schemas"], name, 0)
    })
}

/// The schema of data that no page shows.
const UNSEEN: &str = "#/components/schemas/Unseen";

/// Fields of the sandbox's responses that the document does not name.
const UNDOCUMENTED_FIELDS: [&str; 8] = [
    "address",
    "createdAt",
    "id",
    "kybStatus",
    "pageNum",
    "pageSize",
    "records",
    "total",
];

/// Returns true if a schema or a schema that it refers to has a property with this name, or refers
/// to it.
fn has_property(schema: &Value, name: &str, depth: usize) -> bool {
    let nested = |schema| depth < MAX_DEPTH && has_property(schema, name, depth + 1);
    match schema {
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    let target = document().pointer(reference.trim_start_matches('#'));
                    reference == name || target.is_some_and(nested)
                }
                ("properties", Value::Object(properties)) => {
                    properties.contains_key(name) || properties.values().any(nested)
                }
                _ => nested(value),
            }),
        Value::Array(items) => items.iter().any(nested),
        _ => false,
    }
}

/// Maximum depth of the search for a property. Schemas can refer to themselves.
const MAX_DEPTH: usize = 24;

/// Returns the first rule that a value violates, in the wording of the gateway. It names the field
/// but not the value. `root` is the name of the whole value. The rules of ignored fields do not
/// apply.
fn violation(validator: &Validator, value: &Value, root: &str, ignored: &[&str]) -> Option<String> {
    let mut errors = validator.iter_errors(value);
    errors.find_map(|error| describe(&error, root, ignored))
}

fn describe(error: &ValidationError<'_>, root: &str, ignored: &[&str]) -> Option<String> {
    use ValidationErrorKind as Kind;

    let path = error.instance_path().as_str();
    let mut path = path.trim_start_matches('/').replace('/', ".");
    if let Kind::Required { property } = error.kind() {
        if !path.is_empty() {
            path.push('.');
        }
        path += property.as_str().unwrap_or_default();
    }
    if path
        .rsplit('.')
        .next()
        .is_some_and(|name| ignored.contains(&name))
    {
        return None;
    }
    let field = if path.is_empty() { root } else { &path };
    Some(match error.kind() {
        Kind::Required { .. } => format!("{field} must not be empty"),
        Kind::Type { kind } => format!("{field} must be {}", type_name(kind)),
        Kind::MaxLength { limit } => format!("{field} must have at most {limit} characters"),
        Kind::MinLength { limit } => format!("{field} must have at least {limit} characters"),
        // The real gateway returned this message for an invalid `orderNo`.
        Kind::Pattern { pattern } if pattern == "^[0-9A-Za-z]+$" => {
            format!("{field} must contain only letters and numbers")
        }
        Kind::Pattern { pattern } => format!("{field} must match {pattern}"),
        Kind::Custom { message, .. } => format!("{field} {message}"),
        Kind::Format { format } => format!("{field} must have the format {format}"),
        // For a nullable field the last alternative is the schema of its non-null values.
        Kind::AnyOf { context } => {
            let mut errors = context.last().into_iter().flatten();
            return errors.find_map(|error| describe(error, root, ignored));
        }
        // The only union in request schemas is one of these two types.
        Kind::OneOfNotValid { .. } => format!("{field} must be a whole number or a string"),
        other => format!("{field} violates the rule {}", other.keyword()),
    })
}

fn type_name(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => match kind.to_string().as_str() {
            "string" => "a string".to_owned(),
            "number" => "a number".to_owned(),
            "integer" => "a whole number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => "a list".to_owned(),
            other => format!("an {other}"),
        },
        TypeKind::Multiple(_) => "of another type".to_owned(),
    }
}
