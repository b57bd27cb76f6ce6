//! Names the rule that a value breaks, in the words of the gateway.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// The first rule that the value breaks, with the name of its field; never the value itself.
/// `whole` is what a rule about all of it is said of.
pub(super) fn broken(validator: &Validator, value: &Value, whole: &str) -> Option<String> {
    validator
        .iter_errors(value)
        .next()
        .map(|error| rule(&error, whole))
}

fn rule(error: &ValidationError<'_>, whole: &str) -> String {
    let path = error.instance_path().as_str();
    let path = path.trim_start_matches('/').replace('/', ".");
    if let Kind::Required { property } = error.kind() {
        let property = property.as_str().unwrap_or_default();
        return match path.as_str() {
            "" => format!("{property} must not be empty"),
            path => format!("{path}.{property} must not be empty"),
        };
    }
    let field = if path.is_empty() { whole } else { &path };
    match error.kind() {
        Kind::Type { kind } => format!("{field} must be {}", types(kind)),
        Kind::MaxLength { limit } => format!("{field} must have at most {limit} characters"),
        Kind::MinLength { limit } => format!("{field} must have at least {limit} characters"),
        // Observed live for orderNo.
        Kind::Pattern { pattern } if pattern == "^[0-9A-Za-z]+$" => {
            format!("{field} must contain only letters and numbers")
        }
        Kind::Pattern { pattern } => format!("{field} must match {pattern}"),
        Kind::Custom { message, .. } => format!("{field} {message}"),
        Kind::Format { format } => format!("{field} must have the format {format}"),
        // A member that may be null is told as what else it may be.
        Kind::AnyOf { context } => match context.last().and_then(|errors| errors.first()) {
            Some(error) => rule(error, whole),
            None => format!("{field} breaks the rule anyOf"),
        },
        // The document has one union in requests, of these two.
        Kind::OneOfNotValid { .. } => format!("{field} must be a whole number or a text"),
        other => format!("{field} breaks the rule {}", other.keyword()),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => match kind.to_string().as_str() {
            "string" => "a text".to_owned(),
            "number" => "a number".to_owned(),
            "integer" => "a whole number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => "a list".to_owned(),
            other => format!("an {other}"),
        },
        TypeKind::Multiple(_) => "of another type".to_owned(),
    }
}
