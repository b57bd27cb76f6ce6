//! Tables of fields, whose cells are separated by `|` or tabs, or joined.
//!
//! `header` recognises the columns, this file reads separated rows, and `joined_row` reads joined
//! ones.

use super::labels::{marker, modified_line};
use super::lines::Lines;
use crate::diagnostic::quoted;
use crate::page::FieldSpec;
use crate::type_names;
pub(crate) use header::Header;
use header::{Column, TableLayout};
use std::collections::HashMap;

mod header;
mod joined_row;

/// A table with a parsed header. Its rows are parsed later, when the names in code samples are
/// known.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) header: Header,
    /// Line and text.
    pub(crate) rows: Vec<(u32, String)>,
    /// All its lines, in case the table turns out to be text.
    pub(crate) text: Vec<String>,
}

/// Finds a table with its header at `index`; also returns the index after it.
pub(crate) fn table(lines: &Lines, index: usize, end: usize) -> Option<(Table, usize)> {
    let header = header::header(lines.at(index))?;
    let mut rows = Vec::new();
    let mut at = index + 1;
    while at < end && is_row(lines, at, &header) {
        if !is_rule(lines.at(at)) {
            rows.push((lines.number(at), lines.at(at).to_owned()));
        }
        at += 1;
    }
    // A header without rows is a coincidence of words.
    if rows.is_empty() {
        return None;
    }
    let text = (index..at).map(|at| lines.indented(at)).collect();
    Some((Table { header, rows, text }, at))
}

fn is_row(lines: &Lines, at: usize, header: &Header) -> bool {
    let line = lines.at(at);
    let divided = match header.form {
        TableLayout::Bars => line.contains('|'),
        TableLayout::Tabs => line.contains('\t'),
        TableLayout::Joined => true,
    };
    divided
        && !line.is_empty()
        && marker(line, true).is_none()
        && modified_line(line, || lines.below(at)).is_none()
        && !line.starts_with(['{', '['])
}

/// Returns whether a line is the delimiter row of a Markdown table.
fn is_rule(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// Parses a row. The error states the reason why the row cannot be parsed.
pub(crate) fn row(
    text: &str,
    line: u32,
    header: &Header,
    known: &SampleTexts,
) -> Result<Row, String> {
    let cells = match header.form {
        TableLayout::Joined => return joined_row::row(text, line, header, known),
        TableLayout::Bars => bars(text),
        TableLayout::Tabs => text
            .split('\t')
            .map(|cell| cell.trim().to_owned())
            .collect(),
    };
    let columns = header.columns.len();
    let mut row = Row {
        field: FieldSpec {
            line,
            ..FieldSpec::default()
        },
        doubts: Vec::new(),
    };
    if cells.len() > columns {
        let last = header.columns.last();
        if last != Some(&Column::Description) {
            return Err(format!(
                "the row has {} cells, but the table has {columns} columns",
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
        return Err(format!("{} is not a field name", quoted(&row.field.name)));
    }
    Ok(row)
}

/// Names in code samples and examples of the page, with their values.
pub(crate) type SampleTexts = HashMap<String, Vec<String>>;

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
                    if type_names::declared(cell).is_none() {
                        self.doubts
                            .push(format!("the type {} is unknown", quoted(cell)));
                    }
                    field.max_length = field.max_length.or(type_names::length_of(cell));
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

/// The words in lower case. A longer word precedes its own prefix.
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

/// Splits a line into the cells between `|`; `\|` is a bar within a cell.
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
    use super::super::lines::split;
    use super::header::header;
    use super::*;

    #[test]
    fn table_ends_after_its_last_row() {
        let text = "Field | Type\n--- | ---\na | String\nb | Long\nText\n";
        let (table, end) = table(&split(text), 0, 9).unwrap();
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.rows[0].0, 3);
        assert_eq!(end, 4);
        let joined = split("ParamType\naString\nRequest\n");
        assert_eq!(super::table(&joined, 0, 3).unwrap().1, 2);
        assert!(super::table(&split("Field | Type\n\n"), 0, 2).is_none());
    }

    fn read(head: &str, text: &str) -> Result<Row, String> {
        row(text, 9, &header(head).unwrap(), &SampleTexts::new())
    }

    #[test]
    fn separated_cells_are_read() {
        let head = "Field | Type | Required | Max Length | Description";
        let row = read(head, "isbn | String | Yes | 13 | The number | with a bar").unwrap();
        assert_eq!(
            row.field,
            FieldSpec {
                name: "isbn".to_owned(),
                line: 9,
                type_name: Some("String".to_owned()),
                required: Some(true),
                max_length: Some(13),
                fixed: None,
                description: Some("The number | with a bar".to_owned()),
                ..FieldSpec::default()
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
    fn unclear_cells_are_reported() {
        let head = "Field\tType\tRequired";
        let row = read(head, "isbn\tBook\tperhaps").unwrap();
        assert_eq!(row.doubts.len(), 2);
        assert_eq!(row.field.required, None);
        assert!(read(head, "a\tb\tc\td").unwrap_err().contains("4 cells"));
        assert!(read(head, "\tString").unwrap_err().contains("no name"));
        assert!(
            read(head, "two words\tString")
                .unwrap_err()
                .contains("not a field name")
        );
    }

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

    #[test]
    fn escaped_bars_stay_in_the_cell() {
        assert_eq!(bars("| a | b\\|c |"), ["a", "b|c"]);
        assert_eq!(bars("a||b"), ["a", "", "b"]);
        assert_eq!(bars("|"), [""]);
    }
}
