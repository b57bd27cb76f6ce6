//! Says on every operation of the document how far its pages were seen.

use serde_json::{Value, json};

use super::{
    captures::Captures,
    lock::{Entry, Evidence},
};
use crate::openapi::operations_mut;

/// Extension that holds level, pages and notes.
pub const EXTENSION: &str = "x-evidence";

/// Writes `x-evidence` and the link to the page on each operation that a page describes.
///
/// An operation of several pages is as well known as the worst known of them.
pub fn attach(document: &mut Value, captures: &Captures) {
    for operation in operations_mut(document) {
        let keys: Vec<String> = operation
            .get("x-apifox-pages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|key| key.as_str().map(str::to_owned))
            .collect();
        let entries: Vec<&Entry> = captures
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
        if level == Evidence::Partial && !notes.is_empty() {
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
        .map(|note| what_is_missing(&note.text).to_owned())
        .collect()
}

/// `cut here; the answers were not seen` → `the answers were not seen`
fn what_is_missing(note: &str) -> &str {
    let text = note.trim_start_matches("cut").trim_start();
    let text = text.strip_prefix("here").unwrap_or(text);
    text.trim_start_matches([';', ',', ':', ' '])
}

/// Begins the description of each inferred operation with the fact that it is inferred, so that
/// every reader of the document sees it, not only those who know the extension.
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
            "Inferred: the pages only name this operation; path, fields and, where no page says it, \
             method follow its known siblings.\n\n{text}"
        );
        operation.insert("description".to_owned(), marked.trim_end().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::lock::{Kind, Lock, Origin};

    fn entry(id: &str, evidence: Evidence, address: Option<&str>) -> Entry {
        Entry {
            file: format!("{id}-page.txt"),
            id: Some(id.into()),
            title: format!("Page {id}"),
            site: "docs.example".into(),
            address: address.map(Into::into),
            kind: Kind::Operation,
            evidence,
            origin: Origin::Transcribed,
            folder: Vec::new(),
            modified: None,
            sha256: String::new(),
        }
    }

    #[test]
    fn an_operation_is_as_well_known_as_its_worst_page() {
        let captures = Captures {
            lock: Lock {
                pages: vec![
                    entry("1e0", Evidence::Documented, None),
                    entry("2e0", Evidence::Partial, Some("https://docs.example/2e0")),
                    entry(
                        "3e0",
                        Evidence::Documented,
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
                "put": {"summary": "stands in for an unseen page"}
            }},
            "x-webhooks": {"told": {"post": {"x-apifox-pages": ["1e0"]}}}
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
            document["x-webhooks"]["told"]["post"]["x-evidence"]["level"],
            "documented"
        );
        assert!(
            document["x-webhooks"]["told"]["post"]
                .get("externalDocs")
                .is_none()
        );
    }

    #[test]
    fn a_note_says_what_is_missing() {
        for (note, text) in [
            (
                "cut here; the answers were not seen",
                "the answers were not seen",
            ),
            (
                "cut here, within a value; the rest was not seen",
                "within a value; the rest was not seen",
            ),
            ("cut: no page was seen", "no page was seen"),
            ("cut", ""),
        ] {
            assert_eq!(what_is_missing(note), text);
        }
    }

    #[test]
    fn an_inferred_operation_says_so_first() {
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
}
