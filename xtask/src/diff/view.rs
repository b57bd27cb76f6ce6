//! A schema with what it refers to and what it is made of.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::document::Document;
use crate::openapi::json::{list, members, strings, text, truth};

/// Words that say nothing of the values, so that an `allOf` of one part beside them stands for its part.
const WRAPPING: [&str; 12] = [
    "allOf",
    "type",
    "nullable",
    "description",
    "title",
    "example",
    "examples",
    "externalDocs",
    "deprecated",
    "default",
    "readOnly",
    "writeOnly",
];

/// A schema and the parts that hold at once: itself, what it refers to, and what stands in `allOf`.
pub(super) struct View<'a> {
    /// The reference that gives it its name.
    pub(super) component: Option<&'a str>,
    /// Null is allowed.
    pub(super) nullable: bool,
    pub(super) parts: Vec<&'a Value>,
}

impl<'a> View<'a> {
    pub(super) fn of(document: Document<'a>, schema: &'a Value) -> Self {
        let mut view = Self {
            component: None,
            nullable: false,
            parts: Vec::new(),
        };
        // Each schema once: a circle of references ends.
        let mut seen: HashSet<*const Value> = HashSet::new();
        let mut schema = schema;
        while seen.insert(std::ptr::from_ref(schema)) {
            view.nullable |= truth(schema, "nullable");
            if let Some(reference) = text(schema, "$ref") {
                view.component = Some(reference);
                break;
            }
            match only_part(schema) {
                Some(part) => {
                    view.parts.push(schema);
                    schema = part;
                }
                None => break,
            }
        }
        let mut seen: HashSet<*const Value> = view
            .parts
            .iter()
            .map(|it| std::ptr::from_ref(*it))
            .collect();
        let mut open = vec![schema];
        while let Some(schema) = open.pop() {
            if !seen.insert(std::ptr::from_ref(schema)) {
                continue;
            }
            if let Some(reference) = text(schema, "$ref") {
                open.extend(document.target(reference));
                continue;
            }
            view.nullable |= truth(schema, "nullable");
            view.parts.push(schema);
            let parts: Vec<&Value> = list(schema.get("allOf")).collect();
            open.extend(parts.into_iter().rev());
        }
        view
    }

    /// A word of the first part that has it.
    pub(super) fn word(&self, name: &str) -> Option<&'a Value> {
        self.parts.iter().find_map(|part| part.get(name))
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.word(name).and_then(Value::as_str)
    }

    /// Its JSON type; `object` where it has properties and says none.
    pub(super) fn kind(&self) -> Option<&'a str> {
        self.text("type").or_else(|| {
            let object = ["properties", "additionalProperties"];
            object
                .iter()
                .any(|word| self.word(word).is_some())
                .then_some("object")
        })
    }

    /// The properties of all parts, each name once.
    pub(super) fn properties(&self) -> Vec<(&'a str, &'a Value)> {
        let mut names = HashSet::new();
        self.parts
            .iter()
            .flat_map(|part| members(part.get("properties")))
            .filter(|(name, _)| names.insert(*name))
            .collect()
    }

    pub(super) fn required(&self) -> BTreeSet<&'a str> {
        self.parts
            .iter()
            .flat_map(|part| strings(part.get("required")))
            .collect()
    }

    /// The branches of `oneOf` or `anyOf`.
    pub(super) fn branches(&self) -> Option<(&'static str, Vec<&'a Value>)> {
        ["oneOf", "anyOf"].into_iter().find_map(|word| {
            let branches = self.word(word)?.as_array()?;
            Some((word, branches.iter().collect()))
        })
    }

    /// `oneOf` an integer and a text: one scalar of the crate.
    pub(super) fn is_integer_or_text(&self) -> bool {
        let Some(("oneOf", branches)) = self.branches() else {
            return false;
        };
        let mut kinds: Vec<&str> = branches
            .iter()
            .filter(|branch| {
                branch.as_object().is_some_and(|members| {
                    members.iter().all(|(name, value)| match name.as_str() {
                        "type" | "description" => true,
                        "format" => value.as_str().is_some_and(|it| it.starts_with("int")),
                        name => name.starts_with("x-"),
                    })
                })
            })
            .filter_map(|branch| text(branch, "type"))
            .collect();
        kinds.sort_unstable();
        branches.len() == 2 && kinds == ["integer", "string"]
    }

    /// Says nothing of the value.
    pub(super) fn is_any(&self) -> bool {
        let says = |name: &str| {
            !name.starts_with("x-")
                && ![
                    "description",
                    "title",
                    "example",
                    "nullable",
                    "default",
                    "allOf",
                ]
                .contains(&name)
        };
        !self.parts.is_empty()
            && self.parts.iter().all(|part| match part.as_object() {
                Some(members) => !members.keys().any(|name| says(name)),
                None => true,
            })
            && self.word("x-extensible-enum").is_none()
    }

    /// The JSON types that it allows; none for any.
    pub(super) fn kinds(&self) -> Option<BTreeSet<&'a str>> {
        if self.is_integer_or_text() {
            return Some(["integer", "string"].into());
        }
        self.kind().map(|kind| [kind].into())
    }

    /// The shape as the document tells it.
    pub(super) fn words(&self) -> String {
        if self.is_integer_or_text() {
            return "integer or text".to_owned();
        }
        let kind = match (self.branches(), self.kind()) {
            (Some((word, _)), _) => word,
            (None, Some(kind)) => kind,
            (None, None) => "any value",
        };
        let mut words = kind.to_owned();
        if let Some(format) = self.text("format") {
            words = format!("{words}, {format}");
        }
        if self.word("x-extensible-enum").is_some() {
            words.push_str(", open enum");
        } else if self.word("enum").is_some() {
            words.push_str(", closed enum");
        }
        words
    }
}

fn only_part(schema: &Value) -> Option<&Value> {
    let [part] = schema.get("allOf")?.as_array()?.as_slice() else {
        return None;
    };
    let wraps = |name: &String| WRAPPING.contains(&name.as_str()) || name.starts_with("x-");
    schema.as_object()?.keys().all(wraps).then_some(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrapper_stands_for_its_part_and_adds_null() {
        let document = json!({"components": {"schemas": {
            "A": {"type": "object", "properties": {"a": {}}, "required": ["a"]},
            "B": {"allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"b": {}}, "required": ["b"]}]},
            "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]}
        }}});
        let cases = [
            (
                json!({"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": true}),
                Some("#/components/schemas/A"),
                true,
                vec!["a"],
            ),
            (
                json!({"$ref": "#/components/schemas/B"}),
                Some("#/components/schemas/B"),
                false,
                vec!["a", "b"],
            ),
            (
                json!({"$ref": "#/components/schemas/Loop"}),
                Some("#/components/schemas/Loop"),
                false,
                vec![],
            ),
            (
                json!({"allOf": [{"$ref": "#/components/schemas/A"}], "properties": {"c": {}}}),
                None,
                false,
                vec!["c", "a"],
            ),
        ];
        for (schema, component, nullable, names) in cases {
            let view = View::of(Document(&document), &schema);
            let found: Vec<&str> = view.properties().iter().map(|(name, _)| *name).collect();
            assert_eq!(
                (view.component, view.nullable, found),
                (component, nullable, names),
                "{schema}"
            );
        }
    }
}
