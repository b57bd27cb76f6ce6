//! The envelope of responses: every response has the fields of one common envelope, with the same schemas.
//!
//! The component with `x-envelope: true` is the common envelope. A response is an envelope if it has the
//! properties that the common envelope requires. Its property without a type is the data of the response, which
//! differs between operations.

use serde_json::{Map, Value, json};

use crate::lint::Findings;
use crate::openapi::schema::json_types;
use crate::openapi::{
    Document, Operation, child, component_name, is_true, list, members, strings, text,
};

/// The extension that marks a component as the common envelope.
pub(in crate::lint) const EXTENSION: &str = "x-envelope";

/// The common envelope, and the components that are envelopes.
struct Envelopes<'a> {
    reference: String,
    properties: Vec<(&'a str, &'a Value)>,
    required: Vec<&'a str>,
    components: Vec<&'a str>,
}

impl<'a> Envelopes<'a> {
    fn find(document: &Document<'a>) -> Option<Self> {
        let mut components = document.components.iter();
        let (name, common) = components.find(|(_, schema)| is_true(schema, EXTENSION))?;
        let mut envelopes = Self {
            reference: format!("#{}", child("/components/schemas", name)),
            properties: members(common.get("properties")).collect(),
            required: strings(common.get("required")).collect(),
            components: Vec::new(),
        };
        for operation in document.operations.iter().filter(|it| !it.is_webhook()) {
            for response in response_components(document, operation) {
                let schema = &document.root["components"]["schemas"][response];
                let has = |name: &&str| schema["properties"].get(*name).is_some();
                if envelopes.required.iter().all(has) && !envelopes.components.contains(&response) {
                    envelopes.components.push(response);
                }
            }
        }
        Some(envelopes)
    }
}

/// Returns the components of the response 200, with the branches of a union.
fn response_components<'a>(document: &Document<'a>, operation: &Operation<'a>) -> Vec<&'a str> {
    let responses = document.responses(operation);
    let success = responses.iter().find(|(status, _)| *status == "200");
    let content = success
        .into_iter()
        .flat_map(|(_, it)| crate::openapi::content(it));
    let schemas = content.filter_map(|(_, media)| media.value.get("schema"));
    let mut found = Vec::new();
    for schema in schemas {
        let branches = list(document.resolve(schema).get("oneOf"));
        for schema in std::iter::once(schema).chain(branches) {
            found.extend(text(schema, "$ref").and_then(component_name));
        }
    }
    found
}

/// Gives the envelopes of pages the schemas of the common envelope where the page shows a type that this
/// schema accepts. A response may lack the data, so it becomes nullable. An operation whose page was not seen
/// completely and has no responses gets the common envelope, marked as inferred.
pub(crate) fn normalize(root: &mut Value) {
    let mut changes: Vec<(String, Value)> = Vec::new();
    let document = Document::new(root);
    let Some(envelopes) = Envelopes::find(&document) else {
        return;
    };
    for component in &envelopes.components {
        let pointer = child("/components/schemas", component);
        let envelope = document.root.pointer(&pointer);
        let mut envelope = envelope.cloned().unwrap_or_default();
        let mut required: Vec<Value> = list(envelope.get("required")).cloned().collect();
        for name in &envelopes.required {
            if !required.iter().any(|it| it == name) {
                required.push((*name).into());
            }
        }
        // Fields other than these may be missing: an error has no data.
        required.retain(|it| {
            it.as_str()
                .is_some_and(|it| envelopes.required.contains(&it))
        });
        envelope["required"] = required.into();
        for (name, common) in &envelopes.properties {
            let own = envelope["properties"].get(*name);
            let is_data = json_types(&document, common).is_empty();
            let schema = match own {
                None => (*common).clone(),
                // Data whose type the page does not show is the untyped schema of the common envelope.
                Some(own) if is_data && !json_types(&document, own).is_empty() => {
                    nullable(&document, own)
                }
                Some(own) => {
                    let accepted = json_types(&document, common);
                    let is_accepted = json_types(&document, own).is_subset(&accepted);
                    let mut schema = if is_accepted { *common } else { own }.clone();
                    if let (Some(place), Value::Object(schema)) =
                        (own.get("x-apifox-at"), &mut schema)
                    {
                        schema.insert("x-apifox-at".to_owned(), place.clone());
                    }
                    let description = own.get("description");
                    if let (Some(text), None) = (description, common.get("$ref")) {
                        schema["description"] = text.clone();
                    }
                    schema
                }
            };
            envelope["properties"][*name] = schema;
        }
        changes.push((pointer, envelope));
    }
    for operation in document.operations.iter() {
        let level = text(&operation.value["x-evidence"], "level");
        if level == Some("documented") {
            // The rule `success-response` requests a review: the page was seen completely.
            continue;
        }
        if let Some(success) = assumed_success(&document, operation) {
            let mut responses = Map::from_iter([("200".to_owned(), success)]);
            for (status, response) in members(operation.value.get("responses")) {
                if status != "default" {
                    responses.insert(status.to_owned(), response.clone());
                }
            }
            changes.push((child(&operation.pointer, "responses"), responses.into()));
        }
    }
    for (pointer, value) in changes {
        if let Some(place) = root.pointer_mut(&pointer) {
            *place = value;
        }
    }
}

/// Returns whether a response is the placeholder of the importer for a page without responses.
pub(super) fn is_placeholder(status: &str, response: &Value) -> bool {
    status == "default"
        && response.get("content").is_none()
        && text(response, "description") == Some("Not described by the page.")
}

/// Returns the response 200 for an operation whose page has no responses: the common envelope, marked as
/// inferred. Overlays may already have added the common error responses 4XX and 5XX.
pub(super) fn assumed_success(document: &Document, operation: &Operation) -> Option<Value> {
    let mut responses = members(operation.value.get("responses"))
        .filter(|(status, _)| !["4XX", "5XX"].contains(status));
    let (status, response) = responses.next()?;
    if operation.is_webhook() || !is_placeholder(status, response) || responses.next().is_some() {
        return None;
    }
    let envelopes = Envelopes::find(document)?;
    Some(json!({
        "description": "No page shows this response.",
        "content": {"application/json": {"schema": {"$ref": envelopes.reference}}},
        "x-evidence": {"level": "inferred", "source": "The common envelope of responses."}
    }))
}

/// Returns a schema that also accepts null.
fn nullable(document: &Document, schema: &Value) -> Value {
    let mut nullable = schema.clone();
    let types: Vec<&str> = json_types(document, schema).into_iter().collect();
    if let ([json_type], Value::Object(fields)) = (types.as_slice(), &mut nullable) {
        // Validators require a `type` next to `nullable`.
        if fields.contains_key("$ref") {
            fields.insert("type".to_owned(), (*json_type).into());
        }
        fields.insert("nullable".to_owned(), true.into());
    }
    nullable
}

/// Reports envelopes whose fields differ from those of the common envelope.
pub(super) fn form(document: &Document, findings: &mut Findings) {
    let Some(envelopes) = Envelopes::find(document) else {
        return;
    };
    for component in &envelopes.components {
        let pointer = child("/components/schemas", component);
        let properties = &document.root["components"]["schemas"][component]["properties"];
        for (name, common) in &envelopes.properties {
            let common_types = json_types(document, common);
            let own_types = properties.get(*name).map(|own| json_types(document, own));
            let is_data = common_types.is_empty();
            if !is_data && own_types != Some(common_types) {
                findings.add(
                    &child(&child(&pointer, "properties"), name),
                    format!("`{name}` differs from the field of the common envelope"),
                    format!(
                        "refer to the schema that {} has, or change that one",
                        envelopes.reference
                    ),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn description_of_the_page_is_kept() {
        let response = json!({"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}});
        let mut document = json!({
            "paths": {"/a": {"get": {"responses": {"200": response}}}},
            "components": {"schemas": {
                "Envelope": {"x-envelope": true, "required": ["code"], "properties": {
                    "code": {"$ref": "#/components/schemas/Code"},
                    "message": {"type": "string", "description": "Any message."}
                }},
                "Code": {"type": "string"},
                "Order": {"properties": {
                    "code": {"type": "string", "description": "Of the page."},
                    "message": {"type": "string", "description": "Of the page."}
                }}
            }}
        });
        normalize(&mut document);
        let properties = &document["components"]["schemas"]["Order"]["properties"];
        assert_eq!(
            properties["code"],
            json!({"$ref": "#/components/schemas/Code"})
        );
        assert_eq!(properties["message"]["description"], "Of the page.");
    }
}
