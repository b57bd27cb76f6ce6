//! Fields whose type is known from other fields with the same name, such as a status or a currency.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::lint::Findings;
use crate::openapi::schema::json_types;
use crate::openapi::{Document, SchemaRole, SchemaSite, component_name, text};

/// Reports a field of a page with a plain type if all fields of the same name that have a component have the
/// same one: an open enum, or in a response an integer or a string. Two different names with the same last
/// word, such as `sellCurrency` and `buyCurrency`, settle all names with this word.
pub(super) fn same_name(document: &Document, findings: &mut Findings) {
    let mut by_name: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    let mut by_word: HashMap<String, (BTreeSet<&str>, BTreeSet<&str>)> = HashMap::new();
    for site in &document.schemas {
        let Some(name) = name(site) else { continue };
        let component = text(site.schema, "$ref").and_then(component_name);
        let Some(component) = component.filter(|it| is_known_type(document, it)) else {
            continue;
        };
        by_name.entry(name).or_default().insert(component);
        let word = by_word.entry(last_word(name)).or_default();
        word.0.insert(name);
        word.1.insert(component);
    }
    let only = |components: &BTreeSet<&'_ str>| match components.len() {
        1 => components.first().map(|it| (*it).to_owned()),
        _ => None,
    };
    for site in &document.schemas {
        let Some(name) = name(site) else { continue };
        if !is_plain(site) || !site.schema.get("x-apifox-at").is_some_and(Value::is_string) {
            continue;
        }
        let known = by_name.get(name).map(&only);
        let known = known.unwrap_or_else(|| {
            let (names, components) = by_word.get(&last_word(name))?;
            only(components).filter(|_| names.len() > 1)
        });
        let Some(component) = known else { continue };
        let reference = format!("#/components/schemas/{component}");
        let target = document.target(&reference).unwrap_or(&Value::Null);
        let is_enum = target.get("x-extensible-enum").is_some();
        let accepted = json_types(document, target);
        let is_accepted = json_types(document, site.schema).is_subset(&accepted);
        // A request keeps the JSON type of its page.
        if is_accepted && (is_enum || (site.is_received && !site.is_sent)) {
            findings.assume(
                &site.pointer,
                format!("`{name}` is `{component}` elsewhere"),
                "refer to the component, or to another one if the values are others",
                json!({"$ref": reference}),
            );
        }
    }
}

fn name<'a>(site: &SchemaSite<'a>) -> Option<&'a str> {
    match site.role {
        SchemaRole::Property { name, .. } => Some(name),
        _ => None,
    }
}

/// Returns whether a component is an open enum, or a union of an integer and a string.
fn is_known_type(document: &Document, component: &str) -> bool {
    let schema = document.target(&format!("#/components/schemas/{component}"));
    schema.is_some_and(|schema| {
        schema.get("x-extensible-enum").is_some()
            || (schema.get("oneOf").is_some() && schema.get("properties").is_none())
    })
}

/// Returns whether a schema has no more than a scalar type. One with evidence has the type that an overlay decided.
fn is_plain(site: &SchemaSite) -> bool {
    let keywords = [
        "x-evidence",
        "enum",
        "format",
        "x-money",
        "x-secret",
        "x-idempotency-key",
        "$ref",
    ];
    matches!(text(site.schema, "type"), Some("string" | "integer"))
        && keywords
            .iter()
            .all(|keyword| site.schema.get(*keyword).is_none())
}

/// Returns the last word of a camelCase name, in lower case.
fn last_word(name: &str) -> String {
    let start = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
    name.get(start..).unwrap_or_default().to_ascii_lowercase()
}
