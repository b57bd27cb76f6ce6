//! Positions of listed fields: which object contains each field.
//!
//! The list shows the fields of nested objects one after the other. Their positions follow from the
//! examples, from the number of fields that a type shows (`object {3}`), and from indentation.

use super::field_list::ListedField;
use crate::json::{JsonNode, JsonValue};
use crate::type_names::Declared;
use std::collections::{BTreeMap, HashSet};

/// The names in examples, with the names inside the value of each. Arrays are transparent.
#[derive(Debug, Default)]
pub(crate) struct ExampleNames {
    inner: BTreeMap<String, ExampleNames>,
}

impl ExampleNames {
    /// Adds the names of an example.
    pub(crate) fn add(&mut self, node: &JsonNode) {
        match &node.value {
            JsonValue::Array(items) => items.iter().for_each(|item| self.add(item)),
            JsonValue::Object(fields) => {
                for field in fields {
                    self.inner
                        .entry(field.name.clone())
                        .or_default()
                        .add(&field.value);
                }
            }
            _ => {}
        }
    }

    /// Returns all names at any depth.
    pub(crate) fn all(&self) -> HashSet<&str> {
        let mut names = HashSet::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut HashSet<&'a str>) {
        for (name, inner) in &self.inner {
            names.insert(name);
            inner.collect(names);
        }
    }
}

/// Deeper fields are treated as fields of the object at this depth.
const DEEPEST: usize = 30;

/// An object whose fields the list may still show.
struct OpenObject<'a> {
    name: String,
    /// The names that the examples show inside; `None` if they show none.
    shown: Option<&'a ExampleNames>,
    read: HashSet<&'a str>,
    /// Number of names in `shown` that are not in `read`.
    unread: usize,
    /// Number of fields that are still missing, if the type shows the number.
    missing: Option<usize>,
    /// Indentation of the fields, once one is known.
    indent: Option<usize>,
}

/// Sets the parents of each field. Returns the numbers of the fields whose position the page does not
/// show: they are treated as fields of the object above them.
pub(crate) fn place(fields: &mut [ListedField], examples: &ExampleNames) -> Vec<usize> {
    let mut assumed = Vec::new();
    let names: Vec<String> = fields.iter().map(|field| field.spec.name.clone()).collect();
    let indented = fields
        .windows(2)
        .any(|pair| pair[0].indent != pair[1].indent);
    let shown = |names: &'_ ExampleNames| !names.inner.is_empty();
    let mut open = vec![OpenObject {
        name: String::new(),
        shown: Some(examples).filter(|names| shown(names)),
        read: HashSet::new(),
        unread: examples.inner.len(),
        missing: None,
        indent: None,
    }];
    let total = fields.len();
    for (number, (field, name)) in fields.iter_mut().zip(&names).enumerate() {
        if name.is_empty() {
            continue;
        }
        let (level, is_shown) = if indented {
            (by_indent(&open, field.indent), true)
        } else {
            level(&open, name)
        };
        if !is_shown && level > 0 {
            assumed.push(number);
        }
        open.truncate(level + 1);
        let holder = &mut open[level];
        let in_example = holder
            .shown
            .is_some_and(|names| names.inner.contains_key(name));
        if holder.read.insert(name) && in_example {
            holder.unread -= 1;
        }
        holder.indent = Some(field.indent);
        holder.missing = holder.missing.map(|missing| missing.saturating_sub(1));
        let inside = holder.shown.and_then(|names| names.inner.get(name));
        let inside = inside.filter(|names| shown(names));
        let parents = open[1..].iter().map(|object| object.name.clone()).collect();
        field.spec.parents = Some(parents);
        let count = field.line.as_ref().and_then(|line| line.fields);
        let holds = match &field.line {
            Some(line) => holds_fields(&line.declared, inside.is_some()),
            None => inside.is_some(),
        };
        // An object whose fields are not all in the list is folded.
        let folded = count.is_some_and(|count| count == 0 || count > total - number - 1);
        if holds && !folded && open.len() <= DEEPEST {
            open.push(OpenObject {
                name: name.clone(),
                shown: inside,
                read: HashSet::new(),
                unread: inside.map_or(0, |names| names.inner.len()),
                missing: count,
                indent: None,
            });
        }
    }
    assumed
}

fn holds_fields(declared: &Declared, shown: bool) -> bool {
    match declared {
        Declared::Object => true,
        Declared::Any => shown,
        Declared::Array(items) => holds_fields(items, shown),
        _ => false,
    }
}

/// Returns the open object that contains a field, by its indentation.
fn by_indent(open: &[OpenObject], indent: usize) -> usize {
    let found = open.iter().rposition(|object| match object.indent {
        Some(known) => known <= indent,
        None => true,
    });
    let Some(found) = found else {
        return 0;
    };
    // An object without fields contains only fields that are indented further than its own name.
    let outer = found.checked_sub(1).and_then(|outer| open[outer].indent);
    match (open[found].indent, outer) {
        (None, Some(outer)) if indent <= outer => by_indent(&open[..found], indent),
        _ => found,
    }
}

/// Returns the open object that contains a field, by its name and the numbers of fields, and whether
/// the page shows this position.
fn level(open: &[OpenObject], name: &str) -> (usize, bool) {
    let is_full = |object: &OpenObject| object.missing == Some(0);
    let candidates = || (0..open.len()).rev().filter(|&at| !is_full(&open[at]));
    let shows = |object: &OpenObject| {
        let shown = object
            .shown
            .is_some_and(|names| names.inner.contains_key(name));
        shown && !object.read.contains(name)
    };
    if let Some(level) = candidates().find(|&level| shows(&open[level])) {
        return (level, true);
    }
    let innermost = candidates().next().unwrap_or(0);
    let counted = candidates().find(|&level| open[level].missing.is_some());
    if let Some(level) = counted {
        return (level, true);
    }
    // Without other evidence, a field after an object belongs to that object, unless the object
    // already has a field with this name or already has every field that the examples show.
    let assumed = candidates()
        .find(|&level| {
            let object = &open[level];
            let is_whole = object.shown.is_some() && object.unread == 0;
            !is_whole && !object.read.contains(name)
        })
        .unwrap_or(innermost);
    (assumed, false)
}

#[cfg(test)]
mod tests {
    use super::super::field_list::read;
    use super::super::lines::split;
    use super::*;
    use crate::json::{Budget, parse};

    /// Returns the path of each field; a `?` follows a path that the page does not show.
    fn paths(text: &str, example: &str) -> Vec<String> {
        let lines = split(text);
        let mut names = ExampleNames::default();
        if !example.is_empty() {
            names.add(&parse(example, 1, 1, &mut Budget::default()).unwrap().node);
        }
        let known = names.all();
        let (mut fields, end) = read(&lines, 0, lines.len(), &known);
        assert_eq!(end, lines.len(), "{text}");
        let assumed = place(&mut fields, &names);
        let path = |(number, field): (usize, &ListedField)| {
            let mut path = field.spec.parents.clone().unwrap();
            path.push(field.spec.name.clone());
            let mark = if assumed.contains(&number) { "?" } else { "" };
            path.join(".") + mark
        };
        fields.iter().enumerate().map(path).collect()
    }

    #[test]
    fn fields_are_placed() {
        for (text, example, read) in [
            // The position follows from the number of fields.
            (
                "code\nstring\nrows\narray [object {2}]\nid\nstring\nname\nstring\ntotal\ninteger",
                "",
                &["code", "rows", "rows.id", "rows.name", "total"][..],
            ),
            // The position follows from the example, which has a name on two levels.
            (
                "data\nobject\nid\ninteger\nname\nstring\nid\nstring",
                "{\"data\": {\"id\": 1, \"name\": \"a\"}, \"id\": \"b\"}",
                &["data", "data.id", "data.name", "id"],
            ),
            // The object is folded.
            (
                "data\nobject\nrows\narray [object {9}]\nmsg\nstring",
                "{\"data\": {\"rows\": [{\"id\": 1}]}, \"msg\": \"\"}",
                &["data", "data.rows", "msg"],
            ),
            (
                "rows\narray [object {9}]\nmsg\nstring",
                "",
                &["rows", "msg"],
            ),
            // The position follows only from the order.
            (
                "code\ninteger\ndata\nobject\nid\nstring",
                "",
                &["code", "data", "data.id?"],
            ),
            // The position follows from the indentation.
            (
                "data\nobject\n  order\n  object\n    id\n    string\n  note\n  string\ncode\nstring",
                "",
                &["data", "data.order", "data.order.id", "data.note", "code"],
            ),
            (
                "data\nobject\nmsg\nstring",
                "{\"data\": {}, \"msg\": \"\"}",
                &["data", "msg"],
            ),
        ] {
            assert_eq!(paths(text, example), read, "{text}");
        }
    }
}
