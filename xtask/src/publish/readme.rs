//! The table of operations in the README of the repository.

use std::fmt::Write as _;

use serde_json::Value;

use super::{evidence_report, part};

/// The file, below the root.
pub const FILE: &str = "README.md";

/// The README has no place for the table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "README.md: the lines `<!-- regen: begin -->` and `<!-- regen: end -->` are not there once each, in this order; the table of \
     operations stands between them: put them back"
)]
pub struct NoPlace;

/// The README with the table renewed from the superset document.
///
/// # Errors
/// The marks are not there, or do not pair.
pub fn renew(current: &str, document: &Value) -> Result<String, NoPlace> {
    let place = part::find(current).ok().flatten().ok_or(NoPlace)?;
    let mut text = current.to_owned();
    text.replace_range(place, &part::of(&table(document)));
    Ok(text)
}

fn table(document: &Value) -> String {
    let operations = evidence_report::operations(document);
    let count = |level: &str| operations.iter().filter(|it| it.level == level).count();
    let mut text = format!(
        "{} documented, {} partial, {} inferred, those that the gateway calls among them. Made by `cargo xtask regen`.\n\n\
         | Operation | Call | Evidence | Repeat |\n|---|---|---|---|\n",
        count("documented"),
        count("partial"),
        count("inferred")
    );
    for it in &operations {
        let _ = writeln!(
            text,
            "| [{}](spec/EVIDENCE.md#{}) | `{}` | {} | {} |",
            it.id,
            it.id.to_lowercase(),
            it.call,
            it.level,
            it.retry
        );
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_is_renewed_and_nothing_else() {
        let document = json!({"paths": {"/a": {"get": {"operationId": "readA",
            "x-evidence": {"level": "partial"}, "x-retry": {"policy": "safe"}}}}});
        let before = format!("# Title\n\n{}\nBehind.\n", part::of("old"));
        let text = renew(&before, &document).unwrap();
        assert_eq!(
            text,
            "# Title\n\n<!-- regen: begin -->\n\
             0 documented, 1 partial, 0 inferred, those that the gateway calls among them. Made by `cargo xtask regen`.\n\n\
             | Operation | Call | Evidence | Repeat |\n|---|---|---|---|\n\
             | [readA](spec/EVIDENCE.md#reada) | `GET /a` | partial | safe |\n\
             <!-- regen: end -->\n\nBehind.\n"
        );
        assert_eq!(renew(&text, &document).unwrap(), text);
    }

    #[test]
    fn a_readme_without_a_place_for_it_is_an_error() {
        let error = renew("# Title\n", &json!({})).unwrap_err().to_string();
        assert!(
            error.contains("README.md") && error.contains("put them back"),
            "{error}"
        );
    }
}
