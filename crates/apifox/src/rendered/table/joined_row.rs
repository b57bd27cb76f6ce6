//! Parses rows with joined cells: `isbnStringYes13The number of the book`.

use super::header::{Column, Header};
use super::{Row, SampleTexts, YES_OR_NO};
use crate::diagnostic::quoted;
use crate::page::FieldSpec;
use crate::type_names;

/// Maximum length of a name.
const LONGEST_NAME: usize = 120;

/// Parses a row. The error states the reason why the cells cannot be separated.
pub(super) fn row(
    text: &str,
    line: u32,
    header: &Header,
    known: &SampleTexts,
) -> Result<Row, String> {
    let columns = &header.columns[1..];
    let free = |column: &Column| {
        matches!(
            column,
            Column::Description | Column::Fixed | Column::BodyExample
        )
    };
    let first = columns.iter().position(free).unwrap_or(columns.len());
    let last = columns.iter().rposition(free).map_or(first, |at| at + 1);
    let shape = Shape {
        before: &columns[..first],
        middle: &columns[first..last],
        behind: &columns[last..],
    };
    if shape.middle.iter().any(|column| !free(column)) || columns.contains(&Column::Other) {
        return Err("the columns of this table cannot be separated".to_owned());
    }
    let name = if shape.before.is_empty() && shape.behind.is_empty() {
        name_before_text(text, known)?
    } else {
        name_before_columns(text, known, &shape)?
    };
    let mut row = Row {
        field: FieldSpec {
            line,
            ..FieldSpec::default()
        },
        doubts: Vec::new(),
    };
    row.set(Column::Name, &text[..name]);
    let rest = shape
        .apply(&text[name..], &mut row)
        .ok_or_else(|| unclear(text))?;
    middle(&mut row, rest, shape.middle, known)?;
    Ok(row)
}

fn unclear(text: &str) -> String {
    format!("the ends of the cells of {} are ambiguous", quoted(text))
}

/// The columns after the name.
struct Shape<'a> {
    /// Separated from the front.
    before: &'a [Column],
    /// Free text.
    middle: &'a [Column],
    /// Separated from the end.
    behind: &'a [Column],
}

impl Shape<'_> {
    /// Removes the columns around the free text, and returns the free text.
    fn apply<'t>(&self, text: &'t str, row: &mut Row) -> Option<&'t str> {
        let mut rest = text;
        for (at, &column) in self.before.iter().enumerate() {
            rest = rest.trim_start();
            let next = self.before.get(at + 1).copied();
            let length = front(rest, column, next)?;
            row.set(column, &rest[..length]);
            rest = &rest[length..];
        }
        for &column in self.behind.iter().rev() {
            rest = rest.trim_end();
            let length = back(rest, column)?;
            let (front, cell) = rest.split_at(rest.len() - length);
            row.set(column, cell);
            rest = front;
        }
        (!self.middle.is_empty() || rest.trim().is_empty()).then_some(rest)
    }
}

/// Returns the length of a column at the front.
fn front(text: &str, column: Column, next: Option<Column>) -> Option<usize> {
    match column {
        Column::Type => type_names::prefixes(text).into_iter().find(|&length| {
            let rest = &text[length..];
            !begins_lower(rest)
                || (next == Some(Column::Required) && front(rest, Column::Required, None).is_some())
        }),
        Column::Required | Column::Optional => YES_OR_NO.iter().find_map(|(word, _)| {
            let start = text.get(..word.len())?;
            let fits = start.to_lowercase() == *word && !begins_lower(&text[word.len()..]);
            fits.then_some(word.len())
        }),
        Column::Length => {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let dash = usize::from(digits == 0 && text.starts_with('-'));
            Some(digits + dash)
        }
        _ => None,
    }
}

/// Returns the length of a column at the end.
fn back(text: &str, column: Column) -> Option<usize> {
    match column {
        Column::Type => type_names::suffix(text),
        Column::Required | Column::Optional => YES_OR_NO.iter().find_map(|(word, _)| {
            let start = text.len().checked_sub(word.len())?;
            (text.get(start..)?.to_lowercase() == *word).then_some(word.len())
        }),
        Column::Length => Some(text.bytes().rev().take_while(u8::is_ascii_digit).count()),
        _ => None,
    }
}

fn begins_lower(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
}

/// Returns the end of the longest known name at the start of a text.
fn known_prefix(text: &str, known: &SampleTexts) -> Option<usize> {
    ends(text)
        .rev()
        .find(|&end| known.contains_key(&text[..end]) || is_standard(&text[..end]))
}

/// Headers that a table may name although no code sample shows them.
fn is_standard(name: &str) -> bool {
    ["Content-Type", "Authorization", "Accept"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Returns the positions where a name may end, up to the first whitespace.
fn ends(text: &str) -> impl DoubleEndedIterator<Item = usize> {
    let word = text.find(char::is_whitespace).unwrap_or(text.len());
    let ends: Vec<usize> = text[..word]
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|&end| end <= LONGEST_NAME)
        .collect();
    ends.into_iter()
}

/// Returns the end of a name that is followed by free text.
fn name_before_text(text: &str, known: &SampleTexts) -> Result<usize, String> {
    let known = known_prefix(text, known);
    let boundary = boundary(text);
    match (known, boundary) {
        // `idCardThe card` if only `id` is known: the name may be `id` or `idCard`.
        (Some(known), Some(boundary)) if boundary > known => Err(format!(
            "the row may start with {} or with {}",
            quoted(&text[..known]),
            quoted(&text[..boundary])
        )),
        (Some(end), _) | (None, Some(end)) => Ok(end),
        (None, None) if is_name(text) => Ok(text.len()),
        (None, None) => Err(unclear(text)),
    }
}

/// Returns the last position before the first whitespace where a capital follows a small letter or
/// a digit, or where another script starts.
fn boundary(text: &str) -> Option<usize> {
    let word = text.find(char::is_whitespace).unwrap_or(text.len());
    let mut before = ' ';
    let mut found = None;
    for (at, c) in text[..word].char_indices() {
        if !c.is_ascii() {
            return is_name(&text[..at]).then_some(at);
        }
        if (before.is_ascii_lowercase() || before.is_ascii_digit()) && c.is_ascii_uppercase() {
            found = Some(at);
        }
        before = c;
    }
    // A single word is a name in camel case.
    found.filter(|&at| is_name(&text[..at]) && (word < text.len() || !is_name(text)))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.[]*$".contains(&b))
}

/// Returns the end of a name that is followed by columns.
fn name_before_columns(text: &str, known: &SampleTexts, shape: &Shape) -> Result<usize, String> {
    let fits = |end: usize| {
        let mut scratch = Row {
            field: FieldSpec::default(),
            doubts: Vec::new(),
        };
        shape.apply(&text[end..], &mut scratch).is_some()
    };
    if let Some(end) = known_prefix(text, known).filter(|&end| fits(end)) {
        return Ok(end);
    }
    let candidates: Vec<usize> = ends(text)
        .filter(|&end| is_name(&text[..end]) && fits(end))
        .collect();
    match candidates.as_slice() {
        [end] => Ok(*end),
        // Without a type after the name, the name may end at any position.
        _ if !shape.before.contains(&Column::Type) => boundary(text)
            .filter(|&end| fits(end))
            .ok_or_else(|| unclear(text)),
        _ => Err(unclear(text)),
    }
}

/// Divides the free text among its columns.
fn middle(
    row: &mut Row,
    text: &str,
    columns: &[Column],
    known: &SampleTexts,
) -> Result<(), String> {
    match columns {
        [] => {}
        [column] => row.set(*column, text),
        [Column::Description, Column::Fixed] => {
            let text = text.trim();
            match fixed(text, known.get(&row.field.name)) {
                Split::At(at) => {
                    row.set(Column::Description, &text[..at]);
                    row.set(Column::Fixed, &text[at..]);
                }
                Split::None => row.set(Column::Description, text),
                Split::Doubtful => {
                    row.set(Column::Description, text);
                    row.doubts.push(format!(
                        "it is ambiguous whether {} ends with a fixed value",
                        quoted(text)
                    ));
                }
            }
        }
        _ => return Err(unclear(text)),
    }
    Ok(())
}

enum Split {
    At(usize),
    None,
    Doubtful,
}

/// Finds a fixed value that is joined to a description: a value in a code sample, or a value that
/// also ends the description (`is always abc.abc`).
fn fixed(text: &str, samples: Option<&Vec<String>>) -> Split {
    let sampled = samples.into_iter().flatten().find_map(|value| {
        let front = text.strip_suffix(value.as_str())?;
        let joined = !value.is_empty() && !front.ends_with(char::is_whitespace);
        joined.then_some(front.len())
    });
    if let Some(at) = sampled {
        return Split::At(at);
    }
    let word = text.rfind(char::is_whitespace).map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    let last = &text[word..];
    for (at, _) in last.match_indices(['.', '。', ')', '"', ':']) {
        let behind = &last[at..];
        let skip = behind.chars().next().map_or(1, char::len_utf8);
        let value = &behind[skip..];
        let said = last[..at].trim_matches(['"', '(', '`', '\'']);
        if !value.is_empty() && said == value {
            return Split::At(word + at + skip);
        }
    }
    let inner_stop = last
        .trim_end_matches('.')
        .char_indices()
        .any(|(at, c)| matches!(c, '.' | '。') && at > 0);
    if inner_stop {
        Split::Doubtful
    } else {
        Split::None
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::header;
    use super::*;

    fn known(names: &[(&str, &str)]) -> SampleTexts {
        names
            .iter()
            .map(|&(name, value)| (name.to_owned(), vec![value.to_owned()]))
            .collect()
    }

    #[test]
    fn joined_rows_with_a_fixed_value() {
        let header = header("ParamDescriptionFixed Value").unwrap();
        let known = known(&[("shelf_no", "Sh1"), ("sort", "newest_first"), ("id", "1")]);
        for (text, name, description, fixed) in [
            (
                "Content-TypeA form in parts, always multipart/form-data.multipart/form-data",
                "Content-Type",
                Some("A form in parts, always multipart/form-data."),
                Some("multipart/form-data"),
            ),
            (
                "shelf_noFrom the list of shelves",
                "shelf_no",
                Some("From the list of shelves"),
                None,
            ),
            (
                "sortAlways newest_first.newest_first",
                "sort",
                Some("Always newest_first."),
                Some("newest_first"),
            ),
            ("sortnewest_first", "sort", None, Some("newest_first")),
            (
                "shopNoNumber of the shop",
                "shopNo",
                Some("Number of the shop"),
                None,
            ),
            ("shopNo店铺编号", "shopNo", Some("店铺编号"), None),
            ("shopNo", "shopNo", None, None),
            ("idthe id", "id", Some("the id"), None),
        ] {
            let row = row(text, 1, &header, &known).expect(text);
            assert_eq!(row.field.name, name, "{text}");
            assert_eq!(row.field.description.as_deref(), description, "{text}");
            assert_eq!(row.field.fixed.as_deref(), fixed, "{text}");
            assert_eq!(row.doubts, Vec::<String>::new(), "{text}");
        }
        let doubtful = row("siteSee docs.harbour.example", 1, &header, &known).unwrap();
        assert_eq!(doubtful.field.fixed, None);
        assert_eq!(doubtful.doubts.len(), 1);
        for text in ["idCardThe number of the card", "just a sentence"] {
            assert!(row(text, 1, &header, &known).is_err(), "{text}");
        }
    }

    #[test]
    fn joined_rows_with_types() {
        let header = header("FieldTypeRequiredMax LengthDescription").unwrap();
        let known = known(&[("id", "1")]);
        for (text, name, kind, required, length, description) in [
            (
                "isbnStringYes13The number",
                "isbn",
                "String",
                true,
                Some(13),
                Some("The number"),
            ),
            (
                "orderNostringno64note",
                "orderNo",
                "string",
                false,
                Some(64),
                Some("note"),
            ),
            (
                "dateDateYThe day",
                "date",
                "Date",
                true,
                None,
                Some("The day"),
            ),
            (
                "identityNoStringYes",
                "identityNo",
                "String",
                true,
                None,
                None,
            ),
            (
                "idLongYes20Number of it",
                "id",
                "Long",
                true,
                Some(20),
                Some("Number of it"),
            ),
            (
                "itemsList<Long>NoNumbers",
                "items",
                "List<Long>",
                false,
                None,
                Some("Numbers"),
            ),
        ] {
            let field = row(text, 1, &header, &known).expect(text).field;
            assert_eq!(field.name, name, "{text}");
            assert_eq!(field.type_name.as_deref(), Some(kind), "{text}");
            assert_eq!(field.required, Some(required), "{text}");
            assert_eq!(field.max_length, length, "{text}");
            assert_eq!(field.description.as_deref(), description, "{text}");
        }
        for text in ["isbnBookYes13The number", "isbnStringNote on it", "x"] {
            assert!(row(text, 1, &header, &known).is_err(), "{text}");
        }
    }

    #[test]
    fn joined_columns_after_the_text() {
        let header = header("NameDescriptionTypeRequired").unwrap();
        let row = row(
            "shopNoNumber of the shopStringYes",
            1,
            &header,
            &SampleTexts::new(),
        )
        .unwrap();
        assert_eq!(row.field.name, "shopNo");
        assert_eq!(row.field.type_name.as_deref(), Some("String"));
        assert_eq!(row.field.description.as_deref(), Some("Number of the shop"));
    }
}
