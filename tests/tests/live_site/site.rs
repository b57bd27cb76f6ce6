//! A documentation site with the navigation of the vendor: the pages of the documented operations with their
//! real paths and fields, and a page for each stand-in whose path and fields differ from the guess.
//!
//! The pages are generated from a seed, as published JSON with declared types, as the vendor's site has them.

use fastrand::Rng;
use serde_json::{Map, Value, json};
use stablelink_tests::site::{BRANCH, DocPage, PROJECT, Reply, Site, SiteState};
use xtask::overlay;

/// A page of an operation, as published JSON, with its navigation.
#[derive(Debug, Clone)]
pub(crate) struct OperationPage {
    pub(crate) id: u64,
    pub(crate) folder: String,
    pub(crate) published: Value,
}

impl OperationPage {
    pub(crate) fn title(&self) -> &str {
        self.published["name"].as_str().unwrap_or_default()
    }
}

/// Replaces the pages of a site.
pub(crate) fn publish(site: &Site, pages: &[OperationPage]) {
    let listed = pages.iter().map(|page| DocPage {
        id: page.id,
        title: page.title().to_owned(),
        folder: page.folder.clone(),
        call: Some(("get".to_owned(), "/".to_owned())),
        text: String::new(),
    });
    let address =
        |id: u64| format!("/api/v1/published-projects/{PROJECT}/http-apis/{id}?branchId={BRANCH}");
    let replies = pages.iter();
    let replies = replies.map(|page| (address(page.id), Reply::json(page.published.clone())));
    *site.state() = SiteState {
        pages: listed.collect(),
        published: true,
        replies: replies.collect(),
        ..SiteState::default()
    };
}

/// Returns the pages of all operations. `document` is the current superset document, and `stand_ins` are the
/// overlays that stand in for pages.
pub(crate) fn pages(
    document: &Value,
    stand_ins: &[overlay::Overlay],
    seed: u64,
) -> Vec<OperationPage> {
    let mut rng = Rng::with_seed(seed);
    let mut pages = documented(document, &mut rng);
    let missing = stand_ins.iter().flat_map(|overlay| &overlay.actions);
    for action in missing {
        let (Some(page), overlay::OverlayChange::Update(value)) =
            (&action.stands_in_for, &action.change)
        else {
            continue;
        };
        let (folder, title) = page.split_once(" / ").unwrap();
        let guessed = value["paths"].as_object().unwrap().values().next().unwrap();
        let method = guessed.as_object().unwrap().keys().next().unwrap();
        let id = 500_000_001 + pages.len() as u64;
        pages.push(OperationPage {
            id,
            folder: folder.to_owned(),
            published: unknown(id, title, method, &mut rng),
        });
    }
    pages
}

/// Returns the pages of all operations, with the fields that the stand-ins guess and with other paths.
pub(crate) fn confirmed(document: &Value, stand_ins: &[overlay::Overlay]) -> Vec<OperationPage> {
    let mut pages = pages(document, stand_ins, 0);
    for page in pages.iter_mut().filter(|page| page.id > 500_000_000) {
        let title = format!("{} / {}", page.folder, page.title());
        let mut actions = stand_ins.iter().flat_map(|overlay| &overlay.actions);
        let action = actions
            .find(|it| it.stands_in_for.as_ref() == Some(&title))
            .unwrap();
        let overlay::OverlayChange::Update(value) = &action.change else {
            continue;
        };
        // The components that other overlays define.
        let mut guess = document.clone();
        for (name, schema) in value["components"]["schemas"]
            .as_object()
            .into_iter()
            .flatten()
        {
            guess["components"]["schemas"][name] = schema.clone();
        }
        let item = value["paths"].as_object().unwrap().values().next().unwrap();
        let operation = item.as_object().unwrap().values().next().unwrap();
        let fields = page.published.as_object_mut().unwrap();
        fields.shift_remove("requestBody");
        describe(page.id, &mut page.published, &guess, operation, false);
    }
    pages
}

/// Returns a page of a new operation that is like a known one.
pub(crate) fn like(
    pages: &[OperationPage],
    known: &str,
    folder: &str,
    title: &str,
) -> OperationPage {
    let known = pages.iter().find(|page| page.title() == known);
    let mut page = known.unwrap().clone();
    page.id = 600_000_000 + title.len() as u64;
    page.folder = folder.to_owned();
    let path = format!("/{folder}/{}", title.replace(' ', "-"));
    page.published["id"] = json!(page.id);
    page.published["name"] = json!(title);
    page.published["path"] = json!(path.to_lowercase());
    page
}

/// Returns the pages of the operations whose page is captured, with the fields of the document.
fn documented(document: &Value, rng: &mut Rng) -> Vec<OperationPage> {
    let mut pages = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let ids = operation["x-evidence"]["pages"].as_array().unwrap();
            for id in ids.iter().filter_map(|id| id.as_str()?.strip_suffix("e0")) {
                let id: u64 = id.parse().unwrap();
                let title = match id {
                    312_999_608 => "Refresh Access Token",
                    _ => operation["externalDocs"]["description"].as_str().unwrap(),
                };
                let folder = match operation["tags"][0].as_str().unwrap() {
                    "Checkout" => "W Checkout",
                    tag => tag,
                };
                let mut published = page(id, title, method, path);
                // One token page shows the envelope, and the other one shows the bare token.
                let is_text = id == 312_999_608 || id != 312_999_607 && rng.bool();
                describe(id, &mut published, document, operation, is_text);
                pages.push(OperationPage {
                    id,
                    folder: folder.to_owned(),
                    published,
                });
            }
        }
    }
    pages
}

/// Adds the parameters and the bodies of an operation to its page.
fn describe(id: u64, published: &mut Value, document: &Value, operation: &Value, is_text: bool) {
    let body = |body: &Value| {
        let (media_type, media) = body["content"].as_object()?.iter().next()?;
        Some((
            media_type.clone(),
            plain(document, &media["schema"], is_text),
        ))
    };
    published["parameters"] = json!({"query": parameters(document, operation)});
    if let Some((media_type, schema)) = body(&operation["requestBody"]) {
        published["requestBody"] = if media_type == "multipart/form-data" {
            let fields = schema["properties"].as_object().unwrap().iter();
            let fields = fields.map(|(name, it)| match name.as_str() {
                "file" => json!({"name": name, "type": "file", "required": true}),
                _ => json!({"name": name, "type": it["type"]}),
            });
            json!({"type": media_type, "parameters": fields.collect::<Vec<_>>()})
        } else {
            json!({"type": media_type, "jsonSchema": schema})
        };
    }
    let (_, response) = body(&operation["responses"]["200"]).unwrap();
    published["responses"] = responses(id, response);
}

fn page(id: u64, title: &str, method: &str, path: &str) -> Value {
    json!({
        "id": id, "name": title, "method": method, "path": path, "status": "released",
        "updatedAt": "2026-11-02T03:04:05.000Z", "description": format!("{title}, on the live site."),
    })
}

fn responses(id: u64, schema: Value) -> Value {
    json!([{"id": id, "name": "OK", "code": 200, "contentType": "json", "jsonSchema": schema}])
}

fn parameters(document: &Value, operation: &Value) -> Value {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .map(|it| {
            let schema = plain(document, &it["schema"], false);
            json!({"name": it["name"], "required": it["required"] == true, "type": schema["type"]})
        })
        .collect()
}

/// Returns a schema as a page shows it: without references and extensions.
fn plain(document: &Value, schema: &Value, is_text: bool) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return plain(
            document,
            document.pointer(&reference[1..]).unwrap(),
            is_text,
        );
    }
    if let Some(part) = schema["allOf"].get(0) {
        return plain(document, part, is_text);
    }
    if let Some(branches) = schema["oneOf"].as_array() {
        return plain(
            document,
            &branches[usize::from(is_text) % branches.len()],
            is_text,
        );
    }
    if let Some(values) = schema.get("x-extensible-enum") {
        return json!({"type": "string", "enum": values});
    }
    let mut plain_schema = Map::new();
    for (name, value) in schema.as_object().unwrap() {
        match name.as_str() {
            "properties" => {
                let properties = value.as_object().unwrap().iter();
                let properties = properties
                    .map(|(name, it)| (name.clone(), plain(document, it, is_text)))
                    .collect();
                plain_schema.insert(name.clone(), Value::Object(properties));
            }
            "items" => {
                plain_schema.insert(name.clone(), plain(document, value, is_text));
            }
            "type" | "required" | "description" | "maxLength" => {
                plain_schema.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    // The page that shows a value which no captured page shows.
    if !plain_schema.contains_key("type") {
        let properties = json!({"recordId": {"type": "integer"}, "state": {"type": "string"}});
        plain_schema.insert("type".to_owned(), json!("object"));
        plain_schema.insert("properties".to_owned(), properties);
    }
    Value::Object(plain_schema)
}

/// Returns the page of an operation that is only known by its title: another path, other fields.
fn unknown(id: u64, title: &str, method: &str, rng: &mut Rng) -> Value {
    let words: Vec<String> = title.split_whitespace().map(str::to_lowercase).collect();
    let mut published = page(
        id,
        title,
        method,
        &format!("/v{}/{}", rng.u8(2..9), words.join("/")),
    );
    if method == "get" {
        published["parameters"] = json!({"query": [
            {"name": field(rng, "No"), "required": true, "type": "string"},
            {"name": field(rng, "Size"), "required": false, "type": "integer"},
        ]});
    } else if title == "Upload File" {
        published["requestBody"] = json!({"type": "multipart/form-data", "parameters": [
            {"name": field(rng, "File"), "type": "file", "required": true},
            {"name": field(rng, "Kind"), "type": "string"},
        ]});
    } else {
        published["requestBody"] =
            json!({"type": "application/json", "jsonSchema": record(rng, 2)});
    }
    let data = match rng.u8(0..4) {
        0 => json!({"type": "array", "items": record(rng, 1)}),
        1 => json!({"type": "object", "properties": {
            "total": {"type": "integer"},
            "records": {"type": "array", "items": record(rng, 1)},
        }}),
        2 => json!({"type": "string", "description": "The number of the record."}),
        _ => record(rng, 2),
    };
    let envelope = json!({"type": "object", "properties": {
        "retcode": {"type": if rng.bool() { "string" } else { "integer" }},
        "retmsg": {"type": "string"},
        "retdata": data,
        "success": {"type": "boolean"},
    }});
    published["responses"] = responses(id, envelope);
    published
}

const STEMS: [&str; 12] = [
    "ledger", "payee", "channel", "quote", "chain", "invoice", "batch", "vault", "corridor",
    "memo", "slip", "desk",
];

fn field(rng: &mut Rng, end: &str) -> String {
    format!("{}{end}", STEMS[rng.usize(..STEMS.len())])
}

/// Returns an object with fields of several kinds. Some fields are described, and some are required.
fn record(rng: &mut Rng, depth: u8) -> Value {
    let mut properties = Map::new();
    for _ in 0..rng.usize(3..7) {
        let (end, mut schema) = match rng.u8(0..9) {
            0 => ("Amount", json!({"type": "number"})),
            1 => ("Fee", json!({"type": "string"})),
            2 => ("Id", json!({"type": "integer"})),
            3 => ("Currency", json!({"type": "string"})),
            4 => (
                "Status",
                json!({"type": "string", "enum": ["OPEN", "DONE", "FAILED"]}),
            ),
            5 => ("Available", json!({"type": "integer"})),
            6 => ("Flag", json!({"type": "boolean"})),
            7 => (
                "List",
                json!({"type": "array", "items": {"type": "string"}}),
            ),
            _ if depth > 0 => ("Detail", record(rng, depth - 1)),
            _ => ("No", json!({"type": "string"})),
        };
        if rng.bool() {
            schema["description"] = json!("A field of the live page.");
        }
        properties.insert(field(rng, end), schema);
    }
    let required: Vec<&String> = properties.keys().filter(|_| rng.bool()).collect();
    json!({"type": "object", "required": required, "properties": properties})
}
