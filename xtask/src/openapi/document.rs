//! A document with its operations, its schemas and its references listed.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::walk::{ObjectKind, component_at, components_of, references};
use super::{child, component_name, members, strings, text};

/// The number of references that are followed in a row. A longer chain is treated as a circle.
const MAX_HOPS: usize = 16;

/// The keys of a path item that are operations.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

const SECTIONS: [&str; 2] = ["paths", "x-webhooks"];

/// An operation and its place.
pub(crate) struct Operation<'a> {
    /// `paths` or `x-webhooks`.
    pub(crate) section: &'static str,
    /// The path, or the name of the webhook.
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) value: &'a Value,
    /// The JSON pointer of the operation.
    pub(crate) pointer: String,
    /// The parameters that all operations of the path share.
    pub(crate) shared_parameters: Option<&'a Value>,
}

impl Operation<'_> {
    /// Returns whether the gateway sends this request to the user of the API.
    pub(crate) fn is_webhook(&self) -> bool {
        self.section == "x-webhooks"
    }
}

/// Returns the operations of `paths`, then those of `x-webhooks`.
pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for section in SECTIONS {
        for (path, item) in members(document.get(section)) {
            let item_pointer = child(&format!("/{section}"), path);
            for (method, value) in members(Some(item)) {
                if METHODS.contains(&method) {
                    found.push(Operation {
                        section,
                        path,
                        method,
                        value,
                        pointer: child(&item_pointer, method),
                        shared_parameters: item.get("parameters"),
                    });
                }
            }
        }
    }
    found
}

/// Returns the same operations as [`operations`], to be changed.
pub(crate) fn operations_mut(document: &mut Value) -> Vec<&mut Map<String, Value>> {
    let Value::Object(document) = document else {
        return Vec::new();
    };
    document
        .iter_mut()
        .filter(|(section, _)| SECTIONS.contains(&section.as_str()))
        .filter_map(|(_, items)| items.as_object_mut())
        .flat_map(|items| items.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.iter_mut())
        .filter(|(method, _)| METHODS.contains(&method.as_str()))
        .filter_map(|(_, operation)| operation.as_object_mut())
        .collect()
}

/// Returns the operations that contain a place, or that use the component that contains it.
pub(crate) fn users<'d, 'a>(document: &'d Document<'a>, pointer: &str) -> Vec<&'d Operation<'a>> {
    let is_below = |owner: &str| {
        let rest = pointer.strip_prefix(owner);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let component = component_at(pointer);
    let uses = |operation: &&Operation| match component {
        None => is_below(&operation.pointer),
        Some(component) => components_of(document.root, operation.value).contains(component),
    };
    document.operations.iter().filter(uses).collect()
}

/// A value after its references were followed, with the pointer of the place that they lead to.
#[derive(Clone)]
pub(crate) struct Resolved<'a> {
    pub(crate) pointer: String,
    pub(crate) value: &'a Value,
}

/// A schema and its place.
pub(crate) struct SchemaSite<'a> {
    pub(crate) pointer: String,
    pub(crate) schema: &'a Value,
    pub(crate) role: SchemaRole<'a>,
    /// The component that contains the schema.
    pub(crate) component: Option<&'a str>,
    /// Whether the user of the API sends values of this schema.
    pub(crate) is_sent: bool,
    /// Whether the user of the API receives values of this schema.
    pub(crate) is_received: bool,
}

/// The kind of value that a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaRole<'a> {
    /// A named schema.
    Component,
    /// A property of an object.
    Property { name: &'a str, required: bool },
    /// The elements of an array.
    Items,
    /// A branch of `oneOf` or `anyOf`, or the schema of `not`.
    Branch,
    /// A part of `allOf`.
    AllOfPart,
    /// The values of a map.
    MapValues,
    /// A parameter of an operation, or a header of a response.
    Parameter { name: &'a str },
    /// The body of a request or of a response.
    Body,
}

/// A document with lists of its operations, schemas and references.
pub(crate) struct Document<'a> {
    pub(crate) root: &'a Value,
    /// Operations of `paths`, then of `x-webhooks`.
    pub(crate) operations: Vec<Operation<'a>>,
    /// Named schemas.
    pub(crate) components: Vec<(&'a str, &'a Value)>,
    /// All schemas: those of components first, then those of operations.
    pub(crate) schemas: Vec<SchemaSite<'a>>,
    /// The pointers of all references, with their targets.
    pub(crate) references: Vec<(String, &'a str)>,
    /// The index of the first operation that uses a component.
    first_users: HashMap<&'a str, usize>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        let mut document = Self {
            root,
            operations: operations(root),
            components: members(root.pointer("/components/schemas")).collect(),
            schemas: Vec::new(),
            references: references(root, ObjectKind::Other),
            first_users: HashMap::new(),
        };
        let (sent, received) = document.find_users();
        let mut schemas = Vec::new();
        for (name, schema) in &document.components {
            let mut collector = SchemaCollector {
                component: Some(name),
                is_sent: sent.contains(name),
                is_received: received.contains(name),
                found: &mut schemas,
            };
            let pointer = child("/components/schemas", name);
            collector.collect(pointer, schema, SchemaRole::Component);
        }
        document.collect_operation_schemas(&mut schemas);
        document.schemas = schemas;
        document
    }

    /// Returns the value that a `$ref` of this document points to.
    pub(crate) fn target(&self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// Follows the references of a value that is not a schema.
    pub(crate) fn follow(&self, pointer: &str, value: &'a Value) -> Resolved<'a> {
        let mut resolved = Resolved {
            pointer: pointer.to_owned(),
            value,
        };
        for _ in 0..MAX_HOPS {
            let Some(reference) = text(resolved.value, "$ref") else {
                break;
            };
            let (Some(pointer), Some(value)) =
                (reference.strip_prefix('#'), self.target(reference))
            else {
                break;
            };
            resolved = Resolved {
                pointer: pointer.to_owned(),
                value,
            };
        }
        resolved
    }

    /// Follows the references of a schema, and each `allOf` that has a single part.
    pub(crate) fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_HOPS {
            if let Some(next) = text(schema, "$ref").and_then(|reference| self.target(reference)) {
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

    /// Returns whether the references of a component form a circle. A dangling reference does not form a
    /// circle.
    pub(crate) fn is_circular(&self, component: &'a Value) -> bool {
        text(self.resolve(component), "$ref")
            .is_some_and(|reference| self.target(reference).is_some())
    }

    /// Returns the parameters of an operation, followed by the parameters of its path.
    pub(crate) fn parameters(&self, operation: &Operation<'a>) -> Vec<Resolved<'a>> {
        let item_pointer = operation
            .pointer
            .rsplit_once('/')
            .map_or("", |(item, _)| item);
        let own = operation.value.get("parameters");
        [
            (operation.pointer.as_str(), own),
            (item_pointer, operation.shared_parameters),
        ]
        .into_iter()
        .flat_map(|(owner, parameters)| {
            let parameters = parameters.and_then(Value::as_array).into_iter().flatten();
            parameters.enumerate().map(move |(index, parameter)| {
                self.follow(&format!("{owner}/parameters/{index}"), parameter)
            })
        })
        .collect()
    }

    /// Returns the request body of an operation.
    pub(crate) fn request_body(&self, operation: &Operation<'a>) -> Option<Resolved<'a>> {
        let body = operation.value.get("requestBody")?;
        Some(self.follow(&child(&operation.pointer, "requestBody"), body))
    }

    /// Returns the responses of an operation by status.
    pub(crate) fn responses(&self, operation: &Operation<'a>) -> Vec<(&'a str, Resolved<'a>)> {
        let pointer = child(&operation.pointer, "responses");
        members(operation.value.get("responses"))
            .map(|(status, response)| (status, self.follow(&child(&pointer, status), response)))
            .collect()
    }

    /// Returns the page that a place comes from: the page of the nearest marked value that contains the
    /// place, else that of the first operation that uses its component.
    pub(crate) fn page(&self, pointer: &str) -> Option<String> {
        let mut rest = pointer;
        loop {
            if let Some(page) = self.root.pointer(rest).and_then(page_of) {
                return Some(page);
            }
            rest = match rest.rfind('/') {
                Some(end) => rest.get(..end)?,
                None => break,
            };
        }
        let component = pointer.strip_prefix("/components/schemas/")?;
        let index = self.first_users.get(component.split('/').next()?)?;
        page_of(self.operations.get(*index)?.value)
    }

    /// Finds the first operation that uses each component. Returns the components that a client sends, and those that
    /// it receives in responses and webhook bodies. References are followed.
    fn find_users(&mut self) -> (HashSet<&'a str>, HashSet<&'a str>) {
        let mut sent = Vec::new();
        let mut received = Vec::new();
        for (index, operation) in self.operations.iter().enumerate() {
            let parameters = self.parameters(operation).into_iter();
            let request = parameters.chain(self.request_body(operation));
            let request = request.map(|resolved| (index, resolved.value));
            let responses = self.responses(operation).into_iter();
            let responses = responses.map(|(_, resolved)| (index, resolved.value));
            if operation.is_webhook() {
                received.extend(request);
                sent.extend(responses);
            } else {
                sent.extend(request);
                received.extend(responses);
            }
        }
        let mut first_users = HashMap::new();
        let received = self.reachable(received, &mut first_users);
        let sent = self.reachable(sent, &mut first_users);
        self.first_users = first_users;
        (sent, received)
    }

    fn reachable(
        &self,
        from: Vec<(usize, &'a Value)>,
        first_users: &mut HashMap<&'a str, usize>,
    ) -> HashSet<&'a str> {
        let mut reached = HashSet::new();
        for (index, value) in from {
            let mut open = vec![(value, ObjectKind::Other)];
            while let Some((value, kind)) = open.pop() {
                for (_, reference) in references(value, kind) {
                    if let Some(name) = component_name(reference)
                        && let Some(schema) = self.target(reference)
                        && reached.insert(name)
                    {
                        first_users.entry(name).or_insert(index);
                        open.push((schema, ObjectKind::Schema));
                    }
                }
            }
        }
        reached
    }

    fn collect_operation_schemas(&self, found: &mut Vec<SchemaSite<'a>>) {
        // A shared parameter or response is listed once.
        let mut seen = HashSet::new();
        for operation in &self.operations {
            let mut collector = SchemaCollector {
                component: None,
                is_sent: !operation.is_webhook(),
                is_received: operation.is_webhook(),
                found: &mut *found,
            };
            for parameter in self.parameters(operation) {
                if seen.insert(parameter.pointer.clone()) {
                    let name = text(parameter.value, "name").unwrap_or_default();
                    collector.collect_schema_of(&parameter, SchemaRole::Parameter { name });
                }
            }
            let body = self.request_body(operation);
            if let Some(body) = body.filter(|body| seen.insert(body.pointer.clone())) {
                collector.collect_bodies(&body);
            }
            (collector.is_sent, collector.is_received) = (collector.is_received, collector.is_sent);
            for (_, response) in self.responses(operation) {
                if seen.insert(response.pointer.clone()) {
                    collector.collect_bodies(&response);
                    let headers = child(&response.pointer, "headers");
                    for (name, header) in members(response.value.get("headers")) {
                        let header = self.follow(&child(&headers, name), header);
                        collector.collect_schema_of(&header, SchemaRole::Parameter { name });
                    }
                }
            }
        }
    }
}

/// Returns the media types of a request body or a response.
pub(crate) fn content<'a>(body: &Resolved<'a>) -> Vec<(&'a str, Resolved<'a>)> {
    let pointer = child(&body.pointer, "content");
    members(body.value.get("content"))
        .map(|(media, value)| {
            let pointer = child(&pointer, media);
            (media, Resolved { pointer, value })
        })
        .collect()
}

fn page_of(value: &Value) -> Option<String> {
    if let Some(at) = text(value, "x-apifox-at") {
        return Some(at.to_owned());
    }
    let evidence = value.get("x-evidence");
    [
        value.get("x-apifox-pages"),
        evidence.and_then(|evidence| evidence.get("pages")),
    ]
    .into_iter()
    .map(|pages| strings(pages).collect::<Vec<_>>().join(", "))
    .find(|pages| !pages.is_empty())
}

/// Collects a schema and all schemas inside it, without following references.
struct SchemaCollector<'c, 'a> {
    component: Option<&'a str>,
    is_sent: bool,
    is_received: bool,
    found: &'c mut Vec<SchemaSite<'a>>,
}

impl<'a> SchemaCollector<'_, 'a> {
    fn collect_bodies(&mut self, body: &Resolved<'a>) {
        for (_, media) in content(body) {
            self.collect_schema_of(&media, SchemaRole::Body);
        }
    }

    fn collect_schema_of(&mut self, owner: &Resolved<'a>, role: SchemaRole<'a>) {
        if let Some(schema) = owner.value.get("schema") {
            self.collect(child(&owner.pointer, "schema"), schema, role);
        }
    }

    fn collect(&mut self, pointer: String, schema: &'a Value, role: SchemaRole<'a>) {
        self.found.push(SchemaSite {
            pointer: pointer.clone(),
            schema,
            role,
            component: self.component,
            is_sent: self.is_sent,
            is_received: self.is_received,
        });
        let required: HashSet<&str> = strings(schema.get("required")).collect();
        let properties = child(&pointer, "properties");
        for (name, property) in members(schema.get("properties")) {
            let required = required.contains(name);
            let role = SchemaRole::Property { name, required };
            self.collect(child(&properties, name), property, role);
        }
        for (keyword, role) in [
            ("items", SchemaRole::Items),
            ("not", SchemaRole::Branch),
            ("additionalProperties", SchemaRole::MapValues),
        ] {
            if let Some(inner) = schema.get(keyword).filter(|inner| inner.is_object()) {
                self.collect(child(&pointer, keyword), inner, role);
            }
        }
        for (keyword, role) in [
            ("oneOf", SchemaRole::Branch),
            ("anyOf", SchemaRole::Branch),
            ("allOf", SchemaRole::AllOfPart),
        ] {
            for (index, inner) in super::list(schema.get(keyword)).enumerate() {
                self.collect(format!("{pointer}/{keyword}/{index}"), inner, role);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_and_operations_mut_find_the_same() {
        let mut document = json!({
            "x-webhooks": {"paid": {"post": {"n": 3}}},
            "paths": {
                "/a": {"get": {"n": 1}, "parameters": [], "summary": "not an operation", "x-more": {}},
                "/b": {"post": {"n": 2}}, "/c": "not a path item"
            },
            "components": {"get": {}}
        });
        let found: Vec<String> = operations(&document)
            .iter()
            .map(|of| format!("{} {} {} {}", of.section, of.method, of.path, of.value["n"]))
            .collect();
        assert_eq!(
            found,
            [
                "paths get /a 1",
                "paths post /b 2",
                "x-webhooks post paid 3"
            ]
        );
        assert_eq!(operations_mut(&mut document).len(), 3);
        assert!(operations(&json!(null)).is_empty() && operations_mut(&mut json!([])).is_empty());
    }

    #[test]
    fn follow_ends_at_a_circle_of_references() {
        let root = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}});
        let document = Document::new(&root);
        let resolved = document.follow("/a", &root["a"]);
        assert!(resolved.value.get("$ref").is_some());
    }
}
