//! Shared by the tests: fixture pages, and a short form of a page for snapshots.

#![allow(dead_code)]

pub mod check;
pub mod layout;

use std::fmt::Write;
use std::sync::OnceLock;

use apifox::{
    ApiOperation, BodyContent, Diagnostic, FieldSpec, JsonNode, JsonValue, Page, PageKind,
    PageRole, PageSource, ParsedPage, SchemaList, SchemaSource,
};

/// Returns a fixture page, by the stem of its file or, except for rendered pages, by its whole
/// name.
pub fn fixture(stem: &str) -> Vec<u8> {
    let path = format!("{}/tests/pages/{}", env!("CARGO_MANIFEST_DIR"), file(stem));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the file name of a fixture page.
fn file(stem: &str) -> String {
    if stem.contains('.') {
        stem.to_owned()
    } else {
        format!("{stem}.txt")
    }
}

/// Returns the schema list of the published fixture pages.
pub fn schemas() -> &'static (SchemaList, Vec<Diagnostic>) {
    static LIST: OnceLock<(SchemaList, Vec<Diagnostic>)> = OnceLock::new();
    LIST.get_or_init(|| {
        let path = format!("{}/tests/lists/schemas.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        SchemaList::parse("lists/schemas.json", &text)
    })
}

/// Returns the names of all fixture pages in order.
pub fn stems() -> Vec<String> {
    let folder = format!("{}/tests/pages", env!("CARGO_MANIFEST_DIR"));
    let mut stems: Vec<String> = std::fs::read_dir(folder)
        .expect("the fixture pages")
        .map(|entry| {
            entry
                .expect("a file")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .filter(|name| !name.starts_with('.'))
        .map(|name| name.strip_suffix(".txt").unwrap_or(&name).to_owned())
        .collect();
    stems.sort();
    stems
}

/// Parses a fixture page.
pub fn read(stem: &str) -> ParsedPage {
    read_text(stem, &fixture(stem))
}

/// Parses a page from memory.
pub fn read_text(stem: &str, text: &[u8]) -> ParsedPage {
    let role = if stem.starts_with("receiver") {
        PageRole::Webhook
    } else {
        PageRole::Auto
    };
    let source = PageSource {
        name: &format!("pages/{}", file(stem)),
        key: stem.split('.').next().unwrap_or(stem),
        role,
        text,
    };
    apifox::parse_page_with(&source, &schemas().0)
}

/// Prints diagnostics, one per line.
pub fn said(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|message| format!("{message}\n"))
        .collect()
}

/// Prints what was parsed, with lines.
pub fn outline(read: &ParsedPage) -> String {
    let mut out = String::new();
    match &read.page {
        Some(page) => page_outline(page, &mut out),
        None => out.push_str("no page\n"),
    }
    if !read.diagnostics.is_empty() {
        out.push('\n');
        out.push_str(&said(&read.diagnostics));
    }
    out
}

fn page_outline(page: &Page, out: &mut String) {
    let folder = page.folder.join(" / ");
    writeln!(out, "{} [{folder}]", page.title).unwrap();
    for (name, value) in [("status", &page.status), ("modified", &page.modified)] {
        if let Some(value) = value {
            writeln!(out, "{name} {value}").unwrap();
        }
    }
    for note in &page.notes {
        writeln!(out, "{}: note {}", note.line, note.text).unwrap();
    }
    match &page.kind {
        PageKind::Guide => out.push_str("guide\n"),
        PageKind::Operation(operation) => operation_outline(operation, out),
    }
    for line in page.text.lines() {
        writeln!(out, "| {line}").unwrap();
    }
    for schema in &page.schemas {
        let file = schema.file.as_deref().unwrap_or_default();
        writeln!(
            out,
            "{file}:{}: schema {} {}",
            schema.line, schema.name, schema.schema
        )
        .unwrap();
    }
}

fn operation_outline(operation: &ApiOperation, out: &mut String) {
    let server = operation.server.as_deref().unwrap_or("no server");
    writeln!(
        out,
        "{}: {} {} on {server}",
        operation.line,
        operation.method.name(),
        operation.path
    )
    .unwrap();
    if let Some(auth) = &operation.auth {
        writeln!(out, "{}: auth {}", auth.line, auth.scheme).unwrap();
    }
    for security in operation.security.iter().flatten() {
        writeln!(
            out,
            "{}: security {} {}",
            security.line, security.name, security.scheme
        )
        .unwrap();
    }
    if operation.deprecated {
        out.push_str("deprecated\n");
    }
    for parameter in &operation.parameters {
        let samples: Vec<String> = parameter
            .samples
            .iter()
            .map(|sample| format!(" {:?}@{}", sample.text, sample.line))
            .collect();
        let place = parameter.place.name();
        writeln!(
            out,
            "{}{}",
            field(&parameter.field, place),
            samples.concat()
        )
        .unwrap();
        given(&parameter.schema, out);
    }
    if let Some(body) = &operation.body {
        let required = body
            .required
            .map_or("", |yes| if yes { " required" } else { " optional" });
        writeln!(out, "{}: body{required}", body.line).unwrap();
        body.contents
            .iter()
            .for_each(|content| content_outline(content, out));
    }
    for response in &operation.responses {
        writeln!(
            out,
            "{}: response {} {:?}",
            response.line, response.status, response.name
        )
        .unwrap();
        if let Some(label) = &response.label {
            writeln!(out, "  label {label:?}").unwrap();
        }
        for header in &response.headers {
            writeln!(out, "  {}", field(header, "header")).unwrap();
        }
        response
            .contents
            .iter()
            .for_each(|content| content_outline(content, out));
    }
}

fn content_outline(content: &BodyContent, out: &mut String) {
    writeln!(out, "  {}: {}", content.line, content.media_type).unwrap();
    given(&content.schema, out);
    for row in &content.fields {
        writeln!(out, "    {}", field(row, "field")).unwrap();
    }
    for example in &content.examples {
        let cut = if example.cut { " cut" } else { "" };
        writeln!(
            out,
            "    {}: example{cut} {}",
            example.line,
            value(&example.value)
        )
        .unwrap();
    }
}

/// Prints a schema of the page without its lines.
fn given(schema: &SchemaSource, out: &mut String) {
    if let SchemaSource::Documented(schema) = schema {
        writeln!(out, "    schema {schema}").unwrap();
    }
}

fn field(field: &FieldSpec, word: &str) -> String {
    let mut out = format!("{}: {word} {}", field.line, field.name);
    if let Some(type_name) = &field.type_name {
        write!(out, " <{type_name}>").unwrap();
    }
    if let Some(required) = field.required {
        out.push_str(if required { " required" } else { " optional" });
    }
    if let Some(length) = field.max_length {
        write!(out, " max {length}").unwrap();
    }
    if let Some(fixed) = &field.fixed {
        write!(out, " always {fixed:?}").unwrap();
    }
    if let Some(description) = &field.description {
        write!(out, " ({description})").unwrap();
    }
    out
}

/// Prints a value with the line of each field.
fn value(node: &JsonNode) -> String {
    match &node.value {
        JsonValue::Null => "null".to_owned(),
        JsonValue::Bool(value) => value.to_string(),
        JsonValue::Number(digits) => digits.clone(),
        JsonValue::String(text) => format!("{text:?}"),
        JsonValue::Array(items) => format!(
            "[{}]",
            items.iter().map(value).collect::<Vec<_>>().join(", ")
        ),
        JsonValue::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|member| format!("{}@{}: {}", member.name, member.line, value(&member.value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}
