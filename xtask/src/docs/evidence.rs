//! Adds the evidence of the captures to the operations of the document.

use serde_json::{Map, Value, json};

use super::{
    captures::{Captures, full_title},
    lock::{CaptureEntry, PageEvidence},
};
use crate::openapi::{PAGE_SECURITY, operations_mut};
use crate::overlay::TITLES;

/// The extension with level, pages and note.
pub const EXTENSION: &str = "x-evidence";

/// Adds `x-evidence` and the link to the page to each operation that a page describes.
///
/// The level of an operation with several pages is the lowest level of its pages.
pub fn attach(document: &mut Value, captures: &Captures) {
    for operation in operations_mut(document) {
        let keys: Vec<String> = operation
            .get("x-apifox-pages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|key| key.as_str().map(str::to_owned))
            .collect();
        let pages = captures
            .pages
            .iter()
            .filter(|page| keys.contains(&page.key));
        let titles: Value = pages
            .map(|page| Value::from(full_title(&page.folder, &page.title)))
            .collect();
        operation.insert(TITLES.to_owned(), titles);
        let entries: Vec<&CaptureEntry> = captures
            .lock
            .pages
            .iter()
            .filter(|entry| keys.iter().any(|key| key == entry.key()))
            .collect();
        let Some(level) = entries.iter().map(|entry| entry.evidence).max() else {
            continue;
        };
        let mut evidence = json!({"level": level.as_str(), "pages": keys});
        let notes = cut_notes(captures, &keys);
        if level == PageEvidence::Partial && !notes.is_empty() {
            evidence["note"] = notes.join("; ").into();
        }
        operation.insert(EXTENSION.to_owned(), evidence);
        if let Some((entry, address)) = entries
            .iter()
            .find_map(|entry| Some((entry, entry.address.as_ref()?)))
        {
            operation.insert(
                "externalDocs".to_owned(),
                json!({"description": entry.title, "url": address}),
            );
        }
    }
}

fn cut_notes(captures: &Captures, keys: &[String]) -> Vec<String> {
    captures
        .pages
        .iter()
        .filter(|page| keys.contains(&page.key))
        .flat_map(|page| &page.notes)
        .filter(|note| note.is_truncated())
        .map(|note| missing_part(&note.text).to_owned())
        .collect()
}

/// Removes the marker of a cut from a note: `cut here; the responses were not seen` →
/// `the responses were not seen`.
fn missing_part(note: &str) -> &str {
    let text = note.trim_start_matches("cut").trim_start();
    let text = text.strip_prefix("here").unwrap_or(text);
    text.trim_start_matches([';', ',', ':', ' '])
}

/// Prefixes the description of each inferred operation with a warning, for readers who do not know
/// the extension.
pub fn mark_inferred(document: &mut Value) {
    for operation in operations_mut(document) {
        if operation
            .get(EXTENSION)
            .and_then(|evidence| evidence["level"].as_str())
            != Some("inferred")
        {
            continue;
        }
        let text = operation
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let marked = format!(
            "Inferred: the pages only name this operation. Its path, its fields and, unless a page states \
             it, its method follow similar documented operations.\n\n{text}"
        );
        operation.insert("description".to_owned(), marked.trim_end().into());
    }
}

/// Moves the `security` of pages, and the schemes that it names, to a marker of each operation.
///
/// A page may name only a bearer token although the documentation also requires a signature. Its
/// `security` on an operation would override that of the document, and clients in other languages
/// would send unsigned requests. The lint compares the marker with the document.
pub fn move_page_security(document: &mut Value) {
    let schemes = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
        .and_then(|components| components.shift_remove("securitySchemes"))
        .unwrap_or_default();
    for operation in operations_mut(document) {
        let Some(Value::Array(sets)) = operation.shift_remove("security") else {
            continue;
        };
        let sets: Value = sets
            .iter()
            .map(|set| resolve_schemes(set, &schemes))
            .collect();
        operation.insert(PAGE_SECURITY.to_owned(), sets);
    }
}

fn resolve_schemes(set: &Value, schemes: &Value) -> Value {
    let names = set.as_object().into_iter().flatten().map(|(name, _)| name);
    names
        .map(|name| (name.clone(), schemes[name.as_str()].clone()))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::lock::CaptureLock;

    fn entry(id: &str, evidence: PageEvidence, address: Option<&str>) -> CaptureEntry {
        CaptureEntry {
            address: address.map(Into::into),
            evidence,
            ..CaptureEntry::test_entry(id, "")
        }
    }

    #[test]
    fn level_is_lowest_of_pages() {
        let captures = Captures {
            lock: CaptureLock {
                pages: vec![
                    entry("1e0", PageEvidence::Documented, None),
                    entry(
                        "2e0",
                        PageEvidence::Partial,
                        Some("https://docs.example/2e0"),
                    ),
                    entry(
                        "3e0",
                        PageEvidence::Documented,
                        Some("https://docs.example/3e0"),
                    ),
                ],
            },
            pages: Vec::new(),
            messages: Vec::new(),
        };
        let mut document = json!({
            "paths": {"/a": {
                "get": {"x-apifox-pages": ["1e0", "2e0"]},
                "post": {"x-apifox-pages": ["3e0"]},
                "put": {"summary": "stand-in for a missing page"}
            }},
            "x-webhooks": {"paid": {"post": {"x-apifox-pages": ["1e0"]}}}
        });
        attach(&mut document, &captures);
        let get = &document["paths"]["/a"]["get"];
        assert_eq!(
            get["x-evidence"],
            json!({"level": "partial", "pages": ["1e0", "2e0"]})
        );
        assert_eq!(get["externalDocs"]["url"], "https://docs.example/2e0");
        assert_eq!(
            document["paths"]["/a"]["post"]["x-evidence"]["level"],
            "documented"
        );
        assert!(document["paths"]["/a"]["put"].get("x-evidence").is_none());
        assert_eq!(
            document["x-webhooks"]["paid"]["post"]["x-evidence"]["level"],
            "documented"
        );
        assert!(
            document["x-webhooks"]["paid"]["post"]
                .get("externalDocs")
                .is_none()
        );
    }

    #[test]
    fn note_says_missing_part() {
        for (note, text) in [
            (
                "cut here; the responses were not seen",
                "the responses were not seen",
            ),
            (
                "cut here, within a value; the rest was not seen",
                "within a value; the rest was not seen",
            ),
            ("cut: no page was seen", "no page was seen"),
            ("cut", ""),
        ] {
            assert_eq!(missing_part(note), text);
        }
    }

    #[test]
    fn description_of_inferred_operation_starts_with_warning() {
        let mut document = json!({"paths": {"/a": {
            "get": {"description": "Lists.", "x-evidence": {"level": "inferred"}},
            "post": {"description": "Makes.", "x-evidence": {"level": "partial"}}
        }}});
        mark_inferred(&mut document);
        let text = document["paths"]["/a"]["get"]["description"]
            .as_str()
            .unwrap();
        assert!(
            text.starts_with("Inferred: ") && text.ends_with("\n\nLists."),
            "{text}"
        );
        assert_eq!(document["paths"]["/a"]["post"]["description"], "Makes.");
    }

    #[test]
    fn security_of_page_becomes_marker() {
        let mut document = json!({
            "paths": {"/a": {"get": {"security": [{"key": []}]}, "post": {}}},
            "components": {"schemas": {}, "securitySchemes": {"key": {"type": "apiKey"}}}
        });
        move_page_security(&mut document);
        let marked = json!({
            "paths": {"/a": {"get": {"x-apifox-security": [{"key": {"type": "apiKey"}}]}, "post": {}}},
            "components": {"schemas": {}}
        });
        assert_eq!(document, marked);
    }
}
