//! Property tests: invalid pages cause no panic, no hang and no invalid document.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod support;

use apifox::{Diagnostic, DocumentInfo, Page, PageRole, PageSource, ParsedPage, SchemaList};
use proptest::prelude::*;
use support::check::faults;
use support::{fixture, read_text, stems};

/// Parses and assembles a page, and checks the result.
fn survive(stem: &str, text: &[u8]) -> ParsedPage {
    let read = read_text(stem, text);
    assert!(
        read.page.is_some() || read.diagnostics.iter().any(Diagnostic::is_error),
        "neither a page nor an error"
    );
    let pages: Vec<Page> = read.page.iter().cloned().collect();
    let mut diagnostics = read.diagnostics.clone();
    diagnostics.extend(assemble(&pages));
    for message in diagnostics {
        let text = message.to_string();
        assert!(text.lines().count() <= 2 && text.len() < 600, "{text}");
    }
    // Of the largest pages, only the result is checked, to save time.
    if text.len() < 100_000 {
        explained(text);
    }
    read
}

/// Explains each line of a page, and checks that no line is missing.
fn explained(text: &[u8]) {
    let source = PageSource {
        name: "page",
        key: "page",
        role: PageRole::Auto,
        text,
    };
    let lines = apifox::explain(&source);
    let mut numbers: Vec<u32> = lines.iter().map(|line| line.number).collect();
    numbers.dedup();
    let count = u32::try_from(numbers.len()).unwrap();
    assert_eq!(
        numbers,
        (1..=count).collect::<Vec<u32>>(),
        "a line is missing"
    );
}

/// Parses and assembles an OpenAPI export, and checks the result.
fn survive_export(text: &[u8]) {
    let source = PageSource {
        name: "export.json",
        key: "export",
        role: PageRole::Auto,
        text,
    };
    let read = apifox::parse_pages(&source, &SchemaList::default());
    assert!(
        !read.pages.is_empty() || read.diagnostics.iter().any(Diagnostic::is_error),
        "neither a page nor an error"
    );
    assemble(&read.pages);
    explained(text);
}

#[test]
fn allowed_values_of_items_with_fields_are_not_next_to_a_reference() {
    let text = "Orders\nHarbour Books\n\nGet Order\n\nPOST\n/orders\nResponses\n🟢200\nOK\napplication/json\nBody\n\
                lines\narray [object (Line) {2}]\nAllowed values:\na\nb\n";
    let page = read_text("page", text.as_bytes()).page.unwrap();
    let info = DocumentInfo {
        title: "Any".to_owned(),
        version: "1".to_owned(),
        description: None,
    };
    let document = apifox::assemble(std::slice::from_ref(&page), &info).document;
    assert!(
        document.to_string().contains(r##""items":{"$ref":"##),
        "{document:#}"
    );
    assemble(&[page]);
}

/// Assembles pages, and checks the document.
fn assemble(pages: &[Page]) -> Vec<Diagnostic> {
    let info = DocumentInfo {
        title: "Any".to_owned(),
        version: "1".to_owned(),
        description: None,
    };
    let assembly = apifox::assemble(pages, &info);
    assert_eq!(
        faults(&assembly.document),
        Vec::<String>::new(),
        "{}\n{}",
        support::layout::laid_out(&assembly.document),
        support::said(&assembly.diagnostics)
    );
    // The document can be parsed again: JSON readers stop at a depth of 128.
    let text = assembly.document.to_string();
    let again: serde_json::Value =
        serde_json::from_str(&text).expect("a document that can be read");
    assert_eq!(again.to_string(), text);
    assembly.diagnostics
}

#[test]
fn page_may_be_truncated_at_any_byte() {
    for stem in stems() {
        let text = fixture(&stem);
        for end in 0..text.len() {
            survive(&stem, &text[..end]);
        }
    }
}

#[test]
fn page_may_start_at_any_line() {
    for stem in stems() {
        let text = fixture(&stem);
        let starts = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        for (start, _) in starts {
            survive(&stem, &text[start + 1..]);
        }
    }
}

/// An export with a reference to each kind of component, and a webhook.
const EXPORT: &str = r##"{"openapi": "3.1.0", "paths": {"/boats/{no}/": {"servers": [{"url": "https://b.example"}],
"parameters": [{"$ref": "#/components/parameters/No"}], "put": {"summary": "Change", "requestBody": {"$ref": "#/components/requestBodies/Boat"},
"responses": {"200": {"$ref": "#/components/responses/Done"}}}}}, "webhooks": {"sold": {"post": {"responses": {"200": {"description": "ok"}}}}},
"components": {"parameters": {"No": {"name": "no", "in": "path", "required": true, "style": "simple", "explode": false, "schema": {"type": "string"}}},
"requestBodies": {"Boat": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Boat"}}}}},
"responses": {"Done": {"description": "Changed", "headers": {"X-Left": {"$ref": "#/components/headers/Left"}}}},
"headers": {"Left": {"schema": {"type": "integer"}}}, "schemas": {"Boat": {"allOf": [{"type": "object"}], "required": ["no"]}}}}"##;

#[test]
fn export_may_be_truncated_at_any_byte() {
    for end in 0..EXPORT.len() {
        survive_export(&EXPORT.as_bytes()[..end]);
    }
}

/// Lines from which random pages are built.
const LINES: &[&str] = &[
    "1. Orders",
    "Harbour Books",
    "• Get Order",
    "  POST",
    "Get Order",
    "Developing",
    "GET",
    "POST",
    "/orders/{id}",
    "/orders/:no?x=1",
    "/{a}/{a",
    "Text.",
    "ParamDescriptionFixed Value",
    "FieldTypeRequiredMax LengthDescription",
    "Field | Type | Required",
    "Name\tType",
    "idStringYes64The id",
    "id | String | Yes",
    "a.b.c | List<List<int>> | No",
    "grantFixed x.x",
    "id\tint",
    "Content-Type | String | Yes",
    "Request",
    "Query Params",
    "Path Params",
    "Header Params",
    "Body Params application/json Required",
    "Body Params form-data",
    "Request Code Samples",
    "Request Example",
    "Responses",
    "🟢200成功",
    "404",
    "default",
    "application/json",
    "text/plain",
    "Bodyapplication/xml",
    "Example",
    "Example 2",
    "{",
    "}",
    "[",
    "]",
    "{\"id\": 1,",
    "\"id\": \"x\"",
    "\"b\": {\"id\": null}},",
    "{\"id\": fals",
    "[[1, \"x\"], {\"id\": {}}]",
    "...",
    "200,",
    "id",
    "string",
    "required",
    "curl 'https://a.example/v1/orders/7?id=1&id=x' \\",
    "curl -X PUT {{host}}/orders -d '{",
    "--form 'f=@x' -F id=2",
    "-H 'X-A: 1'",
    "'",
    "\"",
    "[capture: cut here]",
    "Modified at 2026-01-02 03:04:05",
    "Modified at noon",
    "Previous",
    "Built with",
    // The lists of fields of the current layout.
    "array [object (Order) {2}]",
    "string | null",
    "integer <int64>",
    "enum<string>",
    "optional",
    "(Order)",
    "Example:",
    "Example: [a",
    "Match pattern: ^[^\"]+",
    "Allowed values:",
    "Default: {\"a\":",
    ">= 1 characters <= 9 characters",
    "One of:",
    "allOf",
    "null",
    "Additional properties",
    "deprecated",
    "- id string required Number",
    "Authorization",
    "Add parameter X-Key",
    "X-Key: ****",
    // The layout of 2022 to 2024.
    "成功(200)",
    "HTTP 状态码: 200",
    "HTTP Code",
    ": 200",
    "(404)",
    "{3}",
    "内容格式: JSONapplication/json",
    "数据结构",
    "最后修改时间: 8 个月前",
    "责任人: 未设置",
    "object {0}",
    "boats/list",
    // The text of an extractor.
    "开发中POST /orders请求参数",
    "/ordersLast modified: a year ago",
    "application/json {",
    "}curl --location '/x' \\",
    "'{\"no\": 1}",
    "data: {\"a\": 1}",
    "data: [DONE]",
    "请求示例请求示例",
    "响应示例响应示例",
    "其中之一。name",
    "OrderPOST/orders调试请求参数Body 参数application/json生成代码返回响应🟢200成功application/json",
    "## 返回响应",
    "```",
    "# Orders",
    "\u{a0}\u{feff}",
    "",
];

/// Runs 400 cases, or more if `PROPTEST_CASES` is larger.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(400),
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn mutated_page_is_handled(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..5), 1..12),
    ) {
        let stems = stems();
        let stem = &stems[which.index(stems.len())];
        let mut text = fixture(stem);
        for (place, byte, kind) in changes {
            let at = place.index(text.len());
            match kind {
                0 => text[at] = byte,
                1 => { text.remove(at); }
                2 => text.insert(at, byte),
                // Replaces a character by one with a meaning.
                3 => text[at] = b"{}[]\",:|\\'\n\t0eE.-"[usize::from(byte) % 17],
                _ => {
                    let other = (at + usize::from(byte)).min(text.len());
                    let copy = text[at..other].to_vec();
                    text.splice(at..at, copy);
                }
            }
            prop_assume!(!text.is_empty());
        }
        survive(stem, &text);
    }

    #[test]
    fn random_bytes_are_handled(text in prop::collection::vec(any::<u8>(), 0..600)) {
        survive("any", &text);
    }

    #[test]
    fn random_text_is_handled(text in "\\PC*") {
        survive("any", text.as_bytes());
        survive("receiver", text.as_bytes());
    }

    #[test]
    fn random_order_of_lines_is_handled(picked in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
        let lines: Vec<&str> = picked.iter().map(|index| LINES[index.index(LINES.len())]).collect();
        survive("any", lines.join("\n").as_bytes());
        let page = format!("Orders\nHarbour Books\n\nGet Order\n\nPOST\n/orders\n{}", lines.join("\n"));
        survive("any", page.as_bytes());
        survive("receiver", page.as_bytes());
    }

    #[test]
    fn mutated_export_is_handled(
        at in any::<prop::sample::Index>(),
        length in 0_usize..40,
        inserted in "[{}\\[\\],:\"$#/a-z0-9 ]{0,12}",
    ) {
        let mut text = EXPORT.to_owned();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        text.replace_range(start..end, &inserted);
        survive_export(text.as_bytes());
    }

    /// Pages share titles and operations, so their parameters and components are merged.
    #[test]
    fn random_pages_are_assembled_together(
        pages in prop::collection::vec(
            (0_usize..4, prop::collection::vec(any::<prop::sample::Index>(), 0..30)),
            2..5,
        ),
    ) {
        let calls = ["POST\n/orders", "POST\n/orders/{id}", "PUT\n/orders/{no}", "GET\n/orders"];
        let pages: Vec<Page> = pages
            .iter()
            .enumerate()
            .filter_map(|(number, (call, picked))| {
                let lines: Vec<&str> = picked.iter().map(|index| LINES[index.index(LINES.len())]).collect();
                let text = format!("Orders\nHarbour Books\n\nGet Order\n\n{}\n{}", calls[*call], lines.join("\n"));
                read_text(&format!("page{number}"), text.as_bytes()).page
            })
            .collect();
        assemble(&pages);
    }

    /// Keywords with random values, as a published page and as the YAML of a Markdown page.
    #[test]
    fn random_keywords_are_handled(page in words(), schema in words(), example in words()) {
        let page = word_page(&page, &schema, &example);
        let read = survive("words.json", page.as_bytes());
        prop_assert!(read.page.is_some());
        survive("words.md", twin(&document_of(&schema, &example)).as_bytes());
        // Flow YAML is almost JSON.
        survive("words.md", twin(&page).as_bytes());
    }

    #[test]
    fn random_pages_with_schemas_are_assembled_together(schemas in prop::collection::vec((words(), words()), 2..4)) {
        let pages: Vec<Page> = schemas
            .iter()
            .enumerate()
            .filter_map(|(number, (schema, example))| {
                read_text(&format!("page{number}.md"), twin(&document_of(schema, example)).as_bytes()).page
            })
            .collect();
        assemble(&pages);
    }

    #[test]
    fn random_text_in_a_yaml_block_is_handled(text in "(\\PC|\n){0,200}") {
        survive("any.md", twin(&text).as_bytes());
        survive("any.md", format!("# {text}").as_bytes());
        survive("any.json", format!("{{{text}").as_bytes());
    }

    #[test]
    fn nested_schemas_of_any_depth_are_handled(depth in 0_usize..150, kind in 0_usize..5) {
        let word = ["items", "additionalProperties", "allOf", "properties", "not"][kind];
        let (open, close) = match word {
            "allOf" => ("{\"allOf\":[", "]}".to_owned()),
            "properties" => ("{\"properties\":{\"a\":", "}}".to_owned()),
            _ => ("", "}".to_owned()),
        };
        let open = if open.is_empty() { format!("{{\"type\":\"array\",\"{word}\":") } else { open.to_owned() };
        let schema = format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
        survive("deep.json", word_page("{}", &schema, "{}").as_bytes());
        survive("deep.md", twin(&document_of(&schema, "{}")).as_bytes());
    }

    #[test]
    fn nested_examples_of_any_depth_are_handled(depth in 0_usize..300, kind in 0_usize..3) {
        let (open, close) = [("[", "]"), ("{\"a\":", "}"), ("[{\"b\":", "}]")][kind];
        survive("deep", &page_with(&format!("{}1{}", open.repeat(depth), close.repeat(depth))));
    }
}

/// Names and strings from which schemas and pages are built.
const WORDS: &[&str] = &[
    "type",
    "properties",
    "items",
    "required",
    "enum",
    "const",
    "default",
    "example",
    "examples",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "nullable",
    "format",
    "title",
    "description",
    "$ref",
    "additionalProperties",
    "x-apifox-refs",
    "x-apifox-orders",
    "x-apifox-overrides",
    "x-apifox-enum",
    "x-apifox",
    "enumDescriptions",
    "value",
    "name",
    "in",
    "schema",
    "content",
    "application/json",
    "*/*",
    "object",
    "array",
    "string",
    "integer",
    "null",
    "file",
    "path",
    "query",
    "header",
    "Authorization",
    "id",
    "a",
    "b",
    "Page«A»",
    "#/components/schemas/A",
    "#/definitions/8",
    "#/components/schemas/Page%C2%ABA%C2%BB",
    "200",
    "x-200:Error",
    "{{a}}",
    "{\"a\": 1",
    "1: one",
    "",
    "type: security",
    "maximum",
    "exclusiveMinimum",
    "maxLength",
    "$refs",
    "x-apifox-at",
    "parameters",
    "responses",
    "requestBody",
    "jsonSchema",
    "code",
    "contentType",
    "json",
    "auth",
    "bearer",
    "headers",
    "security",
];

/// Generates a JSON value of these words.
fn words() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(WORDS);
    let leaf = prop_oneof![
        4 => word().prop_map(|word| format!("{word:?}")),
        1 => Just("null".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("2.50".to_owned()),
        1 => Just("7".to_owned()),
        2 => Just("{\"$ref\": \"#/components/schemas/A\"}".to_owned()),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            4 => prop::collection::vec((word(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Returns a published page with a schema and an example in every place.
fn word_page(page: &str, schema: &str, example: &str) -> String {
    format!(
        r#"{{"name": "Words", "method": "POST", "path": "/a/{{b}}", "other": {page}, "auth": {page},
        "parameters": {{"query": [{{"name": "a", "schema": {schema}, "example": {example}}}, {page}], "header": {page}}},
        "requestBody": {{"type": "json", "jsonSchema": {schema}, "examples": [{{"value": {example}}}, {page}]}},
        "responses": [{{"id": 1, "code": 200, "contentType": "json", "jsonSchema": {schema}, "headers": {page}}},
        {{"id": 2, "code": 200, "jsonSchema": {example}}}, {page}],
        "responseExamples": [{{"responseId": 1, "data": {example}}}, {page}]}}"#
    )
}

/// Returns the document of a Markdown page with a schema and an example in every place.
fn document_of(schema: &str, example: &str) -> String {
    format!(
        r#"{{"paths": {{"/a/{{b}}": {{"post": {{"summary": "Words", "security": {example},
        "parameters": [{{"name": "b", "in": "path", "schema": {schema}, "example": {example}}}, {example}],
        "requestBody": {{"content": {{"application/json": {{"schema": {schema}, "example": {example}}}, "a/b": {example}}}}},
        "responses": {{"200": {{"content": {{"*/*": {{"schema": {schema}, "examples": {example}}}}}}}, "x-200:E": {example}}}}}}}}},
        "components": {{"securitySchemes": {example}, "schemas": {{"A": {schema}, "Page«A»": {example}}}}}}}"#
    )
}

fn twin(block: &str) -> String {
    format!("# Words\n\n## OpenAPI Specification\n\n```yaml\n{block}\n```\n")
}

/// Returns a page with an example in its body, code sample and response.
fn page_with(example: &str) -> Vec<u8> {
    format!(
        "Orders\nHarbour Books\n\nPlace Order\n\nPOST\n/orders\n\nRequest\nBody Params application/json\nExample\n{example}\n\
         Request Code Samples\ncurl https://a.example/orders -d '{example}'\nResponses\n200\nExample\n{example}\n"
    )
    .into_bytes()
}

#[test]
fn unclosed_brackets_are_handled() {
    for open in ["[", "{\"a\":", "[{\"a\":["] {
        let read = survive("deep", &page_with(&open.repeat(100_000)));
        assert!(
            read.diagnostics
                .iter()
                .any(|message| message.text.contains("nested deeper than 100")),
            "{:?}",
            read.diagnostics
        );
    }
}

/// Regression test: the third example was not merged and did not match.
#[test]
fn observations_after_a_conflict_are_merged() {
    let example = r#"[{"in":"type"},true,{"in":null}]"#;
    let text = twin(&document_of("\"type\"", example));
    let page = read_text("page.md", text.as_bytes()).page.unwrap();
    let diagnostics = assemble(&[page]);
    assert!(
        diagnostics.iter().any(Diagnostic::is_error),
        "the error must remain"
    );
}

#[test]
fn huge_page_is_rejected_immediately() {
    let text = b"Orders\n".repeat(100 * 1024 * 1024 / 7);
    let read = read_text("huge", &text);
    assert_eq!(read.page, None);
    assert_eq!(
        support::said(&read.diagnostics),
        "pages/huge.txt: error: the page has 104857599 bytes; the limit is 16777216 (16 MiB)\n  help: save only the text of the page\n"
    );
}

/// Returns a page of a given size with a repeated middle part.
fn repeated(before: &str, unit: &str, after: &str, size: usize) -> Vec<u8> {
    let count = size / unit.len().max(1);
    format!("{before}{}{after}", unit.repeat(count)).into_bytes()
}

/// Returns a page of a given size with numbered entries.
fn numbered(before: &str, unit: &str, size: usize) -> Vec<u8> {
    let mut text = before.to_owned();
    for number in 0..size / (unit.len() + 6) {
        text.push_str(&format!("{unit}{number}"));
    }
    text.into_bytes()
}

/// Returns large pages with schemas, each large in another way.
fn large_documents(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let flow = |start: &str, unit: &dyn Fn(usize) -> String, end: &str| {
        let mut text = start.to_owned();
        for number in 0..size / unit(100_000).len() / 2 {
            text.push_str(&unit(number));
        }
        text.push_str(end);
        text
    };
    let properties = flow(
        "{\"properties\":{",
        &|n| format!("\"m{n}\":{{\"type\":\"object\"}},"),
        "\"z\":{}}}",
    );
    let order = flow(
        "{\"properties\":{\"a\":{}},\"x-apifox-orders\":[",
        &|n| format!("\"m{n}\","),
        "\"a\"]}",
    );
    let values = flow(
        "{\"type\":\"string\",\"enum\":[",
        &|n| format!("\"m{}\",", n % 2000),
        "\"a\"]}",
    );
    let branches = flow(
        "{\"oneOf\":[",
        &|n| format!("{{\"maxLength\":{n}}},"),
        "{}]}",
    );
    let members = flow("{", &|n| format!("\"m{n}\":1,"), "\"z\":1}");
    let parameters = flow("[", &|n| format!("{{\"name\":\"p{n}\"}},"), "{}]");
    let mut pages = Vec::new();
    for (name, schema) in [
        ("properties", &properties),
        ("order", &order),
        ("values", &values),
        ("branches", &branches),
    ] {
        pages.push((name, word_page("{}", schema, "{}").into_bytes()));
        pages.push((name, twin(&document_of(schema, "{}")).into_bytes()));
    }
    pages.push((
        "members of an example",
        word_page(
            "{}",
            "{\"type\":\"object\",\"properties\":{\"a\":{}}}",
            &members,
        )
        .into_bytes(),
    ));
    pages.push((
        "parameters",
        word_page("{}", "{}", "{}")
            .replace("\"header\": {}", &format!("\"header\": {parameters}"))
            .into_bytes(),
    ));
    pages.push((
        "lines of a guide",
        format!("# A\n{}", "```\ntext\n".repeat(size / 9)).into_bytes(),
    ));
    pages.push((
        "headings of a guide",
        format!("# A\n{}", "## OpenAPI Specification\n".repeat(size / 25)).into_bytes(),
    ));
    pages
}

/// Pages that would take minutes if any stage were quadratic. The last printed page name shows
/// which one hangs. The test has no time limit because machines differ; `cargo bench -p apifox`
/// measures.
#[test]
fn large_pages_finish() {
    const SIZE: usize = 1024 * 1024;
    const HEAD: &str = "Orders\nHarbour Books\n\nPlace Order\n\nPOST\n/orders\n";
    let body = format!("{HEAD}Request\nBody Params application/json\nExample\n");
    let answers = format!("{HEAD}Responses\n200\n");
    let mut distinct = format!("{body}[");
    for number in 0..60_000 {
        distinct.push_str(&format!("{{\"m{number}\":1}},"));
    }
    distinct.push_str("{}]");
    let mut rows = format!("{HEAD}Field | Type | Required\n");
    for number in 0..40_000 {
        rows.push_str(&format!("m{number} | String | Yes\n"));
    }
    rows.push_str(&format!(
        "Request\nBody Params application/json\nExample\n[{}{{}}]",
        "{\"x\":1},".repeat(60_000)
    ));
    let pages: Vec<(&str, Vec<u8>)> = vec![
        ("empty lines", repeated(HEAD, "\n", "", SIZE)),
        ("one line", repeated(HEAD, "x", "", SIZE)),
        (
            "bullets",
            repeated("Orders\nHarbour Books\n", "• a\n\n", "", SIZE),
        ),
        ("notes", repeated(HEAD, "[capture: x]\n", "", SIZE)),
        ("examples", repeated(&body, "{}\n", "", SIZE)),
        ("examples on one line", repeated(&body, "{}", "", SIZE)),
        (
            "cut examples",
            repeated(&answers, "{\"a\":\n200\n", "", SIZE),
        ),
        ("open strings", repeated(&answers, "{\"a\n200\n", "", SIZE)),
        ("open arrays", repeated(&answers, "[1,\n404\n", "", SIZE)),
        (
            "texts",
            repeated(&answers, "text/plain\nExample\nabc\n", "", SIZE),
        ),
        ("statuses", repeated(&answers, "200 OK\n", "", SIZE)),
        ("blanks in a number", repeated(&body, "[1 ", "\n", SIZE)),
        (
            "blanks behind numbers",
            repeated(&format!("{body}["), "1,      ", "]", SIZE),
        ),
        (
            "members of one name",
            repeated(&format!("{body}{{"), "\"a\":1,", "\"a\":2}", SIZE),
        ),
        (
            "heads of tables",
            repeated(HEAD, "Field | Type\n", "", SIZE),
        ),
        ("tables", repeated(HEAD, "Name | Type\na | b\n\n", "", SIZE)),
        (
            "rows",
            repeated(&format!("{HEAD}ParamDescription\n"), "aB c\n", "", SIZE),
        ),
        (
            "long rows",
            repeated(
                &format!("{HEAD}FieldTypeDescription\n"),
                "aStringInt",
                "\n",
                SIZE,
            ),
        ),
        (
            "dots in a row",
            repeated(
                &format!("{HEAD}ParamDescriptionFixed Value\nid x"),
                ".a",
                "\n",
                SIZE,
            ),
        ),
        ("words of a head", repeated(HEAD, "fieldtype", "x\n", 200)),
        ("fields", repeated(&body, "a\nstring\n", "", SIZE)),
        ("headings", repeated(HEAD, "Request\nResponses\n", "", SIZE)),
        (
            "samples",
            repeated(&format!("{HEAD}Request\n"), "curl x\n", "", SIZE),
        ),
        (
            "quotes",
            repeated(&format!("{HEAD}Request\ncurl "), "'\"", "", SIZE),
        ),
        (
            "options",
            repeated(
                &format!("{HEAD}Request\ncurl https://a.example/"),
                " -d a=b",
                "",
                SIZE,
            ),
        ),
        (
            "query",
            repeated(
                &format!("{HEAD}Request\ncurl 'https://a.example/orders?"),
                "a=1&",
                "'",
                SIZE,
            ),
        ),
        (
            "headers",
            repeated(&format!("{HEAD}Request\ncurl x"), " -H 'a: b'", "", SIZE),
        ),
        (
            "path",
            repeated(
                "Orders\nHarbour Books\n\nPlace Order\n\nPOST\n/",
                "a/:b/",
                "\n",
                4000,
            ),
        ),
        (
            "path of many names",
            numbered(
                "Orders\nHarbour Books\n\nPlace Order\n\nPOST\n",
                "/:a",
                SIZE,
            ),
        ),
        (
            "query of many names",
            numbered(
                &format!("{HEAD}Request\ncurl 'https://a.example/orders?"),
                "&a=1&b",
                SIZE,
            ),
        ),
        (
            "parts of many names",
            numbered(
                &format!("{HEAD}Request\ncurl https://a.example/orders"),
                " -F a=1 -F b=",
                SIZE,
            ),
        ),
        ("dates", repeated(HEAD, "Modified at x\n", "", SIZE)),
        ("members of many names", distinct.into_bytes()),
        ("required rows", rows.into_bytes()),
    ];
    for (name, text) in pages.into_iter().chain(large_documents(SIZE)) {
        println!("{name}");
        survive("large", &text);
    }
}
