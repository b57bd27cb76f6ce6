//! Finds the operation of a page, so that overlay actions follow an operation whose path or title changes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document::{Overlay, OverlayChange};
use super::target::{Location, PathStep, find, location_of};
use crate::openapi::{Operation, child, components_of, members, operations, strings};

/// An extension of an operation: the titles of its pages, as `<folder> / <title>`. The importer sets it, and so
/// does a stand-in.
pub(crate) const TITLES: &str = "x-apifox-titles";

const PAGE_IDS: &str = "x-apifox-pages";

/// Returns the operation of a page: by page ID, else by `<folder> / <title>`. Case, spaces and punctuation in titles
/// are ignored. The title without the folder is not enough: `Refunds / Create` is not `Orders / Create`.
pub(crate) fn operation_of_page<'a>(document: &'a Value, page: &str) -> Option<Operation<'a>> {
    let has_id = |it: &Operation| strings(it.value.get(PAGE_IDS)).any(|id| id == page);
    let has_title =
        |it: &Operation| strings(it.value.get(TITLES)).any(|title| plain(title) == plain(page));
    let mut operations = operations(document);
    let index = operations.iter().position(has_id);
    let index = index.or_else(|| operations.iter().position(has_title))?;
    Some(operations.swap_remove(index))
}

/// Returns the location of the operation of a page.
pub(super) fn operation_of(document: &Value, page: &str) -> Option<Location> {
    operation_of_page(document, page).map(|operation| location_of(&operation.pointer))
}

fn plain(title: &str) -> String {
    let letters = title.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Finds renamed pages. A stand-in is an overlay action that describes an operation whose page is not captured
/// (`x-stands-in-for`). If no operation has the title of that page, but an operation has the method and the path of the
/// stand-in, the page was renamed. The operation then also gets this title, so that the stand-in has no effect and the
/// other actions for the page apply to it.
pub fn recognize_retitled_pages(document: &mut Value, stand_ins: &[Overlay]) {
    for action in stand_ins.iter().flat_map(|overlay| &overlay.actions) {
        let (Some(page), OverlayChange::Update(value)) = (&action.stands_in_for, &action.change)
        else {
            continue;
        };
        if operation_of(document, page).is_some() {
            continue;
        }
        for operation in operations(value) {
            if let Some(Value::Object(captured)) = document.pointer_mut(&operation.pointer) {
                add_title(captured, page);
            }
        }
    }
}

/// Returns the document without the operations of these pages, and without the components that only they use.
pub(crate) fn without_pages(document: &Value, pages: &[&str]) -> Value {
    let mut document = document.clone();
    for page in pages {
        let Some(location) = operation_of(&document, page) else {
            continue;
        };
        let Some((PathStep::Name(method), item)) = location.split_last() else {
            continue;
        };
        if let Some(Value::Object(item)) = find(&mut document, item) {
            item.shift_remove(method);
        }
    }
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        paths.retain(|_, item| item.as_object().is_none_or(|item| !item.is_empty()));
    }
    let used: BTreeSet<String> = operations(&document)
        .iter()
        .flat_map(|it| components_of(&document, it.value))
        .collect();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.retain(|name, _| used.contains(&child("/components/schemas", name)));
    }
    document
}

/// Adds a title to an operation.
pub(super) fn add_title(operation: &mut Map<String, Value>, title: &str) {
    let titles = operation.entry(TITLES).or_insert_with(|| json!([]));
    if let Value::Array(titles) = titles {
        titles.push(title.into());
    }
}

/// Returns the value without the components that the document has: a stand-in never changes the component of
/// a page.
pub(super) fn without_known_components(value: &Value, document: &Value) -> Value {
    let mut value = value.clone();
    if let Some(Value::Object(schemas)) = value.pointer_mut("/components/schemas") {
        let known: Vec<&str> = members(document.pointer("/components/schemas"))
            .map(|(name, _)| name)
            .collect();
        schemas.retain(|name, _| !known.contains(&name.as_str()));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_page_leaves_the_components_of_others() {
        let operation = |id: &str, name: &str| json!({PAGE_IDS: [id], "responses": {"200": {"$ref": format!("#/components/schemas/{name}")}}});
        let document = json!({
            "paths": {
                "/a": {"get": operation("1e0", "A"), "post": operation("2e0", "Both")},
                "/b": {"get": operation("3e0", "B")}
            },
            "components": {"schemas": {
                "A": {"items": {"$ref": "#/components/schemas/Both"}}, "B": {}, "Both": {}
            }}
        });
        let left = without_pages(&document, &["1e0", "3e0", "Gone / Page"]);
        let expected = json!({
            "paths": {"/a": {"post": operation("2e0", "Both")}},
            "components": {"schemas": {"Both": {}}}
        });
        assert_eq!(left, expected);
    }

    #[test]
    fn operation_is_found_by_id_or_by_folder_and_title() {
        let operation = |id: &str, title: &str| json!({PAGE_IDS: [id], TITLES: [title]});
        let document = json!({"paths": {
            "/a": {"get": operation("1e0", "Trade / Get Trade List")},
            "/b": {"get": operation("2e0", "Orders / Create")},
            "/c": {"get": operation("3e0", "Refunds / Create"), "post": {}}
        }});
        for (page, expected) in [
            ("2e0", Some("/paths/~1b/get")),
            ("Trade / Get Trade List", Some("/paths/~1a/get")),
            ("trade / get-trade list", Some("/paths/~1a/get")),
            ("Trades / GetTradeList", None),
            ("Refunds / Create", Some("/paths/~1c/get")),
            ("Other / Create", None),
            ("Trade / Get Trade", None),
        ] {
            let found = operation_of(&document, page);
            assert_eq!(found, expected.map(location_of), "{page}");
        }
    }
}
