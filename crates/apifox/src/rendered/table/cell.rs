use std::collections::HashMap;

use super::header::Column;
use crate::message::quoted;
use crate::page::FieldSpec;
use crate::types;

/// Names in code samples and examples of the page, with their values.
pub(crate) type Known = HashMap<String, Vec<String>>;

/// A parsed row, with the problems of its cells.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) field: FieldSpec,
    pub(crate) doubts: Vec<String>,
}

impl Row {
    /// Stores a cell according to its column.
    pub(super) fn set(&mut self, column: Column, cell: &str) {
        let cell = cell.trim();
        let field = &mut self.field;
        match column {
            Column::Name => {
                let name = cell.trim_matches(|c: char| {
                    c.is_whitespace()
                        || matches!(c, '`' | '└' | '├' | '─' | '│' | '>' | '·' | '-' | '»')
                });
                if let Some(name) = name.strip_suffix('*').or_else(|| name.strip_prefix('*')) {
                    field.required.get_or_insert(true);
                    field.name = name.trim().to_owned();
                } else {
                    field.name = name.to_owned();
                }
            }
            Column::Type => {
                if !is_blank(cell) {
                    if types::declared(cell).is_none() {
                        self.doubts
                            .push(format!("the type {} is unknown", quoted(cell)));
                    }
                    field.max_length = field.max_length.or(types::length_of(cell));
                    field.type_name = Some(cell.to_owned());
                }
            }
            Column::Required | Column::Optional => match yes_or_no(cell) {
                Some(yes) => field.required = Some(yes == (column == Column::Required)),
                None => self.doubts.push(format!(
                    "{} in the column of required fields is neither yes nor no",
                    quoted(cell)
                )),
            },
            Column::Length => field.max_length = length(cell).or(field.max_length),
            Column::Description => field.description = text(cell),
            Column::Fixed => field.fixed = text(cell),
            Column::BodyExample | Column::Other => {}
        }
    }
}

fn text(cell: &str) -> Option<String> {
    (!is_blank(cell)).then(|| cell.to_owned())
}

fn is_blank(cell: &str) -> bool {
    matches!(cell, "" | "-" | "--" | "—" | "/" | "N/A")
}

/// Parses a cell of a column of required fields. An empty cell means no.
pub(super) fn yes_or_no(cell: &str) -> Option<bool> {
    let lower = cell.trim().to_lowercase();
    if is_blank(cell.trim()) {
        return Some(false);
    }
    YES_OR_NO
        .iter()
        .find(|(word, _)| *word == lower)
        .map(|&(_, yes)| yes)
}

/// Lower case; a longer word comes before its own prefix.
pub(super) const YES_OR_NO: &[(&str, bool)] = &[
    ("conditional", false),
    ("mandatory", true),
    ("required", true),
    ("optional", false),
    ("false", false),
    ("true", true),
    ("yes", true),
    ("no", false),
    ("y", true),
    ("n", false),
    ("m", true),
    ("o", false),
    ("c", false),
    ("必填", true),
    ("必须", true),
    ("选填", false),
    ("可选", false),
    ("是", true),
    ("否", false),
    ("√", true),
    ("✓", true),
    ("×", false),
];

/// Parses a maximum length: `64`, `64 characters`, `1-64`. `10,2` counts the digits of a decimal
/// and has none.
fn length(cell: &str) -> Option<u64> {
    if cell.contains([',', '.']) {
        return None;
    }
    let numbers: Vec<&str> = cell
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .collect();
    match numbers.as_slice() {
        [one] => one.parse().ok(),
        [_, last] if cell.contains(['-', '~', '–']) => last.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_flags_are_parsed() {
        for (cell, read) in [
            ("64", Some(64)),
            ("64 characters", Some(64)),
            ("1-64", Some(64)),
            ("10,2", None),
            ("", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(length(cell), read, "{cell}");
        }
        for (cell, read) in [
            ("Y", Some(true)),
            ("", Some(false)),
            ("否", Some(false)),
            ("maybe", None),
        ] {
            assert_eq!(yes_or_no(cell), read, "{cell}");
        }
    }
}
