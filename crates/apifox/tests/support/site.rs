//! Generates a site with any number of pages in memory.

#![allow(unreachable_pub)]

use apifox::{
    AssembledDocument, Diagnostic, DocumentInfo, PageFormat, PageRole, PageSource, SchemaList,
};

/// The pages of a site in one format, and its schema list.
pub struct Site {
    pages: Vec<(String, String)>,
    schemas: SchemaList,
}

impl Site {
    /// Generates `count` pages. One page in ten has the schemas of another one.
    pub fn new(form: PageFormat, count: u32) -> Self {
        let page = match form {
            PageFormat::Rendered => rendered,
            PageFormat::Markdown => markdown,
            PageFormat::Published => published,
        };
        let items: Vec<String> = (0..=count / 10)
            .map(|number| {
                format!(r#"{{"id":{number},"name":"Order«{number}»","jsonSchema":{ORDER}}}"#)
            })
            .collect();
        let (schemas, _) = SchemaList::parse(
            "schemas.json",
            format!("[{}]", items.join(",\n")).as_bytes(),
        );
        Self {
            pages: (0..count)
                .map(|number| (format!("{number}e0"), page(number)))
                .collect(),
            schemas,
        }
    }

    /// Parses all pages and assembles the document.
    pub fn import(&self) -> (AssembledDocument, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut pages = Vec::new();
        for (key, text) in &self.pages {
            let source = PageSource {
                name: key,
                key,
                role: PageRole::Auto,
                text: text.as_bytes(),
            };
            let read = apifox::parse_page_with(&source, &self.schemas);
            diagnostics.extend(read.diagnostics);
            pages.extend(read.page);
        }
        let info = DocumentInfo {
            title: "Harbour Books".to_owned(),
            version: "1.0.0".to_owned(),
            description: None,
        };
        (apifox::assemble(&pages, &info), diagnostics)
    }
}

/// A schema for both formats with schemas; only its references differ.
const ORDER: &str = r#"{"type":"object","properties":{"no":{"type":"string","maxLength":20,"description":"Number of the order"},"state":{"type":["string","null"],"enum":["OPEN ","SENT"],"title":"State"},"lines":{"type":"array","items":{"type":"object","properties":{"isbn":{"type":"string"},"count":{"type":"integer","format":"int64"},"price":{"type":"number"}},"required":["isbn","count"]}},"address":{"type":"object","properties":{"name":{"type":"string"},"street":{"type":"string"},"city":{"type":"string"},"country":{"type":"string"}}},"placed":{"type":"string","format":"date-time"}},"required":["no","lines"],"x-apifox-orders":["no","state","lines","address","placed"]}"#;

const EXAMPLE: &str = r#"{"no": "HB1", "state": "OPEN", "lines": [{"isbn": "9780000000001", "count": 2, "price": 12.50}, {"isbn": "9780000000002", "count": 1, "price": 8.00}], "address": {"name": "A", "street": "B", "city": "C", "country": "DE"}, "placed": "2026-01-02T03:04:05Z"}"#;

fn rendered(number: u32) -> String {
    format!(
        "Orders {folder}\nHarbour Books\n\nPlace Order {number}\n\nPOST\n/shops/{number}/orders/{{no}}\nText of the page.\n\nRequest\n\n\
         Body Params application/json Required\n\nExample\n{EXAMPLE}\n\nRequest Code Samples\ncurl --location --request POST \
         'https://api.harbour.example/shops/{number}/orders/HB1?full=true' --header 'Content-Type: application/json' \
         --data-raw '{EXAMPLE}'\n\nResponses\n\n200Success\napplication/json\n\nExample\n{EXAMPLE}\n\nModified at 2026-01-02 03:04:05\n",
        folder = number / 20,
    )
}

fn markdown(number: u32) -> String {
    let schema = number / 10;
    format!(
        "# Place Order {number}\n\n## OpenAPI Specification\n\n```yaml\nopenapi: 3.0.1\ninfo:\n  title: ''\n  version: 1.0.0\npaths:\n  \
         /shops/{number}/orders/{{no}}:\n    post:\n      summary: Place Order {number}\n      description: Text of the page.\n      \
         parameters:\n        - name: no\n          in: path\n          required: true\n          example: HB1\n          schema:\n            \
         type: string\n        - name: full\n          in: query\n          example: 'true'\n          schema:\n            type: boolean\n        \
         - name: Authorization\n          in: header\n          example: Bearer {{{{token}}}}\n          schema:\n            type: string\n      \
         requestBody:\n        content:\n          application/json:\n            schema:\n              \
         $ref: '#/components/schemas/Order%C2%AB{schema}%C2%BB'\n            example: {EXAMPLE}\n      responses:\n        '200':\n          \
         description: ''\n          content:\n            application/json:\n              schema: {ORDER}\n              example: {EXAMPLE}\n          \
         headers: {{}}\n          x-apifox-name: Success\n      security: []\n      x-apifox-folder: Harbour/Orders {folder}\n      \
         x-run-in-apifox: https://app.apifox.com/web/project/7/apis/api-{number}-run\ncomponents:\n  schemas:\n    Order«{schema}»:\n      \
         {ORDER}\n  securitySchemes: {{}}\nservers:\n  - url: https://api.harbour.example\nsecurity: []\n```\n",
        folder = number / 20,
    )
}

fn published(number: u32) -> String {
    let example = EXAMPLE.replace('"', "\\\"");
    format!(
        "{{\"success\": true, \"data\": {{\n\"id\": {number}, \"name\": \"Place Order {number}\", \"method\": \"post\", \"path\": \
         \"/shops/{number}/orders/{{no}}\", \"description\": \"Text of the page.\", \"tags\": [\"Harbour/Orders {folder}\"],\n\"parameters\": \
         {{\"path\": [{{\"name\": \"no\", \"type\": \"string\", \"sampleValue\": \"HB1\"}}], \"query\": [{{\"name\": \"full\", \"type\": \
         \"boolean\", \"sampleValue\": \"true\"}}], \"header\": [{{\"name\": \"Authorization\", \"example\": \"Bearer {{{{token}}}}\"}}]}},\n\
         \"requestBody\": {{\"type\": \"application/json\", \"jsonSchema\": {{\"$ref\": \"#/definitions/{schema}\"}}, \"examples\": \
         [{{\"value\": \"{example}\"}}]}},\n\"responses\": [{{\"id\": 1, \"name\": \"Success\", \"code\": 200, \"contentType\": \"json\", \
         \"jsonSchema\": {ORDER}}}],\n\"responseExamples\": [{{\"responseId\": 1, \"data\": \"{example}\"}}],\n\"updatedAt\": \
         \"2026-01-02T03:04:05.000Z\"\n}}}}",
        schema = number / 10,
        folder = number / 20,
    )
}
