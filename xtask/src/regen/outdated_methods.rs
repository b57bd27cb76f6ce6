//! The methods of the typed client between the capture of a page and `cargo xtask docs prune`.
//!
//! Until then the typed client keeps the types of the stand-in, because hand-written code uses its fields by name and
//! must compile without an edit. The page decides what is sent: a method gets the path and the HTTP method of the
//! page. If the page has other request fields, the operation is marked with [`OUTDATED_METHOD`], and its method fails
//! before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::openapi::{Document, Operation, child, content, is_true, operations_mut, schema, text};
use crate::overlay::operation_of_page;

/// An extension of an operation: its typed method has other request fields than the captured page.
pub(crate) const OUTDATED_METHOD: &str = "x-outdated-method";

/// The depth to which the fields of a request are compared. A schema can contain itself.
const MAX_DEPTH: usize = 8;

/// Moves the operations of superseded stand-ins in `typed`, the document of the typed client, to the path and the
/// HTTP method of their pages in `captured`. Returns the IDs of the operations whose request fields differ: these are
/// not moved.
pub(super) fn follow_pages(
    typed: &mut Value,
    captured: &Value,
    pages: &[&str],
) -> BTreeSet<String> {
    let mut outdated = BTreeSet::new();
    let mut moved = Vec::new();
    let (stand_ins, documented) = (Document::new(typed), Document::new(captured));
    for page in pages {
        let pair = operation_of_page(typed, page).zip(operation_of_page(captured, page));
        let Some((stand_in, operation)) = pair else {
            continue;
        };
        let id = text(operation.value, "operationId").unwrap_or_default();
        if is_same_request(
            &request_fields(&stand_ins, &stand_in),
            &request_fields(&documented, &operation),
        ) {
            let to = (operation.path.to_owned(), operation.method.to_owned());
            let from = (stand_in.path.to_owned(), stand_in.method.to_owned());
            moved.push((id.to_owned(), from, to));
        } else {
            outdated.insert(id.to_owned());
        }
    }
    let mut taken = Vec::new();
    for (id, (path, method), to) in moved {
        let item = typed["paths"][&path].as_object_mut();
        let operation = item.and_then(|item| item.shift_remove(&method));
        taken.extend(operation.map(|operation| (id, operation, (path, method), to)));
    }
    for (id, operation, from, to) in taken {
        // The path of an outdated method can be that of this page.
        let is_free = typed["paths"][&to.0].get(&to.1).is_none();
        let (path, method) = if is_free { to } else { from };
        if !is_free {
            outdated.insert(id);
        }
        typed["paths"][path][method] = operation;
    }
    if let Some(paths) = typed["paths"].as_object_mut() {
        paths.retain(|_, item| item.as_object().is_none_or(|item| !item.is_empty()));
    }
    outdated
}

/// Marks the operations with these IDs.
pub(super) fn mark(document: &mut Value, outdated: &BTreeSet<String>) {
    for operation in operations_mut(document) {
        let id = operation.get("operationId").and_then(Value::as_str);
        if id.is_some_and(|id| outdated.contains(id)) {
            operation.insert(OUTDATED_METHOD.to_owned(), true.into());
        }
    }
}

/// A field of a request.
#[derive(Debug, PartialEq, Eq)]
struct SentField<'a> {
    /// The JSON types, with `integer` as `number`. Empty if any type is accepted.
    types: BTreeSet<&'a str>,
    is_required: bool,
}

type SentFields<'a> = BTreeMap<String, SentField<'a>>;

/// Returns whether a request with the fields of a stand-in is a request of the page: the page has each field of the
/// stand-in, and the stand-in has each field that the page requires.
fn is_same_request(stand_in: &SentFields, page: &SentFields) -> bool {
    let is_known = |(place, field): (&String, &SentField)| {
        page.get(place).is_some_and(|known| {
            field.types.is_empty()
                || known.types.is_empty()
                || !field.types.is_disjoint(&known.types)
        })
    };
    let is_sent =
        |(place, field): (&String, &SentField)| !field.is_required || stand_in.contains_key(place);
    stand_in.iter().all(is_known) && page.iter().all(is_sent)
}

/// Returns the fields of a request by their place: the location of a parameter or the media type of the body, and the
/// names.
fn request_fields<'a>(document: &Document<'a>, operation: &Operation<'a>) -> SentFields<'a> {
    let mut found = SentFields::new();
    for parameter in document.parameters(operation) {
        let parameter = parameter.value;
        let location = text(parameter, "in").unwrap_or_default();
        if matches!(location, "path" | "query") {
            let place = child(location, text(parameter, "name").unwrap_or_default());
            let schema = parameter.get("schema").unwrap_or(&Value::Null);
            let is_required = is_true(parameter, "required");
            add_field(document, place, schema, is_required, &mut found);
        }
    }
    let body = document.request_body(operation);
    for (media_type, media) in body.iter().flat_map(content) {
        let schema = media.value.get("schema").unwrap_or(&Value::Null);
        add_field(document, media_type.to_owned(), schema, true, &mut found);
    }
    found
}

/// Adds a field and the fields inside its value.
fn add_field<'a>(
    document: &Document<'a>,
    place: String,
    value: &'a Value,
    is_required: bool,
    found: &mut SentFields<'a>,
) {
    let resolved = document.resolve(value);
    if place.split('/').count() <= MAX_DEPTH {
        let required = schema::required(document, resolved);
        for (name, property) in schema::properties(document, resolved) {
            // Of a value that is not required, no field is.
            let is_required = is_required && required.contains(name);
            add_field(document, child(&place, name), property, is_required, found);
        }
        if let Some(items) = resolved.get("items") {
            add_field(document, child(&place, "*"), items, false, found);
        }
    }
    let types = schema::json_types(document, resolved);
    found.insert(place, SentField { types, is_required });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operation(id: &str, body: Value) -> Value {
        json!({
            "operationId": id, "x-apifox-titles": [format!("Trade / {id}")],
            "requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": body}}}}
        })
    }

    fn pay(fields: Value) -> Value {
        operation("pay", fields)
    }

    #[test]
    fn confirmed_method_is_sent_to_the_path_of_the_page() {
        let fields = json!({"amount": {"type": "number"}});
        let mut typed = json!({"paths": {"/guess": {"post": pay(fields.clone())}}});
        let page = json!({"amount": {"type": "integer"}, "memo": {"type": "string"}});
        let captured = json!({"paths": {"/real": {"put": pay(page)}}});
        let outdated = follow_pages(&mut typed, &captured, &["Trade / pay"]);
        assert_eq!(outdated, BTreeSet::new());
        assert_eq!(typed, json!({"paths": {"/real": {"put": pay(fields)}}}));
    }

    #[test]
    fn method_with_other_request_fields_is_outdated_and_marked() {
        let stand_in = json!({
            "amount": {"type": "number"}, "to": {"type": "object", "properties": {"bank": {"type": "string"}}}
        });
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut page = pay(stand_in.clone());
            change(&mut page["requestBody"]["content"]["application/json"]["schema"]);
            page
        };
        let pages = [
            changed(&|it| it["properties"]["amount"]["type"] = json!("string")),
            changed(&|it| it["properties"] = json!({"total": {"type": "number"}})),
            changed(&|it| {
                it["properties"]["to"]["properties"] = json!({"iban": {"type": "string"}})
            }),
            changed(&|it| {
                it["properties"]["key"] = json!({"type": "string"});
                it["required"] = json!(["key"]);
            }),
            json!({
                "operationId": "pay", "x-apifox-titles": ["Trade / pay"],
                "parameters": [{"in": "query", "name": "amount", "schema": {"type": "number"}}]
            }),
        ];
        for page in pages {
            let before = json!({"paths": {"/guess": {"post": pay(stand_in.clone())}}});
            let (mut typed, mut captured) =
                (before.clone(), json!({"paths": {"/real": {"post": page}}}));
            let outdated = follow_pages(&mut typed, &captured, &["Trade / pay"]);
            assert_eq!(outdated, BTreeSet::from(["pay".to_owned()]), "{captured}");
            assert_eq!(typed, before);
            mark(&mut captured, &outdated);
            assert_eq!(captured["paths"]["/real"]["post"][OUTDATED_METHOD], true);
        }
    }

    #[test]
    fn page_on_the_guessed_path_of_an_outdated_method_keeps_both_methods() {
        let fields = json!({"amount": {"type": "number"}});
        let mut typed = json!({"paths": {
            "/a": {"post": pay(fields.clone())}, "/b": {"post": operation("refund", fields.clone())}
        }});
        let before = typed.clone();
        let captured = json!({"paths": {
            "/b": {"post": pay(fields)}, "/c": {"post": operation("refund", json!({}))}
        }});
        let pages = ["Trade / pay", "Trade / refund"];
        let outdated = follow_pages(&mut typed, &captured, &pages);
        assert_eq!(
            outdated,
            BTreeSet::from(["pay".to_owned(), "refund".to_owned()])
        );
        assert_eq!(typed, before);
    }
}
