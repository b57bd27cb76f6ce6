//! Shared schemas are stored with each page that uses them.

use serde_json::{Value, json};
use stablelink_tests::{
    copy_of_shop, read_files_below,
    site::{DocPage, Reply, Site},
};
use xtask::docs::{
    captures,
    pull::{self, CaptureFormat},
};

use crate::support::{options, site, without_port};

const LIST: &str = "/api/v1/published-projects/4242/data-schemas?branchId=77";

/// Returns a site with three pages whose responses are shared schemas.
fn bookshop() -> Site {
    let site = site(CaptureFormat::Json, DocPage::many(3));
    for (number, schema) in [(1, 31), (2, 4), (3, 4)] {
        let id = 900_000_000 + number;
        let page = json!({"id": id, "name": format!("Get Book {number}"), "method": "get", "path": format!("/book-{number}"),
            "responses": [{"id": 1, "name": "OK", "code": 200, "contentType": "json",
                "jsonSchema": {"$ref": format!("#/definitions/{schema}")}}]});
        let path = site.path_of(id);
        site.state().replies.insert(path, Reply::json(page));
    }
    site
}

fn list(price: &str) -> Value {
    json!([
        {"id": 31, "name": "Page«Book»", "jsonSchema": {"type": "object", "properties": {
            "records": {"type": "array", "items": {"$ref": "#/definitions/4"}}}}},
        {"id": 4, "name": "Book", "jsonSchema": {"type": "object", "properties": {
            "title": {"type": "string"}, price: {"type": ["string", "null"]}}}},
        {"id": 5, "name": "Unused", "jsonSchema": {"type": "string"}},
    ])
}

#[test]
fn change_of_shared_schema_changes_its_pages() {
    let copy = copy_of_shop().unwrap();
    let site = bookshop();
    let options = options(&site);
    let set_schemas = |list: Value| {
        site.state()
            .replies
            .insert(LIST.to_owned(), Reply::json(list));
    };
    set_schemas(list("price"));
    let report = pull::pull(copy.path(), &options).unwrap();
    assert_eq!(report.missing_schemas, (0, Vec::new()));
    assert_eq!((report.pages, report.lines.len()), (3, 4));

    // The pages use the capture of the shared schemas.
    let captures = captures::load(copy.path()).unwrap();
    let pages: Vec<apifox::Page> = captures
        .pages
        .into_iter()
        .filter(|page| page.key.starts_with("90000000"))
        .collect();
    assert_eq!(pages.len(), 3);
    let info = apifox::DocumentInfo {
        title: "Harbour Books".into(),
        version: "1".into(),
        description: None,
    };
    let assembly = apifox::assemble(&pages, &info);
    assert_eq!(assembly.diagnostics, []);
    let schemas = &assembly.document["components"]["schemas"];
    let mut names: Vec<&String> = schemas.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["Book", "PageOfBook"]);
    assert_eq!(
        schemas["PageOfBook"]["properties"]["records"]["items"]["$ref"],
        "#/components/schemas/Book"
    );

    // The list is fetched once, its order does not matter, and a second run changes nothing.
    let list_requests = |site: &Site| site.take_log().iter().filter(|r| r.target == LIST).count();
    assert_eq!(list_requests(&site), 1);
    let mut reversed = list("price");
    reversed.as_array_mut().unwrap().reverse();
    set_schemas(reversed);
    assert!(!pull::check(copy.path(), &options).unwrap().differs());

    set_schemas(list("cost"));
    let report = pull::pull(copy.path(), &options).unwrap();
    insta::assert_snapshot!("a_shared_schema_changed", without_port(&site, &report));
}

#[test]
fn unavailable_list_of_shared_schemas_changes_nothing() {
    let copy = copy_of_shop().unwrap();
    let site = bookshop();
    let options = options(&site);
    let before = read_files_below(&copy.path().join("spec")).unwrap();
    let mut said = String::new();
    for (what, reply) in [
        ("fails", Reply::status(500)),
        ("cut off", Reply::json(list("price")).cut()),
        ("no list", Reply::json(json!({"31": {}}))),
        (
            "elsewhere",
            Reply::status(302).with_header("Location", "https://elsewhere.example/"),
        ),
    ] {
        site.state().replies.insert(LIST.to_owned(), reply);
        let error = pull::pull(copy.path(), &options).unwrap_err();
        said.push_str(&format!("{what}: {}\n", without_port(&site, error)));
    }
    insta::assert_snapshot!("shared_schemas_that_cannot_be_had", said);
    assert_eq!(read_files_below(&copy.path().join("spec")).unwrap(), before);

    // The pages are cached.
    site.take_log();
    site.state()
        .replies
        .insert(LIST.to_owned(), Reply::json(list("price")));
    let report = pull::pull(copy.path(), &options).unwrap();
    assert_eq!((report.resumed, report.lines.len()), (3, 4));
}

#[test]
fn captured_shared_schemas_are_kept_without_a_list() {
    let copy = copy_of_shop().unwrap();
    let site = bookshop();
    let options = options(&site);
    let set = |reply| site.state().replies.insert(LIST.to_owned(), reply);
    let no_data = r#"{"success": true, "data": null}"#;
    let without_list = [
        Reply::new(200, "text/html", "<!DOCTYPE html>"),
        Reply::new(200, "application/json", no_data),
    ];
    // Only a 404 states that the site has no shared schemas.
    for reply in without_list.clone() {
        set(reply);
        pull::pull(copy.path(), &options).unwrap_err();
    }
    set(Reply::status(404));
    assert!(pull::check(copy.path(), &options).unwrap().differs());

    set(Reply::json(list("price")));
    pull::pull(copy.path(), &options).unwrap();
    let before = read_files_below(&copy.path().join("spec")).unwrap();
    let missing = [
        Reply::status(404),
        Reply::refused(200, 404_003, "Not found"),
    ];
    for reply in without_list.into_iter().chain(missing) {
        set(reply);
        let error = pull::pull(copy.path(), &options).unwrap_err().to_string();
        assert!(error.contains("data-schemas"), "{error}");
        assert_eq!(read_files_below(&copy.path().join("spec")).unwrap(), before);
    }
}

#[test]
fn too_many_shared_schemas_are_rejected() {
    let copy = copy_of_shop().unwrap();
    let site = bookshop();
    site.state()
        .replies
        .insert(LIST.to_owned(), Reply::json(list(&"x".repeat(4_000))));
    let mut options = options(&site);
    options.settings.page_bytes = 2_000;
    let error = pull::pull(copy.path(), &options).unwrap_err();
    assert!(
        error.to_string().contains(
            "the shared schemas that the pages use have 4543 bytes, but the limit is 2000"
        ),
        "{error}"
    );
}

#[test]
fn shared_schemas_of_many_pages_are_captured_once() {
    const PAGES: u64 = 20;
    const SCHEMAS: u64 = 300;
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, DocPage::many(PAGES));
    for id in 900_000_001..=900_000_000 + PAGES {
        let page = json!({"id": id, "name": "Get Book", "method": "get", "path": format!("/book-{id}"),
            "responses": [{"id": 1, "name": "OK", "code": 200, "contentType": "json", "jsonSchema": {"$ref": "#/definitions/0"}}]});
        let path = site.path_of(id);
        site.state().replies.insert(path, Reply::json(page));
    }
    let schema = |id: u64| {
        let properties: serde_json::Map<String, Value> = (0..10)
            .map(|field| {
                let target = (id * 7 + field) % SCHEMAS;
                (
                    format!("f{field}"),
                    json!({"$ref": format!("#/definitions/{target}")}),
                )
            })
            .collect();
        json!({"id": id, "name": format!("Book{id}"), "jsonSchema": {"type": "object", "properties": properties}})
    };
    let list: Value = (0..SCHEMAS).map(schema).collect();
    let sent = list.to_string().len();
    site.state()
        .replies
        .insert(LIST.to_owned(), Reply::json(list));
    let size = || -> u64 {
        let files = read_files_below(&copy.path().join("spec/docs")).unwrap();
        files.iter().map(|(_, content)| content.len() as u64).sum()
    };
    let before = size();
    pull::pull(copy.path(), &options(&site)).unwrap();
    // The captures are indented.
    let written = size() - before;
    assert!(
        written < 4 * sent as u64,
        "{sent} bytes sent, {written} bytes written"
    );
}
