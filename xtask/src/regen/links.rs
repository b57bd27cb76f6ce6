//! Adds the URL of the vendor's page to the description of each operation and component.
//!
//! rustdoc shows descriptions but not `externalDocs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    docs::{evidence, lock::CaptureLock},
    openapi::{child, components_of, operations, operations_mut},
};

/// The maximum number of pages that are listed. A component with more pages shows only their number
/// and one example.
const AT_MOST: usize = 3;

/// Adds the lines to all descriptions.
pub fn add(document: &mut Value, lock: &CaptureLock) {
    let users = pages_by_component(document);
    for operation in operations_mut(document) {
        let line = line(pages_of(operation), lock);
        append(operation, &line);
    }
    let components = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for (name, component) in components.into_iter().flatten() {
        let Some(component) = component.as_object_mut() else {
            continue;
        };
        let mut pages = pages_of(component);
        if pages.is_empty() {
            let pointer = child("/components/schemas", name);
            pages = users.get(&pointer).cloned().unwrap_or_default();
        }
        let line = line(pages, lock);
        append(component, &line);
    }
}

fn pages_of(owner: &Map<String, Value>) -> BTreeSet<String> {
    let own = owner.get("x-apifox-pages");
    let stated = owner
        .get(evidence::EXTENSION)
        .and_then(|evidence| evidence.get("pages"));
    own.or(stated)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect()
}

fn line(pages: BTreeSet<String>, lock: &CaptureLock) -> String {
    let addresses: Vec<&str> = lock
        .pages
        .iter()
        .filter(|entry| pages.contains(entry.key()))
        .filter_map(|entry| entry.address.as_deref())
        .collect();
    match addresses.as_slice() {
        [] => "Page: not available.".to_owned(),
        [one] => format!("Page: <{one}>"),
        some if some.len() <= AT_MOST => {
            let list: Vec<String> = some.iter().map(|address| format!("<{address}>")).collect();
            format!("Pages: {}", list.join(", "))
        }
        [first, ..] => format!("Pages: {}, for example <{first}>", addresses.len()),
    }
}

fn append(owner: &mut Map<String, Value>, line: &str) {
    let text = owner
        .get("description")
        .or_else(|| owner.get("summary"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text = format!("{text}\n\n{line}").trim_start().to_owned();
    owner.insert("description".to_owned(), text.into());
}

/// Returns the pages of the operations that use each component, by the pointer of the component.
fn pages_by_component(document: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in operations(document) {
        let pages = operation
            .value
            .as_object()
            .map(pages_of)
            .unwrap_or_default();
        for name in components_of(document, operation.value) {
            found.entry(name).or_default().extend(pages.iter().cloned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lock() -> CaptureLock {
        let page = |id: &str| {
            format!(
                "[[page]]\nfile = \"{id}-p.txt\"\nid = \"{id}\"\ntitle = \"P\"\nsite = \"docs.example\"\n\
                 address = \"https://docs.example/{id}\"\nkind = \"operation\"\nevidence = \"partial\"\n\
                 origin = \"transcribed\"\nsha256 = \"\"\n"
            )
        };
        toml::from_str(&["1e0", "2e0", "3e0", "4e0"].map(page).concat()).unwrap()
    }

    #[test]
    fn description_ends_with_page() {
        let schema =
            |name: &str| json!({"schema": {"$ref": format!("#/components/schemas/{name}")}});
        let mut document = json!({
            "paths": {
                "/a": {"get": {"summary": "A", "x-apifox-pages": ["1e0"], "responses": schema("Own")}},
                "/b": {"get": {"description": "B", "x-apifox-pages": ["2e0", "3e0"], "responses": schema("Shared")}},
                "/c": {"get": {"x-evidence": {"level": "inferred", "pages": []}, "responses": schema("Guess")}},
                "/d": {"get": {"x-apifox-pages": ["4e0"], "responses": schema("Shared")}},
                "/e": {"get": {"x-apifox-pages": ["1e0"], "responses": schema("Shared")}}
            },
            "components": {"schemas": {
                "Own": {"description": "O", "x-apifox-pages": ["1e0"], "properties": {"deep": {"$ref": "#/components/schemas/Deep"}}},
                "Deep": {}, "Shared": {}, "Guess": {}
            }}
        });
        add(&mut document, &lock());
        let text = |pointer: &str| {
            document
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap()
                .to_owned()
        };
        for (pointer, expected) in [
            (
                "/paths/~1a/get/description",
                "A\n\nPage: <https://docs.example/1e0>",
            ),
            (
                "/paths/~1b/get/description",
                "B\n\nPages: <https://docs.example/2e0>, <https://docs.example/3e0>",
            ),
            ("/paths/~1c/get/description", "Page: not available."),
            (
                "/components/schemas/Own/description",
                "O\n\nPage: <https://docs.example/1e0>",
            ),
            (
                "/components/schemas/Deep/description",
                "Page: <https://docs.example/1e0>",
            ),
            (
                "/components/schemas/Guess/description",
                "Page: not available.",
            ),
            (
                "/components/schemas/Shared/description",
                "Pages: 4, for example <https://docs.example/1e0>",
            ),
        ] {
            assert_eq!(text(pointer), expected, "{pointer}");
        }
    }
}
