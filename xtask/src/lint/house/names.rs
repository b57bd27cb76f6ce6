//! Names: they are for all languages and for good.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::child;
use crate::openapi::text;
use std::collections::HashMap;

/// First words of an operationId.
const VERBS: [&str; 21] = [
    "get", "list", "find", "create", "update", "delete", "submit", "confirm", "cancel", "simulate",
    "upload", "download", "refresh", "issue", "send", "quote", "check", "verify", "receive",
    "handle", "refund",
];

/// Types that every file of some language sees, or that its generator writes itself.
const COMMON: [(&str, &[&str]); 6] = [
    (
        "Rust",
        &[
            "Any", "Arc", "Box", "Clone", "Copy", "Debug", "Default", "Display", "Drop", "Eq",
            "Err", "Fn", "From", "Future", "Hash", "Into", "Iterator", "None", "Ok", "Option",
            "Ord", "Ordering", "Rc", "Result", "Self", "Send", "Some", "String", "Sync", "Vec",
        ],
    ),
    (
        "Java",
        &[
            "Boolean",
            "Byte",
            "Character",
            "Class",
            "Collection",
            "Comparable",
            "Currency",
            "Date",
            "Double",
            "Enum",
            "Error",
            "Exception",
            "File",
            "Float",
            "Integer",
            "Iterable",
            "List",
            "Locale",
            "Long",
            "Map",
            "Module",
            "Number",
            "Object",
            "Optional",
            "Override",
            "Package",
            "Process",
            "Record",
            "Runnable",
            "Set",
            "Short",
            "System",
            "Thread",
            "Throwable",
            "Void",
        ],
    ),
    (
        "TypeScript",
        &[
            "Array",
            "Blob",
            "Body",
            "Document",
            "Element",
            "Event",
            "Function",
            "Headers",
            "History",
            "Image",
            "Intl",
            "JSON",
            "Location",
            "Math",
            "Node",
            "Notification",
            "Partial",
            "Pick",
            "Promise",
            "Proxy",
            "Readonly",
            "Reflect",
            "RegExp",
            "Request",
            "Response",
            "Symbol",
            "Text",
            "URL",
            "Window",
            "Worker",
        ],
    ),
    (
        "Python",
        &[
            "Decimal", "Dict", "Literal", "Tuple", "Type", "Union", "Unset", "Warning",
        ],
    ),
    ("Go", &["Client", "Context", "Interface", "Struct", "Time"]),
    (
        "the generators",
        &[
            "ApiClient",
            "ApiException",
            "Configuration",
            "Data",
            "Model",
            "Schema",
            "Status",
            "Timestamp",
            "Value",
        ],
    ),
];

/// Component names are PascalCase and no common type of a language.
pub(super) fn component_name(document: &Document, report: &mut Report) {
    for (name, _) in &document.components {
        let place = child("/components/schemas", name);
        let pascal = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !pascal {
            report.add(
                &place,
                format!("the component name `{name}` is not PascalCase"),
                "give it an `x-schema-name` in an overlay",
            );
        }
        if let Some((language, _)) = COMMON.iter().find(|(_, names)| names.contains(name)) {
            report.add(
                &place,
                format!("`{name}` is also a type of {language}"),
                "give it a name of the domain by `x-schema-name` in an overlay",
            );
        }
    }
}

/// An operationId is there, unique, and camelCase: a verb that is known, then a noun.
pub(super) fn operation_id(document: &Document, report: &mut Report) {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for operation in &document.operations {
        let Some(id) = text(operation.value, "operationId") else {
            report.add(
                &operation.pointer,
                format!("{} {} has no operationId", operation.method, operation.path),
                "give it one in an overlay: a verb and a noun",
            );
            continue;
        };
        let verb = VERBS.iter().find(|verb| {
            id.strip_prefix(**verb)
                .is_some_and(|noun| noun.starts_with(|first: char| first.is_ascii_uppercase()))
        });
        if verb.is_none() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            report.add(
                &operation.pointer,
                format!("the operationId `{id}` is not camelCase of a verb and a noun"),
                format!("begin it with one of {}, then the noun", VERBS.join(", ")),
            );
        }
        if let Some(first) = seen.insert(id, &operation.pointer) {
            report.add(
                &operation.pointer,
                format!("the operationId `{id}` is taken by `{first}`"),
                "give one of them another name",
            );
        }
    }
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET, HOOK, PRICE};
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let id = format!("{GET}/operationId");
        let component = |name: &str| {
            Case::owned(
                "component-name",
                1,
                vec![
                    (
                        format!("/components/schemas/{name}"),
                        json!({"description": "d", "type": "string", "x-evidence": {"level": "inferred", "source": "s"}}),
                    ),
                    (
                        format!("{PRICE}/properties/note"),
                        json!({"$ref": format!("#/components/schemas/{name}")}),
                    ),
                ],
            )
        };
        vec![
            component("price"),
            component("Price_Line"),
            component("Größe"),
            component("Error"),
            component("Map"),
            component("Promise"),
            component("Configuration"),
            Case::new("operation-id", 1, vec![(&id, json!(null))]),
            Case::new("operation-id", 1, vec![(&id, json!("GetPrice"))]),
            Case::new("operation-id", 1, vec![(&id, json!("get_price"))]),
            Case::new("operation-id", 1, vec![(&id, json!("get"))]),
            Case::new("operation-id", 1, vec![(&id, json!("priceGet"))]),
            Case::new("operation-id", 1, vec![(&id, json!("receiveOrderChanged"))]),
            Case::new(
                "operation-id",
                1,
                vec![(&format!("{HOOK}/operationId"), json!(null))],
            ),
        ]
    }
}
