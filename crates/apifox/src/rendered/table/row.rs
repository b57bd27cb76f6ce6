use super::bars::bars;
use super::cell::{Known, Row};
use super::header::{Column, Header, TableLayout};
use super::joined;
use crate::message::quoted;
use crate::page::FieldSpec;

/// Parses a row. The error says why it cannot be read.
pub(crate) fn row(text: &str, line: u32, header: &Header, known: &Known) -> Result<Row, String> {
    let cells = match header.form {
        TableLayout::Joined => return joined::row(text, line, header, known),
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

#[cfg(test)]
mod tests {
    use super::super::header::header;
    use super::*;

    fn read(head: &str, text: &str) -> Result<Row, String> {
        row(text, 9, &header(head).unwrap(), &Known::new())
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
}
