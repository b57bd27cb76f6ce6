//! A document with its references resolved.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::line;
use crate::openapi::{
    self, Operation,
    json::{list, strings, text},
};

/// How many references are followed in a row: more than that is a circle.
const MAX_HOPS: usize = 16;

/// A document as the rules see it.
#[derive(Clone, Copy)]
pub(super) struct Document<'a>(pub(super) &'a Value);

/// A parameter by the word `in` and its name.
pub(super) type Parameters<'a> = BTreeMap<(&'a str, &'a str), &'a Value>;

impl<'a> Document<'a> {
    /// What a `$ref` of this document names.
    pub(super) fn target(self, reference: &str) -> Option<&'a Value> {
        self.0.pointer(reference.strip_prefix('#')?)
    }

    /// Follows the references of a value that is not a schema.
    pub(super) fn follow(self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MAX_HOPS {
            match text(value, "$ref").and_then(|reference| self.target(reference)) {
                Some(next) => value = next,
                None => break,
            }
        }
        value
    }

    /// The schema of this name.
    pub(super) fn schema(self, name: &str) -> Option<&'a Value> {
        self.0["components"]["schemas"].get(name)
    }

    /// Whether there is a schema of this name.
    pub(super) fn has_schema(self, name: &str) -> bool {
        self.schema(name).is_some()
    }

    /// The parameters of an operation with those of its path; its own count.
    pub(super) fn parameters(self, operation: &Operation<'a>) -> Parameters<'a> {
        let item = self
            .0
            .get(operation.section)
            .and_then(|items| items.get(operation.path));
        let mut found = BTreeMap::new();
        for owner in item.into_iter().chain([operation.value]) {
            for parameter in list(owner.get("parameters")) {
                let parameter = self.follow(parameter);
                if let (Some(place), Some(name)) = (text(parameter, "in"), text(parameter, "name"))
                {
                    found.insert((place, name), parameter);
                }
            }
        }
        found
    }

    /// What an operation asks for: its own word, else the document's. Each alternative is a sorted list.
    pub(super) fn security(self, operation: &Value) -> Vec<String> {
        let Some(alternatives) = operation
            .get("security")
            .or_else(|| self.0.get("security"))
            .and_then(Value::as_array)
        else {
            return vec!["nothing".to_owned()];
        };
        let mut found: Vec<String> = alternatives
            .iter()
            .map(|alternative| {
                let mut schemes: Vec<String> = alternative
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, scopes)| {
                        let mut scopes: Vec<&str> = scopes
                            .as_array()
                            .into_iter()
                            .flatten()
                            .filter_map(Value::as_str)
                            .collect();
                        scopes.sort_unstable();
                        if scopes.is_empty() {
                            name.clone()
                        } else {
                            format!("{name} ({})", scopes.join(", "))
                        }
                    })
                    .collect();
                schemes.sort();
                if schemes.is_empty() {
                    "nothing".to_owned()
                } else {
                    schemes.join(" and ")
                }
            })
            .collect();
        if found.is_empty() {
            found.push("nothing".to_owned());
        }
        found.sort();
        found.dedup();
        found
    }
}

/// The pages that describe an operation: by `x-evidence`, and by the last word of its `externalDocs`.
pub(super) fn pages(operation: &Value) -> Vec<String> {
    let evidence = operation.get("x-evidence").unwrap_or(&Value::Null);
    let mut found: Vec<String> = strings(evidence.get("pages")).map(str::to_owned).collect();
    if let Some(id) = operation
        .get("externalDocs")
        .and_then(|docs| text(docs, "url"))
        .and_then(|url| url.rsplit('/').next())
        .filter(|id| id.starts_with(|c: char| c.is_ascii_digit()))
    {
        found.push(id.to_owned());
    }
    found.sort();
    found.dedup();
    found
}

/// `POST /path`, or `webhook name`.
pub(super) fn call(operation: &Operation) -> String {
    let path = line(operation.path);
    if operation.section == "paths" {
        format!("{} {path}", operation.method.to_uppercase())
    } else {
        format!("webhook {path}")
    }
}

/// The operations of a document.
pub(super) fn operations(document: Document<'_>) -> Vec<Operation<'_>> {
    openapi::operations(document.0)
}

/// A JSON value in a line, cut where it is long.
pub(super) fn shown(value: Option<&Value>) -> String {
    const AT_MOST: usize = 60;
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let whole = value.to_string();
    if whole.chars().count() <= AT_MOST {
        whole
    } else {
        whole.chars().take(AT_MOST).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_are_those_of_the_evidence_and_of_the_address() {
        let cases = [
            (json!({}), vec![]),
            (
                json!({"x-evidence": {"pages": ["2e0", "1e0"]}}),
                vec!["1e0", "2e0"],
            ),
            (
                json!({"externalDocs": {"url": "https://site.test/7e0"}}),
                vec!["7e0"],
            ),
            (
                json!({"externalDocs": {"url": "https://site.test/about"}}),
                vec![],
            ),
        ];
        for (operation, expected) in cases {
            assert_eq!(pages(&operation), expected, "{operation}");
        }
    }

    #[test]
    fn an_operation_asks_for_what_it_says_else_for_what_the_document_says() {
        let document = json!({"security": [{"b": [], "a": ["y", "x"]}]});
        let cases = [
            (json!({}), vec!["a (x, y) and b"]),
            (json!({"security": []}), vec!["nothing"]),
            (json!({"security": [{"c": []}, {}]}), vec!["c", "nothing"]),
        ];
        for (operation, expected) in cases {
            assert_eq!(Document(&document).security(&operation), expected);
        }
    }

    #[test]
    fn references_in_a_circle_end() {
        let document = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}});
        let found = Document(&document).follow(&document["a"]);
        assert!(found.get("$ref").is_some());
    }
}
