//! Documents assembled from the fixture pages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod support;

use apifox::{AssembledDocument, DocumentInfo, NamedSchema, Page, PageKind, SchemaSource};
use serde_json::Value;
use support::check::faults;
use support::layout::laid_out;
use support::{fixture, read_text, said, stems};

fn info() -> DocumentInfo {
    DocumentInfo {
        title: "Harbour Books".to_owned(),
        version: "1.0.0".to_owned(),
        description: None,
    }
}

fn page(stem: &str, text: &[u8]) -> Page {
    read_text(stem, text)
        .page
        .unwrap_or_else(|| panic!("{stem} has no page"))
}

fn assembled(stems: &[&str]) -> AssembledDocument {
    let pages: Vec<Page> = stems
        .iter()
        .map(|stem| page(stem, &fixture(stem)))
        .collect();
    apifox::assemble(&pages, &info())
}

/// Assembles pages written in the test, by key.
fn written(pages: &[(&str, String)]) -> AssembledDocument {
    let pages: Vec<Page> = pages
        .iter()
        .map(|(key, text)| page(key, text.as_bytes()))
        .collect();
    apifox::assemble(&pages, &info())
}

/// Returns a page with a title, method and path, and further text.
fn api(title: &str, call: &str, rest: &str) -> String {
    format!("Orders\nHarbour Books\n\n{title}\n\n{call}\n{rest}\n")
}

/// Returns a response section with an example.
fn answer(example: &str) -> String {
    format!("\nResponses\n200Success\napplication/json\nExample\n{example}")
}

#[test]
fn fixture_pages_assemble_to_their_snapshots() {
    for (name, stems) in [
        (
            "one operation of two pages",
            &["navigation", "renew-session"][..],
        ),
        ("webhook", &["receiver"]),
        ("tables", &["tables"]),
        ("several responses", &["responses"]),
        ("nested components", &["flattened"]),
        ("contradictions", &["contradiction"]),
        ("form", &["upload"]),
        ("cut", &["cut", "cut-literal"]),
        ("query and headers", &["only-curl"]),
    ] {
        let assembly = assembled(stems);
        let text = format!(
            "{}\n{}",
            laid_out(&assembly.document),
            said(&assembly.diagnostics)
        );
        insta::assert_snapshot!(name.replace(' ', "-"), text);
    }
}

#[test]
fn documents_are_valid_and_reproducible() {
    let stems = stems();
    let pages: Vec<Page> = stems
        .iter()
        .filter_map(|stem| support::read(stem).page)
        .collect();
    let first = apifox::assemble(&pages, &info());
    assert_eq!(faults(&first.document), Vec::<String>::new());
    let again: Vec<Page> = stems
        .iter()
        .filter_map(|stem| support::read(stem).page)
        .collect();
    let again = apifox::assemble(&again, &info());
    assert_eq!(first.document.to_string(), again.document.to_string());
    assert_eq!(said(&first.diagnostics), said(&again.diagnostics));
}

#[test]
fn two_pages_with_one_key_are_reported() {
    let one = page("a", api("One", "GET\n/one", "").as_bytes());
    let mut other = page("b", api("Two", "GET\n/two", "").as_bytes());
    other.key = "a".to_owned();
    let assembly = apifox::assemble(&[one, other], &info());
    assert_eq!(
        said(&assembly.diagnostics),
        "pages/b.txt: error: the page has the key `a`, which pages/a.txt has too; this page is left out\n  help: keep the newer capture and remove the other one\n"
    );
    assert_eq!(assembly.document["paths"].as_object().unwrap().len(), 1);
}

#[test]
fn component_of_two_pages_is_merged() {
    let assembly = written(&[
        (
            "a",
            api(
                "Get Order",
                "GET\n/a",
                &answer("{\"no\": \"1\",\n\"sum\": 1}"),
            ),
        ),
        (
            "b",
            api(
                "Get Order",
                "GET\n/b",
                &answer("{\"no\": \"2\", \"sum\": 1.5, \"note\": null}"),
            ),
        ),
    ]);
    assert_eq!(said(&assembly.diagnostics), "");
    let schema = &assembly.document["components"]["schemas"]["GetOrderResponse"];
    assert_eq!(schema["x-apifox-pages"], serde_json::json!(["a", "b"]));
    assert_eq!(schema["properties"]["sum"]["type"], "number");
    assert_eq!(schema["properties"]["sum"]["x-apifox-at"], "a.txt:14");
    assert_eq!(schema["properties"]["note"]["nullable"], true);
}

#[test]
fn conflict_between_two_pages_names_both() {
    let assembly = written(&[
        (
            "a",
            api(
                "Get Order",
                "GET\n/a",
                &answer("{\"data\": {\"no\": \"1\"}}"),
            ),
        ),
        (
            "b",
            api("Get Order", "GET\n/b", &answer("{\"data\": {\"no\": 1}}")),
        ),
    ]);
    assert_eq!(
        said(&assembly.diagnostics),
        "pages/b.txt:13: error: in the component `GetOrderResponse` of two pages, `data.no` is a string at pages/a.txt:13, but an integer at pages/b.txt:13\n  help: pages with the same title share a component: correct the wrong page, or rename one of them\n"
    );
    assert_eq!(faults(&assembly.document), Vec::<String>::new());
    let names: Vec<&String> = assembly.document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(
        names,
        [
            "GetOrderResponse",
            "GetOrderResponseData",
            "GetOrderResponse2",
            "GetOrderResponse2Data"
        ]
    );
}

#[test]
fn pages_of_one_operation_are_merged() {
    let row = |required: &str| format!("Name | Type | Required\nkind | String | {required}\n");
    let curl = "\nRequest\nRequest Code Samples\ncurl 'https://a.example/x?kind=";
    let page = |required, kind: &str, body: &str| {
        api(
            "Find",
            "GET\n/x",
            &format!("{}{curl}{kind}'\n{}", row(required), answer(body)),
        )
    };
    for (one, two, required, schemas) in [
        (
            page("Yes", "a", "{}"),
            page("Yes", "b", "{}"),
            Some(true),
            &["FindResponse"][..],
        ),
        (
            page("Yes", "a", "{\"x\":1}"),
            page("No", "b", "{\"y\":1}"),
            None,
            &["FindResponse", "FindResponse2", "FindResponseUnion"],
        ),
    ] {
        let assembly = written(&[("one", one), ("two", two)]);
        assert_eq!(faults(&assembly.document), Vec::<String>::new());
        let operation = &assembly.document["paths"]["/x"]["get"];
        assert_eq!(
            operation["x-apifox-pages"],
            serde_json::json!(["one", "two"])
        );
        assert_eq!(operation["parameters"][0]["required"].as_bool(), required);
        let names: Vec<&String> = assembly.document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(names, schemas);
    }
}

#[test]
fn parameter_of_one_page_is_optional() {
    let assembly = written(&[
        (
            "one",
            api(
                "Find",
                "GET\n/x",
                "\nRequest\nQuery Params\nName | Required\na | Yes\nb | Yes\n",
            ),
        ),
        (
            "two",
            api(
                "Find",
                "GET\n/x",
                "\nRequest\nQuery Params\nName | Required\nb | Yes\n",
            ),
        ),
    ]);
    let parameters = &assembly.document["paths"]["/x"]["get"]["parameters"];
    assert_eq!(parameters[0]["required"], Value::Null);
    assert_eq!(parameters[1]["required"], true);
}

#[test]
fn paths_that_differ_in_parameter_names_are_one() {
    let assembly = written(&[
        ("one", api("Get", "GET\n/orders/{id}", "")),
        ("two", api("Drop", "DELETE\n/orders/:no", "")),
    ]);
    assert_eq!(faults(&assembly.document), Vec::<String>::new());
    assert_eq!(
        said(&assembly.diagnostics),
        "pages/two.txt:6: warning: the path `/orders/{no}` is written `/orders/{id}`, as on the page pages/one.txt\n"
    );
    let item = assembly.document["paths"]["/orders/{id}"]
        .as_object()
        .unwrap();
    assert_eq!(item.keys().collect::<Vec<_>>(), ["get", "delete"]);
    assert_eq!(item["delete"]["parameters"][0]["name"], "id");
}

#[test]
fn component_names_are_unique() {
    let example = "{\"a\": {\"b\": {\"c\": 1}}, \"aB\": {\"c\": 1}, \"订\": {}}";
    let assembly = written(&[("one", api("Get", "GET\n/x", &answer(example)))]);
    assert_eq!(faults(&assembly.document), Vec::<String>::new());
    let names: Vec<&String> = assembly.document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(
        names,
        [
            "GetResponse",
            "GetResponseA",
            "GetResponseAB",
            "GetResponseAB2",
            "GetResponseProperty"
        ]
    );
    assert!(
        said(&assembly.diagnostics)
            .contains("the component `GetResponseAB` is called `GetResponseAB2`")
    );
}

#[test]
fn url_values_get_a_type() {
    let curl = |query: &str| {
        let rest =
            format!("\nRequest\nRequest Code Samples\ncurl 'https://a.example/x/HB1?{query}'\n");
        api(
            "Find",
            "GET\n/x/{no}",
            &format!("{rest}{}", answer("{\"no\": \"HB1\", \"page\": \"1\"}")),
        )
    };
    for (query, name, kind, example) in [
        ("size=7", "size", "integer", Some("7")),
        ("page=7", "page", "string", Some("\"7\"")),
        (
            "no2=4021877350912",
            "no2",
            "string",
            Some("\"4021877350912\""),
        ),
        ("id=1&id=2", "id", "array", Some("[1,2]")),
        ("full=true", "full", "boolean", Some("true")),
        ("key={{key}}", "key", "string", None),
    ] {
        let assembly = written(&[("one", curl(query))]);
        assert_eq!(faults(&assembly.document), Vec::<String>::new(), "{query}");
        let parameters = &assembly.document["paths"]["/x/{no}"]["get"]["parameters"];
        assert_eq!(parameters[1]["name"], name);
        assert_eq!(parameters[1]["schema"]["type"], kind, "{query}");
        let seen = parameters[1]["examples"]
            .get("one")
            .map(|example| example["value"].to_string());
        assert_eq!(seen.as_deref(), example, "{query}");
    }
}

#[test]
fn number_digits_survive_assembly() {
    let example =
        "{\"a\": 12345678901234567890.12, \"b\": 0.00, \"c\": 1e400, \"d\": 12345678901234567890}";
    let assembly = written(&[("one", api("Get", "GET\n/x", &answer(example)))]);
    let document = assembly.document.to_string();
    for digits in [
        "12345678901234567890.12",
        "0.00",
        "1e+400",
        "12345678901234567890}",
    ] {
        assert!(document.contains(digits), "{digits}");
    }
    let schema = &assembly.document["components"]["schemas"]["GetResponse"]["properties"];
    assert_eq!(schema["d"]["format"], Value::Null);
    // A parsed and printed document has the same bytes.
    let again: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(again.to_string(), document);
}

#[test]
fn page_without_response_has_a_default_response() {
    let assembly = written(&[("one", api("Get", "GET\n/x", ""))]);
    assert_eq!(
        assembly.document["paths"]["/x"]["get"]["responses"].to_string(),
        r#"{"default":{"description":"Not described by the page."}}"#
    );
}

#[test]
fn limit_of_one_page_is_dropped_for_two() {
    let with =
        |row: &str, example: &str| format!("\nField | Max Length\n{row}\n{}", answer(example));
    let assembly = written(&[
        (
            "a",
            api("Get", "GET\n/a", &with("no | 3", "{\"no\": \"123\"}")),
        ),
        (
            "b",
            api("Get", "GET\n/b", &with("no | 3", "{\"no\": \"1234\"}")),
        ),
    ]);
    assert_eq!(faults(&assembly.document), Vec::<String>::new());
    let schema = &assembly.document["components"]["schemas"]["GetResponse"];
    assert_eq!(schema["properties"]["no"].get("maxLength"), None);
}

#[test]
fn fixed_value_of_one_page_is_dropped_for_two() {
    let rest = format!(
        "\nField | Fixed Value\nkind | a\n{}",
        answer("{\"kind\": \"a\"}")
    );
    for (one, other, values) in [
        (rest.clone(), answer("{\"kind\": \"b\"}"), None),
        (answer("{\"kind\": \"b\"}"), rest.clone(), None),
        (
            rest.clone(),
            rest.replace("| a", "| b").replace("\"a\"", "\"b\""),
            Some("[\"a\",\"b\"]"),
        ),
    ] {
        let assembly = written(&[
            ("a", api("Get", "GET\n/a", &one)),
            ("b", api("Get", "GET\n/b", &other)),
        ]);
        assert_eq!(faults(&assembly.document), Vec::<String>::new());
        let kind = &assembly.document["components"]["schemas"]["GetResponse"]["properties"]["kind"];
        assert_eq!(kind.get("enum").map(Value::to_string).as_deref(), values);
    }
}

#[test]
fn conflict_of_one_page_does_not_hide_another() {
    let assembly = written(&[
        (
            "a",
            api("Get", "GET\n/a", &answer("[{\"no\": 1}, {\"no\": \"x\"}]")),
        ),
        ("b", api("Get", "GET\n/b", &answer("[{\"no\": true}]"))),
    ]);
    assert_eq!(faults(&assembly.document), Vec::<String>::new());
    let said = said(&assembly.diagnostics);
    assert!(
        said.contains("`[].no` is an integer at pages/a.txt:13, but a string at pages/a.txt:13"),
        "{said}"
    );
    assert!(
        said.contains("`[].no` is an integer at pages/a.txt:13, but a boolean at pages/b.txt:13"),
        "{said}"
    );
}

/// Returns a page whose response schema references a schema of the page.
fn with_schemas(key: &str, path: &str, title: &str) -> Page {
    let mut page = page(
        key,
        api("Get Order", &format!("GET\n{path}"), &answer("{}")).as_bytes(),
    );
    let schema = serde_json::json!({ "type": "object", "title": title });
    page.schemas.push(NamedSchema {
        name: "Order".to_owned(),
        file: None,
        line: 30,
        schema,
    });
    if let PageKind::Operation(operation) = &mut page.kind {
        let given = serde_json::json!({ "allOf": [{ "$ref": "#/components/schemas/Order" }] });
        operation.responses[0].contents[0].schema = SchemaSource::Documented(given);
    }
    page
}

#[test]
fn schemas_of_pages_become_components() {
    for (title, said_of_it) in [
        ("One", ""),
        (
            "Two",
            "pages/b.txt:30: error: the component `Order` differs from the one on the page pages/a.txt:30\n  help: correct the wrong page, or rename one of the schemas\n",
        ),
    ] {
        let pages = [
            with_schemas("a", "/a", "One"),
            with_schemas("b", "/b", title),
        ];
        let assembly = apifox::assemble(&pages, &info());
        assert_eq!(said(&assembly.diagnostics), said_of_it);
        assert_eq!(faults(&assembly.document), Vec::<String>::new());
        let schemas = &assembly.document["components"]["schemas"];
        assert_eq!(schemas["Order"]["title"], "One");
        assert_eq!(
            schemas["Order"]["x-apifox-pages"],
            serde_json::json!(["a", "b"])
        );
        assert_eq!(
            schemas["GetOrderResponse"]["x-apifox-pages"],
            serde_json::json!(["a", "b"])
        );
    }
}
