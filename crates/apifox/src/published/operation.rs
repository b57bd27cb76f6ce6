//! The operation of a published page.

use std::sync::Arc;

use super::SchemaList;
use super::bodies::Bodies;
use crate::PageSource;
use crate::given::Reader;
use crate::given::call::call;
use crate::given::parameter::{Parameters, add_query, place};
use crate::given::security::{scheme, take_headers};
use crate::json::{Budget, JsonNode};
use crate::message::Diagnostic;
use crate::page::{ApiOperation, Page, PageKind, SecurityScheme};

/// Adds the operation to a page.
pub(super) fn read(
    node: &JsonNode,
    page: &mut Page,
    source: &PageSource,
    schemas: &SchemaList,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<()> {
    let file: Arc<str> = Arc::from(source.name);
    let text = |name: &str| {
        node.get(name)
            .and_then(JsonNode::scalar)
            .unwrap_or_default()
    };
    let line = |name: &str| {
        let members = node.fields().iter();
        members
            .rev()
            .find(|member| member.name == name)
            .map_or(node.line, |member| member.line)
    };
    let at = line("method");
    let (method, address) = call(&text("method"), &text("path"), at, source, diagnostics)?;
    let known = schemas.with_own(node, source.name, diagnostics);
    let mut reader = Reader::new(&file, &known, Budget::default());
    let mut parameters = Parameters::new(&address.path, line("path"));
    for group in ["parameters", "commonParameters"] {
        let Some(group) = node.get(group) else {
            continue;
        };
        // Parameters are grouped by location; upload tools produce a list as in OpenAPI.
        parameters.add_list(group.items(), &mut reader);
        for word in ["path", "query", "header", "cookie"] {
            let Some(place) = place(word) else { continue };
            for parameter in group.get(word).map(JsonNode::items).unwrap_or_default() {
                parameters.add(place, parameter, &mut reader);
            }
        }
    }
    let mut parameters = parameters.finish();
    add_query(&address.query, line("path"), &mut parameters);
    let mut security = security(node, &mut reader);
    take_headers(&mut parameters, &mut security);
    let mut bodies = Bodies {
        file: Arc::clone(&file),
        reader: &mut reader,
        budget: Budget::default(),
    };
    let body = node
        .get("requestBody")
        .and_then(|body| bodies.request(body));
    let examples = node
        .get("responseExamples")
        .map(JsonNode::items)
        .unwrap_or_default();
    let responses = bodies.responses(
        node.get("responses")
            .map(JsonNode::items)
            .unwrap_or_default(),
        examples,
    );
    page.kind = PageKind::Operation(ApiOperation {
        line: at,
        method,
        path: address.path,
        server: address.server,
        parameters,
        body,
        responses,
        auth: None,
        security,
        deprecated: page.status.as_deref() == Some("deprecated") || node.says("deprecated"),
    });
    page.schemas = known.closure(&mut reader);
    diagnostics.append(&mut reader.diagnostics);
    Some(())
}

/// Returns the security scheme of the page, which is in one of two fields. A scheme referenced by
/// its number in the project is not on the page.
fn security(node: &JsonNode, reader: &mut Reader) -> Vec<Vec<SecurityScheme>> {
    let named = |word: &str| {
        let node = node.get(word)?;
        let scheme = scheme(node)?;
        let name = match scheme["scheme"].as_str().or(scheme["name"].as_str()) {
            Some(name) => crate::names::camel_case(name),
            None => scheme["type"].as_str().unwrap_or_default().to_owned(),
        };
        Some(vec![vec![SecurityScheme {
            name,
            scheme,
            line: node.line,
        }]])
    };
    let found = named("auth").or_else(|| named("securityScheme"));
    let elsewhere = node
        .get("securityScheme")
        .filter(|node| !node.fields().is_empty());
    if let (None, Some(elsewhere)) = (&found, elsewhere) {
        reader.warn(
            elsewhere.line,
            "the page references a security scheme that it does not contain; no scheme is required",
            "set the security of the operation in an overlay",
        );
    }
    found.unwrap_or_default()
}
