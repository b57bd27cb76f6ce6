//! An OpenAPI document as the rules see it: its operations, its components, and who uses them.

use super::walk::{Place, Role, Site, references, walk};
use crate::openapi::json::{members, strings};
use crate::openapi::{METHODS, child, component_name};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// How many references are followed in a row: more than that is a circle.
const MAX_HOPS: usize = 16;

/// A document and what was found in it.
pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
    /// Operations of `paths`, then of `x-webhooks`.
    pub(super) operations: Vec<Operation<'a>>,
    /// Named schemas.
    pub(super) components: Vec<(&'a str, &'a Value)>,
    /// Every schema, of components first, then of operations.
    pub(super) sites: Vec<Site<'a>>,
    /// Pointers of all references, with what they name.
    pub(super) references: Vec<(String, &'a str)>,
    /// Component name to the first operation that uses it.
    owners: HashMap<&'a str, usize>,
}

/// An operation.
pub(super) struct Operation<'a> {
    pub(super) pointer: String,
    pub(super) value: &'a Value,
    /// The path, or the webhook's name.
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    /// A call that the gateway makes to the reader.
    pub(super) webhook: bool,
    path_parameters: Option<&'a Value>,
    path_pointer: String,
}

/// A part of an operation, after its reference was followed.
#[derive(Clone)]
pub(super) struct Found<'a> {
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        let components: Vec<(&str, &Value)> = root
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
            .collect();
        let mut document = Self {
            root,
            operations: operations(root),
            components,
            sites: Vec::new(),
            references: Vec::new(),
            owners: HashMap::new(),
        };
        references(root, "", false, &mut document.references);
        let received = document.uses();
        let mut sites = Vec::new();
        for (name, schema) in &document.components {
            let place = Place {
                component: Some(name),
                received: received.contains(name),
            };
            walk(
                &child("/components/schemas", name),
                schema,
                Role::Component,
                &place,
                &mut sites,
            );
        }
        document.operation_sites(&mut sites);
        document.sites = sites;
        document
    }

    /// What a `$ref` of the document names.
    pub(super) fn target(&self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// Follows the references of a value that is not a schema.
    pub(super) fn follow(&self, pointer: &str, value: &'a Value) -> Found<'a> {
        let mut found = Found {
            pointer: pointer.to_owned(),
            value,
        };
        for _ in 0..MAX_HOPS {
            let Some(reference) = found.value.get("$ref").and_then(Value::as_str) else {
                break;
            };
            let (Some(pointer), Some(value)) =
                (reference.strip_prefix('#'), self.target(reference))
            else {
                break;
            };
            found = Found {
                pointer: pointer.to_owned(),
                value,
            };
        }
        found
    }

    /// Whether a component's references never come to a schema.
    pub(super) fn resolve_is_circular(&self, name: &str) -> bool {
        let schema = self
            .root
            .get("components")
            .and_then(|components| components.get("schemas"))
            .and_then(|schemas| schemas.get(name));
        schema
            .map(|schema| self.resolve(schema))
            .and_then(|schema| schema.get("$ref"))
            .and_then(Value::as_str)
            .is_some_and(
                // A reference that dangles is no circle.
                |reference| self.target(reference).is_some(),
            )
    }

    /// The schema that a schema stands for: through references and through an `allOf` of one part.
    pub(super) fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_HOPS {
            if let Some(next) = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| self.target(reference))
            {
                schema = next;
            } else if let Some([only]) = schema
                .get("allOf")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
            {
                schema = only;
            } else {
                break;
            }
        }
        schema
    }

    /// Parameters of an operation, with those of its path.
    pub(super) fn parameters(&self, operation: &Operation<'a>) -> Vec<Found<'a>> {
        let own = operation
            .value
            .get("parameters")
            .map(|list| (child(&operation.pointer, "parameters"), list));
        let shared = operation
            .path_parameters
            .map(|list| (child(&operation.path_pointer, "parameters"), list));
        let mut found = Vec::new();
        for (pointer, list) in own.into_iter().chain(shared) {
            for (index, parameter) in list.as_array().into_iter().flatten().enumerate() {
                found.push(self.follow(&format!("{pointer}/{index}"), parameter));
            }
        }
        found
    }

    /// The request body of an operation.
    pub(super) fn body(&self, operation: &Operation<'a>) -> Option<Found<'a>> {
        let body = operation.value.get("requestBody")?;
        Some(self.follow(&child(&operation.pointer, "requestBody"), body))
    }

    /// The answers of an operation by status.
    pub(super) fn answers(&self, operation: &Operation<'a>) -> Vec<(&'a str, Found<'a>)> {
        let pointer = child(&operation.pointer, "responses");
        members(operation.value.get("responses"))
            .map(|(status, answer)| (status, self.follow(&child(&pointer, status), answer)))
            .collect()
    }

    /// The media types of the request body and of the answers of an operation.
    pub(super) fn contents(&self, operation: &Operation<'a>) -> Vec<(&'a str, Found<'a>)> {
        let answers = self
            .answers(operation)
            .into_iter()
            .map(|(_, answer)| answer);
        self.body(operation)
            .into_iter()
            .chain(answers)
            .flat_map(|found| content(&found))
            .collect()
    }

    /// The page that a place comes from: by the nearest marker up the tree, else by the operation that
    /// uses its component.
    pub(super) fn page(&self, place: &str) -> Option<String> {
        let mut rest = place;
        loop {
            if let Some(page) = self.root.pointer(rest).and_then(page_of) {
                return Some(page);
            }
            rest = match rest.rfind('/') {
                Some(end) => rest.get(..end)?,
                None => break,
            };
        }
        let name = place
            .strip_prefix("/components/schemas/")?
            .split('/')
            .next()?;
        let owner = self
            .owners
            .get(name)
            .and_then(|index| self.operations.get(*index))?;
        page_of(owner.value)
    }

    /// Finds the first user of each component, and gives the components that the reader receives: in the
    /// answers of operations and in the bodies of webhooks, through all references.
    fn uses(&mut self) -> HashSet<&'a str> {
        let mut sent = Vec::new();
        let mut received = Vec::new();
        for (index, operation) in self.operations.iter().enumerate() {
            let parameters = self.parameters(operation).into_iter();
            let asked = parameters
                .chain(self.body(operation))
                .map(|found| (index, found.value));
            let answered = self
                .answers(operation)
                .into_iter()
                .map(|(_, found)| (index, found.value));
            if operation.webhook {
                received.extend(asked);
                sent.extend(answered);
            } else {
                sent.extend(asked);
                received.extend(answered);
            }
        }
        let mut owners = HashMap::new();
        let received = self.reached(received, &mut owners);
        self.reached(sent, &mut owners);
        self.owners = owners;
        received
    }

    fn reached(
        &self,
        from: Vec<(usize, &'a Value)>,
        owners: &mut HashMap<&'a str, usize>,
    ) -> HashSet<&'a str> {
        let mut reached = HashSet::new();
        for (index, value) in from {
            let mut open = vec![value];
            while let Some(value) = open.pop() {
                let mut found = Vec::new();
                references(value, "", false, &mut found);
                for (_, reference) in found {
                    if let Some(name) = component_name(reference)
                        && let Some(schema) = self.target(reference)
                        && reached.insert(name)
                    {
                        owners.entry(name).or_insert(index);
                        open.push(schema);
                    }
                }
            }
        }
        reached
    }

    fn operation_sites(&self, sites: &mut Vec<Site<'a>>) {
        let mut seen = HashSet::new();
        for operation in &self.operations {
            let asked = Place {
                component: None,
                received: operation.webhook,
            };
            let answered = Place {
                component: None,
                received: !operation.webhook,
            };
            for parameter in self.parameters(operation) {
                if let Some(schema) = parameter.value.get("schema")
                    && seen.insert(parameter.pointer.clone())
                {
                    let name = parameter
                        .value
                        .get("name")
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    walk(
                        &child(&parameter.pointer, "schema"),
                        schema,
                        Role::Parameter { name },
                        &asked,
                        sites,
                    );
                }
            }
            if let Some(found) = self.body(operation)
                && seen.insert(found.pointer.clone())
            {
                bodies(&found, &asked, sites);
            }
            for (_, found) in self.answers(operation) {
                if seen.insert(found.pointer.clone()) {
                    bodies(&found, &answered, sites);
                    for (name, header) in members(found.value.get("headers")) {
                        let header =
                            self.follow(&child(&child(&found.pointer, "headers"), name), header);
                        if let Some(schema) = header.value.get("schema") {
                            walk(
                                &child(&header.pointer, "schema"),
                                schema,
                                Role::Parameter { name },
                                &answered,
                                sites,
                            );
                        }
                    }
                }
            }
        }
    }
}

fn operations(root: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (place, webhook) in [("paths", false), ("x-webhooks", true)] {
        for (path, item) in members(root.get(place)) {
            let path_pointer = child(&format!("/{place}"), path);
            for (method, value) in members(Some(item)) {
                if METHODS.contains(&method) {
                    operations.push(Operation {
                        pointer: child(&path_pointer, method),
                        value,
                        path,
                        method,
                        webhook,
                        path_parameters: item.get("parameters"),
                        path_pointer: path_pointer.clone(),
                    });
                }
            }
        }
    }
    operations
}

/// The media types of a body or an answer.
pub(super) fn content<'a>(found: &Found<'a>) -> Vec<(&'a str, Found<'a>)> {
    let pointer = child(&found.pointer, "content");
    members(found.value.get("content"))
        .map(|(media, value)| {
            (
                media,
                Found {
                    pointer: child(&pointer, media),
                    value,
                },
            )
        })
        .collect()
}

fn bodies<'a>(found: &Found<'a>, place: &Place<'a>, sites: &mut Vec<Site<'a>>) {
    for (_, media) in content(found) {
        if let Some(schema) = media.value.get("schema") {
            walk(
                &child(&media.pointer, "schema"),
                schema,
                Role::Body,
                place,
                sites,
            );
        }
    }
}

fn page_of(value: &Value) -> Option<String> {
    if let Some(at) = value.get("x-apifox-at").and_then(Value::as_str) {
        return Some(at.to_owned());
    }
    [
        value.get("x-apifox-pages"),
        value
            .get("x-evidence")
            .and_then(|evidence| evidence.get("pages")),
    ]
    .into_iter()
    .map(|pages| strings(pages).collect::<Vec<_>>().join(", "))
    .find(|pages| !pages.is_empty())
}
