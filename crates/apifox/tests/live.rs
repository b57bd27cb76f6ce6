//! Observed properties of published pages on live sites, shown with an invented bookshop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod support;

use apifox::{DocumentInfo, PageKind, ParsedPage};
use serde_json::{Value, json};
use support::check::faults;
use support::layout::laid_out;
use support::{read, read_text, said};

fn document(read: ParsedPage) -> (Value, String) {
    let info = DocumentInfo {
        title: "Harbour Books".to_owned(),
        version: "1.0.0".to_owned(),
        description: None,
    };
    let mut diagnostics = read.diagnostics;
    let pages: Vec<_> = read.page.into_iter().collect();
    let assembly = apifox::assemble(&pages, &info);
    assert_eq!(faults(&assembly.document), Vec::<String>::new());
    diagnostics.extend(assembly.diagnostics);
    (assembly.document, said(&diagnostics))
}

fn of(page: &Value) -> (Value, String) {
    document(read_text("9e0.json", page.to_string().as_bytes()))
}

/// Returns a page whose response has a schema.
fn answers(schema: &Value) -> Value {
    json!({"id": 9, "name": "Get Book", "method": "post", "path": "/books", "responses":
        [{"id": 1, "name": "OK", "code": 200, "contentType": "json", "jsonSchema": schema}]})
}

#[test]
fn page_with_every_live_field_has_no_diagnostics() {
    let (document, said) = document(read("live.json"));
    assert_eq!(said, "");
    insta::assert_snapshot!("live", laid_out(&document));
}

#[test]
fn numeric_status_is_accepted() {
    for (status, word, deprecated) in [
        (json!(1), Some("released"), false),
        (json!(0), Some("deprecated"), true),
        (json!(-1), Some("testing"), false),
        (json!(-2), Some("developing"), false),
        (json!("deprecated"), Some("deprecated"), true),
        (json!("testing"), Some("testing"), false),
        // An unknown number is not guessed.
        (json!(7), None, false),
        (json!(null), None, false),
    ] {
        let mut page = answers(&json!({"type": "object"}));
        page["status"] = status.clone();
        let read = read_text("9e0.json", page.to_string().as_bytes());
        assert_eq!(said(&read.diagnostics), "", "{status}");
        let page = read.page.unwrap();
        assert_eq!(page.status.as_deref(), word, "{status}");
        let PageKind::Operation(operation) = page.kind else {
            panic!("no operation: {status}");
        };
        assert_eq!(operation.deprecated, deprecated, "{status}");
    }
}

#[test]
fn placeholder_of_a_property_set_is_not_a_property() {
    let (document, said) = of(&answers(&json!({
        "type": "object",
        "properties": {"no": {"type": "string"}, "01GW": {"x-tmp-pending-properties": true}},
        "required": ["01GW", "no"], "x-apifox-orders": ["01GW", "no"], "additionalProperties": false
    })));
    assert_eq!(
        said,
        "pages/9e0.json:1: warning: the page has a placeholder for the property set `01GW`, but not the set; its properties are missing\n  \
         help: add the properties of the schema in an overlay\n"
    );
    let schema = &document["components"]["schemas"]["GetBookResponse"];
    assert_eq!(schema["required"], json!(["no"]));
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["no"]);
    assert_eq!(schema.get("additionalProperties"), None);
}

#[test]
fn object_without_its_property_set_is_not_closed() {
    let set = |reference: &str| {
        json!({"type": "object", "additionalProperties": false, "properties": {"no": {"type": "string"}},
               "x-apifox-refs": {"01A": {"$ref": reference}}})
    };
    let known = json!({"5": {"name": "Set", "jsonSchema": {"type": "object", "properties": {"a": {}}}},
                       "6": {"name": "Outer", "jsonSchema": {"type": "object", "x-apifox-refs": {"01B": {"$ref": "#/definitions/77"}}}}});
    for (number, closed) in [("5", true), ("77", false), ("6", false)] {
        let mut page = answers(&set(&format!("#/definitions/{number}")));
        page["definitions"] = known.clone();
        let (document, said) = of(&page);
        assert_eq!(said.is_empty(), closed, "{number}: {said}");
        let schema = &document["components"]["schemas"]["GetBookResponse"];
        let more = schema.get("additionalProperties");
        assert_eq!(more, closed.then_some(&json!(false)), "{number}");
    }
}

#[test]
fn xml_example_is_not_compared_with_the_schema() {
    let schema =
        json!({"type": "object", "required": ["no"], "properties": {"no": {"type": "string"}}});
    let text = "<book><no>7</no></book>";
    let mut page = answers(&schema);
    page["requestBody"] = json!({"type": "application/xml", "jsonSchema": schema,
        "examples": [{"value": text, "mediaType": "application/xml"}]});
    page["responses"][0]["contentType"] = json!("xml");
    page["responseExamples"] = json!([{"responseId": 1, "data": text}]);
    let (document, said) = of(&page);
    assert_eq!(said, "");
    let post = &document["paths"]["/books"]["post"];
    for content in [
        &post["requestBody"]["content"],
        &post["responses"]["200"]["content"],
    ] {
        assert_eq!(content["application/xml"]["examples"]["9e0"]["value"], text);
    }
    // A JSON example still is.
    page["responses"][0]["contentType"] = json!("json");
    page["responseExamples"][0]["data"] = json!("[1]");
    let (_, said) = of(&page);
    assert!(said.contains("does not match the schema"), "{said}");
}

#[test]
fn diagnostic_quotes_multiline_text_on_one_line() {
    let mut page = answers(&json!({"type": "object"}));
    page["responseExamples"] =
        json!([{"responseId": 1, "data": "First\r\n{\r\n\t\"no\": 7}\r\nthen"}]);
    let (_, said) = of(&page);
    assert!(
        said.contains("the example `First { \"no\": 7} then`"),
        "{said}"
    );
}

#[test]
fn descriptions_are_removed_from_enumerated_values() {
    let listed = |kind: &str, values: Value| {
        let notes: Vec<Value> = values
            .as_array()
            .unwrap()
            .iter()
            .map(|value| json!({"value": value, "name": "", "description": ""}))
            .collect();
        json!({"type": kind, "title": "State", "enum": values, "x-apifox-enum": notes})
    };
    let mut page = answers(&json!({"type": "object", "properties": {
        "state": listed("integer", json!(["0-空", "1-在架", "2 -借出", "3-售罄"])),
        "code": listed("string", json!(["100-有货", "900-缺货"])),
    }}));
    page["responseExamples"] =
        json!([{"responseId": 1, "data": "{\"state\": 3, \"code\": \"100\"}"}]);
    let (document, said_of_it) = of(&page);
    assert_eq!(said_of_it, "");
    let properties = &document["components"]["schemas"]["GetBookResponse"]["properties"];
    assert_eq!(properties["state"]["enum"], json!([0, 1, 2, 3]));
    assert_eq!(
        properties["state"]["description"],
        "State\n\n- `0`: 空\n- `1`: 在架\n- `2`: 借出\n- `3`: 售罄"
    );
    assert_eq!(properties["code"]["enum"], json!(["100", "900"]));
    // An enum that would reject valid requests must not be invented.
    let (document, said_of_it) = of(&answers(&json!({"type": "object", "properties": {
        "state": listed("integer", json!([1, "2", "many"])),
    }})));
    assert_eq!(
        said_of_it,
        "pages/9e0.json:1: warning: the enumerated value `many` is not integer; other values are accepted too\n  \
         help: correct the type or the value in an overlay\n"
    );
    let state = &document["components"]["schemas"]["GetBookResponse"]["properties"]["state"];
    assert_eq!(state["type"], "integer");
    assert_eq!(state.get("enum"), None);
}
