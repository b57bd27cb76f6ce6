//! The site's own list of fields: the name, the type, the flags, the description and the labelled
//! values of each field, usually on a line each.

use super::curl;
use super::field_start::FieldStart;
use super::labels::{
    example_line, example_word, is_nothing, is_schema_label, marker, modified_line, required_line,
};
use super::limits::limits;
use super::lines::Lines;
use super::response_labels::{code_line, is_marked_status, media_line, status_line, status_tab};
use super::value_labels::{
    ValueLabel, is_choice_label, is_other_fields_label, keyword_line, value_label,
};
use crate::page::FieldSpec;
use crate::type_names::{TypeLine, length_of, type_line};
use serde_json::Value;
use std::collections::HashSet;

/// A field of the list.
#[derive(Debug)]
pub(crate) struct ListedField {
    /// The field; a field without a name is the whole value.
    pub(crate) spec: FieldSpec,
    /// The type, if the page shows it.
    pub(crate) line: Option<TypeLine>,
    /// Indentation of the name, in characters.
    pub(crate) indent: usize,
    /// Index of the first line.
    pub(crate) start: usize,
}

/// The lines of a list, which is parsed again when the names in the examples are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListRange {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Finds the list at a line.
pub(crate) fn range(lines: &Lines, start: usize, end: usize) -> Option<ListRange> {
    let names = HashSet::new();
    let (fields, end) = read(lines, start, end, &names);
    (!fields.is_empty()).then_some(ListRange { start, end })
}

/// Parses the list at a line; `names` are the names in the examples of the value that the list
/// describes. Returns the index after the list.
pub(crate) fn read<'a>(
    lines: &'a Lines<'a>,
    start: usize,
    end: usize,
    names: &'a HashSet<&'a str>,
) -> (Vec<ListedField>, usize) {
    let mut reader = ListReader {
        lines,
        end,
        names,
        read: HashSet::new(),
        fields: Vec::new(),
    };
    let next = reader.list(start);
    (reader.fields, next)
}

pub(super) struct ListReader<'a> {
    pub(super) lines: &'a Lines<'a>,
    pub(super) end: usize,
    pub(super) names: &'a HashSet<&'a str>,
    /// The names of the fields that were already parsed.
    pub(super) read: HashSet<String>,
    pub(super) fields: Vec<ListedField>,
}

impl ListReader<'_> {
    /// Returns the line at `at` without its bullet, or an empty string after the end of the list.
    pub(super) fn at(&self, at: usize) -> &str {
        if at >= self.end {
            return "";
        }
        let line = self.lines.at(at);
        ["- ", "* ", "• ", "· ", "◦ "]
            .iter()
            .find_map(|bullet| line.strip_prefix(bullet))
            .map_or(line, str::trim_start)
    }

    /// Returns the index of the first filled line from `at` on.
    pub(super) fn filled(&self, at: usize) -> usize {
        self.lines.next_filled(at, self.end).unwrap_or(self.end)
    }

    fn list(&mut self, start: usize) -> usize {
        let mut at = start;
        while at < self.end {
            let line = self.at(at);
            if line.is_empty() {
                at += 1;
            } else if let Some(start) = self.start(at) {
                at = self.field(at, start);
            } else if self.fields.is_empty() && type_line(line).is_some() {
                let start = FieldStart {
                    type_text: Some(line.to_owned()),
                    next: at + 1,
                    ..FieldStart::default()
                };
                at = self.field(at, start);
            } else {
                break;
            }
        }
        at
    }

    /// Reads a field after its first lines; returns the index after it.
    fn field(&mut self, at: usize, start: FieldStart) -> usize {
        let indent = self.lines.indent(at);
        let first_line = at;
        let mut spec = FieldSpec {
            name: start.name,
            line: self.lines.number(at),
            required: start.required,
            max_length: start.type_text.as_deref().and_then(length_of),
            type_name: start.type_text,
            parents: Some(Vec::new()),
            ..FieldSpec::default()
        };
        let mut text: Vec<String> = start.description.into_iter().collect();
        let mut at = start.next;
        self.read.insert(spec.name.clone());
        while at < self.end {
            let line = self.at(at);
            let first = text.is_empty();
            if line.is_empty() {
                at += 1;
                continue;
            }
            // In a description, `One of:` is followed by text.
            if is_choice_label(line) {
                let next = self.after_choices(at);
                if next > self.filled(at + 1) {
                    at = next;
                    continue;
                }
            }
            if let Some(next) = self.after_component(at).filter(|_| first) {
                at = next;
                continue;
            }
            if is_other_fields_label(line)
                && let Some(next) = self.after_other_fields(at)
            {
                at = next;
                continue;
            }
            // The flags follow the type, so they are not names of fields there.
            if let Some(required) = required_line(line).filter(|_| spec.required.is_none()) {
                spec.required = Some(required);
            } else if let Some(keyword) = keyword_line(line) {
                spec.details
                    .keywords
                    .insert(keyword.to_owned(), Value::Bool(true));
            } else if self.start(at).is_some() {
                break;
            } else if let Some(items) = items_line(&spec, line).filter(|_| first) {
                // The flag of the items has no meaning.
                let below = self.filled(at + 1);
                if required_line(self.at(below)).is_some() {
                    at = below;
                }
                spec.type_name = Some(items);
            } else if let Some((label, rest)) = value_label(line) {
                if self.is_body_example(label, rest, at) {
                    break;
                }
                let rest = rest.to_owned();
                at = self.value(&mut spec, label, &rest, at);
                continue;
            } else if self.ends(at) {
                break;
            } else if let Some(found) = limits(line) {
                for (word, value) in found {
                    match (word, value.as_u64()) {
                        ("maxLength", Some(longest)) => spec.max_length = Some(longest),
                        _ => {
                            spec.details.keywords.insert(word.to_owned(), value);
                        }
                    }
                }
            } else {
                text.push(self.lines.at(at).to_owned());
            }
            at += 1;
        }
        if !text.is_empty() {
            spec.description = Some(text.join("\n"));
        }
        let mut known = HashSet::new();
        spec.details
            .allowed
            .retain(|value| known.insert(value.clone()));
        let line = spec.type_name.as_deref().and_then(type_line);
        if let Some(format) = line.as_ref().and_then(|line| line.format.as_deref()) {
            let known = &mut spec.details.keywords;
            known.entry("format").or_insert_with(|| Value::from(format));
        }
        self.fields.push(ListedField {
            spec,
            line,
            indent,
            start: first_line,
        });
        at
    }

    /// Returns whether a label above JSON belongs to the example of the whole value.
    fn is_body_example(&self, label: ValueLabel, rest: &str, at: usize) -> bool {
        if !matches!(label, ValueLabel::Example | ValueLabel::Examples) {
            return false;
        }
        let below = self.filled(at + 1);
        let value = if rest.is_empty() {
            self.at(below)
        } else {
            rest
        };
        if !value.starts_with(['{', '[']) {
            return false;
        }
        let Some(first) = self.fields.first() else {
            return false;
        };
        let key = format!("\"{}\"", first.spec.name);
        (at..(below + 40).min(self.end)).any(|at| self.at(at).contains(&key))
    }

    /// Returns whether the list ends before a line, which starts no field.
    fn ends(&self, at: usize) -> bool {
        let line = self.at(at);
        let below = self.at(self.filled(at + 1));
        let labels_example = example_line(line).is_some()
            || example_word(line).is_some() && below.starts_with(['{', '[', '<'])
            || example_word(line) == Some("") && is_nothing(below);
        labels_example
            || marker(line, false).is_some()
            || line.starts_with(['{', '['])
            || curl::starts(line)
            || is_marked_status(line)
            || code_line(line).is_some()
            || modified_line(line, || below).is_some()
            || is_status_above(line, below)
    }
}

/// Returns whether a line is a status above the content of its response. A number in a description
/// is not.
pub(super) fn is_status_above(line: &str, below: &str) -> bool {
    let status = status_line(line).or_else(|| status_tab(line));
    status.is_some()
        && (media_line(below).is_some()
            || code_line(below).is_some()
            || status_tab(below).is_some()
            || is_nothing(below)
            || is_schema_label(below)
            || below.starts_with(['{', '['])
            || marker(below, true).is_some())
}

/// Returns the type of an array whose items the list describes by a type without a name.
fn items_line(spec: &FieldSpec, line: &str) -> Option<String> {
    let outer = spec.type_name.as_deref()?.trim();
    let open = outer.to_lowercase();
    type_line(line)?;
    let bare: String = open.chars().filter(|c| !c.is_whitespace()).collect();
    match bare.as_str() {
        "array" => Some(format!("array[{line}]")),
        "array[array]" => Some(format!("array[array[{line}]]")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;
    use super::*;

    /// Reads a list, and checks where it ends.
    fn list(text: &str, names: &[&str], rest: &str) -> Vec<FieldSpec> {
        let lines = split(text);
        let names = names.iter().copied().collect();
        let (fields, end) = read(&lines, 0, lines.len(), &names);
        assert_eq!(lines.slice(end, lines.len()).trim(), rest, "{text}");
        fields.into_iter().map(|field| field.spec).collect()
    }

    #[test]
    fn listed_fields_are_read() {
        let fields = list(
            "isbn\nstring\nrequired\nNumber of the book\n<= 13 characters\nExample: 978\ncopies\ninteger <int64>\noptional\n\nExample\n{}",
            &[],
            "Example\n{}",
        );
        let [isbn, copies] = fields.as_slice() else {
            panic!("{fields:?}");
        };
        assert_eq!(isbn.required, Some(true));
        assert_eq!(isbn.max_length, Some(13));
        assert_eq!(isbn.description.as_deref(), Some("Number of the book"));
        assert_eq!(isbn.details.example.as_deref(), Some("978"));
        assert_eq!((&*copies.name, copies.required), ("copies", Some(false)));
        assert_eq!(copies.details.keywords["format"], "int64");
        assert!(list("a sentence\nstring", &[], "a sentence\nstring").is_empty());
        assert!(list("word", &[], "word").is_empty());
    }

    #[test]
    fn layouts_of_a_field_are_equal() {
        for text in [
            "kind\nenum<string>\nrequired\nKind of tea\nAllowed values:\ngreen\nblack\nDefault:\ngreen",
            "kind\nenum<string> \nrequired\nKind of tea\nAllowed values:green, black\nDefault:green",
            "kind\n\nenum<string>\n\n必需\n\nKind of tea\n\n枚举值:\n\ngreen\n\nblack\n\n默认值:\n\ngreen",
            "- kind\n- enum<string>\n- required\nKind of tea\n- Allowed values:\n- green\n- black\n- Default: green",
            "kind\nenum<string> 必填\nKind of tea\n列舉值：green、black\n預設值：green",
            "kind enum<string> required Kind of tea\nEnum: green, black\nDefault: green",
            "kind*\nenum<string>\nKind of tea\nAllowed value:\n\"green\"\n\"black\"\nDefault:\ngreen",
        ] {
            let fields = list(text, &[], "");
            let [kind] = fields.as_slice() else {
                panic!("{text}: {fields:?}");
            };
            assert_eq!(kind.name, "kind", "{text}");
            assert_eq!(kind.required, Some(true), "{text}");
            assert_eq!(kind.description.as_deref(), Some("Kind of tea"), "{text}");
            assert_eq!(kind.details.allowed, ["green", "black"], "{text}");
            assert_eq!(kind.details.default.as_deref(), Some("green"), "{text}");
        }
    }

    #[test]
    fn names_like_types_and_labels_are_fields() {
        for (text, names, read) in [
            (
                "zone\nstring\nrequired\ntimestamp\ninteger <int64>\nrequired",
                &[][..],
                &["zone", "timestamp"][..],
            ),
            (
                "object\nstring\nrequired\nid\ninteger",
                &[],
                &["object", "id"],
            ),
            (
                "time\nstring\nThe time\nstring\ninteger",
                &["time", "string"],
                &["time", "string"],
            ),
            (
                "size\nstring\nExample:\nsmall\ndate\nstring",
                &[],
                &["size", "date"],
            ),
            (
                "id\ninteger\nExample:\n123\nname\nstring",
                &[],
                &["id", "name"],
            ),
            (
                "required\nboolean\nrequired\nid\nstring",
                &[],
                &["required", "id"],
            ),
            (
                "rows\narray [array]\nrequired\nstring\noptional\nTime",
                &[],
                &["rows"],
            ),
            (
                "currency\nstring\nCode\nid\nNumber\namount\nstring",
                &["currency", "id", "amount"],
                &["currency", "id", "amount"],
            ),
            ("order_idstringrequired", &[], &["order_id"]),
        ] {
            let fields = list(text, names, "");
            let seen: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            assert_eq!(seen, read, "{text}");
        }
    }

    #[test]
    fn list_ends_before_other_elements() {
        for rest in [
            "Example\n{}",
            "示例成功示例\n{}",
            "示例\n未设置",
            "{\"id\": 1}",
            "示例代码\nShell",
            "🟠400Bad request",
            "Found(404)\nHTTP Code: 404",
            "404Not found\napplication/json",
            "curl 'https://a.example'",
            "Modified at 2026-01-02 03:04:05",
        ] {
            let fields = list(&format!("id\ninteger\nNumber\n{rest}"), &[], rest);
            assert_eq!(fields[0].description.as_deref(), Some("Number"), "{rest}");
        }
    }

    #[test]
    fn values_of_labels_are_stored() {
        let text = "id\nstring\nMatch pattern: ^[a-z]+$\nMin length: 2\nMax length: 9\nread-only\ndeprecated\nsize\nnumber\nMinimum: 1\nMaximum: 2.5\nConst: 2";
        let fields = list(text, &[], "");
        let keywords = serde_json::json!(fields[0].details.keywords);
        assert_eq!(
            keywords,
            serde_json::json!({"pattern": "^[a-z]+$", "minLength": 2, "readOnly": true, "deprecated": true})
        );
        assert_eq!(fields[0].max_length, Some(9));
        assert_eq!(fields[1].fixed.as_deref(), Some("2"));
        assert_eq!(fields[1].details.keywords["maximum"].to_string(), "2.5");
    }
}
