//! The operation of the document in a twin.

use std::collections::HashMap;
use std::sync::Arc;

use super::bodies::{Bodies, only_one};
use crate::Source;
use crate::given::call::{call, check_key, first_tag, folders, server};
use crate::given::parameter::{Parameters, add_query};
use crate::given::security::{scheme, take_headers};
use crate::given::{Lookup, Named, Reader};
use crate::json::{Budget, Member, Node};
use crate::message::Message;
use crate::page::{Kind, NamedSchema, Operation, Page, Security};

/// Schemas of the document by name.
struct Schemas<'a> {
    file: &'a Arc<str>,
    all: HashMap<&'a str, &'a Member>,
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

/// Fills a page with what its document says. A document of schemas alone makes it a guide.
pub(super) fn read(
    root: &Node,
    page: &mut Page,
    source: &Source,
    messages: &mut Vec<Message>,
) -> Option<()> {
    let file: Arc<str> = Arc::from(source.name);
    let components = root
        .get("components")
        .and_then(|components| components.get("schemas"));
    let named = components.map(Node::members).unwrap_or_default();
    let schemas = Schemas {
        file: &file,
        all: named
            .iter()
            .map(|member| (member.name.as_str(), member))
            .collect(),
    };
    let mut reader = Reader::new(&file, &schemas, Budget::default());
    let paths = root
        .get("paths")
        .filter(|paths| !paths.members().is_empty());
    let found = match paths {
        Some(paths) => one_operation(paths, source, messages),
        None if source.role == crate::Role::Receiver || components.is_none() => {
            messages.push(
                Message::error(
                    source.name,
                    root.line,
                    "the document of the page has no path, and no schemas",
                )
                .with_help("get the page again, or leave it out"),
            );
            None
        }
        // The page of a schema.
        None => {
            page.schemas = brought(named, &mut reader);
            messages.append(&mut reader.messages);
            return Some(());
        }
    };
    let Some((path, method, node)) = found else {
        messages.append(&mut reader.messages);
        return None;
    };
    let (kind, address) = call(&method.name, &path.name, method.line, source, messages)?;
    let run = ["x-run-in-apifox", "x-run-in-apidog"]
        .iter()
        .find_map(|word| Some((node.text_of(word)?, node.get(word)?.line)));
    if let Some((link, line)) = run {
        check_key(page_id(link), line, source, messages);
    }
    page.schemas = brought(named, &mut reader);
    let mut parameters = Parameters::new(&address.path, path.line);
    let shared = path
        .value
        .get("parameters")
        .map(Node::items)
        .unwrap_or_default();
    let own = node.get("parameters").map(Node::items).unwrap_or_default();
    parameters.add_list(own, &mut reader);
    parameters.add_list(shared, &mut reader);
    let mut parameters = parameters.finish();
    add_query(&address.query, path.line, &mut parameters);
    let mut security = security(root, node);
    take_headers(&mut parameters, &mut security);
    let mut bodies = Bodies {
        file: Arc::clone(&file),
        reader: &mut reader,
        budget: Budget::default(),
    };
    let body = node
        .get("requestBody")
        .and_then(|body| bodies.request(body));
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
    page.kind = Kind::Api(Operation {
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
    });
    messages.append(&mut reader.messages);
    Some(())
}

const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The only path and method of the document.
fn one_operation<'a>(
    paths: &'a Node,
    source: &Source,
    messages: &mut Vec<Message>,
) -> Option<(&'a Member, &'a Member, &'a Node)> {
    let mut all = paths.members().iter().filter(|path| path.value.is_object());
    let path = all.next();
    let mut methods = path
        .iter()
        .flat_map(|path| path.value.members())
        .filter(|member| METHODS.contains(&member.name.to_ascii_lowercase().as_str()));
    let (Some(path), Some(method)) = (path, methods.next()) else {
        messages.push(
            Message::error(
                source.name,
                paths.line,
                "the operation can't be read: the document of the page has no path with a method",
            )
            .with_help("get the page again, or leave it out"),
        );
        return None;
    };
    if let Some(other) = methods.next() {
        messages.push(only_one(source.name, other.line, "method"));
    }
    if let Some(other) = all.next() {
        messages.push(only_one(source.name, other.line, "path"));
    }
    Some((path, method, &method.value))
}

/// The schemas that the page brings, each name once.
fn brought(named: &[Member], reader: &mut Reader) -> Vec<NamedSchema> {
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
            // Of two members of one name the last counts.
            Some(&at) => schemas[at] = schema,
            None => {
                places.insert(&member.name, schemas.len());
                schemas.push(schema);
            }
        }
    }
    schemas
}

/// The number in `https://app.apifox.com/web/project/<P>/apis/api-<N>-run`.
fn page_id(link: &str) -> &str {
    link.rsplit_once("api-")
        .and_then(|(_, rest)| rest.strip_suffix("-run"))
        .unwrap_or_default()
}

fn first_server(root: &Node, node: &Node) -> Option<String> {
    [node, root]
        .iter()
        .filter_map(|node| node.get("servers"))
        .flat_map(Node::items)
        .find_map(|item| server(item.text_of("url")?))
}

/// The sets of schemes that the document asks for: those of the operation, else those of all.
fn security(root: &Node, node: &Node) -> Vec<Vec<Security>> {
    let schemes = root
        .get("components")
        .and_then(|components| components.get("securitySchemes"));
    // An empty list is a word too: nothing is asked for.
    let asked = node.get("security").or_else(|| root.get("security"));
    let mut sets = Vec::new();
    for set in asked.map(Node::items).unwrap_or_default() {
        let named = set.members().iter().filter_map(|member| {
            let scheme = scheme(schemes?.get(&member.name)?)?;
            Some(Security {
                name: member.name.clone(),
                scheme,
                line: member.line,
            })
        });
        let set: Vec<Security> = named.collect();
        if !set.is_empty() && !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_pages() {
        for (link, id) in [
            ("https://app.apifox.com/web/project/7/apis/api-12-run", "12"),
            ("https://app.apifox.com/web/project/7/apis/api-12", ""),
            ("", ""),
        ] {
            assert_eq!(page_id(link), id);
        }
    }
}
