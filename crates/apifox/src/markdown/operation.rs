//! The operation in the OpenAPI document of a Markdown page.

use crate::PageSource;
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{Budget, JsonField, JsonNode};
use crate::page::{
    ApiOperation, ApiResponse, BodyContent, BodyExample, NamedSchema, Page, PageKind, RequestBody,
    SecurityScheme,
};
use crate::schema_import::body::{self, Examples, content, headers, shows_content};
use crate::schema_import::endpoint::{call, check_key, first_tag, folders, further_tags, server};
use crate::schema_import::parameters::{Parameters, add_query};
use crate::schema_import::security::{scheme, take_headers};
use crate::schema_import::{Lookup, Named, SchemaImporter};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Schemas of the document by name.
struct Schemas<'a> {
    file: &'a Arc<str>,
    all: HashMap<&'a str, &'a JsonField>,
}

impl Lookup for Schemas<'_> {
    fn find(&self, key: &str) -> Option<Named<'_>> {
        let member = self.all.get(key)?;
        Some(Named {
            name: &member.name,
            file: self.file,
            schema: &member.value,
        })
    }
}

/// A path and a method of a document, and the operation.
pub(crate) type OperationNode<'a> = (&'a JsonField, &'a JsonField, &'a JsonNode);

/// Adds the OpenAPI document of a page to it. A page whose document has only schemas becomes a guide.
pub(super) fn read(
    root: &JsonNode,
    page: &mut Page,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<()> {
    read_operation(root, None, page, source, diagnostics)
}

/// Adds one operation of an OpenAPI document to a page: the chosen one, with the schemas that it
/// refers to, or the only one, with all schemas.
pub(crate) fn read_operation(
    root: &JsonNode,
    chosen: Option<OperationNode>,
    page: &mut Page,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<()> {
    let file: Arc<str> = Arc::from(source.name);
    let components = root
        .get("components")
        .and_then(|components| components.get("schemas"));
    let named = components.map(JsonNode::fields).unwrap_or_default();
    let schemas = Schemas {
        file: &file,
        all: named
            .iter()
            .map(|member| (member.name.as_str(), member))
            .collect(),
    };
    let mut reader = SchemaImporter::new(&file, &schemas, Budget::default());
    let paths = root.get("paths").filter(|paths| !paths.fields().is_empty());
    let found = match paths {
        Some(_) if chosen.is_some() => chosen,
        Some(paths) => one_operation(paths, source, diagnostics),
        None if source.role == crate::PageRole::Webhook || components.is_none() => {
            diagnostics.push(
                Diagnostic::error(
                    source.name,
                    root.line,
                    "the document of the page has neither a path nor schemas",
                )
                .with_help("download the page again, or leave it out"),
            );
            None
        }
        // A page about a schema.
        None => {
            page.schemas = brought(named, &mut reader);
            diagnostics.append(&mut reader.diagnostics);
            return Some(());
        }
    };
    let Some((path, method, node)) = found else {
        diagnostics.append(&mut reader.diagnostics);
        return None;
    };
    let (kind, address) = call(&method.name, &path.name, method.line, source, diagnostics)?;
    let run = ["x-run-in-apifox", "x-run-in-apidog"]
        .iter()
        .find_map(|word| Some((node.text_of(word)?, node.get(word)?.line)));
    if let Some((link, line)) = run {
        check_key(page_id(link), line, source, diagnostics);
    }
    if chosen.is_none() {
        page.schemas = brought(named, &mut reader);
    }
    let mut parameters = Parameters::new(&address.path, path.line);
    let shared = path
        .value
        .get("parameters")
        .map(JsonNode::items)
        .unwrap_or_default();
    let own = node
        .get("parameters")
        .map(JsonNode::items)
        .unwrap_or_default();
    parameters.add_list(own, &mut reader);
    parameters.add_list(shared, &mut reader);
    let mut parameters = parameters.finish();
    add_query(&address.query, path.line, &mut parameters);
    let mut security = security(root, node, &mut reader);
    take_headers(&mut parameters, &mut security);
    let mut bodies = Bodies {
        file: Arc::clone(&file),
        reader: &mut reader,
        budget: Budget::default(),
    };
    let body = node
        .get("requestBody")
        .and_then(|body| bodies.request(body))
        .filter(|body| kind.has_body() || shows_content(body));
    let callbacks = bodies.callbacks(node.get("callbacks"));
    let responses = node
        .get("responses")
        .map(|node| bodies.responses(node))
        .unwrap_or_default();
    let word = |names: [&str; 2]| names.iter().find_map(|name| node.text_of(name));
    let folder = word(["x-apifox-folder", "x-apidog-folder"]);
    page.folder = folder.or(first_tag(node)).map(folders).unwrap_or_default();
    page.status = word(["x-apifox-status", "x-apidog-status"]).map(str::to_owned);
    if let Some(description) = node.text_of("description") {
        if !page.text.is_empty() {
            page.text.push_str("\n\n");
        }
        page.text.push_str(description);
    }
    page.kind = PageKind::Operation(ApiOperation {
        line: method.line,
        method: kind,
        path: address.path,
        server: address.server.or_else(|| first_server(root, node)),
        parameters,
        body,
        responses,
        auth: None,
        security,
        deprecated: node.says("deprecated"),
        operation_id: node.text_of("operationId").map(str::to_owned),
        tags: further_tags(node, &page.folder),
        callbacks,
    });
    if chosen.is_some() {
        page.schemas = referred(&schemas, &mut reader);
    }
    diagnostics.append(&mut reader.diagnostics);
    Some(())
}

/// Imports the schemas that an operation refers to, directly or through other schemas.
fn referred(schemas: &Schemas, reader: &mut SchemaImporter) -> Vec<NamedSchema> {
    let mut found = Vec::new();
    let mut keys = reader.take_used();
    while let Some(key) = keys.pop() {
        if let Some(member) = schemas.all.get(key.as_str()) {
            found.push(NamedSchema {
                name: member.name.clone(),
                file: None,
                line: member.line,
                schema: reader.named(&member.name, &member.value),
            });
            keys.extend(reader.take_used());
        }
    }
    found
}

pub(crate) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Returns the only path and method of the document.
fn one_operation<'a>(
    paths: &'a JsonNode,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(&'a JsonField, &'a JsonField, &'a JsonNode)> {
    let mut all = paths.fields().iter().filter(|path| path.value.is_object());
    let path = all.next();
    let mut methods = path
        .iter()
        .flat_map(|path| path.value.fields())
        .filter(|member| METHODS.contains(&member.name.to_ascii_lowercase().as_str()));
    let (Some(path), Some(method)) = (path, methods.next()) else {
        diagnostics.push(
            Diagnostic::error(
                source.name,
                paths.line,
                "the operation cannot be read: the document of the page has no path with a method",
            )
            .with_help("download the page again, or leave it out"),
        );
        return None;
    };
    if let Some(other) = methods.next() {
        diagnostics.push(only_one(source.name, other.line, "method"));
    }
    if let Some(other) = all.next() {
        diagnostics.push(only_one(source.name, other.line, "path"));
    }
    Some((path, method, &method.value))
}

/// Imports the schemas of the page, each name once.
fn brought(named: &[JsonField], reader: &mut SchemaImporter) -> Vec<NamedSchema> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut schemas: Vec<NamedSchema> = Vec::new();
    for member in named {
        let schema = NamedSchema {
            name: member.name.clone(),
            file: None,
            line: member.line,
            schema: reader.named(&member.name, &member.value),
        };
        match places.get(member.name.as_str()) {
            // If a name is repeated, the last field wins.
            Some(&at) => schemas[at] = schema,
            None => {
                places.insert(&member.name, schemas.len());
                schemas.push(schema);
            }
        }
    }
    schemas
}

/// Returns the number in `https://app.apifox.com/web/project/<P>/apis/api-<N>-run`.
pub(crate) fn page_id(link: &str) -> &str {
    link.rsplit_once("api-")
        .and_then(|(_, rest)| rest.strip_suffix("-run"))
        .unwrap_or_default()
}

fn first_server(root: &JsonNode, node: &JsonNode) -> Option<String> {
    [node, root]
        .iter()
        .filter_map(|node| node.get("servers"))
        .flat_map(JsonNode::items)
        .find_map(|item| server(item.text_of("url")?))
}

/// Returns the alternative sets of security schemes of the operation, or else of the document.
fn security(
    root: &JsonNode,
    node: &JsonNode,
    reader: &mut SchemaImporter,
) -> Vec<Vec<SecurityScheme>> {
    let schemes = root
        .get("components")
        .and_then(|components| components.get("securitySchemes"));
    // A requirement may contain the displayed name of a scheme instead of its key.
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let find = |name: &str| {
        let schemes = schemes?;
        let displayed = |member: &&JsonField| {
            plain(&member.name) == plain(name)
                || member.value.text_of("x-apifox-name") == Some(name)
        };
        schemes
            .get(name)
            .or_else(|| Some(&schemes.fields().iter().find(displayed)?.value))
    };
    // An empty list means that no scheme is required.
    let asked = node.get("security").or_else(|| root.get("security"));
    let mut sets = Vec::new();
    for set in asked.map(JsonNode::items).unwrap_or_default() {
        let mut named = Vec::new();
        for member in set.fields() {
            // The site adds its own settings to the requirement.
            if member.name.starts_with("x-") {
                continue;
            }
            match find(&member.name).and_then(scheme) {
                Some(scheme) => named.push(SecurityScheme {
                    name: member.name.clone(),
                    scheme,
                    line: member.line,
                }),
                None => reader.warn(
                    member.line,
                    format!(
                        "the page has no security scheme {}; it is not required",
                        quoted(&member.name)
                    ),
                    "set the security of the operation in an overlay",
                ),
            }
        }
        let set: Vec<SecurityScheme> = named;
        if !set.is_empty() && !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

/// Reads the request body and responses.
pub(super) struct Bodies<'r, 'a> {
    pub(super) file: Arc<str>,
    pub(super) reader: &'r mut SchemaImporter<'a>,
    pub(super) budget: Budget,
}

impl Bodies<'_, '_> {
    pub(super) fn request(&mut self, node: &JsonNode) -> Option<RequestBody> {
        let contents = self.contents(node.get("content")?);
        (!contents.is_empty()).then(|| RequestBody {
            line: node.line,
            required: node.get("required").and_then(JsonNode::truth),
            contents,
        })
    }

    pub(super) fn responses(&mut self, node: &JsonNode) -> Vec<ApiResponse> {
        let mut responses = Vec::new();
        for member in node.fields() {
            let Some((status, label)) = body::status(&member.name) else {
                if !member.name.starts_with("x-") {
                    self.reader.warn(
                        member.line,
                        format!(
                            "{} is not a response status; the response is left out",
                            quoted(&member.name)
                        ),
                        "correct the status in the file",
                    );
                }
                continue;
            };
            let response = &member.value;
            let words = ["description", "x-apifox-name", "x-apidog-name"];
            let name = words.iter().find_map(|word| response.text_of(word));
            responses.push(ApiResponse {
                line: member.line,
                status,
                name: name.or(label.as_deref()).unwrap_or_default().to_owned(),
                label,
                contents: response
                    .get("content")
                    .map(|node| self.contents(node))
                    .unwrap_or_default(),
                headers: response.get("headers").map(headers).unwrap_or_default(),
            });
        }
        responses
    }

    /// Converts the callbacks of an operation: their request bodies and responses.
    fn callbacks(&mut self, node: Option<&JsonNode>) -> Map<String, Value> {
        let mut callbacks = Map::new();
        for callback in node.map(JsonNode::fields).unwrap_or_default() {
            let mut expressions = Map::new();
            for expression in callback.value.fields() {
                let mut item = Map::new();
                for method in expression.value.fields() {
                    let name = method.name.to_ascii_lowercase();
                    if METHODS.contains(&name.as_str()) {
                        item.insert(name, self.callback(&method.value));
                    }
                }
                if !item.is_empty() {
                    expressions.insert(expression.name.clone(), Value::Object(item));
                }
            }
            if !expressions.is_empty() {
                callbacks.insert(callback.name.clone(), Value::Object(expressions));
            }
        }
        callbacks
    }

    fn callback(&mut self, node: &JsonNode) -> Value {
        let mut operation = Map::new();
        for word in ["summary", "description"] {
            if let Some(text) = node.text_of(word) {
                operation.insert(word.to_owned(), json!(text));
            }
        }
        let body = node.get("requestBody").and_then(|body| body.get("content"));
        if let Some(content) = body.map(|node| self.schemas_of(node)) {
            operation.insert("requestBody".to_owned(), json!({ "content": content }));
        }
        let mut responses = Map::new();
        for response in node
            .get("responses")
            .map(JsonNode::fields)
            .unwrap_or_default()
        {
            let Some((status, _)) = body::status(&response.name) else {
                continue;
            };
            let text = response.value.text_of("description").unwrap_or_default();
            let mut object = Map::new();
            object.insert("description".to_owned(), json!(text));
            if let Some(content) = response.value.get("content") {
                object.insert("content".to_owned(), self.schemas_of(content));
            }
            responses.insert(status, Value::Object(object));
        }
        if responses.is_empty() {
            responses.insert(
                "default".to_owned(),
                json!({ "description": "Any response." }),
            );
        }
        operation.insert("responses".to_owned(), Value::Object(responses));
        Value::Object(operation)
    }

    /// Converts the media types of a callback with their schemas.
    fn schemas_of(&mut self, content: &JsonNode) -> Value {
        let mut media_types = Map::new();
        for member in content.fields() {
            if let Some(media_type) = body::media_type(&member.name) {
                let schema = member.value.get("schema");
                let schema = schema.map_or_else(|| json!({}), |schema| self.reader.schema(schema));
                media_types.insert(media_type, json!({ "schema": schema }));
            }
        }
        Value::Object(media_types)
    }

    fn contents(&mut self, node: &JsonNode) -> Vec<BodyContent> {
        let mut contents: Vec<BodyContent> = Vec::new();
        for member in node.fields() {
            let Some(media_type) = body::media_type(&member.name) else {
                self.reader.warn(
                    member.line,
                    format!(
                        "{} is not a media type; the body is left out",
                        quoted(&member.name)
                    ),
                    "correct the media type in the file",
                );
                continue;
            };
            let schema = member
                .value
                .get("schema")
                .map(|schema| self.reader.schema(schema));
            let examples = self.examples(&member.value, &media_type);
            contents.push(content(member.line, media_type, schema, examples));
        }
        contents
    }

    fn examples(&mut self, node: &JsonNode, media_type: &str) -> Vec<BodyExample> {
        let mut read = Examples {
            file: &self.file,
            budget: &mut self.budget,
            diagnostics: &mut self.reader.diagnostics,
        };
        let mut examples = Vec::new();
        if let Some(example) = node.get("example") {
            examples.extend(read.read(example, None, media_type));
        }
        let named = node.get("examples");
        for member in named.map(JsonNode::fields).unwrap_or_default() {
            let name = member.value.text_of("summary");
            let value = member.value.get("value");
            examples.extend(value.and_then(|value| read.read(value, name, media_type)));
        }
        // In OpenAPI 3.1 a schema has a list of examples.
        for value in named.map(JsonNode::items).unwrap_or_default() {
            examples.extend(read.read(value, None, media_type));
        }
        examples
    }
}

/// Returns a warning that a page has more than one method or path, and that only the first one is
/// read.
pub(super) fn only_one(file: &str, line: u32, what: &str) -> Diagnostic {
    Diagnostic::warning(
        file,
        line,
        format!("the page describes more than one {what}; only the first one is read"),
    )
    .with_help("save each operation as a separate page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_ids_are_extracted() {
        for (link, id) in [
            ("https://app.apifox.com/web/project/7/apis/api-12-run", "12"),
            ("https://app.apifox.com/web/project/7/apis/api-12", ""),
            ("", ""),
        ] {
            assert_eq!(page_id(link), id);
        }
    }
}
