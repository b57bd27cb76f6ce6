//! The labelled values of a listed field: examples, defaults, allowed values, alternatives.

use super::curl;
use super::field_list::{ListReader, is_status_above};
use super::field_start::typed;
use super::labels::{example_line, marker, modified_line, required_line};
use super::limits::limits;
use super::response_labels::{code_line, is_marked_status};
use super::url::is_placeholder;
use super::value_labels::{ValueLabel, is_choice_label, keyword_line, value_label};
use crate::json::number;
use crate::page::FieldSpec;
use crate::type_names::type_line;
use serde_json::Value;

impl ListReader<'_> {
    /// Reads the value of a label; returns the index after it.
    pub(super) fn value(
        &self,
        spec: &mut FieldSpec,
        label: ValueLabel,
        rest: &str,
        at: usize,
    ) -> usize {
        if label == ValueLabel::Allowed {
            return self.allowed(spec, rest, at);
        }
        let mut next = at + 1;
        let mut value = rest.to_owned();
        if value.is_empty() {
            let below = self.filled(next);
            if !self.is_value(below) {
                return next;
            }
            value = self.at(below).to_owned();
            next = below + 1;
        }
        let may_be_json = matches!(
            label,
            ValueLabel::Example | ValueLabel::Examples | ValueLabel::Default | ValueLabel::Constant
        );
        if may_be_json
            && value.starts_with(['{', '['])
            && let Some(end) = self.json_end(&value, next)
        {
            for at in next..end {
                value.push('\n');
                value.push_str(self.lines.at(at));
            }
            next = end;
        }
        if label == ValueLabel::Examples {
            while next < self.end && self.is_value(next) && limits(self.at(next)).is_none() {
                next += 1;
            }
        }
        set(spec, label, value);
        next
    }

    /// Returns the index after a JSON value that begins on one line and continues at `next`. Returns
    /// `None` if another element follows before the value ends.
    pub(super) fn json_end(&self, first: &str, next: usize) -> Option<usize> {
        let mut open = depth(first);
        let mut at = next;
        while open > 0 {
            let line = self.lines.at(at);
            let is_other = at >= self.end
                || marker(line, true).is_some()
                || value_label(line).is_some()
                || is_marked_status(line);
            if is_other {
                return None;
            }
            open += depth(line);
            at += 1;
        }
        Some(at)
    }

    /// Returns whether a line after a label is its value.
    pub(super) fn is_value(&self, at: usize) -> bool {
        let line = self.at(at);
        at < self.end
            && !line.is_empty()
            && self.start(at).is_none()
            && value_label(line).is_none()
            && marker(line, true).is_none()
            && modified_line(line, || self.at(self.filled(at + 1))).is_none()
            && !is_marked_status(line)
            && !curl::starts(line)
    }

    pub(super) fn allowed(&self, spec: &mut FieldSpec, rest: &str, at: usize) -> usize {
        let values = &mut spec.details.allowed;
        extend(values, rest);
        let mut next = at + 1;
        while next < self.end {
            let line = self.at(next);
            if line.is_empty() {
                next += 1;
                continue;
            }
            let value = self.is_value(next)
                && keyword_line(line).is_none()
                && limits(line).is_none()
                && example_line(line).is_none()
                && code_line(line).is_none()
                && !is_status_above(line, self.at(self.filled(next + 1)))
                && !line.starts_with(['{', '[']);
            if !value {
                break;
            }
            extend(values, line);
            next += 1;
        }
        next
    }

    /// Returns the index after the alternatives of a type, whose label is at a line.
    pub(super) fn after_choices(&self, at: usize) -> usize {
        let mut at = at;
        while at < self.end {
            let line = self.at(at);
            let is_choice = line.is_empty()
                || is_choice_label(line)
                || matches!(line, "allOf" | "oneOf" | "anyOf" | "null")
                || type_line(line).is_some() && !self.starts_field(at);
            if !is_choice {
                break;
            }
            at += 1;
        }
        at
    }

    /// Returns whether a line with the name of a type is the name of a field: its type and a flag follow.
    fn starts_field(&self, at: usize) -> bool {
        let below = self.filled(at + 1);
        type_line(self.at(below)).is_some()
            && required_line(self.at(self.filled(below + 1))).is_some()
    }

    /// Returns the index after the type of the fields that the list does not name.
    pub(super) fn after_other_fields(&self, at: usize) -> Option<usize> {
        let below = self.filled(at + 1);
        let (_, required) = typed(self.at(below))?;
        let next = self.filled(below + 1);
        let has_flag = required.is_none() && required_line(self.at(next)).is_some();
        Some(if has_flag { next + 1 } else { below + 1 })
    }
}

/// Adds the allowed values on a line, which may be separated by commas.
fn extend(values: &mut Vec<String>, line: &str) {
    let parts: Vec<&str> = line.split([',', '、', '，']).map(str::trim).collect();
    let separate = parts
        .iter()
        .all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
    let parts = if separate { parts } else { vec![line.trim()] };
    for part in parts {
        let bare = part
            .strip_prefix('"')
            .and_then(|part| part.strip_suffix('"'))
            .unwrap_or(part);
        if !bare.is_empty() {
            values.push(bare.to_owned());
        }
    }
}

/// Stores the value of a label.
fn set(spec: &mut FieldSpec, label: ValueLabel, value: String) {
    let details = &mut spec.details;
    let mut keyword = |word: &str, value: Value| {
        details.keywords.insert(word.to_owned(), value);
    };
    match label {
        ValueLabel::Example | ValueLabel::Examples => {
            if !value.contains("{{") && !is_placeholder_text(&value) {
                details.example = details.example.take().or(Some(value));
            }
        }
        ValueLabel::Default => {
            if !value.contains("{{") {
                details.default = details.default.take().or(Some(value));
            }
        }
        ValueLabel::Constant => spec.fixed = spec.fixed.take().or(Some(value)),
        ValueLabel::Pattern => keyword("pattern", Value::from(value)),
        ValueLabel::Format => keyword("format", Value::from(value)),
        ValueLabel::MinLength | ValueLabel::MaxLength => {
            let Ok(length) = value.trim().parse::<u64>() else {
                return;
            };
            match label {
                ValueLabel::MinLength => keyword("minLength", Value::from(length)),
                _ => spec.max_length = Some(length),
            }
        }
        ValueLabel::Minimum | ValueLabel::Maximum => {
            let value = number(value.trim());
            if value.is_number() {
                let word = if label == ValueLabel::Minimum {
                    "minimum"
                } else {
                    "maximum"
                };
                keyword(word, value);
            }
        }
        ValueLabel::Allowed => {}
    }
}

fn is_placeholder_text(value: &str) -> bool {
    !value.starts_with('{') && is_placeholder(value)
}

/// Returns the number of brackets that a line opens and does not close, outside of strings.
fn depth(line: &str) -> i64 {
    let mut depth = 0;
    let mut quoted = false;
    let mut escaped = false;
    for c in line.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth
}
