//! The parameters of a page with schemas.

use super::SchemaImporter;
use super::values::is_placeholder;
use crate::diagnostic::quoted;
use crate::json::{JsonField, JsonNode, JsonValue};
use crate::page::{ApiParameter, FieldSpec, ParameterLocation, SampleValue, SchemaSource};
use crate::rendered::sampled_parameters::is_ignored;
use crate::rendered::url as path;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Keywords of a parameter that describe its value if it has no `schema`.
const WORDS: &[&str] = &[
    "type",
    "items",
    "enum",
    "format",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "x-apifox",
    "x-apifox-enum",
];

/// The parameters of an operation, each location and name once; path parameters first, in path
/// order.
pub(crate) struct DocumentedParameters {
    all: Vec<ApiParameter>,
    met: HashSet<(ParameterLocation, String)>,
    in_path: Vec<String>,
}

impl DocumentedParameters {
    /// Creates the parameters of a path template.
    pub(crate) fn new(template: &str, line: u32) -> Self {
        let names = path::names(template).unwrap_or_default();
        let of_path = |name: &&str| ApiParameter {
            place: ParameterLocation::Path,
            field: FieldSpec {
                name: (*name).to_owned(),
                line,
                ..FieldSpec::default()
            },
            samples: Vec::new(),
            schema: SchemaSource::Inferred,
            style: None,
            explode: None,
        };
        Self {
            all: names.iter().map(of_path).collect(),
            met: HashSet::new(),
            in_path: names.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Adds a parameter. Headers that OpenAPI ignores are skipped except for `Authorization`.
    pub(crate) fn add(
        &mut self,
        place: ParameterLocation,
        node: &JsonNode,
        reader: &mut SchemaImporter,
    ) {
        if node.get("enable").and_then(JsonNode::truth) == Some(false) {
            return;
        }
        let Some(name) = node.text_of("name") else {
            return reader.warn(
                node.line,
                "a parameter has no name; it is left out",
                "correct the parameter in the file",
            );
        };
        let lower = name.to_ascii_lowercase();
        if place == ParameterLocation::Header && is_ignored(name) && lower != "authorization" {
            return;
        }
        let key = if place == ParameterLocation::Header {
            lower
        } else {
            name.to_owned()
        };
        if !self.met.insert((place, key)) {
            return;
        }
        let parameter = one(place, name, node, reader);
        if place != ParameterLocation::Path {
            self.all.push(parameter);
            return;
        }
        match self.in_path.iter().position(|known| known == name) {
            Some(at) => self.all[at] = parameter,
            None => reader.warn(
                node.line,
                format!("the path has no parameter {}; it is left out", quoted(name)),
                "correct the path or the name in the file",
            ),
        }
    }

    /// Adds the parameters of a list, whose locations are in `in`.
    pub(crate) fn add_list<'n>(
        &mut self,
        list: impl IntoIterator<Item = &'n JsonNode>,
        reader: &mut SchemaImporter,
    ) {
        for node in list {
            match node.text_of("in").and_then(place) {
                Some(place) => self.add(place, node, reader),
                None => reader.warn(
                    node.line,
                    format!(
                        "the location of a parameter is unknown: {}",
                        quoted(node.text_of("in").unwrap_or("none"))
                    ),
                    "correct its `in` in the file",
                ),
            }
        }
    }

    pub(crate) fn finish(self) -> Vec<ApiParameter> {
        self.all
    }
}

/// Parses the value of `in`.
pub(crate) fn place(word: &str) -> Option<ParameterLocation> {
    Some(match word {
        "path" => ParameterLocation::Path,
        "query" => ParameterLocation::Query,
        "header" => ParameterLocation::Header,
        "cookie" => ParameterLocation::Cookie,
        _ => return None,
    })
}

fn one(
    place: ParameterLocation,
    name: &str,
    node: &JsonNode,
    reader: &mut SchemaImporter,
) -> ApiParameter {
    let own = node
        .get("schema")
        .filter(|schema| !schema.fields().is_empty());
    let mut schema = match own {
        Some(schema) => reader.schema(schema),
        None => reader.schema(&words(node)),
    };
    let mut field = FieldSpec {
        name: name.to_owned(),
        line: node.line,
        required: node.get("required").and_then(JsonNode::truth),
        description: node.text_of("description").map(str::to_owned),
        ..FieldSpec::default()
    };
    let mut samples = samples(node);
    if let Value::Object(schema) = &mut schema {
        schema.remove("nullable");
        schema.shift_remove("x-apifox-at");
        let described = schema.shift_remove("description");
        let shown = schema.shift_remove("example");
        if let (None, Some(Value::String(text))) = (&field.description, described) {
            field.description = Some(text);
        }
        if let (true, Some(shown)) = (samples.is_empty(), shown) {
            let text = shown
                .as_str()
                .map_or_else(|| shown.to_string(), str::to_owned);
            samples.push(SampleValue {
                line: node.line,
                text,
            });
        }
        field.type_name = type_name(schema);
        // The page has a schema, so an example does not add a format to it.
        field.parents = field.type_name.is_some().then(Vec::new);
        if field.type_name.is_none()
            && (schema.contains_key("type")
                || schema.contains_key("$ref")
                || schema.contains_key("allOf"))
        {
            // A text is not an example of an object.
            samples.clear();
        }
    }
    // All values in a URL are text, so a bare type name is treated like one in a table.
    let plain = schema.as_object().is_some_and(is_plain);
    ApiParameter {
        place,
        field,
        samples,
        schema: if plain {
            SchemaSource::Inferred
        } else {
            SchemaSource::Documented(schema)
        },
        style: style(place, node, reader),
        explode: node.get("explode").and_then(JsonNode::truth),
    }
}

/// Returns the style of a parameter, if OpenAPI has this style for its location.
fn style(place: ParameterLocation, node: &JsonNode, reader: &mut SchemaImporter) -> Option<String> {
    let style = node.text_of("style")?;
    let known: &[&str] = match place {
        ParameterLocation::Path => &["simple", "label", "matrix"],
        ParameterLocation::Query => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
        ParameterLocation::Header => &["simple"],
        ParameterLocation::Cookie => &["form"],
    };
    if known.contains(&style) {
        return Some(style.to_owned());
    }
    reader.warn(
        node.line,
        format!(
            "a {} parameter cannot have the style {}; the style is left out",
            place.name(),
            quoted(style)
        ),
        "correct the style in the file",
    );
    None
}

/// Returns the keywords of a parameter that replace a schema.
fn words(node: &JsonNode) -> JsonNode {
    let members: Vec<JsonField> = node
        .fields()
        .iter()
        .filter(|member| WORDS.contains(&member.name.as_str()))
        .cloned()
        .collect();
    JsonNode {
        line: node.line,
        value: JsonValue::Object(members),
    }
}

/// Returns the type in the notation of a table.
fn type_name(schema: &Map<String, Value>) -> Option<String> {
    let kind = schema.get("type")?.as_str()?;
    match kind {
        "object" => None,
        "array" => {
            let items = schema.get("items").and_then(|items| items.get("type"));
            Some(match items.and_then(Value::as_str) {
                Some(items @ ("string" | "integer" | "number" | "boolean")) => {
                    format!("array[{items}]")
                }
                _ => "array".to_owned(),
            })
        }
        kind => Some(kind.to_owned()),
    }
}

/// Returns whether a schema only has a type.
fn is_plain(schema: &Map<String, Value>) -> bool {
    schema.iter().all(|(word, value)| match word.as_str() {
        "type" => value != "object",
        "format" => value == "int64",
        "items" => value.as_object().is_some_and(is_plain),
        _ => false,
    })
}

fn samples(node: &JsonNode) -> Vec<SampleValue> {
    let named = node
        .get("examples")
        .and_then(|examples| Some(examples.fields().first()?.value.get("value")).flatten());
    let shown = ["example", "sampleValue"]
        .iter()
        .find_map(|word| node.get(word))
        .or(named);
    let Some(shown) = shown else {
        return Vec::new();
    };
    let nodes = match &shown.value {
        JsonValue::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(shown),
    };
    nodes
        .iter()
        .filter_map(JsonNode::scalar)
        .filter(|text| !is_placeholder(text) && !path::is_placeholder(text))
        .map(|text| SampleValue {
            line: shown.line,
            text,
        })
        .collect()
}

/// Adds the query of a path, unless the page documents the parameter.
pub(crate) fn add_query(query: &[(String, String)], line: u32, parameters: &mut Vec<ApiParameter>) {
    for (name, value) in query {
        let known = |parameter: &ApiParameter| {
            parameter.place == ParameterLocation::Query && parameter.field.name == *name
        };
        if name.is_empty() || parameters.iter().any(known) {
            continue;
        }
        let shown = !path::is_placeholder(value);
        parameters.push(ApiParameter {
            place: ParameterLocation::Query,
            field: FieldSpec {
                name: name.clone(),
                line,
                ..FieldSpec::default()
            },
            samples: shown
                .then(|| SampleValue {
                    line,
                    text: value.clone(),
                })
                .into_iter()
                .collect(),
            schema: SchemaSource::Inferred,
            style: None,
            explode: None,
        });
    }
}
