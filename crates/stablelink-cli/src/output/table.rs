//! Tables of JSON, for people.

use super::members::{Members, shown};
use super::paint::{Paint, Tone};

/// An object as names and values, a list of objects as rows, a page of records as rows and what stands beside them.
pub(super) fn of_json(json: &str, paint: Paint) -> String {
    if let Some(list) = list(json) {
        return rows(&list, paint);
    }
    let Some(Members(members)) = Members::read(json) else {
        return format!("{}\n", shown(json));
    };
    // A page: its records are what people want to see.
    let records = members.iter().find(|(name, _)| name == "records");
    if let Some(records) = records.and_then(|(_, value)| list(value.get())) {
        let beside: Vec<String> = members
            .iter()
            .filter(|(name, _)| name != "records")
            .map(|(name, value)| format!("{} {}", shown(name), shown(value.get())))
            .collect();
        return format!(
            "{}{}\n",
            rows(&records, paint),
            paint.dim(&beside.join(" · "))
        );
    }
    let own: Vec<[String; 2]> = members
        .iter()
        .map(|(name, value)| [super::plain(name), shown(value.get())])
        .collect();
    pairs(&own, paint)
}

/// Names and values.
pub(super) fn pairs(rows: &[[String; 2]], paint: Paint) -> String {
    let width = rows
        .iter()
        .map(|[name, _]| name.chars().count())
        .max()
        .unwrap_or(0);
    rows.iter()
        .map(|[name, value]| {
            let blanks = " ".repeat(width - name.chars().count());
            format!("{}{blanks}  {value}\n", paint.tone(Tone::Head, name))
        })
        .collect()
}

/// The elements of a list, each as it came.
fn list(json: &str) -> Option<Vec<&str>> {
    let list: Vec<&serde_json::value::RawValue> = serde_json::from_str(json).ok()?;
    Some(list.into_iter().map(|element| element.get()).collect())
}

fn rows(list: &[&str], paint: Paint) -> String {
    if list.is_empty() {
        return "none\n".to_owned();
    }
    let records: Option<Vec<Members<'_>>> = list.iter().map(|json| Members::read(json)).collect();
    let Some(records) = records else {
        return list
            .iter()
            .map(|json| format!("{}\n", shown(json)))
            .collect();
    };
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in records.iter().flat_map(|record| &record.0) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let cell = |record: &Members<'_>, name: &str| {
        let found = record.0.iter().find(|(key, _)| key == name);
        found.map_or_else(String::new, |(_, value)| shown(value.get()))
    };
    let body: Vec<Vec<String>> = records
        .iter()
        .map(|record| names.iter().map(|name| cell(record, name)).collect())
        .collect();
    let head: Vec<String> = names.iter().map(|name| super::plain(name)).collect();
    let width = |column: usize| {
        let cells = body
            .iter()
            .chain([&head])
            .map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = format!("{}\n", paint.tone(Tone::Head, &line(&head)));
    for row in &body {
        text.push_str(&line(row));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lists_and_pages() {
        for (json, text) in [
            (
                r#"{"orderNo":"7","amount":1.50,"deep":{"a":1}}"#,
                "orderNo  7\namount   1.50\ndeep     {\"a\":1}\n",
            ),
            (
                r#"[{"a":1,"b":"x"},{"b":"long","c":null}]"#,
                "a  b     c\n1  x\n   long  null\n",
            ),
            (
                r#"{"pageNum":1,"total":9,"records":[{"a":1}]}"#,
                "a\n1\npageNum 1 · total 9\n",
            ),
            (r#"{"records":7}"#, "records  7\n"),
            ("[]", "none\n"),
            ("[1,\"b\"]", "1\nb\n"),
            ("\"text\"", "text\n"),
            ("{}", ""),
        ] {
            assert_eq!(of_json(json, Paint::never()), text, "{json}");
        }
    }
}
