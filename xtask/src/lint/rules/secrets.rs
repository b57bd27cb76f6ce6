//! Secrets: a value with the name of a secret is never printed or logged.

use serde_json::json;

use crate::lint::Findings;
use crate::openapi::{Document, SchemaRole, is_true, text};

/// Parts of the names of secrets, without underscores and in lower case.
const NAMES: [&str; 8] = [
    "accesstoken",
    "apikey",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "signkey",
    "mnemonic",
];

/// Reports strings that have the name of a secret, but no `x-secret`.
pub(super) fn by_name(document: &Document, findings: &mut Findings) {
    let mut report = |place: &str, name: &str| {
        findings.assume(
            place,
            format!("`{name}` has the name of a secret, but no `x-secret`"),
            "add `x-secret: true`, or `x-secret: false` if the value may be logged",
            json!({"x-secret": true}),
        );
    };
    for site in &document.schemas {
        if let SchemaRole::Property { name, .. } = site.role
            && text(document.resolve(site.schema), "type") == Some("string")
            && site.schema.get("x-secret").is_none()
            && is_secret_name(name)
        {
            report(&site.pointer, name);
        }
    }
    for operation in &document.operations {
        for parameter in document.parameters(operation) {
            let name = text(parameter.value, "name").unwrap_or_default();
            let is_marked = parameter.value.get("x-secret").is_some()
                || parameter
                    .value
                    .get("schema")
                    .is_some_and(|it| is_true(it, "x-secret"));
            if !is_marked && is_secret_name(name) {
                report(&parameter.pointer, name);
            }
        }
    }
}

pub(in crate::lint) fn is_secret_name(name: &str) -> bool {
    let letters = name.chars().filter(|c| c.is_ascii_alphanumeric());
    let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    NAMES.iter().any(|part| name.contains(part))
}
