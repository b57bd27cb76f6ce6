//! Reads the OpenAPI export of a site, and splits it into one page for each operation.
//!
//! The request and the response are known from the vendor's program `apifox-mcp-server` 0.0.17 on npm: a POST without a
//! body and without a token, whose response is the document itself. An export has no guides.

use std::collections::{BTreeMap, BTreeSet};

use apifox::PageKind;
use serde_json::{Map, Value, json};

use super::{
    FetchedPage, ListedPage, PageListing, PullOptions,
    address::sanitize,
    error::{FailureKind, FetchError, PullError},
    http_client::{Destination, HttpClient, PageRequest},
    published,
};
use crate::{
    docs::{captures::Captures, lock::CaptureKind, names},
    openapi::text,
};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The captures of an export may be this many times as large as the export. Operations that use the same schemas
/// repeat them.
const MAX_GROWTH: usize = 16;

/// Fetches the export of a site from the first base that has it, and returns its operations.
///
/// # Errors
/// Fails if no base has the export, or if it is not an OpenAPI document with operations.
pub(super) async fn fetch(
    http: &HttpClient,
    options: &PullOptions,
    captures: &Captures,
) -> Result<(PageListing, Vec<FetchedPage>), PullError> {
    let id = options.site_id.unwrap_or_default();
    let mut first_error = None;
    for api in &options.api {
        let address = api.below(&format!("docs-sites/{id}/export-mcp-data"));
        let request = PageRequest {
            address: address.clone(),
            destination: Destination::Export,
            limit: options.settings.listing_bytes,
        };
        match http
            .get(&request, |body| read(options, captures, body))
            .await
        {
            Ok(pages) => {
                let listing = PageListing {
                    address,
                    pages: pages.iter().map(|page| page.listed.clone()).collect(),
                    others: Vec::new(),
                };
                return Ok((listing, pages));
            }
            Err(failure) => {
                let help = "nothing was changed; check `--site-id` and `--api-base`, or pull the pages without `--form export`";
                first_error =
                    first_error.or_else(|| Some(PullError::site(&address, failure, help)));
            }
        }
    }
    Err(first_error.unwrap_or_else(|| PullError::Client("there is no base URL".to_owned())))
}

/// Reads the document, which may be in the envelope of the published JSON.
fn read(
    options: &PullOptions,
    captures: &Captures,
    body: &[u8],
) -> Result<Vec<FetchedPage>, FetchError> {
    let permanent = |text: String| FetchError::new(FailureKind::Permanent, text);
    let document = match published::json(body)? {
        document if document.get("openapi").is_some() => document,
        _ => published::data(body)?,
    };
    if !text(&document, "openapi").is_some_and(|version| version.starts_with('3')) {
        return Err(permanent(
            "the response is not an OpenAPI 3 document".to_owned(),
        ));
    }
    let mut pages = Vec::new();
    let mut calls = BTreeMap::new();
    let mut bytes = 0;
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            let call = (method.to_uppercase(), path.clone());
            let page = page(options, captures, &document, item, call.clone())?;
            bytes += page.content.len();
            if let Some((method, path)) = calls.insert(page.listed.id.clone(), call) {
                return Err(permanent(format!(
                    "page {} is the page of two operations, such as {method} {}",
                    page.listed.id,
                    sanitize(&path)
                )));
            }
            pages.push(page);
        }
        if bytes
            > body
                .len()
                .saturating_mul(MAX_GROWTH)
                .min(options.settings.total_bytes)
        {
            return Err(permanent(format!(
                "the operations would have more than {bytes} bytes, but the export has only {}",
                body.len()
            )));
        }
    }
    Ok(pages)
}

/// Returns the page of an operation: a document with only this operation and the components that it uses.
fn page(
    options: &PullOptions,
    captures: &Captures,
    document: &Value,
    item: &Value,
    call: (String, String),
) -> Result<FetchedPage, FetchError> {
    let (method, path) = &call;
    let field = method.to_lowercase();
    let operation = &item[&field];
    let mut own_item = Map::new();
    for name in ["parameters", "servers", field.as_str()] {
        if let Some(value) = item.get(name) {
            own_item.insert(name.to_owned(), value.clone());
        }
    }
    let own_item = Value::Object(own_item);
    let mut own = json!({
        "openapi": document["openapi"],
        "info": {"title": "", "version": "1.0.0"},
        "paths": {path: &own_item},
    });
    for name in ["servers", "security"] {
        if let Some(value) = document.get(name) {
            own[name] = value.clone();
        }
    }
    let components = components(document, &own_item);
    if !components.is_empty() {
        own["components"] = components.into();
    }
    let mut content = serde_json::to_vec_pretty(&own)
        .map_err(|error| FetchError::new(FailureKind::Permanent, error.to_string()))?;
    content.push(b'\n');
    let title = ["summary", "operationId"]
        .iter()
        .filter_map(|name| text(operation, name))
        .map(str::trim)
        .find(|title| !title.is_empty())
        .map_or_else(|| format!("{method} {path}"), str::to_owned);
    let folder = text(operation, "x-apifox-folder").unwrap_or_default();
    let folder = folder.split('/').map(str::trim);
    let folder: Vec<String> = folder
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let id = page_id(operation)
        .or_else(|| captured_id(captures, &options.site.name(), method, path))
        .unwrap_or_else(|| names::slug(&format!("{method} {path}")));
    let address = if names::is_page_id(&id) {
        options.site.below(&id)
    } else {
        options.site.below("")
    };
    Ok(FetchedPage {
        listed: ListedPage {
            id,
            title: title.clone(),
            folder: folder.clone(),
            source: address.clone(),
            address,
        },
        title,
        kind: CaptureKind::Operation,
        call: Some(call),
        folder,
        modified: None,
        content,
        left_out: BTreeSet::new(),
    })
}

/// Returns the page ID of an operation: the number in the link `…/apis/api-<number>-run`.
fn page_id(operation: &Value) -> Option<String> {
    let link = text(operation, "x-run-in-apifox").or(text(operation, "x-run-in-apidog"))?;
    let number = link.rsplit_once("api-")?.1.strip_suffix("-run")?;
    names::is_number(number).then(|| format!("{number}e0"))
}

/// Returns the key of the captured page of the site with this method and path.
fn captured_id(captures: &Captures, site: &str, method: &str, path: &str) -> Option<String> {
    let mut of_site = captures.pages.iter().filter(|page| {
        let entry = captures.lock.page_with_key(&page.key);
        entry.is_some_and(|entry| entry.site == site)
    });
    let page = of_site.find(|page| match &page.kind {
        PageKind::Operation(operation) => {
            operation.method.name().eq_ignore_ascii_case(method) && operation.path == path
        }
        _ => false,
    });
    page.map(|page| page.key.clone())
}

/// Returns the components that a part of the document uses, directly or through others. All security schemes are
/// included, because they are named without a reference.
fn components(document: &Value, part: &Value) -> Map<String, Value> {
    let mut used: BTreeMap<String, BTreeMap<String, &Value>> = BTreeMap::new();
    let mut open = vec![part];
    while let Some(value) = open.pop() {
        published::for_each_field(value, |name, value| {
            let target = match (name, value) {
                ("$ref", Value::String(target)) => target.strip_prefix("#/components/"),
                _ => None,
            };
            let Some((kind, name)) = target.and_then(|target| target.split_once('/')) else {
                return;
            };
            let name = names::decode_pointer(name);
            let component = document
                .get("components")
                .and_then(|all| all.get(kind)?.get(&name));
            if let Some(component) = component {
                let of_kind = used.entry(kind.to_owned()).or_default();
                if of_kind.insert(name, component).is_none() {
                    open.push(component);
                }
            }
        });
    }
    let mut components: Map<String, Value> = used
        .into_iter()
        .map(|(kind, used)| {
            let used: Map<String, Value> = used
                .into_iter()
                .map(|(name, component)| (name, component.clone()))
                .collect();
            (kind, used.into())
        })
        .collect();
    if let Some(schemes) = document
        .get("components")
        .and_then(|all| all.get("securitySchemes"))
    {
        components.insert("securitySchemes".to_owned(), schemes.clone());
    }
    components
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_only_its_operation_and_used_components() {
        let document = json!({
            "openapi": "3.0.1",
            "paths": {"/teas": {
                "parameters": [{"$ref": "#/components/parameters/Lang"}],
                "get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page%C2%ABTea%C2%BB"}}}}}},
                "post": {}
            }},
            "components": {
                "parameters": {"Lang": {"name": "lang", "in": "query"}},
                "schemas": {
                    "Page«Tea»": {"properties": {"tea": {"$ref": "#/components/schemas/a~1b"}}},
                    "a/b": {"properties": {"again": {"$ref": "#/components/schemas/a~1b"}}},
                    "Unused": {"$ref": "#/components/schemas/None"}
                },
                "securitySchemes": {"key": {"type": "apiKey"}}
            }
        });
        let mut item = document["paths"]["/teas"].clone();
        item.as_object_mut().unwrap().remove("post");
        let components = components(&document, &item);
        let names: Vec<String> = components
            .iter()
            .map(|(kind, used)| {
                let names: Vec<&String> = used.as_object().unwrap().keys().collect();
                format!("{kind}: {names:?}")
            })
            .collect();
        assert_eq!(
            names,
            [
                "parameters: [\"Lang\"]",
                "schemas: [\"Page«Tea»\", \"a/b\"]",
                "securitySchemes: [\"key\"]"
            ]
        );
    }

    #[test]
    fn page_id_is_in_link_to_vendor() {
        for (link, expected) in [
            (
                "https://app.apifox.com/web/project/1/apis/api-12-run",
                Some("12e0"),
            ),
            (
                "https://app.apifox.com/web/project/1/apis/api-../1-run",
                None,
            ),
            ("", None),
        ] {
            let operation = json!({"x-run-in-apifox": link});
            assert_eq!(page_id(&operation).as_deref(), expected, "{link}");
        }
    }
}
