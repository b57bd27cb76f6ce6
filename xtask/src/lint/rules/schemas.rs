//! Schemas: every object has a name, objects and enums stay open for what the gateway adds, and formats are
//! those that the generators know.

use std::collections::HashSet;

use heck::ToUpperCamelCase;
use serde_json::{Value, json};

use crate::lint::{FindingLevel, Findings, shared};
use crate::openapi::{
    Document, SchemaRole, SchemaSite, child, content, is_true, listed_values, text,
};

/// The version of the published documents.
const VERSION: &str = "3.0.3";

/// Reports a document with another OpenAPI version.
pub(super) fn openapi_version(document: &Document, findings: &mut Findings) {
    let version = text(document.root, "openapi");
    if version != Some(VERSION) {
        findings.add(
            "/openapi",
            format!("`openapi` is {}", version.unwrap_or("not a string")),
            format!("write the document in {VERSION}: the Rust generator accepts no later version"),
        );
    }
}

/// Reports bodies of requests and responses that are not a reference to a component.
pub(super) fn named_body(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        if site.role == SchemaRole::Body && site.schema.get("$ref").is_none() {
            findings.add(
                &site.pointer,
                "the schema of a body has no name",
                "make it a component and refer to it",
            );
        }
    }
}

/// Reports objects and unions inside a component that are not components themselves. Those inside another one
/// are reported once that one is a component.
pub(super) fn inline_object(document: &Document, findings: &mut Findings) {
    let mut names = HashSet::new();
    let mut reported: Vec<String> = Vec::new();
    for site in &document.schemas {
        let is_nested = |outer: &String| {
            let rest = site.pointer.strip_prefix(outer.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        if reported.iter().any(is_nested) {
            continue;
        }
        let is_inside = match site.role {
            SchemaRole::Component | SchemaRole::Body | SchemaRole::AllOfPart => false,
            SchemaRole::Parameter { .. } => true,
            _ => site.component.is_some(),
        };
        let keyword = ["properties", "oneOf", "anyOf"]
            .iter()
            .find(|keyword| site.schema.get(**keyword).is_some());
        if let Some(keyword) = keyword.filter(|_| is_inside) {
            findings.add(
                &site.pointer,
                format!("a schema with `{keyword}` inside another schema has no name"),
                "make it a component and refer to it",
            );
            reported.push(site.pointer.clone());
            if matches!(site.role, SchemaRole::Parameter { .. }) {
                continue;
            }
            let mut component = site.schema.clone();
            let nullable = component
                .as_object_mut()
                .and_then(|it| it.shift_remove("nullable"));
            if let Some(name) = free_name(document, site, &names) {
                let reference = format!("#/components/schemas/{name}");
                let mut reference = json!({"$ref": reference});
                if let Some(nullable) = nullable {
                    reference["nullable"] = nullable;
                }
                let changes = [
                    ("/components/schemas", json!({&name: component})),
                    (site.pointer.as_str(), reference),
                ];
                for (place, fields) in changes {
                    findings.settle_by(FindingLevel::Assumed, place, Some(fields));
                }
                names.insert(name);
            }
        }
    }
}

/// Returns a name for a new component: that of the component that contains the schema, and the name of the
/// nearest property.
fn free_name(document: &Document, site: &SchemaSite, names: &HashSet<String>) -> Option<String> {
    let own = site.component.unwrap_or("Parameter");
    let last = match site.role {
        SchemaRole::Property { name, .. } | SchemaRole::Parameter { name } => name,
        SchemaRole::Items => "item",
        _ => "value",
    };
    let base = format!("{own} {last}").to_upper_camel_case();
    let is_free = |name: &String| {
        !names.contains(name) && document.components.iter().all(|(known, _)| known != name)
    };
    let numbered = (2..).map(|number| format!("{base}{number}"));
    std::iter::once(base.clone()).chain(numbered).find(is_free)
}

/// Reports optional arrays and maps in a response that are not nullable: a gateway may send null instead of an
/// empty collection.
pub(super) fn nullable_list(document: &Document, findings: &mut Findings) {
    for site in document.schemas.iter().filter(|site| site.is_received) {
        if let Some(name) = shared::collection_without_null(document, site) {
            findings.assume(
                &site.pointer,
                format!("{name} in a response is optional, but not nullable"),
                "add `nullable: true`: gateways send null instead of an empty collection",
                json!({"nullable": true}),
            );
        }
    }
}

/// Reports a request that was seen in part and does not allow additional fields. A form is excepted: a form may
/// have more parts in any case, and generators fail on a schema for them.
pub(super) fn open_request(document: &Document, findings: &mut Findings) {
    for operation in document.operations.iter().filter(|it| !it.is_webhook()) {
        let evidence = operation.value.get("x-evidence");
        let level = evidence.and_then(|evidence| text(evidence, "level"));
        let body = document.request_body(operation);
        for (media_type, media) in body.iter().flat_map(content) {
            let Some(schema) = media.value.get("schema") else {
                continue;
            };
            let schema = document.follow(&child(&media.pointer, "schema"), schema);
            let is_partial = is_true(schema.value, "x-apifox-cut")
                || level.is_some_and(|level| level != "documented");
            let more = schema.value.get("additionalProperties");
            let is_open = more
                .and_then(Value::as_object)
                .is_some_and(|it| it.is_empty());
            if media_type != "multipart/form-data" && is_partial && !is_open {
                findings.add(
                    &schema.pointer,
                    "the request was seen in part, but allows no additional fields",
                    "add `additionalProperties: {}`",
                );
                if more.is_none() {
                    findings.settle_by(
                        FindingLevel::Assumed,
                        &schema.pointer,
                        Some(json!({"additionalProperties": {}})),
                    );
                }
            }
        }
    }
}

/// Reports an `enum`, because the gateway may add values. A parameter may have a list with one value. By default, a list
/// of strings becomes an open enum.
pub(super) fn closed_enum(document: &Document, findings: &mut Findings) {
    let mut names: HashSet<String> = HashSet::new();
    for site in &document.schemas {
        let Some(values) = site.schema.get("enum").and_then(Value::as_array) else {
            continue;
        };
        if values.len() == 1
            && !site.is_received
            && matches!(site.role, SchemaRole::Parameter { .. })
        {
            continue;
        }
        let mut message = match site.is_received {
            true => "`enum` in a response: a new value would make the whole response unreadable",
            false => "closed `enum`: the gateway may accept more values",
        }
        .to_owned();
        let example =
            text(site.schema, "example").filter(|it| !values.iter().any(|value| value == it));
        if let Some(example) = example {
            message.push_str(&format!("; only the example has `{example}`"));
        }
        findings.add(
            &site.pointer,
            message,
            "make it a component with `x-extensible-enum`",
        );
        let is_named = |value: &Value| value.as_str().is_some_and(|it| !it.trim().is_empty());
        if text(site.schema, "type") == Some("string") && values.iter().all(is_named) {
            let values = all_values(site.schema, values);
            open_enum_by_default(document, site, &values, &mut names, findings);
        }
    }
}

/// Returns the values of an enum, and those that only the description or the example of the schema has.
fn all_values(schema: &Value, values: &[Value]) -> Vec<Value> {
    let mut all = values.to_vec();
    let known: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    let listed = listed_values(text(schema, "description").unwrap_or_default(), &known);
    let is_word = |value: &&str| !value.is_empty() && !value.contains(char::is_whitespace);
    for value in listed
        .into_iter()
        .chain(text(schema, "example").filter(is_word))
    {
        if !all.iter().any(|it| it == value) {
            all.push(value.into());
        }
    }
    all
}

/// Settles the last finding by an open enum in a new component.
fn open_enum_by_default(
    document: &Document,
    site: &SchemaSite,
    values: &[Value],
    names: &mut HashSet<String>,
    findings: &mut Findings,
) {
    if site.role == SchemaRole::Component {
        findings.settle_by(
            FindingLevel::Assumed,
            &site.pointer,
            Some(json!({"x-extensible-enum": values})),
        );
        findings.settle_by(FindingLevel::Assumed, &child(&site.pointer, "enum"), None);
        return;
    }
    let Some(name) = free_name(document, site, names) else {
        return;
    };
    let component = json!({
        "type": "string",
        "description": text(site.schema, "description").unwrap_or("Values that were seen; others are possible."),
        "x-extensible-enum": values,
        "x-evidence": {"level": "partial", "source": "The values on the page."}
    });
    let reference = format!("#/components/schemas/{name}");
    findings.settle_by(
        FindingLevel::Assumed,
        "/components/schemas",
        Some(json!({&name: component})),
    );
    findings.settle_by(
        FindingLevel::Assumed,
        &site.pointer,
        Some(json!({"$ref": reference})),
    );
    names.insert(name);
}

/// Reports an open enum that is not a component of type string with a list of different values.
pub(super) fn open_enum(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let Some(values) = site.schema.get("x-extensible-enum") else {
            continue;
        };
        let mut add = |message: String, fix: &str| findings.add(&site.pointer, message, fix);
        if site.role != SchemaRole::Component {
            add(
                "an open enum has no name".to_owned(),
                "make it a component and refer to it",
            );
        }
        if text(site.schema, "type") != Some("string") {
            add(
                "an open enum is not of type string".to_owned(),
                "set `type: string`",
            );
        }
        if site.schema.get("enum").is_some() {
            add("an open enum also has `enum`".to_owned(), "remove `enum`");
        }
        let Some(values) = values.as_array().filter(|values| !values.is_empty()) else {
            add(
                "`x-extensible-enum` is not a list of values".to_owned(),
                "list the values that were seen",
            );
            continue;
        };
        let mut seen = HashSet::new();
        for value in values {
            let name = value
                .as_str()
                .filter(|value| !value.is_empty() && !value.contains(char::is_whitespace));
            match name {
                None => add(
                    format!(
                        "the value {value} of an open enum is empty, has whitespace or is not a string"
                    ),
                    "use the value that the gateway sends, or remove it",
                ),
                Some(value) if !seen.insert(value) => add(
                    format!("an open enum has the value `{value}` twice"),
                    "list it once",
                ),
                Some(_) => {}
            }
        }
    }
}

/// The formats, with the types that can have them.
const FORMATS: [(&str, &[&str]); 11] = [
    ("int32", &["integer"]),
    ("int64", &["integer"]),
    ("decimal", &["number", "string"]),
    ("date", &["string"]),
    ("date-time", &["string"]),
    ("date-time-local", &["string"]),
    ("uuid", &["string"]),
    ("email", &["string"]),
    ("uri", &["string"]),
    ("binary", &["string"]),
    ("password", &["string"]),
];

/// Reports formats that are not in the list or do not fit the type. `float` and `double` have a separate rule.
pub(super) fn format(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let Some(format) = text(site.schema, "format") else {
            continue;
        };
        if ["float", "double"].contains(&format) {
            continue;
        }
        let Some((_, types)) = FORMATS.iter().find(|(name, _)| *name == format) else {
            let names = FORMATS.map(|(name, _)| name).join(", ");
            findings.add(
                &site.pointer,
                format!("unknown format `{format}`"),
                format!("use one of {names}"),
            );
            continue;
        };
        if !text(site.schema, "type").is_some_and(|name| types.contains(&name)) {
            findings.add(
                &site.pointer,
                format!("the format `{format}` does not fit the type"),
                format!("set the type to {}", types.join(" or ")),
            );
        }
    }
}
