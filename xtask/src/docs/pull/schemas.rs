//! The shared schemas of a project, to which pages of the published JSON refer by ID.
//!
//! Each capture is self-contained: a page is stored with the shared schemas that it uses, in its
//! `definitions`. The URL of the list and its fields are known from two public programs that read live
//! sites; no list itself was available.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    FetchedPage,
    error::{FailureKind, FetchError, PullError},
    http_client::HttpClient,
    published::{self, data, number, request},
    settings::PullSettings,
};

const HELP: &str = "nothing was changed; fetched pages are cached: run the command again later, or use `--form markdown`";

/// The shared schemas of a project by ID, in the form that a page stores.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SharedSchemas(BTreeMap<String, Value>);

/// Adds to each page the shared schemas that it uses. Fetches the list only if a page uses any.
///
/// # Errors
/// Fails if the list cannot be fetched, has an unexpected structure, or makes the pages too large. A
/// missing list is not an error: the report names the missing schemas.
pub(super) async fn complete(
    http: &HttpClient,
    address: &str,
    pages: &mut [FetchedPage],
    settings: &PullSettings,
) -> Result<(), PullError> {
    let refers = |page: &FetchedPage| !published::missing_schemas(&page.content).is_empty();
    if !pages.iter().any(refers) {
        return Ok(());
    }
    let refuse = |failure: FetchError| PullError::site(address, failure, HELP);
    let list = request(address, settings.listing_bytes);
    let schemas = match http
        .get(&list, |body| SharedSchemas::read(&data(body)?))
        .await
    {
        Ok(schemas) => schemas,
        Err(failure) if failure.status == Some(404) => return Ok(()),
        Err(failure) => return Err(refuse(failure)),
    };
    let mut bytes = 0;
    for page in pages.iter_mut() {
        schemas.put_into(page).map_err(refuse)?;
        bytes += page.content.len();
        if page.content.len() > settings.page_bytes || bytes > settings.total_bytes {
            return Err(refuse(FetchError::new(
                FailureKind::Permanent,
                format!(
                    "page {} uses too many shared schemas (limit: {} bytes for a page, {} for all pages)",
                    page.listed.id, settings.page_bytes, settings.total_bytes
                ),
            )));
        }
    }
    Ok(())
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

    /// Stores the schemas that the page uses, directly or through others.
    fn put_into(&self, page: &mut FetchedPage) -> Result<(), FetchError> {
        let mut open: Vec<String> = published::missing_schemas(&page.content)
            .into_iter()
            .collect();
        let mut needed = BTreeMap::new();
        while let Some(number) = open.pop() {
            if let Some(schema) = self.0.get(&number)
                && needed.insert(number, schema).is_none()
            {
                open.extend(published::referenced_schemas(schema));
            }
        }
        if needed.is_empty() {
            return Ok(());
        }
        let mut value = published::json(&page.content)?;
        let Some(members) = value.as_object_mut() else {
            return Ok(());
        };
        let own = members
            .entry(published::DEFINITIONS)
            .or_insert_with(|| json!({}));
        if let Some(own) = own.as_object_mut() {
            put(own, needed);
        }
        (page.content, _) = published::stored(value)?;
        Ok(())
    }
}

/// Adds schemas. A definition of the page itself takes precedence.
fn put(own: &mut Map<String, Value>, needed: BTreeMap<String, &Value>) {
    for (number, schema) in needed {
        own.entry(number).or_insert_with(|| schema.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::{lock::CaptureKind, pull::ListedPage};

    fn page(content: Value) -> FetchedPage {
        FetchedPage {
            listed: ListedPage {
                id: "7e0".into(),
                title: "Get".into(),
                folder: Vec::new(),
                address: String::new(),
                source: String::new(),
            },
            title: "Get".into(),
            kind: CaptureKind::Operation,
            call: None,
            folder: Vec::new(),
            modified: None,
            content: content.to_string().into_bytes(),
            left_out: BTreeSet::new(),
        }
    }

    fn refers(number: u32) -> Value {
        json!({"$ref": format!("#/definitions/{number}")})
    }

    #[test]
    fn page_gets_only_schemas_it_uses() {
        let list = json!([
            {"id": 12, "name": "Order", "jsonSchema": {"type": "object", "properties": {"buyer": refers(5), "next": refers(12)}}},
            {"id": "5", "name": "Person", "jsonSchema": {"type": "object"}},
            {"id": 9, "name": "Person", "jsonSchema": {"type": "string"}},
            {"id": 6, "name": "Unused", "jsonSchema": {}},
            {"id": "../7", "name": "No number", "jsonSchema": {}},
            {"id": 8, "name": "No schema"},
            "nonsense",
        ]);
        let schemas = SharedSchemas::read(&list).unwrap();
        for (responses, expected) in [
            (json!([refers(12)]), json!({"12": "Order", "5": "Person"})),
            // The schema with the lower ID keeps the name.
            (json!([refers(9)]), json!({"9": "Person 9"})),
            (
                json!([refers(5), refers(9)]),
                json!({"5": "Person", "9": "Person 9"}),
            ),
        ] {
            let mut page = page(json!({"id": 7, "responses": responses}));
            schemas.put_into(&mut page).unwrap();
            let stored = published::json(&page.content).unwrap();
            let names: Map<String, Value> = stored["definitions"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(number, schema)| (number.clone(), schema["name"].clone()))
                .collect();
            assert_eq!(Value::Object(names), expected);
            assert_eq!(
                published::missing_schemas(&page.content),
                BTreeSet::new(),
                "{stored}"
            );
        }
        for (content, missing) in [
            (json!({"responses": [refers(7)]}), "7"),
            (json!({"responses": [refers(8)]}), "8"),
        ] {
            let mut page = page(content);
            let before = page.clone();
            schemas.put_into(&mut page).unwrap();
            assert_eq!(page, before);
            assert_eq!(
                published::missing_schemas(&page.content),
                BTreeSet::from([missing.to_owned()])
            );
        }
    }

    #[test]
    fn definition_of_page_takes_precedence() {
        let schemas =
            SharedSchemas::read(&json!([{"id": 5, "name": "Shared", "jsonSchema": {}}, {"id": 6, "jsonSchema": refers(5)}]))
                .unwrap();
        let mut page = page(
            json!({"responses": [refers(6)], "definitions": {"5": {"name": "Own", "jsonSchema": {}}}}),
        );
        schemas.put_into(&mut page).unwrap();
        let stored = published::json(&page.content).unwrap();
        assert_eq!(stored["definitions"]["5"]["name"], "Own");
        assert_eq!(stored["definitions"]["6"]["name"], "Schema");
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
