//! Requests, reads and stores pages of the published JSON.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
};

use apifox::MAX_PAGE_BYTES;
use serde_json::{Value, error::Category};

use super::{
    super::{lock::CaptureKind, names::is_number},
    FetchedPage, ListedPage,
    address::sanitize,
    error::{FailureKind, FetchError},
    fetch::PageFormat,
    http_client::{self, Destination, PageRequest},
    normalize::{NormalizedPage, normalize},
    settings::PullSettings,
};

pub(super) const FORMAT: PageFormat = PageFormat {
    page_request,
    read_page,
    read_stored,
};

/// The field of a page with the shared schemas that it uses, by ID.
pub(super) const DEFINITIONS: &str = "definitions";

/// Returns the request for a page.
fn page_request(listed: &ListedPage, settings: &PullSettings) -> PageRequest {
    request(&listed.source, settings.page_bytes)
}

pub(super) fn request(address: &str, limit: usize) -> PageRequest {
    PageRequest {
        address: address.to_owned(),
        destination: Destination::Api,
        limit,
    }
}

/// Reads the response for a page.
fn read_page(listed: &ListedPage, body: &[u8]) -> Result<FetchedPage, FetchError> {
    page(listed, data(body)?)
}

/// Reads a stored page.
fn read_stored(listed: &ListedPage, content: &[u8]) -> Result<FetchedPage, FetchError> {
    page(listed, json(content)?)
}

fn page(listed: &ListedPage, data: Value) -> Result<FetchedPage, FetchError> {
    let expected = &listed.id[..listed.id.len() - 2];
    if !data.is_object() {
        return Err(FetchError::new(
            FailureKind::Permanent,
            "the page is not a JSON object",
        ));
    }
    if number(&data["id"]).as_deref() != Some(expected) {
        let text = format!(
            "the response is another page: its id is {}",
            sanitize(&data["id"].to_string())
        );
        return Err(FetchError::new(FailureKind::Permanent, text));
    }
    let title = field(&data, "name").unwrap_or_else(|| listed.title.clone());
    let call = call(&data);
    let modified = data["updatedAt"].as_str().and_then(modified);
    let (content, left_out) = stored(data)?;
    Ok(FetchedPage {
        title,
        kind: if listed.id.ends_with("e0") {
            CaptureKind::Operation
        } else {
            CaptureKind::Guide
        },
        call,
        folder: listed.folder.clone(),
        modified,
        content,
        left_out,
        listed: listed.clone(),
    })
}

/// Returns the content to store, and the removed fields.
///
/// # Errors
/// Fails if the content is larger than [`MAX_PAGE_BYTES`], which is the most that the importer reads. The indentation can
/// make a nested page 100 times as large as the response, so the limit of the response is not enough.
pub(super) fn stored(page: Value) -> Result<(Vec<u8>, BTreeSet<&'static str>), FetchError> {
    let NormalizedPage { page, left_out } = normalize(page);
    let mut content = vec![0; MAX_PAGE_BYTES];
    let mut unused = &mut content[..];
    let written = serde_json::to_writer_pretty(&mut unused, &page)
        .map_err(io::Error::from)
        .and_then(|()| unused.write_all(b"\n"));
    let size = MAX_PAGE_BYTES - unused.len();
    written.map_err(|_| {
        FetchError::new(
            FailureKind::Permanent,
            format!(
                "the indented capture has more than {MAX_PAGE_BYTES} bytes, which is the limit"
            ),
        )
    })?;
    content.truncate(size);
    content.shrink_to_fit();
    Ok((content, left_out))
}

/// Returns the method and the path of a page.
pub(super) fn call(page: &Value) -> Option<(String, String)> {
    let method = field(page, "method")?;
    Some((method.to_uppercase(), field(page, "path")?))
}

/// Returns a string of a page that is not blank.
fn field(page: &Value, name: &str) -> Option<String> {
    let text = page[name].as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Converts `2025-12-24T08:33:22.000Z` to `2025-12-24 08:33:22`.
fn modified(text: &str) -> Option<String> {
    let text = text.trim().get(..19)?.replacen('T', " ", 1);
    jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &text).ok()?;
    Some(text)
}

/// Returns the fields in which two versions of a page differ.
pub(super) fn different_fields(old: &[u8], new: &[u8]) -> BTreeSet<String> {
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

/// Returns the IDs of shared schemas that the page refers to but does not contain.
pub(super) fn missing_schemas(page: &[u8]) -> BTreeSet<String> {
    let value: Value = serde_json::from_slice(page).unwrap_or_default();
    let mut missing = referenced_schemas(&value);
    for_each_field(&value, |name, value| {
        if let (DEFINITIONS, Value::Object(included)) = (name, value) {
            missing.retain(|number| !included.contains_key(number));
        }
    });
    missing
}

/// Returns the IDs of the schemas in a list of shared schemas.
pub(super) fn listed_schemas(list: &[u8]) -> BTreeSet<String> {
    let list: Vec<Value> = serde_json::from_slice(list).unwrap_or_default();
    list.iter()
        .filter_map(|schema| number(&schema["id"]))
        .collect()
}

/// Returns the IDs of referenced shared schemas.
pub(super) fn referenced_schemas(value: &Value) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for_each_field(value, |name, value| {
        if let ("$ref", Value::String(target)) = (name, value) {
            let number = target.strip_prefix("#/definitions/");
            numbers.extend(number.filter(|name| is_number(name)).map(str::to_owned));
        }
    });
    numbers
}

/// Calls `see` for each field of each object in a value.
pub(super) fn for_each_field(value: &Value, mut see: impl FnMut(&str, &Value)) {
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

/// Returns the field `data` of a response.
pub(super) fn data(body: &[u8]) -> Result<Value, FetchError> {
    let mut response = json(body)?;
    if let Some(failure) = http_client::api_failure(&response) {
        return Err(failure);
    }
    match response.get_mut("data") {
        Some(data) if !data.is_null() => Ok(data.take()),
        _ => Err(FetchError::absent("the response has no `data`")),
    }
}

pub(super) fn json(body: &[u8]) -> Result<Value, FetchError> {
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(FetchError::absent(
            "the response is HTML instead of JSON; the site may require a password",
        ));
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Eof => FetchError::new(FailureKind::Transient, "the response is truncated JSON"),
        _ => FetchError::new(
            FailureKind::Permanent,
            format!("the response is not JSON: {error}"),
        ),
    })
}

/// Returns the digits of a number or string with 1 to 20 digits.
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
    fn page_metadata_is_read() {
        let listed = ListedPage {
            id: "7e0".into(),
            title: "Listed".into(),
            folder: vec!["Trade".into()],
            address: "https://docs.example/7e0".into(),
            source: String::new(),
        };
        let response = |data: Value| json!({"success": true, "data": data}).to_string();
        let body = response(
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
        assert_eq!(stored, FetchedPage { left_out, ..page });

        for (body, class, part) in [
            (
                response(json!({"id": 8})),
                FailureKind::Permanent,
                "another page: its id is 8",
            ),
            (
                response(json!([])),
                FailureKind::Permanent,
                "not a JSON object",
            ),
            (response(Value::Null), FailureKind::Permanent, "no `data`"),
            (
                "<!DOCTYPE html>".into(),
                FailureKind::Permanent,
                "HTML instead of JSON",
            ),
            (
                r#"{"success": true, "da"#.into(),
                FailureKind::Transient,
                "truncated",
            ),
            (String::new(), FailureKind::Transient, "truncated"),
            (
                "[".repeat(100_000),
                FailureKind::Permanent,
                "recursion limit",
            ),
            ("no".into(), FailureKind::Permanent, "not JSON"),
        ] {
            let failure = read_page(&listed, body.as_bytes()).unwrap_err();
            assert_eq!(failure.class, class, "{failure}");
            assert!(failure.text.contains(part), "{failure}");
        }
    }

    #[test]
    fn nested_page_whose_indentation_exceeds_the_limit_is_rejected() {
        let zeros = |count: usize, depth| {
            let nested = vec!["0"; count].join(",");
            let text = format!("{}{nested}{}", "[".repeat(depth), "]".repeat(depth));
            serde_json::from_str::<Value>(&text).unwrap()
        };
        // At depth 100, an element has 2 bytes in the response and 203 in the capture: a line feed, 200 spaces and the digit,
        // with a comma.
        let failure = stored(zeros(100_000, 100)).unwrap_err();
        assert_eq!(failure.class, FailureKind::Permanent);
        assert_eq!(
            failure.text,
            "the indented capture has more than 16777216 bytes, which is the limit"
        );
        let (content, _) = stored(zeros(1, 100)).unwrap();
        let mut expected = serde_json::to_vec_pretty(&zeros(1, 100)).unwrap();
        expected.push(b'\n');
        assert_eq!(content, expected);
        assert_eq!(content.capacity(), content.len());
    }

    #[test]
    fn missing_shared_schemas_are_found() {
        let page = json!({"a": {"$ref": "#/definitions/1"}, "b": [{"x": {"$ref": "#/definitions/2"}}],
                          "c": {"$ref": "#/components/schemas/3"}, "definitions": {"2": {}}});
        let missing = missing_schemas(page.to_string().as_bytes());
        assert_eq!(missing, BTreeSet::from(["1".to_owned()]));
    }
}
