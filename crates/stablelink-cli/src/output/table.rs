//! Tables of JSON values for people.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use stablelink::RawObject;

use super::theme::{TextStyle, Theme};
use super::untrusted::{display_value, sanitize};

/// Formats an object as names and values, a list of objects as rows, and a page as rows followed by its other fields.
pub(super) fn format_json(json: &str, theme: Theme) -> String {
    if let Some(list) = parse_list(json) {
        return format_list(&list, theme);
    }
    let Ok(fields) = RawObject::parse(json.as_bytes()) else {
        return display_value(json);
    };
    if let Some(records) = fields.get("records").and_then(parse_list) {
        let others = fields.iter().filter(|(name, _)| *name != "records");
        let others: Vec<String> = others
            .map(|(name, value)| format!("{} {}", sanitize(name), display_value(value)))
            .collect();
        let records = format_list(&records, theme);
        return format!("{records}\n{}", theme.dim(&others.join(" · ")));
    }
    let pairs: Vec<[String; 2]> = fields
        .iter()
        .map(|(name, value)| [sanitize(name), display_value(value)])
        .collect();
    format_pairs(&pairs, theme)
}

/// Formats names and values in two columns.
pub(super) fn format_pairs(pairs: &[[String; 2]], theme: Theme) -> String {
    let text = layout(pairs.iter().cloned());
    let lines = text.lines().zip(pairs).map(|(line, [name, _])| {
        let rest = line.get(name.len()..).unwrap_or_default();
        format!("{}{rest}", theme.apply(TextStyle::Heading, name))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn parse_list(json: &str) -> Option<Vec<&str>> {
    let list: Vec<&serde_json::value::RawValue> = serde_json::from_str(json).ok()?;
    Some(list.into_iter().map(|element| element.get()).collect())
}

/// Formats objects as rows with one column for each field name, and other values as one line each.
fn format_list(list: &[&str], theme: Theme) -> String {
    if list.is_empty() {
        return "none".to_owned();
    }
    let records = list.iter().map(|json| RawObject::parse(json.as_bytes()));
    let Ok(records) = records.collect::<Result<Vec<_>, _>>() else {
        let lines: Vec<String> = list.iter().map(|json| display_value(json)).collect();
        return lines.join("\n");
    };
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in records.iter().flat_map(RawObject::iter) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut rows: Vec<Vec<String>> = vec![names.iter().map(|name| sanitize(name)).collect()];
    rows.extend(records.iter().map(|record| {
        let cell = |name: &&str| record.get(name).map(display_value).unwrap_or_default();
        names.iter().map(cell).collect()
    }));
    let text = layout(rows.into_iter());
    let (header, rows) = text.split_once('\n').unwrap_or((&text, ""));
    format!("{}\n{rows}", theme.apply(TextStyle::Heading, header))
}

/// Lays out rows without borders, with two spaces between columns. Long lines are not wrapped.
fn layout<R: Into<comfy_table::Row>>(rows: impl Iterator<Item = R>) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lists_and_pages_are_formatted() {
        for (json, text) in [
            (
                r#"{"orderNo":"7","amount":1.50,"deep":{"a":1}}"#,
                "orderNo  7\namount   1.50\ndeep     {\"a\":1}",
            ),
            (
                r#"[{"a":1,"b":"x"},{"b":"long","c":null}]"#,
                "a  b     c\n1  x\n   long  null",
            ),
            (
                r#"{"pageNum":1,"total":9,"records":[{"a":1}]}"#,
                "a\n1\npageNum 1 · total 9",
            ),
            (r#"{"records":7}"#, "records  7"),
            ("[]", "none"),
            ("[1,\"b\"]", "1\nb"),
            ("\"text\"", "text"),
            ("{}", ""),
        ] {
            assert_eq!(format_json(json, Theme::PLAIN), text, "{json}");
        }
    }
}
