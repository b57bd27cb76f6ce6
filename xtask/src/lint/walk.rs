//! The walk through a document: every schema with its place and role, and every reference.

use crate::openapi::FREELY_NAMED;
use crate::openapi::child;
use crate::openapi::json::{members, strings};
use serde_json::Value;
use std::collections::HashSet;

/// A schema and where it stands.
pub(super) struct Site<'a> {
    pub(super) pointer: String,
    pub(super) schema: &'a Value,
    pub(super) role: Role<'a>,
    /// The component that it stands in.
    pub(super) component: Option<&'a str>,
    /// Whether it is part of what the reader gets.
    pub(super) received: bool,
}

/// What a schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// A named schema.
    Component,
    /// A property of an object.
    Property { name: &'a str, required: bool },
    /// The elements of an array.
    Items,
    /// A branch of `oneOf` or `anyOf`, or the schema of `not`.
    Branch,
    /// A part of `allOf`.
    Part,
    /// The values of a map.
    Values,
    /// A parameter of an operation, or a header of an answer.
    Parameter { name: &'a str },
    /// The body of a request or of an answer.
    Body,
}

/// Where a schema stands, for all that is below it.
pub(super) struct Place<'a> {
    pub(super) component: Option<&'a str>,
    pub(super) received: bool,
}

/// A schema and all schemas inside it.
pub(super) fn walk<'a>(
    pointer: &str,
    schema: &'a Value,
    role: Role<'a>,
    place: &Place<'a>,
    sites: &mut Vec<Site<'a>>,
) {
    sites.push(Site {
        pointer: pointer.to_owned(),
        schema,
        role,
        component: place.component,
        received: place.received,
    });
    let required: HashSet<&str> = strings(schema.get("required")).collect();
    let properties = child(pointer, "properties");
    for (name, property) in members(schema.get("properties")) {
        let role = Role::Property {
            name,
            required: required.contains(name),
        };
        walk(&child(&properties, name), property, role, place, sites);
    }
    for (word, role) in [
        ("items", Role::Items),
        ("not", Role::Branch),
        ("additionalProperties", Role::Values),
    ] {
        if let Some(inner) = schema.get(word).filter(|inner| inner.is_object()) {
            walk(&child(pointer, word), inner, role, place, sites);
        }
    }
    for (word, role) in [
        ("oneOf", Role::Branch),
        ("anyOf", Role::Branch),
        ("allOf", Role::Part),
    ] {
        for (index, inner) in schema
            .get(word)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            walk(
                &format!("{pointer}/{word}/{index}"),
                inner,
                role,
                place,
                sites,
            );
        }
    }
}

/// All references below a value, but for what stands in examples.
pub(super) fn references<'a>(
    value: &'a Value,
    pointer: &str,
    named: bool,
    found: &mut Vec<(String, &'a str)>,
) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("$ref", Value::String(reference)) if !named => {
                        found.push((child(pointer, name), reference))
                    }
                    ("example" | "examples" | "default" | "enum", _) if !named => {}
                    (name, member) => references(
                        member,
                        &child(pointer, name),
                        !named && FREELY_NAMED.contains(&name),
                        found,
                    ),
                }
            }
        }
        Value::Array(list) => {
            for (index, element) in list.iter().enumerate() {
                references(element, &format!("{pointer}/{index}"), false, found);
            }
        }
        _ => {}
    }
}
