//! Shared by the fuzz targets: a page is parsed and assembled, and the document is parsed again.

use apifox::{PageFormat, DocumentInfo, PageRole, SchemaList, PageSource};

/// Imports a page in its detected format, or an export, and checks the result.
pub fn import(text: &[u8], schemas: &SchemaList) {
    for role in [PageRole::Auto, PageRole::Webhook] {
        let source = PageSource {
            name: "page",
            key: "12e0",
            role,
            text,
        };
        let read = apifox::parse_pages(&source, schemas);
        assert!(
            !read.pages.is_empty() || read.diagnostics.iter().any(apifox::Diagnostic::is_error),
            "neither a page nor an error"
        );
        apifox::explain(&source);
        let info = DocumentInfo {
            title: "Any".to_owned(),
            version: "1".to_owned(),
            description: None,
        };
        let document = apifox::assemble(&read.pages, &info).document.to_string();
        let again: serde_json::Value =
            serde_json::from_str(&document).expect("a document that can be read");
        assert_eq!(again.to_string(), document);
    }
}

/// Adds a prefix that makes the input a page of a format.
pub fn as_form(form: PageFormat, data: &[u8]) -> Vec<u8> {
    let start: &[u8] = match form {
        PageFormat::Rendered => b"",
        PageFormat::Markdown => b"# A\n\n## OpenAPI Specification\n\n```yaml\n",
        PageFormat::Published => b"{\"name\": \"A\", \"method\": \"POST\", \"path\": \"/a\", ",
    };
    let end: &[u8] = match form {
        PageFormat::Markdown => b"\n```\n",
        PageFormat::Rendered | PageFormat::Published => b"",
    };
    [start, data, end].concat()
}
