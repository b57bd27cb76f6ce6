//! Layouts of pages: what the importer reads from each kind of page, and what it does not invent.

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

/// Checks that each page has some facts, and no fact or message that contains some words.
fn check(cases: &[(&str, &[&str], &[&str])]) {
    for (text, wanted, unwanted) in cases {
        let (facts, messages) = import(&[("page", text)]);
        for fact in *wanted {
            assert!(
                facts.iter().any(|known| known == fact),
                "{text}\nlacks {fact:?}:\n{}\n{}",
                facts.join("\n"),
                messages.join("\n")
            );
        }
        for words in *unwanted {
            let found = facts
                .iter()
                .chain(&messages)
                .find(|line| line.contains(words));
            assert_eq!(found, None, "{text}\n{}", facts.join("\n"));
        }
    }
}

#[test]
fn method_and_path_are_separated_from_their_neighbours() {
    check(&[
        (
            "Get a boat\nGET\n/boats/{no}说明\nOne boat.\n请求参数\nPath 参数\nno\nstring\nNumber of the boat\n返回响应\n🟢200成功\napplication/json\n示例\n{\"name\": \"Ada\"}",
            &[
                "GET /boats/{no}",
                "description One boat.",
                "path no string required (Number of the boat)",
                "200 name string",
            ],
            &["说明"],
        ),
        (
            "List boats\nGET\n/boatsRequest\nQuery Params\npage\ninteger\nResponses\n🟢200",
            &["GET /boats", "query page integer"],
            &[],
        ),
        (
            "List boats\nGET\n/boatsLast modified: 2 年前\nAll boats.\nRequest\nNone\nResponses\n🟢200Done\napplication/json\nExample\n{\"total\": 2}",
            &["GET /boats", "description All boats.", "200 total integer"],
            &["no path", "年前"],
        ),
        (
            "Rent a boat\n开发中POST\n/rents\n请求参数\nBody 参数application/json\nboat\nstring\n必需\n返回响应\n🟢200成功",
            &["POST /rents", "body boat string required"],
            &[],
        ),
        (
            "新建船只\nPOST\n/boats新建船只\n请求参数\nBody 参数application/json\n示例\n{\"name\": \"Ada\"}\n示例代码\n返回响应\n成功(201)\nHTTP 状态码: 201",
            &["POST /boats", "body name string", "201 成功"],
            &["/boats新"],
        ),
        (
            "Sync boats\nHarbour UAT\nHarbour UAT\nPOST\n/sync\nAll boats at once.\nRequest\nBody Params application/json\nExample\n{\"v\": \"2\"}\nResponses\n🟢200",
            &["summary Sync boats", "description All boats at once."],
            &["UAT"],
        ),
        (
            "- Boats\n- Rents\nList boats\nGET\nhttps://api.harbour.example/boats\nResponses\n🟢200",
            &[
                "summary List boats",
                "servers [{\"url\":\"https://api.harbour.example\"}]",
            ],
            &["tags"],
        ),
    ]);
}

#[test]
fn listed_parameters_and_fields_are_read() {
    check(&[
        (
            "List boats\nGET\n/boats\nRequest\nQuery Params\nlength\nstring \noptional\nLength of the boat\nExample:\nshort\norder\nstring \nrequired\nResponses\n🟢200",
            &[
                "query length string (Length of the boat) example=\"short\"",
                "query order string required",
            ],
            &["body"],
        ),
        (
            "Send a photo\nPOST\n/photos\nRequest\nBody Params multipart/form-data\ntext\nstring \nrequired\nBelow the photo\nExample:\nAda at sea\nphoto\nfile \nrequired\nResponses\n🟢201",
            &[
                "body multipart/form-data",
                "body text string required (Below the photo) example=\"Ada at sea\"",
                "body photo string required <binary>",
            ],
            &["not an object"],
        ),
        (
            "List boats\nGET\n/boats\nRequest\nQuery Params\nkind\nenum<string> \nrequired\nKind of boat\nAllowed values:\nsail\nmotor\nResponses\n🟢200\napplication/json\nstate\nenum<string>\n枚举值:\nfree\nrented\nExample\n{\"state\": \"free\"}",
            &[
                "query kind string required (Kind of boat) enum=[\"sail\",\"motor\"]",
                "200 state string enum=[\"free\",\"rented\"]",
            ],
            &[],
        ),
        (
            "获取租约\nGET\nhttps://api.harbour.example/rent\n请求参数\nQuery 参数\nrent_id\nstring\n租约编号\n示例值:\n8812\n示例代码\nShell\ncurl --location --request GET 'https://api.harbour.example/rent?rent_id=8812'\n返回响应\n🟢200成功",
            &["query rent_id string (租约编号) example=\"8812\""],
            &["curl", "示例"],
        ),
        (
            "List boats\nPOST\n/boats/list\nRequest\nHeader Params\nAccept-Language\nstring\noptional\nDefault:\nde\nX-Port\nstring\nrequired\nBody Params application/json\nExample\n{\"page\": 1}\nResponses\n🟢200",
            &[
                "header Accept-Language string default=\"de\"",
                "header X-Port string required",
            ],
            &[],
        ),
        (
            "Get the tide\nGET\nhttps://api.harbour.example/tide\napi-channel:\nPublic\nweight:\n3\nDescription\nThe next tide.\nRequest\nNone\nResponses\n🟢200\nOK\napplication/json\nExample\n{\"at\": 1}",
            &["description The next tide."],
            &["api-channel"],
        ),
    ]);
}

#[test]
fn field_lists_of_responses_are_read() {
    let page =
        |list: &str| format!("Get\nGET\n/x\nResponses\n🟢200Success\napplication/json\n{list}");
    for (list, wanted, unwanted) in [
        (
            "Data Schema\ncrew\narray[object (sailor) {2}]\noptional\nid\ninteger\noptional\nNumber\nExample:\n412\nname\nstring\noptional\nExample\n{\"crew\": [{\"id\": 412, \"name\": \"Bo\"}]}",
            &[
                "200 crew[].id integer (Number) example=412",
                "200 crew[].name string",
            ][..],
            &["412 ", "200 id"][..],
        ),
        (
            "zone\nstring\nrequired\ntime\ninteger <int64>\nrequired\nExample\n{\"zone\": \"UTC\", \"time\": 1}",
            &["200 zone string required", "200 time integer required"],
            &["200 required"],
        ),
        (
            "Body\nhull\nstring\nrequired\nmast\nstring | null\nrequired\nExample\n{\"hull\": \"a\", \"mast\": \"b\"}",
            &[
                "200 hull string required",
                "200 mast string required nullable",
            ],
            &[],
        ),
        (
            "tides\narray [array] \nrequired\nstring \noptional\nHigh, low\nExample\n{\"tides\": [[\"1\", \"2\"]]}",
            &["200 tides array required (High, low)", "200 tides[] array"],
            &["200 required"],
        ),
        (
            "Body\nobject\nstring\nrequired\nrows\narray [object {1}]\nrequired\nid\ninteger\nExample\n{\"object\": \"list\", \"rows\": [{\"id\": 1}]}",
            &["200 object string required", "200 rows[].id integer"],
            &["Body"],
        ),
        (
            "rent\nobject\nrequired\nport\nstring\nCode of the port\nid\nNumber of the rent\nsum\nstring\nExample\n{\"rent\": {\"port\": \"h\", \"id\": 7, \"sum\": \"1.00\"}}",
            &[
                "200 rent.port string (Code of the port)",
                "200 rent.id integer (Number of the rent)",
                "200 rent.sum string",
            ],
            &["decimal"],
        ),
        (
            "code\nstring\nrequired\nboats\narray [object {2}]\nrequired\nno\nstring\nNumber\nstate\nstring\nmsg\nstring",
            &[
                "200 boats[].no string (Number)",
                "200 boats[].state string",
                "200 msg string",
            ],
            &["200 no "],
        ),
    ] {
        check(&[(&page(list), wanted, unwanted)]);
    }
}

#[test]
fn responses_of_all_layouts_are_read() {
    check(&[
        (
            "Find\nGET\n/boats\nResponses\nFound(200)\nHTTP Code: 200\nContent Type : JSONapplication/json\nData Schema\nNo schema defined\nExample\n{\"id\": 7}\nGone(404)\nHTTP Code: 404\nContent Type : JSONapplication/json\nExample\n{\"error\": \"x\"}",
            &[
                "200 Found",
                "200 id integer",
                "404 Gone",
                "404 error string",
            ],
            &["no status line", "200 error"],
        ),
        (
            "查询\nPOST\n/boats请求参数\nBody 参数application/json\nobject {0}\n示例\n{}\n示例代码\n返回响应\n成功(200)\n错误(500)\nHTTP 状态码: 200\n内容格式: JSONapplication/json\n数据结构\ncode\ninteger\n必需\n示例成功示例\n{\"code\": 0}\n最后修改时间: 3 年前\nPOST\n/boats{}\n{\"code\": 0}",
            &["200 成功", "200 code integer required", "500 错误"],
            &["500 code", "without a", "not understood"],
        ),
        (
            "Query\nPOST\n/boats/query\nRequest\nBody Params application/jsonRequired\n{\n\"no\": \"B1\"\n}\nResponses\napplication/json {\n\"code\": 0,\n\"data\": {\n\"length\": \"9\"\n}\n}\nModified at 2026-02-26 04:43:08",
            &[
                "body no string",
                "200 application/json with an example",
                "200 code integer",
                "200 data.length string",
            ],
            &["Not described"],
        ),
        (
            "Rent\nPOST\n/v2/rents\nRequest Request Example\nShell\ncurl --location --request POST '/v2/rents' \\\n--form 'days=\"1\"'\nResponse Response Example\n201 - Taken (201)\n{\n\"data\": {\n\"id\": 71,\n\"sum\": 2.5\n}\n}",
            &[
                "body multipart/form-data with an example",
                "201 Taken",
                "201 data.id integer",
                "201 data.sum number",
            ],
            &[],
        ),
    ]);
}

#[test]
fn text_of_an_extractor_is_read() {
    check(&[
        (
            "{\n\"boat\": \"b1\",\n\"input\": {\"days\": 2}\n}\ncurl --location --request POST 'https://api.harbour.example/v1/rent' \\\n--header 'X-Key;' \\\n--header 'Content-Type: application/json' \\\n--data-raw '{\n\"boat\": \"b1\",\n\"input\": {\"days\": 2}\n}'\n{\n\"code\": 200,\n\"data\": {\"no\": \"r1\"}\n}",
            &[
                "POST /v1/rent",
                "body boat string",
                "body input.days integer",
                "200 data.no string",
                "header X-Key string",
            ],
            &["published", "summary"],
        ),
        (
            "Rents a boat for some days.{\n\"boat\": \"b1\"\n}curl --location --request POST '/v1/rent' \\\n--header 'Authorization: Bearer ' \\\n--data-raw '{\n\"boat\": \"b1\"\n}'{\n\"no\": \"r1\"\n}",
            &[
                "POST /v1/rent",
                "security bearer",
                "body boat string",
                "200 no string",
            ],
            &[],
        ),
        (
            "Request\nProvide your bearer token in the Authorization\nheader when making requests to protected resources. Example:Authorization: Bearer ****\nBody Params application/jsonRequired\n{\n\"text\": \"sea\"\n}\nRequest Code Samples\ncurl --location '/v1/index' \\\n--header 'X-Port;' \\\n--header 'Authorization: Bearer <token>' \\\n--header 'Content-Type: application/json' \\\n--data '{\n\"text\": \"sea\"\n}'\nResponses\n{\n\"rows\": 1\n}",
            &[
                "POST /v1/index",
                "security bearer",
                "header X-Port string",
                "200 rows integer",
            ],
            &["summary", "tags"],
        ),
        (
            "Send\nPOST\n/messages\nRequest\nHeader Params\nAuthorization\nstring\nrequired\nExample:\nBearer sea\nBody Params application/json\ntext\nstring\nrequired\nResponses\n🟢200",
            &["security bearer", "body text string required"],
            &["header Authorization"],
        ),
    ]);
}

/// Returns a Markdown page with one operation.
fn markdown(operation: &str, rest: &str) -> String {
    format!(
        "# Boats\n\n## OpenAPI Specification\n\n```yaml\nopenapi: 3.0.1\npaths:\n  /boats:\n    {operation}\n{rest}\n```\n"
    )
}

#[test]
fn markdown_pages_keep_their_facts() {
    for (operation, rest, wanted, unwanted) in [
        (
            "get: {summary: Boats, operationId: listBoats, tags: ['Port/Boats', 'Needs a key'], x-apifox-folder: Port/Boats, security: [{Port Key: [], x-apidog: {required: true}}], responses: {}}",
            "components: {securitySchemes: {port_key: {in: header, name: X-Port-Key, type: apikey}}}",
            &[
                "operationId listBoats",
                "tags [\"Boats\",\"Needs a key\"]",
                "security X-Port-Key",
            ][..],
            &["no security scheme"][..],
        ),
        (
            "get: {summary: Boats, parameters: [{name: User-Agent, in: header, required: true, description: Names the app., schema: {type: string}}, {name: day, in: query, example: '2026-01-31', schema: {type: string}}], requestBody: {content: {multipart/form-data: {schema: {type: object, properties: {}}}}}, responses: {}}",
            "",
            &[
                "header User-Agent string required (Names the app.)",
                "query day string",
            ],
            &["body", "date"],
        ),
        (
            "post: {summary: Boats, requestBody: {content: {application/json: {schema: {type: object, properties: {boat: {oneOf: [{$ref: '#/components/schemas/[S] Sail'}, {$ref: '#/components/schemas/Motor'}], discriminator: {propertyName: kind}}}}}}}, callbacks: {done: {'{$request.body#/url}': {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Motor'}}}}, responses: {'200': {description: taken}}}}}}, responses: {}}",
            "components: {schemas: {'[S] Sail': {type: object, properties: {kind: {type: string}}}, Motor: {type: object, properties: {kind: {type: string}}}}}",
            &[
                "callbacks [\"done\"]",
                "body boat any discriminator={\"propertyName\":\"kind\"}",
            ],
            &[],
        ),
    ] {
        check(&[(&markdown(operation, rest), wanted, unwanted)]);
    }
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
    check(&[
        (
            r#"{"name": "Ask", "method": "post", "path": "/ask", "parameters": {"header": [{"name": "req_date", "required": true, "type": "string", "description": "now"}, {"name": "req_sign", "required": true, "type": "string"}]},
            "requestBody": {"type": "application/json", "jsonSchema": {"type": "object", "properties": {"keep": {"type": "string", "title": "How long it stays", "description": "5m"}, "top_k": {"type": "integer", "title": "Variety", "description": "40"}}}}, "responses": []}"#,
            &[
                "header req_date string required (now)",
                "body keep string (How long it stays  5m)",
                "body top_k integer (Variety  40)",
            ],
            &["security req_date"],
        ),
        (
            r#"{"openapi": "3.0.1", "paths": {"/boats": {"get": {"summary": "Boats", "parameters": [{"name": "page", "in": "query", "required": true, "schema": {"type": "integer"}}], "responses": {"200": {"description": "ok"}}}}}}"#,
            &["GET /boats", "query page integer required", "200 ok"],
            &["error"],
        ),
    ]);
}
