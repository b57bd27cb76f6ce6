//! A page of the published JSON: how it is asked for, read and stored.

use std::collections::BTreeSet;

use serde_json::{Value, error::Category};

use super::{
    super::{lock::Kind, names::is_number},
    address::shown,
    error::{Class, Failure},
    normalize::{Normal, normalize},
    page::{Listed, Page},
    settings::Settings,
    web::{self, Request, To},
};

/// Member of a page with the shared schemas that it needs, by number.
pub(super) const DEFINITIONS: &str = "definitions";

/// The request for a page.
pub(super) fn page_request(listed: &Listed, settings: &Settings) -> Request {
    request(&listed.source, settings.page_bytes)
}

pub(super) fn request(address: &str, limit: usize) -> Request {
    Request {
        address: address.to_owned(),
        to: To::Api,
        limit,
    }
}

/// Reads an answer about a page.
pub(super) fn read_page(listed: &Listed, body: &[u8]) -> Result<Page, Failure> {
    page(listed, data(body)?)
}

/// Reads a page as it is stored.
pub(super) fn read_stored(listed: &Listed, content: &[u8]) -> Result<Page, Failure> {
    page(listed, json(content)?)
}

fn page(listed: &Listed, data: Value) -> Result<Page, Failure> {
    let wanted = &listed.id[..listed.id.len() - 2];
    if !data.is_object() {
        return Err(Failure::new(
            Class::Lasting,
            "the page is not a JSON object",
        ));
    }
    if number(&data["id"]).as_deref() != Some(wanted) {
        let text = format!(
            "the answer is about another page: its id is {}",
            shown(&data["id"].to_string())
        );
        return Err(Failure::new(Class::Lasting, text));
    }
    let facts = facts(&data);
    let modified = data["updatedAt"].as_str().and_then(modified);
    let (content, left_out) = stored(data)?;
    Ok(Page {
        title: facts.title.unwrap_or_else(|| listed.title.clone()),
        kind: if listed.id.ends_with("e0") {
            Kind::Operation
        } else {
            Kind::Guide
        },
        call: facts.call,
        folder: listed.folder.clone(),
        modified,
        content,
        left_out,
        listed: listed.clone(),
    })
}

/// A page as it is stored, and the names of what is not.
pub(super) fn stored(page: Value) -> Result<(Vec<u8>, BTreeSet<&'static str>), Failure> {
    let Normal { page, left_out } = normalize(page);
    let mut content = serde_json::to_vec_pretty(&page)
        .map_err(|error| Failure::new(Class::Lasting, error.to_string()))?;
    content.push(b'\n');
    Ok((content, left_out))
}

/// What a page in this form tells of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Its title.
    pub title: Option<String>,
    /// Method and path.
    pub call: Option<(String, String)>,
}

/// Reads title, method and path of a page.
pub(super) fn facts(page: &Value) -> Facts {
    let word = |name: &str| {
        let text = page[name].as_str().unwrap_or_default().trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    Facts {
        title: word("name"),
        call: word("method")
            .map(|method| method.to_uppercase())
            .zip(word("path")),
    }
}

/// `2025-12-24T08:33:22.000Z` → `2025-12-24 08:33:22`.
fn modified(text: &str) -> Option<String> {
    let text = text.trim().get(..19)?.replacen('T', " ", 1);
    jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &text).ok()?;
    Some(text)
}

/// The members of the page in which two versions differ.
pub(super) fn differing(old: &[u8], new: &[u8]) -> BTreeSet<String> {
    let read = |content| serde_json::from_slice::<Value>(content).unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let names = [&old, &new]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|page| page.keys());
    names
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect()
}

/// Numbers of shared schemas that the page refers to and does not bring.
pub(super) fn missing_schemas(page: &[u8]) -> BTreeSet<String> {
    let value: Value = serde_json::from_slice(page).unwrap_or_default();
    let mut missing = referred(&value);
    for_each_member(&value, |name, value| {
        if let (DEFINITIONS, Value::Object(brought)) = (name, value) {
            missing.retain(|number| !brought.contains_key(number));
        }
    });
    missing
}

/// Numbers of shared schemas that stand in references.
pub(super) fn referred(value: &Value) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for_each_member(value, |name, value| {
        if let ("$ref", Value::String(target)) = (name, value) {
            let number = target.strip_prefix("#/definitions/");
            numbers.extend(number.filter(|name| is_number(name)).map(str::to_owned));
        }
    });
    numbers
}

/// All members of all objects in a value.
fn for_each_member(value: &Value, mut see: impl FnMut(&str, &Value)) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                for (name, value) in members {
                    see(name, value);
                    open.push(value);
                }
            }
            _ => {}
        }
    }
}

/// The member `data` of an answer.
pub(super) fn data(body: &[u8]) -> Result<Value, Failure> {
    let mut answer = json(body)?;
    if let Some(refused) = web::refused(&answer) {
        return Err(refused);
    }
    match answer.get_mut("data") {
        Some(data) if !data.is_null() => Ok(data.take()),
        _ => Err(Failure::new(Class::Lasting, "the answer has no `data`")),
    }
}

pub(super) fn json(body: &[u8]) -> Result<Value, Failure> {
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(Failure::new(
            Class::Lasting,
            "the answer is a web page (HTML) and not JSON; the site may want a password",
        ));
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Eof => Failure::new(Class::Passing, "the answer is cut off inside its JSON"),
        _ => Failure::new(Class::Lasting, format!("the answer is not JSON: {error}")),
    })
}

/// A number of up to 20 digits, or a text of such.
pub(super) fn number(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    is_number(&text).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_tells_what_it_is() {
        let listed = Listed {
            id: "7e0".into(),
            title: "Listed".into(),
            folder: vec!["Trade".into()],
            address: "https://docs.example/7e0".into(),
            source: String::new(),
        };
        let answer = |data: Value| json!({"success": true, "data": data}).to_string();
        let body = answer(
            json!({"id": 7, "name": "Get", "method": "get", "path": "/x",
                                 "updatedAt": "2025-12-24T08:33:22.000Z", "editorUserId": 3}),
        );
        let page = read_page(&listed, body.as_bytes()).unwrap();
        assert_eq!(page.title, "Get");
        assert_eq!(page.call, Some(("GET".into(), "/x".into())));
        assert_eq!(page.modified.as_deref(), Some("2025-12-24 08:33:22"));
        assert!(!String::from_utf8_lossy(&page.content).contains("editorUserId"));
        assert_eq!(page.left_out, BTreeSet::from(["editorUserId"]));
        let stored = read_stored(&listed, &page.content).unwrap();
        let left_out = BTreeSet::new();
        assert_eq!(stored, Page { left_out, ..page });

        for (body, class, part) in [
            (
                answer(json!({"id": 8})),
                Class::Lasting,
                "another page: its id is 8",
            ),
            (answer(json!([])), Class::Lasting, "not a JSON object"),
            (answer(Value::Null), Class::Lasting, "no `data`"),
            ("<!DOCTYPE html>".into(), Class::Lasting, "web page (HTML)"),
            (r#"{"success": true, "da"#.into(), Class::Passing, "cut off"),
            (String::new(), Class::Passing, "cut off"),
            ("[".repeat(100_000), Class::Lasting, "recursion limit"),
            ("no".into(), Class::Lasting, "not JSON"),
        ] {
            let failure = read_page(&listed, body.as_bytes()).unwrap_err();
            assert_eq!(failure.class, class, "{failure}");
            assert!(failure.text.contains(part), "{failure}");
        }
    }

    #[test]
    fn shared_schemas_that_a_page_does_not_bring_are_found() {
        let page = json!({"a": {"$ref": "#/definitions/1"}, "b": [{"x": {"$ref": "#/definitions/2"}}],
                          "c": {"$ref": "#/components/schemas/3"}, "definitions": {"2": {}}});
        let missing = missing_schemas(page.to_string().as_bytes());
        assert_eq!(missing, BTreeSet::from(["1".to_owned()]));
    }
}
