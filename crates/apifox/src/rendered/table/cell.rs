//! The cells of a row, and what they say of its field.

use std::collections::HashMap;

use super::header::Column;
use crate::message::quoted;
use crate::page::FieldSpec;
use crate::types;

/// Names that samples and examples on the page show, with the values that they have there.
pub(crate) type Known = HashMap<String, Vec<String>>;

/// A row that was read, and what is odd about it.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) field: FieldSpec,
    pub(crate) doubts: Vec<String>,
}

impl Row {
    /// Puts a cell where its column says.
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
                            .push(format!("{} is no type known here", quoted(cell)));
                    }
                    field.max_length = field.max_length.or(types::length_of(cell));
                    field.type_name = Some(cell.to_owned());
                }
            }
            Column::Required | Column::Optional => match yes_or_no(cell) {
                Some(yes) => field.required = Some(yes == (column == Column::Required)),
                None => self.doubts.push(format!(
                    "{} says neither yes nor no in the column of required fields",
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

/// The words of a column of required fields. An empty cell is a no.
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

/// Words in lower case, longer ones before those that they begin with.
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

/// `64`, `64 characters`, `1-64`: the largest length. `10,2` counts digits of a decimal and gives none.
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
    fn lengths_and_answers() {
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
