//! Shared schemas of a project, to which pages of the published JSON refer by number.
//!
//! A capture stands for itself: a page is stored with the shared schemas that it needs, as its `definitions`. The address
//! of their list and what its items hold are known from two public programs that read live sites; of a list itself
//! nothing was seen.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    error::{Class, Failure, PullError},
    page::Page,
    published::{self, data, number, request},
    settings::Settings,
    web::Web,
};

const HELP: &str = "nothing was changed; fetched pages are kept, so run it again later, or take the Markdown twins with `--form markdown`";

/// The shared schemas of a project, by number: what a page stores of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Schemas(BTreeMap<String, Value>);

/// Gives each page the shared schemas that it needs. Asks for them where a page needs any.
///
/// # Errors
/// The list cannot be had, has another shape, or makes the pages larger than is taken. A site that has no list is no
/// error: the report names the schemas that are missing.
pub(super) async fn complete(
    web: &Web,
    address: &str,
    pages: &mut [Page],
    settings: &Settings,
) -> Result<(), PullError> {
    let refers = |page: &Page| !published::missing_schemas(&page.content).is_empty();
    if !pages.iter().any(refers) {
        return Ok(());
    }
    let refuse = |failure: Failure| PullError::Listing {
        address: address.to_owned(),
        failure,
        help: HELP,
    };
    let list = request(address, settings.listing_bytes);
    let schemas = match web.get(&list, |body| Schemas::read(&data(body)?)).await {
        Ok(schemas) => schemas,
        Err(failure) if failure.status == Some(404) => return Ok(()),
        Err(failure) => return Err(refuse(failure)),
    };
    let mut bytes = 0;
    for page in pages.iter_mut() {
        schemas.put_into(page).map_err(refuse)?;
        bytes += page.content.len();
        if page.content.len() > settings.page_bytes || bytes > settings.total_bytes {
            return Err(refuse(Failure::new(
                Class::Lasting,
                format!(
                    "page {} needs more shared schemas than are taken ({} bytes a page, {} of all pages)",
                    page.listed.id, settings.page_bytes, settings.total_bytes
                ),
            )));
        }
    }
    Ok(())
}

impl Schemas {
    /// Reads the list: items with `id`, `name` and `jsonSchema`. One that is none of these is missing where a page needs it.
    fn read(data: &Value) -> Result<Self, Failure> {
        let Some(items) = data.as_array() else {
            let text = "the shared schemas are not a list";
            return Err(Failure::new(Class::Lasting, text));
        };
        let mut found: Vec<(String, &str, &Value)> = items
            .iter()
            .filter_map(|item| {
                let schema = item.get("jsonSchema").filter(|schema| schema.is_object())?;
                let name = item["name"].as_str().unwrap_or("Schema");
                Some((number(&item["id"])?, name, schema))
            })
            .collect();
        // The same names whatever the order of the list.
        found.sort_by(|(a, ..), (b, ..)| (a.len(), a).cmp(&(b.len(), b)));
        let mut taken = BTreeSet::new();
        let mut schemas = BTreeMap::new();
        for (number, name, schema) in found {
            // Schemas of several folders may have one name, and pages of one document then contradict each other.
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

    /// Stores in the page what it refers to, and what that refers to in turn.
    fn put_into(&self, page: &mut Page) -> Result<(), Failure> {
        let mut open: Vec<String> = published::missing_schemas(&page.content)
            .into_iter()
            .collect();
        let mut needed = BTreeMap::new();
        while let Some(number) = open.pop() {
            if let Some(schema) = self.0.get(&number)
                && needed.insert(number, schema).is_none()
            {
                open.extend(published::referred(schema));
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

/// What a page brings itself goes before what is shared.
fn put(own: &mut Map<String, Value>, needed: BTreeMap<String, &Value>) {
    for (number, schema) in needed {
        own.entry(number).or_insert_with(|| schema.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::{lock::Kind, pull::page::Listed};

    fn page(content: Value) -> Page {
        Page {
            listed: Listed {
                id: "7e0".into(),
                title: "Get".into(),
                folder: Vec::new(),
                address: String::new(),
                source: String::new(),
            },
            title: "Get".into(),
            kind: Kind::Operation,
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
    fn a_page_gets_what_it_needs_and_no_more() {
        let list = json!([
            {"id": 12, "name": "Order", "jsonSchema": {"type": "object", "properties": {"buyer": refers(5), "next": refers(12)}}},
            {"id": "5", "name": "Person", "jsonSchema": {"type": "object"}},
            {"id": 9, "name": "Person", "jsonSchema": {"type": "string"}},
            {"id": 6, "name": "Unused", "jsonSchema": {}},
            {"id": "../7", "name": "No number", "jsonSchema": {}},
            {"id": 8, "name": "No schema"},
            "nonsense",
        ]);
        let schemas = Schemas::read(&list).unwrap();
        for (wanted, expected) in [
            (json!([refers(12)]), json!({"12": "Order", "5": "Person"})),
            // The lower number keeps the name.
            (json!([refers(9)]), json!({"9": "Person 9"})),
            (
                json!([refers(5), refers(9)]),
                json!({"5": "Person", "9": "Person 9"}),
            ),
        ] {
            let mut page = page(json!({"id": 7, "responses": wanted}));
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
    fn what_a_page_brings_itself_counts() {
        let schemas =
            Schemas::read(&json!([{"id": 5, "name": "Shared", "jsonSchema": {}}, {"id": 6, "jsonSchema": refers(5)}]))
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
    fn the_order_of_the_list_is_of_no_matter() {
        let one = json!({"id": 5, "name": "A", "jsonSchema": {"type": "string"}});
        let other = json!({"id": 40, "name": "A", "jsonSchema": {"type": "object"}});
        assert_eq!(
            Schemas::read(&json!([one, other])).unwrap(),
            Schemas::read(&json!([other, one])).unwrap()
        );
        assert!(Schemas::read(&json!({"data": 1})).is_err());
    }
}
