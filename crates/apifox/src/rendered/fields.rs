use super::lines::Lines;
use super::marker::{example_line, marker, required_line, status_line};
use crate::page::FieldSpec;
use crate::types;

/// Reads a field in the site's own list format (name, type, flags and description on a line each);
/// returns the index after it.
pub(crate) fn field(lines: &Lines, index: usize, end: usize) -> Option<(FieldSpec, usize)> {
    if !begins(lines, index, end) {
        return None;
    }
    let mut field = FieldSpec {
        name: lines.at(index).to_owned(),
        line: lines.number(index),
        type_name: Some(lines.at(index + 1).to_owned()),
        max_length: types::length_of(lines.at(index + 1)),
        ..FieldSpec::default()
    };
    let mut text: Vec<&str> = Vec::new();
    let mut at = index + 2;
    while at < end && !begins(lines, at, end) {
        let line = lines.at(at);
        if line.is_empty() || example_line(line).is_some() || ends(line) {
            break;
        }
        if let Some(required) = required_line(line) {
            field.required = Some(required);
        } else if let Some(length) = longest(line) {
            field.max_length = Some(length);
        } else if !line.starts_with("Example:") && !line.starts_with("Default:") {
            text.push(line);
        }
        at += 1;
    }
    if !text.is_empty() {
        field.description = Some(text.join("\n"));
    }
    Some((field, at))
}

fn begins(lines: &Lines, index: usize, end: usize) -> bool {
    let name = lines.at(index);
    let named = !name.is_empty()
        && name.len() <= 80
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.[]".contains(&b));
    let below = lines.at(index + 1);
    named && index + 1 < end && marker(name, false).is_none() && types::declared(below).is_some()
}

fn ends(line: &str) -> bool {
    marker(line, false).is_some() || status_line(line).is_some() || line.starts_with(['{', '['])
}

/// `<= 64 characters`
fn longest(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("<=").or_else(|| line.strip_prefix('≤'))?;
    rest.trim().strip_suffix("characters")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;
    use super::*;

    #[test]
    fn listed_fields_are_read() {
        let text = "isbn\nstring\nrequired\nNumber of the book\n<= 13 characters\nExample: 978\ncopies\ninteger <int64>\noptional\n\nExample\n{}";
        let lines = split(text);
        let (isbn, next) = field(&lines, 0, lines.len()).unwrap();
        assert_eq!(isbn.required, Some(true));
        assert_eq!(isbn.max_length, Some(13));
        assert_eq!(isbn.description.as_deref(), Some("Number of the book"));
        let (copies, next) = field(&lines, next, lines.len()).unwrap();
        assert_eq!((&*copies.name, copies.required), ("copies", Some(false)));
        assert_eq!(field(&lines, next, lines.len()), None);
        assert_eq!(field(&split("a sentence\nstring"), 0, 2), None);
        assert_eq!(field(&split("word"), 0, 1), None);
    }
}
