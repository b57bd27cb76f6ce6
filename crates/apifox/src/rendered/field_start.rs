//! The first lines of a listed field: its name, its type and its flag.

use super::field_list::ListReader;
use super::labels::{is_schema_label, required_line};
use super::response_labels::status_tab;
use super::value_labels::is_choice_label;
use crate::type_names::type_line;

/// The first lines of a field.
#[derive(Debug, Default)]
pub(super) struct FieldStart {
    pub(super) name: String,
    pub(super) type_text: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) description: Option<String>,
    /// The first line after these lines.
    pub(super) next: usize,
}

impl ListReader<'_> {
    /// Parses the start of a field at a line.
    pub(super) fn start(&self, at: usize) -> Option<FieldStart> {
        let line = self.at(at);
        let (name, starred) = match line.strip_suffix('*') {
            Some(name) => (name.trim_end(), Some(true)),
            None => (line, None),
        };
        if is_name(name) {
            let below = self.filled(at + 1);
            if let Some((type_text, required)) = typed(self.at(below))
                && self.is_named(name)
                && !self.is_name_of_next(name, below)
            {
                return Some(FieldStart {
                    name: name.to_owned(),
                    type_text: Some(type_text),
                    required: required.or(starred),
                    description: None,
                    next: below + 1,
                });
            }
            // A field without a type, such as one with alternatives, only has a flag.
            let flag = required_line(self.at(below)).or_else(|| self.component_flag(below));
            if let Some(required) = flag
                && self.is_named(name)
                && type_line(name).is_none()
                && is_choice_label(self.at(self.after_flag(below)))
            {
                return Some(FieldStart {
                    name: name.to_owned(),
                    required: Some(required),
                    next: self.after_flag(below),
                    ..FieldStart::default()
                });
            }
            let next_is_same = self.at(below) == line;
            let untyped = self.names.contains(name) && !self.read.contains(name);
            if untyped && !self.read.is_empty() && !next_is_same {
                return Some(FieldStart {
                    name: name.to_owned(),
                    required: starred,
                    next: at + 1,
                    ..FieldStart::default()
                });
            }
        }
        self.one_line(at)
    }

    /// Returns the flag after the name of a component and its title: `(Sailor)`, `Sailor`, `required`.
    pub(super) fn component_flag(&self, at: usize) -> Option<bool> {
        let next = self.after_component(at)?;
        required_line(self.at(next))
    }

    /// Returns the index after a flag and the name of a component that may precede it.
    pub(super) fn after_flag(&self, at: usize) -> usize {
        let flag = self.after_component(at).unwrap_or(at);
        self.filled(flag + 1)
    }

    /// Returns the index after the name of a component and its title.
    pub(super) fn after_component(&self, at: usize) -> Option<usize> {
        let name = self.at(at).strip_prefix('(')?.strip_suffix(')')?;
        if name.is_empty() || name.len() > 120 || status_tab(self.at(at)).is_some() {
            return None;
        }
        let below = self.filled(at + 1);
        Some(if self.at(below) == name {
            self.filled(below + 1)
        } else {
            below
        })
    }

    /// Returns whether a name is not a label of the site.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.contains(name)
            || !(is_schema_label(name) && name.starts_with(|c: char| c.is_ascii_uppercase())
                || matches!(name, "Example" | "Examples" | "Headers" | "Header"))
    }

    /// Returns whether the type at `below` is itself the name of a field, whose type follows:
    /// `The kind`, `object`, `string`.
    pub(super) fn is_name_of_next(&self, name: &str, below: usize) -> bool {
        let word = self.at(below);
        if !is_name(word) || typed(self.at(self.filled(below + 1))).is_none() {
            return false;
        }
        if self.names.contains(word) {
            return true;
        }
        // The type of the items follows an array.
        !self.names.contains(name) && word != "array"
    }

    /// Parses a field on one line: `id string required Number of the order`.
    pub(super) fn one_line(&self, at: usize) -> Option<FieldStart> {
        let line = self.at(at);
        if line.len() > 2000 {
            return None;
        }
        let Some((name, rest)) = line.split_once(char::is_whitespace) else {
            return joined(line, at);
        };
        if !is_name(name) {
            return None;
        }
        let rest = rest.trim();
        let ends: Vec<usize> = rest
            .char_indices()
            .filter(|(_, c)| c.is_whitespace())
            .map(|(end, _)| end)
            .take(5)
            .chain([rest.len()])
            .collect();
        let (end, (type_text, mut required)) = ends
            .iter()
            .rev()
            .find_map(|&end| Some((end, typed(&rest[..end])?)))?;
        let mut text = rest[end..].trim();
        if required.is_none() {
            let (word, behind) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            if let Some(flag) = required_line(word) {
                required = Some(flag);
                text = behind.trim();
            }
        }
        let certain = required.is_some() || self.names.contains(name);
        certain.then(|| FieldStart {
            name: name.to_owned(),
            type_text: Some(type_text),
            required,
            description: Some(text.to_owned()).filter(|text| !text.is_empty()),
            next: at + 1,
        })
    }
}

/// Parses a type line, at whose end `required` or `optional` may follow.
pub(super) fn typed(line: &str) -> Option<(String, Option<bool>)> {
    if type_line(line).is_some() {
        return Some((line.to_owned(), None));
    }
    let (text, required) = without_flag(line)?;
    type_line(text)
        .is_some()
        .then(|| (text.to_owned(), required))
}

/// Removes a flag from the end of a line.
fn without_flag(line: &str) -> Option<(&str, Option<bool>)> {
    if line.len() > 200 {
        return None;
    }
    let cut = line
        .char_indices()
        .skip(1)
        .find(|&(at, _)| required_line(&line[at..]).is_some())?
        .0;
    Some((line[..cut].trim_end(), required_line(line[cut..].trim())))
}

/// Parses a field whose cells an extractor joined: `order_idstringrequired`.
fn joined(line: &str, at: usize) -> Option<FieldStart> {
    let (front, required) = without_flag(line)?;
    let (name, type_text) = front
        .char_indices()
        .skip(1)
        .map(|(at, _)| front.split_at(at))
        .find(|(name, text)| is_name(name) && type_line(text).is_some())?;
    Some(FieldStart {
        name: name.to_owned(),
        type_text: Some(type_text.to_owned()),
        required,
        description: None,
        next: at + 1,
    })
}

/// Returns whether a text can be the name of a field.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$' | '@'))
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.[]$@:".contains(&b))
        && !text.ends_with(':')
}
