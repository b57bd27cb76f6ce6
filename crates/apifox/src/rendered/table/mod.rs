//! Tables of fields, whose cells are separated by `|` or tabs, or joined.
//!
//! `header` recognises the columns, this file reads separated rows, and `joined_row` reads joined
//! ones.

mod bars;
mod cell;
mod header;
mod joined;
mod row;

use super::lines::Lines;
use super::marker::{marker, modified_line};
pub(crate) use cell::Known;
pub(crate) use header::Header;
use header::TableLayout;
pub(crate) use row::row;

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
    while at < end && is_row(lines.at(at), &header) {
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

fn is_row(line: &str, header: &Header) -> bool {
    let divided = match header.form {
        TableLayout::Bars => line.contains('|'),
        TableLayout::Tabs => line.contains('\t'),
        TableLayout::Joined => true,
    };
    divided
        && !line.is_empty()
        && marker(line, true).is_none()
        && modified_line(line).is_none()
        && !line.starts_with(['{', '['])
}

/// Returns whether a line is the delimiter row of a Markdown table.
fn is_rule(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;
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
}
