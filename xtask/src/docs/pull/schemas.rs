//! The shared schemas of a project, to which pages of the published JSON refer by ID.
//!
//! The schemas that the pages use are one capture: copies in each page could be hundreds of times as large as the list.
//! The URL of the list and its fields are known from public programs that read live sites; no list itself was
//! available.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    FetchedPage, ListedPage,
    error::{FailureKind, FetchError, PullError},
    http_client::HttpClient,
    navigation::SiteProject,
    published::{self, data, number, request},
    settings::PullSettings,
};
use crate::docs::lock::CaptureKind;

const HELP: &str = "nothing was changed; fetched pages are cached: run the command again later, or use `--form markdown`";

/// The shared schemas of a project by ID, with their names.
#[derive(Debug, Clone, Default, PartialEq)]
struct SharedSchemas(BTreeMap<String, Value>);

/// Returns the capture of the shared schemas that the pages use, or `None` if they use none. Fetches the list only if a
/// page uses any.
///
/// # Errors
/// Fails if the list cannot be fetched, has an unexpected structure, or is too large. A missing list (status or error code
/// 404) is an error only if shared schemas of the site are captured; otherwise the report names the missing schemas.
pub(super) async fn fetch(
    http: &HttpClient,
    project: &SiteProject,
    pages: &[FetchedPage],
    has_capture: bool,
    settings: &PullSettings,
) -> Result<Option<FetchedPage>, PullError> {
    let used: BTreeSet<String> = pages
        .iter()
        .flat_map(|page| published::missing_schemas(&page.content))
        .collect();
    if used.is_empty() {
        return Ok(None);
    }
    let address = project.schemas();
    let refuse = |failure: FetchError| PullError::site(&address, failure, HELP);
    let list = request(&address, settings.listing_bytes);
    let read = |body: &[u8]| SharedSchemas::read(&data(body)?);
    let schemas = match http.get(&list, read).await {
        Ok(schemas) => schemas.used_by(used),
        Err(failure) if failure.status == Some(404) && !has_capture => return Ok(None),
        Err(failure) => return Err(refuse(failure)),
    };
    let (content, left_out) = schemas.content().map_err(refuse)?;
    if content.len() > settings.page_bytes {
        return Err(refuse(FetchError::new(
            FailureKind::Permanent,
            format!(
                "the shared schemas that the pages use have {} bytes, but the limit is {}",
                content.len(),
                settings.page_bytes
            ),
        )));
    }
    Ok((!schemas.0.is_empty()).then(|| FetchedPage {
        listed: ListedPage {
            id: format!("schemas-{}", project.id()),
            title: "Shared schemas".to_owned(),
            folder: Vec::new(),
            address: address.clone(),
            source: address,
        },
        title: "Shared schemas".to_owned(),
        kind: CaptureKind::Schemas,
        call: None,
        folder: Vec::new(),
        modified: None,
        content,
        left_out,
    }))
}

impl SharedSchemas {
    /// Reads the list of items with `id`, `name` and `jsonSchema`. Invalid items are skipped.
    fn read(data: &Value) -> Result<Self, FetchError> {
        let Some(items) = data.as_array() else {
            let text = "the shared schemas are not a list";
            return Err(FetchError::new(FailureKind::Permanent, text));
        };
        let mut found: Vec<(String, &str, &Value)> = items
            .iter()
            .filter_map(|item| {
                let schema = item.get("jsonSchema").filter(|schema| schema.is_object())?;
                let name = item["name"].as_str().unwrap_or("Schema");
                Some((number(&item["id"])?, name, schema))
            })
            .collect();
        // The schemas are sorted, so that names do not depend on the order of the list.
        found.sort_by(|(a, ..), (b, ..)| (a.len(), a).cmp(&(b.len(), b)));
        let mut taken = BTreeSet::new();
        let mut schemas = BTreeMap::new();
        for (number, name, schema) in found {
            // Schemas in different folders may have the same name, which would be a conflict.
            let name = if taken.insert(name) {
                name.to_owned()
            } else {
                format!("{name} {number}")
            };
            schemas
                .entry(number)
                .or_insert_with(|| json!({"name": name, "jsonSchema": schema}));
        }
        Ok(Self(schemas))
    }

    /// Returns the schemas with these IDs, and those to which they refer.
    fn used_by(&self, ids: BTreeSet<String>) -> Self {
        let mut open: Vec<String> = ids.into_iter().collect();
        let mut used = BTreeMap::new();
        while let Some(id) = open.pop() {
            if let Some(schema) = self.0.get(&id)
                && used.insert(id, schema.clone()).is_none()
            {
                open.extend(published::referenced_schemas(schema));
            }
        }
        Self(used)
    }

    /// Returns the content of the capture: the list of the site, by ID and without the other fields.
    fn content(&self) -> Result<(Vec<u8>, BTreeSet<&'static str>), FetchError> {
        let list = self.0.iter().map(|(id, schema)| {
            json!({"id": id, "name": schema["name"], "jsonSchema": schema["jsonSchema"]})
        });
        published::stored(list.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refers(number: u32) -> Value {
        json!({"$ref": format!("#/definitions/{number}")})
    }

    #[test]
    fn capture_has_only_used_schemas() {
        let list = json!([
            {"id": 12, "name": "Order", "jsonSchema": {"type": "object", "properties": {"buyer": refers(5), "next": refers(12)}}},
            {"id": "5", "name": "Person", "jsonSchema": {"type": "object"}, "editorId": 3},
            {"id": 9, "name": "Person", "jsonSchema": {"type": "string"}},
            {"id": 6, "name": "Unused", "jsonSchema": {}},
            {"id": "../7", "name": "No number", "jsonSchema": {}},
            {"id": 8, "name": "No schema"},
            "nonsense",
        ]);
        let schemas = SharedSchemas::read(&list).unwrap();
        for (ids, expected) in [
            (vec!["12"], json!({"12": "Order", "5": "Person"})),
            // The schema with the lower ID keeps the name.
            (vec!["9"], json!({"9": "Person 9"})),
            (vec!["5", "9"], json!({"5": "Person", "9": "Person 9"})),
            (vec!["7", "8"], json!({})),
        ] {
            let used = schemas.used_by(ids.into_iter().map(str::to_owned).collect());
            let (content, _) = used.content().unwrap();
            let stored: Vec<Value> = serde_json::from_slice(&content).unwrap();
            let names: Value = stored
                .iter()
                .map(|schema| {
                    (
                        schema["id"].as_str().unwrap().to_owned(),
                        schema["name"].clone(),
                    )
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn order_of_list_does_not_matter() {
        let one = json!({"id": 5, "name": "A", "jsonSchema": {"type": "string"}});
        let other = json!({"id": 40, "name": "A", "jsonSchema": {"type": "object"}});
        assert_eq!(
            SharedSchemas::read(&json!([one, other])).unwrap(),
            SharedSchemas::read(&json!([other, one])).unwrap()
        );
        assert!(SharedSchemas::read(&json!({"data": 1})).is_err());
    }
}
