//! The header of a table: the meaning of each column.

use super::bars;

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    Type,
    Required,
    /// The reverse of `Required`.
    Optional,
    Length,
    Description,
    Fixed,
    BodyExample,
    /// A column that does not describe the shape of a field.
    Other,
}

/// The separator of the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableLayout {
    Bars,
    Tabs,
    /// The cells are not separated: their texts are joined.
    Joined,
}

/// A recognised header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) form: TableLayout,
    pub(crate) columns: Vec<Column>,
    /// Whether the heading of the name column names fields or parameters.
    pub(crate) certain: bool,
}

/// The names of the columns, in lower case and without spaces.
const WORDS: &[(&str, Column)] = &[
    ("attribute", Column::Name),
    ("field", Column::Name),
    ("fieldname", Column::Name),
    ("fields", Column::Name),
    ("key", Column::Name),
    ("name", Column::Name),
    ("param", Column::Name),
    ("parameter", Column::Name),
    ("parametername", Column::Name),
    ("parameters", Column::Name),
    ("paramname", Column::Name),
    ("params", Column::Name),
    ("property", Column::Name),
    ("参数", Column::Name),
    ("参数名", Column::Name),
    ("参数名称", Column::Name),
    ("字段", Column::Name),
    ("字段名", Column::Name),
    ("名称", Column::Name),
    ("datatype", Column::Type),
    ("fieldtype", Column::Type),
    ("type", Column::Type),
    ("类型", Column::Type),
    ("参数类型", Column::Type),
    ("数据类型", Column::Type),
    ("isrequired", Column::Required),
    ("mandatory", Column::Required),
    ("required", Column::Required),
    ("必填", Column::Required),
    ("必选", Column::Required),
    ("是否必填", Column::Required),
    ("是否必须", Column::Required),
    ("optional", Column::Optional),
    ("length", Column::Length),
    ("maxlength", Column::Length),
    ("maximumlength", Column::Length),
    ("size", Column::Length),
    ("长度", Column::Length),
    ("最大长度", Column::Length),
    ("comment", Column::Description),
    ("comments", Column::Description),
    ("desc", Column::Description),
    ("description", Column::Description),
    ("explanation", Column::Description),
    ("meaning", Column::Description),
    ("note", Column::Description),
    ("notes", Column::Description),
    ("remark", Column::Description),
    ("remarks", Column::Description),
    ("备注", Column::Description),
    ("描述", Column::Description),
    ("说明", Column::Description),
    ("含义", Column::Description),
    ("constant", Column::Fixed),
    ("fixed", Column::Fixed),
    ("fixedvalue", Column::Fixed),
    ("固定值", Column::Fixed),
    ("example", Column::BodyExample),
    ("examplevalue", Column::BodyExample),
    ("sample", Column::BodyExample),
    ("samplevalue", Column::BodyExample),
    ("示例", Column::BodyExample),
    ("示例值", Column::BodyExample),
    ("default", Column::Other),
    ("defaultvalue", Column::Other),
    ("默认值", Column::Other),
];

/// Maximum length of a header line.
const LONGEST: usize = 200;

/// Parses the header of a table of fields. Returns `None` for any other line.
pub(crate) fn header(line: &str) -> Option<Header> {
    if line.len() > LONGEST {
        return None;
    }
    let (form, cells) = if line.contains('|') {
        (TableLayout::Bars, bars(line))
    } else if line.contains('\t') {
        (
            TableLayout::Tabs,
            line.split('\t').map(str::to_owned).collect(),
        )
    } else {
        return joined(line);
    };
    let words: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
    let columns: Vec<Column> = words
        .iter()
        .map(|word| column(word).unwrap_or(Column::Other))
        .collect();
    complete(form, columns, &words)
}

fn joined(line: &str) -> Option<Header> {
    let mut words = Vec::new();
    if !segment(&plain(line), &mut words) {
        return None;
    }
    let columns: Vec<Column> = words.iter().filter_map(|word| column(word)).collect();
    // Two of these words with a space between them may be a sentence ("Field notes").
    let blanks = line.split_whitespace().count();
    if words.len() < 3 && blanks >= words.len() {
        return None;
    }
    complete(TableLayout::Joined, columns, &words)
}

fn complete(form: TableLayout, columns: Vec<Column>, words: &[String]) -> Option<Header> {
    let count = |wanted| columns.iter().filter(|&&column| column == wanted).count();
    let known = columns.len() - count(Column::Other);
    let name = columns.iter().position(|&column| column == Column::Name)?;
    (count(Column::Name) == 1 && known >= 2).then(|| Header {
        form,
        certain: !matches!(words[name].as_str(), "name" | "key" | "名称"),
        columns,
    })
}

/// Splits joined words, longest first.
fn segment(text: &str, words: &mut Vec<String>) -> bool {
    if text.is_empty() {
        return !words.is_empty();
    }
    if words.len() > 12 {
        return false;
    }
    let mut fitting: Vec<&str> = WORDS
        .iter()
        .map(|(word, _)| *word)
        .filter(|word| text.starts_with(word))
        // Joined cells are split from the name on, so the name comes first.
        .filter(|word| !words.is_empty() || column(word) == Some(Column::Name))
        .collect();
    fitting.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    for word in fitting {
        words.push(word.to_owned());
        if segment(&text[word.len()..], words) {
            return true;
        }
        words.pop();
    }
    false
}

fn plain(cell: &str) -> String {
    cell.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '*' | '?' | '.' | '_' | '-' | ':' | '`'))
        .flat_map(char::to_lowercase)
        .collect()
}

fn column(word: &str) -> Option<Column> {
    WORDS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|&(_, column)| column)
}

#[cfg(test)]
mod tests {
    use super::Column::*;
    use super::*;

    #[test]
    fn table_headers_are_parsed() {
        for (line, form, columns) in [
            (
                "ParamDescriptionFixed Value",
                TableLayout::Joined,
                &[Name, Description, Fixed][..],
            ),
            (
                "FieldTypeRequiredMax LengthDescription",
                TableLayout::Joined,
                &[Name, Type, Required, Length, Description],
            ),
            (
                "Name Type Description",
                TableLayout::Joined,
                &[Name, Type, Description],
            ),
            (
                "| Description | **Field name** | Data Type | Since |",
                TableLayout::Bars,
                &[Description, Name, Type, Other],
            ),
            (
                "Parameter\tMandatory?\tMax. Length",
                TableLayout::Tabs,
                &[Name, Required, Length],
            ),
            (
                "参数名类型必填说明",
                TableLayout::Joined,
                &[Name, Type, Required, Description],
            ),
        ] {
            let header = header(line).expect(line);
            assert_eq!((header.form, &*header.columns), (form, columns), "{line}");
        }
    }

    #[test]
    fn other_lines_are_not_headers() {
        for line in [
            "Field notes",
            "Code | Meaning",
            "Name | Role",
            "Description | Type",
            "TypeName",
            "A sentence about a field.",
            "Name",
            "",
        ] {
            assert_eq!(header(line), None, "{line}");
        }
    }
}
