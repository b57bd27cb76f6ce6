//! What the tests share: fixture pages, and a short form of a page for snapshots.

#![allow(dead_code)]

pub mod check;
pub mod layout;

use std::fmt::Write;

use apifox::{Content, Field, Json, Kind, Message, Node, Operation, Page, Read, Role, Source};

/// The fixture pages by the stem of their files.
pub fn fixture(stem: &str) -> Vec<u8> {
    let path = format!("{}/tests/pages/{stem}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All fixture pages, in the order of their names.
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
        .filter_map(|name| name.strip_suffix(".txt").map(str::to_owned))
        .collect();
    stems.sort();
    stems
}

/// Reads a fixture page.
pub fn read(stem: &str) -> Read {
    read_text(stem, &fixture(stem))
}

/// Reads a page from memory under a name.
pub fn read_text(stem: &str, text: &[u8]) -> Read {
    let role = if stem.starts_with("receiver") {
        Role::Receiver
    } else {
        Role::Auto
    };
    apifox::read(&Source {
        name: &format!("pages/{stem}.txt"),
        key: stem,
        role,
        text,
    })
}

/// Messages, one below the other.
pub fn said(messages: &[Message]) -> String {
    messages
        .iter()
        .map(|message| format!("{message}\n"))
        .collect()
}

/// A page in short: what was read and on which lines.
pub fn outline(read: &Read) -> String {
    let mut out = String::new();
    match &read.page {
        Some(page) => page_outline(page, &mut out),
        None => out.push_str("no page\n"),
    }
    if !read.messages.is_empty() {
        out.push('\n');
        out.push_str(&said(&read.messages));
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
        Kind::Guide => out.push_str("guide\n"),
        Kind::Api(operation) => operation_outline(operation, out),
    }
    for line in page.text.lines() {
        writeln!(out, "| {line}").unwrap();
    }
}

fn operation_outline(operation: &Operation, out: &mut String) {
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
        for header in &response.headers {
            writeln!(out, "  {}", field(header, "header")).unwrap();
        }
        response
            .contents
            .iter()
            .for_each(|content| content_outline(content, out));
    }
}

fn content_outline(content: &Content, out: &mut String) {
    writeln!(out, "  {}: {}", content.line, content.media_type).unwrap();
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

fn field(field: &Field, word: &str) -> String {
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

/// A value with the line of each member.
fn value(node: &Node) -> String {
    match &node.value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(digits) => digits.clone(),
        Json::Text(text) => format!("{text:?}"),
        Json::Array(items) => format!(
            "[{}]",
            items.iter().map(value).collect::<Vec<_>>().join(", ")
        ),
        Json::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|member| format!("{}@{}: {}", member.name, member.line, value(&member.value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}
