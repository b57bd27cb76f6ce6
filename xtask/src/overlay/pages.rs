//! Finds the operation of a page, so that overlay actions follow an operation whose path or title changes.

use serde_json::{Map, Value, json};

use super::document::{Overlay, OverlayChange};
use super::target::{Location, location_of};
use crate::openapi::{Operation, members, operations, strings};

/// An extension of an operation: the titles of its pages, as `<folder> / <title>`. The importer sets it, and so
/// does a stand-in.
pub(crate) const TITLES: &str = "x-apifox-titles";

const PAGE_IDS: &str = "x-apifox-pages";

/// Returns the location of the operation of a page: by page ID, else by `<folder> / <title>`, else by a
/// title that only one operation has. Case, spaces and punctuation in titles are ignored.
pub(super) fn operation_of(document: &Value, page: &str) -> Option<Location> {
    let operations = operations(document);
    let has_id = |it: &&Operation| strings(it.value.get(PAGE_IDS)).any(|id| id == page);
    let has = |it: &&Operation, key: &dyn Fn(&str) -> String| {
        strings(it.value.get(TITLES)).any(|title| key(title) == key(page))
    };
    let by_title = || {
        let mut found = operations.iter().filter(|it| has(it, &last_title));
        found.next().filter(|_| found.next().is_none())
    };
    let found = operations.iter().find(has_id);
    let found = found.or_else(|| operations.iter().find(|it| has(it, &plain)));
    Some(location_of(&found.or_else(by_title)?.pointer))
}

fn plain(title: &str) -> String {
    let letters = title.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn last_title(title: &str) -> String {
    plain(title.rsplit(" / ").next().unwrap_or(title))
}

/// Gives an operation of a page the title of the stand-in that has the same method and path, if no operation
/// has this title: the page was renamed. The stand-in is then superseded, and its curation applies to the page.
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
    fn operation_is_found_by_id_full_title_or_unique_title() {
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
            ("Trades / GetTradeList", Some("/paths/~1a/get")),
            ("Refunds / Create", Some("/paths/~1c/get")),
            ("Other / Create", None),
            ("Trade / Get Trade", None),
        ] {
            let found = operation_of(&document, page);
            assert_eq!(found, expected.map(location_of), "{page}");
        }
    }
}
