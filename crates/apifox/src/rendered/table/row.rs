//! A row of a table: one field, told apart from its neighbours cell by cell.

use std::collections::HashMap;

use super::header::{Column, Form, Header};
use super::joined;
use crate::message::quoted;
use crate::page::Field;
use crate::types;

/// Names that samples and examples on the page show, with the values that they have there.
pub(crate) type Known = HashMap<String, Vec<String>>;

/// A row that was read, and what is odd about it.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) field: Field,
    pub(crate) doubts: Vec<String>,
}

/// Reads a row. The error says why it can't be told apart.
pub(crate) fn row(text: &str, line: u32, header: &Header, known: &Known) -> Result<Row, String> {
    let cells = match header.form {
        Form::Joined => return joined::row(text, line, header, known),
        Form::Bars => bars(text),
        Form::Tabs => text
            .split('\t')
            .map(|cell| cell.trim().to_owned())
            .collect(),
    };
    let columns = header.columns.len();
    let mut row = Row {
        field: Field {
            line,
            ..Field::default()
        },
        doubts: Vec::new(),
    };
    if cells.len() > columns {
        let last = header.columns.last();
        if last != Some(&Column::Description) {
            return Err(format!(
                "the row has {} cells, the table {columns} columns",
                cells.len()
            ));
        }
        let text = cells[columns - 1..].join(" | ");
        row.set(Column::Description, &text);
    }
    let filled = cells.len().min(columns);
    let whole = if cells.len() > columns {
        columns - 1
    } else {
        filled
    };
    for (&column, cell) in header.columns.iter().zip(&cells[..whole]) {
        row.set(column, cell);
    }
    if row.field.name.is_empty() {
        return Err("the row has no name".to_owned());
    }
    if row.field.name.contains(char::is_whitespace) && !known.contains_key(&row.field.name) {
        return Err(format!("{} is no name of a field", quoted(&row.field.name)));
    }
    Ok(row)
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
            Column::Example | Column::Other => {}
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

/// The cells between bars; `\|` is a bar within a cell.
pub(super) fn bars(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek() == Some(&'|') {
            chars.next();
            push(&mut cells, '|');
        } else if c == '|' {
            cells.push(String::new());
        } else {
            push(&mut cells, c);
        }
    }
    let closed = line.ends_with('|') && !line.ends_with("\\|");
    if closed && cells.len() > 1 {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn push(cells: &mut [String], c: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::header;
    use super::*;

    fn read(head: &str, text: &str) -> Result<Row, String> {
        row(text, 9, &header(head).unwrap(), &Known::new())
    }

    #[test]
    fn cells_of_a_row() {
        let head = "Field | Type | Required | Max Length | Description";
        let row = read(head, "isbn | String | Yes | 13 | The number | with a bar").unwrap();
        assert_eq!(
            row.field,
            Field {
                name: "isbn".to_owned(),
                line: 9,
                type_name: Some("String".to_owned()),
                required: Some(true),
                max_length: Some(13),
                fixed: None,
                description: Some("The number | with a bar".to_owned()),
            }
        );
        assert_eq!(row.doubts, Vec::<String>::new());
        let short = read(head, "| └ note * | string(40) |").unwrap().field;
        assert_eq!(
            (&*short.name, short.required, short.max_length),
            ("note", Some(true), Some(40))
        );
    }

    #[test]
    fn doubts_and_refusals() {
        let head = "Field\tType\tRequired";
        let row = read(head, "isbn\tBook\tperhaps").unwrap();
        assert_eq!(row.doubts.len(), 2);
        assert_eq!(row.field.required, None);
        assert!(read(head, "a\tb\tc\td").unwrap_err().contains("4 cells"));
        assert!(read(head, "\tString").unwrap_err().contains("no name"));
        assert!(
            read(head, "two words\tString")
                .unwrap_err()
                .contains("no name of a field")
        );
    }

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

    #[test]
    fn bars_may_be_escaped() {
        assert_eq!(bars("| a | b\\|c |"), ["a", "b|c"]);
        assert_eq!(bars("a||b"), ["a", "", "b"]);
        assert_eq!(bars("|"), [""]);
    }
}
