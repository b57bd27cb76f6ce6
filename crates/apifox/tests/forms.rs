//! Pages with schemas: one page in three formats, extensions of real pages, and invalid input.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod support;

use apifox::{AssembledDocument, DocumentInfo, Page, PageFormat, ParsedPage, SchemaList};
use serde_json::{Value, json};
use support::check::faults;
use support::layout::laid_out;
use support::{fixture, read, read_text, said, schemas};

fn info() -> DocumentInfo {
    DocumentInfo {
        title: "Harbour Books".to_owned(),
        version: "1.0.0".to_owned(),
        description: None,
    }
}

fn assembled(reads: Vec<ParsedPage>) -> AssembledDocument {
    let pages: Vec<Page> = reads.into_iter().filter_map(|read| read.page).collect();
    let assembly = apifox::assemble(&pages, &info());
    assert_eq!(faults(&assembly.document), Vec::<String>::new());
    assembly
}

/// Removes what the formats cannot express alike.
fn without(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|value| without(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| without(value, names)),
        _ => {}
    }
}

#[test]
fn one_page_in_three_formats_gives_one_operation() {
    // Lines differ. A published page has no server, because its `serverId` references settings that
    // are not on the page. The rest is removed because only some of the formats can express it: a
    // Markdown page has no date, a rendered page has no `released`, and its only security
    // information is the code sample.
    let mut documents = ["trio", "trio.md", "trio.json"].map(|stem| {
        let read = read(stem);
        assert_eq!(said(&read.diagnostics), "", "{stem}");
        assert_eq!(PageFormat::detect(&fixture(stem)), form_of(stem));
        let assembly = assembled(vec![read]);
        assert_eq!(said(&assembly.diagnostics), "", "{stem}");
        assembly.document
    });
    assert_eq!(documents[1]["servers"], documents[0]["servers"]);
    assert_eq!(documents[2]["servers"], json!([]));
    for document in &mut documents {
        without(document, &["x-apifox-at", "servers"]);
    }
    let [rendered, markdown, published] = documents.map(|document| laid_out(&sorted(&document)));
    insta::assert_snapshot!("three-forms", rendered);
    assert_eq!(rendered, markdown);
    assert_eq!(rendered, published);
}

fn form_of(stem: &str) -> PageFormat {
    match stem.rsplit_once('.') {
        Some((_, "md")) => PageFormat::Markdown,
        Some((_, "json")) => PageFormat::Published,
        _ => PageFormat::Rendered,
    }
}

/// Returns the value with sorted fields: the keywords of a schema have no defined order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            names
                .into_iter()
                .map(|name| (name.clone(), sorted(&members[name])))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[test]
fn pages_with_schemas_assemble_to_their_snapshots() {
    for (name, stem) in [
        ("habits-markdown", "habits.md"),
        ("habits-published", "habits.json"),
        ("form-published", "form.json"),
    ] {
        let assembly = assembled(vec![read(stem)]);
        let text = format!(
            "{}\n{}",
            laid_out(&assembly.document),
            said(&assembly.diagnostics)
        );
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn form_page_in_both_formats_gives_one_operation() {
    let [mut published, mut markdown] =
        ["form.json", "form.md"].map(|stem| sorted(&assembled(vec![read(stem)]).document));
    for document in [&mut published, &mut markdown] {
        without(document, &["x-apifox-at"]);
    }
    assert_eq!(laid_out(&published), laid_out(&markdown));
}

#[test]
fn schema_list_reports_invalid_items() {
    let (list, diagnostics) = schemas();
    assert_eq!(list.len(), 4);
    assert_eq!(
        said(diagnostics),
        "lists/schemas.json:20: warning: the schema `99` is missing; any value is accepted\n  help: add the project's schema list, or define the schema in an overlay\n"
    );
    for (text, schemas, said_of_it) in [
        (
            r#"{"5": {"type": "object"}, "6": 1}"#,
            1,
            "1 items of the list are not schemas",
        ),
        (
            r#"[{"id": 5, "name": "A", "jsonSchema": {}}, {"id": "5", "jsonSchema": {}}]"#,
            1,
            "number 5 is in the list twice",
        ),
        (
            r##"[{"id": "#/definitions/5", "name": "A", "jsonSchema": {}}, {"id": 5, "jsonSchema": {}}]"##,
            1,
            "number 5 is in the list twice",
        ),
        ("[", 0, "the file is truncated"),
        ("x", 0, "not JSON"),
        (
            r#"{"success": false, "errorMessage": "Client version too low"}"#,
            0,
            "a rejection of the site: `Client version too low`",
        ),
    ] {
        let (list, diagnostics) = SchemaList::parse("list.json", text.as_bytes());
        assert_eq!(list.len(), schemas, "{text}");
        assert!(
            said(&diagnostics).contains(said_of_it),
            "{}",
            said(&diagnostics)
        );
    }
}

/// Returns a Markdown page with one named schema and one path.
fn twin(path: &str, schemas: &str) -> String {
    format!(
        "# Get {path}\n\n## OpenAPI Specification\n\n```yaml\npaths:\n  {path}:\n    get:\n      responses:\n        '200':\n          \
         content:\n            application/json:\n              schema: {{$ref: '#/components/schemas/Order'}}\ncomponents:\n  schemas:\n{schemas}\n```\n"
    )
}

#[test]
fn component_in_two_versions_is_reported_with_both_pages() {
    let order =
        |kind: &str| format!("    Order: {{type: object, properties: {{no: {{type: {kind}}}}}}}");
    for (other, said_of_it) in [
        (order("string").replace("    Order", "\n    Order"), ""),
        (
            order("integer"),
            "pages/two.md:16: error: the component `Order` differs from the one on the page pages/one.md:16\n  help: correct the wrong page, or rename one of the schemas\n",
        ),
    ] {
        let one = read_text("one.md", twin("/one", &order("string")).as_bytes());
        let two = read_text("two.md", twin("/two", &other).as_bytes());
        let assembly = assembled(vec![one, two]);
        assert_eq!(said(&assembly.diagnostics), said_of_it);
        let schema = &assembly.document["components"]["schemas"]["Order"];
        assert_eq!(schema["x-apifox-pages"], json!(["one", "two"]));
        assert_eq!(schema["properties"]["no"]["type"], "string");
    }
}

#[test]
fn component_names_become_legal_and_unique() {
    let names = [
        "Order",
        "Page«Order»",
        "Page<Order>",
        "PageOfOrder",
        "订单",
        "客户",
        "../../etc/passwd",
        "a/b~c",
        "GetOneResponse",
    ];
    let schemas: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "    {name:?}: {{type: object, title: {:?}}}",
                format!("the {name}")
            )
        })
        .collect();
    let page = twin("/one", &schemas.join("\n")).replace("# Get /one", "# Get One");
    let page = page.replace(
        "        '200':",
        "        '404': {content: {application/json: {schema: {type: object, properties: {a: {$ref: '#/components/schemas/a~1b~0c'}, b: {$ref: '#/components/schemas/%E8%AE%A2%E5%8D%95'}}}}}}\n        '200':",
    );
    let read = read_text("one.md", page.as_bytes());
    assert_eq!(said(&read.diagnostics), "");
    let assembly = assembled(vec![read]);
    let schemas = assembly.document["components"]["schemas"]
        .as_object()
        .unwrap();
    let titles: Vec<(&str, &str)> = schemas
        .iter()
        .filter_map(|(name, schema)| Some((name.as_str(), schema["description"].as_str()?)))
        .collect();
    assert_eq!(
        titles,
        [
            ("Order", "the Order"),
            ("PageOfOrder2", "the Page«Order»"),
            ("PageOfOrder3", "the Page<Order>"),
            ("PageOfOrder", "the PageOfOrder"),
            ("Schemaef7bc0", "the 订单"),
            ("Schema8083d3", "the 客户"),
            ("EtcPasswd", "the ../../etc/passwd"),
            ("ABC", "the a/b~c"),
            ("GetOneResponse", "the GetOneResponse"),
        ]
    );
    let error = &schemas["GetOneResponse404"]["properties"];
    assert_eq!(error["a"]["$ref"], "#/components/schemas/ABC");
    assert_eq!(error["b"]["$ref"], "#/components/schemas/Schemaef7bc0");
}

/// Returns a page whose schemas are too large or too deep.
fn doubling() -> String {
    let mut schemas = "    S0: {type: object, properties: {a: {type: string}}}\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        schemas.push_str(&format!(
            "    S{level}: {{type: object, x-apifox-refs: {{A: {{$ref: '#/components/schemas/S{below}'}}, B: {{$ref: '#/components/schemas/S{below}'}}}}}}\n"
        ));
    }
    twin("/one", &schemas)
}

fn alias_bomb() -> String {
    let mut block = "    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let names = vec![format!("*a{}", level - 1); 10].join(", ");
        block.push_str(&format!("    a{level}: &a{level} [{names}]\n"));
    }
    twin("/one", &block)
}

fn deep_mappings(levels: usize) -> String {
    let inner = "{properties: {a: ".repeat(levels) + "{}" + &"}}".repeat(levels);
    twin("/one", &format!("    Order: {inner}"))
}

fn deep_json(levels: usize) -> String {
    format!(
        r#"{{"name": "A", "method": "GET", "path": "/a", "responses": [{{"code": 200, "jsonSchema": {}1{}}}]}}"#,
        r#"{"items":"#.repeat(levels),
        "}".repeat(levels)
    )
}

#[test]
fn invalid_input_is_reported_and_the_rest_is_kept() {
    let api = r#"{"id": 12, "name": "A", "method": "GET", "path": "/a"}"#;
    let cases: Vec<(&str, &str, String, bool, &str)> = vec![
        ("YAML bomb", "a.md", alias_bomb(), false, "error: the YAML of the page cannot be read: the YAML has more than 200000 values"),
        ("deep YAML", "a.md", deep_mappings(60), false, "error: the YAML of the page cannot be read"),
        ("deep schema", "a.md", deep_mappings(45), true, "error: the schema is nested deeper than 40 levels"),
        ("deep JSON", "a.json", deep_json(5_000), false, "error: the file is not JSON: nested deeper than 100 levels"),
        ("deep schema in JSON", "a.json", deep_json(60), true, "error: the schema is nested deeper than 40 levels"),
        ("sets that multiply", "a.md", doubling(), true, "error: "),
        (
            "a set in itself",
            "a.md",
            twin("/one", "    Order: {type: object, properties: {a: {type: string}}, x-apifox-refs: {A: {$ref: '#/components/schemas/Order'}}}"),
            true,
            "warning: the property set of `Order` is merged into itself",
        ),
        ("a set in a circle of references", "a.md", twin("/one", "    Order: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/Order'}"), true, ""),
        ("an alias in itself", "a.md", twin("/one", "    Order: &a {type: object, properties: {next: *a}}"), true, "warning: an alias is used inside its own anchor"),
        ("cut YAML", "a.md", twin("/one", "").replace("\n```\n", ""), false, "error: the YAML block that starts here has no end: the page is truncated"),
        ("cut JSON", "a.json", api[..40].to_owned(), false, "error: the JSON ends here, before it is complete"),
        ("no page", "a.json", "{\"a\": 1}".to_owned(), false, "error: the JSON is not a page"),
        ("a refusal", "a.json", "{\"success\": false, \"errorCode\": 403}".to_owned(), false, "error: the file contains a rejection of the site: `403`"),
        ("another page's id", "13e0.json", api.to_owned(), true, "error: the file is named after the page `13e0`, but contains the page 12"),
        ("the id of the link", "13e0.md", twin("/one", "    A: {}").replace("    get:", "    get:\n      x-run-in-apifox: https://app.apifox.com/web/project/1/apis/api-12-run"), true, "error: the file is named after the page `13e0`, but contains the page 12"),
        ("a method that is none", "a.json", api.replace("GET", "FETCH"), false, "error: the operation cannot be read: OpenAPI 3.0 has no method `FETCH`"),
        ("a path that is none", "a.json", api.replace("/a", "/{a/{b"), false, "error: the path `/{a/{b` cannot be read"),
        ("no title", "a.md", "# \n\nText".to_owned(), false, "error: the page has no title"),
        ("no path", "a.md", "# A\n## OpenAPI Specification\n```yaml\npaths: {}\n```".to_owned(), false, "error: the document of the page has neither a path nor schemas"),
        ("two methods", "a.md", twin("/one", "    A: {}").replace("    get:", "    put: {}\n    get:"), true, "warning: the page describes more than one method"),
        ("a name that leads out", "a.json", api.replace("\"A\"", "\"../../etc/passwd\""), true, ""),
        ("a reference that leads out", "a.md", twin("/one", "    Order: {$ref: '../../etc/passwd'}"), true, "warning: the reference `../../etc/passwd` leads out of the page"),
    ];
    for (what, stem, text, has_page, expected) in cases {
        let read = read_text(stem, text.as_bytes());
        assert_eq!(
            read.page.is_some(),
            has_page,
            "{what}: {}",
            said(&read.diagnostics)
        );
        assert!(
            said(&read.diagnostics).contains(expected),
            "{what}: {}",
            said(&read.diagnostics)
        );
        assert_eq!(
            read.diagnostics.is_empty(),
            expected.is_empty(),
            "{what}: {}",
            said(&read.diagnostics)
        );
        assembled(vec![read]);
    }
}

#[test]
fn page_over_the_size_limit_is_rejected_in_each_format() {
    for start in ["# A\n", "{\"a\":"] {
        let mut text = start.as_bytes().to_vec();
        text.resize(100 * 1024 * 1024, b' ');
        let read = read_text("huge.md", &text);
        assert_eq!(read.page, None);
        assert!(
            said(&read.diagnostics).contains("the limit is 16777216"),
            "{}",
            said(&read.diagnostics)
        );
    }
}

#[test]
fn page_id_used_twice_is_reported_with_both_files() {
    let pages: Vec<Page> = ["trio.md", "trio.json"]
        .iter()
        .filter_map(|stem| read(stem).page)
        .collect();
    let assembly = apifox::assemble(&pages, &info());
    assert_eq!(
        said(&assembly.diagnostics),
        "pages/trio.json: error: the page has the key `trio`, which pages/trio.md has too; this page is left out\n  help: keep the newer capture and remove the other one\n"
    );
}

#[test]
fn different_security_schemes_with_one_name_are_reported() {
    let with = |path: &str, scheme: &str| {
        let page = twin(path, "    Order: {}")
            .replace("    get:", "    get:\n      security: [{key: []}]");
        page.replace(
            "components:",
            &format!("components:\n  securitySchemes: {{key: {scheme}}}"),
        )
    };
    let key = "{type: apiKey, in: header, name: K}";
    let one = read_text("one.md", with("/one", key).as_bytes());
    let two = read_text(
        "two.md",
        with("/two", "{type: bearer, description: The token}").as_bytes(),
    );
    let three = read_text("three.md", with("/three", key).as_bytes());
    let assembly = assembled(vec![one, two, three]);
    assert_eq!(
        said(&assembly.diagnostics),
        "pages/two.md:9: warning: the security scheme `key` differs from the one on the page pages/one.md:9; this one is called key2\n  help: correct the wrong page, or rename the schemes in an overlay\n"
    );
    let paths = &assembly.document["paths"];
    let asked = ["/one", "/two", "/three"].map(|path| paths[path]["get"]["security"].to_string());
    assert_eq!(
        asked,
        [r#"[{"key":[]}]"#, r#"[{"key2":[]}]"#, r#"[{"key":[]}]"#]
    );
}

#[test]
fn page_of_an_upload_tool_is_parsed() {
    let page = r##"{"id": 5, "name": "Get Book", "method": "get", "path": "/books/{id}",
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}},
            {"name": "word", "in": "query", "required": false, "schema": {"type": "integer"}},
            {"name": "lost", "in": "body"}
        ],
        "responses": [{"id": "-7", "name": "OK", "code": 200.0, "contentType": "json",
            "headers": {"X-Total": {"schema": {"type": "integer"}, "description": "All"}},
            "jsonSchema": {"$ref": "#/definitions/-12", "definitions": {
                "-12": {"name": "Book", "type": "object", "properties": {"next": {"$ref": "#/definitions/Shelf"}}},
                "Shelf": {"type": "object", "properties": {"first": {"$ref": "#/definitions/-12"}}}
            }}}],
        "responseExamples": [{"name": "One", "code": 200.0, "responseId": "-7", "data": ""}],
        "auth": {"type": "securityscheme"},
        "securityScheme": {"required": true, "schemeGroups": [{"id": "a", "schemeIds": [77]}]}}"##;
    let read = read_text("5e0.json", page.as_bytes());
    assert_eq!(
        said(&read.diagnostics),
        "pages/5e0.json:5: warning: the location of a parameter is unknown: `body`\n  help: correct its `in` in the file\n\
         pages/5e0.json:15: warning: the page references a security scheme that it does not contain; no scheme is required\n  help: set the security of the operation in an overlay\n"
    );
    let document = assembled(vec![read]).document;
    let get = &document["paths"]["/books/{id}"]["get"];
    let names: Vec<&str> = get["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    assert_eq!(names, ["id", "word"]);
    let answer = &get["responses"]["200"];
    assert_eq!(answer["headers"]["X-Total"]["schema"]["type"], "integer");
    assert_eq!(
        answer["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Book"
    );
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["Book"]["properties"]["next"]["$ref"],
        "#/components/schemas/SchemaShelf"
    );
    assert_eq!(
        schemas["SchemaShelf"]["properties"]["first"]["$ref"],
        "#/components/schemas/Book"
    );
}

#[test]
fn responses_of_one_status_without_schemas_are_merged_in_each_format() {
    let (good, bad) = (
        r#"{"code": "0", "book": {"no": "HB1"}}"#,
        r#"{"code": "7", "reason": "late"}"#,
    );
    let published = json!({"name": "Get Book", "method": "get", "path": "/books",
        "responses": [{"id": 1, "name": "OK", "code": 200, "contentType": "json"},
                      {"id": 2, "name": "Refused", "code": 200, "contentType": "json"}],
        "responseExamples": [{"responseId": 1, "data": good}, {"responseId": 2, "data": bad}]});
    let twin = format!(
        "# Get Book\n\n## OpenAPI Specification\n\n```yaml\npaths:\n  /books:\n    get:\n      responses:\n        \
         '200': {{description: OK, content: {{application/json: {{example: {good}}}}}}}\n        \
         x-200:Refused: {{description: Refused, content: {{application/json: {{example: {bad}}}}}}}\n```\n"
    );
    let rendered = format!(
        "Harbour Books\n\nGet Book\n\nGET\n/books\n\nResponses\n\n200OK\napplication/json\n\nExample\n{good}\n\
         x-200:Refused\napplication/json\nExample\n{bad}\n"
    );
    let texts = [
        ("book.txt", rendered),
        ("book.md", twin),
        ("book.json", published.to_string()),
    ];
    for (stem, text) in texts {
        let read = read_text(stem, text.as_bytes());
        assert_eq!(said(&read.diagnostics), "", "{stem}");
        let assembly = assembled(vec![read]);
        assert_eq!(said(&assembly.diagnostics), "", "{stem}");
        let schemas = &assembly.document["components"]["schemas"];
        let fields = schemas["GetBookResponse"]["properties"]
            .as_object()
            .unwrap();
        let names: Vec<&String> = fields.keys().collect();
        assert_eq!(names, ["code", "book", "reason"], "{stem}");
        assert!(schemas.get("GetBookResponseUnion").is_none(), "{stem}");
        let answer = &assembly.document["paths"]["/books"]["get"]["responses"]["200"];
        let examples = &answer["content"]["application/json"]["examples"];
        assert_eq!(examples.as_object().unwrap().len(), 2, "{stem}");
    }
    // Conflicting responses stay separate.
    let text = published.to_string().replace(r#"\"7\""#, "7");
    let schemas = assembled(vec![read_text("book.json", text.as_bytes())]).document;
    let union = &schemas["components"]["schemas"]["GetBookResponseUnion"]["oneOf"];
    assert_eq!(union.as_array().map(Vec::len), Some(2));
}

#[test]
fn operation_without_security_requirement_has_none() {
    let page = twin("/one", "    Order: {}")
        .replace("    get:", "    get:\n      security: []")
        .replace(
            "components:",
            "security: [{key: []}]\ncomponents:\n  securitySchemes: {key: {type: bearer}}",
        );
    let document = assembled(vec![read_text("one.md", page.as_bytes())]).document;
    assert_eq!(document["paths"]["/one"]["get"].get("security"), None);
    let inherits = page.replace("\n      security: []", "");
    let document = assembled(vec![read_text("one.md", inherits.as_bytes())]).document;
    assert_eq!(
        document["paths"]["/one"]["get"]["security"],
        json!([{"key": []}])
    );
}
