//! The schemas of the document as JSON Schema, and the wording of their violations.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Keyword, ValidationError, Validator};
use serde_json::{Value, json};

use super::openapi::{INT64, document, json_schema};
use super::operation::SandboxOperation;

/// Builds the validator of a schema of the document.
pub(super) fn validator(schema: &Value) -> Result<Validator, String> {
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

/// Follows the references of a schema.
pub(super) fn resolve(mut schema: &Value) -> &Value {
    for _ in 0..MAX_DEPTH {
        let Some(reference) = schema["$ref"].as_str() else {
            break;
        };
        let target = document().pointer(reference.trim_start_matches('#'));
        schema = target.unwrap_or(&Value::Null);
    }
    schema
}

/// Returns true if responses of an operation can have a field at this path, such as
/// `retdata.records.0.status`. Only the names in the path are checked, because many responses are
/// documented in part.
pub(crate) fn response_has_field(operation: SandboxOperation, path: &str) -> bool {
    let responses = &operation.spec()["responses"]["200"];
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

/// Maximum depth to which schemas are followed: they can refer to themselves.
pub(super) const MAX_DEPTH: usize = 24;

/// Returns the first rule that a value violates, in the wording of the gateway. It names the field
/// but not the value. `root` is the name of the whole value. The rules of ignored fields do not
/// apply.
pub(super) fn violation(
    validator: &Validator,
    value: &Value,
    root: &str,
    ignored: &[&str],
) -> Option<String> {
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
