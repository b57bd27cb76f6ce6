//! Layouts of pages: everything that the importer reads from each kind of page, as snapshots.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod support;

#[path = "support/facts.rs"]
mod facts;

use apifox::{DocumentInfo, PageRole, PageSource, SchemaList};
use support::check::faults;

/// Imports pages. Returns the lines that describe the assembled document (see [`facts`]), and the
/// diagnostics.
fn import(pages: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let mut read = Vec::new();
    let mut messages = Vec::new();
    for (key, text) in pages {
        let source = PageSource {
            name: key,
            key,
            role: PageRole::Auto,
            text: text.as_bytes(),
        };
        let parsed = apifox::parse_pages(&source, &SchemaList::default());
        read.extend(parsed.pages);
        messages.extend(parsed.diagnostics.iter().map(ToString::to_string));
    }
    let info = DocumentInfo {
        title: "Any".to_owned(),
        version: "1".to_owned(),
        description: None,
    };
    let assembly = apifox::assemble(&read, &info);
    assert_eq!(
        faults(&assembly.document),
        Vec::<String>::new(),
        "{pages:?}"
    );
    messages.extend(assembly.diagnostics.iter().map(ToString::to_string));
    let mut document = assembly.document;
    // A server of the document is a server of its operations.
    let servers = document["servers"].clone();
    for (_, item) in document["paths"].as_object_mut().unwrap() {
        for (_, operation) in item.as_object_mut().unwrap() {
            if operation.get("servers").is_none() && servers != serde_json::json!([]) {
                operation["servers"] = servers.clone();
            }
        }
    }
    (facts::facts(&document), messages)
}

/// Compares all facts and diagnostics of some pages with a snapshot.
fn check(name: &str, pages: &[String]) {
    let mut text = String::new();
    for page in pages {
        let (facts, messages) = import(&[("page", page)]);
        for line in page.lines() {
            text.push_str(&format!("| {line}\n"));
        }
        for line in facts.iter().chain(&messages) {
            text.push_str(&format!("{line}\n"));
        }
        text.push('\n');
    }
    insta::assert_snapshot!(name, text);
}

/// Like [`check`], for pages that are constants.
fn check_pages(name: &str, pages: &[&str]) {
    let pages: Vec<String> = pages.iter().map(|page| (*page).to_owned()).collect();
    check(name, &pages);
}

#[test]
fn method_and_path_are_separated_from_their_neighbours() {
    check_pages(
        "method-and-path",
        &[
            "Get a boat\nGET\n/boats/{no}说明\nOne boat.\n请求参数\nPath 参数\nno\nstring\nNumber of the boat\n返回响应\n🟢200成功\napplication/json\n示例\n{\"name\": \"Ada\"}",
            "List boats\nGET\n/boatsRequest\nQuery Params\npage\ninteger\nResponses\n🟢200",
            "List boats\nGET\n/boatsLast modified: 2 年前\nAll boats.\nRequest\nNone\nResponses\n🟢200Done\napplication/json\nExample\n{\"total\": 2}",
            "Rent a boat\n开发中POST\n/rents\n请求参数\nBody 参数application/json\nboat\nstring\n必需\n返回响应\n🟢200成功",
            "新建船只\nPOST\n/boats新建船只\n请求参数\nBody 参数application/json\n示例\n{\"name\": \"Ada\"}\n示例代码\n返回响应\n成功(201)\nHTTP 状态码: 201",
            "Sync boats\nHarbour UAT\nHarbour UAT\nPOST\n/sync\nAll boats at once.\nRequest\nBody Params application/json\nExample\n{\"v\": \"2\"}\nResponses\n🟢200",
            "- Boats\n- Rents\nList boats\nGET\nhttps://api.harbour.example/boats\nResponses\n🟢200",
            "Refund\nPOST\n/trade/queryRefund\nRequest\nNone\nResponses\n🟢200",
            "Sorry, we need js to run correctly!\nBoats\nList boats\nGET\nRents\nPOST\nPowered by\nList boats\nDeveloping\nGET\nboats/list\nTry it\nRequest\nNone\nResponses\nDone\n(200)\nHTTP Code\n: 200\nContent Type\n: JSON\napplication/json\nData Schema\nobject\n{0}\nExample\n{}\nModified at\n2026-01-02 03:04:05",
        ],
    );
}

#[test]
fn listed_parameters_and_fields_are_read() {
    check_pages(
        "request-lists",
        &[
            "List boats\nGET\n/boats\nRequest\nQuery Params\nlength\nstring \noptional\nLength of the boat\nExample:\nshort\norder\nstring \nrequired\nResponses\n🟢200",
            "Send a photo\nPOST\n/photos\nRequest\nBody Params multipart/form-data\ntext\nstring \nrequired\nBelow the photo\nExample:\nAda at sea\nphoto\nfile \nrequired\nResponses\n🟢201",
            "List boats\nGET\n/boats\nRequest\nQuery Params\nkind\nenum<string> \nrequired\nKind of boat\nAllowed values:\nsail\nmotor\nResponses\n🟢200\napplication/json\nstate\nenum<string>\n枚举值:\nfree\nrented\nExample\n{\"state\": \"free\"}",
            "获取租约\nGET\nhttps://api.harbour.example/rent\n请求参数\nQuery 参数\nrent_id\nstring\n租约编号\n示例值:\n8812\n示例代码\nShell\ncurl --location --request GET 'https://api.harbour.example/rent?rent_id=8812'\n返回响应\n🟢200成功",
            "List boats\nPOST\n/boats/list\nRequest\nHeader Params\nAccept-Language\nstring\noptional\nDefault:\nde\nX-Port\nstring\nrequired\nBody Params application/json\nExample\n{\"page\": 1}\nResponses\n🟢200",
            "Get the tide\nGET\nhttps://api.harbour.example/tide\napi-channel:\nPublic\nweight:\n3\nDescription\nThe next tide.\nRequest\nNone\nResponses\n🟢200\nOK\napplication/json\nExample\n{\"at\": 1}",
            "List boats\nGET\n/boats\nRequest\nQuery Params\nno\nstring\nrequired\nMatch pattern:\n^[^\"]+\nNumber of the boat\ncode\nstring\nMatch pattern: ^\\{[a-z\nExample: [none\nlast\nstring\n修改时间\nResponses\n🟢200Done\napplication/json\nchanged\nstring\nLast modified\nExample\n{\"changed\": \"a\"}",
            "List boats\nGET\n/boats\nImportant: the list is long.\nOwner: the person who holds the boat\nOwner: Ada\nDescription\nAll boats.\nRequest\nQuery Params\nsize\ninteger\nrequired\nAllowed values:\n1\ntwo\nname\nstring\n< 5 characters\ndays\ninteger\n> 3\nResponses\n🟢200",
        ],
    );
}

#[test]
fn field_lists_of_responses_are_read() {
    check_pages(
        "response-lists",
        &[
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\nData Schema\ncrew\narray[object (sailor) {2}]\noptional\nid\ninteger\noptional\nNumber\nExample:\n412\nname\nstring\noptional\nExample\n{\"crew\": [{\"id\": 412, \"name\": \"Bo\"}]}",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\nzone\nstring\nrequired\ntime\ninteger <int64>\nrequired\nExample\n{\"zone\": \"UTC\", \"time\": 1}",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\nBody\nhull\nstring\nrequired\nmast\nstring | null\nrequired\nExample\n{\"hull\": \"a\", \"mast\": \"b\"}",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\ntides\narray [array] \nrequired\nstring \noptional\nHigh, low\nExample\n{\"tides\": [[\"1\", \"2\"]]}",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\nBody\nobject\nstring\nrequired\nrows\narray [object {1}]\nrequired\nid\ninteger\nExample\n{\"object\": \"list\", \"rows\": [{\"id\": 1}]}",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\nrent\nobject\nrequired\nport\nstring\nCode of the port\nid\nNumber of the rent\nsum\nstring\nExample\n{\"rent\": {\"port\": \"h\", \"id\": 7, \"sum\": \"1.00\"}}",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\ncode\nstring\nrequired\nboats\narray [object {2}]\nrequired\nno\nstring\nNumber\nstate\nstring\nmsg\nstring",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\ndata\nobject\nrequired\ncode\nstring\nmsg\nstring",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\nkind\nstring\nOne of:\n- sail string of the boat\n- motor\nstate\nenum<string>\nAllowed values:\nfree\nrented\n404Not found\napplication/json\nerror\nstring",
            "Get\nGET\n/x\nResponses\n🟢200\nDone\napplication/json\nstate\nenum<string> \n(BoatState)\nBoatState\nrequired\nAllowed values:\nfree\nrented\nnote\n(Note)\nNote\nrequired\nAny of:\n\nnull\n\nstring\n\narray[string]\n\nobject\nextra\nobject \noptional\nAdditional properties\nstring \noptional\nlast\nrequired\nOne of:\n\nallOf\n\nallOf\nOne of:\n\nnull\n\nstring\ndate\nstring\nrequired\n🟠401\nUnauthorized",
            "Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\ndata\nobject\nport\nstring\nmsg\nstring\nExample\n{\"data\": {\"no\": \"a\"}, \"msg\": \"\"}",
        ],
    );
}

#[test]
fn responses_of_all_layouts_are_read() {
    check_pages(
        "responses",
        &[
            "Find\nGET\n/boats\nResponses\nFound(200)\nHTTP Code: 200\nContent Type : JSONapplication/json\nData Schema\nNo schema defined\nExample\n{\"id\": 7}\nGone(404)\nHTTP Code: 404\nContent Type : JSONapplication/json\nExample\n{\"error\": \"x\"}",
            "查询\nPOST\n/boats请求参数\nBody 参数application/json\nobject {0}\n示例\n{}\n示例代码\n返回响应\n成功(200)\n错误(500)\nHTTP 状态码: 200\n内容格式: JSONapplication/json\n数据结构\ncode\ninteger\n必需\n示例成功示例\n{\"code\": 0}\n最后修改时间: 3 年前\nPOST\n/boats{}\n{\"code\": 0}",
            "Query\nPOST\n/boats/query\nRequest\nBody Params application/jsonRequired\n{\n\"no\": \"B1\"\n}\nResponses\napplication/json {\n\"code\": 0,\n\"data\": {\n\"length\": \"9\"\n}\n}\nModified at 2026-02-26 04:43:08",
            "Rent\nPOST\n/v2/rents\nRequest Request Example\nShell\ncurl --location --request POST '/v2/rents' \\\n--form 'days=\"1\"'\nResponse Response Example\n201 - Taken (201)\n{\n\"data\": {\n\"id\": 71,\n\"sum\": 2.5\n}\n}",
            "Drop\nDELETE\n/boats/{no}\nResponses\n🟢200\n🟠400\n🔴500\nNone\nModified at 2026-02-26 04:43:08",
            "Tide\nGET\n/tides\nThe next tide.\n请求示例请求示例\nShell\nJava\ncurl --location --request GET 'https://a.example/tides'\n响应示例响应示例\n{\"at\": 1}\n请求参数\nQuery 参数\nport\nstring\n必需\n返回响应\n🟢200成功\napplication/json\nBody\nat\ninteger\n必需\n修改于 2026-01-02 03:04:05",
            "Ask\nPOST\n/ask\nRequest\nBody Params application/json\nExample\n{\"text\": \"a\"}\nResponses\n🟢200Done\napplication/json\nExample\ndata: {\n\"at\": 1\n}\ndata: [DONE]\n🟠400Wrong",
        ],
    );
}

#[test]
fn text_of_an_extractor_is_read() {
    check_pages(
        "extractor",
        &[
            "{\n\"boat\": \"b1\",\n\"input\": {\"days\": 2}\n}\ncurl --location --request POST 'https://api.harbour.example/v1/rent' \\\n--header 'X-Key;' \\\n--header 'Content-Type: application/json' \\\n--data-raw '{\n\"boat\": \"b1\",\n\"input\": {\"days\": 2}\n}'\n{\n\"code\": 200,\n\"data\": {\"no\": \"r1\"}\n}",
            "Rents a boat for some days.{\n\"boat\": \"b1\"\n}curl --location --request POST '/v1/rent' \\\n--header 'Authorization: Bearer ' \\\n--data-raw '{\n\"boat\": \"b1\"\n}'{\n\"no\": \"r1\"\n}",
            "Request\nProvide your bearer token in the Authorization\nheader when making requests to protected resources. Example:Authorization: Bearer ****\nBody Params application/jsonRequired\n{\n\"text\": \"sea\"\n}\nRequest Code Samples\ncurl --location '/v1/index' \\\n--header 'X-Port;' \\\n--header 'Authorization: Bearer <token>' \\\n--header 'Content-Type: application/json' \\\n--data '{\n\"text\": \"sea\"\n}'\nResponses\n{\n\"rows\": 1\n}",
            "Send\nPOST\n/messages\nRequest\nHeader Params\nAuthorization\nstring\nrequired\nExample:\nBearer sea\nBody Params application/json\ntext\nstring\nrequired\nResponses\n🟢200",
            "Send\nPOST\n/messages\nRequest\nProvide your bearer token in the Authorization\nheader when making requests to protected resources. Example:X-Port: ****\nThe header X-Note: **** is masked\nBody Params application/json\ntext\nstring\nrequired\nResponses\n🟢200",
            "Harbour APIMCPList boatsPOST/v1/boats/list调试Run in ApifoxRun in Apifox请求参数Body 参数application/json生成代码示例返回响应🟢200成功application/json生成代码Body生成代码请求示例请求示例ShellJavacurl --location --request POST 'https://a.example/v1/boats/list' \\\n--data-raw '{\n\"page\": 1\n}'",
            "# Rent\n\nRents a boat.\n\n## 请求参数\nBody 参数application/json\nboat\nstring\n必需\n## 返回响应\n🟢200成功\napplication/json\n请求示例请求示例\n```\ncurl --location --request POST 'https://a.example/rents' \\\n--data-raw '{\n    \"boat\": \"b\"\n}'\n```\n响应示例响应示例\n```\n{\n    \"no\": 1\n}\n```",
            "Rent\nPOST\n/rents\nRequest\nBody Params application/json\nboat\nstring\n编号。days\ninteger\nrequired\nResponses\n🟢200",
        ],
    );
}

#[test]
fn assumptions_are_reported() {
    check_pages(
        "assumptions",
        &[
            "Rent\nPOST\n/rents\nRequest\nBody Params\nboat\nstring\nrequired\nResponses\n🟢200",
            "Rent\n\nRents a boat.\nRequest Code Samples\ncurl --request GET 'https://a.example/rents/81245'\nResponses\n🟢200",
            "How to rent\n\nAsk the harbour.\nQuery Params\nboat\nstring",
            "How to rent\n\nAsk the harbour.\nPOST\nThen wait.",
            "Rents\nGET\n/rents\nRequest\nQuery Params\npage\ninteger\nResponses\n🟢200\na line of another kind",
        ],
    );
}

#[test]
fn each_line_of_a_page_is_explained() {
    let markdown = markdown(
        "get: {summary: Boats, x-port: 7, responses: {}}",
        "servers: []",
    );
    let mut text = String::new();
    for page in [
        "1. Boats\nHarbour\n\nList boats\n\nReleased\nGET\n/boats\nOwner: Ada\nAll boats.\nRequest\nQuery Params\npage\ninteger\nPage\nsize\nRequest Code Samples\nJava\nint x;\nResponses\n🟢200Done\napplication/json\nsomething odd\nExample\n{\"total\": 1}\nModified at 2026-01-02 03:04:05\nNext\nRent",
        &markdown,
        "{\"name\": \"Ask\",\n\"method\": \"get\",\n\"path\": \"/ask\",\n\"creator\": {\n\"id\": 1},\n\"parameters\": {\"query\": [\n{\"name\": \"q\"}\n]},\n\"responses\": []}",
        "openapi: 3.0.1\npaths:\n  /x:\n    get:\n      x-mock: 1\n      responses: {}\n",
        "{ broken\n",
    ] {
        let source = PageSource {
            name: "page",
            key: "page",
            role: PageRole::Auto,
            text: page.as_bytes(),
        };
        for line in apifox::explain(&source) {
            text.push_str(&format!("{line}\n"));
        }
        text.push('\n');
    }
    insta::assert_snapshot!("explained", text);
}

/// Returns a Markdown page with one operation.
fn markdown(operation: &str, rest: &str) -> String {
    format!(
        "# Boats\n\n## OpenAPI Specification\n\n```yaml\nopenapi: 3.0.1\npaths:\n  /boats:\n    {operation}\n{rest}\n```\n"
    )
}

#[test]
fn markdown_pages_keep_their_facts() {
    let pages: Vec<String> = [
        ("get: {summary: Boats, operationId: listBoats, tags: ['Port/Boats', 'Needs a key'], x-apifox-folder: Port/Boats, security: [{Port Key: [], x-apidog: {required: true}}], responses: {}}", "components: {securitySchemes: {port_key: {in: header, name: X-Port-Key, type: apikey}}}"),
        ("get: {summary: Boats, parameters: [{name: User-Agent, in: header, required: true, description: Names the app., schema: {type: string}}, {name: day, in: query, example: '2026-01-31', schema: {type: string}}], requestBody: {content: {multipart/form-data: {schema: {type: object, properties: {}}}}}, responses: {}}", ""),
        ("post: {summary: Boats, requestBody: {content: {application/json: {schema: {type: object, properties: {boat: {oneOf: [{$ref: '#/components/schemas/[S] Sail'}, {$ref: '#/components/schemas/Motor'}], discriminator: {propertyName: kind, mapping: {sail: '#/components/schemas/[S] Sail', motor: Motor}}}}}}}}, callbacks: {done: {'{$request.body#/url}': {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Motor'}}}}, responses: {'200': {description: taken}}}}}}, responses: {}}", "components: {schemas: {'[S] Sail': {type: object, properties: {kind: {type: string}}}, Motor: {type: object, properties: {kind: {type: string}}}}}"),
        ("get: {summary: Boats, parameters: [{name: no, in: query, style: pipeDelimited, explode: false, schema: {type: array, items: {type: string}}}, {name: port, in: header, style: form, schema: {type: string}}, {in: query, schema: {type: string}}], responses: {}}", ""),
    ]
    .iter()
    .map(|(operation, rest)| markdown(operation, rest))
    .collect();
    check("markdown", &pages);
}

#[test]
fn servers_of_single_pages_stay_with_their_operations() {
    let one = markdown(
        "get: {summary: Boats, responses: {}}",
        "servers: [{url: https://a.example}]",
    );
    let two = markdown(
        "post: {summary: Boats, responses: {}}",
        "servers: [{url: https://b.example}]",
    );
    let (facts, _) = import(&[("one", &one), ("two", &two)]);
    let servers: Vec<&String> = facts
        .iter()
        .filter(|fact| fact.starts_with("servers"))
        .collect();
    assert_eq!(
        servers,
        [
            "servers [{\"url\":\"https://a.example\"}]",
            "servers [{\"url\":\"https://b.example\"}]"
        ]
    );
}

#[test]
fn published_pages_and_exports_keep_their_facts() {
    check_pages(
        "published-and-exports",
        &[
            r#"{"name": "Ask", "method": "post", "path": "/ask", "parameters": {"header": [{"name": "req_date", "required": true, "type": "string", "description": "now"}, {"name": "req_sign", "required": true, "type": "string"}]},
            "requestBody": {"type": "application/json", "jsonSchema": {"type": "object", "properties": {"keep": {"type": "string", "title": "How long it stays", "description": "5m"}, "top_k": {"type": "integer", "title": "Variety", "description": "40"}}}}, "responses": []}"#,
            r#"{"name": "Send", "method": "post", "path": "/send", "requestBody": {"type": "multipart/form-data", "parameters": [{"type": "string"}, {"name": "a", "type": "string"}],
            "examples": [{"mediaType": "application/json", "value": "{}"}]}, "responses": [{"id": 1, "code": 200, "name": "ok", "contentType": "json"}],
            "responseExamples": [{"responseId": 1, "data": "{\"a\": 1}"}, {"responseId": 2, "data": "{\"b\": 1}"}]}"#,
            r#"{"name": "Put", "method": "put", "path": "/put", "requestBody": {"type": "odd body"}, "responses": []}"#,
            r#"{"openapi": "3.0.1", "paths": {"/boats": {"get": {"summary": "Boats", "parameters": [{"name": "page", "in": "query", "required": true, "schema": {"type": "integer"}}], "responses": {"200": {"description": "ok"}}}}}}"#,
            r##"{"openapi": "3.1.0", "paths": {"/boats/{no}": {"servers": [{"url": "https://b.example"}], "parameters": [{"$ref": "#/components/parameters/No"}], "put": {"summary": "Change",
            "parameters": [{"$ref": "#/components/parameters/Gone"}], "requestBody": {"$ref": "#/components/requestBodies/Boat"},
            "responses": {"200": {"$ref": "#/components/responses/Done"}, "404": {"$ref": "other.json#/Lost"}, "abc": {}}}}},
            "webhooks": {"boatSold": {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {"no": {"type": "string"}}}}}}, "responses": {"200": {"description": "taken"}}}}},
            "components": {"parameters": {"No": {"name": "no", "in": "path", "required": true, "description": "Number", "schema": {"type": "string"}}},
            "requestBodies": {"Boat": {"required": true, "content": {"application/json": {"schema": {"type": "object", "properties": {"name": {"type": "string"}}}}}}},
            "headers": {"Left": {"description": "Calls left", "schema": {"type": "integer"}}},
            "responses": {"Done": {"description": "Changed", "headers": {"X-Left": {"$ref": "#/components/headers/Left"}}, "content": {"application/json": {"schema": {"type": "object", "properties": {"code": {"type": "integer"}}}}}}}}}"##,
            r#"{"openapi": "3.1.0", "webhooks": {"boatLost": {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["no", "no"], "allOf": [{"type": "object", "properties": {"no": {"type": "string"}}}]}}}}, "responses": {"200": {"description": "taken"}}}}}}"#,
        ],
    );
}
