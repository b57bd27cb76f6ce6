//! Warns about values and names that the pages have and the document lacks, and about changes since the last
//! run that are easy to miss.

use std::collections::{BTreeSet, HashMap};

use apifox::Diagnostic;
use serde_json::Value;

use crate::diff::{AffectedOperation, pairs};
use crate::docs::lock::FOLDER;
use crate::openapi::schema::json_types;
use crate::openapi::{
    Document, Resolved, SchemaRole, SchemaSite, content, list, listed_values, members, strings,
    text,
};
use crate::overlay::OverlayTrace;

/// Returns the names in selectors with several names that match nothing.
pub(super) fn unmatched_names(trace: &OverlayTrace) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for action in &trace.actions {
        for name in &action.unmatched {
            let text = format!(
                "action {}, target `{}`: the name {name} matches nothing",
                action.number, action.target
            );
            let warning = Diagnostic::warning(&action.file, action.line, text);
            found.push(
                warning.with_help("rename it as on the page, or remove it from the selector"),
            );
        }
    }
    found
}

/// Returns a diagnostic for each value that a page shows in a table, a description or an example, and that the
/// document does not list in the enum. `imported` is the document before the overlays, and `overlaid` is the
/// document after them.
pub(super) fn unlisted_values(imported: &Document, overlaid: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let places = places_on_pages(overlaid);
    for site in &imported.schemas {
        let now = place_on_page(site).and_then(|place| places.get(&place));
        let Some(known) = now.and_then(|now| known_values(overlaid, now.schema)) else {
            continue;
        };
        let mut values: Vec<&str> = strings(site.schema.get("enum")).collect();
        values.extend(listed_values(
            text(site.schema, "description").unwrap_or_default(),
            &known,
        ));
        values.extend(text(site.schema, "example"));
        let place = now.map(|now| now.pointer.as_str()).unwrap_or_default();
        report(overlaid, place, &known, values, &mut found);
    }
    for operation in &overlaid.operations {
        let body = overlaid.request_body(operation);
        let responses = overlaid.responses(operation).into_iter();
        for body in responses.map(|(_, response)| response).chain(body) {
            for (_, media) in content(&body) {
                examples(overlaid, &media, &mut found);
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|warning| seen.insert(warning.to_string()));
    found
}

/// Returns the values of pages whose JSON type the document does not accept.
pub(super) fn other_types(imported: &Document, overlaid: &Document) -> Vec<Diagnostic> {
    let places = places_on_pages(overlaid);
    let mut found = Vec::new();
    for site in &imported.schemas {
        let now = place_on_page(site).and_then(|place| places.get(&place));
        let (Some(now), Some(name)) = (now, text(site.schema, "type")) else {
            continue;
        };
        let types = json_types(overlaid, now.schema);
        let is_accepted =
            types.is_empty() || !types.is_disjoint(&json_types(imported, site.schema));
        if !is_accepted {
            let types: Vec<&str> = types.into_iter().collect();
            let text = format!(
                "the page has a {name}, but the document has {} at {}",
                types.join(" or "),
                now.pointer
            );
            let help = "correct the overlay that sets the type, or the capture";
            found.push(warning(overlaid, &now.pointer, text).with_help(help));
        }
    }
    found
}

/// Returns the schemas of a document by their place on a page.
fn places_on_pages<'d, 'a>(
    document: &'d Document<'a>,
) -> HashMap<(&'a str, &'a str), &'d SchemaSite<'a>> {
    let sites = document.schemas.iter();
    sites
        .filter_map(|site| Some((place_on_page(site)?, site)))
        .collect()
}

/// Returns the identity of a schema on its page: the place, and the name of a property.
fn place_on_page<'a>(site: &SchemaSite<'a>) -> Option<(&'a str, &'a str)> {
    let name = match site.role {
        SchemaRole::Property { name, .. } => name,
        _ => "",
    };
    Some((text(site.schema, "x-apifox-at")?, name))
}

/// Returns the values of an enum, open or closed.
fn known_values<'a>(document: &Document<'a>, schema: &'a Value) -> Option<Vec<&'a str>> {
    let schema = document.resolve(schema);
    let values = schema.get("x-extensible-enum").or(schema.get("enum"))?;
    Some(strings(Some(values)).collect())
}

fn report<'a>(
    document: &Document,
    place: &str,
    known: &[&str],
    values: impl IntoIterator<Item = &'a str>,
    found: &mut Vec<Diagnostic>,
) {
    for value in values {
        if !known.contains(&value) {
            let text = format!("the value `{value}` is not in the enum of {place}");
            found.push(warning(document, place, text).with_help(
                "add it to `x-extensible-enum` in the overlay that has the enum, or correct the capture",
            ));
        }
    }
}

/// Compares the examples of a media type with its schema.
fn examples(document: &Document, media: &Resolved, found: &mut Vec<Diagnostic>) {
    let Some(schema) = media.value.get("schema") else {
        return;
    };
    let examples = members(media.value.get("examples")).filter_map(|(_, it)| it.get("value"));
    for example in examples.chain(media.value.get("example")) {
        let mut open = vec![(schema, example)];
        while let Some((schema, value)) = open.pop() {
            let schema = document.resolve(schema);
            if let (Some(known), Some(value)) = (known_values(document, schema), value.as_str()) {
                report(document, &media.pointer, &known, [value], found);
            }
            open.extend(list(schema.get("allOf")).map(|part| (part, value)));
            let branches: Vec<&Value> = list(schema.get("oneOf"))
                .filter(|branch| has_required(document.resolve(branch), value))
                .collect();
            if let [only] = branches.as_slice() {
                open.push((only, value));
            }
            for (name, property) in members(schema.get("properties")) {
                open.extend(value.get(name).map(|value| (property, value)));
            }
            if let Some(items) = schema.get("items") {
                open.extend(list(Some(value)).map(|value| (items, value)));
            }
        }
    }
}

fn has_required(branch: &Value, value: &Value) -> bool {
    let mut required = strings(branch.get("required"));
    value.is_object() && required.all(|name| value.get(name).is_some())
}

/// Returns the operations that are new or gone since the last run, or have another request or name, and the
/// fields that are gone, new and required, became required or have another JSON form. Inferred operations and components are not compared.
pub(super) fn changes(previous: &Document, current: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let added = pairs::own_operations(current, previous);
    let gone = pairs::own_operations(previous, current).into_iter();
    let gone: Vec<_> = gone.filter(|it| !is_inferred(it.value)).collect();
    for after in &added {
        let new = AffectedOperation::new(after);
        let id = text(after.value, "operationId");
        let is_known = previous.operations.iter().any(|before| {
            let old = AffectedOperation::new(before);
            text(before.value, "operationId") == id
                || old.pages.iter().any(|page| new.pages.contains(page))
        });
        if !is_known && !is_inferred(after.value) {
            let text = format!("the operation {} is new", new.request);
            found.push(warning(current, &after.pointer, text));
        }
    }
    for before in gone {
        let old = AffectedOperation::new(before);
        let is_same_page = |pages: &[String]| pages.iter().any(|page| old.pages.contains(page));
        let moved = added
            .iter()
            .find(|after| is_same_page(&AffectedOperation::new(after).pages));
        found.push(match moved {
            Some(after) => {
                let request = AffectedOperation::new(after).request;
                let text = format!("the operation moved from {} to {request}", old.request);
                warning(current, &after.pointer, text)
            }
            None => {
                let text = format!("the operation {} is gone", old.request);
                warning(previous, &before.pointer, text)
            }
        });
    }
    for (before, after) in pairs::common_operations(previous, current) {
        let ids = text(before.value, "operationId").zip(text(after.value, "operationId"));
        if let Some((before, id)) = ids.filter(|(before, after)| before != after) {
            let text = format!("the operation `{before}` is now named `{id}`");
            found.push(warning(current, &after.pointer, text));
        }
    }
    for (before, after) in pairs::common_schemas(previous, current) {
        if is_inferred_component(previous, before) {
            continue;
        }
        if let (
            SchemaRole::Property {
                required: false, ..
            },
            SchemaRole::Property { required: true, .. },
        ) = (before.role, after.role)
            && after.is_sent
        {
            let text = format!("{} is now required", pairs::place(&after.pointer));
            found.push(warning(current, &after.pointer, text));
        }
        let (was, is) = (form(previous, before.schema), form(current, after.schema));
        if was != is && !was.is_empty() {
            let is = if is.is_empty() { "no type" } else { &is };
            let text = format!(
                "{} changed from {was} to {is}",
                pairs::place(&after.pointer)
            );
            found.push(warning(current, &after.pointer, text));
        }
    }
    let earlier: BTreeSet<&str> = previous
        .schemas
        .iter()
        .map(|site| site.pointer.as_str())
        .collect();
    for site in &current.schemas {
        let owner = site.pointer.rsplit_once("/properties/");
        if let (SchemaRole::Property { required: true, .. }, Some((owner, _))) = (site.role, owner)
            && site.is_sent
            && !is_inferred_component(current, site)
            && earlier.contains(owner)
            && !earlier.contains(site.pointer.as_str())
        {
            let text = format!("{} is new and required", pairs::place(&site.pointer));
            found.push(warning(current, &site.pointer, text));
        }
    }
    let now: BTreeSet<&str> = current
        .schemas
        .iter()
        .map(|site| site.pointer.as_str())
        .collect();
    for site in &previous.schemas {
        let owner = site
            .pointer
            .rsplit_once("/properties/")
            .map(|(owner, _)| owner);
        if let (SchemaRole::Property { .. }, Some(owner)) = (site.role, owner)
            && !is_inferred_component(previous, site)
            && now.contains(owner)
            && !now.contains(site.pointer.as_str())
        {
            let text = format!("{} is gone", pairs::place(&site.pointer));
            found.push(warning(current, owner, text));
        }
    }
    found
}

fn is_inferred(value: &Value) -> bool {
    let evidence = value.get("x-evidence");
    evidence.and_then(|it| text(it, "level")) == Some("inferred")
}

/// Returns whether a schema is in a component that no page describes.
fn is_inferred_component(document: &Document, site: &SchemaSite) -> bool {
    let component = site.component.and_then(|name| {
        let mut components = document.components.iter();
        components.find(|(known, _)| *known == name)
    });
    component.is_some_and(|(_, schema)| is_inferred(schema))
}

/// Returns the JSON form of a value: the type, the format, and the form of money. Objects and unions have none.
fn form(document: &Document, schema: &Value) -> String {
    let schema = document.resolve(schema);
    let parts = ["type", "format", "x-money"].map(|name| text(schema, name));
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    parts.join(" ")
}

/// Creates a warning at the page and line of a place.
fn warning(document: &Document, pointer: &str, text: String) -> Diagnostic {
    let page = document.page(pointer).unwrap_or_default();
    match page
        .rsplit_once(':')
        .map(|(file, line)| (file, line.parse::<u32>()))
    {
        Some((file, Ok(line))) => Diagnostic::warning(&format!("{FOLDER}/{file}"), line, text),
        _ if page.is_empty() => Diagnostic::warning("no page", None, text),
        _ => Diagnostic::warning(&format!("page {page}"), None, text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(warnings: &[Diagnostic]) -> Vec<String> {
        warnings
            .iter()
            .map(|it| format!("{}:{:?} {}", it.file, it.line, it.text))
            .collect()
    }

    #[test]
    fn value_of_a_table_description_or_example_that_the_enum_lacks_is_reported() {
        let document = |status: Value| {
            let example =
                json!({"status": "REFUNDED", "list": [{"status": "PAID"}, {"status": "LOST"}]});
            json!({
                "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                    "x-apifox-at": "a.txt:9",
                    "schema": {"$ref": "#/components/schemas/Order"},
                    "examples": {"1e0": {"value": example}}
                }}}}}}},
                "components": {"schemas": {
                    "Order": {"properties": {
                        "status": status,
                        "list": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
                    }},
                    "Status": {"type": "string", "x-extensible-enum": ["OPEN", "PAID"]}
                }}
            })
        };
        let imported = document(json!({
            "type": "string", "enum": ["OPEN", "LATE"], "description": "OPEN, PAID, GONE",
            "x-apifox-at": "a.txt:3"
        }));
        let overlaid =
            document(json!({"$ref": "#/components/schemas/Status", "x-apifox-at": "a.txt:3"}));
        let found = unlisted_values(&Document::new(&imported), &Document::new(&overlaid));
        let property = "is not in the enum of /components/schemas/Order/properties/status";
        let media = "is not in the enum of /paths/~1a/get/responses/200/content/application~1json";
        assert_eq!(
            messages(&found),
            [
                format!("spec/docs/a.txt:Some(3) the value `LATE` {property}"),
                format!("spec/docs/a.txt:Some(3) the value `GONE` {property}"),
                format!("spec/docs/a.txt:Some(9) the value `LOST` {media}"),
                format!("spec/docs/a.txt:Some(9) the value `REFUNDED` {media}"),
            ]
        );
    }

    #[test]
    fn type_of_a_page_that_the_document_does_not_accept_is_reported() {
        let document = |of_page: bool| {
            let property = |line: u32, on_page: &str, in_document: Value| {
                let mut schema = match of_page {
                    true => json!({"type": on_page}),
                    false => in_document,
                };
                schema["x-apifox-at"] = json!(format!("a.txt:{line}"));
                schema
            };
            json!({"components": {"schemas": {
                "Either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                "Order": {"properties": {
                    "amount": property(1, "string", json!({"type": "number"})),
                    "fee": property(2, "integer", json!({"type": "number"})),
                    "code": property(3, "string", json!({"$ref": "#/components/schemas/Either"})),
                    "any": property(4, "string", json!({}))
                }}
            }}})
        };
        let (imported, overlaid) = (document(true), document(false));
        let found = other_types(&Document::new(&imported), &Document::new(&overlaid));
        let text = "the page has a string, but the document has number at /components/schemas/Order/properties/amount";
        assert_eq!(
            messages(&found),
            [format!("spec/docs/a.txt:Some(1) {text}")]
        );
    }

    #[test]
    fn changed_operation_or_field_is_reported_with_its_page() {
        let operation = |id: &str, page: &str| json!({"operationId": id, "x-evidence": {"level": "documented", "pages": [page]}});
        let previous = json!({
            "paths": {
                "/old": {"get": operation("readA", "1e0")},
                "/b": {"get": operation("readB", "2e0")},
                "/c": {"get": operation("readC", "3e0")},
                "/guess": {"get": {"operationId": "readE", "x-evidence": {"level": "inferred"}}}
            },
            "components": {"schemas": {"Order": {"properties": {
                "amount": {"type": "string", "format": "decimal", "x-money": "string"},
                "state": {"$ref": "#/components/schemas/State"},
                "same": {"type": "integer"},
                "gone": {"type": "string"}
            }}, "State": {"type": "string"}}}
        });
        let current = json!({
            "paths": {
                "/new": {"post": operation("readA", "1e0")},
                "/b": {"get": operation("listB", "2e0")},
                "/d": {"post": {
                    "operationId": "createD", "x-evidence": {"level": "documented", "pages": ["4e0"]},
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
                }},
                "/e": {"get": operation("readE", "5e0")}
            },
            "components": {"schemas": {"Order": {"x-apifox-at": "a.txt:2", "required": ["same", "key"], "properties": {
                "amount": {"type": "number", "format": "decimal", "x-money": "number", "x-apifox-at": "a.txt:3"},
                "state": {"x-apifox-at": "a.txt:4"},
                "same": {"type": "integer"},
                "key": {"type": "string", "x-apifox-at": "a.txt:5"},
                "memo": {"type": "string"}
            }}, "State": {"type": "string"}}}
        });
        let found = changes(&Document::new(&previous), &Document::new(&current));
        assert_eq!(
            messages(&found),
            [
                "page 4e0:None the operation POST /d is new",
                "page 1e0:None the operation moved from GET /old to POST /new",
                "page 3e0:None the operation GET /c is gone",
                "page 2e0:None the operation `readB` is now named `listB`",
                "spec/docs/a.txt:Some(3) `Order.amount` changed from string decimal string to number decimal number",
                "spec/docs/a.txt:Some(4) `Order.state` changed from string to no type",
                "spec/docs/a.txt:Some(2) `Order.same` is now required",
                "spec/docs/a.txt:Some(5) `Order.key` is new and required",
                "spec/docs/a.txt:Some(2) `Order.gone` is gone",
            ]
        );
    }
}
