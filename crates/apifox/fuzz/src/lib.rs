//! What the fuzz targets share: a page is read, assembled, and the document is read back.

use apifox::{Form, Info, Role, SchemaList, Source};

/// Imports one page, in whatever form it turns out to be, and looks whether the outcome is sound.
pub fn import(text: &[u8], schemas: &SchemaList) {
    for role in [Role::Auto, Role::Receiver] {
        let source = Source {
            name: "page",
            key: "12e0",
            role,
            text,
        };
        let read = apifox::read_with(&source, schemas);
        assert!(
            read.page.is_some() || read.messages.iter().any(apifox::Message::is_error),
            "neither a page nor an error"
        );
        let info = Info {
            title: "Any".to_owned(),
            version: "1".to_owned(),
            description: None,
        };
        let pages: Vec<apifox::Page> = read.page.into_iter().collect();
        let document = apifox::assemble(&pages, &info).document.to_string();
        let again: serde_json::Value =
            serde_json::from_str(&document).expect("a document that can be read");
        assert_eq!(again.to_string(), document);
    }
}

/// The input with a beginning that makes it a page of a form.
pub fn as_form(form: Form, data: &[u8]) -> Vec<u8> {
    let start: &[u8] = match form {
        Form::Rendered => b"",
        Form::Markdown => b"# A\n\n## OpenAPI Specification\n\n```yaml\n",
        Form::Published => b"{\"name\": \"A\", \"method\": \"POST\", \"path\": \"/a\", ",
    };
    let end: &[u8] = match form {
        Form::Markdown => b"\n```\n",
        Form::Rendered | Form::Published => b"",
    };
    [start, data, end].concat()
}
