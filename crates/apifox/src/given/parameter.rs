//! Parameters as both forms with schemas have them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Reader;
use super::values::is_placeholder;
use crate::json::{Json, Member, Node};
use crate::message::quoted;
use crate::page::{Field, Parameter, Place, Sample, Schema};
use crate::rendered::parameters::is_standard;
use crate::rendered::path;

/// Words of a parameter that describe its values, where it has no schema of its own.
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

/// Parameters of an operation, each place and name once: those of the path first, in its order.
pub(crate) struct Parameters {
    all: Vec<Parameter>,
    met: HashSet<(Place, String)>,
    in_path: Vec<String>,
}

impl Parameters {
    /// For a path template that stands on a line.
    pub(crate) fn new(template: &str, line: u32) -> Self {
        let names = path::names(template).unwrap_or_default();
        let of_path = |name: &&str| Parameter {
            place: Place::Path,
            field: Field {
                name: (*name).to_owned(),
                line,
                ..Field::default()
            },
            samples: Vec::new(),
            schema: Schema::Inferred,
        };
        Self {
            all: names.iter().map(of_path).collect(),
            met: HashSet::new(),
            in_path: names.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Adds what a page says of a parameter. Headers that carry the message and not its meaning are none, but
    /// for the one that proves who is calling.
    pub(crate) fn add(&mut self, place: Place, node: &Node, reader: &mut Reader) {
        if node.get("enable").and_then(Node::truth) == Some(false) {
            return;
        }
        let Some(name) = node.text_of("name") else {
            return;
        };
        let lower = name.to_ascii_lowercase();
        if place == Place::Header && is_standard(name) && lower != "authorization" {
            return;
        }
        let key = if place == Place::Header {
            lower
        } else {
            name.to_owned()
        };
        if !self.met.insert((place, key)) {
            return;
        }
        let parameter = one(place, name, node, reader);
        if place != Place::Path {
            self.all.push(parameter);
            return;
        }
        match self.in_path.iter().position(|known| known == name) {
            Some(at) => self.all[at] = parameter,
            None => reader.warn(
                node.line,
                format!(
                    "the path has no place for the parameter {}; it is left out",
                    quoted(name)
                ),
                "correct the path or the name in the file",
            ),
        }
    }

    /// Adds the parameters of a list, each of which says by `in` where it stands.
    pub(crate) fn add_list(&mut self, list: &[Node], reader: &mut Reader) {
        for node in list {
            match node.text_of("in").and_then(place) {
                Some(place) => self.add(place, node, reader),
                None => reader.warn(
                    node.line,
                    format!(
                        "a parameter stands in no place of a request: {}",
                        quoted(node.text_of("in").unwrap_or("none"))
                    ),
                    "correct its `in` in the file",
                ),
            }
        }
    }

    pub(crate) fn finish(self) -> Vec<Parameter> {
        self.all
    }
}

/// The place behind its word.
pub(crate) fn place(word: &str) -> Option<Place> {
    Some(match word {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        _ => return None,
    })
}

fn one(place: Place, name: &str, node: &Node, reader: &mut Reader) -> Parameter {
    let own = node
        .get("schema")
        .filter(|schema| !schema.members().is_empty());
    let mut schema = match own {
        Some(schema) => reader.schema(schema),
        None => reader.schema(&words(node)),
    };
    let mut field = Field {
        name: name.to_owned(),
        line: node.line,
        required: node.get("required").and_then(Node::truth),
        description: node.text_of("description").map(str::to_owned),
        ..Field::default()
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
            samples.push(Sample {
                line: node.line,
                text,
            });
        }
        field.type_name = type_name(schema);
        if field.type_name.is_none()
            && (schema.contains_key("type")
                || schema.contains_key("$ref")
                || schema.contains_key("allOf"))
        {
            // A text shows nothing of an object.
            samples.clear();
        }
    }
    // In a URL all values are text: a bare type word says no more than a row of a table does.
    let plain = schema.as_object().is_some_and(is_plain);
    Parameter {
        place,
        field,
        samples,
        schema: if plain {
            Schema::Inferred
        } else {
            Schema::Given(schema)
        },
    }
}

/// The words of a parameter that stand in place of a schema.
fn words(node: &Node) -> Node {
    let members: Vec<Member> = node
        .members()
        .iter()
        .filter(|member| WORDS.contains(&member.name.as_str()))
        .cloned()
        .collect();
    Node {
        line: node.line,
        value: Json::Object(members),
    }
}

/// The type as a table would have it.
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

/// Whether a schema says no more than its type.
fn is_plain(schema: &Map<String, Value>) -> bool {
    schema.iter().all(|(word, value)| match word.as_str() {
        "type" => value != "object",
        "format" => value == "int64",
        "items" => value.as_object().is_some_and(is_plain),
        _ => false,
    })
}

fn samples(node: &Node) -> Vec<Sample> {
    let named = node
        .get("examples")
        .and_then(|examples| Some(examples.members().first()?.value.get("value")).flatten());
    let shown = ["example", "sampleValue"]
        .iter()
        .find_map(|word| node.get(word))
        .or(named);
    let Some(shown) = shown else {
        return Vec::new();
    };
    let nodes = match &shown.value {
        Json::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(shown),
    };
    nodes
        .iter()
        .filter_map(Node::scalar)
        .filter(|text| !is_placeholder(text) && !path::is_placeholder(text))
        .map(|text| Sample {
            line: shown.line,
            text,
        })
        .collect()
}

/// The query of a path that has one: parameters that nothing else may name.
pub(crate) fn add_query(query: &[(String, String)], line: u32, parameters: &mut Vec<Parameter>) {
    for (name, value) in query {
        let known = |parameter: &Parameter| {
            parameter.place == Place::Query && parameter.field.name == *name
        };
        if name.is_empty() || parameters.iter().any(known) {
            continue;
        }
        let shown = !path::is_placeholder(value);
        parameters.push(Parameter {
            place: Place::Query,
            field: Field {
                name: name.clone(),
                line,
                ..Field::default()
            },
            samples: shown
                .then(|| Sample {
                    line,
                    text: value.clone(),
                })
                .into_iter()
                .collect(),
            schema: Schema::Inferred,
        });
    }
}
